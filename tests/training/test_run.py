import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from satchel import DataError, SatchelError
from satchel.spec import TEST
from satchel_training.evaluate import split
from satchel_training.fit import encode, raw_output
from satchel_training.models import Recipe, scikit_learn
from satchel_training.run import load_run
from satchel_training.train import train


@pytest.fixture(scope="module")
def run(task, frame):
    return train(task, frame, "ridge", Recipe({"alpha": 10.0}))


@pytest.fixture(scope="module")
def other(task, frame):
    return train(task, frame, "ridge", Recipe({"alpha": 1000.0}))


def contents(folder):
    """Return all files of a folder, those in subfolders too."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def several(scores_task, small_frame):
    return train(scores_task, small_frame, "ridge", Recipe())


@pytest.fixture(scope="module")
def classes(outcome_task, small_frame):
    return train(outcome_task, small_frame, "logistic", Recipe({"C": 0.5}))


def test_a_saved_run_comes_back(run, task, frame, tmp_path):
    run.save(tmp_path / "run")
    spec, heads = load_run(tmp_path / "run")
    assert spec == run.spec
    assert list(heads) == ["G3"]
    X = encode(spec.inputs, frame)
    np.testing.assert_array_equal(heads["G3"].predict(X), run.heads["G3"].predict(X))


@pytest.mark.parametrize("name", ["several", "classes"])
def test_each_output_is_kept_in_a_folder_of_its_own(name, small_frame, tmp_path, request):
    run = request.getfixturevalue(name)
    run.save(tmp_path / "run")
    spec, heads = load_run(tmp_path / "run")
    assert spec == run.spec
    X = encode(spec.inputs, small_frame)
    assert list(heads) == [output.name for output in spec.outputs]
    for output in spec.outputs:
        assert (tmp_path / "run" / output.name / "model.joblib").is_file()
        native, loaded = (raw_output(output, held[output.name], X) for held in (run.heads, heads))
        np.testing.assert_array_equal(loaded, native)
    folders = [path.name for path in (tmp_path / "run").iterdir() if path.is_dir()]
    assert sorted(folders) == sorted(heads)


def test_a_saved_network_comes_back_with_its_history(small_task, small_frame, tmp_path):
    run = train(small_task, small_frame, "mlp", Recipe({"hidden": [4], "epochs": 2}))
    run.save(tmp_path / "run")
    spec, heads = load_run(tmp_path / "run")
    X = encode(spec.inputs, small_frame)
    np.testing.assert_array_equal(heads["grade"].predict(X), run.heads["grade"].predict(X))
    assert json.loads((tmp_path / "run" / "history.json").read_text("utf-8")) == run.history


def test_people_can_read_metrics_and_hyperparameters(run, tmp_path):
    run.save(tmp_path / "run")
    files = contents(tmp_path / "run")
    assert Recipe.from_toml(files["recipe.toml"].decode()) == Recipe({"alpha": 10.0})
    metrics = json.loads(files["metrics.json"])
    assert metrics[TEST]["G3"]["rmse"] == run.spec.card.metric("rmse", TEST).value
    assert json.loads(files["history.json"]) == []


def test_the_metrics_of_each_output_are_kept_under_its_name(several, tmp_path):
    several.save(tmp_path / "run")
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text("utf-8"))
    for m in several.spec.card.metrics:
        assert metrics[m.protocol][m.output][m.name] == m.value
    assert set(metrics[TEST]) == {"grade", "talk"}
    assert metrics[TEST]["grade"]["rmse"] != metrics[TEST]["talk"]["rmse"]


def test_no_row_of_the_data_is_saved(run, task, frame, tmp_path):
    run.save(tmp_path / "run")
    rows, _ = split(task, frame)
    text = (tmp_path / "run" / "spec.json").read_text("utf-8")
    for row in rows[list(task.features)].astype(object).to_numpy().tolist():
        assert json.dumps(row)[1:-1] not in text
        assert json.dumps(row, separators=(",", ":"))[1:-1] not in text


def test_folders_above_are_made(run, tmp_path):
    run.save(tmp_path / "some" / "where" / "run")
    assert load_run(tmp_path / "some" / "where" / "run")[0] == run.spec


def test_a_new_run_replaces_the_former(run, other, tmp_path):
    run.save(tmp_path / "run")
    other.save(tmp_path / "run")
    spec, heads = load_run(tmp_path / "run")
    assert (spec, heads["G3"].alpha) == (other.spec, 1000.0)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_files_of_the_former_run_do_not_stay(run, other, tmp_path):
    run.save(tmp_path / "run")
    (tmp_path / "run" / "left-over.txt").write_text("old", "utf-8")
    other.save(tmp_path / "run")
    assert not (tmp_path / "run" / "left-over.txt").exists()


@pytest.mark.parametrize("former", [False, True], ids=["new folder", "former run"])
def test_a_failing_write_leaves_all_as_it_was(run, other, tmp_path, monkeypatch, former):
    if former:
        run.save(tmp_path / "run")
    before = {path.name: contents(path) for path in tmp_path.iterdir()}

    def fail(estimator, folder):
        (folder / "model.joblib").write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(scikit_learn, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        other.save(tmp_path / "run")
    assert {path.name: contents(path) for path in tmp_path.iterdir()} == before


def test_a_failing_swap_leaves_the_former_run_in_its_place(run, other, tmp_path, monkeypatch):
    run.save(tmp_path / "run")
    before = contents(tmp_path / "run")
    rename = Path.rename

    def fail(path, target):
        # The former run has been moved aside; now the new one cannot take its place.
        if target == tmp_path / "run" and path.parent == tmp_path:
            raise OSError("no")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="no"):
        other.save(tmp_path / "run")
    assert (tmp_path / "run").is_dir()
    assert contents(tmp_path / "run") == before


def test_a_former_run_that_cannot_go_back_is_kept_where_it_is(run, other, tmp_path, monkeypatch):
    run.save(tmp_path / "run")
    before = contents(tmp_path / "run")
    rename = Path.rename

    def fail(path, target):
        if target == tmp_path / "run":
            raise OSError("no")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="no"):
        other.save(tmp_path / "run")
    assert before in [contents(spec.parent) for spec in tmp_path.rglob("spec.json")]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_no_run_is_not_replaced(run, tmp_path, kind):
    place = tmp_path / "run"
    if kind == "file":
        place.write_text("precious", "utf-8")
    else:
        place.mkdir()
        (place / "thesis.txt").write_text("precious", "utf-8")
    with pytest.raises(DataError, match=r"is there already and is no run: .*--out"):
        run.save(place)
    kept = place if kind == "file" else place / "thesis.txt"
    assert kept.read_text("utf-8") == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"holds no run: 'satchel train' makes one"):
        load_run(tmp_path)
    with pytest.raises(DataError, match="holds no run"):
        load_run(tmp_path / "nowhere")


def test_a_run_with_a_broken_spec_is_refused(run, tmp_path):
    run.save(tmp_path / "run")
    (tmp_path / "run" / "spec.json").write_text("{", "utf-8")
    with pytest.raises(SatchelError, match="JSON"):
        load_run(tmp_path / "run")


def test_a_run_of_an_unknown_model_is_refused(run, tmp_path):
    run.save(tmp_path / "run")
    spec = replace(run.spec, model="oracle")
    (tmp_path / "run" / "spec.json").write_text(spec.to_json(), "utf-8")
    with pytest.raises(DataError, match="no model 'oracle'"):
        load_run(tmp_path / "run")
