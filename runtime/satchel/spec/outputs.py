"""What comes out of a model: scores, classes, segments, their uncertainty, and advice."""

import math
from itertools import pairwise
from typing import ClassVar, Self

from satchel.errors import SatchelError
from satchel.frozen import frozen
from satchel.spec.rules import (
    Bounds,
    require,
    require_breakpoints,
    require_ordered,
    require_unique,
    within,
)


@frozen(kw_only=True)
class Level:
    """Residual quantiles `low` and `high` that hold a share `level` of the targets."""

    level: float
    low: float
    high: float

    def __post_init__(self) -> None:
        require(0 < self.level < 1, "the level of an interval lies between 0 and 1")
        require_ordered((self.low, self.high), "residual quantiles")


@frozen(kw_only=True)
class Breakpoints:
    """A piecewise linear function through the points (x, y), constant beyond its ends."""

    x: tuple[float, ...]
    y: tuple[float, ...]

    def __post_init__(self) -> None:
        require_breakpoints(self.x, self.y, "breakpoints")


@frozen(kw_only=True)
class Intervals:
    """Prediction intervals ``value + quantile * scale(value)``.

    Attributes
    ----------
    levels : tuple of Level
        One per level; the first is the one shown where there is room for one.
    scale : Breakpoints or None
        Spread of the residuals as a function of the predicted value; 1 where None.
    """

    levels: tuple[Level, ...]
    scale: Breakpoints | None = None

    def __post_init__(self) -> None:
        require(bool(self.levels), "intervals need at least one level")
        require_unique([str(level.level) for level in self.levels], "level")
        if self.scale is not None:
            require(min(self.scale.y) >= 0, "the scale of an interval is not negative")


@frozen(kw_only=True)
class Sigmoid:
    """Calibration ``1 / (1 + exp(a * raw + b))`` (Platt 1999)."""

    kind: ClassVar[str] = "sigmoid"
    a: float
    b: float


@frozen(kw_only=True)
class Isotonic:
    """Calibration by the piecewise linear function of an isotonic regression."""

    kind: ClassVar[str] = "isotonic"
    x: tuple[float, ...]
    y: tuple[float, ...]

    def __post_init__(self) -> None:
        require_breakpoints(self.x, self.y, "isotonic calibration")
        require(
            all(a <= b for a, b in pairwise(self.y)),
            "isotonic calibration: y must not decrease",
        )
        require(self.y[0] >= 0 and self.y[-1] <= 1, "isotonic calibration: y is a probability")


Calibration = Sigmoid | Isotonic


