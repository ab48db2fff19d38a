"""Which graphs may run: a list of what is allowed, held against operators, shapes and trees."""

import numpy as np
import pytest

from satchel import BundleError, models
from satchel.bundle.onnx_file import read_model
from satchel.bundle.operators import check_graph

onnx = pytest.importorskip("onnx", reason="pip install '.[train]'")
helper, array = onnx.helper, onnx.numpy_helper.from_array
FLOAT, INT64 = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64


def model(nodes, constants=(), columns=3, opsets=(("", 17), ("ai.onnx.ml", 3))):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("X", FLOAT, ["batch", columns])],
        [helper.make_tensor_value_info("y", FLOAT, ["batch", 1])],
        [array(np.asarray(value), name) for name, value in dict(constants).items()],
    )
    imports = [helper.make_opsetid(*opset) for opset in opsets]
    return helper.make_model(graph, opset_imports=imports, ir_version=8).SerializeToString()


def check(*arguments, **options):
    check_graph(read_model(model(*arguments, **options)))


def node(operator, *inputs, outputs=("y",), **attributes):
    return helper.make_node(operator, list(inputs), list(outputs), **attributes)


def weights(*shape):
    return np.zeros(shape, np.float32)


def test_every_bundle_that_ships_is_allowed():
    bundles = list(models())
    assert bundles
    for bundle in bundles:
        check_graph(read_model(bundle.model))


def test_any_other_operator_is_refused():
    known = set()
    for schema in onnx.defs.get_all_schemas():
        domain = schema.domain
        one = node(schema.name, "X", domain=domain)
        try:
            check([one], opsets=[("", 17), *([(domain, 1)] if domain else [])])
        except BundleError:
            continue
        known.add(schema.name)
    # Those that take one matrix and need nothing said: all harmless.
    assert known <= {
        "Relu",
        "Sigmoid",
        "Tanh",
        "Identity",
        "Softplus",
        "Elu",
        "Flatten",
        "Add",
        "Sum",
        "Softmax",
        "Mul",
        "Sub",
        "Div",
        "ReduceSumSquare",
        "ArgMax",
        "ArgMin",
        "Normalizer",
        "Concat",
    }


REFUSED = {
    "an operator of another domain": ([node("Relu", "X", domain="com.microsoft")], {}, "Relu"),
    "an attribute that it has not": ([node("Relu", "X", alpha=1.0)], {}, "attribute 'alpha'"),
    "a division of whole numbers": (
        [node("Div", "a", "b")],
        {"a": np.array([-(2**63)]), "b": np.array([-1])},
        "Div cannot run: it needs float32",
    ),
    "a value that is not made yet": ([node("Relu", "z")], {}, "a part is missing"),
    "a value that is made twice": ([node("Relu", "X", outputs=("X",))], {}, "makes 'X' twice"),
    "matrices that do not fit": ([node("MatMul", "X", "w")], {"w": weights(4, 1)}, "do not fit"),
    "a product that grows": (
        [
            node("Unsqueeze", "w", "axis", outputs=("column",)),
            node("Add", "column", "w"),
        ],
        {"w": weights(5000), "axis": np.array([1])},
        "too many",
    ),
    "a shape that does not fit": (
        [node("Reshape", "X", "shape")],
        {"shape": np.array([7, -1])},
        "its shape does not fit",
    ),
    "a shape that is not known": (
        [node("ArgMax", "X", outputs=("k",)), node("Reshape", "X", "k")],
        {},
        "it needs a constant",
    ),
    "places that are not there": (
        [node("ArrayFeatureExtractor", "X", "k", domain="ai.onnx.ml")],
        {"k": np.array([3])},
        "columns that are not there",
    ),
    "too few coefficients": (
        [
            node(
                "LinearRegressor",
                "X",
                domain="ai.onnx.ml",
                coefficients=[1.0, 2.0],
                intercepts=[0.0],
            )
        ],
        {},
        "coefficients has 2 numbers",
    ),
    "a window of no step": (
        [
            node("Reshape", "X", "shape", outputs=("x",)),
            node("MaxPool", "x", kernel_shape=[1], strides=[0]),
        ],
        {"shape": np.array([0, 1, -1])},
        "a step is 0",
    ),
}


