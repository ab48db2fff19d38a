import warnings

import numpy as np
import onnx
import pytest
from sklearn.linear_model import Ridge

from satchel.bundle.graph import Graph
from satchel.spec import Classes, Inputs, Number, Regression, Standard
from satchel_export import scikit_learn, torch
from satchel_export.graph import Head, assemble
from satchel_training.fit import raw_output
from satchel_training.models import load_builder
from satchel_training.models import scikit_learn as builder
from satchel_training.models.torch import ACTIVATIONS, MLPRegressor
from satchel_training.segments import fit_segments

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


SCORE = Regression(name="y", label="Y")
TWO = Classes(name="y", label="Y", labels=("no", "yes"), positive="yes")
THREE = Classes(name="y", label="Y", labels=("low", "middle", "high"))
FOREST = {"n_estimators": 8, "min_samples_leaf": 2}
QUICK = {
    "random-forest": FOREST,
    "extra-trees": FOREST,
    "gradient-boosting": {"n_estimators": 8},
    "mean": {
        "random-forest": FOREST,
        "extra-trees": FOREST,
        "gradient-boosting": {"n_estimators": 8},
    },
}


def graph_of(estimator, columns, width):
    """Return the converted graph as a function of a matrix."""
    model = scikit_learn.convert(estimator, columns)
    assert len(model.graph.output) == 1
    shape = None if width is None else (width,)
    heads = [Head("y", model, model.graph.output[0].name, width)]
    graph = Graph(assemble(heads, columns).SerializeToString(), columns, [("y", shape)])
    return lambda X: graph.run(X)[0]


@pytest.mark.parametrize("model", [*builder.REGRESSORS, "mean"])
def test_a_regressor_agrees_with_its_graph(data, matrices, model):
    estimator = load_builder(model).build(model, SCORE, QUICK.get(model, {}), 1, False)
    estimator.fit(*data)
    for matrix in matrices(COLUMNS).values():
        assert deviation(scikit_learn, estimator, matrix) <= TOLERANCE


@pytest.mark.parametrize("output", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("model", [*builder.CLASSIFIERS, "mean"])
def test_the_graph_of_a_classifier_gives_its_probabilities(data, matrices, model, output):
    X, y = data
    labels = np.searchsorted(np.quantile(y, [1 / 2] if output is TWO else [1 / 3, 2 / 3]), y)
    estimator = load_builder(model).build(model, output, QUICK.get(model, {}), 1, False)
    estimator.fit(X, labels)
    run = graph_of(estimator, COLUMNS, len(output.labels))
    for matrix in matrices(COLUMNS).values():
        native = raw_output(output, estimator, matrix)
        assert run(matrix).shape == native.shape
        np.testing.assert_allclose(run(matrix), native, atol=TOLERANCE)


def test_the_graph_of_segments_gives_their_numbers(data, matrices):
    X, _ = data
    names = [f"x{i}" for i in range(COLUMNS)]
    inputs = Inputs(
        features=tuple(Number(name=name, label=name) for name in names),
        columns=tuple(Standard(source=name, mean=0.0, scale=1.0) for name in names),
    )
    prototypes = [(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)]
    estimator = fit_segments(inputs, ["x1", "x4"], prototypes, X)
    run = graph_of(estimator, COLUMNS, None)
    for name, matrix in matrices(COLUMNS).items():
        assert run(matrix).dtype == np.int64
        native = estimator.predict(matrix)
        assert (run(matrix) == native).mean() > 0.99
        assert name != "many" or set(native) == {0, 1, 2, 3}


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
