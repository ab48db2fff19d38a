import json
from dataclasses import replace

import pytest

from satchel import RecordError, SatchelError
from satchel.spec import Category, Number
from satchel.what_if import CAUTION, alternatives


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


def test_changes_are_ranked_by_what_predictions_gain(predictor, record):
    found = predictor.suggest(record, "grade")
    effects = [one.effect for one in found.changes]
    assert effects == sorted(effects, reverse=True)
    assert len(effects) == 9
    for one in found.changes:
        assert one.feature == "hours"  # the only one that can be changed
        assert one.given == 6.5
        assert 1.0 <= one.value <= 30.0
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
    features = tuple(replace(f, actionable=f.name in ("effort", "course")) for f in inputs.features)
    other = changed(inputs=replace(inputs, features=features))
    del record["effort"]
    tried = {(one.feature, one.given, one.value) for one in other.suggest(record, "grade").changes}
    assert tried == {
        ("course", "math", "physics"),
        ("course", "math", "français"),
        ("effort", None, "low"),
        ("effort", None, "high"),
    }


def test_what_is_given_already_is_no_suggestion(predictor, record):
    record["hours"] = 30
    assert [one.value for one in predictor.suggest(record, "grade").changes].count(30.0) == 0


def test_nothing_to_change_gives_no_suggestion(predictor, changed, record):
    inputs = predictor.spec.inputs
    fixed = tuple(replace(f, actionable=False) for f in inputs.features)
    assert changed(inputs=replace(inputs, features=fixed)).suggest(record, "grade").changes == ()


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
        (Category(name="c", label="C", values=("a", "b")), ["a", "b"]),
    ],
)
def test_a_number_is_tried_at_a_few_steps_of_the_range_that_counts(feature, values):
    assert alternatives(feature) == values
