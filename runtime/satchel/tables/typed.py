"""What tables whose cells have types share: the decimal mark of numbers that are text in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from satchel.tables.csv.dialect import find_decimal
from satchel.tables.table import Row, Wanted, clean_name, column_of


def decimal_mark(rows: Sequence[Row], header: Sequence[str], wanted: Wanted, name: str) -> str:
    """Return the decimal mark of numbers that are text, by the same rule as for CSV.

    Parameters
    ----------
    rows : sequence of sequence
        The first of the table.
    header : sequence of str
        Names of its columns.
    wanted : Wanted
        Names the columns of numbers.
    name : str
        Its name, for messages.

    Raises
    ------
    TableError
        Where all that have a mark may be thousands as well.
    """
    places = [i for i, column in enumerate(header) if clean_name(column) in wanted.numbers]
    columns = (column_of(rows, place) for place in places)
    cells = (cell for column in columns if not _is_numeric(column) for cell in column)
    return find_decimal((cell for cell in cells if isinstance(cell, str)), ",", name)


def _is_numeric(column: object) -> bool:
    return isinstance(column, np.ndarray) and column.dtype.kind != "U"
