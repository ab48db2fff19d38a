import pytest
from hypothesis import given
from hypothesis import strategies as st

import satchel
from satchel import TableMapping
from satchel.tables.guess import guess, unknown_words
from satchel.tables.mapping import read_columns

NAMES = [
    *("Test 1", "Test 2 /20", "Quiz 1", "failed classes", "First-period grade", "G1", "G2", "Age"),
    *("Study time", "study", "higher", "Wants to go on to higher education", "support", "Name"),
    *("Extra support by the school", "grade", "Grade 1", "Term 02", "years", "", "G", "Classes"),
]


@pytest.fixture(scope="module")
def spec():
    return satchel.load("secondary-mathematics").spec


@given(st.lists(st.sampled_from(NAMES), unique=True, max_size=8))
def test_no_field_is_guessed_twice_and_none_that_has_its_column(spec, header):
    found = guess(spec, header, [], TableMapping()).columns
    fields = [held.field for held in read_columns(spec, found).values()]
    assert len(set(fields)) == len(fields)
    assert not set(fields) & set(header)
    assert set(found) <= set(header)


@given(st.lists(st.sampled_from(NAMES), unique=True, max_size=8))
def test_what_a_person_settled_is_guessed_at_no_more(spec, header):
    once = guess(spec, header, [], TableMapping())
    assert guess(spec, header, [], once, settled=True) == once


@given(st.permutations(NAMES[:10]))
def test_the_order_of_the_columns_does_not_matter(spec, header):
    assert guess(spec, header, [], TableMapping()) == guess(spec, NAMES[:10], [], TableMapping())


def test_beginnings_of_values_are_words_and_others_are_left():
    spec = satchel.load("exam-factors").spec
    cells = [["n"], ["MOD"], ["Far away"], ["elsewhere"], ["Near"]]
    found = guess(spec, ["Distance_from_Home"], cells, TableMapping()).values
    assert found == {"Distance_from_Home": {"n": "Near", "MOD": "Moderate", "Far away": "Far"}}


def test_words_are_kept_by_the_name_of_their_column(spec):
    said = TableMapping({"Help": "schoolsup"})
    assert guess(spec, ["Help"], [["Oui"]], said).values == {"Help": {"Oui": "yes"}}


def test_cells_that_are_no_values_are_listed_once_and_in_order(spec):
    rows = [["a", "Y"], ["b", " oui "], ["c", "Y"], ["d", "yes"], ["e"], ["f", "N/A"], ["g", "EX"]]
    said = TableMapping(missing=("ex",))
    ((feature, words),) = unknown_words(spec, rows, {"schoolsup": 1}, said)
    assert feature.name == "schoolsup"
    assert words == ["Y", "oui"]
