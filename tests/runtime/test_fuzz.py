"""Whatever comes from outside is answered or refused by name: it never crashes.

The other kind of fuzzing, guided by coverage and without an end, is tests/fuzz/fuzz.py.
"""

# ruff: noqa: PT017  a refusal is one of two good ends, so there is no pytest.raises
import csv
import importlib.util
import io
import json
import math
import sys
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from satchel import Prediction, Predictor, RecordError, SatchelError, SpecError, TableError
from satchel.spec import Spec
from satchel.tables.csv.dialect import Style
from satchel.tables.csv.reader import CsvReader
from satchel.tables.csv.writer import CsvWriter
from satchel.tables.mapping import TableMapping, wanted

FIELDS = ("score", "hours", "größe", "absences", "course", "effort", "teacher")
PLAIN = {"score": 12, "hours": 6.5, "größe": 1.7, "absences": 3, "course": "math", "effort": "high"}


# ---- records ---------------------------------------------------------------------------------


class Hostile:
    """Fails at whatever it is asked."""

    def _fail(self, *arguments):
        raise RuntimeError("hostile")

    __repr__ = __str__ = __float__ = __int__ = __bool__ = __len__ = _fail


STRANGE = (
    *(None, True, False, b"", b"\xff", [], {}, (), [[1]], {"a": {"b": []}}, Hostile(), object()),
    *(math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308, 10**400, -(10**400)),
    *(
        "9" * 400,
        "1e999",
        "-1e-999",
        "0x10",
        "1_000",
        "\uff11\uff12",
        "NaN",
        "inf",
        "1e5",
        "\0",
        "12\0",
    ),
    *("\ud800", "\udfff12", "\u202e12", "\ufeff12", " 12 ", "\u2028", "x" * 100_000, "=1+1"),
    *(Decimal("NaN"), Decimal("sNaN"), Decimal("1e400"), Fraction(1, 3), 1j, np.float32("nan")),
    *(
        np.int64(3),
        np.bool_(True),
        np.datetime64("NaT", "s"),
        np.array([1.0]),
        np.array(2.0),
        np.str_("a"),
        np.timedelta64(1, "s"),
        np.timedelta64("NaT"),
        np.complex128(1j),
        np.void(b"ab"),
        np.bytes_(b"1"),
        np.longdouble(1) / 3,
        np.ma.masked,
    ),
    *(date(2026, 1, 2), datetime(2026, 1, 2, 3), timedelta(days=2), range(3), slice(1), Ellipsis),
    *(type("NAType", (), {})(), type("NaTType", (), {})(), int, len, iter([]), frozenset({1})),
)
values = (
    st.sampled_from(STRANGE)
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["math", "physics", "français", "low", "high"])
    | st.binary(max_size=3)
    | st.recursive(st.none() | st.booleans(), lambda inner: st.lists(inner), max_leaves=5)
)
names = st.sampled_from(FIELDS) | st.text(max_size=4) | st.sampled_from(["\0", "\ud800", ""])
records = st.dictionaries(names, values, max_size=9) | st.fixed_dictionaries(
    dict.fromkeys(FIELDS[:5], values)
)


def answer(predictor, record):
    """Predict; whatever comes back can be printed and sent."""
    try:
        prediction = predictor.predict(record)
    except RecordError as error:
        assert str(error).encode("utf-8")
        assert len(str(error)) < 20_000
        assert json.dumps(error.as_dict())
        return None
    assert isinstance(prediction, Prediction)
    return json.dumps(prediction.as_dict(), allow_nan=False)


@settings(max_examples=300, deadline=None)
@given(record=records)
def test_any_record_is_answered_or_refused_alone_as_among_many(predictor, record):
    alone = answer(predictor, record)
    many = predictor.predict_many([record, record])
    for item in many:
        if alone is None:
            assert isinstance(item, RecordError)
        else:
            # Tree and matrix products may differ in the last bits between one row and many.
            found, expected = item.as_dict(), json.loads(alone)
            assert found["notes"] == expected["notes"]
            assert found["outputs"]["grade"]["value"] == expected["outputs"]["grade"]["value"]


@pytest.mark.parametrize(
    "record", [None, 3, "x", b"x", [], [("score", 1)], {1: 2}, {None: 1}, set()]
)
def test_what_is_no_record_is_refused(predictor, record):
    with pytest.raises(RecordError):
        predictor.predict(record)


def test_ten_thousand_fields_too_many_are_told_shortly(predictor, record):
    for extra in (
        {f"field {i}": i for i in range(10_000)},
        {f"{i}" * 500: "\0" for i in range(500)},
    ):
        with pytest.raises(RecordError) as caught:
            predictor.predict(record | extra)
        assert len(str(caught.value)) < 10_000
        (found,) = predictor.predict_many([record | extra])
        assert str(found) == str(caught.value)


@settings(max_examples=100, deadline=None)
@given(columns=st.dictionaries(names, st.lists(values, max_size=3), max_size=7))
def test_any_columns_are_answered_or_refused(predictor, columns):
    try:
        found = predictor.predict_many(columns)
    except RecordError as error:
        assert str(error)
        return
    for item in found:
        assert json.dumps(item.as_dict(), allow_nan=False)


