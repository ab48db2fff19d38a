"""Remedies that name a column: a file's column names cannot command a terminal."""

import io

import pytest

import satchel
from satchel import TableMapping, TableOptions

CASES = {
    "a column that may be meant": ("G\x1b1,G2\n12,13\n", {}),
    "a percentage": ("G\x1b1,G2\n35 %,2\n", {"G\x1b1": "G1"}),
    "a word": ("G1,G2,s\x07up\n12,13,q\n", {"s\x07up": "schoolsup"}),
    "another scale": ("G\x1b1,G2\n" + "90,12\n" * 30, {"G\x1b1": "G1"}),
    "an optional column": ("G1,G2,schools\x07up\n12,13,no\n", {}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_remedy_is_printable(case):
    text, columns = CASES[case]
    file = io.BytesIO(text.encode())
    file.name = "class.csv"
    options = TableOptions(mapping=TableMapping(columns))
    try:
        summary = satchel.predict_table("secondary-mathematics", file, None, options)
        told = " ".join([summary.first_refused, *summary.remarks])
    except satchel.TableError as error:
        told = str(error)
    assert "--map" in told
    assert told.isprintable()
