import dataclasses

import numpy as np
import pytest
import sklearn.metrics
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from satchel import DataError
from satchel.prediction import Answers
from satchel.spec import TEST, Classes
from satchel_training import evaluate, fit
from satchel_training.fit import encode, fit_inputs
from satchel_training.tasks.task import Published, classification, median


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


def test_scores_are_in_the_targets_unit_and_passing_counts_from_the_mark_on(task):
    y, value = np.array([9.0, 10.0, 12.0, 4.0]), np.array([10.0, 10.0, 13.0, 4.0])
    assert evaluate.score(task.outputs[0], y, Answers(value=value)) == pytest.approx(
        {
            "mse": 0.5,
            "rmse": 0.5**0.5,
            "mae": 0.5,
            "r2": 1 - 2 / sklearn.metrics.root_mean_squared_error(y, [y.mean()] * 4) ** 2 / 4,
            "pass_accuracy": 0.75,
        }
    )


def test_a_target_without_pass_mark_has_no_pass_accuracy(task):
    output = dataclasses.replace(task.outputs[0], pass_at=None)
    assert set(evaluate.score(output, np.arange(3.0), Answers(value=np.arange(3.0)))) == {
        "mse",
        "rmse",
        "mae",
        "r2",
    }


def test_a_score_that_is_given_as_a_whole_number_is_judged_as_a_class_too(scores_task):
    y, value = np.array([60.0, 61.0, 61.0, 70.0]), np.array([60.4, 61.2, 60.3, 64.0])
    figures = evaluate.score(scores_task.outputs[1], y, Answers(value=value))
    rounded = np.round(value)
    assert figures["accuracy"] == 0.5
    for name, theirs in (
        ("precision", sklearn.metrics.precision_score),
        ("f1", sklearn.metrics.f1_score),
    ):
        expected = theirs(y, rounded, average="weighted", zero_division=0)
        assert figures[name] == pytest.approx(expected)


def test_two_classes_are_judged_by_labels_and_by_the_probability_of_the_positive_one(outcome_task):
    true = np.array(["pass", "fail", "pass", "fail", "fail"], object)
    probability = np.array([0.9, 0.6, 0.4, 0.1, 0.4])
    label = np.array(["pass", "pass", "fail", "fail", "fail"], object)
    figures = evaluate.score(
        outcome_task.outputs[0], true, Answers(label=label, probability=probability)
    )
    positive = true == "pass"
    arguments = {"pos_label": "pass"}
    assert figures == pytest.approx(
        {
            "accuracy": 0.6,
            "precision": sklearn.metrics.precision_score(true, label, **arguments),
            "recall": sklearn.metrics.recall_score(true, label, **arguments),
            "f1": sklearn.metrics.f1_score(true, label, **arguments),
            "roc_auc": sklearn.metrics.roc_auc_score(positive, probability),
            "log_loss": sklearn.metrics.log_loss(positive, probability),
            "brier": sklearn.metrics.brier_score_loss(positive, probability),
        }
    )


def test_many_classes_are_judged_by_their_labels_alone(levels_task):
    true = np.array(["weak", "fair", "good", "fair"], object)
    label = np.array(["weak", "fair", "fair", "weak"], object)
    figures = evaluate.score(levels_task.outputs[0], true, Answers(label=label))
    f1 = sklearn.metrics.f1_score(true, label, average="weighted")
    assert figures == pytest.approx({"accuracy": 0.5, "f1": f1})


def test_metrics_stand_beside_naive_and_published_figures(task):
    scores = {"G3": {"rmse": 1.5, "mae": 1.0}}
    naive = {"G3": {"rmse": 2.0, "mae": 1.25}}
    protocol = task.published.protocol
    rmse, mae = evaluate.card_metrics(task, protocol, scores, naive)
    assert (rmse.output, rmse.name, rmse.protocol) == ("G3", "rmse", protocol)
    assert (rmse.value, rmse.naive) == (1.5, 2.0)
    assert rmse.published == task.published.figures["rmse"]
    assert (mae.value, mae.naive, mae.published) == (1.0, 1.25, None)
    assert protocol != TEST
    assert all(m.published is None for m in evaluate.card_metrics(task, TEST, scores, naive))
    unpublished = dataclasses.replace(task, published=None)
    found = evaluate.card_metrics(unpublished, protocol, scores, naive)
    assert all(m.published is None for m in found)


def test_a_figure_that_is_no_number_is_left_out_of_the_card(task):
    scores = {"G3": {"rmse": 1.5, "r2": float("nan")}}
    naive = {"G3": {"rmse": float("nan"), "r2": 0.0}}
    (rmse,) = evaluate.card_metrics(task, TEST, scores, naive)
    assert (rmse.name, rmse.value, rmse.naive) == ("rmse", 1.5, None)


