import io
import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from satchel.cli import main
from satchel.errors import TableError
from satchel.measure import metrics
from satchel.measure.metrics import proportion_bounds
from satchel.measure.scores import score
from satchel.spec import Metric, Sigmoid
from satchel.tables import evaluate as evaluate_table
from satchel.tables.csv.reader import CsvReader

HEADER = "name,score,hours,course,effort,grade,outcome\n"
FEW = (
    HEADER
    + "Ada,12,6.5,math,high,12.5,pass\n"
    + "Ben,3,1,français,,4,fail\n"
    + "Cem,7,2,physics,low,9,fail\n"
)


@pytest.fixture(autouse=True)
def _only_tiny(monkeypatch, models_dir):
    monkeypatch.setattr("satchel.bundle.bundle._SHIPPED", (str(models_dir),))


@pytest.fixture
def run(capsys):
    """Run ``satchel evaluate`` and return exit code, output and errors."""

    def run(*arguments):
        try:
            code = main(["evaluate", *(str(argument) for argument in arguments)])
        except SystemExit as stopped:
            code = stopped.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def as_json(run):
    """Run ``satchel evaluate --json`` and return exit code and answer."""

    def as_json(*arguments):
        code, out, err = run(*arguments, "--json")
        assert err == ""
        return code, json.loads(out, parse_constant=pytest.fail)

    return as_json


@pytest.fixture
def table(tmp_path):
    def table(text):
        path = tmp_path / "class.csv"
        path.write_text(text, "utf-8")
        return path

    return table


@pytest.fixture(scope="module")
def records():
    """Sixty records with their truth and the groups that they belong to."""
    rng = np.random.default_rng(0)
    return [
        {
            "score": int(rng.integers(0, 21)),
            "hours": round(float(rng.uniform(0, 30)), 2),
            "größe": round(float(rng.normal(1.7, 0.1)), 2),
            "absences": int(rng.integers(0, 20)),
            "course": str(rng.choice(["math", "physics", "français"])),
            "effort": str(rng.choice(["low", "medium", "high"])),
            "sex": str(rng.choice(["F", "M"])),
            "grade": float(rng.integers(0, 21)),
            "outcome": str(rng.choice(["fail", "pass"])),
        }
        for _ in range(60)
    ]


@pytest.fixture
def many(table, records):
    lines = [",".join(records[0]), *(",".join(map(str, one.values())) for one in records)]
    return table("\n".join(lines) + "\n")


def truth(records):
    grade = np.array([one["grade"] for one in records])
    return grade, np.array([one["outcome"] for one in records], object)


# ---- the figures -----------------------------------------------------------------------------


def test_the_figures_are_those_of_the_metrics_on_the_predictions(
    as_json, many, records, predictor, spec
):
    code, plain = as_json("tiny", many)
    assert (code, plain["rows"], plain["left_out"], plain["imputed"]) == (0, 60, 0, [])
    assert (plain["model"], plain["sha256"]) == ("tiny.linear", predictor.bundle.sha256)
    fields = [feature.name for feature in spec.inputs.features]
    answers = predictor.predict_many([{name: one[name] for name in fields} for one in records])
    for output, true in zip(spec.outputs, truth(records), strict=False):
        of_output = plain["outputs"][output.name]
        expected = score(output, true, answers.outputs[output.name])
        assert of_output["rows"] == 60
        assert {n: m["value"] for n, m in of_output["metrics"].items()} == expected
        assert {m["card"] for m in of_output["metrics"].values()} == {None}
    grade, outcome = truth(records)
    inside = [
        np.mean((low <= grade) & (grade <= high))
        for _, low, high in answers.outputs["grade"].intervals
    ]
    coverage = plain["outputs"]["grade"]["coverage"]
    assert [one["level"] for one in coverage] == [0.8, 0.9]
    assert [one["share"] for one in coverage] == inside
    came, probability = outcome == "pass", answers.outputs["outcome"].probability
    calibration = plain["outputs"]["outcome"]["calibration"]
    assert calibration["label"] == "pass"
    assert calibration["error"] == metrics.expected_calibration_error(came, probability)
    curve = metrics.calibration_curve(came, probability)
    for i, one in enumerate(calibration["bins"]):
        assert list(one.values()) == [values[i] for values in curve]
    assert plain["outputs"]["grade"]["calibration"] is None
    assert plain["outputs"]["outcome"]["coverage"] == []


