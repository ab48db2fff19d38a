import numpy as np
import pandas as pd
import pytest

from satchel_training.datasets.study import NOISE_VARIANCE, STUDY, best_pass_accuracy, expected


@pytest.fixture(scope="module")
def frame():
    return STUDY.load()


def test_the_rows_are_always_the_same(frame, tmp_path):
    assert len(frame) == 10_000
    pd.testing.assert_frame_equal(STUDY.load(tmp_path / "nowhere"), frame)


def test_the_inputs_are_spread_as_described(frame):
    hours, grade, other = (frame[field.name] for field in STUDY.fields[:3])
    assert (hours.min(), hours.max()) == pytest.approx((1, 10), abs=0.01)
    assert hours.mean() == pytest.approx(5.5, abs=0.1)
    assert (grade.min(), grade.max()) == pytest.approx((0, 100), abs=0.1)
    assert grade.mean() == pytest.approx(50, abs=1)
    assert (other.mean(), other.std()) == pytest.approx((0, 1), abs=0.03)
    assert frame.iloc[:, :3].corr().to_numpy() == pytest.approx(np.eye(3), abs=0.04)


def test_least_squares_finds_the_rule_again(frame):
    inputs = np.column_stack([np.ones(len(frame)), frame.iloc[:, :3]])
    found, *_ = np.linalg.lstsq(inputs, frame["Exam_Score"], rcond=None)
    assert found[0] == pytest.approx(0, abs=0.5)
    assert found[1:] == pytest.approx([4, 0.5, 3], abs=0.2)


def test_the_noise_has_its_variance_and_no_direction(frame):
    noise = frame["Exam_Score"] - expected(frame)
    assert noise.var() == pytest.approx(NOISE_VARIANCE, rel=0.05)
    assert noise.mean() == pytest.approx(0, abs=0.2)
    assert np.corrcoef(noise, expected(frame))[0, 1] == pytest.approx(0, abs=0.04)


def test_scores_are_not_clipped(frame):
    assert frame["Exam_Score"].min() < 0
    assert frame["Exam_Score"].max() > 100


def test_the_expected_score_is_computed_by_hand():
    rows = pd.DataFrame({"Study_Hours": [5], "Previous_Grade": [80], "Other_Factors": [-1]})
    assert expected(rows).tolist() == [57]


def test_no_other_threshold_tells_pass_from_fail_better(frame):
    passed = frame["Exam_Score"] >= 60
    shifted = [((expected(frame) >= at) == passed).mean() for at in (50, 55, 65, 70)]
    best = best_pass_accuracy(STUDY.rows, STUDY.seed)
    assert best == pytest.approx(0.934, abs=0.01)
    assert max(shifted) < best


def test_the_best_accuracy_is_that_of_the_rows_asked_for():
    assert best_pass_accuracy(1000, 1) == best_pass_accuracy(1000, 1)
    assert best_pass_accuracy(1000, 1) != best_pass_accuracy(1000, 2)
