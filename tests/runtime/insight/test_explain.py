import json
import math
import subprocess
import sys
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from satchel import BundleError, RecordError, SatchelError
from satchel.insight.explain import all_coalitions, shapley
from satchel.insight.given import used
from satchel.insight.quantity import Quantity, choose
from satchel.spec import Classes, Reference, Segment

OUTPUTS = ("grade", "outcome")
RUNS = 200


def coalition_worths(predictor, record, output):
    """Return the worth of every coalition, from raw records alone."""
    names = [f.name for f in predictor.spec.inputs.features]
    quantity = choose(predictor.spec, output, predictor.predict(record))
    background = predictor.spec.reference.background
    subsets = [set(s) for k in range(len(names) + 1) for s in combinations(range(len(names)), k)]
    rows = []
    for subset in subsets:
        known = {names[j] for j in subset}
        for other in background:
            rows.append({n: (record if n in known else other).get(n) for n in names})
    values = predictor.measure(rows, quantity).reshape(len(subsets), len(background))
    return dict(zip(map(frozenset, subsets), values.mean(axis=1), strict=True)), names


def exact_shapley(predictor, record, output):
    """Return all Shapley values by the sum over all coalitions."""
    worth, names = coalition_worths(predictor, record, output)
    p = len(names)
    found = {}
    for j, name in enumerate(names):
        found[name] = sum(
            math.factorial(len(s))
            * math.factorial(p - len(s) - 1)
            / math.factorial(p)
            * (worth[s | {j}] - worth[s])
            for s in worth
            if j not in s
        )
    return found


@pytest.fixture
def _drawn(monkeypatch):
    """The tiny model has so few fields that nothing would be drawn."""
    monkeypatch.setattr("satchel.insight.explain.ALL_ROWS", 0)


drawn = pytest.mark.usefixtures("_drawn")


@pytest.fixture(params=OUTPUTS)
def output(request):
    return request.param


def test_of_few_fields_the_values_are_exact(predictor, record, output):
    exact = exact_shapley(predictor, record, output)
    explanation = predictor.explain(record, output, samples=1)
    for one in explanation.features:
        assert one.contribution == pytest.approx(exact[one.feature], abs=1e-9)
        assert one.error == 0.0
    assert explanation.samples == math.factorial(6)
    assert explanation == predictor.explain(record, output, seed=1)


@drawn
def test_the_values_are_those_of_all_coalitions_within_their_error(predictor, record, output):
    exact = exact_shapley(predictor, record, output)
    explanation = predictor.explain(record, output)
    assert {c.feature for c in explanation.features} == set(exact)
    for one in explanation.features:
        assert abs(one.contribution - exact[one.feature]) <= 4 * one.error + 1e-9
        assert one.error < 0.05 * sum(abs(value) for value in exact.values())


@drawn
def test_the_error_is_as_large_as_it_says(predictor, record, output):
    exact = exact_shapley(predictor, record, output)
    off = {name: [] for name in exact}
    said = {name: [] for name in exact}
    for seed in range(RUNS):
        for one in predictor.explain(record, output, samples=64, seed=seed).features:
            off[one.feature].append(one.contribution - exact[one.feature])
            said[one.feature].append(one.error)
    for name in exact:
        spread = np.sqrt(np.mean(np.square(said[name])))
        assert abs(np.mean(off[name])) < 5 * spread / np.sqrt(RUNS)  # no bias
    deviation, error = (np.mean(np.square(list(of.values()))) for of in (off, said))
    assert 0.8 < np.sqrt(deviation / error) < 1.25


@pytest.mark.parametrize("rows", [0, 4096])
@pytest.mark.parametrize("samples", [1, 64])
def test_the_values_add_up_to_the_answer_minus_the_base(
    predictor, record, output, samples, rows, monkeypatch
):
    monkeypatch.setattr("satchel.insight.explain.ALL_ROWS", rows)
    explanation = predictor.explain(record, output, samples=samples)
    total = sum(one.contribution for one in explanation.features)
    assert total == pytest.approx(explanation.value - explanation.base, abs=1e-12)