def test_the_figures_do_not_depend_on_the_chunks(as_json, many, monkeypatch):
    whole = as_json("tiny", many, "--by", "sex")
    chunks = CsvReader.chunks
    monkeypatch.setattr(CsvReader, "chunks", lambda self: chunks(self, 7))
    assert as_json("tiny", many, "--by", "sex") == whole


def test_a_probability_of_passing_is_held_against_the_pass_mark(
    as_json, many, records, write_variant, spec
):
    grade = replace(spec.outputs[0], calibration=Sigmoid(a=-0.5, b=5.0))
    path = write_variant(outputs=(grade, *spec.outputs[1:]))
    _, plain = as_json(path, many)
    calibration = plain["outputs"]["grade"]["calibration"]
    assert calibration["label"] == "pass"
    shares = sum(one["share"] * one["rows"] for one in calibration["bins"])
    assert shares == pytest.approx(sum(one["grade"] >= 10 for one in records))


@pytest.mark.parametrize("trials", [1, 2, 7, 50, 1000])
def test_the_interval_of_a_share_is_that_of_scipy(trials):
    oracle = pytest.importorskip("scipy.stats", reason="pip install '.[train]'")
    for successes in {*range(min(trials, 50) + 1), trials}:
        interval = oracle.binomtest(successes, trials).proportion_ci(method="wilson")
        low, high = proportion_bounds(successes, trials)
        assert (low, high) == pytest.approx((interval.low, interval.high), abs=1e-12)
        assert 0 <= low <= successes / trials <= high <= 1


# ---- as text ---------------------------------------------------------------------------------


def test_the_report_of_a_small_table(run, table):
    code, out, err = run("tiny", table(FEW))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:3] == [
        "tiny.linear 1.0.0: 3 rows, 0 left out",
        "Demonstration. The data were made by a program.",
        "Not in the file; answered without: größe, absences",
    ]
    titles = [line for line in lines[3:] if line and line[0] != " "]
    assert titles[:3] == [
        "grade, 3 rows",
        "Intervals, and the true values inside",
        "outcome, 3 rows",
    ]
    assert titles[3].startswith("Probability of pass, expected calibration error 0.")
    assert titles[4:] == ["Rows that the model was trained on make it look better than it is."]
    assert "card" not in out


def test_the_card_stands_beside_it(run, as_json, table, write_variant, tiny):
    figures = (
        Metric(output="grade", name="mae", protocol="test split", value=1.234),
        Metric(output="grade", name="rmse", protocol="10-fold cross-validation", value=5.678),
    )
    path = write_variant(card=replace(tiny.spec.card, metrics=figures))
    _, out, _ = run(path, table(FEW))
    (line,) = (line for line in out.splitlines() if line.startswith("  mae"))
    assert line.split()[2] == "1.234"
    assert "card, test split" in out
    assert "5.678" not in out
    _, plain = as_json(path, table(FEW))
    assert plain["outputs"]["grade"]["metrics"]["mae"]["card"] == 1.234


def test_a_figure_that_is_no_number_is_left_blank(run, as_json, table):
    path = table("".join(FEW.splitlines(True)[:2]))
    code, out, _ = run("tiny", path)
    assert code == 0
    assert "  r2\n" in out
    assert "nan" not in out
    _, plain = as_json("tiny", path)
    assert plain["outputs"]["grade"]["metrics"]["r2"]["value"] is None
    assert plain["outputs"]["outcome"]["metrics"]["roc_auc"]["value"] is None


def test_no_line_is_wider_than_the_terminal(run, many, records, table):
    text = many.read_text("utf-8").replace(",sex,", f",{'sex' * 20},")
    code, out, _ = run("tiny", table(text), "--by", "sex" * 20, "--by", "course", "--by", "effort")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 100


# ---- groups ----------------------------------------------------------------------------------


