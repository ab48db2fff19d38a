import io
import json

import pytest

import satchel
from satchel import TableError, TableMapping, TableOptions
from satchel.distribution import ScoreDistribution
from satchel.tables.class_list import DONE, Limits, Upload, read_class, read_sheet
from satchel.tables.returned import download
from satchel_web.matching import CONSTANT, mapping_of, matched, with_names
from satchel_web.pictures import GAP, HEIGHT, WIDTH, of_distribution, of_scores

LIST = "Name,Form,Test 1 /10,G2,age,schoolsup\nAna,A,6,13,old,oui\nBea,B,3.5,6,young,non\n"
SAID = TableMapping({"Test 1 /10": "G1/10", "age": ""}, {"schoolsup": {"oui": "yes", "non": "no"}})


@pytest.fixture(scope="module")
def predictor():
    return satchel.load("secondary-mathematics")


def sheet_of(predictor, text=LIST, mapping=SAID, limits=Limits()):  # noqa: B008
    return read_sheet(Upload("list.csv", text.encode(), mapping), predictor.spec, limits)


def form_of(fields, sheet):
    """What a browser sends of the form as it is shown."""
    form = {"missing": " ".join(sheet.mapping.missing)}
    for field in fields:
        columns = [f":{name}" for name in sheet.header if name and name == field.column]
        same = [CONSTANT + value for value, _ in field.choices if value == field.constant]
        form[field.control] = [*same, *columns, ""][0]
        if field.is_mark:
            form[f"{field.control}-total"] = field.total
        form |= {word.control: word.value for word in field.words}
    return form


def sent(predictor, text=LIST, mapping=SAID, **chosen):
    """The mapping of a form that is sent as it is shown, but for the columns of some fields."""
    sheet = sheet_of(predictor, text, mapping)
    fields = matched(predictor.spec, sheet)
    changed = {f.control: chosen[f.feature.name] for f in fields if f.feature.name in chosen}
    return mapping_of({**form_of(fields, sheet), **changed}, fields, sheet)


# ---- the sheet -----------------------------------------------------------------------------------


def test_a_sheet_holds_students_and_counts_other_rows(predictor):
    sheet = sheet_of(predictor, LIST + "Average,,4.75,9.5,,\n")
    assert [row[0] for row in sheet.rows] == ["Ana", "Bea"]
    assert sheet.passed == 1


def test_a_list_as_large_as_the_limits_is_read(predictor):
    assert len(sheet_of(predictor, limits=Limits(rows=2, columns=6)).rows) == 2


@pytest.mark.parametrize(
    ("limits", "named"), [(Limits(rows=1), "1 students"), (Limits(columns=5), "5 columns")]
)
def test_a_larger_list_is_refused_by_the_limit_it_passes(predictor, limits, named):
    with pytest.raises(TableError, match=f"more than {named}"):
        sheet_of(predictor, limits=limits)


def test_the_columns_of_names_and_groups_are_found_where_they_hold_no_field(predictor):
    upload = Upload("list.csv", LIST.encode(), SAID)
    found = with_names(upload, sheet_of(predictor))
    assert (found.named, found.grouped) == ("Name", "Form")
    taken = TableMapping({"Name": "G1"})
    assert with_names(upload, sheet_of(predictor, mapping=taken)).named == ""


# ---- the form ------------------------------------------------------------------------------------


def test_a_form_shows_what_was_guessed(predictor):
    fields = {f.feature.name: f for f in matched(predictor.spec, sheet_of(predictor))}
    assert (fields["G1"].column, fields["G1"].total) == ("Test 1 /10", "10")
    assert list(fields["G1"].shown) == ["6", "3.5"]
    assert (fields["G2"].column, fields["G2"].total) == ("G2", "20")
    assert fields["age"].column == ""
    assert [(w.cell, w.value) for w in fields["schoolsup"].words] == [("oui", "yes"), ("non", "no")]
    assert sum(f.share for f in fields.values()) == pytest.approx(1)


