"""What came of a class: last year's list against its results, and a later list against this one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from satchel.spec import Classes, Feature, Number, Output, Score, Spec
from satchel.tables.class_list import ClassList, Student
from satchel.tables.guess import meaning
from satchel.values import read_number

FIRST = 0.2  # of a class: whom a teacher can see first
MOVED = 0.1  # of risk: less is no move


@dataclass(frozen=True, slots=True)
class Ranked:
    """How many of those who failed an order puts first.

    Attributes
    ----------
    found : float
        Expected, where students of equal rank stand in any order.
    """

    found: float
    first: int
    failed: int

    @property
    def share(self) -> float:
        """Of those who failed."""
        return self.found / self.failed if self.failed else 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Last year's list against its results.

    Attributes
    ----------
    students, failed : int
        Those whose result is known, and how many of them failed.
    unknown : int
        Those whose result could not be read.
    model, rule : Ranked
        By the model's risk, and by the teacher's own rule.
    hits, misses, alarms : int
        Those at high risk who failed, those not so who failed, those at high risk who passed.
    """

    students: int
    failed: int
    unknown: int
    model: Ranked
    rule: Ranked | None
    hits: int
    misses: int
    alarms: int


def rules(spec: Spec) -> list[Feature]:
    """Return the fields by which a teacher may have chosen, the likeliest first."""
    numbers = [f for f in spec.inputs.features if isinstance(f, Number) and f.monotonic]
    needed = [f for f in numbers if f.required]
    return [*reversed(needed), *(f for f in numbers if not f.required)]


def outcome(
    found: ClassList, spec: Spec, output: str, high: float, mark: float | None, rule: Feature | None
) -> Outcome:
    """Return how well a model would have told who fails.

    Parameters
    ----------
    found : ClassList
        With results.
    spec : Spec
    output : str
    high : float
        The risk from which on a student is shown as one to help first.
    mark : float or None
        The pass mark, in the class's own marks.
    rule : Feature or None
        By which the teacher would have chosen.
    """
    answered = next(o for o in spec.outputs if o.name == output)
    known = [
        (one, failed)
        for one in found.read
        if (failed := has_failed(one.result, answered, mark)) is not None
    ]
    first = max(1, math.ceil(FIRST * len(known))) if known else 0

    def ranked(key: Callable[[Student], float]) -> Ranked:
        return _ranked([(key(one), failed) for one, failed in known], first)

    flagged = [((one.risk(output) or 0.0) >= high, failed) for one, failed in known]
    return Outcome(
        len(known),
        sum(failed for _, failed in known),
        len(found.read) - len(known),
        ranked(lambda one: one.score(output)),
        None if rule is None else ranked(lambda one: _by_rule(one, rule)),
        sum(flag and failed for flag, failed in flagged),
        sum(failed and not flag for flag, failed in flagged),
        sum(flag and not failed for flag, failed in flagged),
    )


def has_failed(result: str, output: Output, mark: float | None) -> bool | None:
    """Return whether a result is one of failing; None where it cannot be told."""
    try:
        number = read_number(result.replace(",", "."))
    except ValueError:
        number = math.nan
    if isinstance(output, Score) and mark is not None and math.isfinite(number):
        return number < mark
    labels: Sequence[str] = ()
    if isinstance(output, Classes) and output.passing is not None:
        others = [label for label in output.labels if label != output.passing]
        labels = (others[0], output.passing)
    elif isinstance(output, Score):
        labels = output.pass_labels
    label = meaning([(one, one) for one in labels], result) if result else ""
    return label == labels[0] if label else None


def _by_rule(one: Student, rule: Feature) -> float:
    try:
        value = read_number(one.record.get(rule.name))
    except (TypeError, ValueError):
        return math.inf
    return -value if rule.monotonic == "decreasing" else value


def _ranked(rows: Sequence[tuple[float, bool]], first: int) -> Ranked:
    """Count among the first, by rising key; of equals any may be among them."""
    ordered = sorted(key for key, _ in rows)
    if not ordered:
        return Ranked(0.0, 0, 0)
    last = ordered[first - 1]
    surely = [failed for key, failed in rows if key < last]
    perhaps = [failed for key, failed in rows if key == last]
    room = (first - len(surely)) / len(perhaps)
    return Ranked(sum(surely) + room * sum(perhaps), first, sum(failed for _, failed in rows))


@dataclass(frozen=True, slots=True)
class Move:
    """A student in an earlier and in a later list."""

    now: Student
    before: Student
    risk_before: float
    risk_now: float

    @property
    def change(self) -> float:
        """How far the risk has risen."""
        return self.risk_now - self.risk_before


def moves(earlier: ClassList, later: ClassList, output: str) -> list[Move]:
    """Return who moved between two lists, the largest rise of risk first, by their names.

    A name that stands twice in a list is left out: it cannot be told who is who.
    """
    before, now = _by_name(earlier), _by_name(later)
    found = []
    for name, one in now.items():
        former = before.get(name)
        if former is None:
            continue
        risks = former.risk(output), one.risk(output)
        if risks[0] is not None and risks[1] is not None:
            move = Move(one, former, risks[0], risks[1])
            if abs(move.change) >= MOVED:
                found.append(move)
    return sorted(found, key=lambda move: -move.change)


def _by_name(found: ClassList) -> Mapping[str, Student]:
    named = [(one.name.casefold(), one) for one in found.read if one.name]
    counts = Counter([name for name, _ in named])
    return {name: one for name, one in named if counts[name] == 1}
