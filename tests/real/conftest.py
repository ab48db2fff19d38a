import os
from pathlib import Path

import pytest

from satchel import bundle as bundles
from satchel_training.tasks import SECONDARY_MATHEMATICS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def task():
    return SECONDARY_MATHEMATICS


@pytest.fixture(scope="session")
def data(task):
    """The folder with the real data: SATCHEL_DATA, else shared/data beside the checkout."""
    folder = Path(os.environ.get("SATCHEL_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / task.dataset.file).is_file():
        pytest.skip(f"there is no real {task.dataset.file} in {folder}: name it by SATCHEL_DATA")
    return folder


@pytest.fixture(scope="session")
def frame(task, data):
    return task.dataset.load(data)


@pytest.fixture(scope="session")
def shipped(task):
    """The shipped bundles of the task, by model; none of the user's own."""
    folder = bundles.folders()[0]
    found = {b.spec.model: b for b in bundles.models() if b.task == task.name}
    return {model: b for model, b in found.items() if b.path.parent == folder}


@pytest.fixture(autouse=True)
def _no_models_of_the_user(monkeypatch):
    monkeypatch.delenv("SATCHEL_MODELS", raising=False)
