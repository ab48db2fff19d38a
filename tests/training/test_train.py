import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from satchel import DataError
from satchel.spec import ALL_ROWS, CHOICE, TEST, Spec
from satchel_training import evaluate, fit, uncertainty
from satchel_training import train as module
from satchel_training.fit import fit_inputs, fit_output, fit_reference
from satchel_training.importance import with_essential
from satchel_training.models import Recipe
from satchel_training.search import search
from satchel_training.train import train

PROTOCOLS = (TEST, CHOICE, ALL_ROWS)
NAMES = ("mse", "rmse", "mae", "r2", "pass_accuracy")


@pytest.fixture(scope="session")
def task(task):
    return dataclasses.replace(task, runs=2, folds=4)


@pytest.fixture(scope="module")
def run(task, frame):
    return train(task, frame, "ridge", Recipe({"alpha": 10.0}))


def verdict(run):
    """Return whether the headline says that the naive guess is beaten, whatever its words."""
    headline = run.spec.card.headline.casefold()
    denied = re.search(r"(does not|doesn't) beat", headline) is not None
    assert denied != ("beats" in headline)
    return not denied


# ---- the spec --------------------------------------------------------------------------------


def test_the_card_has_every_metric_under_each_protocol_beside_the_naive_guess(run):
    metrics = {(m.protocol, m.name): m for m in run.spec.card.metrics}
    assert len(metrics) == len(run.spec.card.metrics)
    for protocol in PROTOCOLS:
        for name in NAMES:
            metric = metrics[protocol, name]
            assert np.isfinite([metric.value, metric.naive]).all()
            assert metric.output == "G3"


def test_published_figures_stand_beside_the_like_protocol_alone(run, task):
    published = {
        (m.protocol, m.name): m.published for m in run.spec.card.metrics if m.published is not None
    }
    assert published == {(ALL_ROWS, "rmse"): task.published.figures["rmse"]}


def test_figures_are_those_that_evaluate_gives(run, task, frame):
    train_rows, test_rows = evaluate.split(task, frame)
    arguments = ("ridge", {"alpha": 10.0})
    expected, runs = {}, {}
    for protocol, rows in ((CHOICE, train_rows), (ALL_ROWS, frame)):
        runs[protocol] = evaluate.cross_validate(task, rows, *arguments)
        expected[protocol] = evaluate.mean_scores(task, runs[protocol])
        # Passing is told by its probability, which is estimated after the scores.
        figures = uncertainty.figures(task.outputs[0], runs[protocol])
        expected[protocol][0]["G3"]["pass_accuracy"] = figures["pass_accuracy"]
    fitted = fit.fit(task, train_rows, *arguments, task.seed)
    (output,) = fitted.outputs
    output = uncertainty.with_uncertainty(output, runs[CHOICE])
    fitted = dataclasses.replace(fitted, outputs=(output,))
    expected[TEST] = evaluate.scores(task, evaluate.answer(task, fitted, train_rows, test_rows))
    for protocol, (scores, naive) in expected.items():
        for name in NAMES:
            metric = run.spec.card.metric(name, protocol)
            assert (metric.value, metric.naive) == (scores["G3"][name], naive["G3"][name])


def test_the_spec_holds_numbers_of_the_training_part_alone(run, task, frame):
    train_rows, _ = evaluate.split(task, frame)
    importance, instead = run.spec.card.importance, task.instead
    assert run.spec.inputs == with_essential(fit_inputs(task, train_rows), importance, instead)
    assert run.spec.inputs != with_essential(fit_inputs(task, frame), importance, instead)
    fitted = fit_output(task, task.outputs[0], train_rows)
    (output,) = run.spec.outputs
    assert (output.mean, output.scale) == (fitted.mean, fitted.scale)
    expected = fit_reference(run.spec.inputs, train_rows)
    assert (run.spec.reference.bins, run.spec.reference.rows) == (expected.bins, len(train_rows))


def test_a_task_need_not_be_measured_on_all_rows(task, frame):
    quick = train(dataclasses.replace(task, all_rows=False), frame, "ridge", Recipe())
    protocols = {m.protocol for m in quick.spec.card.metrics}
    assert protocols >= {TEST, CHOICE}
    assert ALL_ROWS not in protocols


def test_several_scores_are_measured_each_and_compared_by_their_mean(scores_task, small_frame):
    run = train(scores_task, small_frame, "ridge", Recipe())
    metrics = {(m.output, m.name): m for m in run.spec.card.metrics if m.protocol == CHOICE}
    assert {output for output, _ in metrics} == {"grade", "talk"}
    assert ("grade", "accuracy") not in metrics
    assert ("talk", "accuracy") in metrics
    mean = np.mean([metrics[name, "rmse"].value for name in ("grade", "talk")])
    assert f"RMSE {mean:.2f} points, mean of 2 scores," in run.spec.card.headline
    assert list(run.heads) == ["grade", "talk"]


