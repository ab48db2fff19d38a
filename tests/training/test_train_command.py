import json

import pytest

import satchel
from satchel.cli import main
from satchel.spec import CHOICE
from satchel_training.models import Recipe
from satchel_training.run import load_run

TASK, RIDGE = "secondary-mathematics", "secondary-mathematics.ridge"


@pytest.fixture
def data(write_csv, frame):
    return str(write_csv(frame).parent)


@pytest.fixture
def complaint(capsys):
    """Run a command that is wrong, and return its one line of complaint."""

    def complain(*arguments):
        assert main(arguments) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("satchel: ")
        assert err.count("\n") == 1
        return err

    return complain


def test_list_names_tasks_and_their_models(capsys):
    assert main(["train", "--list"]) == 0
    out = capsys.readouterr().out
    assert "secondary-mathematics: monotonic-mlp, ridge, random-forest," in out


def test_no_task_is_answered_with_those_there_are(complaint):
    assert TASK in complaint("train")


def test_an_unknown_task_is_answered_with_those_there_are(complaint):
    message = complaint("train", "secondary-maths")
    assert "'secondary-maths'" in message
    assert TASK in message


def test_an_unknown_model_is_answered_with_those_there_are(complaint):
    message = complaint("train", TASK, "--model", "forest")
    assert "'forest'" in message
    assert "ridge, random-forest, extra-trees, gradient-boosting, mean, mlp" in message


def test_a_missing_data_folder_is_named_with_the_source(complaint, tmp_path):
    message = complaint("train", TASK, "--data", str(tmp_path / "nowhere"))
    assert "nowhere" in message
    assert "https://" in message


def test_out_is_for_one_model(complaint, data, tmp_path):
    message = complaint("train", TASK, "--data", data, "--out", str(tmp_path / "run"))
    assert "--model" in message


def test_too_few_rows_are_refused(complaint, write_csv, frame):
    for rows in (1, 24):
        folder = str(write_csv(frame.iloc[:rows]).parent)
        message = complaint("train", TASK, "--model", "ridge", "--data", folder)
        assert f"{rows} rows are too few" in message


@pytest.mark.parametrize("trials", ["0", "-1", "few"])
def test_a_search_needs_trials(trials, data, tmp_path, capsys):
    arguments = ["--data", data, "--out", str(tmp_path / "run"), "--search", "--trials", trials]
    try:
        code = main(["train", TASK, "--model", "ridge", *arguments])
    except SystemExit as stopped:  # argparse's way
        code = stopped.code
    assert code == 2
    assert "trials" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_training_keeps_the_run_and_prints_its_figures(data, tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["train", TASK, "--model", "ridge", "--data", data, "--out", str(run)]) == 0
    out, err = capsys.readouterr()
    spec, _ = load_run(run)
    assert spec.name == RIDGE
    for metric in spec.card.metrics:
        assert f"{metric.output} {metric.name} " in out
        assert f"{metric.value:.3f}" in out
        if metric.naive is not None:
            assert f"{metric.naive:.3f}" in out
    assert spec.card.headline in out
    assert err == ""


def test_without_out_the_run_is_kept_under_runs(data, tmp_path, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    assert main(["train", TASK, "--model", "ridge", "--data", data]) == 0
    assert load_run(work / "runs" / RIDGE)[0].name == RIDGE


def test_a_search_keeps_what_it_found(data, tmp_path, capsys):
    run = tmp_path / "run"
    arguments = ["--data", data, "--out", str(run), "--search", "--trials", "2"]
    assert main(["train", TASK, "--model", "ridge", *arguments]) == 0
    found = Recipe.from_toml((run / "recipe.toml").read_text("utf-8"))
    assert found.hyperparameters["alpha"] == load_run(run)[1]["G3"].alpha


def test_from_training_to_prediction(data, tmp_path, capsys, frame):
    run, models = tmp_path / "run", tmp_path / "models"
    assert main(["train", TASK, "--model", "ridge", "--data", data, "--out", str(run)]) == 0
    assert main(["export", str(run), "-o", str(models), "--data", data]) == 0
    path = models / f"{RIDGE}.onnx"
    out = capsys.readouterr().out
    assert f"{path}: {path.stat().st_size} bytes" in out

    assert main(["list", "--models", str(models), "--json"]) == 0
    listed = {entry["path"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert listed[str(path)]["verified"]
    assert listed[str(path)]["headline"] == load_run(run)[0].card.headline

    assert main(["verify", str(path)]) == 0
    assert "ok" in capsys.readouterr().out

    predictor = satchel.load(path)
    spec, heads = load_run(run)
    many = predictor.predict_many(frame.drop(columns="G3"))
    raw = heads["G3"].predict(predictor.encode(frame.drop(columns="G3")))
    expected = (raw * spec.outputs[0].scale + spec.outputs[0].mean).clip(0, 20)
    assert many.outputs["G3"].value == pytest.approx(expected, abs=0.051)
    assert predictor.spec.card.metric("rmse", CHOICE) == spec.card.metric("rmse", CHOICE)


def test_exporting_what_is_no_run_is_refused(complaint, tmp_path):
    message = complaint("export", str(tmp_path), "-o", str(tmp_path / "models"))
    assert "holds no run" in message
    assert not (tmp_path / "models").exists()


def test_help_shows_how_to_train(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["train", "--help"])
    assert stopped.value.code == 0
    assert "satchel train secondary-mathematics --model mlp --data DIR" in capsys.readouterr().out


def test_a_naive_figure_that_is_no_number_is_left_out(data, tmp_path, capsys, monkeypatch):
    from satchel_training import evaluate

    averaged = evaluate.mean_scores

    def without_naive_r2(*arguments):
        scores, naive = averaged(*arguments)
        return scores, {"G3": naive["G3"] | {"r2": float("nan")}}

    monkeypatch.setattr(evaluate, "mean_scores", without_naive_r2)
    arguments = ["--data", data, "--out", str(tmp_path / "run")]
    assert main(["train", TASK, "--model", "ridge", *arguments]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "G3 r2 " in line]
    assert ["naive" in line for line in lines] == [True, *[False] * (len(lines) - 1)]
    assert len(lines) >= 3
