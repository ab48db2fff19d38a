import dataclasses
import json

import numpy as np
import pytest

from satchel.cli import main
from satchel.measure.metrics import accuracy_score, root_mean_squared_error
from satchel_export import leaderboard
from satchel_training import evaluate
from satchel_training.tasks.task import Classified


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(leaderboard, "TIMED_SECONDS", 0.01)


@pytest.fixture(scope="module")
def frame(invented):
    return invented.generate(120, 1)


@pytest.fixture
def task(invented):
    classified = Classified(
        name="half", cuts=(5,), labels=("low", "high"), models=("logistic",), published=0.75
    )
    return dataclasses.replace(invented.SMALL, classified=(classified,))


def test_every_model_stands_beside_the_naive_guess_with_size_and_speed(task, frame):
    found = list(leaderboard.compare(task, frame, ["linear", "ridge"], 2, 3))
    rmse = {s.model: s for s in found if s.question == "grade rmse"}
    assert set(rmse) == {"linear", "ridge", "naive guess"}
    runs = evaluate.cross_validate(task, frame, "linear", {}, 2, 3)
    expected = [root_mean_squared_error(r.true["grade"], r.answers["grade"].value) for r in runs]
    assert rmse["linear"].mean == pytest.approx(sum(expected) / 2)
    assert rmse["linear"].spread > 0
    assert rmse["linear"].mean < rmse["naive guess"].mean
    assert rmse["linear"].size > 1000
    assert rmse["linear"].microseconds > 0
    assert rmse["linear"].fields == 3
    assert rmse["naive guess"].size is None


def test_the_lead_over_the_naive_guess_has_a_standard_error_over_students(task, frame):
    found = list(leaderboard.compare(task, frame, ["linear"], 2, 3))
    mae = {s.model: s for s in found if s.question == "grade mae"}
    runs = evaluate.cross_validate(task, frame, "linear", {}, 2, 3)
    off, naively = (
        np.abs([getattr(run, which)["grade"].value - run.true["grade"] for run in runs])
        for which in ("answers", "naive")
    )
    lead = (naively - off).mean()
    expected = (naively - off)[0].std() / np.sqrt(off.shape[1])
    assert mae["linear"].ahead == pytest.approx(lead)
    assert mae["linear"].error == pytest.approx(expected, rel=0.15)
    assert (mae["naive guess"].ahead, mae["naive guess"].error) == (None, None)
    (line, *_) = [s for s in leaderboard._table("mae", list(mae.values())) if "linear" in s]
    assert f"{lead:+8.3f} ({mae['linear'].error:.3f})" in line


def test_classes_are_judged_rounded_and_directly(task, frame):
    found = list(leaderboard.compare(task, frame, ["linear"], 1, 3))
    half = {s.model: s for s in found if s.question == "half accuracy"}
    assert set(half) == {"linear, rounded", "naive guess", "logistic"}
    (run,) = evaluate.cross_validate(task, frame, "linear", {}, 1, 3)
    true, rounded = run.true["grade"] >= 5, run.answers["grade"].value.round() >= 5
    assert half["linear, rounded"].mean == pytest.approx(accuracy_score(true, rounded))
    assert half["logistic"].mean > 0.8
    assert {s.published for s in half.values()} == {0.75}


def test_the_best_stands_first(task, frame, capsys):
    found = list(leaderboard.compare(task, frame, ["linear"], 1, 3))
    for question, better in (("grade rmse", min), ("grade r2", max)):
        lines = list(leaderboard._table(question, [s for s in found if s.question == question]))
        of_question = [s for s in found if s.question == question]
        best = better(of_question, key=lambda s: s.mean)
        assert best.model in lines[2]


def test_the_command_prints_a_table_or_json(capsys, monkeypatch, task, frame):
    monkeypatch.setattr(type(task.dataset), "load", lambda self, folder=None: frame)
    monkeypatch.setitem(__import__("satchel_training.tasks").tasks.TASKS, "small", task)
    arguments = ["leaderboard", "small", "--model", "linear", "--runs", "1", "--folds", "3"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "1 x 3-fold cross-validation on all 120 rows" in printed
    assert "naive guess" in printed
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["model"] == "linear"


@pytest.mark.parametrize(
    "wrong", [["--model", "forest"], ["--runs", "0"], ["--folds", "1"]], ids=lambda w: w[0]
)
def test_wrong_use_is_told(capsys, wrong):
    assert main(["leaderboard", "study-hours", *wrong]) == 2
    assert capsys.readouterr().err
