from dataclasses import replace

import numpy as np
import pytest

from satchel.encode.encoder import Encoder
from satchel.spec import Category, CategoryBins, NumberBins, Spec
from satchel_training import evaluate
from satchel_training.background import RECORDS, fit_background
from satchel_training.fit import fit_inputs
from satchel_training.models import Recipe
from satchel_training.train import fit_only, train


def rows_of(frame, names):
    return {
        tuple(None if v != v else v for v in row)
        for row in frame[names].astype(object).itertuples(index=False)
    }


@pytest.fixture(scope="module")
def gaps(task, frame):
    gaps = frame.copy()
    gaps.loc[gaps.index[1::4], "age"] = None
    gaps.loc[gaps.index[1::2], "school"] = None
    return gaps


@pytest.fixture(scope="module")
def background(task, gaps):
    return fit_background(fit_inputs(task, gaps), gaps)


def test_the_encoder_reads_every_record_without_doubt(task, gaps, background):
    encoded = Encoder(fit_inputs(task, gaps)).encode_many(background)
    assert len(background) == RECORDS
    assert not encoded.problems
    assert {note.kind for notes in encoded.notes.values() for note in notes} <= {"imputed"}


def test_numbers_follow_the_training_rows(task):
    frame = task.dataset.generate(1000, 3)
    inputs = fit_inputs(task, frame)
    background = fit_background(inputs, frame)
    for feature in inputs.features:
        if isinstance(feature, Category):
            continue
        values = np.array([record[feature.name] for record in background])
        column = frame[feature.name].to_numpy(float)
        assert not feature.integer or set(values % 1) == {0.0}
        for quantile in (0.25, 0.5, 0.75):
            # Not further off than the nearest ranks of so few records.
            low, high = np.quantile(column, [quantile - 0.06, quantile + 0.06])
            assert low - 0.5 <= np.quantile(values, quantile) <= high + 0.5
        assert abs(values.mean() - column.mean()) < 0.15 * column.std() + 0.05


def test_categories_and_gaps_follow_the_training_rows_to_one_record(task, gaps, background):
    for feature in fit_inputs(task, gaps).features:
        column = gaps[feature.name]
        blank = sum(record[feature.name] is None for record in background)
        assert abs(blank - RECORDS * column.isna().mean()) <= 1
        for value in getattr(feature, "values", ()):
            count = sum(record[feature.name] == value for record in background)
            assert abs(count - RECORDS * (column == value).mean()) <= 1.5


def test_no_record_is_a_row(task, gaps, background):
    names = list(task.features)
    real = rows_of(gaps, names)
    assert not real & {tuple(record[name] for name in names) for record in background}


def test_a_record_that_equals_a_row_is_drawn_again(small_task, small_frame):
    inputs = fit_inputs(small_task, small_frame)
    (course,) = (f for f in inputs.features if f.name == "course")
    effort = Category(name="effort", label="", values=("low", "medium", "high"), imputed="low")
    only = replace(inputs, features=(course, effort), columns=inputs.columns[2:], ignored=())
    # Five of nine combinations are rows: by lot, most of 32 records would equal one.
    frame = small_frame.drop_duplicates(["course", "effort"]).iloc[:5]
    assert len(frame) == 5
    background = fit_background(only, frame)
    seen = {(record["course"], record["effort"]) for record in background}
    values = [set(frame["course"]), set(frame["effort"])]
    free = {(c, e) for c in values[0] for e in values[1]} - rows_of(frame, ["course", "effort"])
    assert free
    assert seen <= free


def test_where_the_rows_hold_every_combination_there_are_records_all_the_same(
    small_task, small_frame
):
    inputs = fit_inputs(small_task, small_frame)
    only = replace(inputs, features=inputs.features[2:], columns=inputs.columns[2:])
    assert len(fit_background(only, small_frame)) == RECORDS


def test_fields_are_drawn_by_themselves(small_task):
    frame = small_task.dataset.generate(500, 1)
    frame["score"] = 3 * frame["hours"]
    inputs = fit_inputs(small_task, frame)
    records = fit_background(inputs, frame, count=300)
    hours, score = (np.array([r[name] for r in records]) for name in ("hours", "score"))
    assert abs(np.corrcoef(hours, score)[0, 1]) < 0.2


def test_the_seed_makes_the_draw(small_task, small_frame):
    inputs = fit_inputs(small_task, small_frame)
    first = fit_background(inputs, small_frame)
    assert first == fit_background(inputs, small_frame)
    assert first != fit_background(inputs, small_frame, seed=1)


def test_a_constant_number_stays(small_task, small_frame):
    frame = small_frame.assign(hours=4.25)
    inputs = fit_inputs(small_task, frame)
    assert {record["hours"] for record in fit_background(inputs, frame)} == {4.25}


# ---- what a spec holds --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(outcome_task):
    return train(outcome_task, outcome_task.dataset.generate(200, 1), "logistic", Recipe())


def test_a_spec_carries_background_and_bins_of_the_predictions(run, outcome_task):
    reference = run.spec.reference
    train_rows, _ = evaluate.split(outcome_task, outcome_task.dataset.generate(200, 1))
    assert reference.background == fit_background(run.spec.inputs, train_rows)
    assert reference.rows == len(train_rows)
    assert [bins.feature for bins in reference.outputs] == [o.name for o in run.spec.outputs]
    for bins in reference.outputs:
        assert sum(bins.shares) == pytest.approx(1)
    assert Spec.from_json(run.spec.to_json()) == run.spec


def test_bins_of_predictions_are_out_of_fold(scores_task, small_frame):
    frame = scores_task.dataset.generate(100, 1)
    run = train(scores_task, frame, "random-forest", Recipe(hyperparameters={"n_estimators": 5}))
    train_rows, _ = evaluate.split(scores_task, frame)
    (choice, *_) = evaluate.cross_validate(
        scores_task, train_rows, "random-forest", {"n_estimators": 5}
    )
    for bins in run.spec.reference.outputs:
        assert isinstance(bins, NumberBins)
        values = choice.answers[bins.feature].value
        edges = np.unique(np.quantile(values, np.linspace(0, 1, 11)[1:-1]))
        np.testing.assert_allclose(bins.edges, edges)


def test_a_model_that_is_not_measured_has_bins_of_its_own_predictions(outcome_task):
    frame = outcome_task.dataset.generate(200, 1)
    spec, _ = fit_only(outcome_task, frame, "logistic", Recipe())
    outcome, group = spec.reference.outputs
    assert isinstance(outcome, CategoryBins)
    assert len(outcome.shares) == 2
    assert len(group.shares) == 3
    assert spec.reference.background
