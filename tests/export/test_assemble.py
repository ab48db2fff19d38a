import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.tree import DecisionTreeRegressor

from satchel.bundle.graph import Graph
from satchel_export.graph import IR_VERSION, Head, assemble

COLUMNS = 3


def graph_of(nodes, output, kind, shape, initializers, name="features", opset=17):
    x = helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, COLUMNS])
    y = helper.make_tensor_value_info(output, kind, shape)
    graph = helper.make_graph(nodes, "head", [x], [y], initializers)
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def linear(seed, width=1, name="features"):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(COLUMNS, width)).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", [name, "weights"], ["inner"]),
        helper.make_node("Relu", ["inner"], ["scores"]),
    ]
    initializers = [numpy_helper.from_array(weights, "weights")]
    return graph_of(nodes, "scores", TensorProto.FLOAT, [None, width], initializers, name)


def segment(seed):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(COLUMNS, 4)).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["features", "weights"], ["inner"]),
        helper.make_node("ArgMax", ["inner"], ["group"], axis=1, keepdims=0),
    ]
    initializers = [numpy_helper.from_array(weights, "weights")]
    return graph_of(nodes, "group", TensorProto.INT64, [None], initializers)


def tree():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(50, COLUMNS)).astype(np.float32)
    model = DecisionTreeRegressor(max_depth=4, random_state=0).fit(X, X[:, 0])
    return convert_sklearn(
        model,
        initial_types=[("features", FloatTensorType([None, COLUMNS]))],
        target_opset={"": 17, "ai.onnx.ml": 3},
    )


@pytest.fixture
def matrix():
    return np.random.default_rng(9).normal(size=(20, COLUMNS)).astype(np.float32)


def run(model, X):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    values = session.run(names, {session.get_inputs()[0].name: X})
    return dict(zip(names, values, strict=True))


def head(name, model, width):
    return Head(name, model, model.graph.output[0].name, width)


def shape(value):
    dims = value.type.tensor_type.shape.dim
    return [dim.dim_param or dim.dim_value for dim in dims]


def test_one_head_gives_what_it_gives_alone(matrix):
    model = linear(1)
    together = run(assemble([head("grade", model, 1)], COLUMNS), matrix)
    assert list(together) == ["grade"]
    np.testing.assert_array_equal(together["grade"], run(model, matrix)["scores"])


def test_two_heads_on_one_input_give_what_they_give_alone(matrix):
    # Both name their weights and inner values alike.
    one, two = linear(1), linear(2, width=3)
    together = run(assemble([head("grade", one, 1), head("chances", two, 3)], COLUMNS), matrix)
    np.testing.assert_array_equal(together["grade"], run(one, matrix)["scores"])
    np.testing.assert_array_equal(together["chances"], run(two, matrix)["scores"])


def test_a_segment_is_int64_of_shape_batch(matrix):
    group = segment(3)
    model = assemble([head("grade", linear(1), 1), head("group", group, None)], COLUMNS)
    together = run(model, matrix)
    assert together["group"].dtype == np.int64
    np.testing.assert_array_equal(together["group"], run(group, matrix)["group"])
    assert len(set(together["group"])) > 1
    assert shape(model.graph.output[1]) == ["batch"]
    assert model.graph.output[1].type.tensor_type.elem_type == TensorProto.INT64


def test_a_head_of_the_machine_learning_opset_stands_beside_another(matrix):
    trees = tree()
    model = assemble([head("grade", linear(1), 1), head("tree", trees, 1)], COLUMNS)
    together = run(model, matrix)
    np.testing.assert_array_equal(together["tree"], run(trees, matrix)["variable"])
    np.testing.assert_array_equal(together["grade"], run(linear(1), matrix)["scores"])
    opsets = [(opset.domain, opset.version) for opset in model.opset_import]
    assert opsets == [("", 17), ("ai.onnx.ml", 3)]


def test_the_machine_learning_opset_is_named_only_where_it_is_used():
    model = assemble([head("grade", linear(1), 1)], COLUMNS)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]


def test_input_and_outputs_have_the_names_types_and_shapes_of_the_contract():
    model = assemble([head("grade", linear(1), 1), head("chances", linear(2, 3), 3)], COLUMNS)
    (x,) = model.graph.input
    assert (x.name, shape(x)) == ("X", ["batch", COLUMNS])
    assert x.type.tensor_type.elem_type == TensorProto.FLOAT
    outputs = [(output.name, shape(output)) for output in model.graph.output]
    assert outputs == [("grade", ["batch", 1]), ("chances", ["batch", 3])]
    assert all(o.type.tensor_type.elem_type == TensorProto.FLOAT for o in model.graph.output)


def test_the_ir_is_what_old_runtimes_read():
    model = assemble([head("grade", linear(1), 1)], COLUMNS)
    assert model.ir_version == IR_VERSION == 8


def test_inner_names_are_kept_apart():
    model = assemble([head("a", linear(1), 1), head("b", linear(2), 1)], COLUMNS)
    initializers = [initializer.name for initializer in model.graph.initializer]
    assert len(set(initializers)) == 2
    made = [name for node in model.graph.node for name in node.output]
    assert len(set(made)) == len(made)


def test_an_output_may_bear_the_name_of_another_heads_inner_value(matrix):
    model = assemble([head("inner", linear(1), 1), head("weights", linear(2), 1)], COLUMNS)
    together = run(model, matrix)
    np.testing.assert_array_equal(together["inner"], run(linear(1), matrix)["scores"])
    np.testing.assert_array_equal(together["weights"], run(linear(2), matrix)["scores"])


def test_a_head_whose_input_is_called_x_already_is_hung_up_too(matrix):
    model = linear(1, name="X")
    together = run(assemble([head("grade", model, 1)], COLUMNS), matrix)
    np.testing.assert_array_equal(together["grade"], run(model, matrix)["scores"])


def test_the_heads_are_left_as_they_were():
    model = linear(1)
    before = model.SerializeToString()
    assemble([head("grade", model, 1)], COLUMNS)
    assert model.SerializeToString() == before


def test_the_runtime_takes_the_graph(matrix):
    model = assemble([head("grade", linear(1), 1), head("group", segment(3), None)], COLUMNS)
    graph = Graph(model.SerializeToString(), COLUMNS, [("grade", (1,)), ("group", None)])
    grade, group = graph.run(matrix)
    assert (grade.shape, group.shape) == ((20, 1), (20,))


def test_a_head_of_an_older_opset_is_refused():
    nodes = [helper.make_node("ReduceSum", ["features"], ["scores"], axes=[1], keepdims=1)]
    old = graph_of(nodes, "scores", TensorProto.FLOAT, [None, 1], [], opset=11)
    with pytest.raises(ValueError, match="grade was made for opset"):
        assemble([head("grade", old, 1)], COLUMNS)


def test_a_head_with_a_second_input_is_refused():
    x = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [None, COLUMNS]) for n in "ab"]
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, COLUMNS])
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["y"])], "head", x, [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(onnx.checker.ValidationError):
        assemble([head("grade", model, COLUMNS)], COLUMNS)


def test_a_head_of_another_width_is_refused():
    with pytest.raises((onnx.checker.ValidationError, onnx.shape_inference.InferenceError)):
        assemble([head("grade", linear(1), 1)], COLUMNS + 1)
