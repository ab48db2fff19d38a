"""Quizzes, time, assignments and attendance in a course, with its outcome: pass or fail."""

from __future__ import annotations

import numpy as np
import pandas as pd

from satchel.spec import Category, Feature, Number
from satchel_training.datasets.dataset import Dataset, by_hand

URL = "https://github.com/Aniket-bit7/learning-analytics-ml-system"
FILE = "students_data.csv"
QUIZZES = ("Quiz1", "Quiz2", "Quiz3")
WITH_GAPS = ("Quiz2", "Time_Spent", "Attendance")

FIELDS: tuple[Feature, ...] = (
    *(
        Number(name=name, label=f"Quiz {name[-1]}", unit="points of 100", limits=(0, 100))
        for name in QUIZZES
    ),
    Number(
        name="Time_Spent",
        label="Time spent",
        help="the source does not say over which span; nearly all of its values are below 15",
        unit="hours",
        limits=(0, 200),
        actionable=True,
        direction="increase",
    ),
    Number(
        name="Assignments",
        label="Assignments handed in",
        unit="of 10",
        integer=True,
        limits=(0, 10),
        actionable=True,
        direction="increase",
    ),
    # The source has values a little above 100; what becomes of them is for the task to say.
    Number(
        name="Attendance",
        label="Attendance",
        unit="percent",
        limits=(0, 110),
        actionable=True,
        direction="increase",
    ),
    Category(
        name="Final_Result",
        label="Result of the course",
        values=("Fail", "Pass"),
        value_labels=("fail", "pass"),
    ),
)


def generate(rows: int, seed: int) -> pd.DataFrame:
    """Invent rows of the same columns, with gaps: quizzes and attendance decide, mostly.

    Parameters
    ----------
    rows : int
        Number of rows.
    seed : int
        Seed of the generator.
    """
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.integers(0, 101, rows).astype(float) for name in QUIZZES})
    frame["Time_Spent"] = np.where(rng.random(rows) < 0.01, 99, rng.uniform(1, 15, rows))
    frame["Assignments"] = rng.integers(0, 11, rows).astype(float)
    frame["Attendance"] = rng.uniform(0, 101, rows)
    passed = (frame[list(QUIZZES)].mean(axis=1) >= 50) & (frame["Attendance"] >= 60)
    frame["Final_Result"] = np.where(passed ^ (rng.random(rows) < 0.05), "Pass", "Fail")
    frame["Final_Result"] = frame["Final_Result"].astype(object)
    for name in WITH_GAPS:
        frame.loc[rng.random(rows) < 0.03, name] = np.nan
    return frame


COURSES = Dataset(
    name="course-results",
    title="Quizzes and outcomes of a course (Student Performance Intelligence System)",
    url=URL,
    licence="not stated by the source",
    file=FILE,
    fields=FIELDS,
    targets=("Final_Result",),
    identifiers=("Student_ID",),
    generate=generate,
    fetch=by_hand(
        FILE,
        f"{URL} (the repository of the Student Performance Intelligence System, data/{FILE})",
        "its source states no licence",
    ),
    digest="029d2984ce48bea4b4ff5fae4b7cbc57c1de566dc2b7b2f7a7834cfebf8957fb",
    rule=(
        "The results follow an obvious rule: a quiz mean of at least 50 with an attendance of at "
        "least 60 percent alone is right in about 96 of 100 rows without gaps."
    ),
    collection=(
        "Not documented: no school, course or year is named. The inputs are spread evenly and do "
        "not go together at all, which real ones hardly would: they look generated."
    ),
    composition=(
        "1000 rows of 8 columns, one of them an identifier that is not used; a row is a student "
        "in a course, and 22 in 100 pass. Quiz2, Time_Spent and Attendance have 30 values missing "
        "each."
    ),
    known_issues=(
        "A few attendances are above 100 percent, and eight times spent are 99 hours where all "
        "others are below 15, perhaps a mark for unknown. The passing rule can be read off the "
        "rows, so a high accuracy here promises none elsewhere."
    ),
)
