"""The exam score from nineteen factors of school, home and habits."""

from __future__ import annotations

from satchel.spec import TEST, Monotonic, Regression
from satchel_training.datasets.factors import FACTORS
from satchel_training.tasks.task import Published, Task, median

MONOTONIC: dict[str, Monotonic] = {
    "Hours_Studied": "increasing",
    "Attendance": "increasing",
    "Previous_Scores": "increasing",
    "Tutoring_Sessions": "increasing",
    "Motivation_Level": "increasing",
    "Parental_Involvement": "increasing",
    "Access_to_Resources": "increasing",
    "Teacher_Quality": "increasing",
    "Peer_Influence": "increasing",
    "Parental_Education_Level": "increasing",
    "Internet_Access": "increasing",
    "Extracurricular_Activities": "increasing",
    "Learning_Disabilities": "decreasing",
    "Distance_from_Home": "decreasing",
}

EXAM_FACTORS = Task(
    name="exam-factors",
    title="Exam score from study habits, school and home",
    dataset=FACTORS,
    features=tuple(field.name for field in FACTORS.fields if field.name != "Exam_Score"),
    outputs=(
        Regression(
            name="Exam_Score",
            label="Exam score",
            unit="points of 100",
            limits=(0, 100),
            decimals=0,
        ),
    ),
    models=(
        "monotonic-mlp",
        "linear",
        "huber",
        "least-absolute",
        "gradient-boosting",
        "cnn-small",
        "cnn-large",
    ),
    naive=median,
    naive_text="the median score",
    measure="mae",
    monotonic=MONOTONIC,
    required=("Previous_Scores",),
    min_max=True,
    published=Published(
        figures={"accuracy": 0.6029, "precision": 0.6124, "f1": 0.5964},
        protocol=TEST,
        text="the better of two convolutional networks, exact score as a class, on this split",
    ),
    runs=1,
    folds=3,
    all_rows=False,
    test_size=0.2,
    seed=40,
    intended_use=(
        "Showing how such a model works, in a lesson or a trial: the data follow a formula."
    ),
    unintended_use="Any statement about a real student, and any automatic decision.",
    limitations=(
        "Its scores lie between 55 and 101, most of them between 60 and 75, whatever the school.",
        "About one score in a hundred is far from what the factors say; nothing foretells those.",
    ),
)
