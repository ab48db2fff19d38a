"""Reads one raw value: is it missing, which number is it, which category does it name."""

from __future__ import annotations

import contextlib
import json
import math
import numbers
import re
import sys
from collections.abc import Iterable, Sequence

_ISO_DATE = r"\d{4}-\d\d-\d\d([T ]00:00(:00(\.0+)?)?)?"
_SHEET_ERROR = r"#[\w/]+[!?]"
_NUMBER = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
_SHOWN = 60
LISTED_NAMES = 12
LONGEST_NUMBER = 400  # letters of a text that may spell a number
# Full-width and Arabic signs, and the minus sign, as ASCII has them.
_SIGNS = dict(zip(map(ord, "．，－＋％／−٫٪"), ".,-+%/-.%", strict=True))  # noqa: RUF001


class MisreadError(ValueError):
    """A value that cannot be read.

    Parameters
    ----------
    message : str
        What is wrong with it.
    code : str
        Which kind of wrong it is, as of a `satchel.Problem`.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def is_missing(value: object) -> bool:
    """Whether `value` stands for a missing one: None, NaN, pandas' NA and NaT, blank text."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value or value.isspace()
    if isinstance(value, numbers.Real):
        return value != value
    # pandas' markers are known by name, so that pandas need not be imported.
    return type(value).__name__ in ("NAType", "NaTType")


def read_number(value: object) -> float:
    """Return the finite number that `value` is or spells.

    Raises
    ------
    ValueError
        Where it is none; the message completes the sentence "<field> = <value> ...".
    """
    number = math.nan
    if isinstance(value, str):
        text = value.strip()
        if len(text) <= LONGEST_NUMBER:
            text = plain_digits(text)
            if re.fullmatch(_NUMBER, text, re.ASCII):
                number = float(text)
    elif (isinstance(value, numbers.Real) or _is_decimal(value)) and _is_number(value):
        try:
            number = float(value)  # type: ignore[arg-type]
        except (OverflowError, ValueError):
            number = math.inf
    if number != number:
        raise _refusal(value, "is not a number", "not-a-number")
    if math.isinf(number):
        raise MisreadError("is too large", "too-large")
    return number


def plain_digits(text: str) -> str:
    """Return `text` with the decimal digits and number signs of any script as those of ASCII."""
    if text.isascii():
        return text
    import unicodedata

    digits = {ord(c): unicodedata.decimal(c, None) for c in text if not c.isascii()}
    plain = {c: str(digit) for c, digit in digits.items() if digit is not None}
    return text.translate(_SIGNS | plain)


def read_text(value: object) -> str:
    """Return the text of a categorical `value`, whole numbers without their decimals.

    Raises
    ------
    ValueError
        Where it is neither text, a number nor a truth value.
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return str(bool(value))
    if isinstance(value, numbers.Real) and _is_number(value):
        try:
            number = value if isinstance(value, numbers.Integral) else float(value)
            return str(int(number)) if number == int(number) else repr(number)
        except (OverflowError, ValueError):
            pass
    raise _refusal(value, "is no category", "not-a-value")


def _is_decimal(value: object) -> bool:
    # Whoever has made one has imported its module, which takes a millisecond.
    decimal = sys.modules.get("decimal")
    return decimal is not None and isinstance(value, decimal.Decimal)


def _is_number(value: object) -> bool:
    # numpy counts spans of time among its integers, Python truth values.
    return not isinstance(value, bool) and type(value).__name__ != "timedelta64"


def _refusal(value: object, otherwise: str, code: str) -> MisreadError:
    """Return what is wrong with a value: what it is instead, where that can be told."""
    import datetime  # takes a millisecond, for a message that few need

    value = _of_python(value)
    if isinstance(value, str) and len(text := value.strip()) <= LONGEST_NUMBER:
        if re.fullmatch(_SHEET_ERROR, text):
            return MisreadError("is an error of a formula in the spreadsheet", "formula-error")
        if re.fullmatch(_ISO_DATE, text, re.ASCII):
            with contextlib.suppress(ValueError):
                value = datetime.date.fromisoformat(text[:10])
    if isinstance(value, datetime.date):
        # Excel takes 12/10 for a day of this year, and 12/50 for the month of 1950.
        of_month = value.day == 1 and 1930 <= value.year < 2000
        last = value.year % 100 if of_month else value.day
        return MisreadError(f"is a date (Excel may have made it of {value.month}/{last})", "date")
    if isinstance(value, datetime.time):
        return MisreadError("is a time", "time")
    return MisreadError(otherwise, code)


def _of_python(value: object) -> object:
    """Return a scalar of numpy as the Python value that it stands for."""
    if type(value).__module__ != "numpy" or value.ndim:  # type: ignore[attr-defined]
        return value
    if type(value).__name__ in ("datetime64", "timedelta64"):
        value = value.astype(f"{type(value).__name__}[us]")  # type: ignore[attr-defined]
    return value.item()  # type: ignore[attr-defined]


def shown(value: object) -> str:
    """Return a short printable form of any value, for a message; text stands in quotation marks."""
    try:
        text = _shown(_of_python(value))
    except Exception:  # a hostile __repr__, or an integer of more digits than Python prints
        text = f"a {type(value).__name__}"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _shown(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return plain(value)
    if isinstance(value, str | bytes | bytearray):
        return repr(value[:_SHOWN])  # no more than that is shown
    if isinstance(value, dict | list):
        # Piece by piece, since it may be large.
        text = ""
        for piece in json.JSONEncoder(ensure_ascii=False, default=str).iterencode(value):
            text += piece[:_SHOWN]
            if len(text) > _SHOWN:
                break
        return text
    # As people write them, where Python would write a call: datetime.date(2025, 12, 10).
    if type(value).__module__.partition(".")[0] in ("datetime", "decimal", "pandas"):
        return str(value).removesuffix(" 00:00:00")
    return repr(value)


def listed(names: Sequence[str]) -> str:
    """Return the first of some names, separated by commas, and how many more there are."""
    more = len(names) - LISTED_NAMES
    return ", ".join(names[:LISTED_NAMES]) + (f" and {more} more" if more > 0 else "")


def quoted(values: Iterable[object]) -> str:
    """Return the first of some names or cells as `shown` spells each, and how many more."""
    return listed([*map(shown, values)])


def printable(text: str) -> str:
    """Return `text` without what would command a terminal, or forge a line on it."""
    if text.isprintable():
        return text
    return "".join([sign if sign.isprintable() else _escaped(sign) for sign in text])


def _escaped(sign: str) -> str:
    # A space of any other width is a space.
    return " " if sign.isspace() and sign > "\x7f" else sign.encode("unicode_escape").decode()


def plain(number: float) -> str:
    """Return `number` as people write it: ``11`` rather than ``11.0``."""
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else f"{number:.6g}"