def test_a_needed_field_is_missing_without_a_column_or_a_constant(predictor):
    fields = matched(predictor.spec, sheet_of(predictor, "Name,G2\nAna,12\n", TableMapping()))
    assert [f.feature.name for f in fields if f.missing] == ["G1"]


@pytest.mark.parametrize(
    "said",
    [
        SAID,
        TableMapping(SAID.columns, SAID.values, {"higher": "yes"}),
        TableMapping(SAID.columns, SAID.values, missing=("EX", "excused")),
        TableMapping({**SAID.columns, "schoolsup": "higher"}, SAID.values),
    ],
)
def test_a_form_sent_as_it_is_shown_says_the_same(predictor, said):
    assert sent(predictor, mapping=said) == said


def test_what_is_guessed_is_what_the_form_says(predictor):
    text = LIST.replace("age", "years")
    assert (
        sent(predictor, text, TableMapping()) == sheet_of(predictor, text, TableMapping()).mapping
    )


def test_a_constant_for_a_number_stays_when_the_form_is_sent(predictor):
    said = TableMapping(SAID.columns, SAID.values, {"failures": "0"})
    assert sent(predictor, mapping=said).constants == {"failures": "0"}


def test_every_word_that_was_guessed_stays_when_the_form_is_sent(predictor):
    words = ["Yes", "YES", "yEs", "Y", "y", "Ye", "oui", "Oui", "OUI", "ja", "Ja", "true", "x"]
    text = "Name,G1,G2,schoolsup\n" + "".join(f"S,12,13,{word}\n" for word in words)
    assert sent(predictor, text, TableMapping()).values == {
        "schoolsup": dict.fromkeys(words, "yes")
    }


def test_a_column_of_a_name_with_needless_spaces_stays_chosen(predictor):
    assert sent(
        predictor, 'Name,"Term  one",G2\nAna,12,13\n', TableMapping({"Term one": "G1"})
    ) == (TableMapping({"Term one": "G1"}))


def test_another_column_takes_no_words_along(predictor):
    found = sent(predictor, schoolsup=":Form")
    assert found.columns == {**SAID.columns, "Form": "schoolsup", "schoolsup": ""}
    assert found.values == {}


def test_a_column_called_like_a_field_holds_nothing_unless_it_is_chosen(predictor):
    assert sent(predictor, G2="").columns["G2"] == ""
    assert "age" not in sent(predictor, age=":age").columns


def test_one_value_for_all_takes_the_place_of_a_column(predictor):
    found = sent(predictor, schoolsup="=no")
    assert found.constants == {"schoolsup": "no"}
    assert found.columns["schoolsup"] == ""


@pytest.mark.parametrize(("total", "said"), [("20", {}), ("", {}), ("50", {"G2": "G2/50"})])
def test_a_total_is_said_where_it_is_another_than_the_models(predictor, total, said):
    text = "G1,G2\n12,13\n"
    sheet = sheet_of(predictor, text, TableMapping())
    fields = matched(predictor.spec, sheet)
    control = next(f.control for f in fields if f.feature.name == "G2")
    form = {**form_of(fields, sheet), f"{control}-total": total}
    assert mapping_of(form, fields, sheet).columns == said


# ---- the class -----------------------------------------------------------------------------------


def test_a_class_is_answered_as_the_same_table_is(predictor):
    upload = Upload("list.csv", LIST.encode(), SAID, named="Name", grouped="Form")
    found = read_class(upload, predictor, None)
    target = io.BytesIO()
    satchel.predict_table(
        predictor, upload.source(), target, TableOptions(mapping=SAID, kind="jsonl")
    )
    rows = list(map(json.loads, target.getvalue().splitlines()))
    assert [one.name for one in found.students] == [row["Name"] for row in rows] == ["Ana", "Bea"]
    risks = [round(one.risk("G3"), 4) for one in found.students]
    assert risks == [row["risk"] for row in rows]
    assert [one.prediction.value for one in found.students] == [row["predicted_G3"] for row in rows]


