import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from satchel.measure import metrics

PAIRS = st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=20)
LABELS = st.sampled_from(["a", "b", "c"])
LABELLED = st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=20)
# Few distinct probabilities, so that ties are common; 0 and 1 among them.
PROBABILITIES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]) | st.floats(0, 1)
OUTCOMES = st.lists(st.tuples(st.booleans(), PROBABILITIES), min_size=1, max_size=30)
OF_SCORES = ["mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score"]
OF_ONE_LABEL = ["precision_score", "recall_score", "f1_score"]
OF_PROBABILITIES = ["roc_auc_score", "brier_score", "log_loss", "expected_calibration_error"]


def both(pairs):
    """Return two arrays of labels, of type object as they come from tables."""
    first, second = zip(*pairs, strict=True)
    return np.array(first, object), np.array(second, object)


def test_the_figures_of_a_small_example():
    y, guess = [1.0, 2.0, 4.0, 5.0], [1.0, 3.0, 2.0, 5.0]
    assert metrics.mean_squared_error(y, guess) == 1.25
    assert metrics.root_mean_squared_error(y, guess) == math.sqrt(1.25)
    assert metrics.mean_absolute_error(y, guess) == 0.75
    assert metrics.r2_score(y, guess) == 0.5
    assert metrics.accuracy_score(["a", "b", "b"], ["a", "b", "a"]) == 2 / 3


def test_the_figures_of_a_small_example_of_labels():
    y, guess = ["a", "b", "b", "b", "a"], ["a", "b", "a", "b", "b"]
    assert metrics.precision_score(y, guess, "a") == 1 / 2
    assert metrics.recall_score(y, guess, "b") == 2 / 3
    assert metrics.f1_score(y, guess, "b") == pytest.approx(2 / 3)
    assert metrics.weighted_precision_score(y, guess) == pytest.approx((2 * 1 / 2 + 3 * 2 / 3) / 5)
    assert metrics.confusion_matrix(y, guess, ["b", "a"]).tolist() == [[2, 1], [1, 1]]


def test_the_figures_of_a_small_example_of_probabilities():
    positive, p = [True, False, True, False], [0.8, 0.2, 0.5, 0.5]
    assert metrics.roc_auc_score(positive, p) == 3.5 / 4  # the tie counts half
    assert metrics.brier_score(positive, p) == pytest.approx((0.04 + 0.04 + 0.25 + 0.25) / 4)
    assert metrics.log_loss(positive, p) == pytest.approx(-np.log([0.8, 0.8, 0.5, 0.5]).mean())


# ---- scikit-learn is the oracle --------------------------------------------------------------


@pytest.mark.parametrize("name", OF_SCORES)
@given(pairs=PAIRS)
def test_the_metrics_of_scores_are_those_of_scikit_learn(name, pairs):
    oracle = pytest.importorskip("sklearn.metrics", reason="pip install '.[train]'")
    y, guess = np.array(pairs).T
    if name == "r2_score" and np.ptp(y) < 1e-6:
        return
    expected = getattr(oracle, name)(y, guess)
    assert getattr(metrics, name)(y, guess) == pytest.approx(expected, rel=1e-9)


@given(pairs=LABELLED)
def test_the_metrics_of_labels_are_those_of_scikit_learn(pairs):
    oracle = pytest.importorskip("sklearn.metrics", reason="pip install '.[train]'")
    y, guess = both(pairs)
    names = ["c", "a", "b"]
    assert metrics.accuracy_score(y, guess) == pytest.approx(oracle.accuracy_score(y, guess))
    for label in names:
        # Labels that never occur are among them: their shares are 0.
        for name in OF_ONE_LABEL:
            expected = getattr(oracle, name)(
                y, guess, labels=[label], average="macro", zero_division=0
            )
            assert getattr(metrics, name)(y, guess, label) == pytest.approx(expected)
    for name in ("precision_score", "f1_score"):
        expected = getattr(oracle, name)(y, guess, average="weighted", zero_division=0)
        assert getattr(metrics, f"weighted_{name}")(y, guess) == pytest.approx(expected)
    expected = oracle.confusion_matrix(y, guess, labels=names)
    np.testing.assert_array_equal(metrics.confusion_matrix(y, guess, names), expected)


