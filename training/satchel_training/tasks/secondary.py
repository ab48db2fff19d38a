"""The final grade of a student of a secondary school, at three stages of the year."""

from __future__ import annotations

from satchel.spec import ALL_ROWS, Monotonic, Regression
from satchel_training.datasets.dataset import Dataset
from satchel_training.datasets.uci import MATHEMATICS, PORTUGUESE
from satchel_training.tasks.task import (
    Classified,
    Published,
    Task,
    last_known,
    logistic_on,
    mean,
)

STAGES = {
    "full": (("G1", "G2"), "", "background, school life and the first two grades"),
    "midyear": (("G1",), "-midyear", "background, school life and the first grade"),
    "early": ((), "-early", "background and school life alone"),
}
# Cortez and Silva 2008: RMSE, and the accuracies of pass or fail and of five levels; with the
# classifiers that cross-validation on the training part found best for these.
PUBLISHED = {
    ("mathematics", "full"): (1.75, (0.919, "decision-tree"), (0.785, "logistic-unbalanced")),
    ("mathematics", "midyear"): (2.46, (0.838, "gradient-boosting"), (0.605, "decision-tree")),
    ("mathematics", "early"): (3.90, (0.706, "gradient-boosting"), (0.335, "random-forest")),
    ("Portuguese", "full"): (1.32, (0.930, "logistic-unbalanced"), (0.761, "decision-tree")),
    ("Portuguese", "midyear"): (1.78, (0.901, "random-forest"), (0.629, "logistic-unbalanced")),
    ("Portuguese", "early"): (2.67, (0.850, "decision-tree"), (0.367, "logistic-unbalanced")),
}
GRADES = ("G1", "G2", "G3")
MONOTONIC: dict[str, Monotonic] = {
    "G1": "increasing",
    "G2": "increasing",
    "failures": "decreasing",
    "absences": "decreasing",
    "studytime": "increasing",
    "higher": "increasing",
}


def _secondary(subject: str, dataset: Dataset, stage: str) -> Task:
    known, suffix, text = STAGES[stage]
    # The stage before does without the last grade.
    instead = {}
    if known:
        before = list(STAGES)[list(STAGES).index(stage) + 1]
        instead = {known[-1]: f"secondary-{subject.lower()}{STAGES[before][1]}"}
    rmse, passing, levels = PUBLISHED[subject, stage]
    return Task(
        name=f"secondary-{subject.lower()}{suffix}",
        title=f"Final grade in {subject} from {text}",
        dataset=dataset,
        features=tuple(f.name for f in dataset.fields if f.name in known or f.name not in GRADES),
        outputs=(
            Regression(
                name="G3",
                label="Final grade",
                unit="points of 20",
                limits=(0, 20),
                decimals=1,
                pass_at=10,
            ),
        ),
        models=(
            "monotonic-mlp",
            "ridge",
            "random-forest",
            "extra-trees",
            "gradient-boosting",
            "mean",
            "mlp",
        ),
        naive=last_known(known[-1]) if known else mean,
        naive_text=(
            f"the last known grade, {known[-1]}; for the probability of passing a logistic "
            "regression on it"
            if known
            else "the mean grade; for the probability of passing a logistic regression on failures"
        ),
        naive_chance=logistic_on(known[-1] if known else "failures"),
        monotonic=MONOTONIC,
        required=known,
        instead=instead,
        published=Published(
            figures={"rmse": rmse},
            protocol=ALL_ROWS,
            text="Cortez and Silva 2008, best of five methods, 20 runs of 10 folds",
        ),
        classified=(
            Classified(
                name="pass",
                cuts=(10,),
                labels=("fail", "pass"),
                models=(passing[1],),
                published=passing[0],
            ),
            Classified(
                name="levels",
                cuts=(10, 12, 14, 16),
                labels=("under 10", "10-11", "12-13", "14-15", "16 and over"),
                models=(levels[1],),
                published=levels[0],
            ),
        ),
        intended_use=(
            "A second opinion for a teacher on which students may need support before the final "
            "grade."
        ),
        unintended_use=(
            "Any automatic decision about a student: grading, admission, streaming or discipline."
        ),
        limitations=(
            "Learned from two schools in Portugal in 2005/06: elsewhere it is a guess until it "
            "has been checked on a school's own grades.",
            "A student who drops out has a final grade of 0, which no input foretells well.",
            "Every student with a final grade of 0 has no absence on record, as if those who left "
            "were no longer counted. A model that asks for absences reads this trace, which no "
            "school has in time.",
        ),
    )


SECONDARY = tuple(
    _secondary(subject, dataset, stage)
    for subject, dataset in (("mathematics", MATHEMATICS), ("Portuguese", PORTUGUESE))
    for stage in STAGES
)
