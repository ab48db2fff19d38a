import io
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from satchel import __version__
from satchel.cli import BUILT_IN, main
from satchel.commands import verify

CSV = "name,score,hours,course,effort\nAda,12,6.5,math,high\nBen,3,1,français,\n"


@pytest.fixture(autouse=True)
def _only_tiny(monkeypatch, models_dir):
    monkeypatch.setattr("satchel.bundle.bundle._SHIPPED", (str(models_dir),))


@pytest.fixture
def run(capsys):
    """Run a command line and return exit code, output and errors."""

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stopped:
            code = stopped.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "class.csv"
    path.write_bytes(CSV.encode())
    return path


# ---- the command itself ----------------------------------------------------------------------


def test_help_and_version(run):
    code, out, _ = run("--help")
    assert code == 0
    assert all(name in out for name in BUILT_IN)
    code, out, _ = run("--version")
    assert (code, out.split()[0]) == (0, "satchel")


def test_the_package_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "satchel", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("satchel ")


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_command_explains_itself(run, name):
    code, out, err = run(name, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: satchel {name}")
    assert "--models DIR" in out


@pytest.mark.parametrize(
    "arguments",
    [
        *((), ("bogus",), ("list", "--bogus"), ("show",), ("predict",), ("predict", "tiny")),
        *(("predict", "tiny", "a.csv", "--record", "{}"), ("predict", "tiny", "a", "b")),
    ],
)
def test_wrong_use_ends_with_2_and_one_remedy(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("satchel")
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["show", "predict", "verify"])
def test_a_model_spelled_nearly_is_named(run, command):
    code, out, err = run(command, "tiny.lineal", *["--record", "{}"] * (command == "predict"))
    assert (code, out) == (2, "")
    assert err == "satchel: there is no model 'tiny.lineal'; did you mean 'tiny.linear'?\n"


def test_a_folder_that_does_not_exist_is_wrong_use(run):
    code, _, err = run("list", "--models", "/no/such/folder")
    assert (code, err) == (2, "satchel: there is no folder /no/such/folder to look for models in\n")


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["short", "long"])
def test_nobody_at_the_other_end_of_the_pipe_is_no_error(tiny_path, more):
    program = "import sys, satchel.cli; sys.exit(satchel.cli.main(sys.argv[1:]))"
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, "show", tiny_path, *more],
            stdout=write,
            env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"},
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("module", "extra"), [("torch", "networks"), ("sklearn.base", "train"), ("flask", "web")]
)
def test_a_missing_package_is_named_with_the_extra_that_brings_it(run, monkeypatch, module, extra):
    def find(name):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr("satchel.cli._find", find)
    code, out, err = run("train", "tiny")
    assert (code, out) == (2, "")
    assert f"'satchel train' needs {module.partition('.')[0]}, which is not installed" in err
    wheel = f"./satchel-{__version__}-py3-none-any.whl"
    assert f" install '{wheel}[{extra}]' (in a checkout: '.[{extra}]')\n" in err


def test_an_interruption_ends_with_130(run, monkeypatch):
    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("satchel.bundle.paths", stop)
    assert run("list") == (130, "", "satchel: stopped\n")


def test_an_interruption_that_a_library_words_anew_ends_with_130(run, monkeypatch):
    def stop(*arguments):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None

    monkeypatch.setattr("satchel.bundle.paths", stop)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert run("list") == (130, "", "satchel: stopped\n")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


# ---- list, show, verify ----------------------------------------------------------------------


def test_list(run, tiny):
    code, out, err = run("list")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "* tiny.linear 1.0.0, demonstration",
        "    A tiny model for tests",
        "    Invented numbers: it predicts nothing.",
    ]
    code, out, _ = run("list", "--json")
    (row,) = json.loads(out)
    assert (row["name"], row["default"], row["verified"]) == ("tiny.linear", True, True)
    assert (row["sha256"], row["demonstration"]) == (tiny.sha256, True)


def test_list_marks_what_is_unverified_and_what_is_damaged(run, write_variant, tmp_path):
    write_variant("tiny.other", model="other")
    (tmp_path / "tiny.broken.onnx").write_bytes(b"")
    code, out, _ = run("list", "--models", tmp_path)
    assert code == 1
    lines = out.splitlines()
    assert lines[0] == "* tiny.linear 1.0.0, demonstration"
    assert lines[3] == "  tiny.broken "
    assert lines[4].startswith("    DAMAGED: ")
    assert "  tiny.other 1.0.0, demonstration, unverified" in lines
    code, out, _ = run("list", "--models", tmp_path, "--json")
    assert code == 1
    assert [("error" in row) for row in json.loads(out)] == [False, True, False]


