import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import QuantileRegressor
from sklearn.model_selection import train_test_split

from satchel.spec import Number
from satchel_training.datasets.courses import COURSES, QUIZZES
from satchel_training.datasets.dataset import _read_cells, digest_cells
from satchel_training.datasets.exams import EXAMS, SCORES
from satchel_training.datasets.factors import FACTORS
from satchel_training.datasets.uci import MATHEMATICS, PORTUGUESE

ROWS = {MATHEMATICS: 395, PORTUGUESE: 649, FACTORS: 6607, EXAMS: 1000, COURSES: 1000}
MISSING = {
    FACTORS: {"Teacher_Quality": 78, "Parental_Education_Level": 90, "Distance_from_Home": 67},
    COURSES: {"Quiz2": 30, "Time_Spent": 30, "Attendance": 30},
}
every_file = pytest.mark.parametrize("dataset", ROWS, ids=lambda found: found.name)


@pytest.fixture
def path(data):
    """Find the file of a data set, or skip."""

    def find(dataset):
        path = data / dataset.file
        if not path.is_file():
            pytest.skip(
                f"put the data sets in a folder and name it with SATCHEL_DATA: no {dataset.file}"
            )
        return path

    return find


@pytest.fixture
def load(path):
    return lambda dataset: dataset.load(path(dataset).parent)


@every_file
def test_the_cells_are_those_that_were_published(dataset, path):
    _, rows = _read_cells(path(dataset), dataset.delimiter)
    assert digest_cells(rows.values()) == dataset.digest


@every_file
def test_a_file_has_the_rows_and_the_gaps_that_its_datasheet_names(dataset, load):
    frame = load(dataset)
    assert len(frame) == ROWS[dataset]
    assert f"{len(frame)} rows" in dataset.composition
    missing = frame.isna().sum()
    assert missing[missing > 0].to_dict() == MISSING.get(dataset, {})


@every_file
def test_every_category_occurs(dataset, load):
    frame = load(dataset)
    for field in dataset.fields:
        if not isinstance(field, Number):
            assert set(frame[field.name].dropna()) == set(field.values)


@pytest.mark.parametrize(
    ("dataset", "name", "low", "high"),
    [
        (FACTORS, "Exam_Score", 55, 101),
        (FACTORS, "Hours_Studied", 1, 44),
        (FACTORS, "Attendance", 60, 100),
        (FACTORS, "Tutoring_Sessions", 0, 8),
        *((EXAMS, name, low, 100) for name, low in zip(SCORES, (0, 17, 10), strict=True)),
        *((COURSES, name, 0, 100) for name in QUIZZES),
        (COURSES, "Assignments", 0, 10),
        (COURSES, "Time_Spent", 1, 99),
        (COURSES, "Attendance", 0, 100.955),
    ],
)
def test_numbers_have_the_range_of_the_file(dataset, name, low, high, load):
    values = load(dataset)[name]
    assert (values.min(), values.max()) == pytest.approx((low, high), abs=0.01)


def test_identifiers_are_in_the_file_and_not_in_the_rows(load, path):
    header, _ = _read_cells(path(COURSES), COURSES.delimiter)
    assert set(header) - set(load(COURSES)) == {"Student_ID"}


def test_the_rule_of_the_factors_gives_the_exact_score_in_89_of_100_rows(load):
    frame = load(FACTORS)
    categories = [f.name for f in FACTORS.fields if not isinstance(f, Number)]
    inputs = pd.get_dummies(frame.drop(columns="Exam_Score"), columns=categories, dtype=float)
    score = frame["Exam_Score"].to_numpy()
    train, test = train_test_split(np.arange(len(frame)), random_state=40, test_size=0.2)
    model = QuantileRegressor(quantile=0.5, alpha=0, solver="highs")
    model.fit(inputs.iloc[train], score[train])
    off = np.abs(model.predict(inputs) - score)
    assert np.mean(off[test] < 0.5) == pytest.approx(0.89, abs=0.01)
    assert np.mean(off > 2) == pytest.approx(0.008, abs=0.001)


def test_the_rule_of_the_courses_is_right_in_96_of_100_rows_without_gaps(load):
    frame = load(COURSES).dropna()
    passing = (frame[list(QUIZZES)].mean(axis=1) >= 50) & (frame["Attendance"] >= 60)
    assert len(frame) == 917
    assert np.mean(passing == (frame["Final_Result"] == "Pass")) == pytest.approx(0.9586, abs=1e-4)


def test_courses_have_the_oddities_that_their_datasheet_names(load):
    frame = load(COURSES)
    assert (frame["Final_Result"] == "Pass").mean() == pytest.approx(0.223)
    assert (frame["Attendance"] > 100).sum() == 10
    assert (frame["Time_Spent"] == 99).sum() == 8
    assert frame["Time_Spent"].nlargest(9).iloc[-1] < 15


# Not of the exams: rows of so few values may happen to be the same.
@pytest.mark.parametrize("dataset", [FACTORS, COURSES], ids=lambda found: found.name)
def test_the_generator_invents_none_of_the_real_rows(dataset, load):
    real = set(map(tuple, load(dataset).dropna().to_numpy().tolist()))
    invented = dataset.generate(len(real), 1).dropna().to_numpy().tolist()
    assert not real & set(map(tuple, invented))
