"""`satchel predict` and `satchel evaluate` on tables as schools have them."""

import io
import json
import sys

import pytest

from satchel import progress
from satchel.cli import main

MOODLE = (
    '\ufeff"First name",Surname,"ID number","Assignment: Score (Real)",hours,course,'
    '"Course total (Real)","Last downloaded from this course"\r\n'
    'Ada,"B, C",007,6.00,6.5,math,12.00,1764028800\r\n'
    "Ben,D,008,-,1,français,-,1764028800\r\n"
    '"Overall average",,,6.00,3.75,,12.00,\r\n'
)


@pytest.fixture(autouse=True)
def _only_tiny(monkeypatch, models_dir):
    monkeypatch.setattr("satchel.bundle.bundle._SHIPPED", (str(models_dir),))


@pytest.fixture
def run(capsysbinary):
    """Run a command line and return exit code, output as bytes, and errors as text."""

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stopped:
            code = stopped.code
        out, err = capsysbinary.readouterr()
        return code, out, err.decode()

    return run


@pytest.fixture
def table(tmp_path):
    def table(content, name="class.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return table


def test_a_gradebook_of_moodle(run, table, predictor):
    path = table(MOODLE)
    code, _, err = run("predict", "tiny", path)
    assert code == 2
    assert "score (--map 'Assignment: Score (Real)=score'?)" in err
    code, out, err = run("predict", "tiny", path, "--map", "Assignment: Score (Real)=score/10")
    assert code == 1  # Ben has no score, which must be given
    header, ada, ben, average = out.decode("utf-8-sig").splitlines()
    assert header.startswith("First name,Surname,ID number,Assignment: Score (Real),hours,course,")
    expected = predictor.predict({"score": 12, "hours": 6.5, "course": "math"})
    grade = expected.outputs["grade"].value
    assert ada.startswith(f'Ada,"B, C",007,6.00,6.5,math,12.00,1764028800,{grade!r},')
    assert ben.startswith("Ben,D,008,-,1,français,-,1764028800,,")
    assert "score is blank" in ben
    assert average.startswith("Overall average,,,6.00,3.75,,12.00,,,")
    assert average.endswith(",not a student: passed through without a prediction,")
    assert err.splitlines()[:4] == [
        "Demonstration. The data were made by a program.",
        "2 rows: 1 predicted, 1 refused",
        "The first refused is row 3: score is blank; give a whole number from 0 to 20",
        "Row 4 is not a student: passed through without a prediction",
    ]


def test_the_answer_goes_back_as_the_table_came(run, table):
    content = "Klasse 7b\r\n\r\nname;score;hours;course\r\nZoë;12;6,5;math\r\nx;3;1;français\r\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        path = table(content.encode(encoding))
        code, out, err = run("predict", "tiny", path)
        assert code == 0
        assert "Row 3 names the columns; what stands above it is left out" in err
        assert ("read as Windows-1252" in err) == (encoding == "cp1252")
        assert out[:2] == path.read_bytes()[:2] or encoding in ("utf-8", "cp1252")
        header, zoe, _ = out.decode(encoding).split("\r\n")[:3]
        assert header.startswith("name;score;hours;course;predicted_grade;")
        assert zoe.startswith("Zoë;12;6,5;math;")
        assert "." not in ";".join(zoe.split(";")[4:10])  # predicted numbers have commas too


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "xlsx", "parquet", "txt"])
def test_the_answer_is_of_the_kind_of_its_name(run, table, tmp_path, suffix):
    pytest.importorskip("openpyxl", reason="pip install '.[excel]'")
    pytest.importorskip("pyarrow", reason="pip install '.[arrow]'")
    path = table("name,score,hours,course\nAda,12,6.5,math\n")
    out = tmp_path / f"out.{suffix}"
    assert run("predict", "tiny", path, "-o", out)[:2] == (0, b"")
    begins = {"xlsx": b"PK\x03\x04", "parquet": b"PAR1", "jsonl": b'{"name": "Ada"'}
    assert out.read_bytes().startswith(begins.get(suffix, b"name,score"))
    if suffix == "txt":
        return
    # What has been written is read again, and only its columns are in the way.
    code, _, err = run("predict", "tiny", table(out.read_bytes(), f"again.{suffix}"))
    assert (code, "already has the columns 'predicted_grade'" in err) == (2, True)


def test_an_answer_that_cannot_be_written_leaves_no_file(run, table, tmp_path):
    path = table("name,score,hours,course\nAda,12,6.5,math\n")
    code, _, err = run("predict", "tiny", path, "-o", tmp_path / "out.xls")
    assert (code, "no .xls file can be written" in err) == (2, True)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet"])
