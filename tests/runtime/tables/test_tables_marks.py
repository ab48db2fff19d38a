"""What cells mean: marks for missing, percentages, totals, averages, formulas, scales."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from satchel import TableError
from satchel.encode.readers import Unreadable
from satchel.spec import Category, Number, NumberBins, Reference
from satchel.tables.cells import Percent, as_number
from satchel.tables.formulas import neutralised
from satchel.tables.mapping import Held, TableMapping, hints, read_columns, wanted
from satchel.tables.marks import MISSING, CellReader, Marks
from satchel.tables.scale import ScaleWatch
from satchel.tables.students import (
    POINTS,
    STATISTICS,
    WHOLE,
    Passed,
    is_student,
    students,
)
from satchel.tables.table import Chunk, Columnar
from satchel.tables.totals import totals_of

MARK = Number(name="mark", label="Mark", integer=True, limits=(0.0, 20.0))
SHARE = Number(name="share", label="Share", unit="percent", limits=(0.0, 110.0))
OPEN = Number(name="hours", label="Hours", limits=(0.0, None))


def read(cell, field=MARK, total=None, marks=None):
    return CellReader(field.name, field, marks or Marks(), total).read(cell)


# ---- missing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["", "  ", "-", " - ", "–", "N/A", "Abs", "NaN", "#N/A", "null"])  # noqa: RUF001
def test_marks_for_missing(cell):
    assert read(cell) == ""


def test_marks_of_ones_own_are_added():
    marks = Marks((*MISSING, "Krank"))
    assert (read("krank", marks=marks), read("abs", marks=marks)) == ("", "")
    with pytest.raises(ValueError, match="say --missing=krank if it stands for no value"):
        read("krank")


def test_a_value_of_the_field_is_no_mark():
    grades = Category(name="c", label="C", values=("abs", "NA", "x"), imputed="x")
    assert [read(cell, grades) for cell in ("abs", "NA", "-")] == ["abs", "NA", ""]


# ---- percentages and totals ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "field", "value"),
    [
        ("71 %", SHARE, 71.0),
        ("71,5%", SHARE, 71.5),
        (Percent(0.57), SHARE, 57.0),
        ("50%", Number(name="p", label="P", limits=(0.0, 1.0)), 0.5),
    ],
)
def test_a_percentage_of_a_field_in_percent(cell, field, value):
    assert read(cell, field, marks=Marks(decimal=",")) == value


@pytest.mark.parametrize("cell", ["85%", Percent(0.85)])
def test_a_percentage_of_any_other_field_is_not_guessed(cell):
    with pytest.raises(ValueError, match=r'\'85%\' is a percentage.*--map "mark=mark/100"'):
        read(cell)
    with pytest.raises(ValueError, match="has no upper limit; give the number itself"):
        read(cell, OPEN)
    assert read(cell, total=100) == 17.0
    assert read(cell, total=10) == 17.0  # of 100, whatever the other marks are out of


def test_marks_out_of_another_total_are_brought_to_the_limit():
    half = Number(name="half", label="Half", limits=(0.0, 100.0))
    assert read("7", half, total=10) == 70.0
    assert read("7,5", half, total=10, marks=Marks(decimal=",")) == 75.0
    assert read(7, half, total=10) == 70.0
    assert [read(str(n), total=15) for n in (0, 3, 15)] == [0.0, 4.0, 20.0]
    assert [read(c, total=100) for c in ("62", "62.5", "63")] == [12.0, 13.0, 13.0]
    assert read("8", SHARE, total=10) == 80.0  # percent, whatever the limit beyond 100


@pytest.mark.parametrize("cell", ["11", "-1", 11])
def test_a_mark_beyond_its_total_is_told(cell):
    with pytest.raises(ValueError, match="is out of bounds; give a number from 0 to 10, its total"):
        read(cell, total=10)


@pytest.mark.parametrize("cell", ["A9+", "", "-", None, math.nan, True])
def test_what_is_no_number_is_left_to_the_field(cell):
    found = read(cell, total=10)
    assert found in (cell, "", None) or cell != cell


def test_a_column_is_read_as_its_cells_are():
    reader = CellReader("mark", MARK, Marks(decimal=","))
    for cells in (
        ["1,5", "-", "85%", "1,5", "x9"],
        np.array(["1,5", "-", "85%", "1,5", "x9"]),
        [1.5, None, Percent(0.85), "1,5", "x9"],
    ):
        column = reader.column(cells)
        assert column.values[[0, 3]].tolist() == [1.5, 1.5]
        assert list(column.unsettled) == [1, 2, 4]
        assert column[1] in ("", None)
        assert column[4] == "x9"
        assert isinstance(column[2], Unreadable)
        assert "'85%' is a percentage" in column[2].message
        assert list(column[1:].unsettled) == [0, 1, 3]
        assert column[3:][1] == "x9"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("13/20", 13.0),
        (" 13 / 20 ", 13.0),
        ("26/40", 13.0),
        ("6,5/10", 13.0),
        ("١٣", "13"),
        ("۱۲", "12"),
        ("１２", "12"),  # noqa: RUF001
        ("１２，５", "12.5"),  # noqa: RUF001
    ],
)
def test_marks_of_many_hands(cell, value):
    assert read(cell, marks=Marks(decimal="")) == value


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (
            "EX",
            "mark = 'EX' is not a number; give a whole number from 0 to 20, or say --missing=EX",
        ),
        ("B+", r"= 'B\+' looks like a letter grade; give a whole number from 0 to 20"),
        ("✓", "or say --missing='✓' if it stands for no value"),
        ("12-Dec", r"looks like a date \(a spreadsheet may have made it of 12/12\)"),
        ("3 June", r"may have made it of 3/6\)"),
    ],
)
def test_what_a_mark_may_have_been_is_told(cell, message):
    with pytest.raises(ValueError, match=message):
        read(cell)


@pytest.mark.parametrize("cell", ["13 pts", "14*", "13 (65%)", "²", "1/0", "21/20", "-1/20"])
def test_what_is_no_mark_is_left_to_the_field(cell):
    assert read(cell) == cell if cell != "²" else read("1²") == "1²"


# ---- mapping ---------------------------------------------------------------------------------


def test_a_mapping_with_totals(spec):
    held = read_columns(spec, {"P": "score/50", "H": "hours", "Q": "score / 12,5"})
    assert held == {"P": Held("score", 50.0), "H": Held("hours"), "Q": Held("score", 12.5)}


@pytest.mark.parametrize(
    ("ours", "message"),
    [
        ("skore/10", "has no field 'skore'; did you mean 'score'"),
        ("score/", "the total in 'score/' is no number above 0, as in 'score/10'"),
        ("score/0", "is no number above 0"),
        ("score/inf", "is no number above 0"),
        ("course/10", "course is no number and has no total"),
        ("hours/10", "hours does not go from 0 to an upper limit"),
    ],
)
def test_a_mapping_that_does_not_fit(spec, ours, message):
    with pytest.raises(TableError, match=message):
        read_columns(spec, {"x": ours})


def test_the_names_by_which_a_header_is_known(spec):
    found = wanted(spec, TableMapping({"Punkte": "score/50"}), {"grade": "Note"})
    assert list(found.required) == ["Punkte", "hours", "course"]
    assert {"Punkte", "hours", "größe"} <= set(found.known)
    assert "score" not in found.known
    assert set(found.numbers) == {"Punkte", "hours", "größe", "absences", "Note"}


def test_hints_go_by_letters_and_by_what_a_name_holds():
    assert hints(["Hours_Studied"], ["hours studied", "x"]) == {"Hours_Studied": "hours studied"}
    moodle = "Assignment: Quiz 1 (Real)"
    assert hints(["Quiz1"], ["Surname", moodle]) == {"Quiz1": moodle}
    assert hints(["Quiz1"], ["Surname"]) == {}


def test_a_hint_is_the_one_nearest_name_and_no_column_is_offered_twice():
    ours = ["Medu", "Fedu", "Mjob", "Fjob", "famsize"]
    theirs = ["mother_edu", "father_edu", "mother_job", "father_job", "family_size"]
    assert hints(ours, theirs) == dict(zip(ours, theirs, strict=True))
    assert hints(["G1", "G2"], ["G"]) == {}
    assert hints(["Walc"], ["Walc 1", "Walc 2"]) == {}
    # "weekend_alcohol" holds the letters of "Dalc", but no such word.
    assert hints(["Dalc", "Walc"], ["workday_alcohol", "weekend_alcohol"]) == {}


def test_totals_and_marks_in_a_table(predictor, predict_content):
    content = "Punkte;hours;course\n31;6,5;math\n51;1;math\n"
    mapping = TableMapping({"Punkte": "score/50"})
    answer, summary = predict_content(content, mapping=mapping)
    _, good, bad = answer.decode().splitlines()
    expected = predictor.predict({"score": 12, "hours": 6.5, "course": "math"})
    assert good.split(";")[3] == str(expected.outputs["grade"].value).replace(".", ",")
    assert "score = '51' is out of bounds; give a number from 0 to 50" in bad
    assert summary.remarks == (
        "score takes whole numbers: marks out of another total were rounded",
    )


def test_a_row_without_any_value_is_refused_or_no_row(predict_content):
    answer, summary = predict_content("id,score,hours,course\nx,-,abs,-\n,,,\ny,12,1,math\n")
    assert (summary.rows, summary.refused) == (2, 1)
    assert b"the row has no value of any field" in answer


def test_a_header_without_any_field_lists_what_is_there(predict_content):
    message = r"no column for score, hours, course; .* its columns are 'Class 7b', 'x' \(if "
    with pytest.raises(TableError, match=message):
        predict_content("Class 7b,x\n1,2\n")


# ---- rows that are no students ---------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        ["Overall average", "", "", "12.5"],
        ["", "Class average:", "3,5"],
        ["MEAN", None, 12.5],
        ["Durchschnitt", "", "2,3"],
        ["Klassendurchschnitt", "2,3"],
        ["Moyenne", "12"],
        ["Media", "7,1"],
        ["Average (28 students)", "7"],
        ["12", "average", "-"],
        ["    Points Possible", "", "10.00", "(read only)"],
        ["Out of", "20"],
        ["", "", "Manual Posting", ""],
        ["Std. Dev.", "3.2"],
        ["Generated 2025-11-02 by the office"],
        ["Exported: today", "", None],
        ["Beste Note", "1,3"],
        ["Erreichbare Punkte", "60"],
        ["Moyenne classe", "12"],
        ["Razem", "51"],
        ["Total Points Possible", "50"],
        ["Points possibles", "20,00", "(lecture seule)"],
        ["", "", "Muted", ""],
        ["Date", "", "2025-09-12"],
        ["Student, Test", "599", "HIS1", "0"],
        ["Étudiant, Test", "599", "3eA"],
        ["Elm_previewuser", "Dot_PreviewUser", "de1_previewuser", "3"],
        ["Édité le 04/12/2025 par le secrétariat"],
        ["Stand: heute"],
        ["Key: EX = excused"],
        ["* provisional"],
        ["#DIV/0!"],
    ],
)
def test_a_row_that_is_no_student(row):
    assert not is_student(row)


@pytest.mark.parametrize(
    "row",
    [
        ["Media", "Rossi", "7"],  # a student of that name
        ["Mean", "Ada", "12"],
        ["Meaney", "12"],
        ["Ada", "average"],
        ["Average Joe", "12"],
        ["Max", "Power", "12"],
        ["Page", "12"],
        ["Ada"],
        ["María José de la Cruz"],
        ["0,1"],
        ["Test, Ada", "7b", "12"],
        ["", ""],
        [],
        [None, 3],
    ],
)
def test_a_row_of_a_student(row):
    assert is_student(row)


@pytest.mark.parametrize(
    ("row", "totals"),
    [
        (["Points Possible", "", "10.00", "(read only)", "50"], {2: 10.0, 4: 50.0}),
        (["Points possibles", "20,00"], {1: 20.0}),
        (["Points", "10", "0"], {1: 10.0}),
        (["Out of", "20"], {1: 20.0}),
        (["Maximale Punkte", "60"], {1: 60.0}),
        (["Average points", "10"], {}),
        (["Highest mark", "10"], {}),
        (["Maximum", "17"], {}),
        (["Ada", "10"], {}),
    ],
)
def test_what_a_row_of_totals_says(row, totals):
    assert totals_of(row) == totals


@pytest.mark.parametrize("as_array", [True, False])
def test_rows_that_are_no_students_are_set_apart_wherever_they_stand(as_array):
    rows = [["Ada", "1"], ["  mean", "2"], ["Ben", "3"], ["TOTAL", "4"], ["Cy", "5"]]
    given = Rows(rows) if as_array else rows
    found = list(students([Chunk(given, range(2, 7))], [1], 2))
    assert [item.row if isinstance(item, Passed) else list(item.rows) for item in found] == [
        [["Ada", "1"]],
        ["  mean", "2"],
        [["Ben", "3"]],
        ["TOTAL", "4"],
        [["Cy", "5"]],
    ]
    assert [item.number for item in found if isinstance(item, Passed)] == [3, 5]


@pytest.mark.parametrize("label", sorted(POINTS | STATISTICS | WHOLE | {"out of", "Student, Test"}))
def test_every_label_is_found_in_a_column_of_names(label):
    for spelled in (label, label.title(), f"{label.upper()}:"):
        rows = Rows([["Ada Lovelace", "1"], [spelled, "2"]])
        assert len(list(students([Chunk(rows, [2, 3])], [1], 2))) == 2, spelled


class Rows(Columnar):
    """Rows that give their columns as arrays, as plain CSV does."""

    def __init__(self, rows):
        self._rows = rows

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, i):
        return Rows(self._rows[i]) if isinstance(i, slice) else self._rows[i]

    def column(self, place):
        return np.array([row[place] for row in self._rows])


# ---- formulas --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "-a"],  # noqa: RUF001
)
def test_a_formula_is_neutralised(cell):
    assert neutralised(cell) == f"'{cell}"
    assert neutralised(neutralised(cell)) == f"'{cell}"


@pytest.mark.parametrize(
    "cell", ["-3.5", "-3,5", "+4", "-1e-5", "-3.5 %", "-", "--", "- ", "Ada", "a=b", "", -3.5, None]
)
def test_numbers_and_other_text_stay_as_they_are(cell):
    assert neutralised(cell) is cell


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("12", ".", 12),
        ("-6.5", ".", -6.5),
        ("6,5", ",", 6.5),
        *((text, ".", text) for text in ("007", "1.50", "6,5", "1e5", "+4", "-0", "1" * 16, " 1")),
        ("6.5", ",", "6.5"),
    ],
)
def test_text_becomes_a_number_only_where_nothing_is_lost(cell, decimal, value):
    found = as_number(cell, decimal)
    assert (type(found), found) == (type(value), value)


# ---- scales ----------------------------------------------------------------------------------


def watched(feature, *chunks, bins=()):
    spec = SimpleNamespace(reference=Reference(bins=bins))
    watch = ScaleWatch(feature, spec, "Col")
    reader = CellReader(feature.name, feature, Marks())
    for chunk in chunks:
        watch.see(reader.column(chunk).values)
    return (watch.warning() or "").removeprefix("Warning: ")


QUIZ = Number(name="quiz", label="Quiz", limits=(0.0, 100.0))


def test_a_column_in_the_lowest_tenth_of_its_range_is_told():
    warning = watched(QUIZ, ["7", "", "10"], [3, None, "x"])
    assert warning == (
        "all values of quiz lie in the lowest tenth of its range (0 to 100): probably another "
        'scale; if they are out of 10: --map "Col=quiz/10"'
    )
    assert watched(QUIZ, ["7", "10"], ["11"]) == ""
    assert watched(QUIZ, ["7"]) == ""
    assert watched(QUIZ, ["", None]) == ""


def test_where_training_rows_lie_so_low_too_it_is_no_wonder():
    bins = (NumberBins(feature="quiz", edges=(5.0, 50.0), shares=(0.7, 0.28, 0.02)),)
    assert watched(QUIZ, ["7"] * 30, bins=bins) == ""
    assert watched(QUIZ, ["7"] * 300, bins=bins) != ""


def test_counts_of_few_steps_and_fields_without_a_range_are_left_alone():
    failures = Number(name="failures", label="Failures", integer=True, limits=(0.0, 4.0))
    assert watched(failures, ["0"] * 30) == ""
    assert watched(OPEN, ["0"] * 30) == ""
    seen = Number(name="h", label="H", seen=(10.0, 110.0))
    assert "(10 to 110): probably another scale" in watched(seen, ["12"] * 30)
    assert "--map" not in watched(seen, ["12"] * 30)


def test_a_column_beyond_its_upper_limit_is_told_with_its_likely_total():
    warning = watched(MARK, ["62", "85", "", "17"], ["40"])
    assert warning == (
        "most values of mark are above 20, its upper limit: they look as if they were out of 100; "
        '--map "Col=mark/100" brings them to it'
    )
    assert watched(MARK, ["62", "17", "3"]) == ""
    assert watched(MARK, ["62"]) == ""
    assert "out of" not in watched(MARK, ["6200", "1999"])
