"""Whether a column of marks looks as if it were on another scale than the model's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from satchel.sentence import Sentence
from satchel.spec import Number, NumberBins, Spec
from satchel.tables.mapping import takes_total
from satchel.values import plain, printable

LOWEST = 0.1
BY_CHANCE = 0.05
LEAST = 2  # values, to say anything of a column
SIBLINGS = 0.6  # of the upper limit: all values are below it, and a sibling has another total
TOTALS = (5, 10, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500, 1000)


class ScaleWatch:
    """Sees the values of one column go by.

    A column is suspect where most of its values are beyond the field's upper limit; or where all
    lie in the lowest tenth of its range, and so many training rows would not: few absences are no
    marks out of another total.

    Parameters
    ----------
    feature : Number
    spec : Spec
        Its reference says how many training rows lie there.
    column : str
        Name of the column, for the warning.
    """

    def __init__(self, feature: Number, spec: Spec, column: str) -> None:
        self._feature, self.column = feature, column
        self._low, self._high = (
            limit if limit is not None else (feature.seen or (0.0, 0.0))[i]
            for i, limit in enumerate(feature.limits)
        )
        self._threshold = self._low + LOWEST * (self._high - self._low)
        # A count of few steps, as of failures, is often at its lowest.
        few = feature.integer and self._threshold < self._low + 1
        self._low_so_far = self._low < self._high and not few
        self._share = _share_below(spec, feature.name, self._threshold)
        self._count = self._above = 0
        self._largest = -np.inf

    def see(self, values: NDArray[np.float64]) -> None:
        """Look at the next values of the column, NaN where there is none."""
        numbers = values[~np.isnan(values)]
        if not len(numbers):
            return
        self._count += len(numbers)
        self._largest = max(self._largest, float(numbers.max()))
        if self._feature.limits[1] is not None:
            self._above += int((numbers > self._feature.limits[1]).sum())
        self._low_so_far &= bool(((numbers >= self._low) & (numbers <= self._threshold)).all())

    def warning(self) -> Sentence | None:
        """Return what to say of the column, or nothing."""
        if self._count < LEAST:
            return None
        if self._above > self._count / 2:
            return self._too_high()
        by_chance = self._share**self._count > BY_CHANCE
        if not self._low_so_far or by_chance:
            return None
        name = self._feature.name
        total = next((total for total in (1, *TOTALS) if self._largest <= total), "TOTAL")
        remedy = f'; if they are out of {total}: --map "{printable(self.column)}={name}/{total}"'
        return Sentence(
            "Warning: all values of {field} lie in the lowest tenth of its range ({low} to "
            "{high}): probably another scale",
            remedy if takes_total(self._feature) else "",
            field=name,
            low=plain(self._low),
            high=plain(self._high),
        )

    def may_be_less(self) -> bool:
        """Whether all values are so low that they may be out of a smaller total."""
        return takes_total(self._feature) and self._largest <= SIBLINGS * self._high

    def largest(self) -> str:
        """Return the largest value that came by, in words."""
        return plain(self._largest)

    def _too_high(self) -> Sentence:
        name, high = self._feature.name, plain(self._high)
        total = next((total for total in TOTALS if self._largest <= total), None)
        if not takes_total(self._feature) or total is None:
            return Sentence(
                "Warning: most values of {field} are above {high}, its upper limit",
                field=name,
                high=high,
            )
        return Sentence(
            "Warning: most values of {field} are above {high}, its upper limit: they look as if "
            "they were out of {total}",
            f'; --map "{printable(self.column)}={name}/{total}" brings them to it',
            field=name,
            high=high,
            total=total,
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
