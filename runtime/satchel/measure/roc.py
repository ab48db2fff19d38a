"""ROC curves of several groups, and the area between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def largest_area(counts: NDArray[np.int64]) -> float:
    """Return the largest area between two ROC curves, over all pairs of groups.

    It is the absolute difference of the true positive rates, integrated over the false positive
    rate: the ABROCA of Gardner, Brooks and Baker 2019, without the error of a grid.

    Parameters
    ----------
    counts : ndarray, shape (groups, 2, levels)
        Rows that did not come true and that did, with a score of at least each level, from the
        highest level on. A group that lacks either has no curve.

    Returns
    -------
    float
        NaN where fewer than two groups have a curve.
    """
    counts = counts[(counts[:, :, -1] > 0).all(axis=1)]
    if len(counts) < 2:
        return float("nan")
    rates = counts / counts[:, :, -1:]
    rates = np.concatenate([np.zeros((len(rates), 2, 1)), rates], axis=2)
    # Between two knots every curve is a line. It is read inside, off the steps at the knots.
    knots = np.unique(rates[:, 0])
    width = np.diff(knots)
    first, last = (
        np.array([np.interp(x, false, true) for false, true in rates])
        for x in (knots[:-1] + width / 4, knots[:-1] + width * 3 / 4)
    )
    left, right = (3 * first - last) / 2, (3 * last - first) / 2
    return max(
        float(_between(left[i] - left[i + 1 :], right[i] - right[i + 1 :], width).max())
        for i in range(len(rates) - 1)
    )


def _between(left: Floats, right: Floats, width: Floats) -> Floats:
    """Return the areas between lines and zero, given at both ends, summed along the last axis."""
    ends = np.abs(left) + np.abs(right)
    crossing = left * right < 0
    # Two triangles where the line crosses zero, a trapezium elsewhere.
    height = np.where(crossing, (left**2 + right**2) / np.where(ends, ends, 1.0), ends)
    return np.asarray((height * width / 2).sum(axis=-1))
