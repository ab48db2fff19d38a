"""A task of a school's own as TOML: the mapping's dialect, with what is learned from the table.

::

    missing = ["EX"]

    [task]
    name = "year-9-final"
    target = "Final"
    kind = "score"
    pass-at = 10

    [fields."Test 1"]
    kind = "number"
    limits = [0, 20]
    direction = "increasing"

    [left-out]
    "Student" = "it names the student"
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from satchel import DataError, TableMapping
from satchel.errors import SpecError
from satchel.frozen_json import from_plain, to_plain
from satchel.spec import Category, Column, Feature, Monotonic, Number
from satchel.tables.mapping_file import KEYS, LEARNED, mapping_of, toml_text, write_mapping

Kind = Literal["score", "outcome", "levels"]
NUMBER_KEYS = (
    "kind",
    "unit",
    "limits",
    "integer",
    "direction",
    "sensitive",
    "actionable",
    "needed",
)
CATEGORY_KEYS = ("kind", "values", "sensitive", "actionable", "needed")


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What is to be learned from a school's table.

    Attributes
    ----------
    name : str
        Of the task, as in the name of its bundle: small letters, digits and hyphens.
    target : str
        The column with the results.
    kind : str
        ``score``, ``outcome`` (two labels) or ``levels``.
    labels : tuple of str
        Of an outcome the label of success last; of levels from the lowest to the highest.
    limits : pair of float or None
        Of a score.
    pass_at : float or None
        The pass mark of a score.
    naive : str
        The column whose mark a teacher would repeat; empty for the mean, or the share.
    group : str
        The column whose values stay together in a fold: school, class; empty for none.
    year : str
        The column of years, of which the last is held out; empty for none.
    fields : tuple of Feature
        What is asked, by the names of their columns.
    needed : tuple of str
        Fields that must be given; the others may be missing.
    directions : mapping
        From a field to ``increasing`` or ``decreasing``.
    encoded : tuple of Column
        The columns of the matrix that a model trained elsewhere takes; empty for one trained here.
    left_out : mapping
        From a column to why it is not asked.
    mapping : TableMapping
        How the table is read.
    """

    name: str
    target: str
    kind: Kind
    labels: tuple[str, ...] = ()
    limits: tuple[float | None, float | None] = (None, None)
    pass_at: float | None = None
    naive: str = ""
    group: str = ""
    year: str = ""
    fields: tuple[Feature, ...] = ()
    needed: tuple[str, ...] = ()
    directions: Mapping[str, Monotonic] = field(default_factory=dict)
    encoded: tuple[Column, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    mapping: TableMapping = field(default_factory=TableMapping)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise DataError(
                f"task name {self.name!r}: use small letters, digits and single hyphens, as in "
                "year-9-final"
            )
        if self.kind == "outcome" and len(self.labels) != 2:
            raise DataError(f"{self.target} is an outcome: name its two labels, the success last")

    def to_toml(self) -> str:
        """Return the declaration as TOML, which `read_declared` reads."""
        return write_mapping(self.mapping).rstrip("\n") + "\n" + "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield "\n[task]"
        for key in _TASK_KEYS:
            value = getattr(self, key.replace("-", "_"))
            if value not in (None, "", (), (None, None)):
                yield f"{key} = {_toml(value)}"
        for one in self.fields:
            yield f"\n[fields.{toml_text(one.name)}]"
            yield f"kind = {toml_text('number' if isinstance(one, Number) else 'category')}"
            if isinstance(one, Number):
                plain: dict[str, Any] = {"unit": one.unit, "integer": one.integer}
                plain["limits"] = one.limits if one.limits != (None, None) else ()
                plain["direction"] = self.directions.get(one.name, "")
            else:
                plain = {"values": one.values}
            plain |= {"sensitive": one.sensitive, "actionable": one.actionable}
            plain["needed"] = one.name in self.needed
            for key, value in plain.items():
                if value not in (False, "", ()):
                    yield f"{key} = {_toml(value)}"
        for column in self.encoded:
            yield "\n[[encoded]]"
            yield from (f"{key} = {_toml(value)}" for key, value in to_plain(column).items())
        if self.left_out:
            yield "\n[left-out]"
            for name, why in self.left_out.items():
                yield f"{toml_text(name)} = {toml_text(why)}"


_TASK_KEYS = tuple(
    one.name.replace("_", "-")
    for one in fields(Declared)
    if one.name not in ("fields", "needed", "directions", "encoded", "left_out", "mapping")
)


def _toml(value: object) -> str:
    """Return a value as TOML spells it; a limit that is open is an infinity there."""
    if isinstance(value, tuple):
        if any(part is None for part in value):
            low, high = value
            value = ("-inf" if low is None else low, "inf" if high is None else high)
            return f"[{value[0]}, {value[1]}]"
        return f"[{', '.join(map(_toml, value))}]"
    return toml_text(value) if isinstance(value, str) else json.dumps(value)


def read_declared(text: str, name: str) -> Declared:
    """Read a declaration.

    Parameters
    ----------
    text : str
        TOML.
    name : str
        Name of the file, for messages.

    Raises
    ------
    DataError
        Where it is no TOML, or holds a key or value that a declaration cannot have.
    TableError
        The same, of how the table is read.
    """
    try:
        plain = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DataError(f"{name} is not TOML: {error}") from None
    _known(plain, (*KEYS, *LEARNED), name, "the file")
    task = _section(plain, "task", name)
    _known(task, _TASK_KEYS, name, "[task]")
    for key in ("name", "target", "kind"):
        if not isinstance(task.get(key), str):
            raise DataError(f"{name}: [task] needs {key}, a text")
    if task["kind"] not in get_args(Kind):
        raise DataError(f"{name}: kind in [task] must be one of {', '.join(get_args(Kind))}")
    given = {key.replace("-", "_"): value for key, value in task.items()}
    for key in ("naive", "group", "year"):
        if not isinstance(given.get(key, ""), str):
            raise DataError(f"{name}: {key} in [task] must name a column")
    if "labels" in given:
        given["labels"] = _texts(given["labels"], name, "labels in [task]")
    given["limits"] = _limits(given.get("limits"), name, "[task]")
    if not isinstance(given.get("pass_at", 0), int | float):
        raise DataError(f"{name}: pass-at in [task] must be a number")
    features: list[Feature] = []
    directions: dict[str, Monotonic] = {}
    needed = []
    for column, said in _section(plain, "fields", name).items():
        features.append(_feature(column, said, name))
        if said.get("direction"):
            directions[column] = said["direction"]
        if said.get("needed"):
            needed.append(column)
    left_out = _section(plain, "left-out", name)
    return Declared(
        **given,
        fields=tuple(features),
        needed=tuple(needed),
        directions=directions,
        encoded=_encoded(plain.get("encoded", []), name),
        left_out={column: str(why) for column, why in left_out.items()},
        mapping=mapping_of({key: plain[key] for key in KEYS if key in plain}, name),
    )


def _feature(column: str, said: Any, name: str) -> Feature:
    place = f"[fields.{column}]"
    if not isinstance(said, dict) or said.get("kind") not in ("number", "category"):
        raise DataError(f'{name}: {place} needs kind, "number" or "category"')
    is_number = said["kind"] == "number"
    _known(said, NUMBER_KEYS if is_number else CATEGORY_KEYS, name, place)
    flags = {}
    for key in ("sensitive", "actionable", "needed", "integer"):
        if not isinstance(said.get(key, False), bool):
            raise DataError(f"{name}: {key} in {place} must be true or false")
        flags[key] = said.get(key, False)
    common = {
        "name": column,
        "label": column,
        "sensitive": flags["sensitive"],
        "actionable": flags["actionable"],
    }
    if not is_number:
        return Category(values=_texts(said.get("values"), name, f"values in {place}"), **common)
    if said.get("direction", "") not in ("", "increasing", "decreasing"):
        raise DataError(f"{name}: direction in {place} must be increasing or decreasing")
    if not isinstance(said.get("unit", ""), str):
        raise DataError(f"{name}: unit in {place} must be a text")
    limits = _limits(said.get("limits"), name, place)
    return Number(unit=said.get("unit", ""), limits=limits, integer=flags["integer"], **common)


def _encoded(value: Any, name: str) -> tuple[Column, ...]:
    if not isinstance(value, list):
        raise DataError(f"{name}: encoded must be tables, [[encoded]]")
    try:
        return tuple(from_plain(Column, one) for one in value)  # type: ignore[arg-type]
    except SpecError as error:
        raise DataError(f"{name}: [[encoded]]: {error}") from None


def _limits(value: Any, name: str, place: str) -> tuple[float | None, float | None]:
    if value is None:
        return (None, None)
    is_pair = isinstance(value, list) and len(value) == 2
    if not is_pair or not all(type(one) in (int, float) for one in value) or value[0] >= value[1]:
        raise DataError(f"{name}: limits in {place} must be two numbers, the lower one first")
    low, high = (float(one) if abs(one) != float("inf") else None for one in value)
    return low, high


def _texts(value: Any, name: str, what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) < 2 or len(set(map(str, value))) < len(value):
        raise DataError(f"{name}: {what} must be a list of at least two different texts")
    return tuple(map(str, value))


def _section(plain: Mapping[str, Any], key: str, name: str) -> dict[str, Any]:
    found = plain.get(key, {})
    if not isinstance(found, dict):
        raise DataError(f"{name}: {key} must be a table, [{key}]")
    return found


def _known(plain: Mapping[str, Any], keys: Collection[str], name: str, place: str) -> None:
    for key in plain:
        if key not in keys:
            raise DataError(f"{name}: unknown key {key!r} in {place}; there are {', '.join(keys)}")
