import copy

import numpy as np
import pytest

from satchel_export.write import write
from satchel_training.models import Recipe
from satchel_training.tasks import find_task
from satchel_training.train import train


@pytest.fixture(autouse=True)
def _no_folders_of_the_user(monkeypatch):
    monkeypatch.delenv("SATCHEL_DATA", raising=False)
    monkeypatch.delenv("SATCHEL_MODELS", raising=False)


@pytest.fixture(scope="session")
def task():
    return find_task("secondary-mathematics")


@pytest.fixture(scope="session")
def frame(task):
    return task.dataset.generate(100, 1)


@pytest.fixture(scope="session")
def ridge_run(task, frame):
    return train(task, frame, "ridge", Recipe({"alpha": 10.0}))


@pytest.fixture(scope="session")
def mlp_run(task, frame):
    return train(task, frame, "mlp", Recipe({"hidden": [8, 4], "epochs": 5, "learning_rate": 0.02}))


@pytest.fixture(scope="session", params=["ridge", "mlp"])
def run(request):
    return request.getfixturevalue(f"{request.param}_run")


@pytest.fixture(scope="session")
def ridge_bundle(ridge_run, tmp_path_factory):
    return write(ridge_run.spec, ridge_run.estimator, tmp_path_factory.mktemp("ridge"))


@pytest.fixture(scope="session")
def exported(run, tmp_path_factory):
    """The run's bundle, written once for those who only read it."""
    return write(run.spec, run.estimator, tmp_path_factory.mktemp(run.spec.model))


@pytest.fixture
def tampered(ridge_run):
    """Return the ridge with a `predict` of its own; what is converted stays as it was."""

    def tamper(change):
        estimator = copy.deepcopy(ridge_run.estimator)
        honest = estimator.predict
        estimator.predict = lambda X: change(honest(X), X)
        return estimator

    return tamper


@pytest.fixture(scope="session")
def matrices():
    """Matrices of a width: one row, many, and extremes."""

    def make(columns):
        rng = np.random.default_rng(0)
        shapes = {"one": 1, "many": 500, "extreme": 200}
        made = {name: rng.normal(size=(rows, columns)) for name, rows in shapes.items()}
        made["extreme"] = rng.choice([-1e3, 0.0, 1e3], size=made["extreme"].shape)
        made["zero"] = np.zeros((3, columns))
        return {name: matrix.astype(np.float32) for name, matrix in made.items()}

    return make
