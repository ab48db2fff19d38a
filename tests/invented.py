"""Tasks on invented data, quick to fit: one score, several scores, classes with segments."""

from dataclasses import replace

import numpy as np
import pandas as pd

from satchel.spec import (
    Advice,
    Category,
    Classes,
    Derived,
    Number,
    Recommendation,
    Regression,
    Segment,
)
from satchel_training.datasets.source import DataSource
from satchel_training.tasks.task import Task, mean

FIELDS = (
    Number(name="hours", label="Hours", limits=(-100, 100)),
    Number(name="score", label="Score", limits=(-100, 100)),
    Category(name="course", label="Course", values=("art", "law", "math")),
    Category(name="effort", label="Effort", values=("low", "medium", "high"), ordered=True),
    Number(name="grade", label="Grade"),
    Number(name="speech", label="Speech"),
    Category(name="result", label="Result", values=("fail", "pass")),
    Category(name="level", label="Level", values=("weak", "fair", "good")),
)


def generate(rows, seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "hours": rng.normal(5, 2, rows),
            "score": rng.normal(0, 1, rows),
            "course": rng.choice(np.array(FIELDS[2].values, object), rows),
            "effort": rng.choice(np.array(FIELDS[3].values, object), rows),
        }
    )
    effort = frame["effort"].map(FIELDS[3].values.index).to_numpy()
    frame["grade"] = frame["hours"] + 2 * frame["score"] + rng.normal(0, 0.5, rows)
    frame["speech"] = 50 + 10 * effort + 5 * frame["score"] + rng.normal(0, 2, rows)
    frame["result"] = np.where(frame["grade"] + rng.normal(0, 1, rows) >= 5, "pass", "fail")
    frame["result"] = frame["result"].astype(object)
    frame["level"] = np.array(FIELDS[7].values, object)[
        np.searchsorted([4, 6], frame["grade"] + rng.normal(0, 1, rows))
    ]
    return frame


class Invented(DataSource):
    """Rows without a file."""

    def load(self, folder=None):
        return self.generate(200, 1)


DATASET = Invented(
    name="invented",
    title="Invented students",
    url="",
    licence="none",
    fields=FIELDS,
    targets=("grade", "speech", "result", "level"),
    generate=generate,
    collection="",
    composition="",
    known_issues="",
    synthetic=True,
)
GRADE = Regression(name="grade", label="Grade", unit="points", pass_at=5)
SPEECH = Regression(name="talk", label="Speech", unit="points of 100", limits=(0, 100), decimals=0)
RESULT = Classes(name="outcome", label="Outcome", labels=("pass", "fail"), positive="pass")
LEVEL = Classes(name="level", label="Level", labels=("weak", "fair", "good"))
GROUP = Segment(name="group", label="Group", labels=("slow", "steady", "quick"))

# One score.
SMALL = Task(
    name="small",
    title="Grade from hours and a score",
    dataset=DATASET,
    features=("hours", "score", "course"),
    outputs=(GRADE,),
    models=("linear", "ridge", "random-forest"),
    naive=mean,
    naive_text="the mean grade",
    intended_use="Tests.",
    unintended_use="All else.",
    runs=2,
    folds=5,
)

# Two scores, one of whose fields has another name.
SCORES = replace(
    SMALL,
    name="small-scores",
    features=("hours", "score", "effort"),
    outputs=(GRADE, SPEECH),
    targets={"talk": "speech"},
    naive_text="the mean score",
)

# Classes, a segment and advice, from derived numbers, an ordered category and clipped hours.
OUTCOME = replace(
    SMALL,
    name="small-outcome",
    title="Pass or fail, and the group",
    features=("hours", "score", "course", "effort"),
    outputs=(RESULT, GROUP),
    targets={"outcome": "result"},
    models=("logistic", "random-forest", "mean"),
    naive_text="the shares of the labels",
    measure="accuracy",
    imputation="mean",
    clip={"hours": (1.0, 9.0)},
    derived=(
        Derived(
            name="total", operation="weighted_sum", inputs=("hours", "score"), weights=(1.0, 2.0)
        ),
        Derived(name="spread", operation="std", inputs=("hours", "score"), ddof=1),
        Derived(name="pace", operation="ratio", inputs=("total", "hours"), offset=1.0),
    ),
    segmented_by={"total": (-1.0, 0.0, 1.0), "score": (-1.0, 0.0, 1.0)},
    runs=1,
    all_rows=False,
    advice=Advice(
        output="outcome",
        segment="group",
        table=tuple(
            Recommendation(label=label, segment=segment, text=f"{label}, and {segment}")
            for label in RESULT.labels
            for segment in GROUP.labels
        ),
    ),
)

# Three classes alone.
LEVELS = replace(
    OUTCOME, name="small-levels", outputs=(LEVEL,), targets={}, segmented_by={}, advice=None
)
