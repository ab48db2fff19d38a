"""The forms in which many records come, and the two that the encoder reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

if TYPE_CHECKING:
    from satchel.encode.readers import RawColumn

    class Frame(Protocol):
        """A table with named columns, such as a DataFrame of pandas or polars."""

        @property
        def columns(self) -> Iterable[Any]:
            """The names of its columns."""

        def __getitem__(self, name: Any, /) -> Any:
            """Return the column of that name."""

    Records = Sequence[Mapping[str, object]]
    Columns = Mapping[str, RawColumn]
    # The second is a mapping of columns: mypy takes a dict of lists of different types for a dict
    # of objects.
    Rows = Iterable[Mapping[str, object]] | Mapping[str, object] | Frame


def read_rows(rows: Rows) -> Records | Columns:
    """Return rows as a list of records or a mapping of columns.

    Raises
    ------
    TypeError
        Where they are neither, nor a DataFrame.
    """
    if hasattr(rows, "columns") and hasattr(rows, "__getitem__"):
        frame = cast("Frame", rows)
        # A table of pyarrow has its names apart, and its columns under that of the names.
        names = getattr(rows, "column_names", frame.columns)
        return {name: np.asarray(frame[name]) for name in names}
    if isinstance(rows, Mapping):
        return cast("Columns", rows)
    if isinstance(rows, str | bytes) or not isinstance(rows, Iterable):
        raise TypeError("rows is a list of dicts, a mapping of columns, or a DataFrame")
    return list(rows)
