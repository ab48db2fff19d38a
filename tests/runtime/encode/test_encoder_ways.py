"""One record, many records and columns are encoded to the same bits, notes and problems."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from satchel import RecordError
from satchel.encode.encoder import Encoder
from satchel.spec import Category, Derived, Inputs, MinMax, Number, OneHot, Ordinal, Standard

NUMBERS = ("a", "b", "größe")
CATEGORIES = ("c", "stufe")
VALUES = ("red", "green", "1", "2.5", "True", "naïve", "a b")

finite = st.floats(-100, 100) | st.sampled_from([0.0, -0.0, 1e-320, 1e-30, 1e30, -1e300, 1e308])
positive = st.floats(1e-3, 1e3) | st.sampled_from([5e-324, 1e-300, 1e300])


def bounds():
    elements = st.floats(-50, 50)
    pairs = st.tuples(elements | st.none(), elements | st.none())
    return pairs.map(lambda pair: pair if None in pair else (min(pair), max(pair)))


def inside(number, pair):
    low, high = pair
    return (low is None or low <= number) and (high is None or number <= high)


@st.composite
def numbers(draw, name):
    limits, clip = (draw(st.just((None, None)) | bounds()) for _ in range(2))
    imputed = draw(st.none() | st.floats(-60, 60))
    if imputed is not None and not all(inside(imputed, pair) for pair in (limits, clip)):
        imputed = None
    return Number(
        name=name,
        label=name,
        integer=draw(st.booleans()),
        limits=limits,
        clip=clip,
        seen=draw(st.none() | bounds().filter(lambda pair: None not in pair)),
        imputed=imputed,
        required=imputed is None or draw(st.booleans()),
    )


@st.composite
def categories(draw, name):
    values = tuple(draw(st.lists(st.sampled_from(VALUES), min_size=1, unique=True)))
    imputed = draw(st.none() | st.sampled_from(values))
    return Category(
        name=name,
        label=name,
        values=values,
        ordered=True,
        imputed=imputed,
        required=imputed is None or draw(st.booleans()),
    )


@st.composite
def deriveds(draw, name, known):
    operation = draw(st.sampled_from(["sum", "mean", "std", "weighted_sum", "ratio"]))
    size = 2 if operation == "ratio" else draw(st.integers(1, 4))
    sources = draw(st.lists(st.sampled_from(known), min_size=size, max_size=size))
    return Derived(
        name=name,
        operation=operation,
        inputs=tuple(sources),
        weights=tuple(draw(st.lists(finite, min_size=size, max_size=size))),
        ddof=draw(st.integers(0, size - 1)),
        offset=draw(st.sampled_from([0.0, 1.0, -1.0])),
    )


@st.composite
def columns(draw, known, features):
    kinds = []
    if known:
        kinds += [
            st.builds(Standard, source=st.sampled_from(known), mean=finite, scale=positive),
            st.builds(
                lambda source, low, span: MinMax(source=source, minimum=low, maximum=low + span),
                st.sampled_from(known),
                st.floats(-50, 50),
                st.floats(0.5, 50),
            ),
        ]
    for feature in features:
        kinds.append(st.builds(Ordinal, source=st.just(feature.name), mean=finite, scale=positive))
        values = st.sampled_from(feature.values)
        kinds.append(st.builds(OneHot, source=st.just(feature.name), value=values))
    return tuple(draw(st.lists(st.one_of(kinds), min_size=1, max_size=6)))


@st.composite
def inputs(draw):
    names = draw(st.lists(st.sampled_from(NUMBERS), unique=True))
    others = draw(st.lists(st.sampled_from(CATEGORIES), unique=True, min_size=not names))
    features = [draw(numbers(name)) for name in names]
    categorical = [draw(categories(name)) for name in others]
    known, derived = list(names), []
    for i in range(draw(st.integers(0, 3)) if names else 0):
        derived.append(draw(deriveds(f"d{i}", known)))
        known.append(f"d{i}")
    return Inputs(
        features=tuple(draw(st.permutations(features + categorical))),
        columns=draw(columns(known, categorical)),
        derived=tuple(derived),
        ignored=("teacher",),
    )


ordinary = (
    st.integers(-60, 60)
    | st.floats(-60, 60)
    | st.integers(-60, 60).map(str)
    | st.sampled_from(VALUES)
    | st.none()
)
hostile = (
    st.sampled_from([True, False, "", " ", "\t7 ", "nan", "inf", "1e999", "9" * 400, "\ud800"])
    | st.sampled_from(["7\0", "red\0", " red ", "Red", "1_0", "٣", "0x1", "1,5"])
    | st.sampled_from([math.nan, math.inf, -math.inf, 10**400, -(10**400), 2**53 + 1, 2**64])
    | st.sampled_from([np.float32(0.1), np.float64("nan"), np.int8(3), np.uint64(2**64 - 1)])
    | st.sampled_from([np.True_, np.str_("red"), np.float16(1.5), np.longdouble(2), 1e300, 5e-324])
    | st.sampled_from([Decimal("1.5"), Decimal("NaN"), Decimal("1e999"), Fraction(1, 3)])
    | st.sampled_from([b"1", 1j, (), (1,), object, Ellipsis])
    | st.builds(list)
    | st.builds(dict)
    | st.text(max_size=5)
    | st.floats()
    | st.integers()
)
cells = ordinary | hostile


@st.composite
def tables(draw):
    """Return inputs, and records that all have the same keys."""
    chosen = draw(inputs())
    absent = [f.name for f in chosen.features if not f.required and draw(st.booleans())]
    names = [f.name for f in chosen.features if f.name not in absent]
    names += ["teacher"] * draw(st.booleans())
    kind = draw(st.sampled_from([cells, ordinary]))
    row = st.fixed_dictionaries(dict.fromkeys(names, kind))
    return chosen, draw(st.lists(row, min_size=1, max_size=8))


def one_by_one(encoder, records):
    """Return the matrix, problems and notes of records encoded one at a time."""
    matrix = np.zeros((len(records), encoder.width), np.float32)
    problems, notes = {}, {}
    for i, record in enumerate(records):
        try:
            row, found = encoder.encode(record)
        except RecordError as error:
            problems[i] = list(error.problems)
            continue
        matrix[i] = np.frombuffer(row, np.float32)
        if found:
            notes[i] = list(found)
    return matrix, problems, notes


def assert_same(encoded, matrix, problems, notes):
    assert encoded.matrix.dtype == np.float32
    assert encoded.matrix.tobytes() == matrix.tobytes()
    assert encoded.problems == problems
    assert {i: n for i, n in encoded.notes.items() if i not in problems} == notes


@settings(max_examples=200, deadline=None)
@given(tables())
def test_rows_and_columns_are_encoded_as_one_record_is(table):
    chosen, records = table
    encoder = Encoder(chosen)
    alone = one_by_one(encoder, records)
    assert_same(encoder.encode_many(records), *alone)
    if records[0]:
        for kind in (list, tuple):
            whole = {name: kind(record[name] for record in records) for name in records[0]}
            assert_same(encoder.encode_many(whole), *alone)
        whole = {name: objects([record[name] for record in records]) for name in records[0]}
        assert_same(encoder.encode_many(whole), *alone)


def objects(values):
    column = np.empty(len(values), object)
    for i, value in enumerate(values):
        column[i] = value
    return column


lone_keys = st.sampled_from([*NUMBERS, *CATEGORIES, "teacher", "A", "unknown", "", "\ud800"])


@settings(max_examples=100, deadline=None)
@given(inputs(), st.lists(st.dictionaries(lone_keys, cells) | st.sampled_from([None, 3, "x", []])))
def test_rows_of_any_keys_are_encoded_as_one_record_is(chosen, records):
    encoder = Encoder(chosen)
    assert_same(encoder.encode_many(records), *one_by_one(encoder, records))


typed = {
    np.float64: st.floats(-60, 60) | st.floats(),
    np.float32: st.floats(-60, 60, width=32) | st.floats(width=32),
    np.int64: st.integers(-60, 60) | st.integers(-(2**63), 2**63 - 1),
    np.uint8: st.integers(0, 255),
    np.bool_: st.booleans(),
    np.str_: st.sampled_from(["1", "2.5", " 7", "x", "", *VALUES]) | st.text(max_size=5),
}


@st.composite
def typed_tables(draw):
    chosen = draw(inputs())
    count = draw(st.integers(1, 8))
    whole = {}
    for feature in chosen.features:
        kind = draw(st.sampled_from(list(typed)))
        values = draw(st.lists(typed[kind], min_size=count, max_size=count))
        whole[feature.name] = np.array(values, kind)
    return chosen, whole


@settings(max_examples=120, deadline=None)
@given(typed_tables())
def test_typed_arrays_are_encoded_as_the_records_they_hold(table):
    chosen, whole = table
    encoder = Encoder(chosen)
    count = len(next(iter(whole.values())))
    records = [{name: column[i] for name, column in whole.items()} for i in range(count)]
    alone = one_by_one(encoder, records)
    assert_same(encoder.encode_many(records), *alone)
    assert_same(encoder.encode_many(whole), *alone)
    python = [{name: value.item() for name, value in record.items()} for record in records]
    as_python = one_by_one(encoder, python)
    assert as_python[0].tobytes() == alone[0].tobytes()
    assert as_python[1].keys() == alone[1].keys()
    assert as_python[2] == alone[2]


@given(st.floats(width=64), st.floats(-1e10, 1e10), positive)
@example(float(np.finfo(np.float32).max) * (1 + 2**-25), 0.0, 1.0)
@example(float(np.finfo(np.float32).max) * (1 + 2**-24), 0.0, 1.0)
@example(1e-46, 0.0, 1.0)
def test_the_cast_to_float32_is_that_of_numpy(value, mean, scale):
    column = Standard(source="x", mean=mean, scale=scale)
    encoder = Encoder(Inputs(features=(Number(name="x", label="x"),), columns=(column,)))
    with np.errstate(all="ignore"):
        expected = ((np.float64(value) - mean) / scale).astype(np.float32)
    try:
        packed, _ = encoder.encode({"x": value})
    except RecordError:
        assert not np.isfinite(expected)
    else:
        assert packed == expected.tobytes()


@pytest.mark.parametrize("kind", ["m8[ns]", "m8[D]", "M8[ns]", "M8[D]"])
def test_times_are_no_numbers(kind):
    encoder = Encoder(
        Inputs(
            features=(Number(name="a", label="a", imputed=1.0),),
            columns=(Standard(source="a", mean=0.0, scale=1.0),),
        )
    )
    column = np.array([3, "NaT"], kind)
    encoded = encoder.encode_many({"a": column})
    assert_same(encoded, *one_by_one(encoder, [{"a": value} for value in column]))
    assert 0 in encoded.problems