def test_value_is_the_answer_before_rounding_and_base_the_mean_of_the_background(predictor, record):
    prediction = predictor.predict(record)
    grade, outcome = (predictor.explain(record, name) for name in OUTPUTS)
    assert round(grade.value, 1) == prediction.outputs["grade"].value != grade.value
    assert grade.unit == "points"
    assert outcome.value == pytest.approx(prediction.outputs["outcome"].probability, abs=1e-6)
    assert outcome.unit == "probability of pass"
    background = predictor.predict_many(list(predictor.spec.reference.background))
    assert outcome.base == pytest.approx(background.outputs["outcome"].probability.mean(), abs=1e-6)
    assert grade.base == pytest.approx(background.outputs["grade"].value.mean(), abs=0.06)


@drawn
def test_four_times_as_many_draws_halve_the_errors(predictor, record):
    few, many = (predictor.explain(record, "grade", samples=n) for n in (200, 800))
    assert (few.samples, many.samples) == (200, 800)
    ratio = sum(c.error for c in few.features) / sum(c.error for c in many.features)
    assert 1.6 < ratio < 2.5


@drawn
def test_every_background_record_gets_the_same_number_of_pairs_at_least_two(predictor, record):
    assert predictor.explain(record, "grade", samples=1).samples == 8  # 2 records, 2 pairs of 2
    assert predictor.explain(record, "grade", samples=9).samples == 12


@drawn
def test_the_same_seed_gives_the_same_explanation(predictor, record):
    assert predictor.explain(record, "grade") == predictor.explain(record, "grade")
    assert predictor.explain(record, "grade") != predictor.explain(record, "grade", seed=1)


def test_the_largest_comes_first_and_carries_the_value_given(predictor, record):
    del record["effort"]
    features = predictor.explain({**record, "hours": "6.5", "teacher": "x"}, "grade").features
    sizes = [abs(one.contribution) for one in features]
    assert sizes == sorted(sizes, reverse=True)
    given = {one.feature: one.given for one in features}
    assert given == {**record, "effort": None}


def test_missing_and_clipped_values_count_as_what_is_used_for_them(predictor, record):
    def values(**changes):
        explanation = predictor.explain(record | changes, "grade")
        return {c.feature: c.contribution for c in explanation.features}

    assert values(hours=None, effort=" ") == values(hours=5.0, effort="medium")
    assert values(hours=900) == values(hours=40.0) != values(hours=39.0)


def test_an_output_must_be_named_where_there_are_several(predictor, record):
    with pytest.raises(SatchelError, match="name one of grade, outcome"):
        predictor.explain(record)
    for name in ("marks", "group"):
        with pytest.raises(SatchelError, match=f"'{name}' is no output to explain.*grade, outcome"):
            predictor.explain(record, name)


def test_a_bundle_without_background_says_so(changed, record):
    for reference in (Reference(), replace(changed().spec.reference, background=())):
        with pytest.raises(BundleError, match=r"tiny\.linear has no background"):
            changed(reference=reference).explain(record, "grade")


def test_a_record_that_cannot_be_read_is_refused(predictor, record):
    with pytest.raises(RecordError, match="score"):
        predictor.explain({**record, "score": 99}, "grade")


def test_it_is_ready_for_json(predictor, record):
    plain = json.loads(json.dumps(predictor.explain(record, "outcome").as_dict()))
    assert plain["model"] == "tiny.linear"
    assert plain["output"] == "outcome"
    assert plain["features"][0].keys() == {"feature", "given", "contribution", "error"}


# ---- the quantity ------------------------------------------------------------------------------


def test_of_classes_without_a_positive_label_the_predicted_one_is_meant(spec, predictor, record):
    levels = Classes(name="outcome", label="", labels=("low", "mid", "high"))
    prediction = predictor.predict(record)
    made = replace(spec, outputs=(levels,), advice=None, checks=(), reference=Reference())
    prediction = replace(
        prediction, outputs={"outcome": replace(prediction.outputs["outcome"], label="mid")}
    )
    quantity = choose(made, None, prediction)
    assert quantity == Quantity(levels, "mid")
    assert quantity.of({"outcome": np.array([[0.1, 0.7, 0.2]])}).tolist() == [0.7]
    positive = replace(levels, positive="high")
    assert choose(replace(made, outputs=(positive,)), None, prediction).label == "high"


