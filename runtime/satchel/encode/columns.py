"""The formulas of derived numbers and of columns, for one record and for many alike.

Each is written once, for Python floats and numpy arrays, so that both give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from satchel.spec import Column, Derived, MinMax, Missing, OneHot, Ordinal, Standard

if TYPE_CHECKING:
    from satchel.encode.readers import Floats

Real = TypeVar("Real", float, "Floats")


def column_of(
    column: Column, places: Mapping[str, int], codes: Mapping[str, Sequence[str]]
) -> Callable[[Sequence[Any]], Any]:
    """Return the function from all values (floats or arrays) to one column."""
    i = places[source_of(column)]
    if isinstance(column, Missing):
        return lambda values: values[i]
    if isinstance(column, OneHot):
        code = codes[column.source].index(column.value)
        return lambda values: values[i] == code
    mean, scale = line_of(column)
    return lambda values: (values[i] - mean) / scale


def source_of(column: Column) -> str:
    """Return the name of the value that a column shows; no field's name where it is a sign."""
    return f"{column.source}\0missing" if isinstance(column, Missing) else column.source


def line_of(column: Standard | MinMax | Ordinal) -> tuple[float, float]:
    """Return what is subtracted from the source of a column, and what it is divided by."""
    if isinstance(column, MinMax):
        return column.minimum, column.maximum - column.minimum
    return column.mean, column.scale


def derive(derived: Derived, values: Sequence[Real], sqrt: Callable[[Real], Real]) -> Real:
    """Compute one derived number; sums run from left to right, for equal bits in both ways.

    Parameters
    ----------
    derived : Derived
    values : sequence of float or of ndarray, shape (rows,)
        The inputs that it names, in their order.
    sqrt : callable
        ``math.sqrt`` or ``numpy.sqrt``, as the values need.
    """
    if derived.operation == "ratio":
        return values[0] / (values[1] + derived.offset)
    if derived.operation == "weighted_sum":
        return _sum([w * v for w, v in zip(derived.weights, values, strict=True)])
    if derived.operation == "sum":
        return _sum(values)
    mean = _sum(values) / len(values)
    if derived.operation == "mean":
        return mean
    squares = _sum([(value - mean) * (value - mean) for value in values])
    return sqrt(squares / (len(values) - derived.ddof))


def _sum(values: Sequence[Real]) -> Real:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total
