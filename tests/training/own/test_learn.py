import csv
import importlib.util
import json
from pathlib import Path

import pytest

import satchel
from satchel.cli import main
from satchel_training.own import learn as learning
from satchel_training.own.choose import Choice, Compared

EXAMPLE = Path(__file__).parents[3] / "examples" / "invented_school.py"


@pytest.fixture(scope="module")
def school():
    spec = importlib.util.spec_from_file_location("invented_school", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def lists(school, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert school.main([]) == 0
    return tmp_path


def chosen(model):
    """Stand in for a comparison, which takes a while, where something else is tried."""
    one = Compared(model=model, loss=2.0, behind=0.0, error=0.0)
    return lambda *_: Choice(compared=(one,), picked=model, naive=2.6, lead=0.6, error=0.1)


def test_one_command_leads_from_last_year_to_answers_for_this_year(lists, capsys):
    command = ["train", "--from", "lastyear.csv", "--target", "Final", "--pass-at", "10"]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "left out: Student: it names the student" in said
    assert "<- picked" in said
    (bundle,) = Path("models").glob("*.onnx")
    read = ["--mapping", "lastyear.toml"]  # by which EX is a mark for missing here too
    assert main(["predict", "lastyear", "thisyear.csv", "--models", "models", *read]) == 0
    answers = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert len(answers) == 28
    assert all(0 <= float(row["risk"]) <= 1 for row in answers)
    spec = satchel.load(bundle).spec
    assert "this school's own data" in spec.card.title
    assert "fitted with the same settings to all rows" in spec.card.split
    assert "whole groups by Class" in spec.card.split
    assert spec.reference.rows == 240
    # Nothing of the school's rows is in the bundle or the run.
    lines = Path("lastyear.csv").read_text().splitlines()
    names = [row["Student"].encode() for row in csv.DictReader(lines)]
    kept = b"".join(path.read_bytes() for path in Path("runs").rglob("*") if path.is_file())
    assert not any(name in kept + bundle.read_bytes() for name in names)


def test_a_declaration_that_was_corrected_is_taken_back(lists, capsys, monkeypatch):
    assert main(["train", "--from", "lastyear.csv", "--target", "Final", "--propose"]) == 0
    assert not Path("runs").exists()
    path = Path("lastyear.toml")
    text = path.read_text().replace('target = "Final"', 'target = "Final"\npass-at = 12')
    path.write_text(text)
    monkeypatch.setattr(learning, "compare", chosen("ridge"))
    assert main(["train", "--from", "lastyear.csv", "--declared", "lastyear.toml"]) == 0
    spec = satchel.load(next(Path("models").glob("*.onnx"))).spec
    assert spec.outputs[0].pass_at == 12
    assert json.loads(Path("runs/lastyear.ridge/metrics.json").read_text())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda rows: rows[:3], "2 students with a result are too few"),
        (lambda rows: [row[:-1] for row in rows], "no column 'Final'"),
        (lambda rows: [[*row[:-1], "x"] for row in rows], "the same in every row|did you mean|'x'"),
    ],
)
def test_a_table_that_cannot_be_learned_from_is_refused_in_one_line(lists, capsys, change, why):
    rows = list(csv.reader(Path("lastyear.csv").read_text().splitlines()))
    with open("odd.csv", "w", newline="") as file:
        csv.writer(file).writerows([*change(rows[:1]), *change(rows)[1:]])
    assert main(["train", "--from", "odd.csv", "--target", "Final"]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert any(one in captured.err for one in why.split("|"))
    assert not Path("models").exists()


def test_a_model_no_better_than_a_guess_is_not_made(lists, capsys, monkeypatch):
    one = Compared(model="ridge", loss=2.6, behind=0.0, error=0.0)
    tied = Choice(compared=(one,), picked="ridge", naive=2.62, lead=0.02, error=0.1)
    monkeypatch.setattr(learning, "compare", lambda *_: tied)
    command = ["train", "--from", "lastyear.csv", "--target", "Final"]
    assert main(command) == 2
    assert "no model is better than the naive guess, the last mark" in capsys.readouterr().err
    assert not Path("models").exists()
    assert main([*command, "--anyway"]) == 0


def test_a_name_of_a_published_task_is_refused(lists, capsys):
    command = ["train", "--from", "lastyear.csv", "--target", "Final", "--name", "study-hours"]
    assert main(command) == 2
    assert "study-hours is a task of satchel's own: say another --name" in capsys.readouterr().err
