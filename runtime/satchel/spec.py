"""The contract between export and runtime: what goes in, what comes out, what is known of it.

A spec travels as JSON in the metadata of an ONNX graph. It holds numbers and names only; the
operations are a closed set, and nothing in it is ever evaluated. Each class checks itself when
it is made, so a spec that exists is one that holds together.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal, get_args

from satchel.dataclass_json import from_plain, to_plain
from satchel.errors import SpecError

SPEC_VERSION = 1
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

Bounds = tuple[float | None, float | None]
Value = str | float | None


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise SpecError(message)


def _require_unique(names: Iterable[str], what: str) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    _require(not repeated, f"{what} named twice: {repeated}")


def _require_ordered(bounds: Bounds, what: str) -> None:
    low, high = bounds
    _require(low is None or high is None or low <= high, f"{what}: {low} is above {high}")


def _within(number: float, bounds: Bounds) -> bool:
    low, high = bounds
    return (low is None or low <= number) and (high is None or number <= high)


def _require_breakpoints(x: tuple[float, ...], y: tuple[float, ...], what: str) -> None:
    _require(len(x) == len(y) >= 1, f"{what}: x and y need the same number of points")
    _require(all(a < b for a, b in pairwise(x)), f"{what}: x must increase")


# ---- inputs ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A numeric feature.

    Attributes
    ----------
    name : str
        Field name in a record.
    label, help, unit : str
        Text for people.
    integer : bool
        Whether only whole numbers are allowed.
    limits : (float or None, float or None)
        Values outside are refused.
    clip : (float or None, float or None)
        Values outside are brought to the nearer bound, with a note.
    seen : (float, float) or None
        Range of the training data; outside it a note is given.
    imputed : float or None
        Replaces a missing value; None where a value must be given.
    required : bool
        Whether the field must be there (it may still be blank if `imputed` is set).
    sensitive : bool
        Named in the fairness report; may be left blank.
    actionable : bool
        Something that a school or pupil can change.
    """

    kind: ClassVar[str] = "number"
    name: str
    label: str
    help: str = ""
    unit: str = ""
    integer: bool = False
    limits: Bounds = (None, None)
    clip: Bounds = (None, None)
    seen: tuple[float, float] | None = None
    imputed: float | None = None
    required: bool = True
    sensitive: bool = False
    actionable: bool = False

    def __post_init__(self) -> None:
        _require(bool(self.name), "a feature needs a name")
        _require_ordered(self.limits, f"limits of {self.name}")
        _require_ordered(self.clip, f"clipping bounds of {self.name}")
        _require_ordered(self.seen or (None, None), f"range seen of {self.name}")
        for bounds in (self.limits, self.clip):
            _require(
                self.imputed is None or _within(self.imputed, bounds),
                f"imputed value of {self.name} is out of bounds",
            )
        _require(
            self.required or self.imputed is not None,
            f"{self.name} is optional, so it needs an imputed value",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Category:
    """A categorical feature.

    Attributes
    ----------
    values : tuple of str
        The categories, in their order if `ordered`.
    value_labels : tuple of str
        Text for people, one per value; empty where the values speak for themselves.
    ordered : bool
        Whether the values are ordinal.

    The other attributes are those of `Number`.
    """

    kind: ClassVar[str] = "category"
    name: str
    label: str
    values: tuple[str, ...]
    value_labels: tuple[str, ...] = ()
    help: str = ""
    ordered: bool = False
    imputed: str | None = None
    required: bool = True
    sensitive: bool = False
    actionable: bool = False

    def __post_init__(self) -> None:
        _require(bool(self.name), "a feature needs a name")
        _require(len(self.values) >= 1, f"{self.name} has no values")
        _require_unique(self.values, f"value of {self.name}")
        _require(
            all(value and value == value.strip() for value in self.values),
            f"values of {self.name} may not be blank or begin or end with a space",
        )
        _require(
            len(self.value_labels) in (0, len(self.values)),
            f"{self.name} needs one label per value",
        )
        _require(
            self.imputed is None or self.imputed in self.values,
            f"imputed value of {self.name} is not one of its values",
        )
        _require(
            self.required or self.imputed is not None,
            f"{self.name} is optional, so it needs an imputed value",
        )


Feature = Number | Category
Operation = Literal["sum", "mean", "std", "weighted_sum", "ratio"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Derived:
    """A number computed from numeric features or from earlier derived numbers.

    Attributes
    ----------
    operation : str
        ``sum``, ``mean``, ``std`` (with `ddof`), ``weighted_sum`` (with `weights`), or
        ``ratio``: the first input over the second plus `offset`.
    """

    name: str
    operation: Operation
    inputs: tuple[str, ...]
    weights: tuple[float, ...] = ()
    ddof: int = 0
    offset: float = 0.0

    def __post_init__(self) -> None:
        _require(bool(self.name), "a derived feature needs a name")
        _require(
            self.operation in get_args(Operation),
            f"{self.name}: no operation {self.operation!r}; there are {get_args(Operation)}",
        )
        _require(bool(self.inputs), f"{self.name} has no inputs")
        if self.operation == "weighted_sum":
            _require(len(self.weights) == len(self.inputs), f"{self.name}: one weight per input")
        if self.operation == "std":
            _require(0 <= self.ddof < len(self.inputs), f"{self.name}: ddof out of place")
        if self.operation == "ratio":
            _require(len(self.inputs) == 2, f"{self.name}: a ratio has two inputs")


@dataclass(frozen=True, kw_only=True, slots=True)
class Standard:
    """Column ``(source - mean) / scale``."""

    kind: ClassVar[str] = "standard"
    source: str
    mean: float
    scale: float

    def __post_init__(self) -> None:
        _require(self.scale > 0, f"scale of {self.source} must be above 0")


@dataclass(frozen=True, kw_only=True, slots=True)
class MinMax:
    """Column ``(source - minimum) / (maximum - minimum)``."""

    kind: ClassVar[str] = "min-max"
    source: str
    minimum: float
    maximum: float

    def __post_init__(self) -> None:
        span = self.maximum - self.minimum
        _require(0 < span < math.inf, f"{self.source}: maximum must be above minimum")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ordinal:
    """Column ``(position of the category - mean) / scale``, positions counted from 0."""

    kind: ClassVar[str] = "ordinal"
    source: str
    mean: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        _require(self.scale > 0, f"scale of {self.source} must be above 0")


@dataclass(frozen=True, kw_only=True, slots=True)
class OneHot:
    """Column 1 where the category is `value`, else 0."""

    kind: ClassVar[str] = "one-hot"
    source: str
    value: str


Column = Standard | MinMax | Ordinal | OneHot


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """All that the encoder needs.

    Attributes
    ----------
    features : tuple of Number or Category
        The raw fields of a record.
    columns : tuple of Column
        The columns of the encoded matrix, in its order.
    derived : tuple of Derived
        Numbers computed between the two, in order.
    ignored : tuple of str
        Fields of the task that this model does not use: accepted, with a note.
    """

    features: tuple[Feature, ...]
    columns: tuple[Column, ...]
    derived: tuple[Derived, ...] = ()
    ignored: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require(bool(self.columns), "a model needs at least one column")
        names = [feature.name for feature in self.features]
        _require_unique([*names, *self.ignored, *(d.name for d in self.derived)], "field")
        numbers = {f.name for f in self.features if isinstance(f, Number)}
        categories = {f.name: f for f in self.features if isinstance(f, Category)}
        for derived in self.derived:
            for source in derived.inputs:
                _require(
                    source in numbers,
                    f"{derived.name} needs {source}, which is no number known before it",
                )
            numbers.add(derived.name)
        for column in self.columns:
            source = column.source
            if isinstance(column, Standard | MinMax):
                _require(source in numbers, f"a column needs the number {source}: unknown")
                continue
            _require(source in categories, f"a column needs the category {source}: unknown")
            if isinstance(column, OneHot):
                known = column.value in categories[source].values
                _require(known, f"a column needs {source} = {column.value!r}: unknown")
            else:
                _require(categories[source].ordered, f"{source} is not ordered")


# ---- outputs ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """Residual quantiles `low` and `high` that hold a share `level` of the targets."""

    level: float
    low: float
    high: float

    def __post_init__(self) -> None:
        _require(0 < self.level < 1, "the level of an interval lies between 0 and 1")
        _require_ordered((self.low, self.high), "residual quantiles")


@dataclass(frozen=True, kw_only=True, slots=True)
class Breakpoints:
    """A piecewise linear function through the points (x, y), constant beyond its ends."""

    x: tuple[float, ...]
    y: tuple[float, ...]

    def __post_init__(self) -> None:
        _require_breakpoints(self.x, self.y, "breakpoints")


@dataclass(frozen=True, kw_only=True, slots=True)
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
        _require(bool(self.levels), "intervals need at least one level")
        _require_unique([str(level.level) for level in self.levels], "level")
        if self.scale is not None:
            _require(min(self.scale.y) >= 0, "the scale of an interval is not negative")


@dataclass(frozen=True, kw_only=True, slots=True)
class Regression:
    """A score: ``raw * scale + mean``, brought inside `limits`, rounded.

    The graph's output is float32 of shape (batch, 1).

    Attributes
    ----------
    decimals : int or None
        Decimal places that are kept; None for all.
    pass_at : float or None
        The score from which on the label is the second of `pass_labels`.
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

    def __post_init__(self) -> None:
        _require(self.scale > 0, f"scale of {self.name} must be above 0")
        _require_ordered(self.limits, f"limits of {self.name}")
        _require(
            self.decimals is None or 0 <= self.decimals <= 15,
            f"decimals of {self.name} must be between 0 and 15",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Sigmoid:
    """Calibration ``1 / (1 + exp(a * raw + b))`` (Platt 1999)."""

    kind: ClassVar[str] = "sigmoid"
    a: float
    b: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Isotonic:
    """Calibration by the piecewise linear function of an isotonic regression."""

    kind: ClassVar[str] = "isotonic"
    x: tuple[float, ...]
    y: tuple[float, ...]

    def __post_init__(self) -> None:
        _require_breakpoints(self.x, self.y, "isotonic calibration")
        _require(
            all(a <= b for a, b in pairwise(self.y)),
            "isotonic calibration: y must not decrease",
        )
        _require(self.y[0] >= 0 and self.y[-1] <= 1, "isotonic calibration: y is a probability")


@dataclass(frozen=True, kw_only=True, slots=True)
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
    calibration: Sigmoid | Isotonic | None = None

    def __post_init__(self) -> None:
        _require(len(self.labels) >= 2, f"{self.name} needs at least two labels")
        _require_unique(self.labels, f"label of {self.name}")
        _require(
            self.positive in self.labels or (self.positive is None and len(self.labels) > 2),
            f"the positive label of {self.name} is not one of its labels",
        )
        _require(0 < self.threshold < 1, f"threshold of {self.name} lies between 0 and 1")
        _require(
            self.calibration is None or len(self.labels) == 2,
            f"{self.name}: calibration is for two labels",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A group of similar students: the graph's output is int64 of shape (batch,)."""

    kind: ClassVar[str] = "segment"
    name: str
    label: str
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        _require(len(self.labels) >= 1, f"{self.name} needs labels")
        _require_unique(self.labels, f"label of {self.name}")


Output = Regression | Classes | Segment


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommendation:
    """One sentence for one label and, where there are segments, one segment."""

    label: str
    segment: str | None = None
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """A table from the label of one output, and the segment of another, to a sentence."""

    output: str
    segment: str | None = None
    table: tuple[Recommendation, ...]

    def __post_init__(self) -> None:
        _require_unique([f"{row.label}/{row.segment}" for row in self.table], "recommendation")


# ---- what is known of it ---------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
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
        _require(len(self.shares) == len(self.edges) + 1, f"bins of {self.feature}: wrong count")
        increasing = all(a < b for a, b in pairwise(self.edges))
        _require(increasing, f"bins of {self.feature}: edges must increase")


@dataclass(frozen=True, kw_only=True, slots=True)
class CategoryBins:
    """Shares of the training rows per category, in the order of the feature's values."""

    kind: ClassVar[str] = "category"
    feature: str
    shares: tuple[float, ...]
    missing: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """What drift and Shapley values compare with: binned shares and invented records."""

    bins: tuple[NumberBins | CategoryBins, ...] = ()
    background: tuple[Mapping[str, Value], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """An invented record, and the raw outputs that the training framework gave for it."""

    record: Mapping[str, Value]
    outputs: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where the training data come from."""

    name: str
    url: str
    licence: str
    rows: int
    synthetic: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
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
    """

    output: str
    name: str
    protocol: str
    value: float
    naive: float | None = None
    published: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupMetric:
    """One figure for the members of one group."""

    feature: str
    group: str
    rows: int
    name: str
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What a person should know before using the model (Mitchell et al. 2019)."""

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
    limitations: tuple[str, ...] = ()
    fairness: tuple[GroupMetric, ...] = ()

    def metric(self, name: str, protocol: str) -> Metric | None:
        """Return the figure of that name and protocol, of the first output that has it."""
        found = (m for m in self.metrics if (m.name, m.protocol) == (name, protocol))
        return next(found, None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spec:
    """The whole contract of one bundle.

    Attributes
    ----------
    task, model : str
        The bundle's name is ``task.model``.
    version : str
        Version of the bundle, ``1.0.0``.
    spec_version : int
        Version of this format.
    """

    task: str
    model: str
    version: str
    inputs: Inputs
    outputs: tuple[Output, ...]
    card: Card
    advice: Advice | None = None
    reference: Reference = Reference()
    checks: tuple[Check, ...] = ()
    spec_version: int = SPEC_VERSION

    def __post_init__(self) -> None:
        for part in (self.task, self.model):
            named = NAME.fullmatch(part) is not None
            _require(named, f"{part!r} is no name: small letters, digits and single hyphens")
        _require(bool(self.outputs), "a model needs at least one output")
        _require_unique([output.name for output in self.outputs], "output")
        _require(
            sum(isinstance(output, Segment) for output in self.outputs) <= 1,
            "a model has at most one segment",
        )
        if self.advice is not None:
            self._check_advice(self.advice)
        known = {feature.name: feature for feature in self.inputs.features}
        for bins in self.reference.bins:
            feature = known.get(bins.feature)
            if isinstance(bins, NumberBins):
                fits = isinstance(feature, Number)
            else:
                fits = isinstance(feature, Category) and len(bins.shares) == len(feature.values)
            _require(fits, f"bins of {bins.feature} do not fit a feature of that name")
        widths = {
            output.name: {len(output.labels), 1} if isinstance(output, Classes) else {1}
            for output in self.outputs
        }
        for check in self.checks:
            held = check.outputs.keys() == widths.keys() and all(
                len(check.outputs[name]) in width for name, width in widths.items()
            )
            _require(held, "a check needs the values of every output")

    def _check_advice(self, advice: Advice) -> None:
        outputs = {output.name: output for output in self.outputs}
        scored = outputs.get(advice.output)
        if isinstance(scored, Classes):
            labels: tuple[str, ...] = scored.labels
        elif isinstance(scored, Regression) and scored.pass_at is not None:
            labels = scored.pass_labels
        else:
            raise SpecError(f"advice needs the label of {advice.output!r}, which gives none")
        segments: tuple[str | None, ...] = (None,)
        if advice.segment is not None:
            segment = outputs.get(advice.segment)
            if not isinstance(segment, Segment):
                raise SpecError(f"advice needs the segment {advice.segment!r}: no such output")
            segments = segment.labels
        wanted = {(label, segment) for label in labels for segment in segments}
        given = {(row.label, row.segment) for row in advice.table}
        _require(given == wanted, "advice needs one sentence for each label and segment")

    @property
    def name(self) -> str:
        """The bundle's full name, ``task.model``."""
        return f"{self.task}.{self.model}"

    @property
    def demonstration(self) -> bool:
        """Whether the data are synthetic, so that the model is no more than an example."""
        return self.card.source.synthetic

    def to_json(self) -> str:
        """Return the spec as one line of JSON."""
        plain = {"spec_version": SPEC_VERSION} | to_plain(self)
        return json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Spec:
        """Read a spec.

        Raises
        ------
        SpecError
            Where the text is no JSON, was made for another version, or does not hold together.
        """
        try:
            plain = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise SpecError(f"the spec is not readable JSON: {error}") from None
        return cls.from_dict(plain)

    @classmethod
    def from_dict(cls, plain: Any) -> Spec:
        """Read a spec from plain Python; errors as in `from_json`."""
        version = plain.get("spec_version") if isinstance(plain, Mapping) else None
        if version != SPEC_VERSION:
            raise SpecError(
                f"the spec has version {version!r:.40}; this satchel reads version "
                f"{SPEC_VERSION}: install the satchel that the bundle was made with, or later"
            )
        try:
            return from_plain(cls, plain)
        except RecursionError:
            raise SpecError("the spec is nested too deeply") from None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")
