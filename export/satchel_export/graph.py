"""Several graphs into one: a shared input, named outputs of fixed shapes, one set of opsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import onnx
from onnx import TensorProto, compose, helper

from satchel.bundle.graph import INPUT

OPSET, ML_OPSET, IR_VERSION = 17, 3, 8


@dataclass(frozen=True)
class Head:
    """One output of a bundle.

    Attributes
    ----------
    name : str
        Name the output shall have.
    model : onnx.ModelProto
        A graph with one float32 input of shape (batch, columns).
    output : str
        The output of `model` that is meant.
    width : int or None
        Size of the second axis of a float32 output; None for int64 of shape (batch,).
    """

    name: str
    model: onnx.ModelProto
    output: str
    width: int | None


def assemble(heads: Sequence[Head], columns: int) -> onnx.ModelProto:
    """Hang all heads off one input ``X`` of shape (batch, columns).

    Raises
    ------
    ValueError
        Where a head was made for another opset: its operators might mean something else.
    onnx.checker.ValidationError
        Where the result is no valid model.
    """
    nodes, initializers, outputs = [], [], []
    for i, head in enumerate(heads):
        opsets = {o.version for o in head.model.opset_import if o.domain in ("", "ai.onnx")}
        if not opsets <= {OPSET}:
            raise ValueError(f"{head.name} was made for opset {opsets}, not {OPSET}")
        graph = compose.add_prefix(head.model, f"head{i}/").graph
        rename = {graph.input[0].name: INPUT, f"head{i}/{head.output}": head.name}
        for node in graph.node:
            node.input[:] = [rename.get(name, name) for name in node.input]
            node.output[:] = [rename.get(name, name) for name in node.output]
        nodes.extend(graph.node)
        initializers.extend(graph.initializer)
        kind = TensorProto.INT64 if head.width is None else TensorProto.FLOAT
        shape: list[str | int | None] = ["batch"] if head.width is None else ["batch", head.width]
        outputs.append(helper.make_tensor_value_info(head.name, kind, shape))
    x = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", columns])
    imports = [helper.make_opsetid("", OPSET)]
    if any(node.domain == "ai.onnx.ml" for node in nodes):
        imports.append(helper.make_opsetid("ai.onnx.ml", ML_OPSET))
    model = helper.make_model(
        helper.make_graph(nodes, "satchel", [x], outputs, initializers),
        opset_imports=imports,
        ir_version=IR_VERSION,
        producer_name="satchel",
    )
    onnx.checker.check_model(model, full_check=True)
    return model
