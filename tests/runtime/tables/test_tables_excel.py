"""Excel: what a sheet shows is what is read, and what the model does not use stays as it was."""

import csv
import datetime
import io
import zipfile

import pytest

from satchel import TableError, TableOptions, predict_table
from satchel.cli import main
from satchel.tables.cells import Percent
from satchel.tables.mapping import TableMapping, wanted
from satchel.tables.number_format import shows_percent
from satchel.tables.opening import ANY, open_file
from satchel.tables.table import FileOptions

openpyxl = pytest.importorskip("openpyxl", reason="pip install '.[excel]'")

HEADER = ["name", "score", "hours", "course"]


def book(*rows, formats=(), change=None):
    """Return a workbook of one sheet, as bytes; `change` may change the sheet first."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    for place, number_format in dict(formats).items():
        made.active[place].number_format = number_format
    if change is not None:
        change(made.active)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def rewritten(content, change, part=""):
    """Return a workbook of which every part whose name holds `part` is changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if part in name else data)
    return out.getvalue()


def opened(content, spec=None, **options):
    names = ANY if spec is None else wanted(spec, TableMapping(), {})
    return open_file(io.BytesIO(content), "c.xlsx", FileOptions(**options), names)


def read(content, spec=None, **options):
    """Return the rows of a workbook."""
    return [row for chunk in opened(content, spec, **options).chunks() for row in chunk.rows]


@pytest.fixture
def predict(tmp_path, tiny_path, capsys):
    """Predict a workbook; return the exit code, the answer's file and what was said."""

    def predict(content, into="xlsx", *options):
        source, out = tmp_path / "class.xlsx", tmp_path / f"answer.{into}"
        source.write_bytes(content)
        code = main(["predict", str(tiny_path), str(source), "-o", str(out), *options])
        return code, out, capsys.readouterr().err

    return predict


def sheet(path):
    return openpyxl.load_workbook(path).active


def lines(path):
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


# ---- number formats --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number_format", "number", "percent"),
    [
        ("0%", 0.5, True),
        ("0.00%", 0.5, True),
        ("[Red]0%", 0.5, True),
        ("[$-407]0 %", 0.5, True),
        ('"up to "0%', 0.5, True),
        ('0"%"', 91, False),
        ("0\\%", 91, False),
        ("0_%", 91, False),
        ("0*%", 91, False),
        ('0" 50%" ', 91, False),
        ("General", 0.5, False),
        # Positive, negative, zero.
        ('0%;-0"%"', 0.5, True),
        ('0%;-0"%"', 0.0, True),
        ('0%;-0"%"', -5, False),
        ("0;-0%", 5, False),
        ("0;-0%", -0.05, True),
        ('0%;-0%;"none"', 0.0, False),
        ("0;0;0%", 0.0, True),
        ("0;0;0%", 3, False),
        # The last section of four is for text.
        ("0;0;0;0%", 3, False),
        ("0%;@", -0.5, True),
        ("0;@%", 3, False),
        # Conditions.
        ('[<=1]0%;0"%"', 0.9, True),
        ('[<=1]0%;0"%"', 90, False),
        ("[>1]0;[>=0]0%;0", 0.5, True),
        ("[>1]0;[>=0]0%;0", 5, False),
        ("[>1]0;[>=0]0%;0", -5, False),
        ("[Blue][=1]0%;0", 1, True),
        ("[<>1]0;0%", 1, True),
        ("[>1]0%", 0.5, False),
        ("[h]%", 0.5, True),
        ('"%', 5, False),
        ("", 5, False),
    ],
)
def test_the_section_for_a_number_says_whether_it_is_a_percentage(number_format, number, percent):
    assert shows_percent(number_format, number) is percent


def test_a_percent_sign_that_is_text_leaves_the_number_alone(predict):
    formats = {"C2": '0"%"', "C3": "0\\%", "C4": "0%", "C5": '0%;0"%"'}
    rows = [["math", 12, hours] for hours in (30, 30, 0.3, 0.3)]
    content = book(["course", "score", "hours"], *rows, formats=formats)
    code, out, _ = predict(content, "csv", "--map", "hours=score", "--map", "score=hours")
    assert code == 1
    first, second, third, fourth = lines(out)
    for line in (first, second):
        assert (line["hours"], line["error"][:24]) == ("30", "score = 30 is out of bou")
    for line in (third, fourth):
        assert (line["hours"], line["error"][:29]) == ("30%", "score = '30%' is a percentage")


