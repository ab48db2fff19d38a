"""What is known of a model: reference, checks, and the card for people."""

from collections.abc import Mapping
from itertools import pairwise
from typing import ClassVar

from satchel.frozen import frozen
from satchel.spec.rules import require, require_shares

Value = str | float | None

# The protocols by which a figure may have been measured.
ALL_ROWS = "cross-validation on all rows"
CHOICE = "cross-validation on the training part"
TEST = "test split"
FRESH = "fresh rows of the generator"
WITHOUT = "cross-validation without sensitive inputs"


@frozen(kw_only=True)
class NumberBins:
    """Shares of the training rows in the bins that `edges` cut, the outer ones open.

    `shares` has one entry more than `edges`; `missing` is the share of missing values.
    """

    kind: ClassVar[str] = "number"
    feature: str
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    missing: float = 0.0

    def __post_init__(self) -> None:
        require(len(self.shares) == len(self.edges) + 1, f"bins of {self.feature}: wrong count")
        increasing = all(a < b for a, b in pairwise(self.edges))
        require(increasing, f"bins of {self.feature}: edges must increase")
        require_shares(self.shares, self.missing, f"bins of {self.feature}")


@frozen(kw_only=True)
class CategoryBins:
    """Shares of the training rows per category, in the order of the feature's values."""

    kind: ClassVar[str] = "category"
    feature: str
    shares: tuple[float, ...]
    missing: float = 0.0

    def __post_init__(self) -> None:
        require_shares(self.shares, self.missing, f"bins of {self.feature}")


@frozen(kw_only=True)
class Reference:
    """What drift and Shapley values compare with: binned shares and invented records.

    Attributes
    ----------
    bins : tuple of NumberBins or CategoryBins
        Of the features, in the training rows.
    background : tuple of mapping
        Invented records that follow those bins, field by field.
    outputs : tuple of NumberBins or CategoryBins
        Of the predictions for rows that the model had not seen; `feature` is the output's name,
        and categories are its labels.
    rows : int
        Training rows that the shares are of; 0 where that is not known.
    """

    bins: tuple[NumberBins | CategoryBins, ...] = ()
    background: tuple[Mapping[str, Value], ...] = ()
    outputs: tuple[NumberBins | CategoryBins, ...] = ()
    rows: int = 0

    def __post_init__(self) -> None:
        require(self.rows >= 0, "a reference is of no fewer than 0 rows")


@frozen(kw_only=True)
class Check:
    """An invented record, and the raw outputs that the training framework gave for it."""

    record: Mapping[str, Value]
    outputs: Mapping[str, tuple[float, ...]]


@frozen(kw_only=True)
class Source:
    """Where the training data come from.

    Attributes
    ----------
    synthetic : bool
        Whether they were made by a program.
    rule : str
        What they follow, where they look real but obey a simple rule; empty otherwise.
    collection, composition, known_issues : str
        The datasheet in short (Gebru et al. 2021): how they were collected, what a row is, what
        to beware of.
    """

    name: str
    url: str
    licence: str
    rows: int
    synthetic: bool = False
    rule: str = ""
    collection: str = ""
    composition: str = ""
    known_issues: str = ""


@frozen(kw_only=True)
class Metric:
    """One figure, how it was measured, and what it stands beside.

    Attributes
    ----------
    protocol : str
        The rows and the way: ``test split``, ``10-fold cross-validation``.
    naive : float or None
        The same figure for the naive guess that `Card.naive` describes.
    published : float or None
        The best published figure under a like protocol.
    ceiling : float or None
        The best that any model could reach, where that is known.
    bounds : (float, float) or None
        A 95 % interval around the value, where chance matters.
    """

    output: str
    name: str
    protocol: str
    value: float
    naive: float | None = None
    published: float | None = None
    ceiling: float | None = None
    bounds: tuple[float, float] | None = None


@frozen(kw_only=True)
class Importance:
    """By how much a loss grows when the values of one feature are shuffled among the rows.

    Attributes
    ----------
    value, spread : float
        Mean and standard deviation over the shuffles, as the loss of `Card.measure`.
    """

    feature: str
    value: float
    spread: float


@frozen(kw_only=True)
class Sweep:
    """What was seen when one field went through its values, all else equal, record by record.

    Attributes
    ----------
    feature : str
        A field that the spec calls monotonic.
    answers : int
        How many answers were compared with the one before.
    worst : float
        The furthest that a probability moved the wrong way: what rounding explains.
    """

    feature: str
    answers: int
    worst: float


@frozen(kw_only=True)
class Group:
    """Figures of the members of one group.

    Attributes
    ----------
    figures : mapping
        From the name of a figure to its value and the bounds of its 95 % bootstrap interval.
    """

    output: str
    feature: str
    group: str
    rows: int
    figures: Mapping[str, tuple[float, float, float]]


@frozen(kw_only=True)
class Disparity:
    """By how much a figure differs between the groups of one feature.

    Attributes
    ----------
    value, low, high : float
        The largest difference, and the bounds of its 95 % bootstrap interval.
    chance : float
        What groups drawn by lot would exceed once in twenty times.
    """

    output: str
    feature: str
    name: str
    value: float
    low: float
    high: float
    chance: float

    @property
    def by_chance(self) -> bool:
        """Whether groups drawn by lot may differ as much."""
        return self.value <= self.chance


@frozen(kw_only=True)
class Fairness:
    """How a model treats the groups of its sensitive features.

    Attributes
    ----------
    protocol : str
        The rows that it was measured on.
    """

    protocol: str
    groups: tuple[Group, ...] = ()
    disparities: tuple[Disparity, ...] = ()


@frozen(kw_only=True)
class Card:
    """What a person should know before using the model (Mitchell et al. 2019).

    Attributes
    ----------
    measure : str
        The metric that the task's models are compared by.
    """

    title: str
    headline: str
    source: Source
    split: str
    naive: str
    metrics: tuple[Metric, ...]
    created: str
    versions: Mapping[str, str]
    intended_use: str
    unintended_use: str
    measure: str = "rmse"
    limitations: tuple[str, ...] = ()
    importance: tuple[Importance, ...] = ()
    fairness: Fairness | None = None
    sweeps: tuple[Sweep, ...] = ()

    def metric(self, name: str, protocol: str) -> Metric | None:
        """Return the figure of that name and protocol, of the first output that has it."""
        found = (m for m in self.metrics if (m.name, m.protocol) == (name, protocol))
        return next(found, None)
