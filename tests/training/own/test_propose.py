import io
import random

import pytest

from satchel import DataError, TableMapping
from satchel_training.evaluate import split
from satchel_training.own.declared import read_declared
from satchel_training.own.propose import propose
from satchel_training.own.school import task_of, too_few
from satchel_training.own.sheet import read_sheet

HEADER = ["Student", "Test 1 (20)", "Absences", "Final"]


def rows(count=120, seed=1):
    drawn = random.Random(seed)
    found = []
    for i in range(count):
        ability = drawn.gauss(11, 3)
        test = min(20, max(0, round(ability + drawn.gauss(0, 2), 1)))
        final = min(20, max(0, round(ability + drawn.gauss(0, 1.5))))
        found.append([f"S{i}", test, drawn.randint(0, 9), final])
    return found


def sheet_of(header, cells, mapping=None):
    text = "\n".join(",".join(map(str, row)) for row in [header, *cells]) + "\n"
    return read_sheet(io.BytesIO(text.encode()), mapping or TableMapping())


def proposed(header, cells, target="Final", **options):
    return propose(sheet_of(header, cells), target, "own", **options)


def fields(declared):
    return {one.name: one for one in declared.fields}


def with_column(name, made):
    """A class list with one more column, made from each row."""
    return [*HEADER, name], [[*row, made(i, row)] for i, row in enumerate(rows())]


def test_a_list_of_marks_is_a_score_with_limits_directions_and_a_naive_guess():
    found = proposed(HEADER, rows(), pass_at=10.0)
    assert (found.kind, found.limits, found.naive) == ("score", (0.0, 20.0), "Test 1 (20)")
    assert fields(found)["Test 1 (20)"].limits == (0.0, 20.0)
    assert found.directions == {"Test 1 (20)": "increasing", "Absences": "decreasing"}
    assert found.left_out == {"Student": "it names the student"}
    assert fields(found)["Absences"].actionable