def test_classes_segment_and_advice_come_into_one_spec(outcome_task, small_frame):
    recipe = Recipe({"C": 0.5}, limitations=("Nothing else was tried.",))
    run = train(outcome_task, small_frame, "logistic", recipe)
    assert [output.name for output in run.spec.outputs] == ["outcome", "group"]
    assert list(run.heads) == ["outcome", "group"]
    assert run.spec.advice == outcome_task.advice
    assert run.spec.inputs.derived == outcome_task.derived
    card = run.spec.card
    assert card.limitations == (*outcome_task.limitations, "Nothing else was tried.")
    assert card.measure == "accuracy"
    assert {m.output for m in card.metrics} == {"outcome"}
    assert "roc_auc" in {m.name for m in card.metrics}
    assert card.metric("roc_auc", CHOICE).naive == 0.5
    chosen = card.metric("accuracy", CHOICE)
    assert f"Accuracy {chosen.value:.2f} in cross-validation" in card.headline
    assert verdict(run)
    assert "stratified by class" in card.split


def test_the_card_names_source_split_and_use(run, task, frame):
    card = run.spec.card
    assert (card.source.name, card.source.url) == (task.dataset.title, task.dataset.url)
    assert (card.source.rows, card.source.synthetic) == (len(frame), False)
    assert "80%" in card.split
    assert "seed 42" in card.split
    assert card.intended_use == task.intended_use
    assert card.unintended_use == task.unintended_use
    assert {"satchel", "python", "numpy", "scikit-learn"} <= set(card.versions)


def test_a_synthetic_data_set_makes_a_demonstration(task, frame):
    dataset = dataclasses.replace(task.dataset, synthetic=True)
    demonstration = train(dataclasses.replace(task, dataset=dataset), frame, "ridge", Recipe({}))
    assert demonstration.spec.demonstration


def test_the_rule_of_a_data_set_comes_onto_the_card(small_task, small_frame):
    dataset = dataclasses.replace(small_task.dataset, synthetic=False, rule="Grades are sums.")
    task = dataclasses.replace(small_task, dataset=dataset)
    spec = train(task, small_frame, "ridge", Recipe()).spec
    assert (spec.card.source.synthetic, spec.card.source.rule) == (False, "Grades are sums.")
    assert spec.demonstration


def test_the_spec_survives_json(run):
    assert Spec.from_json(run.spec.to_json()) == run.spec


def test_a_spec_can_be_written_even_if_a_figure_is_no_number(task, frame):
    # r2 is no number where the target is the same in all test rows.
    _, test_rows = evaluate.split(task, frame)
    flat = frame.copy()
    flat.loc[test_rows.index, "G3"] = 11.0
    spec = train(task, flat, "ridge", Recipe({})).spec
    assert Spec.from_json(spec.to_json()).card.metric("rmse", TEST) is not None


def test_two_trainings_give_equal_figures_and_models(run, task, frame):
    again = train(task, frame, "ridge", Recipe({"alpha": 10.0}))
    assert again.spec.card.metrics == run.spec.card.metrics
    np.testing.assert_array_equal(again.heads["G3"].coef_, run.heads["G3"].coef_)


def test_two_trainings_of_a_network_give_equal_figures(small_task, small_frame):
    hyperparameters = {"hidden": [4], "epochs": 2}
    one, two = (train(small_task, small_frame, "mlp", Recipe(hyperparameters)) for _ in range(2))
    assert one.spec.card.metrics == two.spec.card.metrics
    assert one.history == two.history
    assert len(one.history) == 2


def test_a_model_without_epochs_has_no_history(run):
    assert run.history == []


def test_too_few_rows_are_refused(task):
    with pytest.raises(DataError, match="9 rows are too few"):
        train(task, task.dataset.generate(9, 1), "ridge", Recipe({}))


def test_a_constant_target_is_refused(task, frame):
    with pytest.raises(DataError, match="G3 is the same"):
        train(task, frame.assign(G3=10.0), "ridge", Recipe({}))


# ---- which rows are used, and how often ------------------------------------------------------


@pytest.fixture
def fits(monkeypatch):
    """Record the rows that every fit sees, by where it was called."""
    seen = {"evaluate": [], "train": []}
    for name, place in (("evaluate", evaluate), ("train", module)):

        def spy(task, rows, *arguments, _name=name, **options):
            seen[_name].append(set(rows.index))
            return fit.fit(task, rows, *arguments, **options)

        monkeypatch.setattr(place, "fit", spy)
    return seen


def test_the_model_that_leaves_has_seen_the_training_part_alone(task, frame, fits):
    train(task, frame, "ridge", Recipe({}))
    train_rows, _ = evaluate.split(task, frame)
    assert fits["train"] == [set(train_rows.index)]