def test_errors_may_end_the_command(run, table, tmp_path, suffix):
    pytest.importorskip("openpyxl", reason="pip install '.[excel]'")
    pytest.importorskip("pyarrow", reason="pip install '.[arrow]'")
    path = table("title\nname,score,hours,course\nAda,12,6.5,math\nBen,21,1,math\n")
    out = tmp_path / f"out.{suffix}"
    code, _, err = run("predict", "tiny", path, "--errors", "fail", "-o", out)
    assert code == 2
    assert err.startswith("satchel: row 4: score = '21' is out of bounds")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [path]
    assert run("predict", "tiny", path, "--errors", "keep", "-o", out)[0] == 1


def test_json_of_a_table_with_averages_has_a_line_per_row(run, table):
    path = table("name,score,hours,course\nAda,12,6.5,math\nMean,12,6.5,\n")
    code, out, _ = run("predict", "tiny", path, "--json")
    first, second = map(json.loads, out.splitlines())
    assert (code, "outputs" in first) == (0, True)
    assert second == {
        "row": 3,
        "note": "not a student: passed through without a prediction",
    }


def test_a_column_on_another_scale_is_told(run, table):
    rows = "".join(f"p{i},{i % 3},7,math\n" for i in range(9))
    code, _, err = run("predict", "tiny", table("name,score,hours,course\n" + rows))
    assert code == 0
    assert "Warning: all values of score lie in the lowest tenth of its range (0 to 20)" in err
    assert "hours lie" not in err


def test_marks_for_missing_and_decimals_can_be_said(run, table, predictor):
    path = table("name;score;hours;course\nAda;12;krank;math\nBen;3;1,234;math\n")
    code, _, err = run("predict", "tiny", path)
    assert (code, "say --decimal comma or --decimal point" in err) == (2, True)
    code, out, err = run("predict", "tiny", path, "--decimal", "comma", "--missing", "Krank")
    assert code == 0
    expected = predictor.predict({"score": 3, "hours": 1.234, "course": "math"})
    grade = repr(expected.outputs["grade"].value).replace(".", ",")
    assert out.decode().splitlines()[2].startswith(f"Ben;3;1,234;math;{grade};")


def test_the_same_options_serve_to_evaluate(run, table):
    content = (
        "Test\n\nname;score;Std;course;Note;outcome\nA;62 %;6,5;math;12,5;pass\n"
        "B;15;-;math;4,25;fail\nDurchschnitt;;;;8,4;\n"
    ).encode("utf-16")
    arguments = ("--map", "score=score/100", "--map", "Std=hours", "--target", "grade=Note")
    code, out, err = run("evaluate", "tiny", table(content), *arguments, "--json")
    plain = json.loads(out)
    assert (code, plain["rows"], plain["left_out"]) == (0, 2, 0)
    assert plain["outputs"]["grade"]["rows"] == 2
    assert "Row 6 is not a student: left out" in err
    assert "Row 3 names the columns" in err


def test_rows_left_out_are_counted_as_the_spreadsheet_counts(run, table):
    path = table("t\n\nscore,hours,course,grade\n1,2,math,3\n\n1,2,math,x\n")
    _, out, _ = run("evaluate", "tiny", path, "--json")
    assert [one["row"] for one in json.loads(out)["first_left_out"]] == [6]


@pytest.mark.parametrize(("kind", "module"), [("xlsx", "openpyxl"), ("parquet", "pyarrow")])
def test_a_format_without_its_extra_says_which(run, table, monkeypatch, kind, module):
    monkeypatch.setitem(sys.modules, module, None)
    extra = {"openpyxl": "excel", "pyarrow": "arrow"}[module]
    content = b"PK\x03\x04" if kind == "xlsx" else b"PAR1"
    out = table("score,hours,course\n1,2,math\n")
    for arguments in ((table(content, f"c.{kind}"),), (out, "-o", f"{out}.{kind}")):
        code, _, err = run("predict", "tiny", *arguments)
        assert code == 2
        assert f"needs {module}, which is not installed: " in err
        assert f"-any.whl[{extra}]' (in a checkout: '.[{extra}]')\n" in err


def test_a_workbook_is_not_printed_on_a_terminal(run, table, monkeypatch):
    openpyxl = pytest.importorskip("openpyxl", reason="pip install '.[excel]'")
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in (["score", "hours", "course"], [1, 2, "math"]):
        book.active.append(row)
    book.save(file)
    path = table(file.getvalue(), "c.xlsx")
    code, out, _ = run("predict", "tiny", path)
    assert (code, out[:4]) == (0, b"PK\x03\x04")
    monkeypatch.setattr(sys.stdout.buffer, "isatty", lambda: True, raising=False)
    code, out, err = run("predict", "tiny", path)
    assert (code, out) == (2, b"")
    assert "cannot be printed on a terminal; give -o FILE" in err


