"""Models that were trained elsewhere, with the interface of those that are trained here."""

from __future__ import annotations

import importlib
from typing import Any, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import version_converter

from satchel import DataError
from satchel_export.graph import IR_VERSION, OPSET


class Adopted(Protocol):
    """A trained model on the encoded matrix, and its way to a graph."""

    def predict(self, X: NDArray[np.float32]) -> NDArray[Any]:
        """Return scores of shape (rows,)."""

    def predict_proba(self, X: NDArray[np.float32]) -> NDArray[Any]:
        """Return probabilities of shape (rows, labels), or (rows, 1)."""

    def convert(self, columns: int) -> onnx.ModelProto:
        """Return a graph from float32 (batch, columns) to one output."""

    def versions(self) -> dict[str, str]:
        """Return the versions of the packages that matter."""


def named(estimator: Any) -> str:
    """Return what the last step of an estimator is called."""
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    return type(last).__name__


class Learner:
    """An estimator of scikit-learn, or a pipeline of some."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator

    def predict(self, X: NDArray[np.float32]) -> NDArray[Any]:
        """Return scores of shape (rows,)."""
        return np.asarray(self._estimator.predict(X))

    def predict_proba(self, X: NDArray[np.float32]) -> NDArray[Any]:
        """Return probabilities of shape (rows, labels)."""
        return np.asarray(self._estimator.predict_proba(X))

    def convert(self, columns: int) -> onnx.ModelProto:
        """Convert by skl2onnx.

        Raises
        ------
        DataError
            Where it has no converter for the estimator.
        """
        from satchel_export import scikit_learn

        try:
            return scikit_learn.convert(self._estimator, columns)
        except Exception as error:  # skl2onnx's own share no base
            raise DataError(
                f"{named(self._estimator)} cannot be converted: {error!s:.200}"
            ) from None

    def versions(self) -> dict[str, str]:
        """Return those of scikit-learn and of the converter."""
        import sklearn

        from satchel_export import scikit_learn

        return {"scikit-learn": sklearn.__version__, **scikit_learn.versions()}


class Network:
    """A Keras model or a module of PyTorch that gives scores or probabilities.

    Attributes
    ----------
    module_ : keras.Model or torch.nn.Module
    """

    def __init__(self, module: Any) -> None:
        self.module_ = module
        torch = any(kind.__module__.startswith("torch.") for kind in type(module).__mro__)
        self._framework = "torch" if torch else "keras"

    def predict_proba(self, X: NDArray[np.float32]) -> NDArray[Any]:
        """Return what the network gives, of shape (rows, outputs)."""
        if self._framework == "torch":
            import torch

            with torch.no_grad():
                found = self.module_.eval()(torch.from_numpy(X)).numpy()
        else:
            found = np.asarray(self.module_(X, training=False))
        return np.asarray(found).reshape(len(X), -1)

    def predict(self, X: NDArray[np.float32]) -> NDArray[Any]:
        """Return scores of shape (rows,)."""
        return self.predict_proba(X).reshape(-1)

    def convert(self, columns: int) -> onnx.ModelProto:
        """Convert by tf2onnx, or by PyTorch's own exporter."""
        framework = importlib.import_module(f"satchel_export.{self._framework}")
        model: onnx.ModelProto = framework.convert(self, columns)
        return model

    def versions(self) -> dict[str, str]:
        """Return that of the framework."""
        package = importlib.import_module("torch" if self._framework == "torch" else "keras")
        framework = importlib.import_module(f"satchel_export.{self._framework}")
        return {self._framework: str(package.__version__), **framework.versions()}


class Graph:
    """A graph in a file, run as it came by ONNX Runtime.

    Parameters
    ----------
    model : onnx.ModelProto
    name : str
        Of the file, for messages.

    Raises
    ------
    DataError
        Where it has not one float32 input of two axes and one float32 output.
    """

    def __init__(self, model: onnx.ModelProto, name: str) -> None:
        import onnxruntime

        self._model = model
        kinds = {"tensor(float)"}
        try:
            self._session = onnxruntime.InferenceSession(
                model.SerializeToString(), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's own share no base
            raise DataError(f"{name} cannot be run: {error!s:.300}") from None
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or inputs[0].type not in kinds or len(inputs[0].shape) != 2:
            raise DataError(
                f"{name} must have one input, float32 of shape (batch, columns); it has "
                + ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs)
            )
        outputs = [one.name for one in self._session.get_outputs() if one.type in kinds]
        if len(outputs) != 1:
            raise DataError(
                f"{name} must have one float32 output, scores or probabilities; it has "
                f"{', '.join(outputs) or 'none'} (of skl2onnx, convert with zipmap=False)"
            )
        self._input, self._output = inputs[0].name, outputs[0]

    def predict_proba(self, X: NDArray[np.float32]) -> NDArray[Any]:
        """Return what the graph gives, of shape (rows, outputs)."""
        found = self._session.run([self._output], {self._input: X})[0]
        return np.asarray(found).reshape(len(X), -1)

    def predict(self, X: NDArray[np.float32]) -> NDArray[Any]:
        """Return scores of shape (rows,)."""
        return self.predict_proba(X).reshape(-1)

    def convert(self, columns: int) -> onnx.ModelProto:
        """Return the graph at the opset of bundles.

        Raises
        ------
        DataError
            Where it takes another number of columns, or cannot be brought to that opset.
        """
        width = self._session.get_inputs()[0].shape[1]
        if isinstance(width, int) and width != columns:
            raise DataError(f"the graph takes {width} columns, and the fields make {columns}")
        model: onnx.ModelProto = onnx.ModelProto.FromString(self._model.SerializeToString())
        if any(one.version != OPSET for one in model.opset_import if one.domain in ("", "ai.onnx")):
            try:
                model = version_converter.convert_version(model, OPSET)
            except Exception as error:  # the converter's own share no base
                raise DataError(
                    f"the graph cannot be brought to opset {OPSET}: {error!s:.200}; export it at "
                    "that opset"
                ) from None
        model.ir_version = IR_VERSION
        while len(model.graph.output) > 1:
            unwanted = next(one for one in model.graph.output if one.name != self._output)
            model.graph.output.remove(unwanted)
        return model

    def versions(self) -> dict[str, str]:
        """Return nothing: who made a graph, it does not say."""
        return {}
