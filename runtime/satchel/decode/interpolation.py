"""Piecewise linear functions, with the same bits for one number and for many.

Not `numpy.interp`: a compiler may join its product and sum into one operation, as it does on
aarch64, and then nothing in Python gives the same last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Curve:
    """The function through the points (x, y), constant beyond its ends.

    Attributes
    ----------
    x, y : list of float
    rise, run : list of float
        From each point to the next; 0 and 1 at the last.
    """

    def __init__(self, x: Sequence[float], y: Sequence[float]) -> None:
        self.x, self.y = [*map(float, x)], [*map(float, y)]
        self.rise = [b - a for a, b in zip(self.y, self.y[1:], strict=False)] + [0.0]
        self.run = [b - a for a, b in zip(self.x, self.x[1:], strict=False)] + [1.0]

    def __call__(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return its values at many numbers; NaN at NaN."""
        x, y, rise, run = np.array((self.x, self.y, self.rise, self.run))
        numbers = np.clip(numbers, self.x[0], self.x[-1])
        i = np.minimum(np.searchsorted(x, numbers, "right"), len(x)) - 1
        found: NDArray[np.float64] = y[i] + rise[i] * ((numbers - x[i]) / run[i])
        return found