@pytest.mark.parametrize(("nodes", "constants", "message"), REFUSED.values(), ids=REFUSED)
def test_what_would_crash_or_grow_is_refused(nodes, constants, message):
    with pytest.raises(BundleError, match=message):
        check(nodes, constants)


@pytest.mark.parametrize("opset", [("", 12), ("", 18), ("ai.onnx.ml", 4), ("com.microsoft", 1)])
def test_other_opsets_are_refused(opset):
    with pytest.raises(BundleError, match="the graph needs opset"):
        check([node("Relu", "X")], opsets=[opset])


# A tree of two leaves, and another of one.
TREES = {
    "nodes_treeids": [0, 0, 0, 1],
    "nodes_nodeids": [0, 1, 2, 0],
    "nodes_featureids": [2, 0, 0, 0],
    "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF", "LEAF"],
    "nodes_values": [0.5, 0.0, 0.0, 0.0],
    "nodes_truenodeids": [1, 0, 0, 0],
    "nodes_falsenodeids": [2, 0, 0, 0],
    "target_treeids": [0, 0, 1],
    "target_nodeids": [1, 2, 0],
    "target_ids": [0, 0, 0],
    "target_weights": [1.0, 2.0, 3.0],
    "n_targets": 1,
}
NO_TREES = {
    "a child that is not there": ({"nodes_truenodeids": [7, 0, 0, 0]}, "not there"),
    "a child of another tree": ({"nodes_truenodeids": [3, 0, 0, 0]}, "not there"),
    "a child that is its parent": ({"nodes_truenodeids": [0, 0, 0, 0]}, "odd roots|lead back"),
    "two parents": ({"nodes_falsenodeids": [1, 0, 0, 0]}, "two parents"),
    "a node that stands twice": ({"nodes_nodeids": [0, 1, 1, 0]}, "stands there twice"),
    "a column beyond all": ({"nodes_featureids": [3, 0, 0, 0]}, "no such column"),
    "a negative column": ({"nodes_featureids": [-1, 0, 0, 0]}, "out of bounds"),
    "an odd mode": ({"nodes_modes": ["BRANCH_EQ", "LEAF", "LEAF", "LEAF"]}, "odd mode"),
    "lists of other lengths": ({"nodes_values": [0.5]}, "nodes_values"),
    "a weight of no leaf": ({"target_nodeids": [0, 2, 0]}, "belongs to no leaf"),
    "a weight of no score": ({"target_ids": [0, 5, 0]}, "of no score"),
    "too many scores": ({"n_targets": 10**9}, "too many"),
    "no weights": ({"target_weights": [1.0]}, "its weights"),
    "an odd transform": ({"post_transform": "PROBIT"}, "odd transform"),
}


def tree(**changes):
    return [node("TreeEnsembleRegressor", "X", domain="ai.onnx.ml", **(TREES | changes))]


def test_trees_are_allowed():
    check(tree())


@pytest.mark.parametrize(("changes", "message"), NO_TREES.values(), ids=NO_TREES)
def test_what_is_no_tree_is_refused(changes, message):
    with pytest.raises(BundleError, match=message):
        check(tree(**changes))


def test_a_circle_beside_a_tree_is_refused():
    """Three nodes that lead to each other, and to leaves: each has one parent."""
    with pytest.raises(BundleError, match=r"odd roots|lead back"):
        check(
            tree(
                nodes_treeids=[0] * 6,
                nodes_nodeids=[0, 1, 2, 3, 4, 5],
                nodes_featureids=[0] * 6,
                nodes_modes=["LEAF", "BRANCH_LEQ", "BRANCH_LEQ", "LEAF", "LEAF", "LEAF"],
                nodes_values=[0.0] * 6,
                nodes_truenodeids=[0, 2, 1, 0, 0, 0],
                nodes_falsenodeids=[0, 3, 4, 0, 0, 0],
                target_treeids=[0, 0, 0],
                target_nodeids=[0, 3, 4],
            )
        )
