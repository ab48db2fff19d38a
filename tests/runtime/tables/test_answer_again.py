import io

import pytest

import satchel
from satchel import TableMapping, TableOptions

openpyxl = pytest.importorskip("openpyxl", reason="pip install '.[excel]'")

LIST = "Class 8B,,,\nName,G1,G2,schoolsup\nAna,12,13,no\nBea,7,6,yes\nAverage,9.5,9.5,\n"


@pytest.fixture(scope="module")
def predictor():
    return satchel.load("secondary-mathematics")


def named(content, name):
    file = io.BytesIO(content)
    file.name = name
    return file


def answered(predictor, content, name, **options):
    target = io.BytesIO()
    options = TableOptions(**{"again": True, "titles": True, "blank": ("Done",), **options})
    summary = satchel.predict_table(predictor, named(content, name), target, options)
    return target.getvalue(), summary


def cells(content):
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    return [list(row) for row in sheet.iter_rows(values_only=True)]


@pytest.mark.parametrize(("kind", "name"), [("csv", "a.csv"), ("xlsx", "a.xlsx")])
def test_an_answer_that_goes_in_again_comes_out_the_same(predictor, kind, name):
    first, before = answered(predictor, LIST.encode(), "list.csv", kind=kind)
    second, after = answered(predictor, first, name, kind=kind)
    assert (before.rows, before.passed) == (after.rows, after.passed) == (2, (5,))
    if kind == "xlsx":
        one, other = cells(first), cells(second)
    else:
        one, other = ([line.split(",") for line in text.decode("utf-8-sig").splitlines()]
                      for text in (first, second))  # fmt: skip
    assert one[0][0] == other[0][0] == "Class 8B"
    assert sorted(one[1]) == sorted(other[1])  # no column twice
    for row in range(2, 5):
        assert dict(zip(one[1], one[row], strict=True)) == dict(
            zip(other[1], other[row], strict=True)
        )


def test_what_was_filled_in_stays(predictor):
    first, _ = answered(predictor, LIST.encode(), "list.csv", kind="xlsx")
    book = openpyxl.load_workbook(io.BytesIO(first))
    place = [cell.value for cell in book.active[2]].index("Done") + 1
    book.active.cell(3, place).value = "called home"
    changed = io.BytesIO()
    book.save(changed)
    second, _ = answered(predictor, changed.getvalue(), "again.xlsx", kind="xlsx")
    rows = cells(second)
    assert rows[2][rows[1].index("Done")] == "called home"
    assert rows[1].count("Done") == 1


def test_unless_told_so_an_answered_table_is_refused(predictor):
    first, _ = answered(predictor, LIST.encode(), "list.csv", kind="csv")
    with pytest.raises(satchel.TableError, match="already has the columns"):
        answered(predictor, first, "a.csv", again=False)


def test_titles_and_blank_columns_are_only_written_when_asked_for(predictor):
    plain, _ = answered(predictor, LIST.encode(), "list.csv", kind="xlsx", titles=False, blank=())
    assert cells(plain)[0][0] == "Name"
    assert "Done" not in cells(plain)[0]


def test_a_column_called_like_a_field_may_hold_something_else(predictor):
    content = b"G1,G2,age\n12,13,old\n"
    _, summary = answered(predictor, content, "a.csv")
    assert summary.refused == 1
    _, summary = answered(predictor, content, "a.csv", mapping=TableMapping({"age": ""}))
    assert summary.refused == 0
    assert "age" in summary.absent


def test_a_workbook_into_memory_makes_no_file_and_is_the_same(predictor, tmp_path, monkeypatch):
    on_disk = tmp_path / "a.xlsx"
    satchel.predict_table(predictor, named(LIST.encode(), "list.csv"), on_disk)

    def refuse(*_):
        raise AssertionError("a temporary file")

    monkeypatch.setattr("openpyxl.worksheet._writer.create_temporary_file", refuse)
    content, _ = answered(predictor, LIST.encode(), "list.csv", kind="xlsx", titles=False, blank=())
    assert cells(content) == cells(on_disk.read_bytes())