@frozen(kw_only=True)
class Regression:
    """A score: ``raw * scale + mean``, brought inside `limits`, rounded.

    The graph's output is float32 of shape (batch, 1).

    Attributes
    ----------
    decimals : int or None
        Decimal places that are kept; None for all.
    pass_at : float or None
        The score from which on a student has passed: the second of `pass_labels`.
    calibration : Sigmoid, Isotonic or None
        From the predicted score, before rounding, to the probability of passing. Then the label
        is the likelier one; without it, that of the side on which the predicted score lies.
    """

    kind: ClassVar[str] = "regression"
    name: str
    label: str
    unit: str = ""
    mean: float = 0.0
    scale: float = 1.0
    limits: Bounds = (None, None)
    decimals: int | None = None
    pass_at: float | None = None
    pass_labels: tuple[str, str] = ("fail", "pass")
    intervals: Intervals | None = None
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        require(self.scale > 0, f"scale of {self.name} must be above 0")
        require_ordered(self.limits, f"limits of {self.name}")
        require(
            self.calibration is None or self.pass_at is not None,
            f"{self.name}: a probability of passing needs a pass mark",
        )
        require(
            self.decimals is None or 0 <= self.decimals <= 15,
            f"decimals of {self.name} must be between 0 and 15",
        )

    @property
    def passing(self) -> str | None:
        """The label of those who pass; None where no pass mark is known."""
        return None if self.pass_at is None else self.pass_labels[1]

    @property
    def gives_probability(self) -> bool:
        """Whether an answer has a probability of passing."""
        return self.calibration is not None

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels of the intervals of an answer."""
        return () if self.intervals is None else tuple([one.level for one in self.intervals.levels])


@frozen(kw_only=True)
class Distribution:
    """A score, given by the probability of reaching each of a ladder of scores.

    The graph's output is float32 of shape (batch, len(scores) - 1): the probability of `scores[1]`
    or more, of `scores[2]` or more, and so on. It should not rise along a row; where it does, the
    row is sorted (the monotone rearrangement of Chernozhukov, Fernandez-Val and Galichon 2010).

    Attributes
    ----------
    scores : tuple of float
        At least two, rising. Every student has at least the first.
    whole : bool
        Whether there are no scores between these. If not, the probability falls in a straight
        line from one to the next.
    limits : (float or None, float or None)
        The least and the most that can be scored. The first score is no less, the last no more.
    decimals : int or None
        Decimal places that are kept; None for all.
    pass_at : float or None
        The score from which on a student has passed: the second of `pass_labels`.
    levels : tuple of float
        Levels of the central intervals that are shown, the first where there is room for one.
    """

    kind: ClassVar[str] = "distribution"
    name: str
    label: str
    scores: tuple[float, ...]
    whole: bool = False
    unit: str = ""
    limits: Bounds = (None, None)
    decimals: int | None = None
    pass_at: float | None = None
    pass_labels: tuple[str, str] = ("fail", "pass")
    levels: tuple[float, ...] = (0.8, 0.9)

    def __post_init__(self) -> None:
        name, scores = self.name, self.scores
        require(len(scores) >= 2, f"{name} needs at least two scores")
        require(all(a < b for a, b in pairwise(scores)), f"scores of {name} must increase")
        require_ordered(self.limits, f"limits of {name}")
        require(
            within(scores[0], self.limits) and within(scores[-1], self.limits),
            f"scores of {name} must lie inside its limits",
        )
        require(
            self.decimals is None or 0 <= self.decimals <= 15,
            f"decimals of {name} must be between 0 and 15",
        )
        require(
            self.pass_at is None or scores[0] < self.pass_at <= scores[-1],
            f"the pass mark of {name} must lie above {scores[0]:g}, and not above {scores[-1]:g}",
        )
        require_unique([str(level) for level in self.levels], f"level of {name}")
        require(
            all(0 < level < 1 for level in self.levels),
            "the level of an interval lies between 0 and 1",
        )

    @property
    def passing(self) -> str | None:
        """The label of those who pass; None where no pass mark is known."""
        return None if self.pass_at is None else self.pass_labels[1]

    @property
    def gives_probability(self) -> bool:
        """Whether an answer has a probability of passing."""
        return self.pass_at is not None

    def passing_at(self, mark: float | str) -> Self:
        """Return the output with another pass mark; see `Spec.passing_at`."""
        from dataclasses import replace

        number = self._mark(mark) if isinstance(mark, str) else float(mark)
        if not self.scores[0] < number <= self.scores[-1]:
            raise SatchelError(
                "pass mark {mark} is not among the scores of {output}: give one above {low:g}, and "
                "not above {high:g}",
                mark=mark,
                output=self.name,
                low=self.scores[0],
                high=self.scores[-1],
            )
        return replace(self, pass_at=number)

    def _mark(self, text: str) -> float:
        mark, slash, total = text.partition("/")
        try:
            number, whole = float(mark), float(total or 1)
        except ValueError:
            number = whole = math.nan
        if not (math.isfinite(number) and 0 < whole < math.inf):
            raise SatchelError(
                "pass mark {mark!r} is no number: give one such as 8 or 40/100", mark=text
            )
        if not slash:
            return number
        if self.limits[0] != 0 or self.limits[1] is None:
            raise SatchelError(
                "pass mark {mark!r}: the most that {output} can be is not known, so give the mark "
                "as it stands, without a total",
                mark=text,
                output=self.name,
            )
        return number / whole * self.limits[1]


@frozen(kw_only=True)
class Classes:
    """One of several labels, each with a probability.

    The graph's output is float32 of shape (batch, labels), or (batch, 1) where there are two
    labels: then it is the score of the `positive` one.

    Attributes
    ----------
    positive : str or None
        The label whose probability is meant by *the* probability; needed for two labels.
    threshold : float
        Of two labels, the positive one is given from this probability on.
    calibration : Sigmoid, Isotonic or None
        From the graph's score of the positive label to its probability; two labels only.
    """

    kind: ClassVar[str] = "classes"
    name: str
    label: str
    labels: tuple[str, ...]
    positive: str | None = None
    threshold: float = 0.5
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        require(len(self.labels) >= 2, f"{self.name} needs at least two labels")
        require_unique(self.labels, f"label of {self.name}")
        require(
            self.positive in self.labels or (self.positive is None and len(self.labels) > 2),
            f"the positive label of {self.name} is not one of its labels",
        )
        require(0 < self.threshold < 1, f"threshold of {self.name} lies between 0 and 1")
        require(
            self.calibration is None or len(self.labels) == 2,
            f"{self.name}: calibration is for two labels",
        )

    @property
    def passing(self) -> str | None:
        """The positive label where it is that of those who pass: ``pass``, in any case."""
        passes = self.positive is not None and self.positive.casefold() == "pass"
        return self.positive if passes else None


@frozen(kw_only=True)
class Segment:
    """A group of similar students: the graph's output is int64 of shape (batch,)."""

    kind: ClassVar[str] = "segment"
    name: str
    label: str
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        require(len(self.labels) >= 1, f"{self.name} needs labels")
        require_unique(self.labels, f"label of {self.name}")


Score = Regression | Distribution
Output = Regression | Distribution | Classes | Segment


@frozen(kw_only=True)
class Recommendation:
    """One sentence for one label and, where there are segments, one segment."""

    label: str
    segment: str | None = None
    text: str


@frozen(kw_only=True)
class Advice:
    """A table from the label of one output, and the segment of another, to a sentence."""

    output: str
    segment: str | None = None
    table: tuple[Recommendation, ...]

    def __post_init__(self) -> None:
        require_unique([f"{row.label}/{row.segment}" for row in self.table], "recommendation")
