import dataclasses

import numpy as np
import pandas as pd
import pytest

from satchel.spec import Category, Number, Regression
from satchel_training.datasets.uci import MATHEMATICS
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
def small_task():
    """A task of two numbers with decimals and a category, quick to fit."""
    fields = (
        Number(name="hours", label="Hours", limits=(-100, 100)),
        Number(name="score", label="Score", limits=(-100, 100)),
        Category(name="course", label="Course", values=("art", "law", "math")),
        Number(name="grade", label="Grade"),
    )

    def generate(rows, seed):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(
            {
                "hours": rng.normal(5, 2, rows),
                "score": rng.normal(0, 1, rows),
                "course": rng.choice(np.array(fields[2].values, object), rows),
            }
        )
        frame["grade"] = frame["hours"] + 2 * frame["score"] + rng.normal(0, 0.5, rows)
        return frame

    dataset = dataclasses.replace(
        MATHEMATICS,
        name="small",
        file="small.csv",
        delimiter=",",
        fields=fields,
        targets=("grade",),
        generate=generate,
    )
    return dataclasses.replace(
        find_task("secondary-mathematics"),
        name="small",
        dataset=dataset,
        features=("hours", "score", "course"),
        output=Regression(name="grade", label="Grade", unit="points", pass_at=5),
        naive=lambda train, test: np.full(len(test), train["grade"].mean()),
        naive_text="the mean grade",
        published={},
        published_text="nothing",
    )


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