def test_what_the_model_does_not_use_keeps_number_and_format(predict):
    day = datetime.datetime(2026, 3, 1)
    extra = [91, 0.57, 42, 1 / 3, day, "13", 0.5]
    shown = ['0"%"', "0.0%", "00000", "0.00", "dd.mm.yyyy", "@", "#,##0 €"]
    content = book(
        [*HEADER, *"abcdefg"],
        ["Zoë", 12, 6.5, "math", *extra],
        formats={f"{place}2": one for place, one in zip("EFGHIJK", shown, strict=True)}
        | {"B2": "0.0"},
    )
    code, out, _ = predict(content)
    assert code == 0
    row = next(sheet(out).iter_rows(min_row=2))
    assert [cell.value for cell in row[:4]] == ["Zoë", 12, 6.5, "math"]
    assert [cell.value for cell in row[4:11]] == extra
    assert [cell.number_format for cell in row[4:11]] == shown
    assert row[1].number_format == "0.0"
    assert row[11].number_format == "General"
    code, out, _ = predict(content, "csv")
    (line,) = lines(out)
    assert [line[name] for name in "abcf"] == ["91", "57%", "42", "13"]


def test_colours_and_widths_come_back_with_their_cells(predict):
    styles = openpyxl.styles

    def colour(sheet):
        for place in ("A1", "A2", "B3"):
            sheet[place].fill = styles.PatternFill("solid", fgColor="00FFEE00")
        sheet["A1"].font = sheet["B2"].font = styles.Font(bold=True, color="00CC0000")
        sheet["C3"].border = styles.Border(bottom=styles.Side(style="thin"))
        sheet["C3"].alignment = styles.Alignment(horizontal="center")
        sheet.column_dimensions["B"].width = 33

    rows = [[None, "Zoë", 12, 6.5, "math"], [1, "Ada", 15, 9.5, "math"]]
    code, out, _ = predict(book(["x", *HEADER], *rows, change=colour))
    assert code == 0
    answer = sheet(out)
    cells = [cell for row in answer for cell in row]
    assert [c.coordinate for c in cells if c.fill.fgColor.rgb == "00FFEE00"] == ["A1", "A2", "B3"]
    assert [c.coordinate for c in cells if c.font.b] == ["A1", "B2"]
    assert answer["B2"].font.color.rgb == "00CC0000"
    assert answer["C3"].border.bottom.style == "thin"
    assert answer["C3"].alignment.horizontal == "center"
    assert answer.column_dimensions["B"].width == 33
    place = [cell.value for cell in answer[1]].index("risk") + 1
    letter = openpyxl.utils.get_column_letter(place)
    assert answer.column_dimensions[letter].width == 10


def test_a_title_that_is_coloured_beyond_its_words_comes_back_so(tiny_path):
    def colour(sheet):
        for row in sheet["A1:F1"]:
            for cell in row:
                cell.fill = openpyxl.styles.PatternFill("solid", fgColor="00FFEE00")

    content = book(["Class 9b"], HEADER, ["Zoë", 12, 6.5, "math"], change=colour)
    target = io.BytesIO()
    source = io.BytesIO(content)
    source.name = "c.xlsx"
    predict_table(tiny_path, source, target, TableOptions(titles=True, kind="xlsx"))
    first = openpyxl.load_workbook(io.BytesIO(target.getvalue())).active[1]
    assert [cell.fill.fgColor.rgb == "00FFEE00" for cell in first[:7]] == [True] * 6 + [False]


def test_a_style_that_a_damaged_workbook_lacks_is_left_out(predict):
    content = book(HEADER, ["Zoë", 12, 6.5, "math"], formats={"B2": "0.0"})

    def damage(part):
        head, cells = part.split(b"<cellXfs")
        assert b'fillId="0"' in cells
        return head + b"<cellXfs" + cells.replace(b'fillId="0"', b'fillId="9"')

    code, out, _ = predict(rewritten(content, damage, "styles"))
    assert code == 0
    assert (sheet(out)["B2"].number_format, sheet(out)["B2"].fill.fill_type) == ("0.0", None)


def test_formats_follow_their_columns_where_some_are_left_out(predict):
    content = book(["score", "x", "hours", "course"], [12, 5, 6.5, "math"], formats={"B2": "0.0"})
    _, out, _ = predict(content, "xlsx", "--brief")
    cell = sheet(out)["A2"]
    assert (sheet(out)["A1"].value, cell.value, cell.number_format) == ("x", 5, "0.0")


