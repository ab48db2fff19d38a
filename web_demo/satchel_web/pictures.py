"""Pictures as numbers: where the bars of an SVG stand, for the templates to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from satchel import ScoreDistribution
from satchel.values import plain

WIDTH, HEIGHT, HIGHEST = 600.0, 140.0, 130.0
GAP = 1.0  # on both sides of a bar
BARS = 20  # where scores are not whole
SLACK = 1e-9  # of a score


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its left edge, width and height in the units of the picture, and what it says."""

    x: float
    width: float
    height: float
    share: float
    label: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """Bars over a range of scores.

    Attributes
    ----------
    bars : list of Bar
    mark : float or None
        Where the pass mark stands.
    low, high : str
        What stands at both ends.
    """

    bars: Sequence[Bar]
    mark: float | None
    low: str
    high: str
    width: float = WIDTH
    height: float = HEIGHT


def of_distribution(found: ScoreDistribution, pass_at: float | None) -> Picture:
    """Return how likely each score, or each range of scores, is for one student."""
    scores, reach = found.scores, (1.0, *found.reach)
    low, high = scores[0], scores[-1]
    if found.whole:
        step = min(b - a for a, b in pairwise(scores))
        shares = [a - b for a, b in pairwise((*reach, 0.0))]
        ranges = [(score - step / 2, score + step / 2) for score in scores]
        mark = None if pass_at is None else pass_at - step / 2
        return _picture(ranges, shares, list(map(plain, scores)), mark, (low, high))
    ranges = list(pairwise(low + (high - low) * i / BARS for i in range(BARS + 1)))
    shares = [found.probability_of(a) - found.probability_of(b) for a, b in ranges]
    shares[-1] += found.probability_of(high)
    return _picture(ranges, shares, _labels(ranges), pass_at, (low, high))


def of_scores(
    values: Sequence[float], limits: tuple[float, float], pass_at: float | None
) -> Picture:
    """Return how many students are expected to reach each range of scores."""
    low, high = limits
    if high - low <= BARS and all(value == int(value) for value in values):
        scores = [low + i for i in range(int(high - low) + 1)]
        ranges = [(score - 0.5, score + 0.5) for score in scores]
        labels = list(map(plain, scores))
        mark = None if pass_at is None else pass_at - 0.5
    else:
        ranges = list(pairwise(low + (high - low) * i / BARS for i in range(BARS + 1)))
        labels, mark = _labels(ranges), pass_at
    counts = [0.0] * len(ranges)
    for value in values:
        counts[sum(value >= end for _, end in ranges[:-1])] += 1
    return _picture(ranges, counts, labels, mark, limits)


def _labels(ranges: Sequence[tuple[float, float]]) -> list[str]:
    return [f"{plain(round(start))}-{plain(round(end))}" for start, end in ranges]


def _picture(
    ranges: Sequence[tuple[float, float]],
    shares: Sequence[float],
    labels: Sequence[str],
    mark: float | None,
    ends: tuple[float, float],
) -> Picture:
    left, right = ranges[0][0], ranges[-1][1]
    most = max(shares) or 1.0

    def place(score: float) -> float:
        return round((score - left) / (right - left) * WIDTH, 1)

    bars = [
        Bar(
            place(start) + GAP,
            round(place(end) - place(start) - 2 * GAP, 1),
            round(max(0.0, share) / most * HIGHEST, 1),
            share,
            label,
            mark is None or start >= mark - SLACK,
        )
        for (start, end), share, label in zip(ranges, shares, labels, strict=True)
    ]
    low, high = map(plain, ends)
    return Picture(bars, None if mark is None else place(mark), low, high)
