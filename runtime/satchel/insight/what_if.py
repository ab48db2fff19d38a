"""What another value of a field would do to the prediction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from satchel.errors import Problem, RecordError
from satchel.insight.given import given, used
from satchel.insight.quantity import choose, scored
from satchel.prediction import Origin, Prediction
from satchel.spec import Category, Feature, Number, Value
from satchel.spec.rules import endpoints

if TYPE_CHECKING:
    from satchel.insight.predicting import Predicting

STEPS = 9
MOST_DIGITS = 300  # the next powers of ten are no floats
CAUTION = (
    "These are associations that the model has learnt from data, not promises: whether such a "
    "change would help this student, it cannot know."
)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The prediction before and after a change.

    Attributes
    ----------
    before, after : Prediction
    differences : mapping of str to float
        By output, after minus before: of the score before rounding, or of the probability of the
        positive label (where there is none, of the label predicted before).
    """

    __module__ = "satchel"

    before: Prediction
    after: Prediction
    differences: Mapping[str, float]

    @property
    def difference(self) -> float:
        """The only difference; where there are several, asking for it is an AttributeError."""
        if len(self.differences) != 1:
            example = f"differences[{next(iter(self.differences))!r}]"
            raise AttributeError(f"this model has several outputs: ask for {example}")
        return next(iter(self.differences.values()))

    def as_dict(self) -> dict[str, Any]:
        """Return plain Python, ready for JSON."""
        return {
            "before": self.before.as_dict(),
            "after": self.after.as_dict(),
            "differences": dict(self.differences),
        }


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One change of one field.

    Attributes
    ----------
    feature : str
        Name of the field.
    given : str, float or None
        Its value in the record; None where it was missing.
    value : str or float
        The other value.
    effect : float
        What the answer gains by it, in the unit of the suggestions; negative where it loses.
    """

    __module__ = "satchel"

    feature: str
    given: Value
    value: str | float
    effect: float


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Single changes of fields that a school or student can change, the best first.

    Attributes
    ----------
    origin : Origin
        The model.
    output : str
        Name of the output meant.
    unit : str
        Unit of all numbers here: that of the score, or ``probability of LABEL``.
    value : float
        The answer for the record as it is, before rounding.
    changes : tuple of Suggestion
        By their effect, the largest gain first, the largest loss last; of equal ones the smallest
        change first.
    caution : str
        What these are not.
    """

    __module__ = "satchel"

    origin: Origin
    output: str
    unit: str
    value: float
    changes: tuple[Suggestion, ...]
    caution: str = CAUTION

    @property
    def best(self) -> tuple[Suggestion, ...]:
        """The best change of each field, in the order of `changes`; it may be a loss."""
        found: dict[str, Suggestion] = {}
        for one in self.changes:
            found.setdefault(one.feature, one)
        return tuple(found.values())

    def as_dict(self) -> dict[str, Any]:
        """Return plain Python, ready for JSON."""
        plain = asdict(self)
        plain["changes"] = list(plain["changes"])
        return {**plain.pop("origin"), **plain}


def what_if(
    predictor: Predicting, record: Mapping[str, object], changes: Mapping[str, object]
) -> WhatIf:
    """Compare two predictions; see `satchel.Predictor.what_if`."""
    before = predictor.predict(record)
    if not isinstance(changes, Mapping):
        raise RecordError([Problem("", "changes map field names to values")])
    changed = {**record, **changes}
    after = predictor.predict(changed)
    differences = {}
    for name in scored(predictor.spec):
        first, second = predictor.measure([record, changed], choose(predictor.spec, name, before))
        differences[name] = float(second - first)
    return WhatIf(before, after, differences)


def suggest(
    predictor: Predicting, record: Mapping[str, object], output: str | None = None
) -> Suggestions:
    """Rank single changes; see `satchel.Predictor.suggest`."""
    quantity = choose(predictor.spec, output, predictor.predict(record))
    features = predictor.spec.inputs.features
    values = {f.name: given(f, record) for f in features}
    now = {f.name: used(f, values[f.name]) for f in features}
    changes = [
        (f, other)
        for f in features
        if f.actionable
        for other in alternatives(f, f.imputed if now[f.name] is None else now[f.name])
    ]
    rows = [now, *({**now, f.name: other} for f, other in changes)]
    present, *answers = predictor.measure(rows, quantity).tolist()
    found = [
        Suggestion(f.name, values[f.name], other, answer - present)
        for (f, other), answer in zip(changes, answers, strict=True)
    ]
    return Suggestions(
        origin=predictor.origin,
        output=quantity.output.name,
        unit=quantity.unit,
        value=present,
        changes=tuple(sorted(found, key=lambda change: -change.effect)),
    )


def alternatives(feature: Feature, now: Value) -> list[str] | list[float]:
    """Return the values to try in place of `now`, in the feature's direction, the nearest first.

    Each other category; or a few steps across what lies that way of the range seen in training. A
    number whose range is not known has none.
    """
    if isinstance(feature, Category):
        here = feature.values.index(str(now))
        ways = {
            "increase": range(here + 1, len(feature.values)),
            "decrease": range(here),
            "": range(len(feature.values)),
        }
        places = sorted(set(ways[feature.direction]) - {here}, key=lambda place: abs(place - here))
        return [feature.values[place] for place in places]
    if now is None or isinstance(now, str):
        return []
    return sorted(set(_steps(feature, now)) - {now}, key=lambda step: abs(step - now))


def _steps(feature: Number, now: float) -> list[float]:
    if feature.seen is None:
        return []
    # What is clipped would only repeat the bound.
    bounds = (feature.seen, endpoints(feature.clip), endpoints(feature.limits))
    low, high = max(low for low, _ in bounds), min(high for _, high in bounds)
    span = high - low
    if feature.direction == "increase":
        low = max(low, now)
    elif feature.direction == "decrease":
        high = min(high, now)
    if low > high:
        return []
    if low == high:
        return [low]
    # Numbers as people write them: 6.25 hours, not 6.2437; and none beyond the range.
    digits = 0 if feature.integer else max(0, 2 - math.floor(math.log10(span)))
    unit = 10.0 ** min(digits, MOST_DIGITS)
    first, last = math.ceil(low * unit), math.floor(high * unit)
    if first > last:
        return []
    steps = np.clip(np.round(np.linspace(low, high, STEPS) * unit), first, last)
    return [float(step) for step in steps / unit]
