"""Three exam scores beside five facts of background, from Kaggle; said to be generated."""

from __future__ import annotations

import numpy as np
import pandas as pd

from satchel.spec import Category, Feature, Number
from satchel_training.datasets.dataset import Dataset, by_hand

URL = "https://www.kaggle.com/datasets/spscientist/students-performance-in-exams"
FILE = "StudentsPerformance.csv"
SCORES = ("math score", "reading score", "writing score")
EDUCATION = (
    "some high school",
    "high school",
    "some college",
    "associate's degree",
    "bachelor's degree",
    "master's degree",
)


def _score(subject: str) -> Number:
    return Number(
        name=f"{subject} score",
        label=f"{subject.capitalize()} score",
        unit="points of 100",
        integer=True,
        limits=(0, 100),
    )


FIELDS: tuple[Feature, ...] = (
    Category(name="gender", label="Gender", values=("female", "male"), sensitive=True),
    Category(
        name="race/ethnicity",
        label="Ethnic group",
        help="the source does not say what its five groups stand for",
        values=("group A", "group B", "group C", "group D", "group E"),
        value_labels=("A", "B", "C", "D", "E"),
        sensitive=True,
    ),
    Category(
        name="parental level of education",
        label="Parents' education",
        values=EDUCATION,
        ordered=True,
        sensitive=True,
    ),
    Category(
        name="lunch",
        label="School lunch",
        help="free or reduced in price for families of low income",
        values=("free/reduced", "standard"),
        value_labels=("free or reduced", "standard"),
        sensitive=True,
    ),
    Category(
        name="test preparation course",
        label="Test preparation course",
        values=("none", "completed"),
        actionable=True,
        direction="increase",
    ),
    _score("math"),
    _score("reading"),
    _score("writing"),
)


def generate(rows: int, seed: int) -> pd.DataFrame:
    """Invent rows of the same columns: background by chance, and scores that go together.

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
            field.name: pd.Series(rng.choice(np.array(field.values, object), rows), dtype=object)
            for field in FIELDS
            if isinstance(field, Category)
        }
    )
    education = pd.Categorical(frame["parental level of education"], EDUCATION).codes
    talent = (
        58
        + 2 * education
        + 7 * (frame["lunch"] == "standard")
        + 6 * (frame["test preparation course"] == "completed")
        + rng.normal(0, 12, rows)
    )
    girls = (frame["gender"] == "female").to_numpy(float)
    for name, lead in zip(SCORES, (-5, 4, 6), strict=True):
        score = talent + lead * girls + rng.normal(0, 4, rows)
        frame[name] = np.clip(np.round(score), 0, 100).astype(float)
    return frame


EXAMS = Dataset(
    name="exam-scores",
    title="Students Performance in Exams (Kaggle, spscientist)",
    url=URL,
    licence="not stated by the source",
    file=FILE,
    fields=FIELDS,
    targets=SCORES,
    generate=generate,
    fetch=by_hand(FILE, URL, "its source asks for a login"),
    digest="7cb246ba64d109ffa90d8106a78526a457db26efde57e4cc9fb40488f4dafa53",
    rule=(
        "The rows are understood to be invented: the source gives thanks to a web tool that "
        "generates fictional exam scores."
    ),
    collection=(
        "Not documented. The source names a generator of fictional exam data "
        "(roycekimmons.com/tools/generated_data/exams) in its acknowledgements, and no school."
    ),
    composition="1000 rows of 8 columns; a row is a student. Nothing is missing.",
    known_issues=(
        "No school, country or year is named, and the ethnic groups are bare letters, so a "
        "difference between groups in these data says nothing about people. The three scores go "
        "closely together: knowing two of them tells far more of the third than the background."
    ),
)