def test_models_are_compared_by_the_mean_loss_over_all_outputs(scores_task):
    figures = {"grade": {"rmse": 1.0, "r2": 0.5}, "talk": {"rmse": 4.0, "r2": 0.9}}
    assert evaluate.total_loss(scores_task, figures) == 2.5
    by_share = dataclasses.replace(scores_task, measure="r2")
    assert evaluate.total_loss(by_share, figures) == pytest.approx(0.3)


def test_the_figures_of_several_runs_are_averaged(small_task, small_frame):
    runs = evaluate.cross_validate(small_task, small_frame, "ridge", {}, runs=3, folds=4)
    model, naive = evaluate.mean_scores(small_task, runs)
    each = [evaluate.scores(small_task, run) for run in runs]
    for which, mean in ((0, model), (1, naive)):
        for name, figure in mean["grade"].items():
            assert figure == pytest.approx(np.mean([one[which]["grade"][name] for one in each]))
    assert len({one[0]["grade"]["rmse"] for one in each}) == 3


def test_a_published_figure_is_a_loss_by_its_metric():
    published = Published(figures={"rmse": 1.5, "accuracy": 0.75}, protocol=TEST, text="")
    assert published.loss("rmse", 9.0) == 1.5
    assert published.loss("accuracy", 9.0) == 0.25
    assert published.loss("r2", 9.0) == 9.0


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


def test_parts_hold_the_classes_in_equal_shares(outcome_task):
    frame = outcome_task.dataset.generate(150, 1)
    frame["result"] = ["pass"] * 120 + ["fail"] * 30
    train, test = evaluate.split(outcome_task, frame)
    assert (train["result"].value_counts()["fail"], len(train)) == (24, 120)
    assert (test["result"].value_counts()["fail"], len(test)) == (6, 30)
    theirs = train_test_split(frame, random_state=42, test_size=0.2, stratify=frame["result"])
    assert [train.index.tolist(), test.index.tolist()] == [p.index.tolist() for p in theirs]


@pytest.mark.parametrize("count", [1, 6])
def test_a_class_with_too_few_rows_for_the_folds_is_refused(outcome_task, count):
    frame = outcome_task.dataset.generate(100, 1)
    frame["result"] = ["fail"] * count + ["pass"] * (100 - count)
    message = (
        f"result is 'fail' in {count} rows: 5-fold cross-validation needs at least 5 of each class"
    )
    with pytest.raises(DataError, match=message):
        evaluate.split(outcome_task, frame)


def test_a_class_with_just_enough_rows_is_split(outcome_task):
    frame = outcome_task.dataset.generate(100, 1)
    frame["result"] = ["fail"] * 7 + ["pass"] * 93
    train, _ = evaluate.split(outcome_task, frame)
    assert (train["result"] == "fail").sum() >= 5


def test_a_class_that_is_missing_in_some_rows_is_refused(outcome_task, small_frame):
    frame = small_frame.copy()
    frame.loc[3, "result"] = None
    with pytest.raises(DataError, match="result is missing in 1 of 100 rows"):
        evaluate.split(outcome_task, frame)


# ---- cross-validation ------------------------------------------------------------------------


def folds_of(frame, folds, seed):
    return [
        (set(frame.index[train]), set(frame.index[test]))
        for train, test in KFold(folds, shuffle=True, random_state=seed).split(frame)
    ]


def test_no_fold_is_fitted_to_the_rows_it_predicts(small_task, small_frame, fits, monkeypatch):
    predicted = []
    answer = evaluate.answer

    def spy(task, fitted, train, test):
        predicted.append((fitted, set(train.index), set(test.index)))
        return answer(task, fitted, train, test)

    monkeypatch.setattr(evaluate, "answer", spy)
    evaluate.cross_validate(small_task, small_frame, "ridge", {})
    assert len(fits) == len(predicted) == small_task.runs * small_task.folds
    for (seen, fitted), (used, train, test) in zip(fits, predicted, strict=True):
        assert used is fitted
        assert seen == train
        assert not train & test
        assert train | test == set(small_frame.index)
    for run in range(small_task.runs):
        parts = predicted[run * small_task.folds : (run + 1) * small_task.folds]
        assert sorted(i for *_, test in parts for i in test) == small_frame.index.tolist()


def test_each_run_draws_folds_and_model_by_the_seed_of_the_task_and_its_number(
    small_task, small_frame, monkeypatch
):
    calls = []

    def spy(task, train, model, hyperparameters, seed):
        calls.append((seed, set(train.index)))
        return fit.fit(task, train, model, hyperparameters, seed)

    monkeypatch.setattr(evaluate, "fit", spy)
    task = dataclasses.replace(small_task, seed=7)
    evaluate.cross_validate(task, small_frame, "ridge", {}, runs=2, folds=4)
    expected = [(s, train) for s in (7, 8) for train, _ in folds_of(small_frame, 4, s)]
    assert calls == expected


