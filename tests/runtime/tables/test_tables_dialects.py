"""The same table, written in every way: it is the same table, and goes back as it came."""

import csv
import io
import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel import TableError
from satchel.tables.columns import Part
from satchel.tables.csv import lines
from satchel.tables.csv.dialect import Style
from satchel.tables.csv.reader import CsvReader
from satchel.tables.csv.writer import CsvWriter
from satchel.tables.mapping import TableMapping
from satchel.tables.marks import MISSING
from satchel.tables.opening import open_file
from satchel.tables.run import TableRun, open_table
from satchel.tables.table import Answered, FileOptions, Wanted, clean_name, telling

HEADER = ["name", "score", "hours", "größe", "course"]
FIELDS = Wanted(("score", "hours", "course"), HEADER, ("score", "hours", "größe"))


def reader(content, written="utf-8", wanted=FIELDS, **options):
    content = content.encode(written) if isinstance(content, str) else content
    return CsvReader(io.BytesIO(content), "class.csv", FileOptions(**options), wanted)


def rows(table):
    return [list(row) for chunk in table.chunks() for row in chunk.rows]


def predictions(predictor, content, name="class.csv"):
    """Return the predictions of a table as plain Python, errors too."""
    file = io.BytesIO(content)
    file.name = name
    with open_table(file, spec=predictor.spec) as table:
        parts = [p for p in TableRun(predictor, table, TableMapping()) if isinstance(p, Part)]
    return [item.as_dict() for part in parts for item in part.predictions]


# ---- encodings -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("python", "found", "mark"),
    [
        ("utf-8", "utf-8", ""),
        ("utf-8-sig", "utf-8", "\ufeff"),
        ("utf-16", "utf-16-le", "\ufeff"),
        ("utf-32", "utf-32-le", "\ufeff"),
        ("cp1252", "cp1252", ""),
    ],
)
def test_an_encoding_is_found_and_kept(python, found, mark):
    content = "name;größe\r\nZoë – “x”;1,5\r\n".encode(python)  # noqa: RUF001
    table = reader(content)
    assert (table.style.encoding, table.style.mark) == (found, mark)
    out = io.BytesIO()
    CsvWriter(out, table.style).write([table.header, *rows(table)])
    assert out.getvalue() == content


def test_utf_16_in_the_other_order_is_kept():
    content = "\ufeffname\tgröße\nZoë\t1.5\n".encode("utf-16-be")
    table = reader(content)
    assert table.header == ["name", "größe"]
    out = io.BytesIO()
    CsvWriter(out, table.style).write([table.header, *rows(table)])
    assert out.getvalue() == content


def test_windows_1252_is_told():
    assert "was read as Windows-1252" in reader("größe\n1\n", "cp1252").remarks[0]
    assert reader("größe\n1\n").remarks == []


def test_a_late_letter_of_windows_1252_is_seen_from_the_start():
    table = reader(b"name\n" + b"x\n" * 1_000_000 + "Zoë\n".encode("cp1252"))
    assert table.style.encoding == "cp1252"
    assert rows(table)[-1] == ["Zoë"]


def test_a_last_letter_that_is_half_of_utf_8_is_windows_1252():
    assert rows(reader(b"name\nRen\xe9")) == [["René"]]


def test_letters_that_happen_to_be_utf_8_are_windows_1252():
    # The first two letters of the name are one of UTF-8.
    table = reader("name;score\nПётя;1\nЮлия;2\n", "cp1251")
    assert table.style.encoding == "cp1252"
    assert len(table.remarks) == 1


def test_two_marks_of_the_byte_order_are_one():
    table = reader('\ufeff\ufeff"name";größe\n1;2\n')
    assert (table.header, table.style.mark) == (["name", "größe"], "\ufeff")


def test_the_sign_that_ends_a_file_of_dos_is_no_row():
    assert rows(reader("name;score\n1;2\n\x1a")) == [["1", "2"]]
    assert rows(reader("name;score\n1;2\x1a\r")) == [["1", "2\x1a"]]