@pytest.mark.parametrize(
    ("name", "made", "why"),
    [
        ("Number", lambda i, row: i + 1, "it numbers the rows"),
        ("Born", lambda i, row: f"200{i % 9}-01-0{1 + i % 9}", "it holds dates"),
        ("Remark", lambda i, row: f"works well {i % 60}", "it is free text"),
        ("E-mail", lambda i, row: f"s{i}@school.example", "it names the student"),
        ("Country", lambda i, row: "Malta", "it is the same in every row"),
        ("Tutor", lambda i, row: "yes" if i == 5 else "", "it is nearly empty"),
        ("Report", lambda i, row: row[3] + 0.25, "it gives Final away"),
        ("Letter", lambda i, row: "EDCBA"[row[3] // 5], "it gives Final away"),
        ("Passed", lambda i, row: "yes" if row[3] >= 10 else "no", "it gives Final away"),
        ("Next year", lambda i, row: (row[3] * 7 + i) % 20, "it is known only after Final"),
    ],
)
def test_columns_that_cannot_be_asked_are_left_out_with_the_reason(name, made, why):
    found = proposed(*with_column(name, made))
    assert why.split("it ", 1)[-1] in found.left_out[name]
    assert name not in fields(found)


def test_a_field_that_merely_foretells_well_is_kept():
    found = proposed(*with_column("Test 2", lambda i, row: row[3] + (i % 5) - 2))
    assert "Test 2" in fields(found)


def test_an_identifier_that_sorts_by_result_is_no_field():
    cells = sorted(rows(), key=lambda row: -row[3])
    found = proposed(["Rank", *HEADER], [[i + 1, *row] for i, row in enumerate(cells)])
    assert found.left_out["Rank"] == "it numbers the rows"


def test_groups_and_years_are_kept_apart_for_the_folds():
    header, cells = with_column("Class", lambda i, row: f"9{'abcd'[i % 4]}")
    found = proposed([*header, "Year"], [[*row, 2023 + i % 3] for i, row in enumerate(cells)])
    assert (found.group, found.year) == ("Class", "Year")
    task, _ = task_of(found, sheet_of([*header, "Year"], [[*r, 2023] for r in cells]))
    assert (task.grouped_by, task.last_of) == ("Class", "Year")


def test_a_list_of_one_class_and_one_year_has_nothing_to_keep_apart():
    header, cells = with_column("Class", lambda i, row: f"9{'abcd'[i % 4]}")
    found = proposed([*header, "Year"], [[*row, 2023 + i % 3] for i, row in enumerate(cells)])
    one = [[*row[:-1], "9a", 2023] for row in cells]
    task, _ = task_of(found, sheet_of([*header, "Year"], one))
    kept, left = split(task, task.dataset.load())
    assert (len(kept), len(left)) == (96, 24)


def test_sensitive_columns_are_told_by_their_names():
    found = proposed(*with_column("Gender", lambda i, row: "fm"[i % 2]))
    assert fields(found)["Gender"].sensitive
    assert fields(found)["Gender"].values == ("f", "m")


def test_words_among_numbers_are_marks_for_missing():
    cells = rows()
    cells[3][1] = "EX"
    found = proposed(HEADER, cells)
    assert "EX" in found.mapping.missing
    task, _ = task_of(found, sheet_of(HEADER, cells, found.mapping))
    assert task.dataset.load()["Test 1 (20)"].isna().sum() == 1


def test_two_labels_are_an_outcome_whose_success_is_told_by_its_name():
    cells = [[*row[:3], "Pass" if row[3] > 9 else "Retained"] for row in rows()]
    found = proposed(HEADER, cells)
    assert (found.kind, found.labels) == ("outcome", ("Retained", "Pass"))


def test_a_label_that_is_probably_a_slip_is_refused_with_the_remedy():
    cells = [[*row[:3], "pass" if row[3] > 9 else "fail"] for row in rows()]
    cells[0][3] = "fial"
    with pytest.raises(DataError, match=r"Final is 'fial' in 1 of 120 rows: is it 'fail'\?") as no:
        proposed(HEADER, cells)
    assert '--map-value "Final:fial=fail"' in str(no.value)
    mapping = TableMapping(values={"Final": {"fial": "fail"}})
    assert propose(sheet_of(HEADER, cells, mapping), "Final", "own").labels == ("fail", "pass")


@pytest.mark.parametrize(
    ("target", "change", "why"),
    [
        ("Finl", lambda row: row, "no column 'Finl'; did you mean 'Final'"),
        ("Final", lambda row: [*row[:3], ""], "no value in any row"),
        ("Final", lambda row: [*row[:3], "pass"], "the same in every row"),
        ("Student", lambda row: row, "120 different texts"),
    ],
)
def test_a_target_that_cannot_be_learned_is_refused_in_one_line(target, change, why):
    with pytest.raises(DataError, match=why) as no:
        proposed(HEADER, [change(row) for row in rows()], target)
    assert "\n" not in str(no.value)


@pytest.mark.parametrize(
    "header", [["الطالب", "اختبار", "غياب", "النتيجة"], ["学生", "测验", "缺席", "成绩"]]
)
def test_headers_of_any_script_go_through(header):
    found = proposed(header, rows(), header[3])
    assert [one.name for one in found.fields] == header[1:3]
    assert read_declared(found.to_toml(), "own.toml") == found


def test_too_few_students_or_failures_are_refused():
    few = rows(59)
    task, _ = task_of(proposed(HEADER, few), sheet_of(HEADER, few))
    assert "59 students with a result are too few" in too_few(task, proposed(HEADER, few))
    cells = [[*row[:3], "fail" if i < 14 else "pass"] for i, row in enumerate(rows())]
    declared = proposed(HEADER, cells)
    task, _ = task_of(declared, sheet_of(HEADER, cells))
    assert "Final is 'fail' for 14 students" in too_few(task, declared)


def test_students_without_a_result_are_left_out_and_counted():
    cells = rows()
    cells[0][3] = cells[1][3] = ""
    task, unknown = task_of(proposed(HEADER, cells), sheet_of(HEADER, cells))
    assert (len(task.dataset.load()), unknown) == (118, 2)


def test_a_cell_that_is_no_value_of_its_field_is_named_with_its_row():
    cells = rows()
    declared = proposed(HEADER, cells)
    cells[7][1] = 99
    with pytest.raises(DataError, match=r"row 9: Test 1 \(20\) = '99' is out of its limits"):
        task_of(declared, sheet_of(HEADER, cells))