def test_formats_follow_their_rows_where_these_are_sorted(predict):
    day = datetime.datetime(2026, 3, 1)
    rows = [[score, 6.5, "math", score / 20, day] for score in (18, 2)]
    formats = {"D2": "0%", "D3": "0.0%", "E2": "d.m.yy", "E3": "dd.mm."}
    content = book(["score", "hours", "course", "x", "day"], *rows, formats=formats)
    _, out, _ = predict(content, "xlsx", "--sort", "risk")
    found = sorted(
        [cell.value for cell in row[3:5]] + [cell.number_format for cell in row[3:5]]
        for row in sheet(out).iter_rows(min_row=2)
    )
    assert found == [[0.1, day, "0.0%", "dd.mm."], [0.9, day, "0%", "d.m.yy"]]


def test_a_row_that_is_not_predicted_keeps_its_percentages(predict):
    rows = [["Ada", 12, 6.5, "math", 0.9], ["Class average", None, 6.5, None, 0.9]]
    content = book([*HEADER, "x"], *rows, formats={"E2": "0%", "E3": "0%"})
    _, out, _ = predict(content)
    cell = sheet(out)["E3"]
    assert cell.value == 0.9
    assert shows_percent(cell.number_format, 0.9)


def test_percentages_that_a_field_in_percent_takes_are_hundredths():
    content = book(["p", "q"], [0.91, 91], formats={"A2": "0%", "B2": '0"%"'})
    ((percent, number),) = read(content)
    assert (type(percent), str(percent), type(number), number) == (Percent, "91%", int, 91)


# ---- cells -----------------------------------------------------------------------------------


def test_a_whole_number_is_one_however_it_is_stored():
    def change(data):
        return data.replace(b"<v>12</v>", b"<v>12.0</v>").replace(b"<v>13</v>", b"<v>1.3E1</v>")

    content = rewritten(book(["a", "b", "c"], [12, 13, 1e300]), change, "sheet1")
    ((twelve, thirteen, large),) = read(content)
    assert [repr(twelve), repr(thirteen), large] == ["12", "13", 1e300]


def test_dates_in_place_of_marks_are_told_and_what_excel_made_them_of(predict):
    content = book(
        HEADER,
        ["Ana", datetime.datetime(2025, 12, 10), 1, "math"],
        ["Bo", datetime.time(6, 30), 1, "math"],
        ["Cy", 12, datetime.datetime(1950, 12, 1), "math"],
        ["Di", 12, 1, datetime.datetime(2026, 2, 5)],
        ["Ed", 5, 1, "math"],
        ["Fi", True, 1, "math"],
        ["Gi", "#DIV/0!", 1, "math"],
        ["Hu", "#N/A", 1, "math"],
        formats={"B6": "dd/mm/yyyy"},
    )
    code, out, _ = predict(content, "csv")
    assert code == 1
    errors = [line["error"].partition(";")[0] for line in lines(out)]
    assert errors[:5] == [
        "score = 2025-12-10 is a date (Excel may have made it of 12/10)",
        "score = 06:30:00 is a time",
        "hours = 1950-12-01 is a date (Excel may have made it of 12/50)",
        "course = 2026-02-05 is a date (Excel may have made it of 2/5)",
        "score = 1900-01-05 is a date (Excel may have made it of 1/5)",
    ]
    assert errors[5:] == [
        "score = True is not a number",
        "score = '#DIV/0!' is an error of a formula in the spreadsheet",
        "score is blank",
    ]


def test_a_header_of_dates_and_line_breaks_has_names_as_people_write_them():
    header = ["Quiz_x000D_\n(10)", datetime.datetime(2026, 3, 1), 7.0, "a"]
    table = opened(book(header, [1, 2, 3, "b_x000D_"]))
    assert table.header == ["Quiz\r\n(10)", "2026-03-01", "7", "a"]
    assert [[*row] for chunk in table.chunks() for row in chunk.rows] == [[1, 2, 3, "b\r"]]