def test_an_empty_file_is_told_without_a_guess():
    with pytest.raises(TableError, match=r"the first line holds no names of columns$"):
        reader("")


def test_two_encodings_in_one_file_are_refused():
    with pytest.raises(TableError, match="UTF-8 text in one part and not in another; save it"):
        reader("größe\n".encode() + b"\xff\n")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["Ada", "Łukasz", "Имя и фамилия", "山田太郎", "Ā"])
def test_utf_16_without_its_mark_is_found_and_told(name, encoding):
    content = f"name;größe\r\n{name};1,5\r\n".encode(encoding)
    table = reader(content)
    assert (table.header, rows(table)) == (["name", "größe"], [[name, "1,5"]])
    assert table.remarks == ["class.csv was read as UTF-16, although it lacks the mark of that"]
    out = io.BytesIO()
    CsvWriter(out, table.style).write([table.header, *rows(reader(content))])
    assert out.getvalue() == content


@pytest.mark.parametrize("encoding", ["cp1251", "Windows-1251", "mac_roman", "shift_jis", "utf-16"])
def test_an_encoding_that_is_said_is_used_and_kept(encoding):
    name = {"mac_roman": "Zoë", "shift_jis": "山田"}.get(encoding, "Иванов")
    content = f"name;score\r\n{name};1,5\r\n".encode(encoding)
    table = reader(content, encoding=encoding)
    assert rows(table) == [[name, "1,5"]]
    assert table.remarks == []
    out = io.BytesIO()
    CsvWriter(out, table.style).write([table.header, *rows(reader(content, encoding=encoding))])
    assert out.getvalue() == content


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "UTF8"])
def test_an_encoding_with_a_mark_may_be_said_without_it(encoding):
    content = "\ufeffname;score\nZoë;1\n".encode("utf-16-le" if "16" in encoding else "utf-8")
    table = reader(content, encoding=encoding)
    assert (table.header, rows(table)) == (["name", "score"], [["Zoë", "1"]])
    out = io.BytesIO()
    writer = CsvWriter(out, table.style)
    writer.write([table.header])
    writer.write([["Zoë", "1"]])
    assert out.getvalue() == content


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("cp1521", "nothing is known of 'cp1521'; did you mean 'cp125"),
        ("x\0", "nothing is known of 'x.*cp1251, for example, is"),
        ("base64", "nothing is known of 'base64'"),
        ("idna", "nothing is known of 'idna'"),
        ("utf-16", "begins with the mark of UTF-8, not of utf-16; leave --encoding out"),
        ("cp1251", "begins with the mark of UTF-8, not of cp1251"),
        ("ascii", "begins with the mark of UTF-8"),
    ],
)
def test_an_encoding_that_cannot_be_is_told(encoding, message):
    with pytest.raises(TableError, match=message):
        reader("\ufeffname;score\nZoë;1\n".encode(), encoding=encoding)


def test_bytes_that_are_none_in_the_encoding_that_was_said_are_told():
    with pytest.raises(TableError, match=r"is not UTF-8 text; save it .* or say its --encoding"):
        rows(reader("name;score\nZoë;1\n", "cp1252", encoding="utf-8"))


def test_an_error_says_which_encoding_was_guessed():
    guess = r"\(class\.csv is not UTF-8 text and was read as Windows-1252 .*--encoding"
    with pytest.raises(TableError, match=f"stands there twice as a column; rename one {guess}"):
        reader("größe;größe\n1;2\n", "cp1252")
    table = reader("größe;score\n1;2\n", "cp1252")
    with pytest.raises(TableError, match=f"^my error {guess}"), telling(table.remarks):
        raise TableError("my error")
    with pytest.raises(TableError, match=r"^class\.csv is not .*cp1251$"), telling(table.remarks):
        raise TableError(table.remarks[0])  # said already
    with pytest.raises(TableError, match=r"^my error$"), telling([]):
        raise TableError("my error")


