"""The calibration of distributions: a scale and a shift of log odds, judged on other rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel_training.scaling import Scaling, fit_scaling


def shaken(scale, shift, seed=0):
    """Probabilities whose log odds are wrong by a scale and a shift, and what came true."""
    rng = np.random.default_rng(seed)
    logit = -np.sort(-rng.normal(size=(20_000, 3)) * 1.5, axis=1)
    reached = (rng.random(logit.shape) < 1 / (1 + np.exp(-logit))).astype(float)
    return 1 / (1 + np.exp(-(logit - shift) / scale)), reached


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (2.0, 0.3), (0.5, -1.0)])
def test_the_scale_and_shift_that_are_missing_are_found(scale, shift):
    found = fit_scaling(*shaken(scale, shift))
    assert found.scale == pytest.approx(scale, rel=0.05)
    assert found.shift == pytest.approx(shift, abs=0.05)


@given(scale=st.floats(0.01, 50), shift=st.floats(-9, 9), shares=st.lists(st.floats(0, 1)))
def test_the_order_of_probabilities_stays(scale, shift, shares):
    found = Scaling(scale, shift)(np.sort(shares))
    assert (np.diff(found) >= 0).all()
    assert ((found >= 0) & (found <= 1)).all()


def test_the_scale_never_turns_an_answer_round():
    reach, reached = shaken(1.0, 0.0)
    assert fit_scaling(reach, 1 - reached).scale > 0
