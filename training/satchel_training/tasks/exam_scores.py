"""Exam scores from background, and the score in mathematics once the other two are known."""

from __future__ import annotations

from satchel.spec import Monotonic, Regression
from satchel_training.datasets.exams import EXAMS
from satchel_training.tasks.task import Task, mean

BACKGROUND = (
    "gender",
    "race/ethnicity",
    "parental level of education",
    "lunch",
    "test preparation course",
)
MONOTONIC: dict[str, Monotonic] = {
    "parental level of education": "increasing",
    "test preparation course": "increasing",
    "reading score": "increasing",
    "writing score": "increasing",
}
SUBJECTS = ("math", "reading", "writing")
USE = "Studying how far background goes in explaining exam scores, and how little that is."
NOT_FOR = (
    "Expectations of, advice to, or decisions about a student: it would hold their background "
    "against them."
)


def _score(subject: str) -> Regression:
    return Regression(
        name=subject,
        label=f"{subject.capitalize()} score",
        unit="points of 100",
        limits=(0, 100),
        decimals=1,
    )


EXAM_SCORES = Task(
    name="exam-scores",
    title="Math, reading and writing scores from background alone",
    dataset=EXAMS,
    features=BACKGROUND,
    outputs=tuple(_score(subject) for subject in SUBJECTS),
    targets={subject: f"{subject} score" for subject in SUBJECTS},
    models=("monotonic-mlp", "linear", "ridge", "lasso", "random-forest", "gradient-boosting"),
    naive=mean,
    naive_text="the mean score",
    monotonic=MONOTONIC,
    required=(),
    intended_use=USE,
    unintended_use=NOT_FOR,
    limitations=(
        "Background explains a fifth to a third of the differences between scores: of two students "
        "with the same background one may have 40 points and the other 90. It tells about "
        "groups, and next to nothing about one student.",
    ),
)

FOLLOWUP = Task(
    name="exam-scores-followup",
    title="Math score from background and the reading and writing scores",
    dataset=EXAMS,
    features=(*BACKGROUND, "reading score", "writing score"),
    outputs=(_score("math"),),
    targets={"math": "math score"},
    models=("monotonic-mlp", "linear", "ridge", "lasso", "random-forest", "gradient-boosting"),
    naive=mean,
    naive_text="the mean score",
    monotonic=MONOTONIC,
    required=("reading score", "writing score"),
    instead=dict.fromkeys(("reading score", "writing score"), "exam-scores"),
    intended_use="A second opinion on a math score that is missing or looks out of place.",
    unintended_use="Grading, and any other automatic decision about a student.",
    limitations=(
        "It needs the scores of the same exam in reading and writing.",
        "It uses gender, because the scores differ by it: equal reading and writing scores mean "
        "another math score for a girl than for a boy in these data.",
    ),
)
