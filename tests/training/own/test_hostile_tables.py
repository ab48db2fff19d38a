"""Tables that nobody should be able to learn from, or only with care: each is told in one line."""

import csv
import random
from pathlib import Path

import pytest

import satchel
from satchel.cli import main
from satchel_training.own import learn as learning
from satchel_training.own.choose import Choice, Compared

HEADER = ["Name", "Test 1", "Test 2", "Absences"]


def students(count=120):
    """Return rows of an invented class with a result from 0 to 20."""
    drawn = random.Random(3)
    for i in range(count):
        ability = drawn.gauss(11, 3)
        marks = [round(min(20, max(0, ability + drawn.gauss(0, 2)))) for _ in range(3)]
        yield [f"Student {i}", *marks[:2], drawn.randrange(15)], marks[2]


@pytest.fixture
def train(tmp_path, monkeypatch, capsys):
    """Train on a table; return the exit code, what was said, and the one line of refusal."""
    monkeypatch.chdir(tmp_path)
    one = Compared(model="ridge", loss=2.0, behind=0.0, error=0.0)
    choice = Choice(compared=(one,), picked="ridge", naive=2.6, lead=0.6, error=0.1)
    monkeypatch.setattr(learning, "compare", lambda *_: choice)

    def run(header, rows, *more, target="Final"):
        with open("odd.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        code = main(["train", "--from", "odd.csv", "--target", target, *more])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def refused(answer, why):
    code, _, err = answer
    assert (code, err.count("\n")) == (2, 1), err
    assert why in err
    assert not Path("models").exists()


def table(change):
    return [change(row, result) for row, result in students()]


def test_two_rows(train):
    rows = [[*row, result] for row, result in students(2)]
    refused(train([*HEADER, "Final"], rows), "2 students with a result are too few")


def test_more_columns_than_students(train):
    drawn = random.Random(1)
    rows = table(lambda row, result: [*row, *(drawn.gauss(0, 1) for _ in range(2000)), result])
    header = [*HEADER, *(f"c{i}" for i in range(2000)), "Final"]
    refused(train(header, rows), "2,003 fields are more than the 120 students")


def test_results_that_are_all_missing(train):
    refused(train([*HEADER, "Final"], table(lambda row, _: [*row, ""])), "Final")


def test_one_class_alone(train):
    refused(train([*HEADER, "Final"], table(lambda row, _: [*row, "pass"])), "Final")


def test_a_label_with_a_typo(train):
    rows = table(lambda row, result: [*row, "pass" if result >= 10 else "fail"])
    rows[5][-1] = "pas"
    refused(train([*HEADER, "Final"], rows), "'pas'")


def test_a_header_that_names_a_column_twice(train):
    header = ["Name", "Test", "Test", "Absences", "Final"]
    refused(train(header, table(lambda row, result: [*row, result])), "Test")


@pytest.mark.parametrize(
    ("header", "target"),
    [
        (["الاسم", "اختبار 1", "اختبار 2", "غياب", "النتيجة"], "النتيجة"),
        (["姓名", "测验一", "测验二", "缺勤", "成绩"], "成绩"),
    ],
)
def test_headers_of_other_scripts(train, header, target):
    code, _, _ = train(header, table(lambda row, result: [*row, result]), target=target)
    assert code == 0
    (bundle,) = Path("models").glob("*.onnx")
    assert {f.name for f in satchel.load(bundle).spec.inputs.features} == set(header[1:4])


def test_a_text_of_its_own_for_every_student_is_left_out(train):
    rows = table(lambda row, result: [*row, f"essay about {row[0]}, at length", result])
    code, said, _ = train([*HEADER, "Essay", "Final"], rows)
    assert code == 0
    assert "left out: Essay" in said


def test_an_identifier_that_sorts_by_result_is_left_out(train):
    rows = table(lambda row, result: [*row, result])
    rows.sort(key=lambda row: row[-1])
    rows = [[*row[:4], 5000 + i, row[4]] for i, row in enumerate(rows)]
    code, said, _ = train([*HEADER, "Number", "Final"], rows)
    assert code == 0
    assert "left out: Number" in said


def test_marks_of_the_next_year_are_left_out(train):
    drawn = random.Random(2)
    rows = table(lambda row, result: [*row, result + drawn.gauss(0, 0.1), result])
    code, said, _ = train([*HEADER, "Grade next year", "Final"], rows)
    assert code == 0
    assert "left out: Grade next year" in said
