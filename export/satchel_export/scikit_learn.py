"""Models of scikit-learn to ONNX, by skl2onnx."""

from __future__ import annotations

from typing import Any

import onnx
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType

from satchel.ort import INPUT
from satchel_export.graph import ML_OPSET, OPSET


def convert(estimator: Any, columns: int) -> onnx.ModelProto:
    """Return a graph from float32 (batch, columns) to float32 (batch, 1).

    Raises
    ------
    Exception
        skl2onnx's own, where it has no converter for the estimator.
    """
    model: onnx.ModelProto = convert_sklearn(
        estimator,
        initial_types=[(INPUT, FloatTensorType([None, columns]))],
        target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
    )
    return model


def versions() -> dict[str, str]:
    """Return the version of the converter."""
    import skl2onnx

    return {"skl2onnx": str(skl2onnx.__version__)}