def test_list_shows_a_model_without_a_headline(run, write_variant, tiny, tmp_path):
    write_variant("tiny.other", model="other", card=replace(tiny.spec.card, headline=""))
    code, out, _ = run("list", "--models", tmp_path)
    assert code == 0
    assert "tiny.other" in out


def test_show(run, spec):
    code, out, err = run("show", "tiny")
    assert (code, err) == (0, "")
    assert out.startswith(
        "tiny.linear 1.0.0: A tiny model for tests\n"
        "Demonstration. The data were made by a program.\n"
    )
    for text in [
        "* score        Score: whole number from 0 to 20 points; Points in the last test\n",
        "* hours        Hours of study: number of at least 0 h\n",
        "  größe        Größe: number\n",
        "  absences     Absences: whole number of at most 100\n",
        "* course       Course: math, physics, français\n",
        "  effort       Effort: low (little), medium (some), high (much)\n",
        "Limit:       It was never trained.\n",
    ]:
        assert text in out
    lines = [line.split() for line in out.splitlines()]
    head = lines.index(["none", "value", "naive", "published", "ceiling"])
    assert lines[head + 1 : head + 3] == [
        ["grade", "RMSE", "2.000", "3.000"],
        ["outcome", "AUC", "0.750", "0.900"],
    ]
    code, out, _ = run("show", "tiny", "--json")
    assert code == 0
    assert json.loads(out) == json.loads(spec.to_json())


def test_verify(run, tiny_path):
    for arguments in ((), ("tiny",), (tiny_path,)):
        code, out, err = run("verify", *arguments)
        assert (code, err) == (0, "")
        assert out.startswith("ok      tiny.linear 1.0.0: 4 checks, largest deviation ")
        assert "unverified" not in out


def test_verify_tells_of_every_model_and_ends_with_2_where_one_cannot_be_read(
    run, write_variant, tmp_path, spec
):
    check = replace(spec.checks[0], outputs={**spec.checks[0].outputs, "grade": (9.0,)})
    write_variant("tiny.wrong", model="wrong", checks=(check,))
    (tmp_path / "tiny.broken.onnx").write_bytes(b"")
    code, out, _ = run("verify", "--models", tmp_path)
    assert code == 2
    fine, broken, wrong = out.splitlines()
    assert fine.startswith("ok ")
    assert broken.startswith("FAILED  tiny.broken: ")
    assert wrong.startswith("FAILED  tiny.wrong 1.0.0: 1 checks")
    assert wrong.endswith("unverified: not in the index")


# ---- predict: one record ---------------------------------------------------------------------

RECORD = {"score": 12, "hours": 50, "größe": 1.7, "absences": 3, "course": "math", "effort": "low"}


def test_predict_a_record(run, predictor):
    code, out, err = run("predict", "tiny", "--record", json.dumps(RECORD))
    assert (code, err) == (0, "")
    answer = predictor.predict(RECORD)
    grade, outcome = answer.outputs["grade"], answer.outputs["outcome"]
    assert out.splitlines() == [
        "Demonstration. The data were made by a program.",
        f"grade: {grade.value:g} points, {grade.label}, "
        f"80% interval {grade.intervals[0].low:g} to {grade.intervals[0].high:g}, "
        f"90% interval {grade.intervals[1].low:g} to {grade.intervals[1].high:g}",
        f"outcome: {outcome.label}, probability of pass {outcome.probability:.0%}",
        f"group: {answer.segment}",
        f"Advice: {answer.advice}",
        "Not reliable: hours = 50 was brought to 40",
        "(tiny.linear 1.0.0)",
    ]


def test_predict_a_record_as_json(run, predictor, tmp_path):
    code, out, _ = run("predict", "tiny", "--json", "--record", json.dumps(RECORD))
    assert code == 0
    assert json.loads(out) == predictor.predict(RECORD).as_dict()
    path = tmp_path / "out.json"
    code, nothing, _ = run("predict", "tiny", "--json", "--record", json.dumps(RECORD), "-o", path)
    assert (code, nothing) == (0, "")
    assert path.read_text() == out


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "nope"], ids=range(4))
def test_a_record_that_is_no_json_is_wrong_use(run, text):
    code, out, err = run("predict", "tiny", "--record", text)
    assert (code, out) == (2, "")
    assert err.startswith("satchel: --record is not JSON: ")


