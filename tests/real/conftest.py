import os
from pathlib import Path

import pytest

from satchel_training.datasets.uci import MATHEMATICS, PORTUGUESE
from satchel_training.tasks import find_task

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def task():
    return find_task("secondary-mathematics")


@pytest.fixture(scope="session")
def data():
    """The folder with the real data: SATCHEL_DATA, else shared/data beside the checkout."""
    folder = Path(os.environ.get("SATCHEL_DATA") or ROOT.parent / "shared" / "data")
    for dataset in (MATHEMATICS, PORTUGUESE):
        if not (folder / dataset.file).is_file():
            pytest.skip(
                f"put the data sets in a folder and name it with SATCHEL_DATA: no {dataset.file}"
            )
    return folder


@pytest.fixture(scope="session")
def frame(task, data):
    return task.dataset.load(data)


@pytest.fixture(autouse=True)
def _no_models_of_the_user(monkeypatch):
    monkeypatch.delenv("SATCHEL_MODELS", raising=False)
