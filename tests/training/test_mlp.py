import json

import numpy as np
import pytest
import torch

from satchel_training.models.torch import ACTIVATIONS, MLPRegressor, load, save

QUICK = {"hidden": (8,), "epochs": 4, "batch_size": 16}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4)).astype(np.float32)
    return X, np.sin(X[:, 0]).astype(np.float64) + 0.5 * X[:, 1]


def test_two_fits_with_one_seed_predict_the_same(data):
    X, y = data
    one, two = (MLPRegressor(**QUICK, seed=3).fit(X, y).predict(X) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_another_seed_predicts_otherwise(data):
    X, y = data
    one, two = (MLPRegressor(**QUICK, seed=seed).fit(X, y).predict(X) for seed in (3, 4))
    assert not np.array_equal(one, two)


def test_what_others_draw_does_not_change_a_fit(data):
    X, y = data
    one = MLPRegressor(**QUICK, seed=3).fit(X, y).predict(X)
    torch.rand(100)
    np.random.rand(3)  # noqa: NPY002
    np.testing.assert_array_equal(one, MLPRegressor(**QUICK, seed=3).fit(X, y).predict(X))


def test_the_generator_of_others_is_left_alone(data):
    torch.manual_seed(11)
    before = torch.get_rng_state()
    MLPRegressor(**QUICK).fit(*data)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_the_thread_count_of_others_is_left_alone(data):
    MLPRegressor(**QUICK).fit(*data)
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_the_thread_count_comes_back_after_an_error(data):
    with pytest.raises(KeyError):
        MLPRegressor(**QUICK, activation="none").fit(*data)
    assert torch.get_num_threads() == 2


def test_it_learns_a_simple_function(data):
    X, y = data
    model = MLPRegressor(hidden=(16,), epochs=60, dropout=0.0, learning_rate=1e-2).fit(
        X[:150], y[:150]
    )
    error = np.mean((model.predict(X[150:]) - y[150:]) ** 2)
    assert error < 0.2 * y[150:].var()


def test_predictions_are_float32_of_shape_rows(data):
    X, y = data
    prediction = MLPRegressor(**QUICK).fit(X, y).predict(X[:7])
    assert (prediction.dtype, prediction.shape) == (np.float32, (7,))


def test_prediction_is_free_of_dropout(data):
    X, y = data
    model = MLPRegressor(**QUICK, dropout=0.9).fit(X, y)
    model.module_.train()
    np.testing.assert_array_equal(model.predict(X), model.predict(X))


def test_hidden_layers_and_activation_are_those_asked_for(data):
    for name, kind in ACTIVATIONS.items():
        module = MLPRegressor(hidden=(5, 3), activation=name).make_module(4)
        linear = [layer for layer in module if isinstance(layer, torch.nn.Linear)]
        shapes = [(layer.in_features, layer.out_features) for layer in linear]
        assert shapes == [(4, 5), (5, 3), (3, 1)]
        assert sum(isinstance(layer, kind) for layer in module) == 2


# ---- early stopping --------------------------------------------------------------------------


def overfitted(data, **arguments):
    """A fit that gets worse on its validation part: noise, a fast rate, no regularisation."""
    X, _ = data
    y = np.random.default_rng(5).normal(size=len(X))
    arguments = {"hidden": (64,), "dropout": 0.0, "learning_rate": 0.02, "seed": 1, **arguments}
    return MLPRegressor(**arguments).fit(X, y), X, y


def best_epoch(model):
    losses = [record["valid_loss"] for record in model.history_]
    return int(np.argmin(losses))


def test_it_stops_when_patience_is_over(data):
    model, _, _ = overfitted(data, epochs=200, patience=5)
    assert len(model.history_) == best_epoch(model) + 1 + 5
    assert len(model.history_) < 200


def test_the_weights_of_the_best_epoch_are_kept(data):
    long, X, _ = overfitted(data, epochs=200, patience=5)
    best = best_epoch(long)
    assert best < len(long.history_) - 1  # or the last weights would do
    short, _, _ = overfitted(data, epochs=best + 1, patience=5)
    np.testing.assert_array_equal(long.predict(X), short.predict(X))


def test_the_kept_weights_give_the_lowest_validation_loss(data):
    model, X, y = overfitted(data, epochs=200, patience=5)
    torch.manual_seed(model.seed)
    valid = torch.randperm(len(X))[: round(model.validation * len(X))].numpy()
    loss = np.mean((model.predict(X[valid]) - y[valid]) ** 2)
    assert loss == pytest.approx(min(r["valid_loss"] for r in model.history_), rel=1e-5)


def test_more_epochs_than_needed_change_nothing(data):
    one, X, _ = overfitted(data, epochs=100, patience=5)
    two, _, _ = overfitted(data, epochs=300, patience=5)
    np.testing.assert_array_equal(one.predict(X), two.predict(X))


# ---- history ---------------------------------------------------------------------------------


def test_history_has_loss_and_pass_accuracy_of_both_parts_per_epoch(data):
    history = MLPRegressor(**QUICK, pass_at=0.0).fit(*data).history_
    assert len(history) == QUICK["epochs"]
    for record in history:
        assert set(record) == {
            "train_loss",
            "train_pass_accuracy",
            "valid_loss",
            "valid_pass_accuracy",
        }
        assert all(type(value) is float for value in record.values())
        assert 0 <= record["train_pass_accuracy"] <= 1
        assert 0 <= record["valid_pass_accuracy"] <= 1
    json.dumps(history)


def test_history_of_a_target_without_pass_mark_has_losses_alone(data):
    history = MLPRegressor(**QUICK).fit(*data).history_
    assert {key for record in history for key in record} == {"train_loss", "valid_loss"}


def test_the_losses_of_the_last_epoch_are_those_of_the_model(data):
    X, y = data
    model = MLPRegressor(hidden=(8,), epochs=1, pass_at=0.1).fit(X, y)
    torch.manual_seed(model.seed)
    order = torch.randperm(len(X)).numpy()
    for part, rows in {"valid": order[:30], "train": order[30:]}.items():
        output = model.predict(X[rows])
        (record,) = model.history_
        assert record[f"{part}_loss"] == pytest.approx(np.mean((output - y[rows]) ** 2), rel=1e-4)
        right = (output >= 0.1) == (y[rows] >= 0.1)
        assert record[f"{part}_pass_accuracy"] == pytest.approx(right.mean(), abs=1e-6)


# ---- saved and loaded ------------------------------------------------------------------------


def test_a_loaded_network_predicts_the_same(data, tmp_path):
    X, y = data
    model = MLPRegressor(hidden=[6, 3], activation="elu", epochs=2, dropout=0.5).fit(X, y)
    save(model, tmp_path)
    np.testing.assert_array_equal(load("mlp", tmp_path).predict(X), model.predict(X))


def test_a_saved_network_needs_no_pickled_code(data, tmp_path):
    save(MLPRegressor(**QUICK).fit(*data), tmp_path)
    weights = torch.load(tmp_path / "model.pt", weights_only=True)
    assert all(isinstance(value, torch.Tensor) for value in weights.values())
