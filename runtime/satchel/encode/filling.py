"""Fills the matrix of many rows from the values of their fields.

Written one by one, columns of zeros and ones take most of an encoder's time: each touches every
row of the matrix. So neighbouring columns that depend on categories alone are looked up together,
in a table that their own formulas have filled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from satchel.encode.columns import source_of
from satchel.spec import Category, Inputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

Formula = Callable[[Any], Any]
# 64 kB: a table stays in the processor's cache.
LARGEST_TABLE = 1 << 14


class ColumnFiller:
    """Fills the columns that a spec names.

    Parameters
    ----------
    inputs : Inputs
    formulas : sequence of callable
        One per column, as `satchel.encode.columns.column_of` gives them.
    """

    def __init__(self, inputs: Inputs, formulas: Sequence[Formula]) -> None:
        places = {feature.name: i for i, feature in enumerate(inputs.features)}
        sizes = {f.name: len(f.values) for f in inputs.features if isinstance(f, Category)}
        self._parts: list[tuple[int | slice, Formula]] = []
        for start, end, names in _runs([source_of(column) for column in inputs.columns], sizes):
            if names:
                table = _Table(formulas[start:end], [(places[n], sizes[n]) for n in names])
                self._parts.append((slice(start, end), table))
            else:
                self._parts += zip(range(start, end), formulas[start:end], strict=True)

    def fill(self, matrix: NDArray[np.float32], values: Sequence[NDArray[Any]]) -> None:
        """Fill a matrix of shape (rows, columns).

        Parameters
        ----------
        matrix : ndarray of float32
        values : sequence of ndarray, shape (rows,)
            The numbers and codes of all features, then the derived numbers, then which are missing.
        """
        for columns, formula in self._parts:
            matrix[:, columns] = formula(values)


def _runs(sources: Sequence[str], sizes: Mapping[str, int]) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the start and end of neighbouring columns, and the categories whose table they share.

    No categories where the columns are to be written one by one.
    """

    def fits(group: Sequence[str], width: int) -> bool:
        # A number never does.
        rows = math.prod(sizes.get(name, LARGEST_TABLE + 1) for name in group)
        return rows * width <= LARGEST_TABLE

    start = end = 0
    group: list[str] = []
    for name, run in groupby(sources):
        before, end = end, end + len(list(run))
        joined = list(dict.fromkeys([*group, name]))
        if group and not fits(joined, end - start):
            yield start, before, group
            start, joined = before, [name]
        if fits(joined, end - start):
            group = joined
        else:
            yield start, end, []
            start, group = end, []
    if group:
        yield start, end, group


class _Table:
    """Cells that depend on categories alone, by the codes of all of them together."""

    def __init__(self, formulas: Sequence[Formula], sizes: Sequence[tuple[int, int]]) -> None:
        self._sizes = sizes
        rows = math.prod(size for _, size in sizes)
        codes, rest = {}, np.arange(rows)
        for place, size in reversed(sizes):
            rest, codes[place] = np.divmod(rest, size)
        self._cells = np.empty((rows, len(formulas)), np.float32)
        for j, formula in enumerate(formulas):
            self._cells[:, j] = formula(codes)

    def __call__(self, values: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        row = np.zeros(len(values[self._sizes[0][0]]), np.intp)
        for place, size in self._sizes:
            row *= size
            np.add(row, values[place], out=row, casting="unsafe")
        return self._cells.take(row, axis=0)
