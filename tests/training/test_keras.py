import json
import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from satchel.spec import Regression
from satchel_training.models.keras import (
    ANNRegressor,
    CNNRegressor,
    build,
    load,
    save,
    suggest,
    versions,
)

SCORE = Regression(name="score", label="Score", mean=60.0, scale=4.0, decimals=0, pass_at=60.5)
QUICK = {"epochs": 2, "batch_size": 16}
SMALL = {**QUICK, "filters": (4, 6, 8), "hidden": 8}
MODELS = {"cnn": (CNNRegressor, SMALL), "ann": (ANNRegressor, {**QUICK, "hidden": (8,)})}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 9)).astype(np.float32)
    return X, np.sin(X[:, 0]).astype(np.float64) + 0.5 * X[:, 1]


@pytest.fixture(scope="module", params=MODELS)
def make(request):
    """Make a quick estimator; arguments beside go to it."""
    kind, quick = MODELS[request.param]
    return lambda output=None, **arguments: kind(output, **{**quick, **arguments})


@pytest.fixture(scope="module")
def fitted(make, data):
    """One fit for all who only read it."""
    return make(SCORE, seed=3).fit(*data)


def parts(model, rows):
    """The rows of the validation and the training part, as a fit draws them."""
    order = np.random.default_rng(model.seed).permutation(rows)
    held_out = round(model.validation * rows)
    return {"valid": order[:held_out], "train": order[held_out:]}


def test_predictions_are_float32_of_shape_rows(data, fitted):
    prediction = fitted.predict(data[0][:7])
    assert (prediction.dtype, prediction.shape) == (np.float32, (7,))


def test_rows_beyond_one_call_are_predicted_in_their_places(data, fitted, monkeypatch):
    expected = fitted.predict(data[0])
    monkeypatch.setattr("satchel_training.models.keras.ROWS_PER_CALL", 50)
    np.testing.assert_allclose(fitted.predict(data[0]), expected, rtol=1e-5, atol=1e-6)


# ---- nothing is left to chance, nothing of others is touched ---------------------------------


def draw():
    """A number from each generator that others may use."""
    return random.random(), np.random.rand(), float(tf.random.normal(()))  # noqa: NPY002


def test_two_fits_with_one_seed_give_equal_weights_whatever_others_draw(data, make, fitted):
    keras.utils.set_random_seed(99)
    draw()
    again = make(seed=3).fit(*data)
    for a, b in zip(fitted.module_.get_weights(), again.module_.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_another_seed_predicts_otherwise_and_leaves_generators_alone(data, make, fitted):
    keras.utils.set_random_seed(11)
    untouched = draw()
    keras.utils.set_random_seed(11)
    other = make(seed=4).fit(*data)
    assert draw() == untouched
    assert not np.array_equal(other.predict(data[0]), fitted.predict(data[0]))


# ---- early stopping and the learning rate ----------------------------------------------------


@pytest.fixture(scope="module")
def noise(data):
    """A target that has nothing to do with the inputs: what is learned gets worse elsewhere."""
    return data[0], np.random.default_rng(5).normal(size=len(data[0]))


@pytest.fixture(scope="module")
def overfitted(noise):
    return ANNRegressor(epochs=100, patience=5, learning_rate=0.02).fit(*noise)


def valid_losses(model):
    return [record["valid_loss"] for record in model.history_]


def test_it_stops_when_patience_is_over(overfitted):
    assert len(overfitted.history_) == int(np.argmin(valid_losses(overfitted))) + 1 + 5
    assert len(overfitted.history_) < 100


def test_the_kept_weights_are_those_of_the_best_epoch(overfitted, noise):
    X, y = noise
    losses = valid_losses(overfitted)
    assert min(losses) < losses[-1]  # or the last weights would do
    rows = parts(overfitted, len(X))["valid"]
    loss = np.mean((overfitted.predict(X[rows]) - y[rows]) ** 2)
    assert loss == pytest.approx(min(losses), rel=1e-5)


def test_the_kept_normalisation_is_that_of_the_best_epoch_too(noise):
    X, y = noise
    model = CNNRegressor(
        **{**SMALL, "epochs": 12, "patience": 4}, learning_rate=0.05, dropout=0.0
    ).fit(X, y)
    losses = valid_losses(model)
    assert min(losses) < losses[-1]
    rows = parts(model, len(X))["valid"]
    loss = np.mean(np.abs(model.predict(X[rows]) - y[rows]))
    assert loss == pytest.approx(min(losses), rel=1e-5)


def test_the_learning_rate_halves_after_an_epoch_without_gain(overfitted):
    rate, best = 0.02, np.inf
    for record in overfitted.history_:
        assert record["learning_rate"] == pytest.approx(rate)
        if record["valid_loss"] < best:
            best = record["valid_loss"]
        else:
            rate /= 2
    assert rate < 0.02


def test_the_lowered_rate_is_the_one_trained_with(noise):
    X, y = noise
    rates = []  # the variable that the optimizer reads, kept at hand

    class Spy(keras.optimizers.Adam):
        def build(self, variables):
            super().build(variables)
            rates.append(self.learning_rate)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.optimizers, "Adam", Spy)
        model = ANNRegressor(epochs=100, patience=5, learning_rate=0.02).fit(X, y)
    assert float(rates[0]) == pytest.approx(model.history_[-1]["learning_rate"])


# ---- history ---------------------------------------------------------------------------------


