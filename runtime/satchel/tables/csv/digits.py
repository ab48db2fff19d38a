"""Looks at a column of numbers all at once, and reads those that are written plainly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# As many digits are exact in float64, and so is ten to their number: one division rounds as
# reading the text does.
_MOST_DIGITS = 15
_POWERS = np.array([float(f"1e{n}") for n in range(_MOST_DIGITS + 1)])
_ZERO, _POINT, _COMMA = ord("0"), ord("."), ord(",")


def with_marks(cells: NDArray[np.str_] | Sequence[object]) -> list[str]:
    """Return the cells of a column that may tell its decimal mark, as they hold one."""
    if not isinstance(cells, np.ndarray):
        return [text for text in map(str, cells) if "." in text or "," in text]
    letters = cells.view(np.uint32).reshape(len(cells), -1)
    found: list[str] = cells[((letters == _POINT) | (letters == _COMMA)).any(axis=1)].tolist()
    return found


def read_plain_numbers(cells: NDArray[np.str_], point: bool) -> NDArray[np.float64] | None:
    """Return the numbers of texts of digits, NaN where one is empty.

    None where one holds anything else: a sign, a space, a letter, or more digits than are exact.

    Parameters
    ----------
    cells : ndarray of texts of fixed width, shape (rows,)
    point : bool
        Whether digits may also stand behind a decimal point.
    """
    width = cells.dtype.itemsize // 4
    letters = cells.view(np.uint32).reshape(len(cells), width)
    number = np.zeros(len(cells))
    pointed = ended = np.zeros(len(cells), bool)
    digits, decimals = np.zeros((2, len(cells)), np.uint8)
    for letter in letters.T:
        digit = letter - _ZERO  # what comes before the zero becomes very large
        is_digit = digit <= 9
        is_point = letter == _POINT
        ended = ended | (letter == 0)
        known = (is_digit | is_point) != ended
        if not known.all() or (is_point & pointed).any() or (is_point.any() and not point):
            return None
        number = np.where(is_digit, number * 10 + digit, number)
        decimals += is_digit & pointed
        digits += is_digit
        pointed = pointed | is_point
        if digits.max(initial=0) > _MOST_DIGITS:
            return None
    if (pointed & (digits == 0)).any():
        return None
    number /= _POWERS.take(decimals)
    number[digits == 0] = np.nan
    return number