class Pipe(io.RawIOBase):
    """A file that cannot seek."""

    def __init__(self, content):
        self._content = io.BytesIO(content)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._content.readinto(buffer)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_what_comes_through_a_pipe_is_read_alike(encoding):
    content = ("name;größe\n" + "Zoë;1,5\n" * 200_000).encode(encoding)
    piped = open_file(io.BufferedReader(Pipe(content)), "standard input", wanted=FIELDS)
    assert piped.header == ["name", "größe"]
    assert (piped.style, rows(piped)) == (reader(content).style, rows(reader(content)))


# ---- header, titles, empty lines and columns -------------------------------------------------


def test_titles_above_the_header_are_passed_over_and_told():
    table = reader("Class 7b, 2026\n;;\n\nname;score;hours;course\nAda;1;2;math\n")
    assert table.style.delimiter == ";"
    assert table.header == ["name", "score", "hours", "course"]
    assert table.remarks == ["Row 4 names the columns; what stands above it is left out"]
    (chunk,) = table.chunks()
    assert ([*chunk.rows], [*chunk.numbers]) == ([["Ada", "1", "2", "math"]], [5])


def test_the_header_is_the_first_row_with_all_required_fields():
    table = reader("score,hours\nname,score,hours,course\nscore,hours,course,x\n")
    assert table.header == ["name", "score", "hours", "course"]


def test_failing_that_it_is_the_row_with_most_names_spelled_nearly():
    table = reader("My class\nScore,HOURS,kurs\n1,2,math\n")
    assert table.header == ["Score", "HOURS", "kurs"]


def test_failing_that_it_is_the_first_row_that_is_not_empty():
    assert reader("\n;;\na;b\n1;2\n").header == ["a", "b"]


def test_where_no_name_is_known_the_fullest_row_is_the_header():
    table = reader("Class 7b;;;;\nTeacher:;Ms Roe;;;\n;;;;\nWer;Was;Wann;N 1;N 2\nAda;x;3;4;5\n")
    assert table.header == ["Wer", "Was", "Wann", "N 1", "N 2"]
    assert table.remarks == ["Row 4 names the columns; what stands above it is left out"]


@pytest.mark.parametrize(
    ("text", "header"),
    [
        # A name left out, as by a program that numbers the rows: these are fuller, of numbers.
        (";wer;was;wann\n0;Ada;x;3\n", ["", "wer", "was", "wann"]),
        # A cell that is spelled like a field.
        ("wer;was;wann\nAda;course;3\nBo;other;4\n", ["wer", "was", "wann"]),
        # A title that is spelled nearly like one.
        ("Course:;7b;;;\nwer;was;wann;wo;wie\nAda;x;3;y;z\n", ["wer", "was", "wann", "wo", "wie"]),
        # Numbers for names, as of the tasks of a test.
        ("Class 7b;;;\nWer;1;2;3\nAda;4;5;6\n", ["Wer", "1", "2", "3"]),
        ("made;by;me\nname;score;2025\nAda;1;2\n", ["name", "score", "2025"]),
    ],
)
def test_titles_and_students_are_no_header(text, header):
    assert reader(text).header == header


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("E\u0301le\u0300ve", "Élève"),
        ("reading\u00a0score", "reading score"),
        ("score\u200b", "score"),
        ("\ufeffscore", "score"),
        ("stu\u00addent", "student"),
        ("two \t\n words ", "two words"),
        ("ｓｃｏｒｅ", "score"),  # noqa: RUF001 - of full width
        ("e\u200b\u0301", "é"),
        ("score\ufe0f", "score"),
    ],
)
def test_names_that_look_the_same_are_the_same(one, other):
    assert clean_name(one) == clean_name(other) == other
    wanted = Wanted((other, "x"), (other, "x"), (other,))
    table = reader(f'title;7b\n"{one}";x\n1,5;2\n', wanted=wanted)
    assert table.header == [one.strip(), "x"]  # in the letters that came
    assert table.decimal == ","
    with pytest.raises(TableError, match="stands there twice"):
        reader(f'"{one}";{other}\n')


