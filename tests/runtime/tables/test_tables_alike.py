"""The same table means the same in every format: answers, blanks, errors, notes and remarks."""

import csv
import io
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from satchel import TableError
from satchel.tables.predicting import TableOptions, described, predict_table

openpyxl = pytest.importorskip("openpyxl", reason="pip install '.[excel]'")
pyarrow = pytest.importorskip("pyarrow", reason="pip install '.[arrow]'")
parquet = pytest.importorskip("pyarrow.parquet", reason="pip install '.[arrow]'")

HEADER = ["name", "id", "score", "hours", "course", "effort"]

blanks = st.sampled_from([None, None, "", "  "])
marks = st.sampled_from(["-", "n/a", "NaN", "abs", "–", "x"])  # noqa: RUF001 - as schools write
names = st.text("aZéÅßœŁñ 'ж日", min_size=1, max_size=6).map(lambda text: f"S{text}".strip())
codes = st.from_regex(r"0{0,2}[0-9]{1,4}", fullmatch=True)
words = st.one_of(
    st.sampled_from(["math", "physics", "français", " math ", "Math", "low", "high"]), blanks, marks
)
wholes = st.integers(-1, 22)
parts = st.integers(-4, 160).map(lambda quarters: quarters / 4).filter(lambda x: x != int(x))


@st.composite
def tables(draw):
    """Draw rows, and the decimal mark of those who wrote them."""
    mark = draw(st.sampled_from(".,"))
    texts = st.one_of(wholes, parts).map(lambda number: str(number).replace(".", mark))
    texts |= st.sampled_from(["13/20", "85%", "1e1", "2026-12-10", f"12{mark}999999999999998"])
    numbers = st.one_of(wholes, parts, texts, blanks, marks)
    row = st.tuples(names, codes, numbers, numbers, words, words)
    others = st.sampled_from(
        [(None, "", "  ", None, None, ""), ("Class average", None, 9.5, 4.5, None, None)]
    )
    return draw(st.lists(st.one_of(row, row, others), min_size=1, max_size=8)), mark


def text(cell, mark):
    """Return a cell as text; a spreadsheet writes its numbers with the mark of its people."""
    return (
        str(cell).replace(".", mark) if type(cell) is float else None if cell is None else str(cell)
    )


def as_csv(table, mark):
    file = io.StringIO()
    rows = [[text(cell, mark) for cell in row] for row in table]
    csv.writer(file).writerows([HEADER, *rows])
    return file.getvalue().encode()


def as_jsonl(table, _):
    return "".join(json.dumps(dict(zip(HEADER, row, strict=True))) + "\n" for row in table).encode()


def as_xlsx(table, _):
    book = openpyxl.Workbook()
    for row in [HEADER, *table]:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def as_parquet(table, mark):
    columns = {}
    for name, cells in zip(HEADER, zip(*table, strict=True), strict=True):
        kinds = {type(cell) for cell in cells if cell is not None}
        listed = cells if len(kinds) <= 1 else [text(cell, mark) for cell in cells]
        columns[name] = pyarrow.array(listed)
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), file)
    return file.getvalue()


WRITERS = {"csv": as_csv, "jsonl": as_jsonl, "xlsx": as_xlsx, "parquet": as_parquet}


class Named(io.BytesIO):
    """A file with a name."""

    def __init__(self, content, name):
        super().__init__(content)
        self.name = name


def answer(predictor, table, mark, kind):
    """Return the rows of an answer and what is said, as they are in every format."""
    source, target = Named(WRITERS[kind](table, mark), f"class.{kind}"), io.BytesIO()
    try:
        summary = predict_table(predictor, source, target, TableOptions(kind="jsonl"))
    except TableError as error:
        return str(error).replace(f"class.{kind}", "class")
    # The first refused row is in the answer too, under the number that the format counts by.
    lines = [line for line in described(summary) if not line.startswith("The first refused")]
    said = [re.sub(r"Row \d+", "Row N", line) for line in lines]
    return [plain(json.loads(line)) for line in target.getvalue().splitlines()], said


def plain(row):
    """Return a row of an answer as it is of text and of types: those of what came differ."""
    for name in HEADER:
        row[name] = "" if row[name] is None else str(row[name]).replace(",", ".")
    # A message shows text in quotation marks, also where that is a number.
    row["error"] = re.sub(r"= '([^']*)'", r"= \1", row["error"] or "")
    return row


@given(tables())
@example(([("Ada", "007", "6,5", 6.5, "math", None)], ","))
def test_the_same_table_means_the_same_in_every_format(predictor, drawn):
    expected = answer(predictor, *drawn, "csv")
    for kind in WRITERS:
        assert answer(predictor, *drawn, kind) == expected, kind
