"""Of a class drawn from the training rows themselves, chance alone is seldom called drift."""

import numpy as np
import pytest

import satchel
from satchel.insight.drift import LEAST_ROWS
from satchel_training.tasks import TASKS

DRAWS, MOST = 100, 10  # of 100 draws at a true rate of 0.05, more than 10 come once in 90


@pytest.mark.parametrize("rows", [LEAST_ROWS, 28])
@pytest.mark.parametrize("name", ["secondary-mathematics", "exam-scores", "course-outcome"])
def test_a_class_drawn_from_the_training_rows_seldom_drifts(name, rows, data):
    predictor = satchel.load(name)
    frame = TASKS[name].dataset.load(data)
    frame = frame[[field.name for field in predictor.spec.inputs.features]].astype(object)
    records = frame.where(frame.notna(), None).to_dict("records")
    rng = np.random.default_rng(20)
    classes = [rng.choice(len(records), rows, replace=False) for _ in range(DRAWS)]
    verdicts = [predictor.drift([records[i] for i in one]).verdict for one in classes]
    assert sum(one != "none" for one in verdicts) <= MOST
