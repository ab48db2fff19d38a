"""Two Portuguese secondary schools, 2005/06 (Cortez and Silva 2008), UCI data set 320."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from satchel import DataError
from satchel.files import replacing
from satchel.spec import Category, Direction, Feature, Number
from satchel_training.datasets.dataset import Dataset

URL = "https://archive.ics.uci.edu/dataset/320/student+performance"
ARCHIVE = "https://archive.ics.uci.edu/static/public/320/student+performance.zip"
LICENCE = "CC BY 4.0"

_YES_NO = ("no", "yes")
_EDUCATION = "0 none, 1 primary (4th grade), 2 5th to 9th grade, 3 secondary, 4 higher"
_SCALE = "1 very low to 5 very high"
_JOBS = ("at_home", "health", "other", "services", "teacher")
_JOB_LABELS = ("at home", "health care", "other", "civil services", "teacher")


def _yes_no(name: str, label: str, sensitive: bool = False, direction: Direction = "") -> Category:
    return Category(
        name=name,
        label=label,
        values=_YES_NO,
        sensitive=sensitive,
        actionable=bool(direction),
        direction=direction,
    )


_SCHOOLS = (
    "none",
    "primary school",
    "5 to 9 years of school",
    "secondary school",
    "higher education",
)
_LOW_TO_HIGH = ("very low", "low", "medium", "high", "very high")
_BAD_TO_GOOD = ("very bad", "bad", "fair", "good", "very good")


def _scale(
    name: str,
    label: str,
    low: int,
    high: int,
    help: str = _SCALE,  # noqa: A002
    sensitive: bool = False,
    direction: Direction = "",
    words: tuple[str, ...] = _LOW_TO_HIGH,
) -> Number:
    return Number(
        name=name,
        label=label,
        help=help,
        integer=True,
        scale_labels=words,
        limits=(low, high),
        sensitive=sensitive,
        actionable=bool(direction),
        direction=direction,
    )


def _grade(name: str, label: str, whole: bool = False) -> Number:
    # The file has whole grades alone; marks of the year that a school gives may have halves.
    return Number(name=name, label=label, unit="points", integer=whole, limits=(0, 20))


FIELDS: tuple[Feature, ...] = (
    Category(
        name="school",
        label="School",
        values=("GP", "MS"),
        value_labels=("Gabriel Pereira", "Mousinho da Silveira"),
    ),
    Category(
        name="sex",
        label="Sex",
        values=("F", "M"),
        value_labels=("female", "male"),
        sensitive=True,
    ),
    Number(
        name="age",
        label="Age",
        unit="years",
        integer=True,
        limits=(10, 30),
        sensitive=True,
    ),
    Category(
        name="address",
        label="Home address",
        values=("R", "U"),
        value_labels=("rural", "urban"),
        sensitive=True,
    ),
    Category(
        name="famsize",
        label="Family size",
        values=("LE3", "GT3"),
        value_labels=("three or fewer", "more than three"),
        sensitive=True,
    ),
    Category(
        name="Pstatus",
        label="Parents live",
        values=("A", "T"),
        value_labels=("apart", "together"),
        sensitive=True,
    ),
    _scale("Medu", "Mother's education", 0, 4, _EDUCATION, sensitive=True, words=_SCHOOLS),
    _scale("Fedu", "Father's education", 0, 4, _EDUCATION, sensitive=True, words=_SCHOOLS),
    Category(
        name="Mjob",
        label="Mother's job",
        values=_JOBS,
        value_labels=_JOB_LABELS,
        sensitive=True,
    ),
    Category(
        name="Fjob",
        label="Father's job",
        values=_JOBS,
        value_labels=_JOB_LABELS,
        sensitive=True,
    ),
    Category(
        name="reason",
        label="Reason to choose this school",
        values=("course", "home", "other", "reputation"),
        value_labels=("the courses", "close to home", "other", "its reputation"),
    ),
    Category(
        name="guardian",
        label="Guardian",
        values=("father", "mother", "other"),
        sensitive=True,
    ),
    _scale(
        "traveltime",
        "Way to school",
        1,
        4,
        "1 under 15 minutes, 2 up to 30, 3 up to 60, 4 over an hour",
        words=("under 15 minutes", "15 to 30 minutes", "30 to 60 minutes", "over an hour"),
    ),
    _scale(
        "studytime",
        "Study time a week",
        1,
        4,
        "1 under 2 hours, 2 up to 5, 3 up to 10, 4 over 10",
        direction="increase",
        words=("under 2 hours", "2 to 5 hours", "5 to 10 hours", "over 10 hours"),
    ),
    _scale(
        "failures",
        "Classes failed before",
        0,
        4,
        "4 stands for four or more",
        words=("none", "1", "2", "3", "4 or more"),
    ),
    _yes_no("schoolsup", "Extra support by the school", direction="increase"),
    _yes_no("famsup", "Support by the family", direction="increase"),
    _yes_no("paid", "Paid extra classes in the subject", direction="increase"),
    _yes_no("activities", "Activities outside of class", direction="increase"),
    _yes_no("nursery", "Went to nursery school"),
    _yes_no("higher", "Wants to go on to higher education"),
    _yes_no("internet", "Internet at home", direction="increase"),
    _yes_no("romantic", "In a romantic relationship", sensitive=True),
    _scale("famrel", "Family relations", 1, 5, "1 very bad to 5 excellent", words=_BAD_TO_GOOD),
    # Not actionable: it is what all else leaves, and no school would want either way for a grade.
    _scale("freetime", "Free time after school", 1, 5),
    _scale("goout", "Going out with friends", 1, 5, direction="decrease"),
    _scale("Dalc", "Alcohol on school days", 1, 5, direction="decrease"),
    _scale("Walc", "Alcohol at weekends", 1, 5, direction="decrease"),
    _scale(
        "health", "Health", 1, 5, "1 very bad to 5 very good", sensitive=True, words=_BAD_TO_GOOD
    ),
    Number(
        name="absences",
        label="Absences",
        unit="lessons",
        integer=True,
        limits=(0, 200),
        actionable=True,
        direction="decrease",
    ),
    _grade("G1", "First-period grade"),
    _grade("G2", "Second-period grade"),
    _grade("G3", "Final grade", whole=True),
)


def generate(rows: int, seed: int) -> pd.DataFrame:
    """Invent rows of the same columns: grades that follow one another, the rest by chance.

    Parameters
    ----------
    rows : int
        Number of rows.
    seed : int
        Seed of the generator.
    """
    rng = np.random.default_rng(seed)
    columns: dict[str, object] = {}
    for field in FIELDS:
        if isinstance(field, Category):
            columns[field.name] = rng.choice(np.array(field.values, object), rows)
        elif field.name == "age":
            columns["age"] = rng.integers(15, 20, rows).astype(float)
        elif field.name == "absences":
            columns["absences"] = np.minimum(rng.poisson(5, rows), 75).astype(float)
        elif field.name not in ("G1", "G2", "G3"):
            low, high = (int(bound or 0) for bound in field.limits)
            columns[field.name] = rng.integers(low, high + 1, rows).astype(float)
    frame = pd.DataFrame(columns)
    talent = 11 + 0.8 * frame["studytime"] - 0.6 * frame["failures"] + rng.normal(0, 3, rows)
    for name in ("G1", "G2", "G3"):
        frame[name] = np.clip(np.round(talent + rng.normal(0, 1, rows)), 0, 20)
    return frame[[field.name for field in FIELDS]]


def _fetch(folder: Path) -> None:
    import pooch

    try:
        archive = pooch.retrieve(ARCHIVE, known_hash=None, path=folder, progressbar=False)
    except OSError as error:  # requests' errors are OSErrors too
        raise DataError(
            f"{ARCHIVE} could not be fetched ({type(error).__name__}): download it from {URL}, "
            "unpack student.zip in it, and name the folder with --data"
        ) from None
    unpack(Path(archive), folder)


def unpack(archive: Path, folder: Path) -> None:
    """Take both files out of the archive, in which they lie in a second one.

    Raises
    ------
    DataError
        Where the archive holds something else.
    """
    try:
        with zipfile.ZipFile(archive) as outer, outer.open("student.zip") as packed:
            inner = zipfile.ZipFile(BytesIO(packed.read()))
        for dataset in (MATHEMATICS, PORTUGUESE):
            with replacing(folder / dataset.file, "wb") as file:
                file.write(inner.read(dataset.file))
    except (KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{archive} is not the archive of {URL}: {error}") from None


def _dataset(name: str, subject: str, file: str, rows: int, digest: str) -> Dataset:
    return Dataset(
        name=name,
        title=f"UCI Student Performance, {subject} (Cortez and Silva 2008)",
        url=URL,
        licence=LICENCE,
        file=file,
        delimiter=";",
        fields=FIELDS,
        targets=("G3",),
        generate=generate,
        fetch=_fetch,
        digest=digest,
        collection=(
            "School reports and questionnaires of two secondary schools in Alentejo, Portugal, "
            "in the school year 2005/06."
        ),
        composition=(
            f"{rows} rows of 33 columns; a row is a student in one subject. Nothing is missing."
        ),
        known_issues=(
            "Old, and of two schools only, most rows of one of them. Many students are in the "
            "files of both subjects. A final grade of 0 probably stands for a student who dropped "
            "out: each of them has no absence on record. "
            "What the questionnaires tell of home, drinking and health is the students' own word."
        ),
    )


MATHEMATICS = _dataset(
    "uci-mathematics",
    "Mathematics",
    "student-mat.csv",
    395,
    "bce75bfde8e2a6de5aa70b1126a39def128ba6fd59ad7a4f651fd289092f0717",
)
PORTUGUESE = _dataset(
    "uci-portuguese",
    "Portuguese",
    "student-por.csv",
    649,
    "e12a52be415b21cc446ccddf2141272344cc72948c8200a5cabdf71db5c93311",
)
