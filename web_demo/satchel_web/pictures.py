"""Pictures as numbers: where the bars of an SVG stand, for the templates to draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from satchel import ScoreDistribution
from satchel.values import plain

WIDTH, HEIGHT = 600.0, 140.0
MOST_BARS = 21


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
    scores = found.scores
    reach = (1.0, *found.reach)
    if found.whole:
        shares = [a - b for a, b in pairwise((*reach, 0.0))]
        step = min(b - a for a, b in pairwise(scores))
        edges = [scores[0] - step / 2]
        edges += [(a + b) / 2 for a, b in pairwise(scores)]
        edges.append(scores[-1] + step / 2)
        mark = None if pass_at is None else pass_at - step / 2
        return _picture(edges, shares, [plain(s) for s in scores], mark, scores[0], scores[-1])
    low, high = scores[0], scores[-1]
    edges = [low + (high - low) * i / 20 for i in range(21)]
    at = [found.probability_of(edge) for edge in edges]
    shares = [a - b for a, b in pairwise(at)]
    shares[-1] += at[-1]
    labels = [f"{plain(round(a))}-{plain(round(b))}" for a, b in pairwise(edges)]
    return _picture(edges, shares, labels, pass_at, low, high)


def of_scores(
    values: Sequence[float], limits: tuple[float, float], pass_at: float | None
) -> Picture:
    """Return how many students are expected to reach each range of scores."""
    low, high = limits
    whole = high - low <= MOST_BARS - 1 and all(value == int(value) for value in values)
    if whole:
        edges = [low - 0.5 + i for i in range(int(high - low) + 2)]
        pass_at = None if pass_at is None else pass_at - 0.5
        labels = [plain(low + i) for i in range(len(edges) - 1)]
    else:
        edges = [low + (high - low) * i / 20 for i in range(21)]
        labels = [f"{plain(round(a))}-{plain(round(b))}" for a, b in pairwise(edges)]
    counts = [0.0] * (len(edges) - 1)
    for value in values:
        place = sum(value >= edge for edge in edges[1:-1])
        counts[place] += 1
    return _picture(edges, counts, labels, pass_at, low, high)


def _picture(
    edges: Sequence[float],
    shares: Sequence[float],
    labels: Sequence[str],
    mark: float | None,
    low: float,
    high: float,
) -> Picture:
    left, span = edges[0], edges[-1] - edges[0]
    most = max(shares) or 1.0
    bars = []
    for i, (start, end) in enumerate(pairwise(edges)):
        x, width = (start - left) / span * WIDTH, (end - start) / span * WIDTH
        passed = mark is None or start >= mark - 1e-9
        height = max(0.0, shares[i]) / most * (HEIGHT - 10)
        bars.append(
            Bar(
                round(x + 1, 1), round(width - 2, 1), round(height, 1), shares[i], labels[i], passed
            )
        )
    place = None if mark is None else round((mark - left) / span * WIDTH, 1)
    return Picture(bars, place, plain(low), plain(high))
