"""The monotonic network to ONNX: a handful of nodes, written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from satchel.bundle.graph import INPUT
from satchel_export.graph import IR_VERSION, OPSET

OUTPUT = "output"


def convert(estimator: Any, columns: int) -> onnx.ModelProto:
    """Return a graph from float32 (batch, columns) to probabilities, float32 (batch, k).

    The linear path and the hidden layer come together in the second product: its matrix has a row
    for each column of `X` and for each hidden unit.
    """
    weights = {name: tensor.numpy() for name, tensor in estimator.weights_.items()}
    constants = {
        "U": weights["U"],
        "b": weights["b"].reshape(-1),
        "VW": np.concatenate([weights["V"], weights["W"]]),
        "c": weights["c"].reshape(-1),
    }
    nodes = [
        helper.make_node("Gemm", [INPUT, "U", "b"], ["before"]),
        helper.make_node("Tanh", ["before"], ["hidden"]),
        helper.make_node("Concat", ["hidden", INPUT], ["both"], axis=1),
        helper.make_node("Gemm", ["both", "VW", "c"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["reach" if estimator.classes else OUTPUT]),
    ]
    width = len(constants["c"])
    if estimator.classes:
        constants["one"] = np.ones((), np.float32)
        nodes += [
            helper.make_node("Sub", ["one", "reach"], ["rest"]),
            helper.make_node("Concat", ["rest", "reach"], [OUTPUT], axis=1),
        ]
        width = 2
    graph = helper.make_graph(
        nodes,
        "monotonic",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", columns])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", width])],
        [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in constants.items()],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )


def versions() -> dict[str, str]:
    """Return nothing: PyTorch's version is among those of the training."""
    return {}
