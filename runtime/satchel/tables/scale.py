"""Whether a column of marks looks as if it were on another scale than the model's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from satchel.spec import Number, NumberBins, Spec
from satchel.tables.marks import full_marks
from satchel.values import plain

LOWEST = 0.1
BY_CHANCE = 0.05


class ScaleWatch:
    """Sees the values of one column go by.

    A column is suspect where all its values lie in the lowest tenth of the field's range, and
    so many training rows would not: few absences are no marks out of another total.

    Parameters
    ----------
    feature : Number
    spec : Spec
        Its reference says how many training rows lie there.
    column : str
        Name of the column, for the warning.
    """

    def __init__(self, feature: Number, spec: Spec, column: str) -> None:
        self._feature, self._column = feature, column
        self._low, self._high = (
            limit if limit is not None else (feature.seen or (0.0, 0.0))[i]
            for i, limit in enumerate(feature.limits)
        )
        self._threshold = self._low + LOWEST * (self._high - self._low)
        # A count of few steps, as of failures, is often at its lowest.
        few = feature.integer and self._threshold < self._low + 1
        self._watched = self._low < self._high and not few
        self._share = _share_below(spec, feature.name, self._threshold)
        self._count = 0

    def see(self, values: NDArray[np.float64]) -> None:
        """Look at the next values of the column, NaN where there is none."""
        if not self._watched:
            return
        numbers = values[~np.isnan(values)]
        if not len(numbers):
            return
        self._count += len(numbers)
        self._watched = bool(((numbers >= self._low) & (numbers <= self._threshold)).all())

    def warning(self) -> str:
        """Return what to say of the column, or nothing."""
        by_chance = self._share**self._count > BY_CHANCE
        if not self._watched or self._count < 2 or by_chance:
            return ""
        name = self._feature.name
        scaled = self._feature.limits[0] in (None, 0) and full_marks(self._feature) is not None
        remedy = f'; where they are out of another total: --map "{self._column}={name}/TOTAL"'
        return (
            f"all values of {name} lie in the lowest tenth of its range ({plain(self._low)} to "
            f"{plain(self._high)}): probably another scale{remedy if scaled else ''}"
        )


def _share_below(spec: Spec, name: str, threshold: float) -> float:
    """Return the share of training rows in the bins that reach below a threshold."""
    for bins in spec.reference.bins if spec.reference is not None else ():
        if isinstance(bins, NumberBins) and bins.feature == name:
            lower_edges = (-np.inf, *bins.edges)
            below = [
                s for edge, s in zip(lower_edges, bins.shares, strict=True) if edge < threshold
            ]
            return min(1.0, sum(below))
    return 0.0
