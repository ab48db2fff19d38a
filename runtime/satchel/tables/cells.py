"""One cell of a table, as each format can hold it."""

from __future__ import annotations

import datetime
import json
import math
import re

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})([.,]\d{1,15})?", re.ASCII)


class Percent(float):
    """A number that its sheet shows as a percentage: 0.85 as 85 %."""

    def __str__(self) -> str:
        return f"{round(float(self) * 100, 10):.15g}%"


def as_text(cell: object) -> str:
    """Return a cell as text."""
    if isinstance(cell, str):
        return cell
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    if isinstance(cell, Percent):
        return str(cell)
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "backslashreplace")
    if isinstance(cell, dict | list):
        return json.dumps(cell, ensure_ascii=False, default=str)
    return str(cell)


def as_json(cell: object) -> object:
    """Return a cell as JSON can hold it."""
    if isinstance(cell, Percent):
        return str(cell)
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    if cell is None or isinstance(cell, str | int | float | bool | dict | list):
        return cell
    return as_text(cell)


def as_number(cell: object, decimal: str) -> object:
    """Return text that is just how a number is written as that number: not ``007`` or ``1.50``."""
    if not isinstance(cell, str) or not _NUMBER.fullmatch(cell):
        return cell
    if cell.lstrip("-").isdigit():
        return int(cell) if cell != "-0" else cell
    if decimal not in cell:
        return cell
    number = float(cell.replace(decimal, "."))
    return number if repr(number).replace(".", decimal) == cell else cell
