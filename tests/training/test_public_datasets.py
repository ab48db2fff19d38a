import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel import DataError
from satchel.spec import Category, Number
from satchel_training.datasets import courses, factors
from satchel_training.datasets.courses import COURSES
from satchel_training.datasets.exams import EXAMS
from satchel_training.datasets.factors import FACTORS
from satchel_training.datasets.study import STUDY
from satchel_training.datasets.uci import MATHEMATICS, PORTUGUESE

FILES = (FACTORS, EXAMS, COURSES)
ALL = (*FILES, STUDY, MATHEMATICS, PORTUGUESE)


def by_name(datasets):
    return pytest.mark.parametrize("dataset", datasets, ids=lambda found: found.name)


def as_file(dataset, folder, rows=30, seed=3):
    """Write invented rows as the data set's file; returns the rows and the path."""
    frame = dataset.generate(rows, seed)
    path = folder / dataset.file
    names = {name: [f"invented-{row}" for row in range(rows)] for name in dataset.identifiers}
    frame.assign(**names).to_csv(path, sep=dataset.delimiter, index=False)
    return frame, path


def slope(frame, feature, target):
    return np.polyfit(frame[feature].to_numpy(float), frame[target].to_numpy(float), 1)[0]


# ---- what every data set tells ---------------------------------------------------------------


@by_name(ALL)
def test_a_data_set_has_a_datasheet(dataset):
    for text in (dataset.collection, dataset.composition, dataset.known_issues):
        assert text.endswith(".")
    assert dataset.licence


def test_names_are_unique():
    assert len({dataset.name for dataset in ALL}) == len(ALL)


@by_name(ALL)
def test_targets_are_fields_and_identifiers_are_none(dataset):
    names = {field.name for field in dataset.fields}
    assert set(dataset.targets) <= names
    assert not names & set(dataset.identifiers)


@by_name(ALL)
def test_a_target_is_neither_sensitive_nor_actionable(dataset):
    for name in dataset.targets:
        assert not dataset.field(name).sensitive
        assert not dataset.field(name).actionable


@by_name(ALL)
def test_fields_are_labelled_in_words(dataset):
    for field in dataset.fields:
        assert "_" not in field.label
        assert field.label[0].isupper() or field.label[0].isdigit()


def test_data_that_follow_a_rule_or_are_invented_make_no_more_than_a_demonstration():
    assert {dataset.name for dataset in ALL if dataset.demonstration} == {
        "performance-factors",
        "exam-scores",
        "course-results",
        "study-hours",
    }
    assert {dataset.name for dataset in ALL if dataset.synthetic} == {"study-hours"}