@given(st.text())
def test_a_clean_name_is_clean(name):
    assert clean_name(clean_name(name)) == clean_name(name)


def test_a_header_row_can_be_chosen():
    text = "score,hours,course\n\nscore,hours,course,name\n1,2,math,Ada\n"
    assert reader(text, header_row=3).header == ["score", "hours", "course", "name"]
    assert reader("a\n" * 30 + "b\nc\n", header_row=31, wanted=Wanted()).header == ["b"]
    for row in (2, 9, 10**9):
        with pytest.raises(TableError, match=f"row {row} holds no names of columns"):
            reader(text, header_row=row)


def test_a_trailing_empty_column_stays_and_a_trailing_mark_is_no_cell():
    assert rows(reader("score,hours,\n1,2,\n")) == [["1", "2", ""]]
    assert rows(reader("score,hours\n1,2,\n1,2, ,\n")) == [["1", "2"], ["1", "2"]]
    assert rows(reader("score,hours\n1,2,x\n")) == [["1", "2", "x"]]  # refused later


def test_row_numbers_are_those_of_a_spreadsheet():
    table = reader('name,score\n\n"a\nb",1\n \nx,2\n')
    (chunk,) = table.chunks()
    assert chunk.numbers == [3, 5]


def test_cells_left_out_at_the_end_of_a_row_are_blank():
    content = "name,score,hours,course\nAda,1,2,x\nBo,3\n\nCy,5,\nDi,6,7,y,,\n" + '"Ed"\nFay,8,,z\n'
    table = reader(content)
    (chunk,) = table.chunks()
    assert [list(row) for row in chunk.rows] == [
        ["Ada", "1", "2", "x"],
        ["Bo", "3", "", ""],
        ["Cy", "5", "", ""],
        ["Di", "6", "7", "y"],
        ["Ed", "", "", ""],
        ["Fay", "8", "", "z"],
    ]
    assert list(chunk.numbers) == [2, 3, 5, 6, 7, 8]
    by_csv = reader(content + "Gil,9\r")
    assert rows(by_csv) == [*map(list, chunk.rows), ["Gil", "9", "", ""]]


def test_the_answer_to_a_row_with_cells_left_out_has_them():
    table = reader("name,score,hours,course\n" + '"A, B",1,2,=x\nBo,3\n=Cy\n"Di"\n' * 9)
    out = io.BytesIO()
    writer = CsvWriter(out, table.style)
    for chunk in table.chunks():
        for places in ([0, 1, 2, 3], [0, 3], [1, 2], [2, 3]):
            writer.write(Answered(chunk.rows[:4], places, [["p"] * 4]))
    lines = out.getvalue().decode().splitlines()
    assert lines[:4] == ['"A, B",1,2,\'=x,p', "Bo,3,,,p", "'=Cy,,,,p", '"Di",,,,p']
    assert lines[4:8] == ['"A, B",\'=x,p', "Bo,,p", "'=Cy,,p", '"Di",,p']
    assert lines[8:12] == ["1,2,p", "3,,p", ",,p", ",,p"]
    assert lines[12:] == ["2,'=x,p", ",,p", ",,p", ",,p"]


@pytest.mark.parametrize("end", ["\n", "\r"])  # split by numpy, and by the csv module
def test_rows_of_empty_cells_are_none(end):
    lines = [
        "name,score",
        "Ada,1",
        ",",
        " ,\t",
        '"",""',
        ",,,",
        "\u00a0,",
        "\u2003,",
        "",
        "Bo,2",
        ",",
    ]
    table = reader(end.join(lines) + end)
    (chunk,) = table.chunks()
    assert [list(row) for row in chunk.rows] == [["Ada", "1"], ["Bo", "2"]]
    assert list(chunk.numbers) == [2, 10]
    assert rows(reader(end.join(["name", "Ada", '""', " ", "Bo"]))) == [["Ada"], ["Bo"]]
    assert [*reader(end.join(["name,score", ",", ","])).chunks()] == []


