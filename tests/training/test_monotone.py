"""The monotonic network: what it promises, whatever it has learned."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel import DataError
from satchel.spec import Category, Classes, Inputs, Missing, Number, OneHot, Ordinal, Standard
from satchel_training.models import load_builder
from satchel_training.models.monotone import Encoding, MonotonicMLP

QUICK = {"hidden": 3, "members": 2, "epochs": 15}
SIGNS = (1, -1, 0)


def encoding(used=(True, True, True)):
    return Encoding(SIGNS, used, ({0: 0.0}, {1: 0.5}, {2: -1.0}))


def rows(count, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, 3)).astype(np.float32)
    # The data pull the wrong way: what holds, holds by construction.
    score = -X[:, 0] + X[:, 1] + X[:, 2] + rng.normal(size=count)
    return X, (score[:, None] >= np.array([-1.0, 0.0, 1.0])).astype(np.float64)


@pytest.fixture(scope="module")
def fitted():
    return MonotonicMLP(encoding(), **QUICK, seed=3).fit(*rows(80, 1))


cells = st.floats(-9, 9, width=32)


@settings(max_examples=200)
@given(row=st.tuples(cells, cells, cells), step=st.floats(0, 9, width=32), column=st.integers(0, 1))
def test_no_probability_moves_the_wrong_way_on_data_that_do(fitted, row, step, column):
    before = np.array([row], np.float32)
    after = before.copy()
    after[0, column] += step * SIGNS[column]
    gain = fitted.predict_proba(after) - fitted.predict_proba(before)
    assert gain.min() >= -1e-6


def test_a_column_that_is_not_read_moves_nothing():
    X, y = rows(60, 2)
    network = MonotonicMLP(encoding((True, False, True)), **QUICK).fit(X, y)
    other = X.copy()
    other[:, 1] = 99
    assert (network.predict_proba(other) == network.predict_proba(X)).all()
    other[:, 2] += 1
    assert (network.predict_proba(other) != network.predict_proba(X)).any()


def test_the_same_seed_gives_the_same_network_and_another_another():
    X, y = rows(60, 2)
    first, again, other = (
        MonotonicMLP(encoding(), **QUICK, seed=seed).fit(X, y).predict_proba(X)
        for seed in (1, 1, 2)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_the_loss_falls(fitted):
    losses = [record["train_loss"] for record in fitted.history_]
    assert len(losses) == QUICK["epochs"]
    assert losses[-1] < losses[0]


def test_rescaling_scales_and_shifts_the_log_odds():
    X, y = rows(60, 2)
    network = MonotonicMLP(encoding(), **QUICK).fit(X, y)
    before = network.predict_proba(X).astype(np.float64)
    network.rescale(2.0, -0.5)
    logit = np.log(before / (1 - before))
    expected = 1 / (1 + np.exp(-(2.0 * logit - 0.5)))
    assert network.predict_proba(X) == pytest.approx(expected, abs=1e-5)


def test_it_comes_back_as_it_was_saved(fitted, tmp_path):
    builder = load_builder("monotonic-mlp")
    builder.save(fitted, tmp_path)
    found = builder.load("monotonic-mlp", tmp_path)
    X, _ = rows(20, 5)
    assert (found.predict_proba(X) == fitted.predict_proba(X)).all()
    assert found.encoding == fitted.encoding
    assert json.loads((tmp_path / "model.json").read_text("utf-8"))["hidden"] == QUICK["hidden"]


def test_who_has_a_field_missing_gets_the_answer_of_those_of_whom_it_is_not_known():
    rng = np.random.default_rng(0)
    grade = rng.normal(size=4000).astype(np.float32)
    X = np.stack([grade, np.zeros_like(grade)], axis=1)
    y = (grade[:, None] >= 0).astype(np.float64)
    known = Encoding((1, 0), (True, True), ({0: 1.5, 1: 1.0},))
    network = MonotonicMLP(known, hidden=4, members=1, decay=1e-4, epochs=200).fit(X, y)
    given_, missing = network.predict_proba(np.array([[1.5, 0], [1.5, 1]], np.float32))[:, 0]
    assert given_ > 0.9
    assert missing == pytest.approx(0.5, abs=0.1)


INPUTS = Inputs(
    features=(
        Number(name="grade", label="Grade", imputed=11.0, monotonic="increasing"),
        Number(name="failures", label="Failures", imputed=1.0, monotonic="decreasing"),
        Category(
            name="plans",
            label="Plans",
            values=("no", "yes"),
            imputed="yes",
            monotonic="increasing",
        ),
        Category(name="effort", label="Effort", values=("a", "b", "c"), ordered=True, imputed="b"),
    ),
    columns=(
        Standard(source="grade", mean=10.0, scale=2.0),
        Missing(source="grade"),
        Standard(source="failures", mean=0.0, scale=1.0),
        OneHot(source="plans", value="no"),
        OneHot(source="plans", value="yes"),
        Ordinal(source="effort", mean=1.0, scale=0.5),
    ),
)


def test_what_columns_mean_is_read_off_the_inputs():
    found = Encoding.of(INPUTS)
    assert found.signs == (1, 0, -1, -1, 1, 0)
    assert found.used == (True,) * 6
    assert found.blanks == ({0: 0.5, 1: 1.0}, {2: 1.0}, {3: 0.0, 4: 1.0}, {5: 0.0})


def test_two_classes_need_the_positive_one_second():
    output = Classes(name="result", label="Result", labels=("fail", "pass"), positive="pass")
    builder = load_builder("monotonic-mlp")
    network = builder.build("monotonic-mlp", output, QUICK, 1, False, INPUTS)
    X = np.random.default_rng(1).normal(size=(30, 6)).astype(np.float32)
    shares = network.fit(X, (X[:, 0] > 0).astype(int)).predict_proba(X)
    assert shares.shape == (30, 2)
    assert shares.sum(axis=1) == pytest.approx(1)
    with pytest.raises(DataError, match="the second of them the positive one"):
        builder.build("monotonic-mlp", replace(output, positive="fail"), QUICK, 1, False, INPUTS)
