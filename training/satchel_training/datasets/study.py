"""Study hours: a data set whose rule is known, because the generator here makes it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satchel.spec import Feature, Number
from satchel_training.datasets.source import Generated

PASS_AT = 60
NOISE_VARIANCE = 25.0  # no model's mean squared error is expected below it

FIELDS: tuple[Feature, ...] = (
    Number(
        name="Study_Hours",
        label="Study hours",
        unit="hours",
        limits=(0, 168),
        actionable=True,
        direction="increase",
    ),
    Number(
        name="Previous_Grade",
        label="Previous grade",
        unit="points of 100",
        limits=(0, 100),
    ),
    Number(
        name="Other_Factors",
        label="Other factors",
        help="everything else in one number: 0 average, 1 better than five in six, -1 worse",
        limits=(-10, 10),
    ),
    # No limits: the generator does not clip the score, so some lie below 0 or above 100.
    Number(name="Exam_Score", label="Exam score", unit="points"),
)


def expected(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Return the score without its noise: what the best possible model predicts.

    Parameters
    ----------
    frame : DataFrame
        Rows with the three inputs.
    """
    hours, grade, other = (
        frame[name].to_numpy(np.float64)
        for name in ("Study_Hours", "Previous_Grade", "Other_Factors")
    )
    score: NDArray[np.float64] = 4 * hours + 0.5 * grade + 3 * other
    return score


def generate(rows: int, seed: int) -> pd.DataFrame:
    """Invent rows: three independent inputs, and a score that is linear in them, with noise.

    Parameters
    ----------
    rows : int
        Number of rows.
    seed : int
        Seed of the generator.
    """
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "Study_Hours": rng.uniform(1, 10, rows),
            "Previous_Grade": rng.uniform(0, 100, rows),
            "Other_Factors": rng.normal(0, 1, rows),
        }
    )
    frame["Exam_Score"] = expected(frame) + rng.normal(0, np.sqrt(NOISE_VARIANCE), rows)
    return frame


def best_pass_accuracy(rows: int, seed: int) -> float:
    """Return the share of rows in which the score without its noise tells pass from fail.

    The noise is symmetric, so a pass is the likelier outcome exactly where the expected score
    reaches `PASS_AT`: no model is expected to tell more.
    """
    frame = generate(rows, seed)
    passed = frame["Exam_Score"].to_numpy() >= PASS_AT
    return float(np.mean((expected(frame) >= PASS_AT) == passed))


STUDY = Generated(
    name="study-hours",
    title="Study hours, generated",
    url="",
    licence="none needed",
    fields=FIELDS,
    targets=("Exam_Score",),
    generate=generate,
    rows=10_000,
    seed=42,
    rule=(
        "The scores are computed: 4 times the study hours, half the previous grade and 3 times "
        "the other factors, plus noise with a standard deviation of 5."
    ),
    collection="Not collected: made by a seeded generator whenever it is asked for.",
    composition=(
        "10000 rows of 4 numbers; a row is an invented student. Study hours are uniform from 1 to "
        "10, previous grades from 0 to 100; the other factors are standard normal. Nothing is "
        "missing."
    ),
    known_issues=(
        "Scores are not clipped: some lie below 0 or above 100. It shows that a model can find a "
        "known rule, and tells nothing about students."
    ),
)
