import dataclasses

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from satchel.decode.decoder import calibrate, prediction_intervals
from satchel.measure.metrics import expected_calibration_error
from satchel.spec import Isotonic, Regression, Sigmoid
from satchel_training import evaluate, uncertainty
from satchel_training.calibration import (
    calibrated,
    fit_calibration,
    fit_isotonic,
    fit_sigmoid,
)
from satchel_training.intervals import coverage, fit_intervals, interval_score
from satchel_training.out_of_fold import OutOfFold
from satchel_training.uncertainty import figures, with_uncertainty


def scores(rows=2000, spread=lambda score: 1.0, seed=0):
    """Predicted scores, and true ones around them."""
    rng = np.random.default_rng(seed)
    score = rng.uniform(0, 20, rows)
    return OutOfFold(np.arange(rows), score, score + spread(score) * rng.normal(size=rows))


def outcomes(rows=2000, true=lambda p: p**2, seed=0):
    """Probabilities as a model gives them, and outcomes that come true by `true` of them."""
    rng = np.random.default_rng(seed)
    score = rng.random(rows)
    return OutOfFold(np.arange(rows), score, (rng.random(rows) < true(score)).astype(float))


# ---- intervals -------------------------------------------------------------------------------


def test_the_quantiles_are_those_of_conformal_prediction():
    crepes = pytest.importorskip("crepes", reason="pip install --group test")
    answers = scores(499)
    residuals = answers.true - answers.score
    for level in fit_intervals(answers).levels:
        oracle = crepes.ConformalPredictiveSystem().fit(residuals=residuals)
        low, high = oracle.predict_int(np.zeros(1), confidence=level.level)[0]
        # Of a tie between two ranks either may be taken.
        near = np.sort(residuals)
        for ours, theirs in ((level.low, low), (level.high, high)):
            assert abs(np.searchsorted(near, ours) - np.searchsorted(near, theirs)) <= 1


def test_an_interval_of_few_rows_is_as_wide_as_they_are():
    answers = scores(5)
    (wide,) = [level for level in fit_intervals(answers).levels if level.level == 0.9]
    residuals = answers.true - answers.score
    assert (wide.low, wide.high) == (residuals.min(), residuals.max())


@pytest.mark.parametrize("spread", [lambda s: 1.0, lambda s: 0.2 + s / 5])
def test_intervals_cover_what_they_claim_on_fresh_rows(spread):
    intervals = fit_intervals(scores(3000, spread))
    fresh = scores(20_000, spread, seed=1)
    for level, low, high in prediction_intervals(intervals, fresh.score):
        inside = (low <= fresh.true) & (fresh.true <= high)
        assert inside.mean() == pytest.approx(level, abs=0.02)


def test_the_scale_follows_the_score_where_that_pays_and_only_there():
    assert fit_intervals(scores()).scale is None
    intervals = fit_intervals(scores(spread=lambda s: 0.2 + s / 5))
    assert intervals.scale is not None
    assert intervals.scale.y[-1] > 3 * intervals.scale.y[0]


def test_coverage_is_measured_on_rows_that_estimated_nothing():
    answers = scores(40)
    found = coverage(answers)
    assert set(found) == {0.8, 0.9}
    # On the very rows of the quantiles 90 % would cover at least 90 %: held out they need not.
    assert found[0.9] < 1
    many = coverage(scores(4000))
    assert many[0.8] == pytest.approx(0.8, abs=0.02)


def test_the_interval_score_fines_what_lies_outside():
    answers = scores(1000)
    intervals = fit_intervals(answers)
    narrow = dataclasses.replace(
        intervals,
        levels=tuple(
            dataclasses.replace(level, low=level.low / 10, high=level.high / 10)
            for level in intervals.levels
        ),
    )
    assert interval_score(intervals, answers) < interval_score(narrow, answers)


# ---- calibration -----------------------------------------------------------------------------


def test_the_sigmoid_is_that_of_a_logistic_regression():
    answers = outcomes(5000)
    found = fit_sigmoid(answers)
    oracle = LogisticRegression(C=1e9).fit(answers.score[:, None], answers.true)
    x = np.linspace(0, 1, 50)
    expected = oracle.predict_proba(x[:, None])[:, 1]
    # Platt's targets keep a little off 0 and 1.
    np.testing.assert_allclose(calibrate(found, x), expected, atol=2e-3)


