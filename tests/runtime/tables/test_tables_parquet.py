"""Parquet: columns stay columns, and what the model does not use keeps its type."""

import datetime
import io
import re
from decimal import Decimal

import numpy as np
import pytest

from satchel import TableError
from satchel.tables import arrow
from satchel.tables.opening import open_file
from satchel.tables.predicting import TableOptions, predict_table
from satchel.tables.table import FileOptions, Wanted

pyarrow = pytest.importorskip("pyarrow", reason="pip install '.[arrow]'")
parquet = pytest.importorskip("pyarrow.parquet", reason="pip install '.[arrow]'")

DAY = datetime.datetime(2026, 3, 1, 8, 30)
FIELDS = {"score": [12, 3, 7], "hours": [6.5, 1.0, 2.0], "course": ["math", "math", "physics"]}
OTHERS = {
    "small": pyarrow.array([1, None, 3], pyarrow.int8()),
    "large": pyarrow.array([2**63, None, 1], pyarrow.uint64()),
    "half": pyarrow.array(np.array([0.5, 1, 2], np.float16)),
    "nan": pyarrow.array([float("nan"), None, 1.0]),
    "flag": pyarrow.array([True, None, False]),
    "money": pyarrow.array([Decimal("1.50"), None, Decimal("2.00")]),
    "day": pyarrow.array([DAY.date(), None, DAY.date()]),
    "time": pyarrow.array([DAY.time(), None, DAY.time()]),
    "moment": pyarrow.array([1_000_001, None, 3], pyarrow.timestamp("ns", "UTC")),
    "text": pyarrow.array(["=1+1", None, ""], pyarrow.large_string()),
    "coded": pyarrow.array(["a", None, "a"]).dictionary_encode(),
    "numbers": pyarrow.array([7, None, 7]).dictionary_encode(),
    "bytes": pyarrow.array([b"caf\xc3\xa9", None, b"\xff"]),
    "list": pyarrow.array([["a", "b"], None, []]),
    "struct": pyarrow.array([{"a": 1}, None, {"a": None}]),
    "nothing": pyarrow.nulls(3),
}


def table(**columns):
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), file)
    return file.getvalue()


def opened(content, wanted=None, **options):
    looked_for = wanted or Wanted()
    return open_file(io.BytesIO(content), "c.parquet", FileOptions(**options), looked_for)


def chunk(content, **options):
    (found,) = opened(content, **options).chunks()
    return found


def answer(predictor, content, kind="parquet", **options):
    source, target = io.BytesIO(content), io.BytesIO()
    source.name = "c.parquet"
    predict_table(predictor, source, target, TableOptions(kind=kind, **options))
    return target.getvalue()


def test_what_passes_through_keeps_its_type_and_every_value(predictor):
    content = table(**FIELDS, **OTHERS)
    came = parquet.read_table(io.BytesIO(content))
    made = parquet.read_table(io.BytesIO(answer(predictor, content)))
    assert made.schema.types[: len(came.schema)] == came.schema.types
    assert made.select(came.column_names).to_pydict().keys() == came.to_pydict().keys()
    for name in came.column_names:
        if name != "nan":
            assert made[name].equals(came[name]), name
    assert np.isnan(made["nan"][0].as_py())
    assert made["predicted_grade"].type == pyarrow.float64()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "xlsx"])
def test_every_type_can_be_written_in_every_other_format(predictor, kind):
    if kind == "xlsx":
        pytest.importorskip("openpyxl", reason="pip install '.[excel]'")
    made = answer(predictor, table(**FIELDS, **OTHERS), kind)
    if kind == "csv":
        first = made.decode().splitlines()[1].split(",")
        assert first[3:15] == [
            *("1", "9223372036854775808", "0.5", "", "True", "1.50", "2026-03-01", "08:30:00"),
            *("1970-01-01T00:00:00.001000+00:00", "'=1+1", "a", "7"),
        ]
        assert 'café,"[""a"", ""b""]","{""a"": 1}",,' in made.decode()


def test_values_that_python_has_no_type_for_are_text(predictor):
    year_12000 = 316_516_204_800
    far = pyarrow.array([year_12000, None, 0], pyarrow.timestamp("s"))
    nested = pyarrow.array([[year_12000, 0], None, []], pyarrow.list_(pyarrow.timestamp("s")))
    content = table(**FIELDS, far=far, nested=nested)
    made = parquet.read_table(io.BytesIO(answer(predictor, content)))
    assert made["nested"].equals(parquet.read_table(io.BytesIO(content))["nested"])
    first, second, third = answer(predictor, content, "csv").decode().splitlines()[1:]
    dates = r"12000-01-01 00:00:00(\.000)?,\"\[12000-01-01 .*1970-01-01 00:00:00(\.000)?\]\","
    assert re.match(f"12,6.5,math,{dates}", first)
    assert second.startswith("3,1.0,math,,,")
    assert third.startswith("7,2.0,physics,1970-01-01 00:00:00")


