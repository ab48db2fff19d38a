from dataclasses import replace

import numpy as np
import pytest

from satchel.spec import Number
from satchel_training import search
from satchel_training.fit import fit_inputs
from satchel_training.tasks import find_task, narrow


@pytest.fixture(scope="module")
def task():
    return find_task("secondary-mathematics")


@pytest.fixture(scope="module")
def frame(task):
    """Rows in which the second grade tells all."""
    rows = task.dataset.generate(80, 1)
    return rows.assign(G3=rows["G2"])


def test_a_narrowed_task_ignores_what_it_does_not_use(task, frame):
    narrowed = narrow(task, ("G2", "absences"))
    assert narrowed.features == ("absences", "G2")
    inputs = fit_inputs(narrowed, frame)
    assert [feature.name for feature in inputs.features] == ["absences", "G2"]
    assert set(inputs.ignored) == {f.name for f in task.dataset.fields} - {"absences", "G2"}


def test_what_tells_all_is_the_most_important(task, frame):
    narrowed = narrow(task, ("sex", "absences", "G1", "G2"))
    importance = search.permutation_importance(narrowed, frame, "ridge", {}, 1)
    assert max(importance, key=importance.__getitem__) == "G2"
    assert importance["G2"] > 1
    assert importance["sex"] == pytest.approx(0, abs=0.1)


def test_the_inputs_found_are_the_fewest_that_do(task, frame):
    narrowed = narrow(task, ("sex", "absences", "G1", "G2"))
    assert search.find_features(narrowed, frame, "ridge", {}, 1) == ("G2",)


def test_all_inputs_stay_where_each_is_needed(task, frame):
    features = ("absences", "G1", "G2")
    rng = np.random.default_rng(1)
    noise = {name: rng.uniform(0, 20, len(frame)) for name in features}
    rows = frame.assign(**noise, G3=sum(noise.values()) / 3)
    fields = tuple(
        Number(name=f.name, label=f.label) if f.name in features else f for f in task.dataset.fields
    )
    free = replace(task, dataset=replace(task.dataset, fields=fields))
    assert search.find_features(narrow(free, features), rows, "ridge", {}, 1) == features


def test_sensitive_inputs_are_dropped_first(task, frame, monkeypatch):
    # The sensitive one is the more important of two that tell the same.
    monkeypatch.setattr(
        search, "permutation_importance", lambda *_: {"age": 2.0, "G2": 1.0, "absences": 0.0}
    )
    noise = np.random.default_rng(1).normal(0, 2, len(frame))
    rows = frame.assign(age=frame["G2"] + 10, G3=np.clip(frame["G2"] + noise, 0, 20))
    narrowed = narrow(task, ("age", "absences", "G2"))
    assert search.find_features(narrowed, rows, "ridge", {}, 1) == ("G2",)
