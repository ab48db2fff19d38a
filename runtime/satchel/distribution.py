"""A score as a distribution, and what is read off it: for one student, and for many.

Each formula stands twice, for Python's numbers and for arrays, in the same order of operations,
so that both give the same bits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from satchel.frozen import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@frozen()
class ScoreDistribution:
    """The probabilities of the scores that one student may reach.

    Attributes
    ----------
    scores : tuple of float
        Rising; the student has at least the first.
    reach : tuple of float
        The probability of each of them, or more, but the first: one fewer than `scores`, never
        rising.
    whole : bool
        Whether there are no scores between these. If not, the probability falls in a straight
        line from one to the next; what is left at the last is the probability of just that.
    """

    __module__ = "satchel"

    scores: tuple[float, ...]
    reach: tuple[float, ...]
    whole: bool = False

    @property
    def mean(self) -> float:
        """The expected score."""
        scores, reach = self.scores, self.reach
        total, before = scores[0], 1.0
        for i, share in enumerate(reach):
            height = share if self.whole else 0.5 * (before + share)
            total, before = total + (scores[i + 1] - scores[i]) * height, share
        return total

    @property
    def median(self) -> float:
        """The score that the student reaches as likely as not."""
        return self.quantile(0.5)

    def quantile(self, share: float) -> float:
        """Return the score that the student stays below with probability `share`, at most.

        Raises
        ------
        ValueError
            Where `share` does not lie between 0 and 1.
        """
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"share = {share} is no probability: give a number from 0 to 1")
        return quantile(self.scores, self.reach[::-1], self.whole, 1.0 - share)

    def interval(self, level: float) -> tuple[float, float]:
        """Return the central range of scores that holds at least a share `level`.

        Raises
        ------
        ValueError
            Where `level` does not lie between 0 and 1.
        """
        low, high = tails(level)
        return self.quantile(low), self.quantile(high)

    def probability_of(self, score: float) -> float:
        """Return the probability that the student reaches `score`: passes, if it is the mark."""
        return probability_of(Mark(self.scores, self.whole, score), self.reach[::-1])


class Mark:
    """Where a score lies among those of a distribution.

    Attributes
    ----------
    place : int
        Of the first that is no less, among `scores`; all of them where none is.
    part : float
        How much of the way from the one before lies before it; 1 where it is met, or where there
        is nothing between scores.
    """

    def __init__(self, scores: Sequence[float], whole: bool, score: float) -> None:
        self.place = bisect_left(scores, score)
        self.part = 1.0
        if not whole and 0 < self.place < len(scores):
            before, after = scores[self.place - 1], scores[self.place]
            self.part = (score - before) / (after - before)


class _OpenDistribution:
    # An ordinary class fills its slots in a third of the time that a frozen one takes, and may then
    # become the frozen one, whose slots are the same: see `satchel.prediction`.
    __slots__ = ("scores", "reach", "whole")  # noqa: RUF023  in the order of ScoreDistribution's

    def __init__(self, scores: tuple[float, ...], reach: tuple[float, ...], whole: bool) -> None:
        self.scores = scores
        self.reach = reach
        self.whole = whole
        self.__class__ = ScoreDistribution  # type: ignore[assignment]


make_distribution = cast(
    Callable[[tuple[float, ...], tuple[float, ...], bool], ScoreDistribution], _OpenDistribution
)


def probability_of(mark: Mark, rising: Sequence[float]) -> float:
    """Return the probability of reaching a mark; `rising` as for `quantile`."""
    place, part, count = mark.place, mark.part, len(rising)
    if not 0 < place <= count:
        return 0.0 if place else 1.0
    if part == 1.0:
        return rising[count - place]
    before = rising[count - place + 1] if place > 1 else 1.0
    return before + part * (rising[count - place] - before)


def probabilities_of(mark: Mark, reach: Floats) -> Floats:
    """Return the probability of reaching a mark for each row of `reach`, shape (rows,)."""
    rows, count = reach.shape
    place, part = mark.place, mark.part
    if not 0 < place <= count:
        return np.full(rows, 0.0 if place else 1.0)
    if part == 1.0:
        return reach[:, place - 1].copy()
    before = reach[:, place - 2] if place > 1 else np.ones(rows)
    found: Floats = before + part * (reach[:, place - 1] - before)
    return found


def tails(level: float) -> tuple[float, float]:
    """Return the shares below the bounds of the central interval of a level."""
    tail = 0.5 * (1.0 - level)
    return tail, 1.0 - tail


def quantile(scores: Sequence[float], rising: Sequence[float], whole: bool, above: float) -> float:
    """Return the highest score that is reached with probability `above`, at least.

    Parameters
    ----------
    scores : sequence of float
    rising : sequence of float
        The probabilities of reaching them, from the last one's: the least comes first.
    whole : bool
    above : float
        One less the share of the quantile.
    """
    count = len(rising)
    left = bisect_left(rising, above)
    place = count - left
    if whole or not left:
        return scores[place]
    before, after = rising[left] if place else 1.0, rising[left - 1]
    return scores[place] + (before - above) / (before - after) * (scores[place + 1] - scores[place])


def quantiles(scores: Floats, reach: Floats, whole: bool, share: float) -> Floats:
    """Return the quantile of each row of `reach`, shape (rows,)."""
    above = 1.0 - share
    place = np.count_nonzero(reach >= above, axis=1)
    found: Floats = scores[place]
    if whole:
        return found
    rows = np.flatnonzero(place < reach.shape[1])
    place = place[rows]
    before = np.where(place > 0, reach[rows, place - 1], 1.0)
    after = reach[rows, place]
    found[rows] = found[rows] + (before - above) / (before - after) * (
        scores[place + 1] - scores[place]
    )
    return found


def means(scores: Floats, reach: Floats, whole: bool) -> Floats:
    """Return the expected score of each row of `reach`, shape (rows,)."""
    total, before = np.full(len(reach), scores[0]), np.ones(len(reach))
    for i, share in enumerate(reach.T):
        height = share if whole else 0.5 * (before + share)
        total, before = total + (scores[i + 1] - scores[i]) * height, share
    return total


def settled(raw: Floats) -> Floats:
    """Return raw probabilities of shape (rows, k) inside 0 and 1, none of which rises."""
    reach: Floats = np.clip(raw, 0.0, 1.0) + 0.0  # no zero keeps a sign
    if not (reach[:, 1:] <= reach[:, :-1]).all():
        reach = -np.sort(-reach, axis=1) + 0.0
    return reach
