"""What a browser's next page needs, kept in the memory of this process alone, and not for long."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Values under random names: bounded in size, gone after a time.

    Parameters
    ----------
    most : int
        Bytes of all of them; the one that was used least lately goes first.
    seconds : float
        How long one stays after it was last used.
    clock : callable
        Returns the time in seconds.
    """

    def __init__(
        self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._items: OrderedDict[str, tuple[T, int, float]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def add(self, value: T, size: int) -> str:
        """Keep a value of some bytes, and return its name.

        Raises
        ------
        ValueError
            Where it alone is larger than all may be.
        """
        self._fits(size)
        name = secrets.token_urlsafe(32)
        with self._lock:
            self._expire()
            self._put(name, value, size)
        return name

    def replace(self, name: str, value: T, size: int) -> None:
        """Keep another value under a name; one that is gone stays gone."""
        self._fits(size)
        with self._lock:
            self._expire()
            if name in self._items:
                self._put(name, value, size)

    def find(self, name: str) -> T | None:
        """Return the value of a name, or None where it is gone."""
        with self._lock:
            self._expire()
            if name not in self._items:
                return None
            value, size, _ = self._items[name]
            self._items[name] = (value, size, self._clock())
            self._items.move_to_end(name)
            return value

    def forget(self, name: str) -> None:
        """Let go of the value of a name."""
        with self._lock:
            self._remove(name)

    def _fits(self, size: int) -> None:
        if size > self._most:
            raise ValueError(f"{size} bytes are more than the {self._most} that are kept")

    def _put(self, name: str, value: T, size: int) -> None:
        self._remove(name)
        while self._size + size > self._most:
            self._remove(next(iter(self._items)))
        self._items[name] = (value, size, self._clock())
        self._size += size

    def _expire(self) -> None:
        now = self._clock()
        while self._items:
            name, (_, _, used) = next(iter(self._items.items()))
            if now - used <= self._seconds:
                return
            self._remove(name)

    def _remove(self, name: str) -> None:
        if name in self._items:
            self._size -= self._items.pop(name)[1]
