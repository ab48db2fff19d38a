"""What numpy splits is what the csv module would read, cell by cell and answer by answer."""

import csv
import io
from functools import partial

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from satchel.spec import Category
from satchel.tables.csv import lines
from satchel.tables.csv import reader as tables
from satchel.tables.csv.digits import read_plain_numbers
from satchel.tables.csv.plain import PlainRows, split
from satchel.tables.csv.reader import CsvReader
from satchel.tables.csv.writer import CsvWriter
from satchel.tables.mapping import TableMapping
from satchel.tables.marks import CellReader, Marks
from satchel.tables.predicting import TableAnswer, TableOptions
from satchel.tables.run import TableRun, open_table
from satchel.tables.table import ROWS_PER_CHUNK, Answered, FileOptions
from satchel.values import read_number

letters = st.text("a,;\t\"\n\r é€\0'=-", max_size=5)


def parsed(text, delimiter=","):
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def padded(row, width):
    return [*row, *[""] * (width - len(row))]


def check(rows, expected, delimiter, width):
    """See that rows split by numpy hold what the csv module reads, however they are asked."""
    assert not any(cell for row in expected for cell in row[width:])
    expected = [padded(row, width)[:width] for row in expected]
    assert [list(row) for row in rows] == expected
    for place in range(width):
        assert list(rows.column(place)) == [row[place] for row in expected]
    for places in (range(width), range(1, width) or [0], [width - 1, 0], range(0, width, 2)):
        lines = rows.written(places)
        assert rows[1:].written(places) == lines[1:]
        again = [padded(([*parsed(line, delimiter)] or [[]])[0], len(places)) for line in lines]
        assert again == [[row[place] for place in places] for row in expected]
        begun = [
            i for i, row in enumerate(expected) if any(row[p][:1] in tuple('=-"') for p in places)
        ]
        assert rows.beginning_with('=-"', places) == begun
    blank = [i for i, row in enumerate(expected) if not "".join(row).strip()]
    assert rows.blank() == blank
    kept = np.delete(np.arange(len(rows)), blank)
    assert [list(row) for row in rows[kept]] == [expected[i] for i in kept]
    assert [list(row) for row in rows[1:]] == expected[1:]
    assert [str(cell) for cell in rows[1:].column(0)] == [row[0] for row in expected[1:]]


@settings(max_examples=1000, deadline=None)
@given(st.text('a,"\n\r= é', min_size=1, max_size=30), st.integers(1, 4))
@example('"a"\n"b"', 1)
@example('"a,b"\n', 2)
@example('","\n', 2)
@example('a"b,c"d\n', 2)
@example('"a",""\r\n"",b\r\n', 2)
@example('""""\n', 1)
@example('"a"\n"b","c"\n', 3)
@example('"a""",b\n""""",c\n', 2)
@example("\n", 1)
def test_a_plain_block_holds_what_the_csv_module_reads(text, width):
    rows = split(text, ",", width)
    if rows is not None:
        check(rows, parsed(text), ",", width)


cells = st.sampled_from(["", "a", "12", "é", "€uro", "=1", "-5", "x" * 70, "two words"])
odd_cells = cells | st.text("a,;\t\"\n €=-'", max_size=6) | st.just('Bo "B", the\r\nsecond')


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.lists(odd_cells, max_size=3), min_size=1, max_size=6),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.sampled_from(["", ",", ",,"]),
)
def test_what_needs_no_parser_is_plain(table, delimiter, end, quoted, beyond):
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    for row in table:
        writer.writerow(row if not beyond else padded(row, 3))
        if beyond:
            out.seek(out.tell() - len(end))
            out.write(beyond.replace(",", delimiter) + end)
    text = out.getvalue()
    expected = parsed(text, delimiter)
    rows = split(text, delimiter, 3)
    if any(len(row) == 1 and delimiter in row[0] for row in expected):
        assert rows is None  # the line may be quoted as a whole
    else:
        check(rows, expected, delimiter, 3)


def test_line_ends_may_be_mixed():
    check(split('a,b\r\nc,"d"\n"e",f\r\n', ",", 2), [["a", "b"], ["c", "d"], ["e", "f"]], ",", 2)


@pytest.mark.parametrize(
    "text",
    [
        "a\rb,c\r",
        "a,\0\n",
        "a,b,c\n",
        "a,b, \n",
        'a"b",c\n',
        '"a"b,c\n',
        '"a" ,b\n',
        ' "a",b\n',
        '"a,b\n',
        '"a","b\r"\n',
        '"a,b"\n',
        "a," + "b" * 200_000 + "\n",
    ],
)
def test_what_needs_one_is_not(text):
    assert split(text, ",", 2) is None


@given(st.lists(st.text("0123456789.-e ,", max_size=17) | st.integers(0, 10**17).map(str)))
def test_plain_numbers_are_read_as_the_field_reads_them(texts):
    numbers = read_plain_numbers(np.array([*texts, "1"]), point=True)
    if numbers is not None:
        for text, number in zip(texts, numbers.tolist(), strict=False):
            assert number == read_number(text) if text else number != number


@given(st.floats(0, 1e6).map(lambda x: round(x, 6)) | st.decimals(0, 10**6, places=3))
def test_ordinary_numbers_are_plain(number):
    text = f"{number:.6f}" if isinstance(number, float) else str(number)
    assert read_plain_numbers(np.array([text]), point=True).tolist() == [float(text)]
    assert read_plain_numbers(np.array([text]), point=False) is None


