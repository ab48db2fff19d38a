import pytest

import satchel
from satchel import TableMapping
from satchel.tables.guess import guess, meaning


@pytest.fixture(scope="module")
def spec():
    return satchel.load("secondary-mathematics").spec


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("First-period grade", "G1"),  # its label
        ("first period GRADE", "G1"),
        ("Study time a week", "studytime"),
        ("Study-time", "studytime"),  # near its name
        ("failed classes", "failures"),  # its words
        ("Test 1", "G1"),  # its number
        ("Test 2 /20", "G2"),
        ("Term 02 (out of 20)", "G2"),
        ("G1", None),  # is the field itself
        ("Name", None),
        ("Test 3", None),
        ("", None),
    ],
)
def test_a_column_is_guessed_by_its_name(spec, column, field):
    found = guess(spec, ["Pupil no.", column], [], TableMapping()).columns
    assert found == ({} if field is None else {column: field})


@pytest.mark.parametrize(
    ("names", "fields"),
    [
        (["Test A /10", "Test B (40)"], ["G1", "G2"]),
        (["Term II", "Term I"], ["G2", "G1"]),
        (["Test A", "Section B"], []),  # not counted together
        (["Test B", "Test C"], []),  # there is no first
        (["Test A"], []),
        (["Test A", "Test B", "Quiz A", "Quiz B"], []),  # two fit alike
    ],
)
def test_columns_may_be_counted_in_letters(spec, names, fields):
    found = guess(spec, names, [], TableMapping()).columns
    assert [found[name] for name in names if name in found] == fields


def test_nothing_is_guessed_where_two_columns_fit_alike(spec):
    assert guess(spec, ["Test 1", "Quiz 1"], [], TableMapping()).columns == {}


def test_what_was_said_stays(spec):
    said = TableMapping({"Test 1": "G2"}, {"support": {"a": "yes"}})
    found = guess(spec, ["Test 1", "Test 2", "support"], [["1", "2", "a"]], said)
    assert found.columns["Test 1"] == "G2"
    assert "Test 2" not in found.columns
    assert found.values["support"] == {"a": "yes"}


def test_a_field_that_has_a_value_for_all_needs_no_column(spec):
    said = TableMapping(constants={"failures": "0"})
    assert guess(spec, ["failed classes"], [], said).columns == {}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("Yes", "yes"),
        ("Y", "yes"),
        ("oui", "yes"),
        ("1", "yes"),
        ("N", "no"),
        ("0", "no"),
        ("S", "yes"),
    ],
)
def test_a_word_is_guessed_for_what_it_stands(spec, word, value):
    found = guess(spec, ["schoolsup"], [[word], [word], ["no"], ["EX"], [""]], TableMapping())
    assert found.values == {"schoolsup": {word: value}}


def test_a_word_that_may_mean_two_values_is_left_to_a_person():
    levels = [("Low", "low"), ("Lowest", "lowest"), ("High", "high")]
    assert meaning(levels, "l") == ""
    assert meaning(levels, "low") == "Low"
    assert meaning(levels, "h") == "High"
    assert meaning([("F", "female"), ("M", "male")], "Female") == "F"


def test_a_mark_for_missing_is_no_word(spec):
    said = TableMapping(missing=("yeah",))
    assert guess(spec, ["schoolsup"], [["n/a"], ["yeah"]], said).values == {}