def test_runs_and_folds_are_the_tasks_unless_told(small_task, small_frame, fits):
    task = dataclasses.replace(small_task, runs=2, folds=3)
    assert len(evaluate.cross_validate(task, small_frame, "ridge", {})) == 2
    assert len(fits) == 6
    assert len(evaluate.cross_validate(task, small_frame, "ridge", {}, runs=1, folds=4)) == 1
    assert len(fits) == 6 + 4


def test_folds_of_classes_hold_them_in_equal_shares(outcome_task, small_frame, fits):
    frame = small_frame.assign(result=["fail"] * 20 + ["pass"] * 80)
    evaluate.cross_validate(outcome_task, frame, "logistic", {}, runs=1)
    kept = [(frame.loc[sorted(rows), "result"] == "fail").sum() for rows, _ in fits]
    assert kept == [16] * 5
    (train, _), *_ = StratifiedKFold(5, shuffle=True, random_state=42).split(frame, frame["result"])
    assert fits[0][0] == set(train)


def test_the_naive_guess_is_made_from_the_rows_of_the_fold_alone(small_task, small_frame):
    seen = []

    def naive(target, train, test):
        seen.append((target, set(train.index), set(test.index)))
        return np.zeros(len(test))

    task = dataclasses.replace(small_task, naive=naive)
    evaluate.cross_validate(task, small_frame, "ridge", {}, runs=1, folds=4)
    assert len(seen) == 4
    assert all(target == "grade" and not train & test for target, train, test in seen)


def test_the_specs_numbers_are_estimated_anew_in_each_fold(small_task, small_frame, fits):
    evaluate.cross_validate(small_task, small_frame, "ridge", {}, runs=1)
    assert len({fitted.inputs.columns[0].mean for _, fitted in fits}) == small_task.folds
    assert len({fitted.outputs[0].mean for _, fitted in fits}) == small_task.folds
    for rows, fitted in fits:
        train = small_frame.loc[sorted(rows)]
        assert fitted.inputs.columns[0].mean == pytest.approx(train["hours"].mean(), rel=1e-12)
        assert fitted.outputs[0].mean == pytest.approx(train["grade"].mean(), rel=1e-12)


def test_targets_of_the_test_fold_play_no_role_in_its_predictions(small_task, small_frame):
    (fold, *_) = KFold(10, shuffle=True, random_state=1).split(small_frame)
    train, test = (small_frame.iloc[part] for part in fold)
    fitted = fit.fit(small_task, train, "ridge", {}, 1)
    blind = test.assign(grade=np.nan)
    one, two = (fitted.predict(rows)["grade"].value for rows in (test, blind))
    np.testing.assert_array_equal(one, two)


