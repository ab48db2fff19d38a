import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel import metrics

PAIRS = st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=20)
NUMERIC = ["mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score"]


def test_the_figures_of_a_small_example():
    y, guess = [1.0, 2.0, 4.0, 5.0], [1.0, 3.0, 2.0, 5.0]
    assert metrics.mean_squared_error(y, guess) == 1.25
    assert metrics.root_mean_squared_error(y, guess) == math.sqrt(1.25)
    assert metrics.mean_absolute_error(y, guess) == 0.75
    assert metrics.r2_score(y, guess) == 0.5
    assert metrics.accuracy_score(["a", "b", "b"], ["a", "b", "a"]) == 2 / 3


@pytest.mark.parametrize("name", NUMERIC)
@given(pairs=PAIRS)
def test_the_metrics_are_those_of_scikit_learn(name, pairs):
    oracle = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle")
    y, guess = np.array(pairs).T
    if name == "r2_score" and np.ptp(y) < 1e-6:
        return
    expected = getattr(oracle, name)(y, guess)
    assert getattr(metrics, name)(y, guess) == pytest.approx(expected, rel=1e-9)


def test_the_share_explained_of_a_constant_is_undefined():
    assert math.isnan(metrics.r2_score([3.0, 3.0], [3.0, 4.0]))


@pytest.mark.parametrize("name", [*NUMERIC, "accuracy_score"])
@pytest.mark.parametrize(
    ("y", "guess"), [([], []), ([1.0], [1.0, 2.0]), ([[1.0]], [[1.0]]), (1.0, 1.0), ([1.0], 1.0)]
)
def test_arrays_that_do_not_match_are_refused(name, y, guess):
    with pytest.raises(ValueError, match="two one-dimensional arrays of equal length"):
        getattr(metrics, name)(y, guess)
