"""What a hostile table or record does to a terminal, to a message, and to the time."""

import csv
import io
import json
import sys

import pytest

import satchel
from satchel.cli import main
from satchel.encode.encoder import Encoder
from satchel.errors import RecordError
from satchel.spec import Inputs, Number, Standard
from satchel.tables.csv.dialect import Style
from satchel.tables.csv.writer import CsvWriter
from satchel.values import printable, read_number, shown

ODD = "\x1b[31mred\x07\r\nForged: 0 refused\u202e"
BARE = ["score", "hours", "course"]


@pytest.fixture
def run(models_dir, capfd):
    def run(*arguments):
        code = main([*map(str, arguments), "--models", str(models_dir)])
        return code, *capfd.readouterr()

    return run


def table(tmp_path, header, row, name="class.csv"):
    path = tmp_path / name
    text = io.StringIO()
    csv.writer(text).writerows([header, row])
    path.write_text(text.getvalue(), "utf-8")
    return path


@pytest.mark.parametrize("command", ["predict", "explain", "drift"])
def test_names_cannot_command_a_terminal_nor_forge_a_line(run, tmp_path, command):
    path = table(tmp_path, [*BARE, ODD], [12, 5, "math", 1])
    options = ["-o", tmp_path / "out.csv"] if command == "predict" else []
    for file in (path, tmp_path / ODD.strip()):
        _, out, err = run(command, "tiny", file, *options)
        for line in (out + err).split("\n"):
            assert line.isprintable(), line
            assert not line.startswith("Forged")


def test_at_most_twelve_names_are_listed(run, tmp_path):
    names = [f"unused {i}" for i in range(40)]
    path = table(tmp_path, [*BARE, *names], [12, 5, "math", *names])
    _, _, err = run("predict", "tiny", path, "-o", tmp_path / "out.csv")
    (line,) = (line for line in err.splitlines() if line.startswith("Not used"))
    assert line.endswith("unused 11 and 28 more")


def test_what_is_printed_of_a_text():
    assert printable("Term 1 ü") == "Term 1 ü"
    assert printable("a\u00a0b\u3000c") == "a b c"
    assert printable("a\x00\n\ud800\u202e") == r"a\x00\n\ud800\u202e"


# ---- a field that is named twice ---------------------------------------------------------------


def test_a_record_that_names_a_field_twice_is_refused(run):
    code, _, err = run("predict", "tiny", "--record", '{"score": 1, "score": 2}')
    assert code == 2
    assert "'score' is named twice in one object" in err


def test_a_line_that_names_a_field_twice_is_refused(run, tmp_path):
    path = tmp_path / "class.jsonl"
    path.write_text('{"score": 1, "hours": 2, "course": "math", "score": 3}\n', "utf-8")
    code, _, err = run("predict", "tiny", path)
    assert code == 2
    assert "line 1 is no JSON object ('score' is named twice in one object)" in err


def test_an_option_that_names_a_field_twice_is_refused(run, tmp_path):
    path = table(tmp_path, ["score", "hours"], [12, 5])
    options = ["--set", "course=math", "--set", "course=physics"]
    code, _, err = run("predict", "tiny", path, *options)
    assert (code, err) == (2, "satchel: --set names 'course' twice: 'math' and 'physics'\n")


def test_a_spec_that_names_something_twice_is_refused(tiny_path, tiny_bytes, proto, tmp_path):
    path = tmp_path / "tiny.linear.onnx"
    path.write_bytes(proto.with_spec(tiny_bytes, '{"task": "tiny", "task": "other"}'))
    with pytest.raises(satchel.SpecError, match="'task' is named twice"):
        satchel.load(path)


# ---- formulas behind another separator ---------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("x,=1+1,y", "x,'=1+1,y"),
        ("x\t@cmd", "x\t'@cmd"),
        ("x|+1+1|-2", "x|'+1+1|-2"),
        ("Smith, -born 2008", "Smith, -born 2008"),
        ("1,-2", "1,-2"),
        ("=1+1", "'=1+1"),
    ],
)
def test_what_would_run_behind_another_separator_is_text(cell, written):
    file = io.BytesIO()
    CsvWriter(file, Style(delimiter=";")).write([["name"], [cell]])
    assert file.getvalue().decode() == f"name\r\n{written}\r\n".replace(
        "\r\n", Style(delimiter=";").line_end
    )


# ---- work that grows with the input, and no faster ---------------------------------------------


def calls(action):
    """How many functions of Python and of C an action calls."""
    count = 0

    def seen(*_):
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        action()
    finally:
        sys.setprofile(before)
    return count


def refused(record):
    inputs = Inputs(
        features=(Number(name="x", label="X"),),
        columns=(Standard(source="x", mean=0.0, scale=1.0),),
    )
    with pytest.raises(RecordError) as caught:
        Encoder(inputs).encode(record)
    return json.dumps(caught.value.as_dict())


def wide(count):
    names = [f"column {i}" for i in range(count)]
    return ("\t".join(names) + "\n" + "\t".join("1" * count) + "\n").encode()


def keys(count):
    return json.dumps({f"key {i}": i for i in range(count)}).encode() + b"\n"


def read(content):
    def reading():
        with satchel.open_table(io.BytesIO(content)) as opened:
            for chunk in opened.chunks():
                list(chunk.rows)

    return reading


GROWING = {
    "unknown fields": lambda n: lambda: refused({f"field {i}": i for i in range(n)}),
    "columns of CSV": lambda n: read(wide(n)),
    "keys of JSON Lines": lambda n: read(keys(n)),
    "a long list": lambda n: lambda: shown(list(range(n))),
    "a long text": lambda n: lambda: shown("x" * n),
}


@pytest.mark.parametrize("of", GROWING.values(), ids=GROWING)
def test_twice_the_input_is_at_most_two_and_a_half_times_the_work(of):
    once, twice = of(2000), of(4000)
    once()  # what is made once is made now
    assert calls(twice) <= 2.5 * calls(once)


def test_a_million_unknown_fields_get_a_short_answer():
    text = refused({f"field {i}": i for i in range(100_000)})
    assert len(text) < 4000
    assert "99980 more are no fields of this model" in text


@pytest.mark.parametrize("value", ["1" * 10**6, "-" + "9" * 10**6, "1." * 10**6, "#" * 10**6])
def test_a_text_of_many_digits_is_no_number(value):
    with pytest.raises(ValueError, match="is not a number"):
        read_number(value)


@pytest.mark.parametrize(
    "value", ["é" * 10**6, b"x" * 10**6, [["x" * 10**6] * 5], {"a": list(range(10**5))}]
)
def test_no_more_of_a_value_is_shown_than_fits(value):
    assert len(shown(value)) <= 60


def test_a_number_of_many_digits_is_shown_by_its_type():
    assert shown(10**5000) == "a int"
