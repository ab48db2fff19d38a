import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from satchel import RecordError, SatchelError
from satchel.insight.what_if import CAUTION, Suggestion, alternatives
from satchel.spec import Category, Number


def test_before_and_after_are_the_predictions_themselves(predictor, record):
    found = predictor.what_if(record, {"hours": 20, "course": "physics"})
    assert found.before == predictor.predict(record)
    assert found.after == predictor.predict({**record, "hours": 20, "course": "physics"})
    assert list(found.differences) == ["grade", "outcome"]
    change = found.after.outputs["grade"].value - found.before.outputs["grade"].value
    assert found.differences["grade"] == pytest.approx(change, abs=0.11)
    change = (
        found.after.outputs["outcome"].probability - found.before.outputs["outcome"].probability
    )
    assert found.differences["outcome"] == pytest.approx(change, abs=1e-6)
    assert abs(found.differences["outcome"]) > 0.01


def test_a_change_too_small_to_show_has_a_difference(predictor, record):
    found = predictor.what_if(record, {"hours": 6.5001})
    assert found.before.outputs["grade"].value == found.after.outputs["grade"].value
    assert 0 < abs(found.differences["grade"]) < 0.01


def test_no_change_makes_no_difference(predictor, record):
    assert set(predictor.what_if(record, {}).differences.values()) == {0.0}


def test_the_difference_needs_a_name_where_there_are_several(predictor, record):
    found = predictor.what_if(record, {"hours": 20})
    with pytest.raises(AttributeError, match=r"differences\['grade'\]"):
        found.difference  # noqa: B018
    assert replace(found, differences={"grade": 2.0}).difference == 2.0


@pytest.mark.parametrize("changes", [{"hour": 3}, {"score": 99}, {"score": None}, [1]])
def test_a_change_that_cannot_be_read_is_refused(predictor, record, changes):
    with pytest.raises(RecordError):
        predictor.what_if(record, changes)


def test_what_if_is_ready_for_json(predictor, record):
    plain = json.loads(json.dumps(predictor.what_if(record, {"hours": 20}).as_dict()))
    assert plain.keys() == {"before", "after", "differences"}
    assert plain["before"]["model"] == "tiny.linear"


# ---- suggestions -------------------------------------------------------------------------------


def going(inputs, **directions):
    """Return the inputs with these fields alone actionable, in these directions."""
    return replace(
        inputs,
        features=tuple(
            replace(f, actionable=f.name in directions, direction=directions.get(f.name, ""))
            for f in inputs.features
        ),
    )


def tried(predictor, record):
    changes = predictor.suggest(record, "grade").changes
    return {(one.feature, one.given, one.value) for one in changes}


def test_changes_are_ranked_by_what_predictions_gain(predictor, record):
    found = predictor.suggest(record, "grade")
    effects = [one.effect for one in found.changes]
    assert effects == sorted(effects, reverse=True)
    assert len(effects) == 8
    for one in found.changes:
        assert one.feature == "hours"  # the only one that can be changed
        assert one.given == 6.5
        assert 6.5 < one.value <= 30.0
        after = predictor.predict({**record, "hours": one.value}).outputs["grade"].value
        assert found.value + one.effect == pytest.approx(after, abs=0.06)


def test_the_result_says_that_these_are_no_promises(predictor, record):
    found = predictor.suggest(record, "outcome")
    assert found.caution == CAUTION
    assert "not promises" in found.caution
    assert json.loads(json.dumps(found.as_dict()))["caution"] == CAUTION
    assert found.unit == "probability of pass"


def test_categories_are_tried_at_each_other_value(predictor, changed, record):
    inputs = predictor.spec.inputs
    other = changed(inputs=going(inputs, effort="", course=""))
    del record["effort"]
    assert tried(other, record) == {
        ("course", "math", "physics"),
        ("course", "math", "français"),
        ("effort", None, "low"),
        ("effort", None, "high"),
    }


def test_categories_are_tried_in_their_direction_from_the_value_now(predictor, changed, record):
    for direction, given, other in (
        ("increase", "medium", "high"),
        ("increase", None, "high"),  # medium is imputed
        ("decrease", "medium", "low"),
        ("decrease", None, "low"),
    ):
        inputs = going(predictor.spec.inputs, effort=direction)
        found = tried(changed(inputs=inputs), {**record, "effort": given})
        assert found == {("effort", given, other)}


@pytest.mark.parametrize("direction", ["increase", "decrease"])
@pytest.mark.parametrize(("given", "now"), [(6.5, 6.5), (None, 5.0), (50.0, 40.0), (0.6, 0.6)])
def test_numbers_are_tried_in_their_direction_from_the_value_now(
    predictor, changed, record, direction, given, now
):
    other = changed(inputs=going(predictor.spec.inputs, hours=direction))
    values = [value for _, _, value in tried(other, {**record, "hours": given})]
    if direction == "increase":
        assert all(now < value <= 30 for value in values)
        assert bool(values) == (now < 30)
    else:
        assert all(1 <= value < now for value in values)
        assert bool(values) == (now > 1)


def test_a_whole_number_imputed_by_a_mean_is_where_its_direction_begins(predictor, changed, record):
    inputs = going(predictor.spec.inputs, score="decrease")
    score, *others = inputs.features
    other = changed(inputs=replace(inputs, features=(replace(score, imputed=4.5), *others)))
    assert {value for _, _, value in tried(other, {**record, "score": None})} == {2, 3, 4}