@settings(max_examples=500, deadline=None)
@given(field=st.sampled_from(FIELDS[:5]), odd=values, as_array=st.booleans())
def test_one_odd_value_leaves_the_rows_beside_it_as_they_are(predictor, field, odd, as_array):
    plain = {name: [value] * 3 for name, value in PLAIN.items()}
    expected = [item.as_dict() for item in predictor.predict_many(plain)]
    plain[field] = [PLAIN[field], odd, PLAIN[field]]
    if as_array:
        column = np.empty(3, object)
        column[:] = [PLAIN[field], None, PLAIN[field]]
        column[1] = odd
        plain[field] = column
    rows = [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]
    for many in (predictor.predict_many(plain), predictor.predict_many(rows)):
        first, middle, last = many
        assert [first.as_dict(), last.as_dict()] == [expected[0], expected[2]]
        assert str(middle) if isinstance(middle, RecordError) else middle.as_dict()


# ---- specs -----------------------------------------------------------------------------------

numbers = st.sampled_from([0, -1, 1, 2**63, 10**30, 10**400, 0.0, -0.0, 1e-320, 1e38, 1e100, 1e308])
odd_text = st.sampled_from(["", " ", "\0", "\ud800", "\x1b[2J", "../x", "score", "X"]) | st.text()
odd = st.recursive(
    st.none() | st.booleans() | numbers | st.floats() | odd_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


def places(plain, path=()):
    """Yield the path of everything in a JSON value."""
    items = plain.items() if isinstance(plain, dict) else enumerate(plain)
    for key, inner in items:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


@st.composite
def mutated(draw, text):
    """A spec with up to three places changed, removed, or replaced by what stands elsewhere."""
    plain = json.loads(text)
    for _ in range(draw(st.integers(1, 3))):
        paths = list(places(plain))
        path = draw(st.sampled_from(paths))
        inner = plain
        for key in path[:-1]:
            inner = inner[key]
        what = draw(st.sampled_from(["replace", "number", "remove", "copy"]))
        if what == "remove":
            del inner[path[-1]]
        elif what == "copy":
            other = plain
            for key in draw(st.sampled_from(paths)):
                other = other[key]
            inner[path[-1]] = json.loads(json.dumps(other))
        else:
            inner[path[-1]] = draw(numbers if what == "number" else odd)
    return json.dumps(plain)


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_any_spec_is_refused_or_answers(tiny, spec, data):
    text = data.draw(mutated(spec.to_json()))
    try:
        read = Spec.from_json(text)
    except SpecError as error:
        assert str(error).encode("utf-8")
        assert len(str(error)) < 2000
        return
    assert Spec.from_json(read.to_json()) == read
    assert read.to_json().encode("utf-8")
    try:
        predictor = Predictor(replace(tiny, spec=read))
    except SatchelError:
        return
    predictor.verify()
    for check in read.checks:
        answer(predictor, check.record)
    for item in predictor.predict_many([check.record for check in read.checks]):
        assert json.dumps(item.as_dict(), allow_nan=False)
    insights = (
        lambda record: predictor.explain(record, read.outputs[0].name, samples=64),
        lambda record: predictor.suggest(record, read.outputs[0].name),
        lambda record: predictor.what_if(record, dict(list(record.items())[:1])),
        lambda record: predictor.drift([record] * 30),
    )
    for check, insight in product(read.checks[:1], insights):
        with suppress(SatchelError):
            assert json.dumps(insight(check.record).as_dict(), allow_nan=False)


@settings(max_examples=200, deadline=None)
@given(text=st.text() | st.binary().map(lambda content: content.decode("utf-8", "replace")))
def test_any_text_is_no_spec(text):
    with pytest.raises(SpecError):
        Spec.from_json(text)


# ---- the other kind -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def targets():
    """What tests/fuzz/fuzz.py fuzzes, without atheris."""
    atheris = SimpleNamespace(instrument_imports=lambda include: nullcontext())
    path = Path(__file__).parents[1] / "fuzz" / "fuzz.py"
    location = importlib.util.spec_from_file_location("fuzz", path)
    module = importlib.util.module_from_spec(location)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "atheris", atheris)
        location.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["onnx_file", "spec", "encoder", "tables", "answers"])
def test_every_target_takes_what_it_starts_from(targets, name):
    assert targets.TARGETS.keys() == {"onnx_file", "spec", "encoder", "tables", "answers"}
    for seed in targets.seeds(name):
        targets.TARGETS[name](seed)


# ---- tables ----------------------------------------------------------------------------------

HEADER = "name,score,hours,course\n"
cells = st.text(alphabet=st.sampled_from('a1,;\t"\r\n \0é\u2028\ufeff='), max_size=30)


@settings(max_examples=300, deadline=None)
@given(
    content=st.binary(max_size=100)
    | cells.map(str.encode)
    | cells.map(lambda text: (HEADER + text).encode())
)
# What the columns are called decides which delimiter it is.
@example(content=b"score,hours,course\n\x01;\x01;")
@example(content=b'score,hours,course\n\x01;\x01;"')
def test_any_table_is_answered_row_by_row_or_refused(predictor, predict_content, content):
    try:
        answer, summary = predict_content(content, "fuzz.csv")
    except TableError as error:
        assert str(error).startswith(("fuzz.csv", "the table"))
        return
    names = wanted(predictor.spec, TableMapping(), {})
    style = CsvReader(io.BytesIO(content), "fuzz.csv", wanted=names).style
    text = answer.decode(style.encoding).removeprefix(style.mark)
    written = list(csv.reader(io.StringIO(text, newline=""), delimiter=style.delimiter))
    assert len(written) == summary.rows + len(summary.passed) + 1


def test_a_cell_with_an_old_line_end_stays_one_cell():
    out = io.BytesIO()
    CsvWriter(out, Style()).write([["a"], ["one\rtwo"]])
    (chunk,) = CsvReader(io.BytesIO(out.getvalue()), "x").chunks()
    assert chunk.rows == [["one\rtwo"]]