def test_the_isotonic_one_is_scikit_learns_where_its_points_suffice():
    answers = outcomes(30)
    oracle = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    oracle.fit(answers.score, answers.true)
    x = np.linspace(-1, 2, 200)
    expected = np.clip(oracle.predict(x), 1 / 32, 31 / 32)  # nothing is certain by 30 rows
    np.testing.assert_allclose(calibrate(fit_isotonic(answers), x), expected, atol=0.02)


def test_the_isotonic_one_has_a_bounded_number_of_points():
    assert len(fit_isotonic(outcomes(5000)).x) <= 40


def test_a_calibrated_probability_is_kept_as_it_is():
    assert fit_calibration(outcomes(4000, true=lambda p: p), keep=True) is None
    assert fit_calibration(outcomes(4000, true=lambda p: p)) is not None


@pytest.mark.parametrize(
    ("true", "kind"),
    [
        (lambda p: 1 / (1 + np.exp(-8 * (p - 0.5))), Sigmoid),
        (lambda p: np.where(p < 0.3, 0.05, np.where(p < 0.6, 0.5, 0.9)), Isotonic),
    ],
)
def test_the_better_way_is_taken(true, kind):
    assert isinstance(fit_calibration(outcomes(8000, true), keep=True), kind)


def test_calibration_makes_shares_of_probabilities():
    answers = outcomes(4000)
    before = expected_calibration_error(answers.true, answers.score)
    after = expected_calibration_error(answers.true, calibrated(answers, keep=True))
    assert before > 0.1
    assert after < 0.03


# ---- of a task -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(small_task, small_frame):
    train, test = evaluate.split(small_task, small_frame)
    runs = evaluate.cross_validate(small_task, train, "linear", {})
    fitted = evaluate.fit(small_task, train, "linear", {}, 1)
    output = with_uncertainty(fitted.outputs[0], runs)
    fitted = dataclasses.replace(fitted, outputs=(output,))
    return output, runs, evaluate.answer(small_task, fitted, train, test)


def test_a_score_gets_intervals_and_its_probability_of_passing(small):
    output, _, tested = small
    assert [level.level for level in output.intervals.levels] == [0.8, 0.9]
    assert output.calibration is not None
    answers = tested.answers["grade"]
    order = np.argsort(answers.value)
    assert (np.diff(answers.probability[order]) >= -1e-12).all()
    for _, low, high in answers.intervals:
        assert (low <= high).all()


def test_a_score_without_a_pass_mark_gets_no_probability(small):
    output, runs, _ = small
    plain = dataclasses.replace(output, pass_at=None, calibration=None, intervals=None)
    assert with_uncertainty(plain, runs).calibration is None
    assert set(figures(plain, runs)) == {"coverage_80", "coverage_90"}


def test_the_figures_of_both_kinds_of_rows_have_the_same_names(small):
    output, runs, tested = small
    found, bounds = uncertainty.tested_figures(output, tested)
    assert {*found, "pass_accuracy"} == set(figures(output, runs))  # of tests `score` tells it
    for (low, high), name in zip(bounds.values(), bounds, strict=True):
        assert low <= found[name] <= high


def test_calibration_changes_the_probability_of_a_class_and_never_its_label(outcome_task):
    frame = outcome_task.dataset.generate(200, 1)
    runs = evaluate.cross_validate(outcome_task, frame, "logistic", {}, 2)
    (output,) = outcome_task.scored
    mended = with_uncertainty(output, runs)
    raw = np.linspace(0.01, 0.99, 197)
    pairs = np.column_stack([raw, 1 - raw]).astype(np.float32)
    before, after = (evaluate.decode_output(o, pairs).label for o in (output, mended))
    assert (before == after).all()


def test_three_classes_stay_as_they_are(levels_task):
    (output,) = levels_task.scored
    assert with_uncertainty(output, []) == output


def test_a_regression_may_have_no_probability_without_a_mark():
    with pytest.raises(ValueError, match="pass mark"):
        Regression(name="x", label="x", calibration=Sigmoid(a=-1, b=0))