@given(pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=1, max_size=20))
def test_whole_scores_may_be_labels_too(pairs):
    oracle = pytest.importorskip("sklearn.metrics", reason="pip install '.[train]'")
    y, guess = np.array(pairs, np.float64).T
    for name in ("precision_score", "f1_score"):
        expected = getattr(oracle, name)(y, guess, average="weighted", zero_division=0)
        assert getattr(metrics, f"weighted_{name}")(y, guess) == pytest.approx(expected)


@given(outcomes=OUTCOMES)
def test_the_metrics_of_probabilities_are_those_of_scikit_learn(outcomes):
    oracle = pytest.importorskip("sklearn.metrics", reason="pip install '.[train]'")
    positive, p = np.array(outcomes, np.float64).T
    positive = positive.astype(bool)
    assert metrics.brier_score(positive, p) == pytest.approx(oracle.brier_score_loss(positive, p))
    expected = oracle.log_loss(positive, p, labels=[False, True])
    assert metrics.log_loss(positive, p) == pytest.approx(expected, abs=1e-9)
    if len(set(positive)) == 2:
        expected = oracle.roc_auc_score(positive, p)
        assert metrics.roc_auc_score(positive, p) == pytest.approx(expected)


# 199 is a prime, so no edge of a bin falls upon a row, which rounding might put to either side.
@pytest.mark.parametrize("bins", [2, 5, 10])
@pytest.mark.parametrize("decimals", [1, 2, 8])
def test_the_calibration_curve_is_that_of_scikit_learn(bins, decimals):
    oracle = pytest.importorskip("sklearn.calibration", reason="pip install '.[train]'")
    rng = np.random.default_rng(decimals)
    p = np.round(rng.beta(0.5, 0.5, 200), decimals)
    positive = rng.random(200) < p**2
    mean, share, rows = metrics.calibration_curve(positive, p, bins)
    their_share, their_mean = oracle.calibration_curve(
        positive, p, n_bins=bins, strategy="quantile"
    )
    np.testing.assert_allclose(mean, their_mean, rtol=1e-12)
    np.testing.assert_allclose(share, their_share, rtol=1e-12)
    assert rows.sum() == 200


@given(outcomes=OUTCOMES, bins=st.integers(1, 12))
def test_bins_are_no_more_than_asked_for_and_hold_each_row_once(outcomes, bins):
    positive, p = np.array(outcomes, np.float64).T
    mean, share, rows = metrics.calibration_curve(positive, p, bins)
    assert 1 <= len(rows) <= bins
    assert rows.min() > 0
    assert rows.sum() == len(p)
    assert (mean * rows).sum() == pytest.approx(p.sum())
    assert (share * rows).sum() == pytest.approx(positive.sum())


# ---- calibration -----------------------------------------------------------------------------


def test_bins_of_distinct_probabilities_hold_equally_many_rows():
    p = np.random.default_rng(0).permutation(np.linspace(0.01, 0.99, 200))
    positive = p > 0.5
    mean, share, rows = metrics.calibration_curve(positive, p, 10)
    assert rows.tolist() == [20] * 10
    by_hand = np.sort(p).reshape(10, 20)
    np.testing.assert_allclose(mean, by_hand.mean(axis=1))
    np.testing.assert_allclose(share, (by_hand > 0.5).mean(axis=1))


def test_rows_of_equal_probability_share_a_bin():
    p = np.array([0.1] * 50 + [0.2] * 3 + [0.9] * 50)
    mean, _, rows = metrics.calibration_curve(p > 0.15, p, 10)
    np.testing.assert_allclose(mean, [0.1, 0.2, 0.9])
    assert rows.tolist() == [50, 3, 50]