def test_progress_counts_bytes_on_a_terminal(run, table, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress, "FIRST", 0)
    path = table("score,hours,course\n" + "1,2,math\n" * 120_001)
    _, _, err = run("predict", "tiny", path)
    shown = err.split("\r")
    assert any(line.startswith("predicted 49% of 1.08 MB, ") for line in shown)
    assert shown[-2].isspace()  # it is wiped away
    assert shown[-1].startswith("Demonstration.")


def test_work_that_is_soon_done_and_other_streams_show_no_progress(run, table, monkeypatch):
    path = table("score,hours,course\n1,2,math\n")
    assert "\r" not in run("predict", "tiny", path)[2]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert "\r" not in run("predict", "tiny", path)[2]


@pytest.mark.parametrize(
    ("done", "total", "unit", "seconds", "said"),
    [
        (45e6, 100e6, "B", 1.5, "45% of 100 MB, 30 MB a second, 0:02 left"),
        (1, 4000, "rows", 10, "0% of 4,000 rows, 0.1 rows a second, 11:06:30 left"),
        (0, 10, "folds", 1, "0% of 10 folds, 0 folds a second"),
        (999, None, "B", 1, "999 B, 999 B a second"),
        (1234567, None, "B", 10, "1.235 MB, 123.5 kB a second"),
    ],
)
def test_progress_says_how_much_how_fast_and_how_long(done, total, unit, seconds, said):
    assert progress.state(done, total, unit, seconds) == said


def test_a_row_number_that_is_none_is_wrong_use(run, table):
    for number in ("0", "-1", "x"):
        code, _, err = run("predict", "tiny", table("a\n"), f"--header-row={number}")
        assert code == 2
        assert "--header-row" in err


def test_help_is_short_and_names_the_marks(run):
    code, out, _ = run("predict", "--help")
    text = out.decode()
    assert code == 0
    assert len(text.splitlines()) < 90
    assert "n/a" in text
    assert "--map THEIRS=OURS" in text


@pytest.mark.parametrize("mark", ["--", "-", "-x", "--x"])
def test_a_mark_for_missing_may_begin_with_a_dash(run, table, mark):
    path = table(f"score,hours,course\n12,{mark},math\n")
    code, out, _ = run("predict", "tiny", path, f"--missing={mark}")
    assert code == 0
    assert "hours was not given" in out.decode()
    code, _, err = run("predict", "tiny", path, "--missing", "--x")
    assert code == 2
    assert "if its value begins with a dash, write --missing=VALUE" in err


def test_a_mapping_may_hold_equals_signs_and_be_saved_and_given_again(run, table, tmp_path):
    content = "Quiz (=/20);hours;Fach\n12;6,5;Mathe\nx;1;Mathe\n"
    path, saved = table(content), tmp_path / "class.toml"
    said = ("--map", "Quiz (=/20)=score", "--map", "Fach=course", "--map-value", "Fach:Mathe=math")
    code, first, _ = run(
        "predict", "tiny", path, *said, "--missing=x", "--save-mapping", str(saved)
    )
    assert code == 1
    again = run("predict", "tiny", path, "--mapping", str(saved))
    assert (again[0], again[1]) == (1, first)
    text = saved.read_text("utf-8")
    assert '"Quiz (=/20)" = "score"' in text
    assert '[values."Fach"]' in text
    assert 'missing = ["x"]' in text


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("columns = 3", "columns must be a table, [columns]"),
        ("[columns]\na = [1]", "'a' in [columns] must be text"),
        ("[colums]\na = 'b'", "unknown key 'colums'; there are missing, table, columns"),
        ("missing = 'x'", "missing must be a list of texts"),
        ("[table]\nheader-row = 0", "header-row in [table] must be a whole number from 1"),
        ("[table]\ndecimal = 'comma'", 'decimal in [table] must be "." or ","'),
        ("[", "is not TOML"),
    ],
)
def test_a_mapping_that_is_none_is_refused(run, table, tmp_path, toml, message):
    path = tmp_path / "bad.toml"
    path.write_text(toml)
    code, out, err = run("predict", "tiny", table("a\n1\n"), "--mapping", str(path))
    assert (code, out) == (2, b"")
    assert f"satchel: {path}" in err
    assert message in err


def test_explain_reads_a_table(run, table):
    path = table("name,score,hours,course\nAda,12,6.5,math\nMean,9,,\nBen,99,1,math\n")
    code, out, _ = run("explain", "tiny", path, "--change", '{"score": 13}')
    text = out.decode()
    assert code == 1
    assert text.startswith("Row 2\n")
    assert "Row 4\nscore = '99' is out of bounds" in text
    assert "Row 3" not in text
    code, out, _ = run("explain", "tiny", path, "--change", "{}", "--row", "2", "--json")
    (line,) = out.decode().splitlines()
    assert code == 0
    assert json.loads(line)["row"] == 2
    code, _, err = run("explain", "tiny", path, "--row", "3")
    assert (code, "the table has no row 3 of a student" in err) == (2, True)