def test_row_numbers_count_rows_of_empty_cells_in_all_parts_of_a_file(monkeypatch):
    monkeypatch.setattr(lines, "BLOCK", 16)
    content = "name,score\n" + "Ada,1\n,\n" * 50
    numbers = [n for chunk in reader(content).chunks() for n in chunk.numbers]
    assert numbers == [*range(2, 102, 2)]


# ---- delimiters ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    ["sep=;\r\n", "SEP=;\n", '"sep=;"\n', "sep=;;;;\r\n", "sep=^\r\n", "sep=\\t\n", "sep=\t\r"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_line_that_names_the_delimiter_is_obeyed_and_comes_back(line, encoding):
    delimiter = {"\\": "\t", "^": "^"}.get(line[4], "\t" if "\t" in line else ";")
    end = line.lstrip('"sepSEP=;^\\t\t')
    content = (line + f"größe{delimiter}Wer, wo{end}1,5{delimiter}x{end}").encode(encoding)
    table = reader(content)
    assert (table.header, rows(table)) == (["größe", "Wer, wo"], [["1,5", "x"]])
    assert table.style.sep == line
    assert not any("left out" in remark for remark in table.remarks)
    (chunk,) = reader(content).chunks()
    assert list(chunk.numbers) == [2]  # as a spreadsheet counts
    out = io.BytesIO()
    writer = CsvWriter(out, table.style)
    writer.write([table.header])
    writer.write([["1,5", "x"]])
    assert out.getvalue() == content


def test_a_line_that_names_the_delimiter_comes_back_in_csv_alone(predict_content):
    content = "sep=;\nscore;hours;course\n1;2;math\n"
    answer, summary = predict_content(content)
    assert answer.startswith(b"sep=;\nscore;hours;course;")
    assert (summary.rows, summary.refused) == (1, 0)
    assert b"sep=" not in predict_content(content, kind="jsonl")[0]


def test_what_was_said_goes_before_what_the_file_names():
    table = reader("sep=;\na|b\n1|2\n", delimiter="|")
    assert table.header == ["a", "b"]


@pytest.mark.parametrize("delimiter", ["|", "^", ":", "~", "\x1f", "¦", " "])
def test_any_delimiter_can_be_said(delimiter):
    text = f"wer{delimiter}was\nAda{delimiter}3\n"
    table = reader(text, delimiter=delimiter)
    assert (table.header, rows(table)) == (["wer", "was"], [["Ada", "3"]])
    assert table.style.delimiter == delimiter


@pytest.mark.parametrize("delimiter", [";;", '"', "\n", "\0"])
def test_what_can_separate_no_cells_is_refused(delimiter):
    with pytest.raises(TableError, match="cannot separate cells; give one character"):
        reader("a;b\n1;2\n", delimiter=delimiter)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("wer|was\nAda|3,5\n", "|"),
        ("Kl. 7b, Mathe, 2026, Raum 3\nwer;was;wann\nAda;3,5;x\nBo;4,5;y\n", ";"),
        ("Wer, wie;was\nRoe, Jo;3\nPoe, Al;4\n", ";"),
        ("Wer, wie;was;wann\nRoe, Jo;3;x\nPoe, Al\n", ";"),
        ("wer,was\nAda,a;b\nBo,c;d\n", ","),
        ("wer\nAda\n", ","),
        ("wer;was\n", ";"),
        ("Wer, wie;was;wann;\nRoe, Jo;3;x\nPoe, Al;4;y\nCoe, Ed;4;z\n", ";"),
        ("a;b;c;d;e\n1,5;2,5;3,5;4,5;5,5\n", ";"),
    ],
)
def test_the_delimiter_of_names_unknown_is_found(text, delimiter):
    assert reader(text).style.delimiter == delimiter


def test_a_delimiter_that_is_not_found_is_told():
    (remark,) = reader("wer:was\nAda:3\n").remarks
    assert remark.startswith("class.csv has one column: no comma, semicolon, tab or")
    assert reader("score\n3\n").remarks == []
    assert reader("wer\n3\n", wanted=Wanted(("score",), ("score",))).remarks == []