def test_groups_of_any_column_are_compared(run, as_json, many, records):
    _, plain = as_json("tiny", many, "--by", "sex", "--by", "sex")
    for name in ("grade", "outcome"):
        groups = plain["outputs"][name]["groups"]
        counts = [sum(one["sex"] == sex for one in records) for sex in "FM"]
        assert [(g["feature"], g["group"], g["rows"]) for g in groups] == [
            ("sex", "F", counts[0]),
            ("sex", "M", counts[1]),
        ]
        for one in plain["outputs"][name]["disparities"]:
            assert one["by_chance"] == (one["value"] <= one["chance"])
    code, out, _ = run("tiny", many, "--by", "sex")
    assert code == 0
    assert "grade by sex, with 95% intervals\n" in out
    assert "  abroca " in out
    assert "may be chance" in out


def test_groups_may_be_named_as_the_model_names_them(as_json, many, table):
    path = table(many.read_text("utf-8").replace("course", "Kurs"))
    arguments = ("tiny", path, "--map", "Kurs=course")
    code, ours = as_json(*arguments, "--by", "course")
    assert code == 0
    _, theirs = as_json(*arguments, "--by", "Kurs")
    for one in theirs["outputs"]["grade"]["groups"]:
        one["feature"] = "course"
    assert ours["outputs"]["grade"]["groups"] == theirs["outputs"]["grade"]["groups"]


def test_many_groups_stand_below_each_other(run, records, table):
    lines = [",".join([*records[0], "class"])]
    for i in range(100):
        lines.append(",".join([*map(str, records[i % 60].values()), f"class {i % 5}"]))
    _, out, _ = run("tiny", table("\n".join(lines)), "--by", "class")
    heads = [line.split() for line in out.splitlines() if line.strip().startswith("class ")]
    assert heads[:2] == [["class", "0", "class", "1", "class", "2"], ["class", "3", "class", "4"]]


def test_groups_too_small_to_compare_are_told(run, table):
    code, out, _ = run("tiny", table(FEW), "--by", "name")
    assert code == 0
    assert "grade by name: fewer than two groups of 20 rows, nothing to compare" in out


def test_a_column_to_group_by_that_is_not_there(run, table):
    code, out, err = run("tiny", table(FEW), "--by", "nmae")
    assert (code, out) == (2, "")
    assert err == "satchel: there is no column 'nmae' to group by; did you mean 'name'?\n"


# ---- rows that cannot be used ----------------------------------------------------------------


def test_rows_that_cannot_be_used_are_counted_told_and_left_out(run, as_json, table):
    bad = [
        ("Dua,21,1,math,low,4,fail", "score = '21' is out of bounds"),
        ("Ela,9,1,math,low,4,fail,x", "the row has 8 cells, the header 7"),
        ("Fay,9,2,math,low,,fail", "grade is missing"),
        ('Gil,9,2,math,low,"12,5",fail', "grade = '12,5' has a decimal comma"),
        (
            "Hal,9,2,math,low,1e200,Pass",
            "grade = '1e200' is too large; "
            "outcome = 'Pass' is not one of fail, pass; did you mean 'pass'?",
        ),
        ("Ida,9,2,math,low,7,", "outcome is missing"),
    ]
    path = table(FEW + "".join(f"{row}\n" for row, _ in bad))
    code, plain = as_json("tiny", path)
    assert (code, plain["rows"], plain["left_out"]) == (1, 9, 6)
    assert [one["row"] for one in plain["first_left_out"]] == [5, 6, 7, 8, 9]
    for one, (_, reason) in zip(plain["first_left_out"], bad, strict=False):
        assert reason in one["reason"]
    # A row that lacks the truth of one output still tells of the other.
    assert [plain["outputs"][name]["rows"] for name in ("grade", "outcome")] == [4, 5]
    code, out, err = run("tiny", path)
    assert (code, err) == (1, "")
    assert out.startswith("tiny.linear 1.0.0: 9 rows, 6 left out\n")
    assert "  row 7: grade is missing\n" in out
    assert "  and 1 more\n" in out
    # They change nothing of what is measured.
    _, alone = as_json("tiny", table(FEW + bad[5][0]))
    assert alone["outputs"]["grade"] == plain["outputs"]["grade"]


