"""JSON Lines, Excel and Parquet: read and written alike, damage told with a remedy."""

import datetime
import io
import json
import zipfile
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel import TableError
from satchel.tables import excel, opening
from satchel.tables.answer import answer_kind
from satchel.tables.cells import Percent
from satchel.tables.csv.reader import CsvReader
from satchel.tables.mapping import TableMapping, wanted
from satchel.tables.opening import open_file
from satchel.tables.predicting import TableOptions, predict_table
from satchel.tables.table import FileOptions

openpyxl = pytest.importorskip("openpyxl", reason="pip install '.[excel]'")
pyarrow = pytest.importorskip("pyarrow", reason="pip install '.[arrow]'")
parquet = pytest.importorskip("pyarrow.parquet", reason="pip install '.[arrow]'")

HEADER = ["name", "score", "hours", "course", "effort"]
ROWS = [
    ["Zoë", 12, 6.5, "math", "high"],
    ["=1+1", 3, None, "français", None],
    ["x", 21, 1.25, "math", "low"],
    ["y", 7, 2, "phsics", "low"],
]


def book(sheets, formats=()):
    """Return a workbook of sheets, as bytes."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str):
                    cell.data_type = "s"  # text that looks like a formula
    for place, number_format in formats:
        made.worksheets[0][place].number_format = number_format
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def as_format(kind):
    if kind == "csv":
        lines = [HEADER, *ROWS]
        cells = [["" if cell is None else str(cell) for cell in row] for row in lines]
        return "".join(",".join(row) + "\n" for row in cells).encode()
    if kind == "jsonl":
        records = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
        return "".join(json.dumps(record) + "\n" for record in records).encode()
    if kind == "xlsx":
        return book({"Marks": [["Class 7b"], [], HEADER, *ROWS]})
    file = io.BytesIO()
    columns = dict(zip(HEADER, map(list, zip(*ROWS, strict=True)), strict=True))
    parquet.write_table(pyarrow.table(columns), file)
    return file.getvalue()


class Pipe(io.RawIOBase):
    """A file that cannot seek."""

    def __init__(self, content):
        self._content = io.BytesIO(content)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._content.readinto(buffer)


def opened(content, name, spec=None, **options):
    names = wanted(spec, TableMapping(), {}) if spec is not None else opening.ANY
    return open_file(io.BytesIO(content), name, FileOptions(**options), names)


def cells(table):
    return [list(row) for chunk in table.chunks() for row in chunk.rows]


def answer(predictor, content, name, kind, path=None):
    """Predict a table, and return the answer as bytes."""
    source, out = io.BytesIO(content), io.BytesIO()
    source.name = name
    if path is not None:
        out.name = path
    predict_table(predictor, source, out, TableOptions(kind=kind))
    return out.getvalue()


def plain(content, kind):
    """Return the predicted part of an answer: by column, its values."""
    table = opened(content, f"answer.{kind}")
    place = table.header.index("predicted_grade")
    found = []
    for row in cells(table):
        part = row[place:]
        found.append([float(c) if _is_number(c) else c or None for c in part])
    return table.header[place:], found


def _is_number(cell):
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


KINDS = ["csv", "jsonl", "xlsx", "parquet"]


@pytest.mark.parametrize("into", KINDS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_format_gives_the_same_answer_in_every_format(predictor, kind, into):
    header, expected = plain(answer(predictor, as_format("csv"), "class.csv", "csv"), "csv")
    names, found = plain(answer(predictor, as_format(kind), f"class.{kind}", into), into)
    assert names == header
    for theirs, ours in zip(found, expected, strict=True):
        # A sheet holds 16 digits; what came as text is shown in quotes.
        assert theirs[:-1] == [
            pytest.approx(cell, rel=1e-14) if isinstance(cell, float) else cell
            for cell in ours[:-1]
        ]
        assert str(theirs[-1]).replace("'21'", "21") == str(ours[-1]).replace("'21'", "21")


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_of_empty_cells_is_none_in_every_format(kind):
    rows = [["Ada", 3.0, "math"], ["", None, ""], [None, float("nan"), " "], ["Bo", 4.0, "math"]]
    header = ["name", "score", "course"]
    shown = [["" if c is None or c != c else c for c in row] for row in rows]
    file = io.BytesIO()
    columns = dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))
    parquet.write_table(pyarrow.table(columns), file)
    content = {
        "csv": "".join(",".join(map(str, row)) + "\n" for row in [header, *shown]).encode(),
        "jsonl": b"".join(
            json.dumps(dict(zip(header, row, strict=True))).encode() + b"\n" for row in rows
        ),
        "xlsx": book({"M": [header, *shown]}),
        "parquet": file.getvalue(),
    }[kind]
    table = opened(content, f"class.{kind}")
    (chunk,) = table.chunks()
    first = 1 if kind in ("jsonl", "parquet") else 2
    assert [name for name, *_ in chunk.rows] == ["Ada", "Bo"]
    assert list(chunk.numbers) == [first, first + 3]


# ---- choosing --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_bytes_tell_what_a_name_does_not(kind):
    table = opened(as_format(kind), "standard input")
    assert table.kind == kind


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_a_file_of_another_kind_than_its_name_says_is_told(kind):
    with pytest.raises(TableError, match=rf"not CSV as its name says; name it class\.{kind}"):
        opened(as_format(kind), "class.csv")
    with pytest.raises(TableError, match=rf"class\.{kind} is not .*; it looks like text: name it"):
        opened(b"a,b\n1,2\n", f"class.{kind}")
    with pytest.raises(TableError, match=rf"class\.{kind} is empty"):
        opened(b"", f"class.{kind}")


def archive(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name in names:
            made.writestr(name, "x")
    return file.getvalue()


OPEN_DOCUMENT = b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument."


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "class.xlsx", "old Excel workbook, or one with a password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "class.xls", "save it as .xlsx"),
        (b"\x09\x04\x06\x00\0\0\x10\x00", "class.xls", "is an old Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "class.doc", "is a Word document: copy its table"),
        (b"x", "class.ods", "OpenDocument sheet: save it as .xlsx"),
        (OPEN_DOCUMENT + b"spreadsheet", "class.xlsx", "OpenDocument sheet: save it as .xlsx"),
        (OPEN_DOCUMENT + b"text", "class.csv", "OpenDocument text: copy its table"),
        (b"[]", "class.json", "write JSON Lines instead"),
        (b'\xef\xbb\xbf [\n {"a": 1}]', "standard input", "is JSON: write JSON Lines instead"),
        (b'{\n  "students": [', "standard input", "is JSON: write JSON Lines instead"),
        (b'[{"a": 1}]', "class.csv", "is JSON: write JSON Lines instead"),
        (
            b'{"a": 1}\n',
            "class.csv",
            r"is JSON Lines, not CSV as its name says; name it class.jsonl",
        ),
        (b"\x1f\x8b", "class.csv", "is compressed: unpack it first"),
        (b"BZh9", "class.csv", "is compressed: unpack it first"),
        (b"Rar!\x1a\x07", "class.csv", "is an archive: unpack it"),
        (b"%PDF-1.7", "class.csv", "ask for the table itself"),
        (b"\x89PNG\r\n", "class.xlsx", "is a picture: ask for the table itself"),
        (b"{\\rtf1", "class.xls", "is a document: copy its table"),
        (b"$FL2@(#)", "class.sav", "is an SPSS file: export it as CSV"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "class.csv", "run git lfs pull"),
        (archive("notes/a.csv", "b.txt"), "class.zip", "is an archive: unpack it"),
        (archive("a.csv"), "class.csv", "is an archive: unpack it"),
        (archive("a.csv"), "class.xlsx", "class.xlsx is an archive: unpack it"),
        (archive("a.csv"), "class.xls", "is an archive: unpack it"),
        (archive(), "class.zip", "is an archive: unpack it"),
        (
            archive("manifest.csv", "x/lineItems.csv"),
            "class.zip",
            "unpack it and give one of the OneRoster files",
        ),
        (archive("manifest.csv", "other.csv"), "class.zip", "is an archive: unpack it$"),
        (archive("results.csv", "other.csv"), "class.zip", "is an archive: unpack it$"),
        (archive("[Content_Types].xml", "xl/workbook.bin"), "class.xlsx", "binary Excel workbook"),
        (archive("[Content_Types].xml", "word/document.xml"), "class.xlsx", "is a Word document"),
        (archive("[Content_Types].xml", "ppt/presentation.xml"), "class.csv", "is a PowerPoint"),
        (archive("Index/Document.iwa", "preview.jpg"), "class.xlsx", "is a sheet of Numbers"),
        (archive("xl/workbook.xml")[:50], "class.csv", r"is an Excel workbook, not CSV"),
        (archive("a.csv")[:30], "class.zip", "is an archive: unpack it"),
    ],
)
def test_what_is_no_table_is_told_with_a_remedy(content, name, message):
    with pytest.raises(TableError, match=message):
        opened(content, name)
    piped = io.BufferedReader(Pipe(content))
    with pytest.raises(TableError, match=message):
        open_file(piped, name)


@pytest.mark.parametrize("name", ["class.xls", "class.csv", "class.html", "standard input"])
@pytest.mark.parametrize(
    "page",
    [
        "<html><body><table><tr><td>name</td></tr></table>",
        "\n <!DOCTYPE html>\n<html>",
        '<?xml version="1.0"?>\n<!-- made by -->\n<HTML xmlns:x="urn:schemas-microsoft-com:x">',
        "<table border=1><tr>",
        "<style>td {}</style><table>",
        "MIME-Version: 1.0\nX-Document-Type: Workbook\nContent-Type: multipart/related; boundary=x",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_web_page_is_told_whatever_its_name(name, page, encoding):
    message = "is a web page: open it in a spreadsheet and save it as .xlsx"
    with pytest.raises(TableError, match=message):
        opened(page.encode(encoding), name)


def test_other_xml_is_told():
    for text in ('<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>', "<Workbook>"):
        with pytest.raises(TableError, match="is XML: open it in a spreadsheet and save it as"):
            opened(text.encode(), "class.xls")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "cp1252"])
def test_text_under_the_name_of_an_old_workbook_is_read(encoding):
    table = opened('"größe"\t"b"\n"1"\t"2"\n'.encode(encoding), "class.xls")
    assert (table.kind, table.header, cells(table)) == ("csv", ["größe", "b"], [["1", "2"]])


@pytest.mark.parametrize("name", ["class.xls", "class.zip", "class.ods"])
def test_a_workbook_under_the_name_of_what_is_none_is_read(name):
    assert opened(as_format("xlsx"), name).kind == "xlsx"
    assert opened(as_format("parquet"), name).kind == "parquet"


def test_what_is_said_of_text_is_refused_of_other_kinds():
    for kind in ("jsonl", "xlsx", "parquet"):
        for options in ({"delimiter": ";"}, {"encoding": "utf-8"}):
            with pytest.raises(TableError, match="leave --delimiter and --encoding out"):
                opened(as_format(kind), f"class.{kind}", **options)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_options_of_other_formats_are_refused(kind):
    with pytest.raises(TableError, match="leave --sheet"):
        opened(as_format(kind), f"class.{kind}", sheet="Marks")


def test_the_answer_is_of_the_kind_of_its_name():
    assert [answer_kind(f"x{s}", "csv") for s in (".XLSX", ".jsonl", ".parquet", ".tsv", "")] == [
        *("xlsx", "jsonl", "parquet", "csv", "csv")
    ]
    assert answer_kind(None, "jsonl") == "jsonl"
    for name in ("x.xls", "x.ods", "x.json"):
        with pytest.raises(TableError, match=r"can be written.*; name it \.csv, \.jsonl"):
            answer_kind(name, "csv")


@given(
    st.sampled_from([*KINDS, "txt", "json", "xls", ""]),
    st.sampled_from([b"", b"PK\x03\x04", b"PAR1", b'{"', b"\xff\xfe", b"\xef\xbb\xbf", b"a;b\n"]),
    st.binary(max_size=60),
)
def test_any_bytes_of_any_name_are_a_table_or_are_told(suffix, start, content):
    try:
        table = opened(start + content, f"class.{suffix}")
        assert all(isinstance(name, str) for name in table.header)
        cells(table)
    except TableError as error:
        assert str(error)  # noqa: PT017 - either is right


# ---- JSON Lines ------------------------------------------------------------------------------


def test_what_a_line_leaves_out_is_blank():
    table = opened(b'\xef\xbb\xbf{"a": 1}\n\n{"b": [2], "a": null}\n', "class.jsonl")
    assert table.header == ["a", "b"]
    (chunk,) = table.chunks()
    assert ([*chunk.rows], [*chunk.numbers]) == ([[1, None], [None, [2]]], [1, 3])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"[1]", "line 2 is no JSON object .*one object in each line"),
        (b"{", "line 2 is no JSON object"),
        (b'{"a": ' + b"[" * 100_000 + b"}", "line 2 is no JSON object"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "line 2 is no JSON object"),
        (b'{"a": "' + b"x" * 2_000_000 + b'"}', "line 2 is no JSON object .*characters"),
        (b'{"a": "\xff"}', "is not UTF-8 text"),
    ],
)
def test_a_line_that_is_no_object_is_told(line, message):
    with pytest.raises(TableError, match=message):
        cells(opened(b'{"a": 1}\n' + line + b"\n", "class.jsonl"))


def test_a_key_that_comes_late_is_told():
    content = b'{"a": 1}\n' * 10_000 + b'{"a": 1, "b": 2}\n'
    with pytest.raises(TableError, match=r"line 10001 has the keys \['b'\]"):
        cells(opened(content, "class.jsonl"))


def test_what_json_cannot_hold_is_written_so_that_it_can_be_read(predictor):
    line = b'{"n": "\\ud800", "x": NaN, "score": 1, "hours": 2, "course": "math"}\n'
    (found,) = answer(predictor, line, "c.jsonl", "jsonl").splitlines()
    plain = json.loads(found, parse_constant=pytest.fail)
    assert (plain["n"], plain["x"]) == ("\ud800", None)
    for kind in ("csv", "xlsx"):
        assert answer(predictor, line, "c.jsonl", kind)
    with pytest.raises(TableError, match="cannot be written as Parquet"):
        answer(predictor, line, "c.jsonl", "parquet")


# ---- Excel -----------------------------------------------------------------------------------


def test_titles_and_empty_rows_of_a_sheet(spec):
    table = opened(
        book({"M": [["7b"], [], HEADER, ROWS[0], [], [None, ""], ROWS[1]]}), "c.xlsx", spec
    )
    (chunk,) = table.chunks()
    assert (table.header, chunk.numbers) == (HEADER, [4, 7])
    assert chunk.rows == [ROWS[0], ROWS[1]]
    assert table.remarks == ["Row 3 names the columns; what stands above it is left out"]
    assert table.done() == 7


def test_a_sheet_can_be_chosen(spec):
    content = book({"Info": [["hello"]], "Marks": [HEADER, ROWS[0]], "7c": [HEADER, ROWS[1]]})
    table = opened(content, "c.xlsx", spec)
    assert table.remarks == [
        "Read the sheet 'Marks' of 'Info', 'Marks', '7c' (--sheet for another)"
    ]
    assert cells(table) == [ROWS[0]]
    for sheet in ("7c", "3"):
        table = opened(content, "c.xlsx", spec, sheet=sheet)
        assert (cells(table), table.remarks) == ([ROWS[1]], [])
    with pytest.raises(TableError, match="has no sheet 'Mraks'; did you mean 'Marks'"):
        opened(content, "c.xlsx", spec, sheet="Mraks")
    with pytest.raises(TableError, match=r"has no sheet '4'; there are 'Info'"):
        opened(content, "c.xlsx", spec, sheet="4")


def test_a_header_row_of_a_sheet_can_be_chosen(spec):
    content = book({"M": [HEADER, ["a", "b"], [1, 2]]})
    assert opened(content, "c.xlsx", spec, header_row=2).header == ["a", "b"]
    with pytest.raises(TableError, match="row 9 names no columns"):
        opened(content, "c.xlsx", spec, header_row=9)


def test_percentages_dates_and_truth_values_of_a_sheet():
    day = datetime.datetime(2026, 3, 1)
    content = book({"M": [["p", "d", "t"], [0.57, day, True]]}, [("A2", "0.0%")])
    table = opened(content, "c.xlsx")
    ((percent, date, truth),) = cells(table)
    assert (type(percent), str(percent), date, truth) == (Percent, "57%", day, True)


def test_a_size_that_a_sheet_only_claims_is_not_believed():
    content = io.BytesIO(book({"M": [["a", "b"], [1, 2]]}))
    out = io.BytesIO()
    with zipfile.ZipFile(content) as old, zipfile.ZipFile(out, "w") as new:
        for one in old.namelist():
            data = old.read(one).replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"')
            new.writestr(one, data)
    table = opened(out.getvalue(), "c.xlsx")
    assert cells(table) == [[1, 2]]


def test_text_stays_text_in_a_sheet_and_numbers_become_numbers(predictor):
    content = b'name;score;hours;course;id\n=1+1;12;6,5;math;007\n"a\x01";3;1,50;math;9\n'
    made = openpyxl.load_workbook(io.BytesIO(answer(predictor, content, "c.csv", "xlsx")))
    rows = list(made.active.iter_rows())
    assert [(cell.value, cell.data_type) for cell in rows[1][:5]] == [
        *(("'=1+1", "s"), (12, "n"), (6.5, "n"), ("math", "s"), ("007", "s"))
    ]
    assert [cell.value for cell in rows[2][:5]] == ["a\ufffd", 3, "1,50", "math", 9]
    assert all(cell.data_type != "f" for row in rows for cell in row)


def test_formulas_that_no_spreadsheet_has_computed_are_told(predictor):
    made = openpyxl.Workbook()
    for row in (["score", "hours", "course"], [3, "=1+1", "math"], [4, "=2+2", "math"]):
        made.active.append(row)
    file = io.BytesIO()
    made.save(file)
    source = io.BytesIO(file.getvalue())
    source.name = "c.xlsx"
    summary = predict_table(predictor, source)
    (warning,) = [one for one in summary.remarks if "formulas" in one]
    assert warning.startswith("Warning: no row has a value of hours")


def test_a_percentage_goes_back_into_a_sheet_as_one(predictor):
    content = book({"M": [["p", "score", "hours", "course"], [0.57, 1, 2, "math"]]}, [("A2", "0%")])
    made = openpyxl.load_workbook(io.BytesIO(answer(predictor, content, "c.xlsx", "xlsx")))
    cell = made.active["A2"]
    assert (cell.value, cell.number_format) == (0.57, "0%")
    assert b"\n57%,1,2,math," in answer(predictor, content, "c.xlsx", "csv")


def test_more_rows_than_a_sheet_holds_are_told(monkeypatch, predictor):
    monkeypatch.setattr(excel, "MOST_ROWS", 4)
    with pytest.raises(TableError, match=r"holds 4 rows at most; write a \.csv"):
        answer(predictor, as_format("csv"), "c.csv", "xlsx")


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_a_file_that_breaks_off_is_told_wherever_it_does(kind, spec):
    whole = as_format(kind)
    for length in (*range(4, len(whole), 97), len(whole) - 1):
        with pytest.raises(TableError, match=r"cannot be read as .*(again|CSV)"):
            cells(opened(whole[:length], f"class.{kind}", spec))


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_damaged_bytes_are_told_and_never_a_traceback(kind, spec):
    whole = as_format(kind)
    told = 0
    for place in range(4, len(whole), 53):
        damaged = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        try:
            cells(opened(damaged, f"class.{kind}", spec))
        except TableError:
            told += 1
    assert told > 5


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread(spec):
    for member in ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"):
        file = io.BytesIO(as_format("xlsx"))
        twice = member in zipfile.ZipFile(file).namelist()
        with (
            zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive,
            pytest.warns(UserWarning, match="Duplicate") if twice else nullcontext(),
        ):
            archive.writestr(member, b" " * (40 << 20))
        assert len(file.getvalue()) < 100_000
        with pytest.raises(TableError, match="unpacks to 41,943,040 bytes, more than is safe"):
            opened(file.getvalue(), "c.xlsx", spec)


# ---- Parquet ---------------------------------------------------------------------------------


def test_parquet_keeps_the_types_of_its_columns(predictor):
    table = pyarrow.table(
        {
            "id": pyarrow.array([7], pyarrow.int16()),
            "day": pyarrow.array([datetime.date(2026, 3, 1)]),
            "tags": pyarrow.array([["a", "b"]]),
            "course": pyarrow.array(["math"]).dictionary_encode(),
            "score": pyarrow.array([12], pyarrow.uint8()),
            "hours": pyarrow.array([float("nan")]),
        }
    )
    file = io.BytesIO()
    parquet.write_table(table, file)
    made = parquet.read_table(
        io.BytesIO(answer(predictor, file.getvalue(), "c.parquet", "parquet"))
    )
    for name in ("id", "day", "tags", "score"):
        assert made.schema.field(name).type == table.schema.field(name).type
        assert made[name].to_pylist() == table[name].to_pylist()
    assert made["course"].to_pylist() == ["math"]
    assert made.schema.field("predicted_grade").type == pyarrow.float64()
    assert "hours was not given" in made["notes"][0].as_py()
    written = answer(predictor, file.getvalue(), "c.parquet", "csv").decode()
    assert written.splitlines()[1].startswith('7,2026-03-01,"[""a"", ""b""]",math,12,,')


def test_an_empty_table_of_every_format_gives_an_empty_answer(predictor):
    header = ["score", "hours", "course"]
    empty = {name: pyarrow.array([], pyarrow.string()) for name in header}
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(empty), file)
    contents = {"csv": b"score,hours,course\n", "xlsx": book({"M": [header]})}
    contents["parquet"] = file.getvalue()
    for kind, content in contents.items():
        for into in KINDS:
            made = answer(predictor, content, f"c.{kind}", into)
            if into != "jsonl":
                table = opened(made, f"a.{into}")
                assert table.header[:3] == header
                assert cells(table) == []


def test_a_csv_of_an_excel_table_is_one_that_excel_reads(predictor):
    made = answer(predictor, as_format("xlsx"), "c.xlsx", "csv", "out.csv")
    assert made.startswith(b"\xef\xbb\xbfname,score")
    made = answer(predictor, as_format("xlsx"), "c.xlsx", "csv", "out.tsv")
    table = opened(made, "out.tsv")
    assert isinstance(table, CsvReader)
    assert table.style.delimiter == "\t"