def test_spaces_before_quoted_cells_are_passed_over():
    content = 'name, "score", "hours"\n"Roe, Jo", 3, "2"\nx, 4, 1\nPoe, "5, or 6", " 7"\n'
    table = reader(content)
    assert table.header == ["name", "score", "hours"]
    assert rows(table) == [["Roe, Jo", "3", "2"], ["x", "4", "1"], ["Poe", "5, or 6", " 7"]]
    # Marks within a cell, at the end of one and doubled are none of that.
    for cell, text in (('Al "Bo" Coe', 'Al "Bo" Coe'), ('"a, "', "a, "), ('" ""a"""', ' "a"')):
        assert rows(reader(f"name,score\n{cell}, 3\n")) == [[text, " 3"]]
    assert rows(reader('score,name\n3, "Bo" Coe\n')) == [["3", ' "Bo" Coe']]


def test_spaces_are_passed_over_in_all_parts_of_a_file(monkeypatch):
    monkeypatch.setattr(lines, "BLOCK", 32)
    content = 'name, score, "hours"\n' + '"Roe, Jo", "3", 2\n' * 30 + "x, 4, 1\n" * 30
    assert rows(reader(content)) == [["Roe, Jo", "3", "2"]] * 30 + [["x", "4", "1"]] * 30


def test_a_line_in_quotation_marks_as_a_whole_is_read():
    lines = ['"name,score,hours"', '"Ada,12,3"', '"""Roe, Jo"",7,6"', "Cy,8,2", '""']
    for header in (lines[0], lines[0].strip('"')):
        content = "\n".join([header, *lines[1:]])
        table = reader(content)
        assert table.header == ["name", "score", "hours"]
        assert rows(table) == [["Ada", "12", "3"], ["Roe, Jo", "7", "6"], ["Cy", "8", "2"]]
    # A lone text with as many commas is none.
    assert rows(reader('name,score\n"Roe, Jo"\n')) == [["Roe, Jo", ""]]
    assert rows(reader('name,score,hours\n"made by us,\nyesterday"\n"a,b"\n')) == [
        ["made by us,\nyesterday", "", ""],
        ["a,b", "", ""],
    ]


def test_decimal_commas_without_quotation_marks_are_asked_for():
    text = "name,score,hours\nAda,12,5,3,5\nBo,7,6,0\nCy,8,2\nDi,1,5,2\n"
    message = r"more cells than the header \(5, not 3\): do decimal commas stand without quotation"
    with pytest.raises(TableError, match=message):
        reader(text)
    with pytest.raises(TableError, match=r"\(4, not 3\): do commas in names stand without"):
        reader("name,score,hours\nRoe, Jo,12,3\nPoe, Al,7,2\n")
    # Fewer rows, or other cells: each such row is refused by itself.
    assert len(rows(reader("name,score,hours\nAda,12,5,3,5\nBo,7,6\nCy,8,2\n"))) == 3
    assert len(rows(reader("name,score,hours\nAda,12,x,5\nBo,7,y,6\n"))) == 2


# ---- line ends -------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [*range(1, 16), 1 << 19])
def test_two_carriage_returns_and_a_line_feed_are_one_end(monkeypatch, block):
    monkeypatch.setattr(lines, "BLOCK", block)
    content = "sep=;\r\r\nname;score\r\r\n" + 'Ada;1\r\r\n"B\r\r\no";2\r\r\n\r\r\nCy;3\r\r\n'
    table = reader(content)
    chunks = [*table.chunks()]
    assert [list(row) for chunk in chunks for row in chunk.rows] == [
        ["Ada", "1"],
        ["B\r\no", "2"],
        ["Cy", "3"],
    ]
    assert [n for chunk in chunks for n in chunk.numbers] == [2, 3, 5]
    assert (table.style.line_end, table.style.sep) == ("\r\n", "sep=;\r\n")


