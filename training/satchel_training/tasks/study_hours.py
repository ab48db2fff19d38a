"""The exam score from study hours, the previous grade and all else, on generated data."""

from __future__ import annotations

from satchel.spec import Regression
from satchel_training.datasets.study import NOISE_VARIANCE, PASS_AT, STUDY, best_pass_accuracy
from satchel_training.tasks.task import Task, logistic_on, mean

STUDY_HOURS = Task(
    name="study-hours",
    title="Exam score from study hours and the previous grade, on generated data",
    dataset=STUDY,
    features=tuple(field.name for field in STUDY.fields if field.name != "Exam_Score"),
    outputs=(
        Regression(
            name="Exam_Score",
            label="Exam score",
            unit="points",
            decimals=1,
            pass_at=PASS_AT,
        ),
    ),
    models=("monotonic-mlp", "linear", "ann"),
    naive=mean,
    naive_text=(
        "the mean score; for the probability of passing a logistic regression on the previous grade"
    ),
    naive_chance=logistic_on("Previous_Grade"),
    monotonic=dict.fromkeys(("Study_Hours", "Previous_Grade", "Other_Factors"), "increasing"),
    required=("Previous_Grade",),
    ceiling={"mse": NOISE_VARIANCE, "pass_accuracy": best_pass_accuracy(100_000, 1)},
    runs=1,
    folds=3,
    all_rows=False,
    intended_use="Showing that a network finds a known rule, and how close it comes.",
    unintended_use="Any statement about a real student.",
    limitations=(
        f"No model can have a mean squared error below {NOISE_VARIANCE:g}, the variance of the "
        "noise that the generator adds.",
    ),
)