@pytest.mark.parametrize("text", ["[]", "3", "null", '"x"', "{}", '{"\\ud800": 1}', "NaN"])
def test_a_record_that_cannot_be_read_is_told_in_one_line(run, text, tmp_path):
    path = tmp_path / "out"
    code, out, err = run("predict", "tiny", "--record", text, "-o", path)
    assert (code, out) == (2, "")
    assert err.startswith("satchel: ")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_map_goes_with_a_file(run):
    code, _, err = run("predict", "tiny", "--record", "{}", "--map", "a=b")
    assert (code, err) == (2, "satchel: --map, --map-value, --set and --mapping go with FILE\n")


# ---- predict: a table ------------------------------------------------------------------------


def test_predict_a_table(run, table):
    code, out, err = run("predict", "tiny", table)
    assert code == 0
    header, *rows = out.splitlines()
    assert header.startswith("name,score,hours,course,effort,predicted_grade,")
    assert [row.split(",")[0] for row in rows] == ["Ada", "Ben"]
    assert err.splitlines() == [
        "Demonstration. The data were made by a program.",
        "2 rows: 2 predicted, 0 refused",
        "Not used by the model: name",
        "Not in the file; answered without: größe, absences",
    ]


def test_a_brief_answer_leaves_out_what_the_model_has_read(run, table):
    code, out, _ = run("predict", "tiny", table, "--brief")
    assert code == 0
    header, ada, ben = out.splitlines()
    assert header.startswith("name,predicted_grade,")
    assert (ada.split(",")[0], ben.split(",")[0]) == ("Ada", "Ben")
    assert [len(line.split(",")) for line in (header, ada, ben)] == [15] * 3


def test_predict_a_table_as_json_lines(run, table, predictor):
    code, out, _ = run("predict", "tiny", table, "--json")
    assert code == 0
    first, second = map(json.loads, out.splitlines())
    record = {"score": 12, "hours": 6.5, "course": "math", "effort": "high"}
    assert first["outputs"]["grade"] == predictor.predict(record).as_dict()["outputs"]["grade"]
    assert [note["field"] for note in second["notes"]] == ["größe", "absences", "effort"]


def test_predict_from_standard_input(run, table, monkeypatch):
    _, expected, _ = run("predict", "tiny", table)

    class Input:
        buffer = io.BytesIO(CSV.encode())

    monkeypatch.setattr(sys, "stdin", Input)
    code, out, _ = run("predict", "tiny", "-")
    assert (code, out) == (0, expected)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_the_answer_has_the_delimiter_of_the_table(run, table, delimiter):
    table.write_bytes(CSV.replace(",", delimiter).replace("\n", "\r\n").encode("utf-8-sig"))
    code, out, _ = run("predict", "tiny", table)
    assert code == 0
    assert out.startswith("\ufeff" + delimiter.join(["name", "score", "hours"]))
    assert len(out.splitlines()) == 3


def test_the_answer_replaces_the_output_file(run, table, tmp_path):
    _, expected, _ = run("predict", "tiny", table)
    path = tmp_path / "out.csv"
    path.write_text("before")
    code, out, _ = run("predict", "tiny", table, "-o", path)
    assert (code, out) == (0, "")
    assert path.read_text("utf-8") == expected
    code, _, _ = run("predict", "tiny", table, "-o", table)
    assert code == 0
    assert table.read_text("utf-8") == expected


def test_a_bad_row_keeps_its_place_and_ends_with_1(run, table, tmp_path):
    table.write_text(CSV + "Cem,21,1,math,low\nDua\n,,,,\nEla,9,2,math,low,1\n", "utf-8")
    path = tmp_path / "out.csv"
    code, _, err = run("predict", "tiny", table, "-o", path)
    assert code == 1
    assert "5 rows: 2 predicted, 3 refused\n" in err  # a row of empty cells is none
    rows = path.read_text("utf-8").splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["Ada", "Ben", "Cem", "Dua", "Ela"]
    assert "score = '21' is out of bounds" in rows[2]
    assert "the row has no value of any field" in rows[3]
    assert "the row has 6 cells, the header 5; cells beyond the header: '1'" in rows[4]
    code, out, _ = run("predict", "tiny", table, "--json")
    assert code == 1
    assert ["problems" in json.loads(line) for line in out.splitlines()] == [
        *(False, False, True, True, True)
    ]