# ---- decimal marks ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "delimiter", "decimal"),
    [
        (["1,5", "1,234"], ";", ","),
        (["1.5", "1.234"], ";", "."),
        (["0,123"], ";", ","),
        (["1234,567"], ";", ","),
        (["1.234"], ",", "."),
        (["12", "3"], ";", ""),
        (["12", "3"], ",", "."),
        (["1,5", "2,5", "1.5"], ";", ","),
        (["85,5 %"], "\t", ","),
    ],
)
def test_the_decimal_mark_is_found(cells, delimiter, decimal):
    text = delimiter.join(["name", "hours"]) + "\n"
    text += "".join(delimiter.join(["x", f'"{cell}"']) + "\n" for cell in cells)
    assert reader(text).decimal == decimal


@pytest.mark.parametrize("cell", ["1,234", "-12,000", "1.234"])
def test_a_mark_that_may_stand_before_thousands_is_never_guessed(cell):
    text = f"name;hours\nx;{cell}\ny;7\n"
    with pytest.raises(TableError, match="may be a thousand or not"):
        reader(text)
    assert reader(text, decimal=",").decimal == ","
    # A column that holds no field may hold anything.
    assert reader(f"name;hours\n{cell};1,5\n").decimal == ","


def test_marks_of_both_kinds_in_equal_number_are_not_guessed():
    with pytest.raises(TableError, match="commas and points are mixed"):
        reader("name;hours\nx;1,5\ny;1.5\n")


def test_a_number_of_the_other_kind_is_a_row_with_its_error(predictor):
    content = b"score;hours;course\n1;1,5;math\n2;2,5;math\n3;1.5;math\n4;1.234;math\n"
    *good, third, fourth = predictions(predictor, content)
    assert all("problems" not in one for one in good)
    for one, cell in ((third, "1.5"), (fourth, "1.234")):
        assert f"hours = '{cell}' has a decimal point" in one["problems"][0]["message"]


def test_where_no_number_told_a_later_one_is_not_guessed(predictor):
    rows = "1;7;math\n" * 120_001  # more than the first block
    content = f"score;hours;course\n{rows}1;1,5;math\n1;1,234;math\n".encode()
    *_, half, thousand = predictions(predictor, content)
    expected = predictor.predict({"score": 1, "hours": 1.5, "course": "math"})
    assert half["outputs"] == expected.as_dict()["outputs"]
    assert "may be a thousand or not" in thousand["problems"][0]["message"]


def test_the_line_end_is_not_taken_from_within_a_cell():
    assert reader('"na\nme","x"\r\n"a\nb",1\r\n').style.line_end == "\r\n"
    assert reader('"na""\r\nme","x"\n').style.line_end == "\n"


# ---- damage ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name,score\nAda\0,1\n", "NUL bytes"),
        (b"name,score\n" + b"Ada,1\n" * 1000 + b"\0\n", "line 1002 holds a NUL byte; the file is"),
        (b"name,score\n" + b"x" * 3_000_000, "line 2 has more than 1,048,576 characters"),
        (b"name,score\n" + b"x" * 200_000 + b",1\n", "line 2 cannot be read: field larger"),
        (b'name,score\n"x,1\ny,2\n', "look for a quotation mark that is not closed"),
    ],
)
def test_a_damaged_file_is_told_with_a_remedy(content, message):
    with pytest.raises(TableError, match=message):
        rows(reader(content))


def test_rows_that_are_long_come_in_smaller_chunks():
    cells = ",".join(["x" * 100_000] * 10)
    table = reader("name" + "," * 9 + "\n" + f"{cells}\n" * 80)
    assert max(len(chunk.rows) for chunk in table.chunks()) < 40


# ---- in whatever way, the same ---------------------------------------------------------------

