import warnings

import numpy as np
import onnx
import pytest
from sklearn.linear_model import Ridge

from satchel.ort import Graph
from satchel_export import scikit_learn, torch
from satchel_export.graph import Head, assemble
from satchel_training.models.torch import ACTIVATIONS, MLPRegressor

TOLERANCE, COLUMNS = 1e-5, 7


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, COLUMNS)).astype(np.float32)
    return X, np.sin(X[:, 0]).astype(np.float64) - X[:, 1]


def deviation(framework, estimator, matrix):
    """Return the largest deviation of the converted graph, as the promise measures it."""
    model = framework.convert(estimator, matrix.shape[1])
    heads = [Head("y", model, model.graph.output[0].name, 1)]
    content = assemble(heads, matrix.shape[1]).SerializeToString()
    (graph,) = Graph(content, matrix.shape[1], [("y", (1,))]).run(matrix)
    assert graph.shape == (len(matrix), 1)
    native = np.asarray(estimator.predict(matrix), np.float64)
    return np.max(np.abs(graph[:, 0] - native) / np.maximum(1, np.abs(native)))


@pytest.mark.parametrize("kind", ["one", "many", "extreme", "zero"])
@pytest.mark.parametrize("alpha", [1e-3, 1e3])
def test_a_ridge_agrees_with_its_graph(data, matrices, kind, alpha):
    estimator = Ridge(alpha=alpha).fit(*data)
    assert deviation(scikit_learn, estimator, matrices(COLUMNS)[kind]) <= TOLERANCE


@pytest.mark.parametrize("kind", ["one", "many", "extreme", "zero"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_network_agrees_with_its_graph(data, matrices, kind, activation):
    estimator = MLPRegressor(hidden=(16, 8), activation=activation, epochs=2).fit(*data)
    assert deviation(torch, estimator, matrices(COLUMNS)[kind]) <= TOLERANCE


def test_dropout_is_no_part_of_the_graph(data):
    estimator = MLPRegressor(hidden=(8,), dropout=0.9, epochs=1).fit(*data)
    estimator.module_.train()
    assert "Dropout" not in {n.op_type for n in torch.convert(estimator, COLUMNS).graph.node}


@pytest.mark.parametrize("framework", ["scikit_learn", "torch"])
def test_a_graph_keeps_its_weights_within(data, framework):
    if framework == "torch":
        model = torch.convert(MLPRegressor(hidden=(64,), epochs=1).fit(*data), COLUMNS)
    else:
        model = scikit_learn.convert(Ridge().fit(*data), COLUMNS)
    assert not any(onnx.external_data_helper.uses_external_data(t) for t in model.graph.initializer)
    assert model.ir_version <= 8


def test_a_converted_network_warns_of_nothing(data):
    estimator = MLPRegressor(hidden=(8,), epochs=1).fit(*data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        torch.convert(estimator, COLUMNS)


def test_versions_name_the_converter():
    assert set(scikit_learn.versions()) == {"skl2onnx"}
    assert torch.versions() == {}
