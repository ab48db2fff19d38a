"""Models of Keras to ONNX, by tf2onnx."""

from __future__ import annotations

from typing import Any

import onnx
import tensorflow as tf
import tf2onnx

from satchel.bundle.graph import INPUT
from satchel_export.graph import OPSET


def convert(estimator: Any, columns: int) -> onnx.ModelProto:
    """Return a graph from float32 (batch, columns) to float32 (batch, 1)."""
    signature = [tf.TensorSpec((None, columns), tf.float32, name=INPUT)]
    # By way of a function, because tf2onnx cannot read a Sequential of Keras 3.
    network = tf.function(lambda X: estimator.module_(X, training=False), input_signature=signature)
    model: onnx.ModelProto
    model, _ = tf2onnx.convert.from_function(network, input_signature=signature, opset=OPSET)
    return model


def versions() -> dict[str, str]:
    """Return the version of the converter; TensorFlow's is among those of the training."""
    return {"tf2onnx": tf2onnx.__version__}