def test_rows_left_out_belong_to_no_group(as_json, many, table):
    _, before = as_json("tiny", many, "--by", "sex")
    first, *rest = many.read_text("utf-8").splitlines()
    bad = rest[0].split(",")
    bad[0] = "99"
    code, after = as_json("tiny", table("\n".join([first, ",".join(bad), *rest])), "--by", "sex")
    assert code == 1
    assert after["outputs"] == before["outputs"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER, "no row can be used with a true value in 'grade' or 'outcome'"),
        (
            HEADER + "Ada,12,6.5,math,high,,\n",
            "no row can be used with a true value in 'grade' or 'outcome': row 2: "
            "grade is missing; outcome is missing",
        ),
        (
            HEADER + "Ada,99,6.5,math,high,1,pass\n",
            "no row can be used with a true value in 'grade' or 'outcome': row 2: score = '99' "
            "is out of bounds; give a whole number from 0 to 20",
        ),
    ],
    ids=["no row", "no truth", "no record"],
)
def test_a_table_without_a_row_that_can_be_used(run, table, text, message):
    assert run("tiny", table(text)) == (2, "", f"satchel: {message}\n")


# ---- which column holds the truth ------------------------------------------------------------


def test_an_output_without_a_column_is_told_and_the_others_are_evaluated(run, as_json, table):
    path = table(FEW.replace(",outcome", ",result"))
    code, plain = as_json("tiny", path)
    assert (code, list(plain["outputs"])) == (0, ["grade"])
    _, out, _ = run("tiny", path)
    assert (
        "outcome: not evaluated, the table has no column of that name (--target outcome=COLUMN)\n"
        in out
    )


def test_an_output_of_which_no_row_can_be_used_is_told(run, table):
    text = FEW.replace(",pass\n", ",?\n").replace(",fail\n", ",?\n")
    code, out, _ = run("tiny", table(text))
    assert code == 1
    assert "outcome: not evaluated, no row can be used with a true value in 'outcome'\n" in out


def test_the_column_of_an_output_may_be_named(as_json, table):
    path = table(FEW)
    expected = as_json("tiny", path)
    path.write_text(FEW.replace("grade,outcome", "final grade,Result"), "utf-8")
    names = ("--target", "grade=final grade", "--target", "outcome = Result")
    assert as_json("tiny", path, *names) == expected


@pytest.mark.parametrize(
    ("header", "arguments", "message"),
    [
        (
            "name,score,hours,course,effort,grade score,result\n",
            [],
            "the table has no column of true values: 'grade' (--target 'grade=grade score'?) or "
            "'outcome' (--target outcome=COLUMN?)",
        ),
        (
            HEADER,
            ["--target", "grad=grade"],
            "the model has no output 'grad'; did you mean 'grade'?",
        ),
        (
            HEADER,
            ["--target", "grade=Grade"],
            "there is no column 'Grade' with the true grade; did you mean 'grade'?",
        ),
        (HEADER, ["--target", "grade"], "--target 'grade' is not of the form OUTPUT=COLUMN"),
        (HEADER, ["--map", "=a"], "--map '=a' is not of the form THEIRS=OURS"),
        (
            "hours,course,grade,x,y,z\n",
            [],
            "the table has no column for score; a column of another name: --map THEIRS=OURS; "
            "one value for all rows: --set score=VALUE; its other columns are "
            "'grade', 'x', 'y', 'z'",
        ),
    ],
)
def test_a_wrong_name_is_told_with_the_nearest(run, table, header, arguments, message):
    code, out, err = run("tiny", table(header + "Ada,12,6.5,math,high,12.5,pass\n"), *arguments)
    assert (code, out) == (2, "")
    assert err == f"satchel: {message}\n"


def test_segments_alone_cannot_be_evaluated():
    with pytest.raises(TableError, match="segments alone"):
        evaluate_table._target_columns({}, ["a"], {}, ["a"])


# ---- the file --------------------------------------------------------------------------------


def test_the_table_may_come_by_standard_input_and_with_semicolons(as_json, table, monkeypatch):
    expected = as_json("tiny", table(FEW))

    class Input:
        buffer = io.BytesIO(FEW.replace(",", ";").encode("utf-8-sig"))

    monkeypatch.setattr(sys, "stdin", Input)
    assert as_json("tiny", "-") == expected


def test_a_file_that_is_not_there(run, tmp_path):
    code, out, err = run("tiny", tmp_path / "no.csv")
    assert (code, out) == (2, "")
    assert err.startswith("satchel: ")
    assert err.endswith("No such file or directory\n")