texts = st.text(st.sampled_from("aZé€ß ,;\t\"'\r\n=+-@|.%"), max_size=8)
records = (
    st.lists(
        st.tuples(
            texts,
            st.one_of(st.none(), st.integers(-1, 22)),
            st.one_of(st.none(), st.decimals(0, 40, places=2)),
            st.one_of(st.none(), st.decimals(-2, 3, places=1)),
            st.one_of(st.none(), st.sampled_from(["math", "français", "phsics"])),
        ),
        min_size=1,
        max_size=6,
    )
    .map(lambda rows: [row for row in rows if any(str(cell or "").strip() for cell in row)])
    .filter(bool)
)
dialects = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t"),
        "decimal": st.sampled_from(",."),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
        "end": st.sampled_from(["\n", "\r\n", "\r"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        "titles": st.lists(st.sampled_from([[], ["Class 7b, 2026"], ["x", "", "y"]]), max_size=3),
        "missing": st.sampled_from(["", *MISSING]),
        "trailing": st.booleans(),
    }
)


def written(table, dialect):
    """Write a table of Python values in a dialect."""

    def text(cell):
        if cell is None:
            return dialect["missing"]
        if isinstance(cell, str):
            return cell
        return str(cell).replace(".", dialect["decimal"])

    out = io.StringIO()
    # Not every Python quotes a break that is not the line's end.
    lines = SimpleNamespace(write=lambda line: out.write(line[:-2] + dialect["end"]))
    writer = csv.writer(
        lines,
        delimiter=dialect["delimiter"],
        lineterminator="\r\n",
        quoting=dialect["quoting"],
    )
    writer.writerows(dialect["titles"])
    tail = [""] * dialect["trailing"]
    writer.writerow([*HEADER, *tail])
    for row in table:
        writer.writerow([*map(text, row), *tail])
    return out.getvalue().encode(dialect["encoding"])


# A row that holds a name alone may be a remark, which is no student.
filled = records.map(
    lambda table: [row for row in table if any(cell is not None for cell in row[1:])]
).filter(bool)


@given(filled, dialects)
def test_a_table_gives_the_same_predictions_in_every_dialect(predictor, table, dialect):
    plain = "".join(
        json.dumps(
            {
                name: cell if cell is None or isinstance(cell, str) else float(cell)
                for name, cell in zip(HEADER, row, strict=True)
            }
        )
        + "\n"
        for row in table
    ).encode()
    expected = predictions(predictor, plain, "class.jsonl")
    found = predictions(predictor, written(table, dialect))
    assert [one.get("outputs") for one in found] == [one.get("outputs") for one in expected]
    assert [len(one.get("problems", ())) for one in found] == [
        len(one.get("problems", ())) for one in expected
    ]


@given(records, dialects)
def test_cells_that_pass_through_are_the_same_bytes(table, dialect):
    content = written(table, dialect)
    read = reader(content)
    cells = rows(read)
    encoding = dialect["encoding"]
    names = [row[0] for row in table]
    assert [row[0] for row in cells] == names
    out = io.BytesIO()
    CsvWriter(out, read.style).write([read.header, *cells])
    again = csv.reader(
        io.StringIO(out.getvalue().decode(encoding), newline=""), delimiter=dialect["delimiter"]
    )
    header, *back = again
    assert header == read.header
    # What would run as a formula got an apostrophe.
    assert [[cell.replace("'", "") for cell in row] for row in back] == [
        [cell.replace("'", "") for cell in row] for row in cells
    ]


def test_a_file_without_formulas_goes_back_byte_by_byte():
    content = (
        'name;score;remark\r\n"Zoë ""Z""; x";1,5;"two\r\nlines"\r\n-3,5;2;- \r\n  x;; \r\n'
    ).encode("cp1252")
    table = reader(content)
    out = io.BytesIO()
    CsvWriter(out, table.style).write([table.header, *rows(table)])
    assert out.getvalue() == content


def test_predicted_numbers_have_the_decimal_mark_of_the_table():
    out = io.BytesIO()
    CsvWriter(out, Style(delimiter=";", decimal=",")).write([["a"], [12.5], [None], ["1.5"]])
    assert out.getvalue() == b'a\n12,5\n""\n1.5\n'
