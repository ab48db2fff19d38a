"""Small files that unpack to gigabytes: one line, before they fill the memory."""

import io
import re
import zipfile

import numpy as np
import pytest

from satchel import FileOptions, TableError, TableMapping, open_table

openpyxl = pytest.importorskip("openpyxl", reason="pip install '.[excel]'")
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@pytest.fixture
def workbook(tmp_path):
    """Make a workbook of three rows, some of its parts replaced; return its path."""
    plain = io.BytesIO()
    book = openpyxl.Workbook()
    for row in (["name", "G1"], ["Ada", 12], ["Ben", 7]):
        book.active.append(row)
    book.save(plain)

    def make(**parts):
        path = tmp_path / "class.xlsx"
        with (
            zipfile.ZipFile(plain) as old,
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for name in old.namelist():
                content = old.read(name)
                edit = parts.get(name.rpartition("/")[2].partition(".")[0])
                new.writestr(name, edit(content) if edit else content)
        return path

    return make


def rows(path, unlimited=False):
    mapping = TableMapping(options=FileOptions(unlimited=unlimited))
    with open_table(path, mapping) as table:
        return [list(row) for chunk in table.chunks() for row in chunk.rows]


def test_a_style_that_is_not_there_is_told_and_nothing_is_printed(workbook, capfd):
    path = workbook(styles=lambda xml: re.sub(rb"(?s)<cellStyleXfs.*</cellStyleXfs>", b"", xml))
    with pytest.raises(TableError, match=r"cannot be read as an Excel workbook \(list index out"):
        rows(path)
    assert capfd.readouterr() == ("", "")


STRANGE = {
    "a part 250 times as large": (
        {"styles": lambda xml: xml.replace(b"</styleSheet>", b" " * (2 << 20) + b"</styleSheet>")},
        "xl/styles.xml in it unpacks to 2,",
    ),
    "many marks that are no cells": (
        {
            "sheet1": lambda xml: xml.replace(
                b"</sheetData>",
                b"</sheetData><mergeCells>"
                + b"".join(b'<mergeCell ref="A%d:B%d"/>' % (i, i) for i in range(100_001))
                + b"</mergeCells>",
            )
        },
        "sheet1.xml in it holds more than 100,000 marks",
    ),
    "a document type": (
        {"sheet1": lambda xml: b'<!DOCTYPE x [<!ENTITY a "b">]>' + xml},
        "sheet1.xml in it declares a document type",
    ),
    "a document type in UTF-16": (
        {
            "styles": lambda xml: (
                '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]>'
                + xml.decode()
            ).encode("utf-16")
        },
        "styles.xml in it declares a document type",
    ),
    "a row beyond all": (
        {"sheet1": lambda xml: xml.replace(b'r="3"', b'r="2000000000"').replace(b'"A3"', b'"A9"')},
        "has more than 1,048,576 rows",
    ),
    "a column beyond all": (
        {"sheet1": lambda xml: xml.replace(b'r="B3"', b'r="ZZZ3"')},
        "has more than 16,384 columns",
    ),
}


@pytest.mark.parametrize(("parts", "message"), STRANGE.values(), ids=STRANGE)
def test_a_workbook_that_would_fill_the_memory_is_refused(workbook, parts, message):
    path = workbook(**parts)
    with pytest.raises(TableError, match=message) as caught:
        rows(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_trusted_is_read(workbook):
    path = workbook(styles=STRANGE["a part 250 times as large"][0]["styles"])
    assert rows(path, unlimited=True) == [["Ada", 12], ["Ben", 7]]


def test_texts_of_many_runs_are_read_for_their_letters(tmp_path):
    path = tmp_path / "class.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["name", "G1"])
    book.active.append(["Ada", 12])
    book.save(path)
    runs = "".join(f"<r><rPr><b/></rPr><t>{i % 10}</t></r>" for i in range(20_000))
    strings = (
        f'<sst xmlns="{MAIN}"><si><t>name</t></si><si><t>G1</t></si>'
        f"<si>{runs}<rPh sb='0' eb='1'><t>spoken</t></rPh></si></sst>"
    )
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts["xl/sharedStrings.xml"] = strings.encode()
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    cell = re.search('<c r="A2"[^>]*>.*?</c>', sheet)[0]
    sheet = sheet.replace(cell, '<c r="A2" t="s"><v>2</v></c>')
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    if kind not in (types := parts["[Content_Types].xml"].decode()):
        parts["[Content_Types].xml"] = types.replace("</Types>", part).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    assert rows(path) == [["0123456789" * 2000, 12]]


def test_a_mapping_file_cannot_trust_a_table(tmp_path, workbook):
    from satchel.tables.mapping_file import read_mapping, write_mapping

    with pytest.raises(TableError, match="unlimited"):
        read_mapping("[table]\nunlimited = true\n", "m.toml")
    assert "unlimited" not in write_mapping(TableMapping(options=FileOptions(unlimited=True)))


def parquet(tmp_path, texts, **options):
    pyarrow = pytest.importorskip("pyarrow", reason="pip install '.[arrow]'")
    from pyarrow import parquet

    path = tmp_path / "class.parquet"
    table = pyarrow.table({"G1": np.arange(len(texts)) % 20, "note": texts})
    parquet.write_table(table, path, **options)
    return path


def test_a_column_that_unpacks_to_much_is_refused(tmp_path):
    path = parquet(tmp_path, ["x" * 20_000] * 200, use_dictionary=False, compression="gzip")
    assert path.stat().st_size < 20_000
    with pytest.raises(TableError, match="the column 'note' unpacks to 4,"):
        rows(path)


def test_a_text_that_many_rows_repeat_is_refused(tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pip install '.[arrow]'")
    places = pyarrow.array(np.zeros(5000, np.int32))
    once = pyarrow.DictionaryArray.from_arrays(places, pyarrow.array(["x" * 100_000]))
    path = parquet(tmp_path, once, compression="gzip")
    with pytest.raises(TableError, match="the column 'note' unpacks to 500,000,000 bytes in 5,000"):
        rows(path)


def test_a_large_dictionary_of_a_usual_table_is_read(tmp_path):
    names = [f"Student {i:05}" for i in range(9000)]
    assert [row[1] for row in rows(parquet(tmp_path, names))] == names


def test_a_page_that_lies_about_its_size_is_refused(tmp_path):
    path = parquet(tmp_path, ["x"] * 50)
    content = bytearray(path.read_bytes())
    content[4:8] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    with pytest.raises(TableError, match="damaged Parquet file"):
        rows(path)
