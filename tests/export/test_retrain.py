import csv
import importlib.util
import json
import os
import random
import signal
import time
from pathlib import Path

import pytest

import satchel
from satchel.cli import main
from satchel_export import write as writing
from satchel_training.own import learn as learning
from satchel_training.own.choose import Choice, Compared

EXAMPLE = Path(__file__).parents[2] / "examples" / "invented_school.py"
BUNDLE = "models/lastyear.ridge.onnx"
COMMAND = ["retrain", BUNDLE, "newyear.csv", "--declared", "lastyear.toml", "--with"]


@pytest.fixture
def bundle(tmp_path, monkeypatch, capsys):
    """A bundle of an invented school, whose next year is there too."""
    spec = importlib.util.spec_from_file_location("invented_school", EXAMPLE)
    school = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(school)
    monkeypatch.chdir(tmp_path)
    school.main([])
    one = Compared(model="ridge", loss=2.0, behind=0.0, error=0.0)
    choice = Choice(compared=(one,), picked="ridge", naive=2.6, lead=0.6, error=0.1)
    monkeypatch.setattr(learning, "compare", lambda *_: choice)
    assert main(["train", "--from", "lastyear.csv", "--target", "Final", "--pass-at", "10"]) == 0
    capsys.readouterr()
    return Path(BUNDLE)


def marked_otherwise():
    """Let the marks of the new year mean something else: the results are four points lower."""
    rows = list(csv.DictReader(Path("newyear.csv").read_text().splitlines()))
    with open("newyear.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        for row in rows:
            writer.writerow(row | {"Final": max(0, int(row["Final"]) - 4)})


def history():
    return [json.loads(line) for line in Path("models/history.jsonl").read_text().splitlines()]


def test_a_candidate_that_is_not_better_leaves_the_bundle(bundle, capsys):
    before = bundle.read_bytes()
    assert main(COMMAND[:-1]) == 0
    assert "not better beyond chance" in capsys.readouterr().out
    assert bundle.read_bytes() == before
    (line,) = history()
    assert (line["before"], line["now"]) == ("1.0.0", "1.0.0")


def test_a_better_one_takes_its_place_and_can_be_taken_back(bundle, capsys):
    before = bundle.read_bytes()
    marked_otherwise()
    assert main(COMMAND[:-1]) == 3
    assert satchel.load(bundle).spec.version == "1.1.0"
    assert Path("models/former/lastyear.ridge.1.0.0.onnx").read_bytes() == before
    assert history()[-1]["lead"] > 1
    assert main(["rollback", BUNDLE]) == 0
    assert bundle.read_bytes() == before
    assert satchel.load("lastyear", models=["models"]).spec.version == "1.0.0"
    assert history()[-1] == history()[-1] | {"before": "1.1.0", "now": "1.0.0", "rollback": True}
    capsys.readouterr()
    assert main(["rollback", BUNDLE]) == 2
    assert "there is no former version of lastyear.ridge" in capsys.readouterr().err


def test_a_version_that_was_taken_back_is_not_given_twice(bundle):
    marked_otherwise()
    assert main(COMMAND[:-1]) == 3
    assert main(["rollback", BUNDLE]) == 0
    with open("models/history.jsonl", "a") as file:
        file.write('{"bundle": "lastyear.ridge", "now": ')  # a line that was cut off
    assert main(COMMAND[:-1]) == 3
    assert satchel.load(bundle).spec.version == "1.2.0"


def models():
    return {file: file.read_bytes() for file in Path("models").rglob("*") if file.is_file()}


def restore(before):
    for file in models():
        file.unlink()
    for file, content in before.items():
        file.write_bytes(content)


class Killed(BaseException):
    """Nothing catches it but what clears up."""


@pytest.mark.parametrize("command", [COMMAND[:-1], ["rollback", BUNDLE]])
def test_killed_between_any_two_files_one_whole_version_serves(bundle, monkeypatch, command):
    marked_otherwise()
    if command[0] == "rollback":
        assert main(COMMAND[:-1]) == 3
    before = models()
    versions = set()
    replace = os.replace
    for most in range(20):
        done = []

        def replacing(old, new, most=most, done=done):
            if len(done) == most:
                raise Killed
            done.append(new)
            replace(old, new)

        monkeypatch.setattr(os, "replace", replacing)
        try:
            main(command)
        except Killed:
            predictor = satchel.load("lastyear", models=["models"])
            assert predictor.verify().passed
            versions.add(predictor.spec.version)
        else:
            break
        finally:
            monkeypatch.setattr(os, "replace", replace)
            restore(before)
    assert most >= 4  # a former copy or none, the index without a digest, bundle, card, index
    assert versions == {"1.0.0", "1.1.0"}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_killed_at_fifty_random_points_one_whole_version_serves(bundle):
    marked_otherwise()
    before = models()
    rng = random.Random(16)

    def run(seconds):
        child = os.fork()
        if not child:
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), 1)
                os._exit(main(COMMAND[:-1]))
        begun = time.monotonic()
        while time.monotonic() < begun + seconds:
            if os.waitpid(child, os.WNOHANG)[0]:
                return time.monotonic() - begun
            time.sleep(0.002)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return seconds

    main([*COMMAND, "lastyear.csv", "--if-drifted"])  # imports all that a child will need
    whole = run(120)
    assert satchel.load(bundle).spec.version == "1.1.0"
    versions = []
    for _ in range(50):
        restore(before)
        run(whole * rng.uniform(0, 1.1))
        predictor = satchel.load("lastyear", models=["models"])
        assert predictor.verify().passed
        versions.append(predictor.spec.version)
    assert set(versions) <= {"1.0.0", "1.1.0"}
    assert "1.0.0" in versions


def test_without_drift_nothing_is_trained_where_that_was_asked(bundle, capsys):
    assert main([*COMMAND, "lastyear.csv", "--if-drifted"]) == 0
    assert "held out" not in capsys.readouterr().out
    assert not Path("models/history.jsonl").exists()


def test_a_failure_leaves_the_bundle_and_says_so(bundle, capsys, monkeypatch):
    before = bundle.read_bytes()
    marked_otherwise()

    def fails(*_):
        raise writing.ParityError("the graph deviates")

    monkeypatch.setattr(writing, "write", fails)
    assert main(COMMAND[:-1]) == 1
    assert "the graph deviates; the bundle stays" in capsys.readouterr().err
    assert bundle.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["retrain", BUNDLE, "nothing.csv", "--declared", "lastyear.toml"], "nothing.csv"),
        (["retrain", BUNDLE, "thisyear.csv", "--declared", "lastyear.toml"], "no column 'Final'"),
        (["retrain", "study-hours", "newyear.csv", "--declared", "lastyear.toml"], "study-hours"),
    ],
)
def test_wrong_use_is_told_from_failure(bundle, capsys, arguments, why):
    assert main(arguments) == 2
    assert why in capsys.readouterr().err
