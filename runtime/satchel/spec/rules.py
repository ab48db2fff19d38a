"""The checks that the classes of a spec make of themselves."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from satchel.errors import SpecError
from satchel.values import quoted

Bounds = tuple[float | None, float | None]


def require(condition: bool, message: str) -> None:
    """Raise a SpecError with `message` unless `condition` holds."""
    if not condition:
        raise SpecError(message)


def require_unique(names: Sequence[str], what: str) -> None:
    """Refuse names of which one stands twice."""
    if len(set(names)) < len(names):
        repeated = [name for name, count in Counter(names).items() if count > 1]
        raise SpecError(f"{what} named twice: {quoted(repeated)}")


def require_ordered(bounds: Bounds, what: str) -> None:
    """Refuse a lower bound above the upper one."""
    low, high = bounds
    require(low is None or high is None or low <= high, f"{what}: {low} is above {high}")


def within(number: float, bounds: Bounds) -> bool:
    """Whether `number` lies inside `bounds`."""
    low, high = bounds
    return (low is None or low <= number) and (high is None or number <= high)


def endpoints(bounds: Bounds) -> tuple[float, float]:
    """Return `bounds` with infinities where there is none."""
    low, high = bounds
    return -math.inf if low is None else low, math.inf if high is None else high


def require_shares(shares: tuple[float, ...], missing: float, what: str) -> None:
    """Refuse shares that do not make up a whole, and a share of missing values beyond 0 and 1."""
    whole = min(shares, default=-1) >= 0 and abs(sum(shares) - 1) < 1e-6
    require(whole and 0 <= missing <= 1, f"{what}: shares are not negative, and add up to 1")


def require_breakpoints(x: tuple[float, ...], y: tuple[float, ...], what: str) -> None:
    """Refuse breakpoints that are not as many in `y` as in `x`, or whose `x` does not increase."""
    require(len(x) == len(y) >= 1, f"{what}: x and y need the same number of points")
    require(all(a < b for a, b in pairwise(x)), f"{what}: x must increase")
