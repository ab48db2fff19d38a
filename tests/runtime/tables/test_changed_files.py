"""Workbooks and Parquet files with parts changed: answered or refused, and little is used."""

import io
import random
import re
import zipfile
from contextlib import closing

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

RUNNER = """
import contextlib, io, sys
try:
    import resource
except ImportError:
    resource = None
import openpyxl, pyarrow.parquet, satchel, satchel.tables.arrow, satchel.tables.excel
from satchel import SatchelError, TableMapping, open_table, predict_table
model = satchel.load(MODEL)
with contextlib.suppress(SatchelError):
    predict_table(model, FIRST, io.BytesIO())
if resource is not None:
    most = int(open("/proc/self/statm").read().split()[0]) * 4096 + (500 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
print("ready", flush=True)
for path in sys.stdin:
    try:
        predict_table(model, path.strip(), io.BytesIO())
        said = "answered"
    except SatchelError as error:
        said = "refused" if str(error).isprintable() else f"raw: {error!r}"
    except BaseException as error:
        said = repr(error).replace("\\n", " ") or "?"
    print(said, flush=True)
"""
# What stands in a workbook where a number, a name, a kind or a place is meant.
ODD = (
    *(b"", b"0", b"-1", b"1e999", b"NaN", b"99999999999999999999", b"1048577", b"XFE1", b"A0"),
    *(b"A1:XFD1048576", b"s", b"str", b"inlineStr", b"b", b"e", b"d", b"n", b"../x", b"rId99"),
    *(b"&amp;", b"\xff", b"&#0;", b"2026-01-02T00:00:00", b"true", b"x" * 5000, b"0.00%", b"[h]"),
)
VALUE = re.compile(rb'(?<==")[^"]*(?=")|(?<=>)[^<>]+(?=<)')
ELEMENT = re.compile(rb"<[^/?!][^>]*?/>|<(\w+)[^>]*>[^<]*</\1>")


@pytest.fixture(scope="module")
def rows():
    names = ["name", "score", "hours", "größe", "absences", "course", "effort"]
    students = [f"S{i}" for i in range(12)]
    return names, [[s, i, i / 2, 1.7, i % 4, "math", "high"] for i, s in enumerate(students)]


@pytest.fixture(scope="module")
def book(rows):
    openpyxl = pytest.importorskip("openpyxl", reason="pip install '.[excel]'")
    names, students = rows
    made, out = openpyxl.Workbook(), io.BytesIO()
    for row in (["Class 4b"], names, *students):
        made.active.append(row)
    made.active["B5"].number_format = "0.0%"
    made.active["C6"].number_format = "yyyy-mm-dd"
    made.active["C7"] = "=1+1"
    made.create_sheet("other").append(["a", "b"])
    made.save(out)
    return out.getvalue()


@pytest.fixture(scope="module")
def parquet(rows):
    pa = pytest.importorskip("pyarrow", reason="pip install '.[arrow]'")
    names, students = rows
    columns = dict(zip(names, map(list, zip(*students, strict=True)), strict=True))
    contents = []
    for kind in ("snappy", "none", "gzip", "zstd"):
        out = io.BytesIO()
        pytest.importorskip("pyarrow.parquet").write_table(
            pa.table(columns), out, compression=kind, row_group_size=5
        )
        contents.append(out.getvalue())
    return contents


@pytest.fixture(scope="module")
def predicting(apart, tiny_path, book, parquet, tmp_path_factory):
    first = tmp_path_factory.mktemp("first") / "class.xlsx"
    first.write_bytes(book)
    program = f"MODEL, FIRST = {str(tiny_path)!r}, {str(first)!r}\n{RUNNER}"
    with closing(apart(program)) as runner:
        yield runner


def changed_bytes(content, rng):
    """Some bytes changed, removed or doubled."""
    content = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        at, kind = rng.randrange(len(content)), rng.randrange(4)
        if kind < 2:
            content[at] = rng.randrange(256)
        elif kind == 2:
            del content[at : at + rng.randint(1, 40)]
        else:
            content[at:at] = content[at : at + rng.randint(1, 400)]
    return bytes(content)


def changed_part(content, rng):
    """A value, or a whole element, of the XML of a workbook changed."""
    pattern = VALUE if rng.randrange(3) else ELEMENT
    found = list(pattern.finditer(content))
    if not found:
        return content
    one = rng.choice(found)
    if pattern is VALUE:
        new = rng.choice((*ODD, rng.choice(found).group()))
    else:
        new = rng.choice((b"", one.group() * rng.choice((2, 300)), rng.choice(found).group()))
    return content[: one.start()] + new + content[one.end() :]


def changed_book(content, rng):
    """A workbook with parts changed or left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        names = old.namelist()
        chosen = rng.choices(names, k=rng.randint(1, 3))
        for name in names:
            part = old.read(name)
            for _ in range(chosen.count(name)):
                part = changed_part(part, rng) if rng.randrange(8) else changed_bytes(part, rng)
            if name not in chosen or rng.randrange(20):
                new.writestr(name, part, rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED)))
    return out.getvalue()


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32))
@example(seed=406)  # openpyxl printed on standard output
def test_a_changed_workbook_is_answered_or_refused(predicting, book, tmp_path_factory, seed):
    rng = random.Random(seed)
    path = tmp_path_factory.getbasetemp() / "changed.xlsx"
    path.write_bytes((changed_book if rng.randrange(8) else changed_bytes)(book, rng))
    assert predicting.says(path) in ("answered", "refused")


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32))
@example(seed=211571)  # pyarrow ended the process when it showed the footer
@example(seed=299466)  # a hint spelled a column with a control character
def test_a_changed_parquet_file_is_answered_or_refused(predicting, parquet, tmp_path_factory, seed):
    rng = random.Random(seed)
    path = tmp_path_factory.getbasetemp() / "changed.parquet"
    path.write_bytes(changed_bytes(rng.choice(parquet), rng))
    assert predicting.says(path) in ("answered", "refused")