def test_the_calibration_error_is_the_mean_gap_over_all_rows():
    p = np.array([0.1] * 30 + [0.6] * 10)
    positive = np.array([True] * 6 + [False] * 24 + [True] * 9 + [False])
    # The gaps: |0.2 - 0.1| for 30 rows, |0.9 - 0.6| for 10.
    expected = (30 * 0.1 + 10 * 0.3) / 40
    assert metrics.expected_calibration_error(positive, p) == pytest.approx(expected)


# The fifth of seven edges lies upon the row of 0.1.
@example(outcomes=[(False, p) for p in (0, 0, 0, 0, 0, 0.1, 0.25)] + [(True, 0.25)], bins=7)
@given(outcomes=OUTCOMES, bins=st.integers(1, 8))
def test_the_calibration_error_is_that_of_a_plain_loop(outcomes, bins):
    positive, p = np.array(outcomes, np.float64).T
    edges = sorted(set(np.quantile(p, [i / bins for i in range(1, bins)]))) if bins > 1 else []
    groups = {}
    for came, probability in zip(positive, p, strict=True):
        groups.setdefault(sum(probability > e for e in edges), []).append((came, probability))
    gaps = [abs(sum(c for c, _ in g) - sum(q for _, q in g)) for g in groups.values()]
    error = metrics.expected_calibration_error(positive, p, bins)
    assert error == pytest.approx(sum(gaps) / len(p), abs=1e-12)


def test_a_certain_and_right_forecast_has_no_calibration_error_and_a_wrong_one_has_all():
    positive = np.array([True, False, False, True])
    assert metrics.expected_calibration_error(positive, positive.astype(float)) == 0.0
    assert metrics.expected_calibration_error(positive, 1.0 - positive) == 1.0


# ---- what has no figure, and what is refused -------------------------------------------------


def test_the_share_explained_of_a_constant_is_undefined():
    assert math.isnan(metrics.r2_score([3.0, 3.0], [3.0, 4.0]))


@pytest.mark.parametrize("positive", [[True, True], [False, False]])
def test_the_area_under_the_curve_of_one_class_is_undefined(positive):
    assert math.isnan(metrics.roc_auc_score(positive, [0.1, 0.9]))


def test_a_certain_and_wrong_probability_has_a_large_but_finite_loss():
    assert 30 < metrics.log_loss([True], [0.0]) < 40
    assert metrics.log_loss([True, False], [1.0, 0.0]) == 0.0


@pytest.mark.parametrize("name", [*OF_SCORES, "accuracy_score", *OF_PROBABILITIES])
@pytest.mark.parametrize(
    ("y", "guess"), [([], []), ([1.0], [1.0, 2.0]), ([[1.0]], [[1.0]]), (1.0, 1.0), ([1.0], 1.0)]
)
def test_arrays_that_do_not_match_are_refused(name, y, guess):
    with pytest.raises(ValueError, match="two one-dimensional arrays of equal length"):
        getattr(metrics, name)(y, guess)


@pytest.mark.parametrize("name", OF_ONE_LABEL)
@pytest.mark.parametrize(("y", "guess"), [([], []), (["a"], ["a", "b"]), ("a", "a")])
def test_labels_that_do_not_match_are_refused(name, y, guess):
    with pytest.raises(ValueError, match="two one-dimensional arrays of equal length"):
        getattr(metrics, name)(y, guess, "a")


# ---- what is minimised -----------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["r2", "accuracy", "pass_accuracy", "precision", "recall"])
def test_the_loss_of_what_should_be_high_is_its_distance_from_1(metric):
    assert metrics.loss(metric, 0.75) == 0.25


@pytest.mark.parametrize("metric", ["mse", "rmse", "mae", "log_loss", "brier"])
def test_the_loss_of_an_error_is_the_error(metric):
    assert metrics.loss(metric, 0.75) == 0.75


@pytest.mark.parametrize("metric", ["f1", "roc_auc"])
def test_a_better_figure_has_a_lower_loss(metric):
    assert metrics.loss(metric, 0.9) < metrics.loss(metric, 0.8)
