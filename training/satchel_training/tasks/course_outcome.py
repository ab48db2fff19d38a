"""Whether a course is passed, from quizzes, time, assignments and attendance; and what may help."""

from __future__ import annotations

from satchel.spec import TEST, Advice, Classes, Derived, Recommendation, Segment
from satchel_training.datasets.courses import COURSES, QUIZZES
from satchel_training.tasks.task import Published, Task, mean

OUTCOME, SEGMENT = "Final_Result", "Segment"
FAIL, PASS = "Fail", "Pass"
AWAY, STRUGGLING, WELL = "low engagement", "engaged, low marks", "engaged, good marks"

ADVICE = {
    (FAIL, AWAY): "Talk with the student soon: find out what keeps them away, and agree on steps.",
    (FAIL, STRUGGLING): "The effort is there: offer tutoring, and look at how they study.",
    (FAIL, WELL): "Close to passing: find the one weak spot, a missed quiz or topic, and mend it.",
    (PASS, AWAY): "The marks carry them for now: ask what would bring them to class more often.",
    (PASS, STRUGGLING): "Likely to pass by a small margin: keep an eye on the next quiz.",
    (PASS, WELL): "Doing well: offer harder tasks, or the part of a tutor for others.",
}

COURSE_OUTCOME = Task(
    name="course-outcome",
    title="Pass or fail in a course from quizzes, time, assignments and attendance",
    dataset=COURSES,
    features=(*QUIZZES, "Time_Spent", "Assignments", "Attendance"),
    outputs=(
        Classes(name=OUTCOME, label="Outcome", labels=(FAIL, PASS), positive=PASS),
        Segment(name=SEGMENT, label="Segment", labels=(AWAY, STRUGGLING, WELL)),
    ),
    models=(
        "monotonic-mlp",
        "logistic",
        "logistic-unbalanced",
        "random-forest",
        "extra-trees",
        "gradient-boosting",
        "mean",
    ),
    naive=mean,
    naive_text="the share of passes",
    measure="roc_auc",
    monotonic=dict.fromkeys((*QUIZZES, "Time_Spent", "Assignments", "Attendance"), "increasing"),
    required=QUIZZES,
    imputation="mean",
    clip={"Attendance": (None, 100)},
    clip_outliers=("Time_Spent",),
    derived=(
        Derived(name="Total", operation="sum", inputs=QUIZZES),
        Derived(name="Average", operation="mean", inputs=QUIZZES),
        Derived(name="Deviation", operation="std", inputs=QUIZZES, ddof=1),
        Derived(
            name="Engagement",
            operation="weighted_sum",
            inputs=("Time_Spent", "Assignments", "Attendance"),
            weights=(0.5, 0.3, 0.2),
        ),
        Derived(name="Percentage", operation="weighted_sum", inputs=("Total",), weights=(1 / 3,)),
        Derived(name="Effort", operation="ratio", inputs=("Total", "Time_Spent"), offset=1.0),
    ),
    segmented_by={
        "Average": (0.0, -1.0, 1.0),
        "Engagement": (-1.0, 0.8, 0.8),
        "Attendance": (-1.0, 0.8, 0.8),
    },
    advice=Advice(
        output=OUTCOME,
        segment=SEGMENT,
        table=tuple(
            Recommendation(label=label, segment=segment, text=text)
            for (label, segment), text in ADVICE.items()
        ),
    ),
    published=Published(
        figures={"roc_auc": 0.83, "accuracy": 0.78},
        protocol=TEST,
        text="the balanced logistic regression of the data's source, on this split",
    ),
    intended_use="Showing how outcome, segment and advice go together, in a lesson or a trial.",
    unintended_use="Any statement about a real student, and any automatic decision.",
    limitations=(
        "One course of unknown origin: elsewhere it is a guess until it has been checked on a "
        "school's own results.",
    ),
)