def test_a_change_in_the_direction_that_loses_is_told_last(predictor, changed, record):
    record["effort"] = "low"
    other = changed(inputs=going(predictor.spec.inputs, hours="decrease", effort="increase"))
    effects = [one.effect for one in other.suggest(record, "grade").changes]
    assert effects == sorted(effects, reverse=True)
    assert effects[0] > 0 > effects[-1]


def test_the_best_of_each_field_is_its_first(predictor, record):
    def change(feature, value, effect):
        return Suggestion(feature, 5.0, value, effect)

    changes = (
        change("x", 7.0, 2.0),
        change("y", 1.0, 1.0),
        change("x", 9.0, -1.0),
        change("z", 1.0, -2.0),
    )
    found = replace(predictor.suggest(record, "grade"), changes=changes)
    assert found.best == (changes[0], changes[1], changes[3])


def test_of_equal_effects_the_smallest_change_is_first(predictor, changed, record, monkeypatch):
    other = changed(inputs=going(predictor.spec.inputs, hours="decrease"))
    monkeypatch.setattr(other, "measure", lambda rows, quantity: np.zeros(len(rows)))
    values = [one.value for one in other.suggest({**record, "hours": 9}, "grade").changes]
    assert values == [8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]


def test_what_is_given_already_is_no_suggestion(predictor, record):
    record["hours"] = 30
    assert [one.value for one in predictor.suggest(record, "grade").changes].count(30.0) == 0


def test_nothing_to_change_gives_no_suggestion(predictor, changed, record):
    fixed = going(predictor.spec.inputs)
    assert changed(inputs=fixed).suggest(record, "grade").changes == ()


def test_an_output_must_be_named(predictor, record):
    with pytest.raises(SatchelError, match="grade, outcome"):
        predictor.suggest(record)


def test_a_record_that_cannot_be_read_has_no_suggestions(predictor):
    with pytest.raises(RecordError):
        predictor.suggest({"score": 5}, "grade")


def test_no_background_is_needed(changed, record, predictor):
    bare = changed(reference=replace(predictor.spec.reference, background=()))
    assert bare.suggest(record, "grade").changes
    assert bare.what_if(record, {"hours": 3}).differences


EIGHTHS = [0.1, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0]
NUMBER = Number(name="x", label="X", seen=(0.0, 10.0))


@pytest.mark.parametrize(
    ("feature", "values"),
    [
        (NUMBER, [0.0, 1.2, 2.5, 3.8, 5.0, 6.2, 7.5, 8.8, 10.0]),
        (replace(NUMBER, integer=True), [0.0, 1.0, 2.0, 4.0, 5.0, 6.0, 8.0, 9.0, 10.0]),
        (replace(NUMBER, integer=True, seen=(1.0, 3.0)), [1.0, 2.0, 3.0]),
        (replace(NUMBER, seen=(4.0, 4.0)), [4.0]),
        (replace(NUMBER, seen=(0.0031, 80.26), clip=(None, 80.0)), EIGHTHS),
        (replace(NUMBER, seen=(0.0031, 80.26), limits=(None, 80.0)), EIGHTHS),
        (replace(NUMBER, seen=(0.0, 1.0), clip=(2.0, None)), []),
        (replace(NUMBER, seen=None), []),
        (Category(name="c", label="C", values=("a", "b", "c")), ["b", "a"]),
    ],
)
def test_a_number_is_tried_at_a_few_steps_of_the_range_that_counts(feature, values):
    now = "c" if isinstance(feature, Category) else -1.0
    assert alternatives(feature, now) == values


TINIEST = 5e-324
BOUNDS = (-1e100, -1.0, -TINIEST, 0.0, TINIEST, 1e-320, 1e-308, 0.1, 1.0, 1e16, 1e100)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("direction", ["", "increase", "decrease"])
def test_steps_lie_inside_a_range_of_any_width(integer, direction):
    for seen in combinations(BOUNDS, 2):
        feature = replace(NUMBER, integer=integer, seen=seen, actionable=True, direction=direction)
        for now in (*seen, 0.0):
            assert all(seen[0] <= step <= seen[1] for step in alternatives(feature, now))


@pytest.mark.parametrize(
    ("direction", "now", "values"),
    [
        ("increase", 8.0, [8.2, 8.5, 8.8, 9.0, 9.2, 9.5, 9.8, 10.0]),
        ("increase", 9.96, [10.0]),
        ("increase", 10.0, []),
        ("increase", 11.0, []),
        ("increase", -4.0, [0.0, 1.2, 2.5, 3.8, 5.0, 6.2, 7.5, 8.8, 10.0]),
        ("decrease", 2.0, [1.8, 1.5, 1.2, 1.0, 0.8, 0.5, 0.2, 0.0]),
        ("decrease", 0.04, [0.0]),
        ("decrease", 0.0, []),
        ("decrease", -1.0, []),
        ("", 5.0, [3.8, 6.2, 2.5, 7.5, 1.2, 8.8, 0.0, 10.0]),
    ],
)
def test_a_direction_leaves_what_lies_that_way_the_nearest_first(direction, now, values):
    feature = replace(NUMBER, actionable=True, direction=direction)
    assert alternatives(feature, now) == values


LEVELS = Category(name="c", label="C", values=("a", "b", "c", "d"), ordered=True, actionable=True)


@pytest.mark.parametrize(
    ("direction", "now", "values"),
    [
        ("increase", "b", ["c", "d"]),
        ("increase", "d", []),
        ("decrease", "c", ["b", "a"]),
        ("decrease", "a", []),
        ("", "c", ["b", "d", "a"]),
    ],
)
def test_of_categories_too(direction, now, values):
    assert alternatives(replace(LEVELS, direction=direction), now) == values
