import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.encode.texts import Texts

letters = st.text("abéж\0 ", max_size=4)


@settings(deadline=None)
@given(st.lists(letters.filter(bool), unique=True, min_size=1, max_size=9), st.lists(letters))
def test_finds_what_a_list_of_the_texts_would(texts, items):
    array = np.array([*items, *texts], np.str_)
    found = Texts(texts).find(array)
    if found is None:  # no character tells them apart
        return
    positions, others = found
    for i, item in enumerate(array.tolist()):  # numpy takes NUL from the end of a text
        assert (i in others) == (item not in texts)
        assert i in others or texts[positions[i]] == item


@pytest.mark.parametrize("width", [3, 4, 9])
def test_reads_arrays_of_any_width_and_step(width):
    items = np.array(["yes", "no", "yes", "nope", ""], f"U{width}")
    positions, others = Texts(["no", "yes"]).find(items[::-1])
    assert others == [0, 1]
    assert positions[[2, 4]].tolist() == [1, 1]
    assert positions[3] == 0


def test_a_text_longer_than_the_array_holds_is_not_found_in_a_part_of_it():
    positions, others = Texts(["nothing", "y"]).find(np.array(["n", "y", ""], "U1"))
    assert (positions[1], others) == (1, [0, 2])


def test_texts_that_no_character_tells_apart_are_not_looked_for():
    assert Texts(["aa", "ab", "ba"]).find(np.array(["aa"])) is None
    assert Texts(["あ", "い"]).find(np.array(["あ"])) is None


def test_wide_arrays_and_many_texts_are_left_to_others():
    assert Texts(["no", "yes"]).find(np.array(["yes"], "U64")) is not None
    assert Texts(["no", "yes"]).find(np.array(["yes"], "U65")) is None
    many = list(map(chr, range(0x100, 0x240)))
    assert Texts(many).find(np.array(many)) is None


def test_an_array_of_foreign_byte_order_is_not_read():
    foreign = np.array(["yes"]).astype(np.dtype("U3").newbyteorder())
    assert Texts(["no", "yes"]).find(foreign) is None
