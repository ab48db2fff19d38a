import numpy as np
import onnx
import pytest

from satchel.bundle.graph import Graph
from satchel_export import keras
from satchel_export.graph import IR_VERSION, OPSET, Head, assemble
from satchel_training.models.keras import build

TOLERANCE, COLUMNS = 1e-5, 20
MAXIMUM_BYTES = 3_000_000


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, COLUMNS)).astype(np.float32)
    return X, 0.2 * np.sin(X[:, 0]).astype(np.float64) + X @ rng.uniform(-0.1, 0.1, COLUMNS)


@pytest.fixture(scope="module", params=["cnn-large", "cnn-small", "ann"])
def estimator(request, data):
    return build(request.param, None, {"epochs": 1, "batch_size": 32}, 0, False).fit(*data)


@pytest.fixture(scope="module")
def converted(estimator):
    return keras.convert(estimator, COLUMNS)


@pytest.fixture(scope="module")
def content(converted):
    heads = [Head("y", converted, converted.graph.output[0].name, 1)]
    return assemble(heads, COLUMNS).SerializeToString()


@pytest.mark.parametrize("kind", ["one", "many", "zero", "limits"])
def test_a_network_agrees_with_its_graph(estimator, content, data, matrices, kind):
    made = matrices(COLUMNS)
    # As far as an encoder's columns go: ten standard deviations of one and all of them.
    made["limits"] = np.clip(made["extreme"], -10, 10)
    (graph,) = Graph(content, COLUMNS, [("y", (1,))]).run(made[kind])
    assert graph.shape == (len(made[kind]), 1)
    native = np.asarray(estimator.predict(made[kind]), np.float64)
    deviation = np.abs(graph[:, 0] - native) / np.maximum(1, np.abs(native))
    assert deviation.max() <= TOLERANCE


def test_a_row_alone_gets_the_answer_it_gets_among_others(content, data):
    graph = Graph(content, COLUMNS, [("y", (1,))])
    (many,) = graph.run(data[0][:20])
    alone = [graph.run_row(row.tobytes())[0][0] for row in data[0][:20]]
    np.testing.assert_allclose(np.array(alone).reshape(many.shape), many, rtol=0, atol=1e-6)


def test_a_graph_is_small_whole_and_for_old_runtimes(content):
    model = onnx.load_from_string(content)
    assert len(content) < MAXIMUM_BYTES
    assert not any(onnx.external_data_helper.uses_external_data(t) for t in model.graph.initializer)
    assert model.ir_version == IR_VERSION
    assert [(o.domain, o.version) for o in model.opset_import] == [("", OPSET)]


def test_dropout_is_no_part_of_the_graph(converted):
    assert not {"Dropout", "RandomUniformLike"} & {n.op_type for n in converted.graph.node}


def test_converting_changes_nothing_and_stays_silent(estimator, data, caplog):
    before = estimator.predict(data[0])
    keras.convert(estimator, COLUMNS)
    np.testing.assert_array_equal(estimator.predict(data[0]), before)
    assert {record.levelname for record in caplog.records} <= {"INFO"}


def test_versions_name_the_converter():
    assert set(keras.versions()) == {"tf2onnx"}