@pytest.mark.parametrize(
    ("dataset", "sensitive"),
    [
        (
            FACTORS,
            "Family_Income School_Type Learning_Disabilities Parental_Education_Level Gender",
        ),
        (COURSES, ""),
        (STUDY, ""),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_groups_to_report_on_are_sensitive(dataset, sensitive):
    assert [f.name for f in dataset.fields if f.sensitive] == sensitive.split()


def test_all_background_of_the_exams_is_sensitive_and_the_course_can_be_taken():
    assert [f.name for f in EXAMS.fields if f.sensitive] == [
        "gender",
        "race/ethnicity",
        "parental level of education",
        "lunch",
    ]
    assert [f.name for f in EXAMS.fields if f.actionable] == ["test preparation course"]


# Fields that a school or student can change, and might want to change either way.
EITHER_WAY: dict[str, set[str]] = {}


@by_name(ALL)
def test_what_can_be_changed_has_a_direction(dataset):
    either = {f.name for f in dataset.fields if f.actionable and not f.direction}
    assert either == EITHER_WAY.get(dataset.name, set())


@pytest.mark.parametrize(
    ("dataset", "name", "wanted"),
    [
        (MATHEMATICS, "absences", "decrease"),
        (PORTUGUESE, "absences", "decrease"),
        (MATHEMATICS, "Dalc", "decrease"),
        (MATHEMATICS, "Walc", "decrease"),
        (MATHEMATICS, "goout", "decrease"),
        (MATHEMATICS, "studytime", "increase"),
        (MATHEMATICS, "schoolsup", "increase"),
        (FACTORS, "Attendance", "increase"),
        (FACTORS, "Teacher_Quality", "increase"),
        (COURSES, "Attendance", "increase"),
        (EXAMS, "test preparation course", "increase"),
        (STUDY, "Study_Hours", "increase"),
    ],
)
def test_a_direction_is_what_a_school_would_want(dataset, name, wanted):
    assert dataset.field(name).direction == wanted


@by_name(ALL)
def test_values_that_a_direction_leads_along_stand_in_their_order(dataset):
    last = {"yes", "Yes", "High", "completed"}
    for field in dataset.fields:
        if isinstance(field, Category) and field.direction:
            assert field.values[-1] in last


@by_name(ALL)
def test_nobody_is_advised_to_change_what_is_sensitive(dataset):
    assert not [f.name for f in dataset.fields if f.sensitive and f.actionable]


@pytest.mark.parametrize(
    ("dataset", "name", "low", "high"),
    [
        (FACTORS, "Family_Income", "Low", "High"),
        (FACTORS, "Distance_from_Home", "Near", "Far"),
        (FACTORS, "Parental_Education_Level", "High School", "Postgraduate"),
        (FACTORS, "Peer_Influence", "Negative", "Positive"),
        (EXAMS, "parental level of education", "some high school", "master's degree"),
    ],
)
def test_ordered_values_stand_in_their_order(dataset, name, low, high):
    field = dataset.field(name)
    assert field.ordered
    assert (field.values[0], field.values[-1]) == (low, high)


@by_name(FILES)
def test_two_values_have_no_order(dataset):
    for field in dataset.fields:
        if isinstance(field, Category) and len(field.values) == 2:
            assert not field.ordered


# ---- rows that look alike --------------------------------------------------------------------


@by_name(FILES)
def test_generated_rows_written_and_read_come_back(dataset, tmp_path):
    frame, path = as_file(dataset, tmp_path, rows=300)
    pd.testing.assert_frame_equal(dataset.read(path), frame)


@by_name((*FILES, STUDY))
def test_generated_rows_are_those_of_the_seed(dataset):
    one, same, other = (dataset.generate(20, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)


@by_name((*FILES, STUDY))
@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 60), seed=st.integers(0, 2**32))
def test_generated_rows_keep_to_the_fields(dataset, rows, seed):
    frame = dataset.generate(rows, seed)
    assert list(frame.columns) == [field.name for field in dataset.fields]
    assert len(frame) == rows
    assert not frame[list(dataset.targets)].isna().any(axis=None)
    for field in dataset.fields:
        values = frame[field.name].dropna()
        if isinstance(field, Number):
            low, high = field.limits
            assert values.dtype == np.float64
            assert values.between(-np.inf if low is None else low, high or np.inf).all()
            assert not field.integer or (values == values.round()).all()
        else:
            assert frame[field.name].dtype == object
            assert set(values) <= set(field.values)


@pytest.mark.parametrize(
    ("dataset", "gaps"), [(FACTORS, factors.WITH_GAPS), (COURSES, courses.WITH_GAPS), (EXAMS, ())]
)
def test_generated_rows_have_gaps_where_the_file_has_them(dataset, gaps):
    missing = dataset.generate(2000, 1).isna().mean()
    assert set(missing[missing > 0].index) == set(gaps)
    assert (missing < 0.05).all()


def test_generated_factors_move_the_score():
    frame = FACTORS.generate(3000, 1)
    assert slope(frame, "Hours_Studied", "Exam_Score") == pytest.approx(0.4, abs=0.06)
    assert slope(frame, "Attendance", "Exam_Score") == pytest.approx(0.25, abs=0.03)
    means = frame.groupby("Parental_Involvement")["Exam_Score"].mean()
    assert means["Low"] < means["Medium"] < means["High"]


def test_generated_exams_go_together_and_follow_the_background():
    frame = EXAMS.generate(3000, 1)
    assert (frame[["math score", "reading score", "writing score"]].corr() > 0.75).all(axis=None)
    for name, less, more in (
        ("test preparation course", "none", "completed"),
        ("lunch", "free/reduced", "standard"),
        ("parental level of education", "some high school", "master's degree"),
    ):
        means = frame.groupby(name)["writing score"].mean()
        assert means[less] + 3 < means[more]


def test_generated_results_follow_quizzes_and_attendance():
    frame = COURSES.generate(3000, 1).dropna()
    quizzes = frame[list(courses.QUIZZES)].mean(axis=1)
    passing = (quizzes >= 50) & (frame["Attendance"] >= 60)
    assert 0.93 < (passing == (frame["Final_Result"] == "Pass")).mean() < 0.97
    assert 0.15 < (frame["Final_Result"] == "Pass").mean() < 0.3


# ---- files: identifiers, refusals, sources ---------------------------------------------------


def test_an_identifier_is_never_read(tmp_path):
    _, path = as_file(COURSES, tmp_path)
    assert "invented-0" in path.read_text("utf-8")
    read = COURSES.read(path)
    assert "Student_ID" not in read
    assert "invented-0" not in read.to_csv()


def test_an_identifier_may_be_blank_or_anything(tmp_path):
    frame, path = as_file(COURSES, tmp_path)
    frame.assign(Student_ID=["", "Zoë", *["7"] * 28]).to_csv(path, index=False)
    pd.testing.assert_frame_equal(COURSES.read(path), frame)


def test_a_file_without_its_identifier_is_refused(tmp_path):
    frame, path = as_file(COURSES, tmp_path)
    frame.to_csv(path, index=False)
    with pytest.raises(
        DataError,
        match=r"students_data\.csv is not the data set course-results: Student_ID is missing"
        r".*take students_data\.csv from https://github",
    ):
        COURSES.read(path)


def test_a_refused_row_is_told_by_its_line_and_not_by_its_identifier(tmp_path):
    frame, path = as_file(COURSES, tmp_path)
    frame.loc[2, "Attendance"] = 111
    frame.assign(Student_ID="Zoë").to_csv(path, index=False)
    with pytest.raises(DataError, match=r"line 4: Attendance = '111.*from 0 to 110") as caught:
        COURSES.read(path)
    assert "Zoë" not in str(caught.value)


@pytest.mark.parametrize(
    ("dataset", "name", "value", "message"),
    [
        (FACTORS, "Exam_Score", "", r"line 4: Exam_Score is blank"),
        (FACTORS, "Exam_Score", "102", r"line 4: Exam_Score = '102'.*from 0 to 101"),
        (FACTORS, "Motivation_Level", "Hihg", r"line 4: Motivation_Level = 'Hihg'.*'High'"),
        (FACTORS, "Attendance", "100.5", r"line 4: Attendance = '100.5'.*from 0 to 100"),
        (EXAMS, "math score", "", r"line 4: math score is blank"),
        (EXAMS, "reading score", "71.5", r"line 4: reading score = '71.5' is not a whole number"),
        (EXAMS, "lunch", "none", r"line 4: lunch = 'none'.*'free/reduced'"),
        (COURSES, "Final_Result", " ", r"line 4: Final_Result is blank"),
        (COURSES, "Final_Result", "1", r"line 4: Final_Result = '1'.*'Fail'"),
        (COURSES, "Assignments", "many", r"line 4: Assignments = 'many' is not a number"),
    ],
)
def test_a_bad_cell_is_refused_with_file_line_field_value_and_remedy(
    tmp_path, dataset, name, value, message
):
    frame, path = as_file(dataset, tmp_path)
    frame = frame.astype(object)
    frame.loc[2, name] = value
    frame.assign(**dict.fromkeys(dataset.identifiers, "")).to_csv(path, index=False)
    with pytest.raises(DataError, match=message) as caught:
        dataset.read(path)
    assert str(path) in str(caught.value)
    assert f"correct them, or take the file again from {dataset.url}" in str(caught.value)


@by_name(FILES)
def test_the_file_of_another_data_set_is_refused(dataset, tmp_path):
    other = FILES[FILES.index(dataset) - 1]
    _, path = as_file(other, tmp_path)
    with pytest.raises(DataError, match=rf"not the data set {dataset.name}: .*take {dataset.file}"):
        dataset.read(path)


@by_name(FILES)
def test_a_file_that_cannot_be_fetched_is_told_with_all_that_is_needed(
    dataset, tmp_path, monkeypatch
):
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / name)
    with pytest.raises(DataError) as caught:
        dataset.load()
    message = str(caught.value)
    for part in (dataset.file, dataset.url, "--data DIR", "SATCHEL_DATA", str(tmp_path)):
        assert part in message
    assert not list(tmp_path.iterdir())


@by_name(FILES)
def test_a_file_put_into_the_cache_by_hand_is_checked_too(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path)
    as_file(dataset, tmp_path)
    with pytest.raises(DataError, match="is not the data set as published"):
        dataset.load()