def test_cells_with_line_breaks_come_back_whole(run, table):
    table.write_text('name,score,hours,course\n"Ada\n""A"", B",12,6.5,math\n', "utf-8")
    code, out, _ = run("predict", "tiny", table)
    assert code == 0
    assert out.splitlines()[1:3] == ['"Ada', '""A"", B",12,6.5,math,' + out.split("math,")[1][:-1]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the first line holds no names of columns"),
        (b"score,score\n", r"'score' stands there twice as a column"),
        (CSV.encode() + b"\xff,1,1,math,low\n", "is UTF-8 text in one part and not in another"),
        (b"a,b\n1,2\n", "the table has no column for score"),
        (b"Score,hours,course\n1,2,math\n", "no column for score (--map Score=score?)"),
        (CSV.replace("name", "error").encode(), "the table already has the columns 'error'"),
    ],
)
def test_a_table_that_cannot_be_read_leaves_no_file(run, table, tmp_path, content, message):
    table.write_bytes(content)
    new, old = tmp_path / "new.csv", tmp_path / "old.csv"
    old.write_text("before")
    for path in (new, old):
        code, out, err = run("predict", "tiny", table, "-o", path)
        assert (code, out) == (2, "")
        assert message in err
        assert err.count("\n") == 1
    assert old.read_text() == "before"
    assert sorted(tmp_path.iterdir()) == [table, old]


def test_a_table_that_breaks_off_in_the_middle_leaves_no_file(run, table, tmp_path):
    table.write_bytes(
        CSV.encode() + b"Ada,12,6.5,math,high\n" * 20_000 + b"Ada,12\0,6.5,math,high\n"
    )
    path = tmp_path / "out.csv"
    code, _, err = run("predict", "tiny", table, "-o", path)
    assert code == 2
    assert "line 20004 holds a NUL byte" in err
    assert list(tmp_path.iterdir()) == [table]


def test_columns_are_mapped(run, table):
    _, expected, _ = run("predict", "tiny", table, "--json")
    table.write_text(CSV.replace("score", "Pts").replace("hours", "Hrs"), "utf-8")
    code, out, _ = run(
        "predict", "tiny", table, "--json", "--map", "Pts=score", "--map=Hrs = hours"
    )
    assert (code, out) == (0, expected)


@pytest.mark.parametrize("pair", ["", "=", "a", "a=", "=score"])
def test_a_map_of_another_form_is_wrong_use(run, table, pair):
    code, _, err = run("predict", "tiny", table, f"--map={pair}")
    assert code == 2
    assert "is not of the form THEIRS=OURS" in err


def test_files_that_cannot_be_opened_are_told_by_name(run, table, tmp_path):
    absent = tmp_path / "absent"
    for arguments in ((absent,), (tmp_path,), (table, "-o", absent / "out.csv")):
        code, out, err = run("predict", "tiny", *arguments)
        assert (code, out) == (2, "")
        assert str(tmp_path) in err
        assert err.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="there is no /dev/null")
def test_a_device_is_written_to_and_never_replaced(run, table, tmp_path):
    # As root, replacing /dev/null itself would break the machine; a link shows the same.
    link = tmp_path / "null"
    link.symlink_to("/dev/null")
    code, _, _ = run("predict", "tiny", table, "-o", link)
    assert code == 0
    assert link.is_symlink()


def test_verify_as_json_names_each_file_before_and_after_it_is_checked(models_dir, capsys):
    assert main(["verify", "--json", "--models", str(models_dir)]) == 0
    first, *pairs, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert [line["file"] for line in pairs[::2]] == first["files"]
    assert [line["file"] for line in pairs[1::2]] == first["files"]
    assert all(line["passed"] and line["seconds"] > 0 for line in pairs[1::2])
    assert last == {"telemetry": "1", "sockets": 0}


def test_verify_counts_the_sockets_that_are_open():
    before = verify._sockets()
    with socket.socket():
        assert verify._sockets() == before + 1


@pytest.mark.skipif(os.name != "posix", reason="a POSIX shell closes streams")
@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&-", ">&- 2>&- <&-"])
def test_a_file_is_written_whatever_streams_are_closed(tmp_path, models_dir, closed):
    (tmp_path / "class.csv").write_text(CSV)
    command = f'exec "$0" -m satchel predict tiny class.csv -o out.csv --models "$1" {closed}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, str(models_dir)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    lines = (tmp_path / "out.csv").read_text("utf-8").splitlines()
    assert len(lines) == CSV.count("\n")


def test_a_bundle_from_elsewhere_that_ends_its_process_is_told(tmp_path, tiny_bytes, monkeypatch):
    from satchel.commands import verify

    path = tmp_path / "tiny.linear.onnx"
    path.write_bytes(tiny_bytes)
    (found,) = map(verify._result, [str(path)])
    assert (found["passed"], found["verified"], found["checks"]) == (True, False, 4)
    monkeypatch.setattr(verify.sys, "executable", "/bin/false")
    (found,) = map(verify._result, [str(path)])
    assert found["passed"] is False
    assert found["error"] == f"{path}: it ended the process that tried it (1)"
