"""Columns that tell a model what is missing, and what is said of a field that is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.encode.encoder import Encoder
from satchel.note import doubts
from satchel.spec import Category, Inputs, Missing, Number, OneHot, Standard

GRADE = Number(
    name="grade",
    label="Grade",
    limits=(0, 20),
    seen=(3, 18),
    integer=True,
    imputed=11.0,
    required=False,
    monotonic="increasing",
    essential=True,
    instead="other-task",
)
HOURS = Number(name="hours", label="Hours", imputed=2.0, required=False)
PLANS = Category(name="plans", label="Plans", values=("no", "yes"), imputed="yes", required=False)
INPUTS = Inputs(
    features=(GRADE, HOURS, PLANS),
    columns=(
        Standard(source="grade", mean=10.0, scale=2.0),
        Missing(source="grade"),
        Standard(source="hours", mean=0.0, scale=1.0),
        OneHot(source="plans", value="yes"),
        Missing(source="plans"),
    ),
)

values = st.fixed_dictionaries(
    {},
    optional={
        "grade": st.sampled_from([None, 0, 7, 11, 20, "", float("nan")]),
        "hours": st.sampled_from([None, 1.5, "3"]),
        "plans": st.sampled_from([None, "no", "yes", " "]),
    },
)


@given(records=st.lists(values, min_size=1, max_size=6))
def test_one_and_many_tell_the_same_is_missing(records):
    encoder = Encoder(INPUTS)
    many = encoder.encode_many(records)
    for i, record in enumerate(records):
        row, notes = encoder.encode(record)
        assert row == many.matrix[i].tobytes()
        assert list(notes) == many.notes.get(i, [])
        missing = [record.get(n) in (None, "", " ") or record[n] != record[n] for n in record]
        told = dict(zip(record, missing, strict=True))
        cells = np.frombuffer(row, np.float32)
        assert cells[1] == told.get("grade", True)
        assert cells[4] == told.get("plans", True)


def test_a_plain_record_is_packed_with_nothing_missing():
    packed = Encoder(INPUTS).pack({"grade": 12, "hours": 1, "plans": "yes"})
    assert np.frombuffer(packed, np.float32).tolist() == [1, 0, 1, 1, 0]


def kinds(record):
    _, notes = Encoder(INPUTS).encode(record)
    return {note.field: note.kind for note in notes}, doubts(notes, 3)


def test_an_essential_field_that_is_missing_is_a_doubt_that_names_another_task():
    found, doubted = kinds({"hours": 1, "plans": "no"})
    assert found == {"grade": "essential"}
    assert doubted == (
        "grade was not given, and much of the answer rests on it; the task other-task does "
        "without it",
    )


def test_what_the_model_was_trained_to_miss_is_no_doubt():
    assert kinds({"grade": 5}) == ({"hours": "imputed", "plans": "blank"}, ())


@pytest.mark.parametrize("grade", [0, 20])
def test_beyond_what_was_seen_in_a_direction_that_is_promised_is_a_note(grade):
    found, doubted = kinds({"grade": grade, "hours": 1, "plans": "no"})
    assert found == {"grade": "beyond"}
    assert doubted == ()


def test_beyond_it_without_a_limit_is_a_doubt():
    open_ended = Number(name="x", label="X", seen=(0, 1), monotonic="increasing")
    inputs = Inputs(features=(open_ended,), columns=(Standard(source="x", mean=0.0, scale=1.0),))
    _, notes = Encoder(inputs).encode({"x": 9})
    assert [note.kind for note in notes] == ["outside"]
    assert doubts(notes, 1)