@pytest.mark.parametrize("text", [".", "1.2.3", "+1", "1e3", " 1", "1 ", "½", "٣", "1" * 16])
def test_what_is_not_plain_is_left_to_others(text):
    assert read_plain_numbers(np.array(["1", text]), point=True) is None


def answer(predictor, content, brief, missing=()):
    out = io.BytesIO()
    file = io.BytesIO(content)
    mapping = TableMapping(missing=missing)
    with open_table(file, mapping, predictor.spec) as reader:
        reader.chunks = partial(reader.chunks, 7)
        run = TableRun(predictor, reader, mapping)
        table = TableAnswer(run, TableOptions(brief=brief))
        writer = CsvWriter(out, reader.style)
        writer.write([table.header])
        plain = 0
        for rows in table:
            plain += isinstance(rows, Answered) and isinstance(rows.rows, PlainRows)
            writer.write(rows)
    text = out.getvalue().decode()
    told = (run.rows, run.refused, list(run.remarks()))
    return parsed(text, reader.style.delimiter), told, plain


scores = st.integers(0, 20).map(str) | st.sampled_from(
    ["", "12.5", "?", "-", "99", " 7", "0", "5%"]
)
rows = st.tuples(
    st.sampled_from(["Zoë", "=1+1", "-3", 'Ann "A"', "Lee, Bo", ""]),
    scores,
    scores,
    st.sampled_from(["math", "art", "Math", "", "n/a"]),
)


plain_scores = st.integers(0, 25).map(str) | st.sampled_from(["", "12.5", "21", "007", "1.0"])
plain_rows = st.tuples(cells, plain_scores, plain_scores, st.sampled_from(["math", "art", ""]))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(rows | plain_rows, min_size=21, max_size=40)
    | st.lists(plain_rows, min_size=21, max_size=40),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([(), ("0",)]),
)
@example([("Ann", "12.5", "21", "art")] * 30, True, "\n", ())
def test_a_table_is_answered_alike_in_both_ways(predictor, table, brief, end, missing):
    out = io.StringIO()
    header = ["name", "score", "hours", "course"]
    csv.writer(out, lineterminator=end).writerows([header, *table])
    content = out.getvalue().encode()
    with pytest.MonkeyPatch.context() as patch:
        # Blocks of few rows, so that an odd one leaves others plain.
        patch.setattr(tables, "ROWS_TO_HEADER", 1)
        patch.setattr(lines, "BLOCK", 64)
        fast, told, _ = answer(predictor, content, brief, missing)
        patch.setattr(tables, "split", lambda *_: None)
        slow, as_told, plain = answer(predictor, content, brief, missing)
    assert (fast, told, plain) == (slow, as_told, 0)


def test_a_refused_number_is_told_as_it_was_written(predictor):
    content = "name,score,hours,course\n" + "Ann,12,3.5,math\n" * 30 + "Ben,0021,3.50,math\n"
    written, _, plain = answer(predictor, content.encode(), brief=False)
    assert plain > 1
    assert written[-1][-1].startswith("score = '0021' is out of bounds")


def test_rows_that_reach_across_blocks_come_in_chunks(monkeypatch):
    # Each block ends within a quoted cell, where its last line ends.
    row = '1,"' + "so\n" * 10 + "x" * 16 + '"\n'
    monkeypatch.setattr(lines, "BLOCK", 2 * len(row))
    content = ("a,b\n" + row * 500).encode()
    chunks = list(CsvReader(io.BytesIO(content), "class.csv").chunks())
    assert [list(row) for chunk in chunks for row in chunk.rows] == parsed(row) * 500
    assert [n for chunk in chunks for n in chunk.numbers] == list(range(2, 502))
    assert max(len(chunk.rows) for chunk in chunks[1:]) <= 3


def test_all_rows_below_the_header_go_one_way():
    content = 'Class 7b\n"a";"b"\n' + '"x";"1"\n' * 30
    (chunk,) = CsvReader(
        io.BytesIO(content.encode()), "class.csv", FileOptions(header_row=2)
    ).chunks()
    assert isinstance(chunk.rows, PlainRows)
    assert [list(row) for row in chunk.rows] == [["x", "1"]] * 30
    assert list(chunk.numbers) == list(range(3, 33))
    assert chunk.rows.written([0, 1]) == ['"x";"1"'] * 30


def test_short_rows_come_in_chunks_of_no_more_than_was_asked_for():
    content = b"a,b\n" + b"1,\n" * 30_000
    chunks = [*CsvReader(io.BytesIO(content), "class.csv").chunks()]
    assert max(len(chunk.rows) for chunk in chunks) == ROWS_PER_CHUNK
    assert sum(len(chunk.rows) for chunk in chunks) == 30_000


def test_a_category_of_many_values_is_read_as_any_other():
    values = tuple(map(chr, range(0x100, 0x240)))
    reader = CellReader("c", Category(name="c", label="c", values=values), Marks())
    column = reader.column(np.array(values))
    assert (column.values.tolist(), column.unsettled) == (list(range(len(values))), [])


def test_an_ordinary_class_list_goes_the_fast_way(predictor):
    content = "name,score,hours,course\n" + "Zoë,12,3.5,math\n" * 100
    written, (count, refused, _), plain = answer(predictor, content.encode(), brief=False)
    assert (count, refused, len(written)) == (100, 0, 101)
    assert plain > 10
