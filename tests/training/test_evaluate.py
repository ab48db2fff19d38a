import dataclasses

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, train_test_split

from satchel import DataError, metrics
from satchel_training import evaluate, fit
from satchel_training.fit import encode, fit_inputs

SCORES = ("mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score")


@pytest.fixture
def fits(monkeypatch):
    """Record the rows that each fit within the evaluation sees, and what it returns."""
    seen = []

    def spy(task, train, *arguments, **options):
        fitted = fit.fit(task, train, *arguments, **options)
        seen.append((set(train.index), fitted))
        return fitted

    monkeypatch.setattr(evaluate, "fit", spy)
    return seen


# ---- the metrics -----------------------------------------------------------------------------

grades = st.floats(-100, 100)
pairs = st.lists(st.tuples(grades, grades), min_size=2, max_size=40)


@given(pairs.filter(lambda rows: np.ptp([true for true, _ in rows]) > 1e-3))
def test_metrics_of_scores_are_scikit_learns(rows):
    true, predicted = np.array(rows).T
    for name in SCORES:
        theirs = getattr(sklearn.metrics, name)(true, predicted)
        assert getattr(metrics, name)(true, predicted) == pytest.approx(theirs, rel=1e-9)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_accuracy_is_scikit_learns(rows):
    true, predicted = np.array(rows).T
    theirs = sklearn.metrics.accuracy_score(true, predicted)
    assert metrics.accuracy_score(true, predicted) == pytest.approx(theirs)


def test_r2_of_a_constant_target_is_no_number():
    assert np.isnan(metrics.r2_score([3.0, 3.0], [3.0, 4.0]))


@pytest.mark.parametrize(("true", "predicted"), [([1.0], [1.0, 2.0]), ([], []), ([[1.0]], [[1.0]])])
@pytest.mark.parametrize("name", ["mean_squared_error", "mean_absolute_error", "accuracy_score"])
def test_arrays_that_do_not_match_are_refused(name, true, predicted):
    with pytest.raises(ValueError, match="two one-dimensional arrays of equal length"):
        getattr(metrics, name)(true, predicted)


def test_scores_are_in_the_targets_unit_and_passing_counts_from_the_mark_on(task):
    y, value = np.array([9.0, 10.0, 12.0, 4.0]), np.array([10.0, 10.0, 13.0, 4.0])
    assert evaluate.score(task.output, y, value) == pytest.approx(
        {
            "mse": 0.5,
            "rmse": 0.5**0.5,
            "mae": 0.5,
            "r2": 1 - 2 / sklearn.metrics.root_mean_squared_error(y, [y.mean()] * 4) ** 2 / 4,
            "pass_accuracy": 0.75,
        }
    )


def test_a_target_without_pass_mark_has_no_pass_accuracy(task):
    output = dataclasses.replace(task.output, pass_at=None)
    assert set(evaluate.score(output, np.arange(3.0), np.arange(3.0))) == {
        "mse",
        "rmse",
        "mae",
        "r2",
    }


def test_metrics_stand_beside_naive_and_published_figures(task):
    scores = {"rmse": 1.5, "mae": 1.0}
    naive = {"rmse": 2.0, "mae": 1.25}
    rmse, mae = evaluate.metrics(task, "a protocol", scores, naive, published=True)
    assert (rmse.output, rmse.name, rmse.protocol) == ("G3", "rmse", "a protocol")
    assert (rmse.value, rmse.naive, rmse.published) == (1.5, 2.0, task.published["rmse"])
    assert (mae.value, mae.naive, mae.published) == (1.0, 1.25, None)
    assert all(m.published is None for m in evaluate.metrics(task, "a protocol", scores, naive))


# ---- the split -------------------------------------------------------------------------------


def test_the_split_is_scikit_learns(task, frame):
    train, test = evaluate.split(task, frame)
    theirs = train_test_split(frame, random_state=42, test_size=0.2)
    assert [train.index.tolist(), test.index.tolist()] == [p.index.tolist() for p in theirs]


def test_the_two_parts_are_all_rows_and_share_none(task, frame):
    train, test = evaluate.split(task, frame)
    assert sorted([*train.index, *test.index]) == list(range(len(frame)))


@pytest.mark.parametrize("rows", [0, 1, 2, 10, 24])
def test_too_few_rows_are_refused(task, rows):
    with pytest.raises(DataError, match=f"{rows} rows are too few.* 20 in the training part"):
        evaluate.split(task, task.dataset.generate(rows, 1))


def test_just_enough_rows_are_split(task):
    train, test = evaluate.split(task, task.dataset.generate(25, 1))
    assert (len(train), len(test)) == (20, 5)


# ---- cross-validation ------------------------------------------------------------------------


