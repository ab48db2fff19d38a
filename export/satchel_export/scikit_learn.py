"""Models of scikit-learn to ONNX, by skl2onnx."""

from __future__ import annotations

from typing import Any

import onnx
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.helpers.onnx_helper import select_model_inputs_outputs
from sklearn.base import is_classifier

from satchel.bundle.graph import INPUT
from satchel_export.graph import ML_OPSET, OPSET


def convert(estimator: Any, columns: int) -> onnx.ModelProto:
    """Return a graph from float32 (batch, columns) to the one output that is decoded.

    That is float32 (batch, 1) for a regression, float32 (batch, labels) for a classifier, int64
    (batch,) for clusters.

    Raises
    ------
    Exception
        skl2onnx's own, where it has no converter for the estimator.
    """
    model: onnx.ModelProto = convert_sklearn(
        estimator,
        initial_types=[(INPUT, FloatTensorType([None, columns]))],
        target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
        options={id(estimator): {"zipmap": False}} if is_classifier(estimator) else None,
    )
    # A classifier gives its labels first, clusters their distances last.
    outputs = [output.name for output in model.graph.output]
    wanted = outputs[1] if is_classifier(estimator) else outputs[0]
    selected: onnx.ModelProto = select_model_inputs_outputs(model, outputs=[wanted])
    for node in selected.graph.node:
        _number_labels(node)
    # skl2onnx writes the operators of OPSET, and declares the oldest that has them all.
    for opset in selected.opset_import:
        opset.version = ML_OPSET if opset.domain else OPSET
    return selected


def _number_labels(node: onnx.NodeProto) -> None:
    """Let a classifier number its labels, whose names stand in the spec."""
    for attribute in node.attribute:
        if attribute.name == "classlabels_strings":
            name = "classlabels_int64s" if node.op_type.startswith("Tree") else "classlabels_ints"
            numbers = onnx.helper.make_attribute(name, range(len(attribute.strings)))
            attribute.CopyFrom(numbers)


def versions() -> dict[str, str]:
    """Return the version of the converter."""
    import skl2onnx

    return {"skl2onnx": str(skl2onnx.__version__)}
