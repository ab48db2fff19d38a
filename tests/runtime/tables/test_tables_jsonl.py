"""JSON Lines: what came goes back as it was written, with the answer beside it."""

import io
import json

import pytest

from satchel import TableError
from satchel.tables import jsonl
from satchel.tables.opening import open_file
from satchel.tables.predicting import TableOptions, predict_table
from satchel.tables.table import FileOptions, Wanted


def opened(content, wanted=None, **options):
    return open_file(io.BytesIO(content), "c.jsonl", FileOptions(**options), wanted or Wanted())


def chunk(content, **options):
    (found,) = opened(content, **options).chunks()
    return found


def answer(predictor, content, kind="jsonl", name="c.jsonl", **options):
    source, target = io.BytesIO(content), io.BytesIO()
    source.name = name
    predict_table(predictor, source, target, TableOptions(kind=kind, **options))
    return target.getvalue().decode().splitlines()


def test_an_object_comes_back_as_it_was_written(predictor):
    line = '{"id":1.50, "name" : "Zo\\u00eb","big":12345678901234567890, "score":12,"hours":6.5e0'
    line += ',"course":"math"'
    (found,) = answer(predictor, f" {line}}} \r\n".encode())
    assert found.startswith(f'{line}, "predicted_grade": ')
    plain = json.loads(found)
    assert [*plain][6] == "predicted_grade"
    assert plain["error"] is None
    expected = predictor.predict({"score": 12, "hours": 6.5, "course": "math"})
    assert plain["predicted_grade"] == expected.outputs["grade"].value


@pytest.mark.parametrize(
    "line",
    [
        '{"course": "math", "hours": 6.5, "score": 12, "x": 1}',
        '{"score": 12, "x": 1, "hours": 6.5, "course": "math"}',
        '{"score": 12, "hours": 6.5, "course": "math"}',
        '{"score": 12, "hours": 6.5, "course": "math", "x": NaN}',
        '{"score": 12, "hours": 6.5, "course": "math", "x": -Infinity}',
        '{"score": 12, "hours": 6.5, "course": "math", "x": {"a": [NaN, 1]}}',
    ],
)
def test_an_object_of_another_order_or_with_what_is_no_json_is_written_anew(predictor, line):
    first = '{"score": 12, "hours": 6.5, "course": "math", "x": 1}'
    one, other = answer(predictor, f"{first}\n{line}\n".encode())
    plain = json.loads(other, parse_constant=pytest.fail)
    assert [*plain] == [*json.loads(one)]
    assert plain | {"x": 1} == json.loads(one)
    came = json.loads(line.replace("NaN", "null").replace("-Infinity", "null"))
    assert plain["x"] == came.get("x")


def test_a_key_that_the_first_objects_lack_is_a_column_of_all(predictor):
    first = '{"score": 12, "hours": 6.5, "course": "math"'
    one, other = answer(predictor, f'{first}}}\n{first}, "x": 1}}\n'.encode())
    assert [*json.loads(one)] == [*json.loads(other)]
    assert (json.loads(one)["x"], json.loads(other)["x"]) == (None, 1)


def test_names_with_spaces_around_them_lose_these(predictor):
    (found,) = answer(predictor, b'{" score": 12, "hours ": 6.5, "course": "math", "": 1}\n')
    assert [*json.loads(found)][:4] == ["score", "hours", "course", "column 4"]


def test_columns_may_be_left_out(predictor):
    content = b'{"score": 12, "hours": 6.5, "course": "math", "x": "\\ud800"}\n'
    (found,) = answer(predictor, content, brief=True)
    assert found.startswith('{"x": "\\ud800", "predicted_grade": ')
    (found,) = answer(predictor, content.replace(b', "x": "\\ud800"', b""), brief=True)
    assert found.startswith('{"predicted_grade": ')


def test_a_table_of_another_kind_gives_objects(predictor):
    content = b"name,score,hours,course\nAda,12,6.5,math\nAverage,,,\n"
    ada, average = map(json.loads, answer(predictor, content, name="c.csv"))
    assert (ada["name"], ada["score"], average["name"]) == ("Ada", "12", "Average")
    assert average["predicted_grade"] is None


def test_empty_objects_and_lines_are_no_rows_and_the_others_keep_their_numbers():
    found = chunk(b'{}\n{"a": 1, "b": " "}\n\n{"a": null}\n{"b": ""}\n{"a": NaN}\n{"b": 0}\n')
    assert ([*found.rows], found.numbers) == ([[1, " "], [None, 0]], [2, 7])


def test_rows_are_a_sequence_as_any_other():
    rows = chunk(b'{"a": 1}\n{"b": 2, "a": 3}\n{"a": 4, "b": 5}\n').rows
    assert len(rows) == 3
    assert [rows[0], rows[-1]] == [[1, None], [4, 5]]
    assert rows.column(0) == [1, 3, 4]
    assert ([*rows[1:]], rows[1:].column(1)) == ([[3, 2], [4, 5]], [2, 5])
    assert [*rows[::-2]] == [[4, 5], [1, None]]
    with pytest.raises(IndexError):
        rows[3]


def test_chunks_hold_a_bounded_number_of_cells(monkeypatch):
    monkeypatch.setattr(jsonl, "MOST_CELLS", 10)
    content = b"".join(b'{"a": 1, "b": 2, "c": 3, "d": 4}\n' for _ in range(5))
    assert [len(part.rows) for part in opened(content).chunks()] == [2, 2, 1]
    content = b"".join(json.dumps({f"k{i}": 1}).encode() + b"\n" for i in range(20))
    with pytest.raises(TableError, match=r"line 4 has the keys .'k3'., which none of the first"):
        [*opened(content).chunks()]


def test_a_decimal_mark_of_texts_is_found_or_said():
    wanted = Wanted(numbers=["hours"])
    content = b'{"hours": 6.5, "x": "1.5"}\n{"hours": "6,5"}\n'
    assert opened(content, wanted).decimal == ","
    assert opened(content, wanted, decimal=".").decimal == "."
    assert opened(content.replace(b"6,5", b"6.5"), wanted).decimal == "."
