import io
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from satchel import TableError
from satchel.files import replacing
from satchel.spec import Reference
from satchel.tables.csv.reader import CsvReader
from satchel.tables.csv.writer import CsvWriter, Style
from satchel.tables.mapping import TableMapping


def reader(content):
    content = content.encode() if isinstance(content, str) else content
    return CsvReader(io.BytesIO(content), "class.csv")


def rows(content):
    return rows_of(reader(content))


def rows_of(table):
    return [row for chunk in table.chunks() for row in chunk.rows]


# ---- reading ---------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_delimiters_line_ends_and_the_byte_order_mark(delimiter, end, mark):
    lines = [["größe", "b"], ["1.5", "x"], ["2", ""]]
    content = mark + end.join(delimiter.join(line) for line in lines) + end
    table = reader(content)
    assert table.header == lines[0]
    decimal = "," if delimiter == ";" else "."  # of no column that is known to hold numbers
    assert table.style == Style(mark, delimiter, end, "utf-8", decimal)
    assert rows_of(table) == lines[1:]


def test_quoted_cells_may_hold_anything():
    content = 'a,"b;c;d","e ""f"""\r\n"1,2","line\r\nbreak","""q"""\r\n'
    table = reader(content)
    assert table.style.delimiter == ","
    assert table.header == ["a", "b;c;d", 'e "f"']
    assert rows_of(table) == [["1,2", "line\r\nbreak", '"q"']]


def test_a_quoted_name_may_hold_a_line_break():
    table = reader('"a\nb",c\n1,2\n')
    assert table.header == ["a\nb", "c"]
    assert rows_of(table) == [["1", "2"]]


def test_names_are_stripped_and_cells_are_not():
    table = reader(" a ; b\n 1 ;2 \n")
    assert table.header == ["a", "b"]
    assert rows_of(table) == [[" 1 ", "2 "]]


def test_empty_lines_are_no_rows():
    assert rows("\n\na,b\n\n1,2\n\r\n3,4\n\n") == [["1", "2"], ["3", "4"]]


def test_a_header_alone_has_no_rows():
    assert rows("a,b") == []


def test_rows_come_in_chunks():
    content = "a\n" + "".join(f"{i}\n" for i in range(25))
    chunks = list(reader(content).chunks(10))
    assert max(len(chunk.rows) for chunk in chunks) == 10
    assert [row for chunk in chunks for row in chunk.rows] == [[str(i)] for i in range(25)]
    assert [n for chunk in chunks for n in chunk.numbers] == list(range(2, 27))


@pytest.mark.parametrize("content", ["", "\n\n", ",,\n", "\ufeff", " ; \n"])
def test_a_file_without_names_is_refused(content):
    with pytest.raises(TableError, match=r"class\.csv: the first line holds no names"):
        reader(content)


def test_a_name_that_stands_twice_is_refused():
    with pytest.raises(TableError, match=r"'a' stands there twice as a column"):
        reader("a,b, a\n1,2,3\n")
    many = [f"c{i:03}" for i in range(300)]
    with pytest.raises(TableError, match="'c011' and 288 more stands there twice"):
        reader(",".join([*many, *many]) + "\n")


def test_columns_without_a_name_may_repeat():
    assert reader("a,,\n1,,\n").header == ["a", "", ""]


def test_bytes_that_are_no_text_are_refused_wherever_they_stand():
    # 0x81 is nothing in Windows-1252 either.
    table = reader(b"a\n" + b"1\n" * 2_000_000 + b"\x81\n")
    with pytest.raises(TableError, match="is not UTF-8 nor Windows-1252 text; save it again"):
        list(table.chunks())


def test_a_cell_that_is_too_long_is_refused_with_its_line():
    with pytest.raises(TableError, match=r"class\.csv: line 3 cannot be read"):
        rows("a\n1\n" + "x" * 200_000 + "\n")


def test_a_quote_that_is_never_closed_is_refused():
    # Otherwise the rows below it would vanish into its cell.
    with pytest.raises(TableError):
        rows('a,b\n1,"x\n2,y\n3,z\n')


