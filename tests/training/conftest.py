import importlib.util
from pathlib import Path

import pytest

from satchel_training.tasks import find_task


@pytest.fixture(autouse=True)
def _no_folders_of_the_user(monkeypatch):
    monkeypatch.delenv("SATCHEL_DATA", raising=False)
    monkeypatch.delenv("SATCHEL_MODELS", raising=False)


@pytest.fixture(scope="session")
def task():
    return find_task("secondary-mathematics")


@pytest.fixture(scope="session")
def frame(task):
    return task.dataset.generate(120, 1)


@pytest.fixture(scope="session")
def invented():
    """The module of invented tasks."""
    path = Path(__file__).parents[1] / "invented.py"
    location = importlib.util.spec_from_file_location("invented", path)
    module = importlib.util.module_from_spec(location)
    location.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def small_task(invented):
    """One score from two numbers with decimals and a category."""
    return invented.SMALL


@pytest.fixture(scope="session")
def scores_task(invented):
    """Two scores."""
    return invented.SCORES


@pytest.fixture(scope="session")
def outcome_task(invented):
    """Two classes and a segment, with advice, from derived numbers."""
    return invented.OUTCOME


@pytest.fixture(scope="session")
def levels_task(invented):
    """Three classes."""
    return invented.LEVELS


@pytest.fixture(scope="session")
def small_frame(small_task):
    return small_task.dataset.generate(100, 1)


@pytest.fixture
def write_csv(tmp_path, task):
    """Write rows as the file of the mathematics data set; returns its path."""

    def write(frame, name="student-mat.csv"):
        path = tmp_path / name
        frame.to_csv(path, sep=task.dataset.delimiter, index=False)
        return path

    return write