def test_dates_before_those_of_a_sheet_are_text_in_it(tmp_path, tiny_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pip install '.[arrow]'")
    parquet = pytest.importorskip("pyarrow.parquet", reason="pip install '.[arrow]'")
    days = [datetime.date(1850, 5, 1), datetime.date(1950, 5, 1)]
    columns = {"score": [12, 12], "hours": [1, 1], "course": ["math", "math"], "day": days}
    source, out = tmp_path / "c.parquet", tmp_path / "a.xlsx"
    parquet.write_table(pyarrow.table(columns), source)
    assert main(["predict", str(tiny_path), str(source), "-o", str(out)]) == 0
    written = [row[3] for row in sheet(out).iter_rows(min_row=2, values_only=True)]
    assert written == ["1850-05-01", datetime.datetime(1950, 5, 1)]


def test_rich_text_merged_cells_and_hidden_rows_are_read_as_a_spreadsheet_saves_them_as_csv():
    from openpyxl.cell.rich_text import CellRichText, TextBlock
    from openpyxl.cell.text import InlineFont

    def change(sheet):
        sheet["A2"] = CellRichText("Zo", TextBlock(InlineFont(b=True), "ë"))
        sheet.merge_cells("D2:D3")
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["C"].hidden = True

    content = book(
        HEADER, ["", 12, 6.5, "math"], ["y", 3, 1, None], ["z", 4, 1, "m"], change=change
    )
    assert read(content) == [["Zoë", 12, 6.5, "math"], ["y", 3, 1, None], ["z", 4, 1, "m"]]


def test_a_number_that_is_stored_as_text_is_read_and_stays_text(predict):
    code, out, _ = predict(book(HEADER, ["007", "12", "6,5", "math"], ["13", 12, 6.5, "math"]))
    assert code == 0
    first, second = sheet(out).iter_rows(min_row=2, values_only=True)
    assert first[:3] == ("007", "12", "6,5")
    assert second[:3] == ("13", 12, 6.5)
    assert first[4:] == second[4:]


def test_a_sheet_of_formulas_without_values_is_told_and_one_with_them_is_read(predict):
    content = book(HEADER, ["Zoë", 12, "=2*3", "math"])
    _, _, err = predict(content)
    assert "no row has a value of hours; if its column is not empty, save the table again" in err

    def change(data):
        return data.replace(b"<f>2*3</f><v />", b"<f>2*3</f><v>6</v>")

    computed = rewritten(content, change, "sheet1")
    assert computed != content
    assert read(computed) == [["Zoë", 12, 6, "math"]]


def test_empty_rows_are_none_and_the_others_keep_their_numbers(predict, spec):
    rows = [["a", 1, 2, "math"], [], [None, "", " ", None], ["b", 99, 2, "math"], [], ["c", 1]]
    content = book(["Class 7b"], [], HEADER, *rows)
    (chunk,) = opened(content, spec).chunks()
    assert (chunk.numbers, [row[0] for row in chunk.rows]) == ([4, 7, 9], ["a", "b", "c"])
    code, _, err = predict(content, "xlsx")
    assert code == 1
    assert "3 rows: 2 predicted, 1 refused" in err


def test_a_sheet_that_claims_a_row_beyond_all_is_told_at_once():
    content = rewritten(
        book(HEADER, ["a", 1, 2, "math"], ["b", 1, 2, "math"]),
        lambda data: data.replace(b'<row r="3"', b'<row r="2000000000"'),
        "sheet1",
    )
    with pytest.raises(TableError, match="more than 1,048,576 rows"):
        read(content)


# ---- sheets ----------------------------------------------------------------------------------


def test_a_hidden_sheet_is_read_only_where_no_other_fits_or_it_is_named(spec):
    made = openpyxl.Workbook()
    made.active.title = "last year"
    made.active.append(HEADER)
    made.active.append(["old", 1, 2, "math"])
    made.active.sheet_state = "hidden"
    other = made.create_sheet("7b")
    other.append(["nothing"])

    def rows(**options):
        file = io.BytesIO()
        made.save(file)
        return read(file.getvalue(), spec, **options)

    made.active = 1
    assert rows() == [["old", 1, 2, "math"]]
    other.append(HEADER)
    other.append(["new", 1, 2, "math"])
    assert rows() == [["new", 1, 2, "math"]]
    assert rows(sheet="last year") == rows(sheet="1") == [["old", 1, 2, "math"]]


def strict(data):
    for usual, name in (
        (b"spreadsheetml/2006/main", b"spreadsheetml/main"),
        (b"officeDocument/2006/relationships", b"officeDocument/relationships"),
    ):
        data = data.replace(
            b"http://schemas.openxmlformats.org/" + usual, b"http://purl.oclc.org/ooxml/" + name
        )
    return data


def test_a_strict_workbook_is_read(predict):
    day = datetime.datetime(2026, 3, 1)
    rows = [[f"student {i}", 12, 0.5, "math", day] for i in range(2000)]
    formats = {f"C{i}": "0%" for i in range(2, 2002)}
    content = book([*HEADER, "day"], *rows, formats=formats)
    made = rewritten(content, strict)
    assert made != content
    assert read(made) == read(content)
    assert [type(cell) for cell in read(made)[-1]] == [str, int, Percent, str, datetime.datetime]
    assert predict(made)[0] == 1  # half an hour in percent


def test_names_of_a_strict_workbook_are_found_wherever_a_block_ends(monkeypatch):
    content = book(HEADER, ["a", 1, 2, "math"])
    made = rewritten(content, strict)
    for size in (1, 2, 7, 50, 200):
        monkeypatch.setattr("satchel.tables.strict._BLOCK", size)
        assert read(made) == [["a", 1, 2, "math"]]