def test_a_reader_leaves_the_file_open():
    file = io.BytesIO(b"a\n1\n")
    CsvReader(file, "class.csv").close()
    empty = io.BytesIO(b"")
    with pytest.raises(TableError):
        CsvReader(empty, "class.csv")
    assert not file.closed
    assert not empty.closed


# ---- writing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_is_written_is_read_again(delimiter, end, mark):
    table = [["a", "b"], ["1;2,3\t4", 'x"y'], ["line\nbreak", "größe"], ["", " z "]]
    out = io.BytesIO()
    style = Style(mark, delimiter, end)
    CsvWriter(out, style).write(table)
    again = reader(out.getvalue())
    decimal = "," if delimiter == ";" else "."
    assert again.style == replace(style, decimal=decimal)
    assert [again.header, *rows_of(again)] == table


def test_a_file_is_replaced_when_it_is_whole(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("before")
    with replacing(path) as file:
        file.write("größe\r\n")
        file.flush()
        assert path.read_text() == "before"
    assert path.read_bytes() == "größe\r\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_stays_as_it_was_where_something_fails(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("before")

    def fail():
        with replacing(path) as file:
            file.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_of_a_link_the_file_it_points_to_is_replaced(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("before")
    link.symlink_to(target)
    with replacing(link) as file:
        file.write("after")
    assert link.is_symlink()
    assert target.read_text() == "after"
    assert sorted(tmp_path.iterdir()) == [link, target]


def test_bytes_may_be_written_too(tmp_path):
    with replacing(tmp_path / "out", "wb") as file:
        file.write(b"\xff")
    assert (tmp_path / "out").read_bytes() == b"\xff"


def test_a_new_file_has_ordinary_permissions(tmp_path):
    with replacing(tmp_path / "new") as file:
        file.write("x")
    (tmp_path / "ordinary").write_text("x")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


# ---- predictions for a table -----------------------------------------------------------------

HEADER = ["id", "score", "hours", "course"]


def test_the_answer_keeps_all_columns(predictor, predict_rows):
    rows = [["x", "12", "6.5", "math"], ["y", "21", "1", "math"], [*"abcdefg"]]
    (good, bad, long), summary = predict_rows(HEADER, rows)
    assert list(good) == [
        *HEADER,
        "predicted_grade",
        "predicted_grade_label",
        "predicted_grade_low_0.8",
        "predicted_grade_high_0.8",
        "predicted_grade_low_0.9",
        "predicted_grade_high_0.9",
        "predicted_outcome",
        "predicted_outcome_probability_of_pass",
        "predicted_group",
        "risk",
        "advice",
        "doubts",
        "notes",
        "error",
    ]
    assert summary.unused == ("id",)
    expected = predictor.predict({"score": 12, "hours": 6.5, "course": "math"})
    outcome = expected.outputs["outcome"]
    assert float(good["predicted_grade"]) == expected.outputs["grade"].value
    assert float(good["predicted_grade_low_0.9"]) == expected.outputs["grade"].intervals[1].low
    assert good["predicted_outcome"] == outcome.label
    probability = float(good["predicted_outcome_probability_of_pass"])
    assert probability == round(outcome.probability, 4)
    assert float(good["risk"]) == round(1 - outcome.probability, 4)
    assert (good["advice"], good["error"]) == (expected.advice, "")
    assert good["notes"] == ""
    assert summary.absent == ("größe", "absences", "effort")
    assert bad["error"] == "score = '21' is out of bounds; give a whole number from 0 to 20"
    assert (bad["id"], bad["predicted_grade"], bad["notes"]) == ("y", "", "")
    assert long["error"].endswith(
        "the row has 7 cells, the header 4; cells beyond the header: 'e', 'f', 'g'"
    )
    assert (summary.rows, summary.refused) == (3, 2)


def test_only_values_that_are_blank_in_a_column_are_noted(predict_rows):
    (written,), _ = predict_rows([*HEADER, "effort"], [["x", "18", "", "math", "low"]])
    outside = "score = 18 is outside the range seen in training (2 to 17)"
    assert written["notes"] == f"{outside}; hours was not given; 5 was used in its place"
    # Fields without a column were not given either.
    assert written["doubts"] == f"{outside}; 3 of 6 fields were not given"


def test_a_brief_answer_keeps_the_columns_that_the_model_does_not_read(predict_rows):
    header = ["id", "s", "hours", "course", "class"]
    rows = [["x", "12", "6.5", "math", "7b"], ["y", "?", "1", "math", "7c"]]
    written, _ = predict_rows(header, rows, mapping=TableMapping({"s": "score"}), brief=True)
    assert list(written[0])[:3] == ["id", "class", "predicted_grade"]
    assert [(row["id"], row["class"]) for row in written] == [("x", "7b"), ("y", "7c")]
    assert "score = '?'" in written[1]["error"]


def test_columns_are_mapped(predictor, predict_rows):
    mapping = TableMapping({"s": "score"})
    (written,), _ = predict_rows(["s", "hours", "course"], [["12", "6.5", "math"]], mapping=mapping)
    expected = predictor.predict({"score": 12, "hours": 6.5, "course": "math"})
    assert float(written["predicted_grade"]) == expected.outputs["grade"].value
    assert list(written)[:3] == ["s", "hours", "course"]


@pytest.mark.parametrize(
    ("header", "mapping", "message"),
    [
        (["score", "hours"], {}, r"no column for course; .*: --set course=VALUE"),
        (["scores", "hours", "course"], {}, r"no column for score \(--map scores=score\?\)"),
        (HEADER, {"skore": "hours"}, r"no column 'skore' to map; did you mean 'score'\?"),
        (HEADER, {"id": "ours"}, r"the model has no field 'ours'; did you mean 'hours'\?"),
        (HEADER, {"id": "score"}, r"several columns hold 'score'"),
        ([*HEADER, "notes"], {}, r"already has the columns 'notes'"),
        ([*HEADER, "predicted_grade"], {}, r"already has the columns 'predicted_grade'"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(predict_rows, header, mapping, message):
    with pytest.raises(TableError, match=message):
        predict_rows(header, [["1"] * len(header)], mapping=TableMapping(mapping))


def test_chosen_columns_come_in_their_order_and_errors_always(predict_rows):
    rows = [["x", "12", "6.5", "math"], ["y", "21", "1", "math"]]
    (good, bad), _ = predict_rows(HEADER, rows, columns=("risk", "predicted_grade"))
    assert list(good) == [*HEADER, "risk", "predicted_grade", "error"]
    assert (bad["risk"], bad["error"][:5]) == ("", "score")
    with pytest.raises(TableError, match=r"no column 'risks'; did you mean 'risk'\?"):
        predict_rows(HEADER, rows, columns=("risks",))


def test_sorted_by_risk_the_highest_comes_first_and_refused_rows_last(predict_rows):
    rows = [[str(i), score, "6.5", "math"] for i, score in enumerate(["12", "x", "3", "17"])]
    written, _ = predict_rows(HEADER, rows, sort="risk")
    assert [row["id"] for row in written] == ["2", "0", "3", "1"]
    risks = [float(row["risk"]) for row in written[:3]]
    assert risks == sorted(risks, reverse=True)


def test_one_value_may_be_set_for_all_rows(predictor, predict_rows):
    mapping = TableMapping(constants={"course": "math"})
    (written,), summary = predict_rows(["score", "hours"], [["12", "6.5"]], mapping=mapping)
    expected = predictor.predict({"score": 12, "hours": 6.5, "course": "math"})
    assert float(written["predicted_grade"]) == expected.outputs["grade"].value
    assert "course" not in summary.absent
    for constants, message in [
        (
            {"cours": "math"},
            r"cours is set, and the model has no such field; did you mean 'course'",
        ),
        ({"score": "12"}, "score is set, and the table has a column of it"),
    ]:
        with pytest.raises(TableError, match=message):
            predict_rows(HEADER, [["x"] * 4], mapping=TableMapping(constants=constants))


def test_words_may_stand_for_values(predict_rows):
    rows = [["x", "twelve", "6.5", "Mathe"], ["y", "12", "6.5", "math"]]
    for name in ("course", "Fach"):
        header = ["id", "score", "hours", name]
        columns = {} if name == "course" else {"Fach": "course"}
        values = {name: {"Mathe": "math"}, "score": {"twelve": "12"}}
        (one, other), _ = predict_rows(header, rows, mapping=TableMapping(columns, values))
        assert one["predicted_grade"] == other["predicted_grade"] != ""
    with pytest.raises(
        TableError, match=r"there is no column 'Fächer' whose values could be mapped"
    ):
        predict_rows(HEADER, rows, mapping=TableMapping(values={"Fächer": {"a": "b"}}))


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_answer_does_not_depend_on_the_threads(predict_content, threads):
    rows = [f"n{i},{i % 22},{i % 7},{'math' if i % 3 else 'art'}" for i in range(30_000)]
    content = "\n".join([",".join(HEADER), *rows[:99], "Average,12,,", *rows[99:]])
    found, summary = predict_content(content, threads=threads)
    assert (summary.rows, summary.passed) == (30_000, (101,))
    assert found == predict_content(content, threads=1)[0]
    assert found.count(b"\n") == 30_002


def test_a_row_that_is_no_student_keeps_its_place(predict_rows):
    rows = [["Mean", "9", "", ""], ["x", "12", "6.5", "math"], ["Maximum", "17", "", ""]]
    written, summary = predict_rows(HEADER, [*rows, ["y", "3", "1", "math"]])
    assert [row["id"] for row in written] == ["Mean", "x", "Maximum", "y"]
    assert [bool(row["predicted_grade"]) for row in written] == [False, True, False, True]
    assert written[0]["notes"] == "not a student: passed through without a prediction"
    assert (summary.rows, summary.refused, summary.passed) == (2, 0, (2, 4))


def test_totals_that_the_table_says_are_used_and_told(predictor, predict_rows):
    rows = [["Points Possible", "50", "", ""], ["x", "30", "6.5", "math"]]
    (_, written), summary = predict_rows(HEADER, rows)
    expected = predictor.predict({"score": 12, "hours": 6.5, "course": "math"})
    assert float(written["predicted_grade"]) == expected.outputs["grade"].value
    assert "Row 2 says what the marks are out of: score 50" in summary.remarks
    assert summary.mapping.columns == {"score": "score/50"}
    # What was said counts more.
    mapping = TableMapping({"score": "score/60"})
    (_, other), _ = predict_rows(HEADER, rows, mapping=mapping)
    assert other["predicted_grade"] != written["predicted_grade"]


def test_reasons_name_the_fields_that_moved_the_answer(changed, predict_rows):
    background = ({"score": 3, "hours": 1.0, "course": "physics"},)
    using = changed(reference=Reference(background=background))
    rows = [["x", "17", "6.5", "math"], ["y", "99", "1", "math"]]
    (good, bad), _ = predict_rows(HEADER, rows, using=using, reasons=2)
    explanation = using.explain({"score": 17, "hours": 6.5, "course": "math"}, "grade")
    expected = [f"{f.feature} {f.contribution:+.2f}" for f in explanation.features[:2]]
    assert good["reasons"] == "; ".join(expected)
    assert bad["reasons"] == ""


def test_an_optional_field_that_may_be_there_is_told(predict_rows):
    header = ["score", "hours", "course", "Absences (days)", "size"]
    _, summary = predict_rows(header, [["12", "6.5", "math", "3", "1"]])
    assert summary.remarks == (
        "Warning: the table may have other columns that the model reads: "
        "--map 'Absences (days)=absences'",
    )
    mapping = TableMapping({"Punkte": "score", "Stunden": "hours", "Fach": "course"})
    _, summary = predict_rows(list(mapping.columns), [["12", "6.5", "math"]], mapping=mapping)
    assert summary.remarks == (
        "Warning: most fields have other names here; is there a column of größe, absences, "
        "effort? (--map)",
    )


@pytest.mark.parametrize(
    "name",
    [
        "Test [Total Pts: 50 Score] |4110",
        "Test [Total Pts: up to 50 Score] |4110",
        "Grade/50.00",
        "Lecture /50",
        "Exam (/50)",
        "Test (out of 50)",
    ],
)
def test_totals_in_the_name_of_a_column_are_used_and_told(predictor, predict_rows, name):
    mapping = TableMapping({name: "score"})
    header, row = [name, "hours", "course"], ["30", "6.5", "math"]
    (written,), summary = predict_rows(header, [row], mapping=mapping)
    expected = predictor.predict({"score": 12, "hours": 6.5, "course": "math"})
    assert float(written["predicted_grade"]) == expected.outputs["grade"].value
    assert f"The header says what the marks are out of: {name} 50" in summary.remarks


@pytest.mark.parametrize(
    "name",
    [
        "Homework 3/10",
        "2025/26",
        "Test (811)",
        "Grade/20.00",
        "9/10/2025",
        "A [Total Pts: 50 Letter]",
    ],
)
def test_what_is_no_total_in_a_name_is_left_alone(predict_rows, name):
    mapping = TableMapping({name: "score"})
    _, summary = predict_rows([name, "hours", "course"], [["12", "6.5", "math"]], mapping=mapping)
    assert summary.mapping.columns == {name: "score"}


def test_totals_above_the_header_are_used_and_told(predict_content):
    content = "Class: 7b,,\nPoints Possible:,50,\nname,score,hours,course\nAda,30,6.5,math\n"
    _, summary = predict_content(content)
    assert "Row 2 says what the marks are out of: score 50" in summary.remarks


def test_a_category_that_is_none_leads_to_map_value(predict_rows):
    (written,), summary = predict_rows(HEADER, [["x", "12", "6.5", "Mathe"]])
    assert written["error"].startswith("course = 'Mathe' is not one of its values")
    assert written["error"].endswith("; --map-value course:Mathe=VALUE says which one it is")
    assert summary.first_refused == f"row 2: {written['error']}"


# ---- files -----------------------------------------------------------------------------------

POSIX = pytest.mark.skipif(os.name != "posix", reason="only POSIX has modes and these signals")


@POSIX
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("before")
    path.chmod(0o600)
    with replacing(path) as file:
        file.write("after")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("after", 0o600)


@POSIX
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGQUIT", "SIGINT"])
def test_a_signal_that_ends_the_process_leaves_nothing_behind(tmp_path, name):
    code = (
        "import os, signal, sys\n"
        "from satchel.files import replacing\n"
        "for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):\n"
        "    signal.signal(one, signal.SIG_DFL)  # under nohup it is ignored\n"
        "with replacing(sys.argv[1]) as file:\n"
        f"    os.kill(os.getpid(), signal.{name})\n"
        "    file.write('x')\n"
    )
    path = tmp_path / "out.csv"
    path.write_text("before")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], env=environment, capture_output=True
    )
    assert done.returncode != 0
    assert [one.name for one in tmp_path.iterdir()] == ["out.csv"]
    assert path.read_text() == "before"


@POSIX
def test_what_a_killed_process_left_is_swept_by_the_next(tmp_path):
    code = (
        "import os, signal, sys\n"
        "from satchel.files import replacing\n"
        "with replacing(sys.argv[1]) as file:\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    path = tmp_path / "out.csv"
    subprocess.run([sys.executable, "-c", code, str(path)], env=environment, check=False)
    (left,) = tmp_path.iterdir()
    others = tmp_path / left.name.replace(left.name.split("-")[1], "00000000")
    others.write_text("of another machine")
    with replacing(path) as file:  # what this process writes stays while it is there
        file.write("x")
        with replacing(tmp_path / "other.csv") as other:
            other.write("y")
    assert sorted(tmp_path.iterdir()) == sorted([others, path, tmp_path / "other.csv"])


@POSIX
def test_a_long_name_and_a_stream_can_be_written(tmp_path):
    path = tmp_path / ("n" * 250 + ".csv")
    with replacing(path) as file:
        file.write("x")
    assert path.read_text() == "x"
    code = "from satchel.files import replacing\nwith replacing('/dev/stdout') as f: f.write('x')"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert (done.returncode, done.stdout) == (0, b"x")
