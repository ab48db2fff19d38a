import pytest

import satchel
from satchel import TableError, TableMapping
from satchel.tables.class_list import (
    Levels,
    Limits,
    Upload,
    read_class,
    read_sheet,
    reasons,
    with_reasons,
)
from satchel.tables.outcome import has_failed, moves, outcome, rules

LIST = "Name,Form,G1,G2,failures\n" + "".join(
    f"S{i},{'AB'[i % 2]},{4 + i % 14},{4 + i % 14},{int(i % 14 < 4)}\n" for i in range(56)
)


@pytest.fixture(scope="module")
def predictor():
    return satchel.load("secondary-mathematics")


def upload(text=LIST, **options):
    return Upload("list.csv", text.encode(), **options)


def test_the_borders_of_the_levels():
    levels = Levels(0.5, 0.2)
    assert [levels.of(risk) for risk in (0.5, 0.49, 0.2, 0.19)] == ["high", "watch", "watch", "low"]
    assert levels.of(None) == levels.of(float("nan")) == ""


def test_a_sheet_has_the_cells_of_students_alone(predictor):
    sheet = read_sheet(upload(LIST + "Average,,9,9,0\n"), predictor.spec, Limits())
    assert (len(sheet.rows), sheet.passed) == (56, 1)
    assert sheet.column("G1")[:2] == ["4", "5"]


def test_totals_that_the_list_says_are_found_behind_guessed_names(predictor):
    text = "Name,Test 1,Test 2\nPoints Possible,10,50\nAna,5,30\n"
    mapping = read_sheet(upload(text), predictor.spec, Limits()).mapping
    assert mapping.columns == {"Test 1": "G1/10", "Test 2": "G2/50"}


@pytest.mark.parametrize("limits", [Limits(rows=55), Limits(columns=4)])
def test_a_larger_list_is_refused_with_its_limit(predictor, limits):
    with pytest.raises(TableError, match=r"more than (55 students|4 columns)"):
        read_sheet(upload(), predictor.spec, limits)


def test_a_class_is_answered_as_any_table_is(predictor):
    found = read_class(upload(named="Name", grouped="Form"), predictor, None)
    first = found.students[3]
    assert (first.name, first.group, first.number) == ("S3", "B", 5)
    record = {"G1": 7, "G2": 7, "failures": 1}
    assert first.prediction.value == predictor.predict(record).value
    assert found.absent == ("age", "studytime", "schoolsup", "higher")


def test_reasons_speak_against_and_what_can_be_changed_comes_first():
    factors = satchel.load("exam-factors")
    features = {feature.name: feature for feature in factors.spec.inputs.features}
    record = {"Hours_Studied": 3, "Attendance": 62, "Previous_Scores": 55, "Family_Income": "Low"}
    found = reasons(factors, record, "Exam_Score")
    assert {"Attendance", "Hours_Studied"} <= {one.field for one in found}
    assert all(one.contribution < 0 for one in found)
    changeable = [features[one.field].actionable for one in found]
    assert changeable == sorted(changeable, reverse=True)


def test_reasons_are_found_for_those_who_come_first(predictor):
    found = with_reasons(read_class(upload(), predictor, None), predictor, "G3")
    explained = [one for one in found.students if one.reasons]
    assert 0 < len(explained) <= 30
    risks = [one.risk("G3") for one in found.students]
    assert all(one.risk("G3") >= sorted(risks)[-30] for one in explained)


def test_last_years_list_is_held_against_its_results(predictor):
    text = "\n".join(
        f"{line},{'End' if i == 0 else 3 + (i - 1) % 14}"
        for i, line in enumerate(LIST.splitlines())
    )
    found = read_class(upload(text, named="Name", result="End"), predictor, None)
    rule = rules(predictor.spec)[0]
    assert rule.name == "G2"
    result = outcome(found, predictor.spec, "G3", 0.5, 10.0, rule)
    failed = sum(3 + i % 14 < 10 for i in range(56))
    assert (result.students, result.failed, result.unknown) == (56, failed, 0)
    assert (result.model.found, result.model.first) == (12, 12)
    assert result.hits + result.misses == failed
    # Of equals any may be among the first: a rule that tells nothing finds what chance does.
    nothing = next(rule for rule in rules(predictor.spec) if rule.name == "studytime")
    by_chance = outcome(found, predictor.spec, "G3", 0.5, 10.0, nothing).rule
    assert by_chance.found == pytest.approx(12 * failed / 56)


@pytest.mark.parametrize(
    ("result", "failed"),
    [("9,5", True), ("10", False), ("fail", True), ("Pass", False), ("", None), ("?", None)],
)
def test_a_result_is_a_mark_or_a_word(predictor, result, failed):
    assert has_failed(result, predictor.spec.outputs[0], 10.0) is failed


def test_who_moved_is_told_by_name_and_nobody_is_taken_for_another(predictor):
    def read(text):
        return read_class(upload(text, named="Name"), predictor, None)

    earlier = read("Name,G1,G2\nAna,8,7\nBea,14,15\nCal,9,8\nCal,9,8\nDan,9,9\n")
    later = read("Name,G1,G2\nana,8,13\nBea,14,15\nCal,9,15\nEva,1,1\n")
    (move,) = moves(earlier, later, "G3")
    assert move.now.name == "ana"
    assert move.change < -0.5


def test_a_class_unlike_the_training_rows_is_told(predictor):
    assert not read_class(upload("G1,G2\n12,12\n11,10\n"), predictor, None).unlike
    same = "G1,G2\n" + "19,19\n" * 80
    assert read_class(upload(same), predictor, None).unlike


def test_the_size_of_a_class_grows_with_it(predictor):
    small = read_class(upload("G1,G2\n12,12\n"), predictor, None)
    assert read_class(upload(), predictor, None).size > small.size > 0


def test_a_mapping_may_be_given_with_the_list(predictor):
    mapping = TableMapping({"x": "G1", "y": "G2"})
    sheet = read_sheet(upload("x,y\n12,13\n", mapping=mapping), predictor.spec, Limits())
    assert sheet.mapping.columns == {"x": "G1", "y": "G2"}
