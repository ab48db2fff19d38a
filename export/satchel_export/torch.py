"""Models of PyTorch to ONNX, by PyTorch's own exporter."""

from __future__ import annotations

import io
import warnings
from typing import Any

import onnx
import torch

from satchel.bundle.graph import INPUT
from satchel_export.graph import OPSET

OUTPUT = "output"


def convert(estimator: Any, columns: int) -> onnx.ModelProto:
    """Return a graph from float32 (batch, columns) to float32 (batch, 1)."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        # The newer exporter writes external data and a newer IR than old runtimes read.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            estimator.module_.eval(),
            (torch.zeros(2, columns),),
            file,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "batch"}, OUTPUT: {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )
    return onnx.load_from_string(file.getvalue())


def versions() -> dict[str, str]:
    """Return nothing: PyTorch's version is among those of the training."""
    return {}
