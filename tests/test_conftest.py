"""What conftest.py promises of a run: the same inputs each time, other ones for `--fuzz`."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROPERTY = """
import pytest
from hypothesis import given, strategies as st

runs = []

@pytest.fixture(autouse=True)
def another():
    runs.append([])

@given(st.integers())
def test_it(number):
    runs[-1].append(number)
    with open("inputs", "w") as file:
        print(runs, file=file)
    assert len(runs) < 3 or number != 0
"""
LOAD = "import sys; sys.path.insert(0, '.'); import ours"


@pytest.fixture
def run(tmp_path):
    """Run a test file under the conftest, and return the code and what was said."""

    def run(text, *options):
        (tmp_path / "tests").mkdir(exist_ok=True)
        shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path / "tests")
        (tmp_path / "tests" / "test_it.py").write_text(text)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests", *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        return done.returncode, done.stdout

    return run


@pytest.fixture
def inputs(tmp_path):
    """What the property was given, a list for each time that it was run."""
    return lambda: json.loads((tmp_path / "inputs").read_text())


def test_inputs_are_the_same_whatever_was_imported_before(run, inputs, tmp_path):
    constants = ", ".join(str(7_000_000 + i) for i in range(500))
    (tmp_path / "ours.py").write_text(f"numbers = [{constants}]")
    found = []
    for text in (PROPERTY, PROPERTY, LOAD + PROPERTY):
        assert run(text)[0] == 0
        found.append(inputs())
    assert found[0] == found[1] == found[2]


def test_fuzzing_draws_others_until_one_fails_and_keeps_that(run, inputs, tmp_path):
    code, said = run(PROPERTY, "--fuzz=600")
    assert code == 1
    first, second, third = inputs()
    assert first[:100] != second[:100]
    assert third[-1] == 0
    assert "reproduce_failure" in said
    examples = tmp_path / ".hypothesis" / "examples"
    assert f"kept in {examples}" in said
    assert any(examples.iterdir())


def test_fuzzing_ends_when_the_time_is_up(run, tmp_path):
    assert run(PROPERTY, "--fuzz=0")[0] == 0
    assert not (tmp_path / "inputs").exists()


def test_fuzzing_leaves_other_tests_out(run):
    code, said = run("def test_it(): pass", "--fuzz=600")
    assert code == 5  # nothing was run
    assert "1 deselected" in said


def test_what_was_skipped_is_told_by_reason_in_ten_lines(run):
    reasons = ["install chromium"] * 30 + [f"reason {i}" for i in range(20)]
    code, said = run(
        "import pytest\n"
        f"@pytest.mark.parametrize('reason', {reasons})\n"
        "def test_it(reason):\n    pytest.skip(reason)\n"
    )
    assert code == 0
    told = said.partition(" skipped ---")[2].splitlines()[1:-1]
    assert told[0] == "   30  install chromium"
    assert told[-1] == "   13  for other reasons: pytest -rs lists them"
    assert len(told) == 9