def test_a_column_is_an_array_of_numbers_or_texts_or_a_list():
    rows = chunk(table(**OTHERS)).rows
    places = {name: place for place, name in enumerate(OTHERS)}

    def column(name):
        return rows.column(places[name])

    assert column("small").tolist() == [1.0, pytest.approx(np.nan, nan_ok=True), 3.0]
    assert np.isnan(column("nan")).tolist() == [True, True, False]
    assert column("money")[[0, 2]].tolist() == [1.5, 2.0]
    assert column("text").tolist() == ["=1+1", "", ""]
    assert column("coded").tolist() == ["a", "", "a"]
    assert column("numbers")[[0, 2]].tolist() == [7.0, 7.0]
    assert column("flag") == [True, None, False]
    assert column("day") == [DAY.date(), None, DAY.date()]
    assert column("nothing") == [None] * 3
    assert column("bytes") == [b"caf\xc3\xa9", None, b"\xff"]
    rows = chunk(table(a=[b"caf\xc3\xa9", None], b=[1, 2])).rows
    assert rows.column(0).tolist() == ["café", ""]


@pytest.mark.parametrize("text", ["x" * 65, "math\0", "\0"])
def test_texts_that_no_array_holds_are_a_list(text):
    rows = chunk(table(a=["b", text, None], b=[1, 2, 3])).rows
    assert rows.column(0) == ["b", text, ""]
    assert [*rows] == [("b", 1), (text, 2), (None, 3)]


def test_rows_are_a_sequence_as_any_other():
    rows = chunk(table(a=[1, 2, 3, None], b=["w", "x", "y", "z"])).rows
    assert len(rows) == 4
    assert [rows[0], rows[-1]] == [(1, "w"), (None, "z")]
    assert [*rows[1:3]] == [(2, "x"), (3, "y")]
    assert [*rows[::-2]] == [(None, "z"), (2, "x")]
    assert rows[1:3].column(1).tolist() == ["x", "y"]
    with pytest.raises(IndexError):
        rows[4]


def test_rows_of_nothing_are_none_and_the_others_keep_their_numbers():
    content = table(
        a=["x", "", None, "  ", "\u00a0", None],
        b=[None, float("nan"), None, None, None, 1.0],
        c=pyarrow.array([None, "", " ", None, None, None]).dictionary_encode(),
    )
    found = chunk(content)
    assert (found.numbers, [row[0] for row in found.rows]) == ([1, 6], ["x", None])
    zero = chunk(table(a=[0, None], b=[None, False]))
    assert len(zero.rows) == 2
    assert [*opened(table(a=[None, ""])).chunks()] == []


def test_what_is_wrong_with_a_value_is_told_as_of_any_table(predictor):
    content = table(
        score=pyarrow.array([21, None, 12, 12, 12], pyarrow.int32()),
        hours=pyarrow.array(["1", "1", "many", "6,5", None]),
        course=pyarrow.array(["math", "math", "math", "mth", "math"]).dictionary_encode(),
    )
    made = parquet.read_table(io.BytesIO(answer(predictor, content)))
    errors = [error and error.partition(";")[0] for error in made["error"].to_pylist()]
    assert errors == [
        "score = 21 is out of bounds",
        "score is blank",
        "hours = 'many' is not a number",
        "course = 'mth' is not one of its values (did you mean 'math'?)",
        None,
    ]
    assert made["predicted_grade"].null_count == 4


def test_decimal_marks_of_texts_are_found_or_said():
    wanted = Wanted(numbers=["hours"])
    content = table(hours=["6,5", None])
    assert opened(content, wanted).decimal == ","
    assert opened(content, wanted, decimal=".").decimal == "."
    assert opened(table(hours=[6.5]), wanted).decimal == "."
    with pytest.raises(TableError, match=r"1,250 may be a thousand or not.*--decimal comma"):
        opened(table(hours=["1,250"]), wanted)


def test_text_that_is_no_utf8_is_told_with_a_remedy():
    broken = pyarrow.Array.from_buffers(pyarrow.string(), 1, pyarrow.array([b"\xff\xfe"]).buffers())
    with pytest.raises(TableError, match=r"cannot be read as Parquet .*; write it again"):
        [*opened(table(a=[1], b=broken)).chunks()]


def test_some_columns_and_rows_that_are_no_students_come_back_too(predictor):
    content = table(
        name=["Ada", "Class average", "Ben"],
        score=[12, 7, 3],
        hours=[6.5, 3.0, 1.0],
        course=["math", None, "math"],
    )
    made = parquet.read_table(io.BytesIO(answer(predictor, content, brief=True)))
    assert made["name"].to_pylist() == ["Ada", "Class average", "Ben"]
    assert made.column_names[1] == "predicted_grade"
    assert made["notes"][1].as_py().startswith("not a student")
    assert made["predicted_grade"].null_count == 1


def test_rows_are_written_in_large_groups_and_held_in_small_ones(predictor, monkeypatch):
    count = 25_000
    content = table(score=[12] * count, hours=[6.5] * count, course=["math"] * count)
    places = [(part.numbers[0], part.numbers[-1]) for part in opened(content).chunks()]
    assert places == [(1, 10_000), (10_001, 20_000), (20_001, 25_000)]
    made = parquet.ParquetFile(io.BytesIO(answer(predictor, content)))
    assert (made.metadata.num_rows, made.metadata.num_row_groups) == (count, 1)
    monkeypatch.setattr(arrow, "LARGEST_GROUP", 1)
    made = parquet.ParquetFile(io.BytesIO(answer(predictor, content)))
    assert (made.metadata.num_rows, made.metadata.num_row_groups) == (count, 3)
