"""Progress of long work: on a terminal where tqdm is installed, nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def progress(
    items: Iterable[T], what: str, unit: str = "rows", total: int | None = None
) -> Iterator[T]:
    """Yield `items`, showing how many have come by, under the title `what`."""
    if sys.stderr.isatty():
        try:
            from tqdm import tqdm
        except ModuleNotFoundError:
            pass
        else:
            items = tqdm(items, desc=what, unit=unit, total=total, file=sys.stderr)
    yield from items