def test_answers_are_those_of_scikit_learn_done_by_hand(small_task, small_frame):
    value = np.empty(len(small_frame))
    for train, test in KFold(10, shuffle=True, random_state=42).split(small_frame):
        rows = small_frame.iloc[train]
        inputs = fit_inputs(small_task, rows)
        y = rows["grade"].to_numpy()
        ridge = Ridge(alpha=2.0).fit(encode(inputs, rows), (y - y.mean()) / y.std())
        raw = ridge.predict(encode(inputs, small_frame.iloc[test]))
        value[test] = raw * y.std() + y.mean()
    (run,) = evaluate.cross_validate(
        small_task, small_frame, "ridge", {"alpha": 2.0}, runs=1, folds=10
    )
    np.testing.assert_allclose(run.answers["grade"].value, value, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(run.true["grade"], small_frame["grade"])
    rmse = sklearn.metrics.root_mean_squared_error(small_frame["grade"], value)
    scores, _ = evaluate.scores(small_task, run)
    assert scores["grade"]["rmse"] == pytest.approx(rmse, rel=1e-6)


def test_every_output_but_segments_is_answered_and_scored(scores_task, outcome_task, small_frame):
    for task, model, names in (
        (scores_task, "ridge", {"grade", "talk"}),
        (outcome_task, "logistic", {"outcome"}),
    ):
        (run,) = evaluate.cross_validate(task, small_frame, model, {}, runs=1)
        assert set(run.true) == set(run.answers) == set(run.naive) == names
        scores, naive = evaluate.scores(task, run)
        assert set(scores) == set(naive) == names
        assert evaluate.total_loss(task, scores) < evaluate.total_loss(task, naive)


def test_folds_are_those_of_the_seed(small_task, small_frame):
    one, same, other = (
        evaluate.scores(task, evaluate.cross_validate(task, small_frame, "ridge", {}, runs=1)[0])
        for task in (dataclasses.replace(small_task, seed=seed) for seed in (1, 1, 2))
    )
    assert one == same
    assert one[0] != other[0]


def test_rows_keep_their_places_whatever_their_index(small_task, small_frame):
    shuffled = small_frame.set_index(np.arange(len(small_frame))[::-1])
    one, two = (
        evaluate.cross_validate(small_task, frame, "ridge", {}, runs=1)[0]
        for frame in (small_frame, shuffled)
    )
    np.testing.assert_array_equal(one.answers["grade"].value, two.answers["grade"].value)
    np.testing.assert_array_equal(one.true["grade"], two.true["grade"])


# ---- the naive guess and the test part -------------------------------------------------------


def test_the_naive_guess_is_the_second_grade(task, frame):
    guess = task.naive("G3", frame, frame)
    assert guess.tolist() == frame["G2"].tolist()


def test_a_missing_second_grade_is_guessed_from_the_training_rows(task, frame):
    test = frame.iloc[:3].assign(G2=[7.0, None, 9.0])
    train = frame.assign(G2=13.0)
    assert task.naive("G3", train, test).tolist() == [7.0, 13.0, 9.0]


def test_mean_and_median_are_those_of_the_training_rows(small_task, small_frame):
    train = small_frame.assign(grade=[1.0] * 60 + [6.0] * 40)
    assert small_task.naive("grade", train, small_frame).tolist() == [3.0] * 100
    assert median("grade", train, small_frame).tolist() == [1.0] * 100


def test_the_naive_scores_of_cross_validation_are_those_of_the_second_grade(task, frame):
    runs = evaluate.cross_validate(task, frame, "ridge", {}, runs=1)
    _, naive = evaluate.mean_scores(task, runs)
    theirs = sklearn.metrics.root_mean_squared_error(frame["G3"], frame["G2"])
    assert naive["G3"]["rmse"] == pytest.approx(theirs)


def test_the_naive_guess_of_classes_is_their_shares_in_the_training_rows(outcome_task, small_frame):
    train = small_frame.assign(result=["pass"] * 70 + ["fail"] * 30)
    fitted = fit.fit(outcome_task, train, "logistic", {}, 1)
    naive = evaluate.answer(outcome_task, fitted, train, small_frame).naive["outcome"]
    assert set(naive.label) == {"pass"}
    np.testing.assert_allclose(naive.probability, 0.7)


def test_the_test_part_is_measured_as_it_is(task, frame):
    train, test = evaluate.split(task, frame)
    fitted = fit.fit(task, train, "ridge", {}, 1)
    scores, naive = evaluate.scores(task, evaluate.answer(task, fitted, train, test))
    value = fitted.predict(test)["G3"].value
    mae = sklearn.metrics.mean_absolute_error
    assert scores["G3"]["mae"] == pytest.approx(mae(test["G3"], value))
    assert naive["G3"]["mae"] == pytest.approx(mae(test["G3"], test["G2"]))


# ---- a score cut into classes ----------------------------------------------------------------


def test_labels_of_scores_change_at_the_cuts(task):
    passing, levels = task.classified
    assert passing.labels_of(np.array([0.0, 9.9, 10.0, 20.0])).tolist() == [
        "fail",
        "fail",
        "pass",
        "pass",
    ]
    found = levels.labels_of(np.array([9.9, 10, 11.9, 12, 13.9, 14, 16.0]))
    assert found.tolist() == [levels.labels[i] for i in (0, 1, 1, 2, 2, 3, 4)]


@pytest.mark.parametrize("which", [0, 1])
def test_the_classes_of_a_score_are_a_task_of_their_own(task, frame, which):
    classified = task.classified[which]
    answering = classification(task, classified)
    (output,) = answering.outputs
    assert isinstance(output, Classes)
    assert output.labels == classified.labels
    assert output.positive == ("pass" if which == 0 else None)
    assert (answering.measure, answering.published) == ("accuracy", None)
    rows = frame.assign(G3=classified.labels_of(frame["G3"].to_numpy()))
    (run,) = evaluate.cross_validate(answering, rows, "logistic-unbalanced", {}, runs=1, folds=3)
    scores, naive = evaluate.scores(answering, run)
    assert scores["G3"]["accuracy"] > naive["G3"]["accuracy"]


def test_a_task_without_a_single_score_has_no_classes(task, outcome_task, scores_task):
    for other in (outcome_task, scores_task):
        with pytest.raises(DataError, match="no single score"):
            classification(other, task.classified[0])
