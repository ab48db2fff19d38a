import copy
import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from satchel_export.write import write
from satchel_training.models import Recipe
from satchel_training.tasks import find_task
from satchel_training.train import train

FOREST = {"n_estimators": 10, "min_samples_leaf": 3}


@pytest.fixture(autouse=True)
def _no_folders_of_the_user(monkeypatch):
    monkeypatch.delenv("SATCHEL_DATA", raising=False)
    monkeypatch.delenv("SATCHEL_MODELS", raising=False)


@pytest.fixture(scope="session")
def invented():
    """The module of invented tasks."""
    path = Path(__file__).parents[1] / "invented.py"
    location = importlib.util.spec_from_file_location("invented", path)
    module = importlib.util.module_from_spec(location)
    location.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def task():
    return replace(find_task("secondary-mathematics"), runs=1, folds=5, all_rows=False)


@pytest.fixture(scope="session")
def frame(task):
    return task.dataset.generate(100, 1)


@pytest.fixture(scope="session")
def ridge_run(task, frame):
    return train(task, frame, "ridge", Recipe({"alpha": 10.0}))


@pytest.fixture(scope="session")
def mlp_run(task, frame):
    return train(task, frame, "mlp", Recipe({"hidden": [8, 4], "epochs": 5, "learning_rate": 0.02}))


@pytest.fixture(scope="session")
def invented_frame(invented):
    return invented.generate(200, 1)


@pytest.fixture(scope="session")
def scores_run(invented, invented_frame):
    """Two scores."""
    return train(invented.SCORES, invented_frame, "random-forest", Recipe(FOREST))


@pytest.fixture(scope="session")
def classes_run(invented, invented_frame):
    """Two classes alone."""
    task = replace(invented.OUTCOME, outputs=(invented.RESULT,), advice=None, segmented_by={})
    return train(task, invented_frame, "logistic", Recipe({"C": 0.5}))


@pytest.fixture(scope="session")
def levels_run(invented, invented_frame):
    """Three classes."""
    return train(invented.LEVELS, invented_frame, "random-forest", Recipe(FOREST))


@pytest.fixture(scope="session")
def outcome_run(invented, invented_frame):
    """Classes and segment, with advice and derived numbers."""
    return train(invented.OUTCOME, invented_frame, "logistic", Recipe({"C": 0.5}))


@pytest.fixture(scope="session", params=["ridge", "mlp"])
def run(request):
    return request.getfixturevalue(f"{request.param}_run")


@pytest.fixture(scope="session", params=["scores", "classes", "levels", "outcome"])
def other_run(request):
    """A run of other kinds of outputs than one score."""
    return request.getfixturevalue(f"{request.param}_run")


@pytest.fixture(scope="session")
def ridge_bundle(ridge_run, tmp_path_factory):
    return write(ridge_run.spec, ridge_run.heads, tmp_path_factory.mktemp("ridge"))


@pytest.fixture(scope="session")
def exported(run, tmp_path_factory):
    """The run's bundle, written once for those who only read it."""
    return write(run.spec, run.heads, tmp_path_factory.mktemp(run.spec.model))


@pytest.fixture(scope="session")
def other_exported(other_run, tmp_path_factory):
    """The bundle of another kind, written once."""
    return write(other_run.spec, other_run.heads, tmp_path_factory.mktemp("other"))


@pytest.fixture
def tampered(ridge_run):
    """Return the ridge with a `predict` of its own; what is converted stays as it was."""

    def tamper(change):
        return {"G3": with_method(ridge_run.heads["G3"], "predict", change)}

    return tamper


@pytest.fixture
def tampered_head():
    """Return a run's heads, one of them with an answer that is not what is converted."""

    def tamper(run, name, method, change):
        return {**run.heads, name: with_method(run.heads[name], method, change)}

    return tamper


def with_method(estimator, method, change):
    estimator = copy.deepcopy(estimator)
    honest = getattr(estimator, method)
    setattr(estimator, method, lambda X: change(honest(X), X))
    return estimator


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
