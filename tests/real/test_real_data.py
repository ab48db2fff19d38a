import csv

import pytest

import satchel
from satchel.cli import main
from satchel_training.evaluate import cross_validate, mean_scores
from satchel_training.tasks import find_task

ROWS = 395


def number(cell):
    """Return a number of the answer: beside semicolons it has a decimal comma."""
    return float(cell.replace(",", "."))


@pytest.fixture
def file(data, task):
    return data / task.dataset.file


@pytest.fixture
def predicted(tmp_path):
    """Predict a file by the command line; returns the exit code and the rows written."""

    def predict(file, *options):
        out = tmp_path / "out.csv"
        code = main(["predict", "secondary-mathematics", str(file), "-o", str(out), *options])
        with out.open(encoding="utf-8", newline="") as table:
            return code, list(csv.DictReader(table, delimiter=";"))

    return predict


def test_the_file_has_395_rows_without_gaps(frame, task):
    assert len(frame) == ROWS
    assert list(frame.columns) == [field.name for field in task.dataset.fields]
    assert not frame.isna().any(axis=None)


def test_the_file_is_the_one_that_was_published(frame):
    # Cortez and Silva 2008: 395 students of two schools.
    assert frame["school"].value_counts().to_dict() == {"GP": 349, "MS": 46}
    assert frame["G3"].mean() == pytest.approx(10.415, abs=1e-3)


def test_the_naive_guess_is_off_by_about_two_points(task, frame):
    _, naive = mean_scores(task, cross_validate(task, frame, "ridge", {}, runs=1))
    assert 1.9 < naive["G3"]["rmse"] < 2.1


def test_every_row_of_the_file_gets_its_prediction(file, predicted, frame):
    code, rows = predicted(file)
    assert code == 0
    assert len(rows) == ROWS
    assert [float(row["G3"]) for row in rows] == frame["G3"].tolist()
    assert all(0 <= number(row["predicted_G3"]) <= 20 for row in rows)
    assert {row["predicted_G3_label"] for row in rows} == {"fail", "pass"}
    assert {row["error"] for row in rows} == {""}
    for row in rows:
        likely = number(row["predicted_G3_probability_of_pass"]) >= 0.5
        assert (row["predicted_G3_label"] == "pass") == likely


def test_the_file_gets_what_the_api_gives(file, predicted, frame):
    _, rows = predicted(file)
    many = satchel.load("secondary-mathematics").predict_many(frame.drop(columns="G3"))
    assert [number(row["predicted_G3"]) for row in rows] == many.outputs["G3"].value.tolist()


def test_predictions_are_nearer_than_the_first_grade(file, predicted):
    _, rows = predicted(file)
    model = sum((number(r["predicted_G3"]) - float(r["G3"])) ** 2 for r in rows)
    naive = sum((float(r["G1"]) - float(r["G3"])) ** 2 for r in rows)
    assert model < naive


def test_a_row_with_an_unreadable_cell_keeps_its_place_with_its_error(file, predicted, tmp_path):
    _, whole = predicted(file)
    lines = file.read_text("utf-8").splitlines()
    header = [cell.strip('"') for cell in lines[0].split(";")]
    cells = lines[100].split(";")
    cells[header.index("failures")] = "many"
    lines[100] = ";".join(cells)
    damaged = tmp_path / "damaged.csv"
    damaged.write_text("\n".join(lines) + "\n", "utf-8")
    code, rows = predicted(damaged)
    assert code == 1
    assert len(rows) == ROWS
    assert [i for i, row in enumerate(rows) if row["error"]] == [99]
    assert "failures = 'many'" in rows[99]["error"]
    assert rows[99]["predicted_G3"] == rows[99]["predicted_G3_label"] == ""
    assert rows[:99] == whole[:99]
    assert rows[100:] == whole[100:]


def test_the_generator_invents_none_of_the_real_rows(frame):
    generated = find_task("secondary-mathematics").dataset.generate(ROWS, 1)
    real = set(map(tuple, frame.to_numpy().tolist()))
    assert not real & set(map(tuple, generated.to_numpy().tolist()))