def test_no_fold_is_fitted_to_the_rows_it_predicts(small_task, small_frame, fits, monkeypatch):
    predicted = []
    values = evaluate._values

    def spy(fitted, rows):
        predicted.append((fitted, set(rows.index)))
        return values(fitted, rows)

    monkeypatch.setattr(evaluate, "_values", spy)
    evaluate.cross_validate(small_task, small_frame, "ridge", {}, 1)
    assert len(fits) == len(predicted) == evaluate.FOLDS
    for (train, fitted), (used, test) in zip(fits, predicted, strict=True):
        assert used is fitted
        assert not train & test
        assert train | test == set(small_frame.index)
    assert sorted(i for _, test in predicted for i in test) == small_frame.index.tolist()


def test_the_naive_guess_is_made_from_the_rows_of_the_fold_alone(small_task, small_frame):
    seen = []

    def naive(train, test):
        seen.append((set(train.index), set(test.index)))
        return np.zeros(len(test))

    task = dataclasses.replace(small_task, naive=naive)
    evaluate.cross_validate(task, small_frame, "ridge", {}, 1, folds=4)
    assert len(seen) == 4
    assert all(not train & test for train, test in seen)


def test_the_specs_numbers_are_estimated_anew_in_each_fold(small_task, small_frame, fits):
    evaluate.cross_validate(small_task, small_frame, "ridge", {}, 1)
    assert len({fitted.inputs.columns[0].mean for _, fitted in fits}) == evaluate.FOLDS
    assert len({fitted.output.mean for _, fitted in fits}) == evaluate.FOLDS
    for rows, fitted in fits:
        train = small_frame.loc[sorted(rows)]
        assert fitted.inputs.columns[0].mean == pytest.approx(train["hours"].mean(), rel=1e-12)
        assert fitted.output.mean == pytest.approx(train["grade"].mean(), rel=1e-12)


def test_targets_of_the_test_fold_play_no_role_in_its_predictions(small_task, small_frame):
    (fold, *_) = KFold(10, shuffle=True, random_state=1).split(small_frame)
    train, test = (small_frame.iloc[part] for part in fold)
    fitted = fit.fit(small_task, train, "ridge", {}, 1)
    blind = test.assign(grade=np.nan)
    np.testing.assert_array_equal(fitted.predict(test).value, fitted.predict(blind).value)


def test_scores_are_those_of_scikit_learn_done_by_hand(small_task, small_frame):
    value = np.empty(len(small_frame))
    for train, test in KFold(10, shuffle=True, random_state=7).split(small_frame):
        rows = small_frame.iloc[train]
        inputs = fit_inputs(small_task, rows)
        y = rows["grade"].to_numpy()
        ridge = Ridge(alpha=2.0).fit(encode(inputs, rows), (y - y.mean()) / y.std())
        raw = ridge.predict(encode(inputs, small_frame.iloc[test]))
        value[test] = raw * y.std() + y.mean()
    scores, _ = evaluate.cross_validate(small_task, small_frame, "ridge", {"alpha": 2.0}, 7)
    rmse = sklearn.metrics.root_mean_squared_error(small_frame["grade"], value)
    assert scores["rmse"] == pytest.approx(rmse, rel=1e-6)


def test_folds_are_those_of_the_seed(small_task, small_frame):
    one, same, other = (
        evaluate.cross_validate(small_task, small_frame, "ridge", {}, seed) for seed in (1, 1, 2)
    )
    assert one == same
    assert one[0] != other[0]


def test_rows_keep_their_places_whatever_their_index(small_task, small_frame):
    shuffled = small_frame.set_index(np.arange(len(small_frame))[::-1])
    arguments = ("ridge", {}, 1)
    assert evaluate.cross_validate(small_task, shuffled, *arguments) == (
        evaluate.cross_validate(small_task, small_frame, *arguments)
    )


# ---- the naive guess and the test part -------------------------------------------------------


def test_the_naive_guess_is_the_second_grade(task, frame):
    guess = task.naive(frame, frame)
    assert guess.tolist() == frame["G2"].tolist()


def test_a_missing_second_grade_is_guessed_from_the_training_rows(task, frame):
    test = frame.iloc[:3].assign(G2=[7.0, None, 9.0])
    train = frame.assign(G2=13.0)
    assert task.naive(train, test).tolist() == [7.0, 13.0, 9.0]


def test_the_naive_scores_of_cross_validation_are_those_of_the_second_grade(task, frame):
    _, naive = evaluate.cross_validate(task, frame, "ridge", {}, 1)
    theirs = sklearn.metrics.root_mean_squared_error(frame["G3"], frame["G2"])
    assert naive["rmse"] == pytest.approx(theirs)


def test_the_test_part_is_measured_as_it_is(task, frame):
    train, test = evaluate.split(task, frame)
    fitted = fit.fit(task, train, "ridge", {}, 1)
    scores, naive = evaluate.test(task, fitted, train, test)
    value = fitted.predict(test).value
    assert scores["mae"] == pytest.approx(sklearn.metrics.mean_absolute_error(test["G3"], value))
    assert naive["mae"] == pytest.approx(
        sklearn.metrics.mean_absolute_error(test["G3"], test["G2"])
    )