def test_a_segment_alone_cannot_be_explained(spec, predictor, record):
    group = Segment(name="group", label="", labels=("a", "b"))
    made = replace(spec, outputs=(group,), advice=None, checks=())
    with pytest.raises(SatchelError, match="segments only"):
        choose(made, None, predictor.predict(record))


def test_an_answer_that_is_no_number_is_an_error(spec):
    quantity = Quantity(spec.outputs[0])
    with pytest.raises(RecordError, match="no usable grade"):
        quantity.of({"grade": np.array([[1.0], [np.nan]])})


# ---- the draw ----------------------------------------------------------------------------------


def test_an_additive_game_is_solved_without_error():
    weights = np.array([2.0, -1.0, 0.0, 5.0])

    def worth(inside, background):
        return inside @ weights + 1

    value, bases, found = shapley(worth, 4, 2, 3, np.random.default_rng(0))
    assert (value, bases.tolist()) == (7.0, [1.0, 1.0])
    np.testing.assert_allclose(found, np.broadcast_to(weights, (2, 3, 4)), atol=1e-12)


def test_a_pair_solves_what_two_fields_do_together():
    def both(inside, background):
        return inside.all(axis=1).astype(float)

    _, _, found = shapley(both, 2, 1, 4, np.random.default_rng(0))
    np.testing.assert_allclose(found, 0.5)  # one order gives (0, 1), its reverse (1, 0)


def test_one_field_gets_the_whole_difference():
    found = all_coalitions(lambda inside, of: np.where(inside[:, 0], 3.0, 1.0 + of), 1, 2)
    assert found == (3.0, 1.5, [1.5])

    def worth(inside, background):
        return np.where(inside[:, 0], 3.0, 1.0 + background)

    value, bases, found = shapley(worth, 1, 2, 2, np.random.default_rng(0))
    assert found[:, :, 0].tolist() == [[2.0, 2.0], [1.0, 1.0]]
    assert found.mean() == value - bases.mean()


def test_many_draws_are_made_in_parts(monkeypatch):
    rows = []

    def worth(inside, background):
        rows.append(len(inside))
        return inside.sum(axis=1) * 1.0

    monkeypatch.setattr("satchel.insight.explain.ROWS_AT_ONCE", 30)
    shapley(worth, 3, 5, 7, np.random.default_rng(0))
    assert rows[0] == 6
    assert max(rows[1:]) <= 30
    assert sum(rows[1:]) == 5 * 7 * 2 * 2


# ---- values as they are used -------------------------------------------------------------------


def test_a_whole_number_that_is_imputed_by_a_mean_is_left_to_the_encoder(changed, spec, record):
    features = tuple(
        replace(f, imputed=2.5, clip=(None, 7.5)) if f.name == "absences" else f
        for f in spec.inputs.features
    )
    other = changed(inputs=replace(spec.inputs, features=features))
    for absences in (None, 9):
        mixed = {**record, "absences": absences}
        exact = exact_shapley(other, mixed, "outcome")
        for one in other.explain(mixed, "outcome").features:
            assert abs(one.contribution - exact[one.feature]) <= 4 * one.error + 1e-9
        assert other.suggest(mixed, "outcome").changes


@pytest.mark.parametrize(("value", "expected"), [(None, 5.0), (0.0, 0.5), (41.0, 40.0), (7.0, 7.0)])
def test_missing_and_far_values_are_replaced_as_the_encoder_does(spec, value, expected):
    assert used(spec.inputs.features[1], value) == expected


# ---- the public face ---------------------------------------------------------------------------


def test_what_is_public_is_there_and_what_only_explains_is_loaded_when_asked_for():
    code = (
        "import sys, satchel\n"
        "assert not [name for name in sys.modules if name.startswith('satchel.insight')]\n"
        "assert all(getattr(satchel, name) for name in satchel.__all__)\n"
        "assert 'satchel.insight.drift' in sys.modules\n"
        "assert not hasattr(satchel, 'Nothing')\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
