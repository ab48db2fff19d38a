"""What glibc keeps of the memory that is not used any more, given back to the system.

Another C library has no such functions, and does without.
"""

from __future__ import annotations

import contextlib
import ctypes

_ARENAS, _TRIM_FROM, _MAPPED_FROM = -8, -1, -3  # of mallopt(3)


def give_back() -> None:
    """Return what is free now."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def keep_little() -> None:
    """Let all threads share one heap, and return its free end soon.

    Each thread has a heap of its own otherwise, which stays as large as it ever was.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        for option, value in ((_ARENAS, 1), (_TRIM_FROM, 1 << 17), (_MAPPED_FROM, 1 << 16)):
            library.mallopt(option, value)