def test_a_row_that_cannot_be_read_is_a_student_who_is_refused(predictor):
    found = read_class(Upload("a.csv", b"Name,G1,G2\nAna,99,1\nBea,9,9\n"), predictor, None)
    assert [one.number for one in found.refused] == [2]
    assert [one.number for one in found.read] == [3]
    assert found.student(3) is found.students[1]
    assert found.student(4) is None


def test_a_download_has_every_row_in_its_order(predictor):
    text = "Class 8B,,\n" + "Name,G1,G2\nAna,12,13\nBea,99,6\nAverage,10,10\nCal,9,9\n"
    found = read_class(Upload("a.csv", text.encode()), predictor, None)
    lines = download(found, predictor, "csv").decode("utf-8-sig").splitlines()
    names = [line.split(",")[0] for line in lines]
    assert names == ["Class 8B", "Name", "Ana", "Bea", "Average", "Cal"]
    assert lines[1].endswith(f",{DONE}")


# ---- pictures ------------------------------------------------------------------------------------

WHOLE = ScoreDistribution((0.0, 1.0, 2.0, 4.0), (0.9, 0.5, 0.25), whole=True)
SMOOTH = ScoreDistribution((0.0, 40.0, 100.0), (0.7, 0.1))
DRAWN = [
    of_distribution(WHOLE, 2.0),
    of_distribution(SMOOTH, 50.0),
    of_scores([0, 9, 10, 20], (0, 20), 10),
    of_scores([0.0, 9.5, 10.0, 100.0], (0, 100), 50),
]


@pytest.mark.parametrize("picture", DRAWN)
def test_bars_stand_inside_the_picture_side_by_side(picture):
    assert all(0 <= bar.height < HEIGHT and bar.width > 0 for bar in picture.bars)
    assert max(bar.height for bar in picture.bars) > 0.9 * HEIGHT
    ends = [0.0, *(bar.x + bar.width + GAP for bar in picture.bars)]
    starts = [bar.x - GAP for bar in picture.bars]
    assert all(start >= end - 0.11 for start, end in zip(starts, ends, strict=False))
    assert ends[-1] == pytest.approx(WIDTH, abs=0.11)


@pytest.mark.parametrize("picture", DRAWN)
def test_the_mark_stands_between_those_who_fail_and_those_who_pass(picture):
    passed = [bar.passed for bar in picture.bars]
    assert passed == sorted(passed)
    assert 0 < sum(passed) < len(passed)
    first = picture.bars[passed.index(True)]
    last = picture.bars[passed.index(True) - 1]
    assert last.x + last.width <= picture.mark <= first.x


def test_the_shares_of_a_distribution_sum_to_one_and_are_those_of_its_scores():
    bars = of_distribution(WHOLE, None).bars
    assert [bar.share for bar in bars] == pytest.approx([0.1, 0.4, 0.25, 0.25])
    assert [bar.label for bar in bars] == ["0", "1", "2", "4"]
    smooth = of_distribution(SMOOTH, None).bars
    assert sum(bar.share for bar in smooth) == pytest.approx(1)
    assert smooth[-1].share == pytest.approx(0.1 + 0.6 * 5 / 60)  # all that is left at the end
    assert smooth[0].share == pytest.approx(0.3 * 5 / 40)


def test_every_student_is_counted_once_at_the_borders_too():
    bars = of_scores([0, 0, 9, 20], (0, 20), None).bars
    assert {bar.label: bar.share for bar in bars if bar.share} == {"0": 2, "9": 1, "20": 1}
    bars = of_scores([0.0, 4.9, 5.0, 100.0], (0, 100), None).bars
    assert {bar.label: bar.share for bar in bars if bar.share} == {"0-5": 2, "5-10": 1, "95-100": 1}


def test_without_a_mark_all_pass():
    picture = of_scores([3], (0, 20), None)
    assert picture.mark is None
    assert all(bar.passed for bar in picture.bars)
    assert (picture.low, picture.high) == ("0", "20")
