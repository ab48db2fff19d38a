"""Progress of long work: on a terminal where tqdm is installed, nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


def progress(
    items: Iterable[T],
    what: str,
    unit: str = "rows",
    total: int | None = None,
    done: Callable[[], int] | None = None,
) -> Iterator[T]:
    """Yield `items`, showing how many have come by, under the title `what`.

    Parameters
    ----------
    items : iterable
    what, unit : str
        What is shown, and what is counted.
    total : int or None
        How much there is of it, for the time left.
    done : callable or None
        Returns how much of it is done; without it the items themselves are counted.
    """
    bar = _bar(what, unit if unit == "B" else f" {unit}", total)
    if bar is None:
        yield from items
        return
    with bar:
        for item in items:
            yield item
            bar.update(1 if done is None else done() - bar.n)


def _bar(what: str, unit: str, total: int | None) -> Any:
    if not sys.stderr.isatty():
        return None
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        return None
    return tqdm(desc=what, unit=unit, unit_scale=True, total=total, file=sys.stderr)