def test_history_tells_losses_accuracies_and_learning_rate_per_epoch(fitted):
    history = fitted.history_
    assert len(history) == QUICK["epochs"]
    for record in history:
        assert set(record) == {"learning_rate"} | {
            f"{part}_{what}"
            for part in ("train", "valid")
            for what in ("loss", "pass_accuracy", "accuracy")
        }
        assert all(type(value) is float for value in record.values())
    json.dumps(history)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (Regression(name="y", label="y", decimals=1), {"loss"}),
        (Regression(name="y", label="y", decimals=1, pass_at=1.0), {"loss", "pass_accuracy"}),
        (Regression(name="y", label="y", decimals=0), {"loss", "accuracy"}),
    ],
)
def test_history_has_the_accuracies_that_the_output_has(data, output, expected):
    (record,) = ANNRegressor(output, hidden=(4,), epochs=1).fit(*data).history_
    assert {key.split("_", 1)[1] for key in record} == expected | {"rate"}


def test_the_figures_of_the_last_epoch_are_those_of_the_model(data, make):
    X, y = data
    model = make(SCORE, epochs=1).fit(X, y)
    (record,) = model.history_
    for part, rows in parts(model, len(X)).items():
        error = model.predict(X[rows]) - y[rows]
        loss = np.mean(error**2) if isinstance(model, ANNRegressor) else np.mean(np.abs(error))
        assert record[f"{part}_loss"] == pytest.approx(loss, rel=1e-4)
        found, true = (np.round(s * 4.0 + 60.0) for s in (model.predict(X[rows]), y[rows]))
        assert record[f"{part}_accuracy"] == pytest.approx(np.mean(found == true))
        passed = np.mean((found >= 60.5) == (true >= 60.5))
        assert record[f"{part}_pass_accuracy"] == pytest.approx(passed)


# ---- the networks ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "filters"), [("cnn-large", [128, 256, 512]), ("cnn-small", [64, 128, 256])]
)
def test_a_cnn_has_three_blocks_of_its_filters(model, filters):
    module = build(model, SCORE, {}, 0, False).make_module(24, lambda: 1)
    kinds = [type(layer) for layer in module.layers]
    found = [layer for layer in module.layers if isinstance(layer, keras.layers.Conv1D)]
    assert [layer.filters for layer in found] == filters
    for layer in found:
        block = kinds[module.layers.index(layer) :][:4]
        assert block[1] is keras.layers.BatchNormalization
        assert block[3] is keras.layers.MaxPooling1D
    assert kinds.count(keras.layers.Dropout) == 1


@pytest.mark.parametrize("columns", [1, 2, 5, 24, 40])
def test_a_cnn_reads_rows_of_any_width(columns):
    module = CNNRegressor(filters=(4, 6, 8)).make_module(columns, lambda: 1)
    assert module.output_shape == (None, 1)


def test_an_ann_is_64_32_1_with_relu():
    module = build("ann", SCORE, {}, 0, False).make_module(3, lambda: 1)
    dense = [layer for layer in module.layers if isinstance(layer, keras.layers.Dense)]
    assert [(layer.units, layer.activation.__name__) for layer in dense] == [
        (64, "relu"),
        (32, "relu"),
        (1, "linear"),
    ]


def test_an_ann_trains_at_most_50_epochs_of_batches_of_32():
    model = build("ann", SCORE, {}, 0, False)
    assert (model.epochs, model.batch_size) == (50, 32)


@pytest.fixture(scope="module")
def bent():
    """A target that no linear model knows anything about."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 9)).astype(np.float32)
    return X, np.abs(X[:, 3]).astype(np.float64) - 0.8


@pytest.mark.parametrize(
    "model",
    [
        CNNRegressor(filters=(8, 16, 16), batch_size=32, dropout=0.1, learning_rate=0.01),
        ANNRegressor(hidden=(16, 8), learning_rate=0.01),
    ],
    ids=["cnn", "ann"],
)
def test_it_learns_what_is_not_linear(model, bent):
    X, y = bent
    error = np.mean((model.fit(X[:500], y[:500]).predict(X[500:]) - y[500:]) ** 2)
    assert error < 0.5 * y[500:].var()


def test_scores_that_are_far_off_do_not_move_a_cnn(data):
    X, _ = data
    y = X[:, 2] / 3
    y[::10] += 100
    model = CNNRegressor(**{**SMALL, "epochs": 40}, learning_rate=0.02).fit(X, y.astype(float))
    # The mean, which squared errors lead to, is 10 away from nearly all.
    assert np.median(np.abs(model.predict(X) - y)) < 0.5


# ---- by name, saved and loaded ---------------------------------------------------------------


def test_build_passes_on_what_it_was_given():
    model = build("cnn-small", SCORE, {"dropout": 0.3, "batch_size": 64}, 7, True)
    assert (model.output, model.dropout, model.batch_size) == (SCORE, 0.3, 64)
    assert (model.seed, model.verbose) == (7, True)


class Trial:
    """Suggests the upper end, or the last choice."""

    def suggest_float(self, name, low, high, log=False):
        return high

    def suggest_categorical(self, name, choices):
        return choices[-1]


@pytest.mark.parametrize("model", ["cnn-large", "cnn-small", "ann"])
def test_what_is_suggested_can_be_built(model):
    found = suggest(model, Trial())
    assert len(found) > 1
    estimator = build(model, SCORE, found, 0, False)
    assert {name: getattr(estimator, name) for name in found} == found


@pytest.mark.parametrize("model", ["cnn-small", "ann"])
def test_a_loaded_network_predicts_the_same(data, tmp_path, model):
    X, y = data
    fitted = build(model, SCORE, {"epochs": 1, "batch_size": 128}, 0, False).fit(X, y)
    save(fitted, tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".keras"]
    np.testing.assert_array_equal(load(model, tmp_path).predict(X), fitted.predict(X))


def test_versions_name_both_packages():
    assert versions() == {"tensorflow": tf.__version__, "keras": keras.__version__}
