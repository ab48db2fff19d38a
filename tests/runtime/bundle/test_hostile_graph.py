"""A graph that ONNX Runtime accepts, and that does something else than its spec says."""

import numpy as np
import pytest

import satchel
from satchel import BundleError

onnx = pytest.importorskip("onnx", reason="pip install '.[train]'")


@pytest.fixture
def load(tmp_path, tiny_bytes):
    """Load the tiny bundle, with a node between the grade and the output of that name."""

    def load(operator, numbers, **attributes):
        model = onnx.load_from_string(tiny_bytes)
        (node,) = (node for node in model.graph.node if "grade" in node.output)
        node.output[0] = "grade_before"
        if isinstance(numbers, list):
            numbers = np.array(numbers, np.int64)
        second = onnx.numpy_helper.from_array(np.asarray(numbers), "second")
        model.graph.initializer.append(second)
        inputs = ["grade_before", "second"]
        model.graph.node.append(onnx.helper.make_node(operator, inputs, ["grade"], **attributes))
        path = tmp_path / "tiny.linear.onnx"
        path.write_bytes(model.SerializeToString())
        return satchel.load(path)

    return load


@pytest.mark.parametrize(
    ("operator", "numbers", "attributes"),
    [
        ("Tile", [2, 1], {}),  # two answers for each row
        ("Tile", [1, 2], {}),  # two columns
        ("Tile", [0, 1], {}),  # none
        ("Gather", [10**9], {"axis": 1}),  # from beyond the end
        ("Reshape", [-1], {}),  # another number of axes
    ],
    ids=str,
)
def test_answers_of_another_shape_are_an_error(load, record, operator, numbers, attributes):
    try:
        predictor = load(operator, numbers, **attributes)
    except BundleError:
        return  # ONNX Runtime saw it by itself
    assert not predictor.verify().passed
    for ask in (lambda: predictor.predict(record), lambda: predictor.predict_many([record] * 3)):
        with pytest.raises(BundleError, match="the graph"):
            ask()


def test_an_operator_of_nobody_is_refused(load):
    with pytest.raises(BundleError, match=r"operator 'com\.evil\.Abort', which is not allowed"):
        load("Abort", [1], domain="com.evil")


def test_a_graph_that_gives_no_numbers_gives_no_answer(load, record):
    predictor = load("Mul", np.float32(np.inf))
    assert not predictor.verify().passed
    with pytest.raises(satchel.RecordError, match="no usable grade"):
        predictor.predict({**record, "hours": 1000})