def test_the_choice_never_sees_the_test_part(task, frame, fits):
    train(task, frame, "ridge", Recipe({}))
    train_rows, _ = evaluate.split(task, frame)
    each = task.runs * task.folds
    choice, everywhere, without = (
        set().union(*fits["evaluate"][i * each : (i + 1) * each]) for i in range(3)
    )
    assert choice == without == set(train_rows.index)
    # The folds over all rows, which no choice is made by, see test rows in turn.
    assert everywhere == set(frame.index)
    assert len(fits["evaluate"]) == 3 * each


def test_the_test_part_is_used_once_and_after_all_choices(task, frame, monkeypatch):
    calls = []

    def spy_on(name):
        original = getattr(evaluate, name)

        def spy(*arguments, **options):
            calls.append((name, [len(a) for a in arguments if isinstance(a, pd.DataFrame)]))
            return original(*arguments, **options)

        monkeypatch.setattr(evaluate, name, spy)

    for name in ("split", "cross_validate", "answer"):
        spy_on(name)
    train(task, frame, "ridge", Recipe({}))
    each = task.runs * task.folds
    assert [call for call in calls if call[0] != "answer"] == [
        ("split", [120]),
        ("cross_validate", [96]),
        ("cross_validate", [120]),
        ("cross_validate", [96]),  # without sensitive inputs
    ]
    answers = [parts for name, parts in calls if name == "answer"]
    assert len(answers) == 3 * each + 1
    assert [i for i, parts in enumerate(answers) if parts == [96, 24]] == [2 * each]


def test_a_search_sees_the_training_part_alone_and_returns_hyperparameters(task, frame, fits):
    train_rows, _ = evaluate.split(task, frame)
    found = search(task, train_rows, "ridge", 3)
    assert set(found) == {"alpha"}
    assert 1e-2 <= found["alpha"] <= 1e4
    assert len(fits["evaluate"]) == 3 * 5
    assert set().union(*fits["evaluate"]) == set(train_rows.index)


def test_a_search_returns_the_trial_with_the_lowest_error(task, frame, monkeypatch):
    tried = []

    def loss(task, rows, model, hyperparameters, runs, folds):
        tried.append(hyperparameters)
        return abs(len(tried) - 3)

    monkeypatch.setattr("satchel_training.search._loss", loss)
    assert search(task, frame, "ridge", 4) == tried[2]
    assert len(tried) == 4


def test_two_searches_with_one_seed_find_the_same(small_task, small_frame):
    one, two = (search(small_task, small_frame, "ridge", 2) for _ in range(2))
    other = search(dataclasses.replace(small_task, seed=5), small_frame, "ridge", 2)
    assert one == two
    assert one != other


# ---- the headline ----------------------------------------------------------------------------


def test_the_headline_says_that_the_naive_guess_is_beaten(task, frame):
    # The second grade says nothing here, the study time all.
    easy = frame.assign(G3=frame["studytime"] * 4, G2=frame["G2"] % 3)
    run = train(task, easy, "ridge", Recipe({}))
    assert verdict(run)


def test_the_headline_says_that_the_naive_guess_is_not_beaten(task, frame):
    run = train(task, frame.assign(G3=frame["G2"]), "ridge", Recipe({"alpha": 1e4}))
    assert not verdict(run)


@pytest.mark.parametrize("chosen", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("tested", [1.0, 2.0, 3.0])
def test_the_headline_tells_a_defeat_on_either_part(task, frame, monkeypatch, chosen, tested):
    def scores(rmse):
        figures = {"rmse": rmse, "pass_accuracy": 0.5}, {"rmse": 2.0, "pass_accuracy": 0.75}
        return tuple({"G3": of_output} for of_output in figures)

    monkeypatch.setattr(evaluate, "mean_scores", lambda *_: scores(chosen))
    monkeypatch.setattr(evaluate, "scores", lambda *_: scores(tested))
    monkeypatch.setattr(uncertainty, "figures", lambda *_: {})
    task = dataclasses.replace(task, runs=1, all_rows=False)
    headline = train(task, frame, "ridge", Recipe({})).spec.card.headline
    said = headline.casefold().partition("by its rmse it ")[2].partition(".")[0]
    assert ("not" in said) == (chosen >= 2 or tested >= 2)
    assert f"{chosen:.2f}" in headline
    assert f"{tested:.2f}" in headline
    assert "2.00" in headline
    assert "right for 50% in cross-validation, by the naive guess for 75%" in headline
    assert task.naive_text in headline


def test_fairness_is_that_of_the_labels_which_the_model_gives(run, task, frame):
    # A pass is told by its probability: by the score alone other students would be said to pass.
    (everywhere, *_) = evaluate.cross_validate(task, frame, "ridge", {"alpha": 10.0})
    told = uncertainty.with_calibrated(task, everywhere).answers["G3"].label == "pass"
    women = (frame["sex"] == "F").to_numpy()
    (group,) = [
        g for g in run.spec.card.fairness.groups if (g.feature, g.group) == ("sex", "female")
    ]
    assert group.figures["selection_rate"][0] == pytest.approx(told[women].mean())
