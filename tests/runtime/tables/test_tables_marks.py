"""What cells mean: marks for missing, percentages, totals, averages, formulas, scales."""

import math
from types import SimpleNamespace

import pytest

from satchel import TableError
from satchel.spec import Category, Number, NumberBins, Reference
from satchel.tables.average import WithoutAverage, is_average
from satchel.tables.cells import Percent, as_number
from satchel.tables.formulas import neutralised
from satchel.tables.mapping import Held, hint, read_mapping, wanted
from satchel.tables.marks import MISSING, CellReader, Marks
from satchel.tables.predict import TablePredictor
from satchel.tables.scale import ScaleWatch
from satchel.tables.table import Chunk

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
    assert read("krank") == "krank"


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


@pytest.mark.parametrize("cell", ["A+", "", "-", None, math.nan, True])
def test_what_is_no_number_is_left_to_the_field(cell):
    found = read(cell, total=10)
    assert found in (cell, "", None) or cell != cell


def test_a_column_is_read_as_its_cells_are():
    reader = CellReader("mark", MARK, Marks(decimal=","))
    values, wrong = reader.column(["1,5", "-", "85%", "1,5", "x"])
    assert values == ["1.5", "", "", "1.5", "x"]
    assert list(wrong) == [2]
    values, wrong = reader.column([1.5, None, Percent(0.85), "1,5", "x"])
    assert values == [1.5, None, None, "1.5", "x"]
    assert list(wrong) == [2]


# ---- mapping ---------------------------------------------------------------------------------


def test_a_mapping_with_totals(spec):
    held = read_mapping(spec, {"P": "score/50", "H": "hours", "Q": "score / 12,5"})
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
        read_mapping(spec, {"x": ours})


def test_the_names_by_which_a_header_is_known(spec):
    found = wanted(spec, {"Punkte": "score/50"}, {"grade": "Note"})
    assert list(found.required) == ["Punkte", "hours", "course"]
    assert {"Punkte", "hours", "größe"} <= set(found.known)
    assert "score" not in found.known
    assert set(found.numbers) == {"Punkte", "hours", "größe", "absences", "Note"}


def test_hints_go_by_letters_and_by_what_a_name_holds():
    assert hint("Hours_Studied", ["hours studied", "x"]) == "hours studied"
    assert hint("Quiz1", ["Surname", "Assignment: Quiz 1 (Real)"]) == "Assignment: Quiz 1 (Real)"
    assert hint("Quiz1", ["Surname"]) == ""


def test_totals_and_marks_in_a_table(predictor):
    header = ["Punkte", "hours", "course"]
    table = TablePredictor(predictor, header, {"Punkte": "score/50"}, marks=Marks(decimal=","))
    answers = table.predict([["31", "6,5", "math"], ["51", "1", "math"], ["-", "abs", "-"]])
    expected = predictor.predict({"score": 12, "hours": 6.5, "course": "math"})
    assert answers[0].outputs == expected.outputs
    assert str(answers[1]).startswith("score = '51' is out of bounds; give a number from 0 to 50")
    assert str(answers[2]) == "the row is empty"
    assert "score takes whole numbers: marks out of another total were rounded" in table.remarks()


def test_a_header_without_any_field_lists_what_is_there(predictor):
    message = r"no column for score; hours; course; its columns are 'Class 7b', 'x' \(--header-row"
    with pytest.raises(TableError, match=message):
        TablePredictor(predictor, ["Class 7b", "x"], {})


# ---- the row of averages ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        ["Overall average", "", "", "12.5"],
        ["", "Class average:", "3,5"],
        ["MEAN", None, 12.5],
        ["Durchschnitt", "", "math"],
        ["Klassendurchschnitt", "2,3"],
        ["Moyenne", "12"],
        ["Media", "7,1"],
        ["Average (28 pupils)", "7"],
        ["12", "average", "-"],
    ],
)
def test_a_row_of_averages(row):
    assert is_average(row)


@pytest.mark.parametrize(
    "row",
    [
        ["Media", "Rossi", "7"],  # a pupil of that name
        ["Mean", "Ada", "12"],
        ["Meaney", "12"],
        ["Ada", "average"],
        ["Average Joe", "12"],
        ["", ""],
        [],
        [None, 3],
    ],
)
def test_a_row_of_a_pupil(row):
    assert not is_average(row)


def test_only_the_last_row_of_all_is_set_apart():
    average, ada = ["Average", "1"], ["Ada", "1"]

    def through(*chunks):
        numbers = iter(range(2, 20))
        found = WithoutAverage([Chunk(rows, [next(numbers) for _ in rows]) for rows in chunks])
        return [chunk.rows for chunk in found], found.row, found.number

    assert through([average, ada], [average], [ada, average]) == (
        [[average, ada], [average], [ada]],
        average,
        6,
    )
    assert through([ada], [average]) == ([[ada]], average, 3)
    assert through([average, ada]) == ([[average, ada]], None, 0)
    assert through() == ([], None, 0)


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
    for chunk in chunks:
        watch.see(chunk)
    return watch.warning()


QUIZ = Number(name="quiz", label="Quiz", limits=(0.0, 100.0))


def test_a_column_in_the_lowest_tenth_of_its_range_is_told():
    warning = watched(QUIZ, ["7", "", "10"], [3, None, "x"])
    assert warning == (
        "all values of quiz lie in the lowest tenth of its range (0 to 100): probably another "
        'scale; where they are out of another total: --map "Col=quiz/TOTAL"'
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
