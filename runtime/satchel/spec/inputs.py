"""What goes into a model: features, derived numbers, columns of the encoded matrix."""

import math
from typing import ClassVar, Literal, get_args

from satchel.frozen import frozen
from satchel.spec.rules import (
    Bounds,
    require,
    require_ordered,
    require_unique,
    within,
)

Direction = Literal["", "increase", "decrease"]
Monotonic = Literal["", "increasing", "decreasing"]


def _require_direction(feature: "Number | Category") -> None:
    name, direction = feature.name, feature.direction
    if not direction:
        return
    require(
        direction in get_args(Direction),
        f"{name}: no direction {direction!r}; there are {get_args(Direction)}",
    )
    require(feature.actionable, f"{name} has a direction, so it must be actionable")


def _require_monotonic(feature: "Number | Category") -> None:
    name, monotonic = feature.name, feature.monotonic
    require(
        monotonic in get_args(Monotonic),
        f"{name}: monotonic is {monotonic!r}; it may be one of {get_args(Monotonic)}",
    )


@frozen(kw_only=True)
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
    scale_labels : tuple of str
        Text for people, one per whole number from the lower limit to the upper: the words of a
        scale; empty where the numbers speak for themselves.
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
        Something that a school or student can change.
    direction : str
        Which way a school would want that change: ``increase``, ``decrease``, or empty for
        either.
    monotonic : str
        What the model promises of the score, or of the probability of the positive label, as
        this field rises and all others stay: ``increasing`` (it never falls), ``decreasing`` (it
        never rises), or empty for no promise.
    essential : bool
        Whether an answer without this field is doubted.
    instead : str
        The task that answers without this field, for an `essential` one; empty where there is
        none.
    """

    kind: ClassVar[str] = "number"
    name: str
    label: str
    help: str = ""
    unit: str = ""
    integer: bool = False
    scale_labels: tuple[str, ...] = ()
    limits: Bounds = (None, None)
    clip: Bounds = (None, None)
    seen: tuple[float, float] | None = None
    imputed: float | None = None
    required: bool = True
    sensitive: bool = False
    actionable: bool = False
    direction: Direction = ""
    monotonic: Monotonic = ""
    essential: bool = False
    instead: str = ""

    def __post_init__(self) -> None:
        require(bool(self.name), "a feature needs a name")
        _require_direction(self)
        _require_monotonic(self)
        require_ordered(self.limits, f"limits of {self.name}")
        if self.scale_labels:
            low, high = self.limits
            whole = self.integer and low is not None and high is not None
            require(
                whole and len(self.scale_labels) == (high or 0) - (low or 0) + 1,
                f"{self.name} needs one label per whole number between its limits",
            )
        require_ordered(self.clip, f"clipping bounds of {self.name}")
        require_ordered(self.seen or (None, None), f"range seen of {self.name}")
        for bounds in (self.limits, self.clip):
            require(
                self.imputed is None or within(self.imputed, bounds),
                f"imputed value of {self.name} is out of bounds",
            )
        require(
            self.required or self.imputed is not None,
            f"{self.name} is optional, so it needs an imputed value",
        )


@frozen(kw_only=True)
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
    direction, monotonic : str
        As of a `Number`, along the order of `values`: of two, ``increase`` is from the first to
        the second. More than two need to be `ordered`.

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
    direction: Direction = ""
    monotonic: Monotonic = ""
    essential: bool = False
    instead: str = ""

    def __post_init__(self) -> None:
        require(bool(self.name), "a feature needs a name")
        _require_direction(self)
        _require_monotonic(self)
        require(
            not self.direction or self.ordered or len(self.values) == 2,
            f"{self.name} has a direction, so its values must be ordered, or two",
        )
        require(
            not self.monotonic or self.ordered or len(self.values) == 2,
            f"{self.name} is monotonic, so its values must be ordered, or two",
        )
        require(len(self.values) >= 1, f"{self.name} has no values")
        require_unique(self.values, f"value of {self.name}")
        require(
            all(value and value == value.strip() for value in self.values),
            f"values of {self.name} may not be blank or begin or end with a space",
        )
        require(
            len(self.value_labels) in (0, len(self.values)),
            f"{self.name} needs one label per value",
        )
        require(
            self.imputed is None or self.imputed in self.values,
            f"imputed value of {self.name} is not one of its values",
        )
        require(
            self.required or self.imputed is not None,
            f"{self.name} is optional, so it needs an imputed value",
        )


Feature = Number | Category
Operation = Literal["sum", "mean", "std", "weighted_sum", "ratio"]


@frozen(kw_only=True)
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
        require(bool(self.name), "a derived feature needs a name")
        require(
            self.operation in get_args(Operation),
            f"{self.name}: no operation {self.operation!r}; there are {get_args(Operation)}",
        )
        require(bool(self.inputs), f"{self.name} has no inputs")
        if self.operation == "weighted_sum":
            require(len(self.weights) == len(self.inputs), f"{self.name}: one weight per input")
        if self.operation == "std":
            require(0 <= self.ddof < len(self.inputs), f"{self.name}: ddof out of place")
        if self.operation == "ratio":
            require(len(self.inputs) == 2, f"{self.name}: a ratio has two inputs")


@frozen(kw_only=True)
class Standard:
    """Column ``(source - mean) / scale``."""

    kind: ClassVar[str] = "standard"
    source: str
    mean: float
    scale: float

    def __post_init__(self) -> None:
        require(self.scale > 0, f"scale of {self.source} must be above 0")


@frozen(kw_only=True)
class MinMax:
    """Column ``(source - minimum) / (maximum - minimum)``."""

    kind: ClassVar[str] = "min-max"
    source: str
    minimum: float
    maximum: float

    def __post_init__(self) -> None:
        span = self.maximum - self.minimum
        require(0 < span < math.inf, f"{self.source}: maximum must be above minimum")


@frozen(kw_only=True)
class Ordinal:
    """Column ``(position of the category - mean) / scale``, positions counted from 0."""

    kind: ClassVar[str] = "ordinal"
    source: str
    mean: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        require(self.scale > 0, f"scale of {self.source} must be above 0")


@frozen(kw_only=True)
class OneHot:
    """Column 1 where the category is `value`, else 0."""

    kind: ClassVar[str] = "one-hot"
    source: str
    value: str


@frozen(kw_only=True)
class Missing:
    """Column 1 where the value of the feature was missing, else 0.

    It stands beside a column that holds the imputed value, as scikit-learn's `MissingIndicator`
    does.
    """

    kind: ClassVar[str] = "missing"
    source: str


Column = Standard | MinMax | Ordinal | OneHot | Missing


@frozen(kw_only=True)
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
        require(bool(self.columns), "a model needs at least one column")
        names = [feature.name for feature in self.features]
        require_unique([*names, *self.ignored, *(d.name for d in self.derived)], "field")
        numbers = {f.name for f in self.features if isinstance(f, Number)}
        categories = {f.name: f for f in self.features if isinstance(f, Category)}
        for derived in self.derived:
            for source in derived.inputs:
                require(
                    source in numbers,
                    f"{derived.name} needs {source}, which is no number known before it",
                )
            numbers.add(derived.name)
        for column in self.columns:
            source = column.source
            if isinstance(column, Missing):
                require(source in names, f"a column needs the feature {source}: unknown")
                continue
            if isinstance(column, Standard | MinMax):
                require(source in numbers, f"a column needs the number {source}: unknown")
                continue
            require(source in categories, f"a column needs the category {source}: unknown")
            if isinstance(column, OneHot):
                known = column.value in categories[source].values
                require(known, f"a column needs {source} = {column.value!r}: unknown")
            else:
                require(categories[source].ordered, f"{source} is not ordered")
