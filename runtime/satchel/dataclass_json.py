"""Frozen records to plain JSON values and back, by their type hints.

Reading is strict: an unknown key, a missing one, a wrong type, a number that is not finite or a
control character is a `SpecError` that names the place (``inputs.features[3].limits[0]``). In a
union of records the key ``kind`` chooses the member whose class attribute ``kind`` it equals.
"""

from __future__ import annotations

import functools
import math
import re
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from satchel.errors import SpecError
from satchel.record import defaults_of, is_record, names_of

T = TypeVar("T")
# JSON's own kind first: to ask an abstract class takes ten times as long.
_MAPPINGS = (dict, Mapping)
_SCALARS = (int, bool)

# The product of two such numbers is still finite, so no answer becomes infinite on its way out.
MAX_NUMBER = 1e100
LONGEST_NAME = 60

# Half of a pair, which no encoding can write, and what would command the terminal that shows it.
_UNPRINTABLE = re.compile("[\ud800-\udfff\x00-\x08\x0b-\x1f\x7f-\x9f]")


def to_plain(value: Any) -> Any:
    """Return `value` as dicts, lists and scalars; fields that equal their default are left out."""
    if is_record(type(value)):
        plain, defaults = _tag(type(value)), defaults_of(type(value))
        for name in names_of(type(value)):
            item = getattr(value, name)
            if name not in defaults or item != defaults[name]:
                plain[name] = to_plain(item)
        return plain
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T], value: object, path: str = "") -> T:
    """Build a `kind` from plain values.

    Raises
    ------
    SpecError
        Where `value` does not have the shape that the type hints of `kind` ask for.
    """
    if not isinstance(value, _MAPPINGS):
        raise SpecError(f"{path or kind.__name__}: expected an object, got {_shown(value)}")
    hints = _hints(typing.cast(Any, kind))
    unknown = [key for key in value if key not in hints and key not in _tag(kind)]
    if unknown:
        raise SpecError(f"{_join(path, str(unknown[0]))}: {kind.__name__} has no such field")
    arguments = {}
    defaults = defaults_of(kind)
    for name in names_of(kind):
        place = _join(path, name)
        if name in value:
            arguments[name] = _read(hints[name], value[name], place)
        elif name not in defaults:
            raise SpecError(f"{place}: missing")
    try:
        return kind(**arguments)
    except SpecError as error:
        raise SpecError(f"{path}: {error!s:.300}" if path else f"{error!s:.300}") from None


def _tag(kind: type) -> dict[str, Any]:
    return {"kind": getattr(kind, "kind")} if hasattr(kind, "kind") else {}  # noqa: B009


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {name: hints[name] for name in names_of(kind)}


def _read(hint: Any, value: object, path: str) -> Any:
    if hint is type(value) and hint in _SCALARS:
        return value
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return _finite(value, path)
    if hint is str and isinstance(value, str):
        return _text(value, path)
    if is_record(hint):
        return from_plain(typing.cast(type, hint), value, path)
    origin, arguments = _parts(hint)
    if origin is Literal and value in arguments:
        return value
    if origin is tuple and isinstance(value, list | tuple):
        open_ended = arguments[-1] is Ellipsis
        members = [arguments[0]] * len(value) if open_ended else list(arguments)
        if len(members) == len(value):
            return tuple(
                _read(member, item, f"{path}[{i}]")
                for i, (member, item) in enumerate(zip(members, value, strict=True))
            )
    if origin in _MAPPINGS and isinstance(value, _MAPPINGS):
        return {
            _read(arguments[0], key, path): _read(arguments[1], item, _join(path, str(key)))
            for key, item in value.items()
        }
    if origin in (Union, types.UnionType):
        return _read_union(arguments, value, path)
    raise SpecError(f"{path}: expected {_named(hint)}, got {_shown(value)}")


def _read_union(members: tuple[Any, ...], value: object, path: str) -> Any:
    if type(value) in members and (value is None or type(value) in _SCALARS):
        return value
    others, tagged = _members(members)
    if len(others) == 1:
        return _read(others[0], value, path)
    if tagged and isinstance(value, _MAPPINGS):
        kind = value.get("kind")
        if not isinstance(kind, str) or kind not in tagged:
            raise SpecError(f"{_join(path, 'kind')}: expected one of {sorted(tagged)}")
        return from_plain(tagged[kind], value, path)
    if float in members and type(value) in (int, float):
        return _finite(typing.cast(float, value), path)
    for member in others:
        try:
            return _read(member, value, path)
        except SpecError:
            continue
    names = " or ".join(_named(member) for member in members)
    raise SpecError(f"{path}: expected {names}, got {_shown(value)}")


def _text(value: str, path: str) -> str:
    found = _UNPRINTABLE.search(value)
    if found is not None:
        raise SpecError(f"{path}: the text holds the character U+{ord(found[0]):04X}")
    return value


@functools.cache
def _parts(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    return get_origin(hint), get_args(hint)


@functools.cache
def _members(members: tuple[Any, ...]) -> tuple[list[Any], dict[str, Any]]:
    """Return the members of a union that are not None, and those with a tag by their tags."""
    others = [member for member in members if member is not type(None)]
    return others, {member.kind: member for member in members if hasattr(member, "kind")}


def _finite(value: int | float, path: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) <= MAX_NUMBER:
        raise SpecError(f"{path}: expected a finite number of at most {MAX_NUMBER:g}")
    return number


def _named(hint: Any) -> str:
    if hint is type(None):
        return "null"
    return getattr(hint, "__name__", str(hint)) if not get_args(hint) else str(hint)


def _shown(value: object) -> str:
    return f"{type(value).__name__}" + (f" {value!r:.40}" if isinstance(value, str) else "")


def _join(path: str, name: str) -> str:
    if not name.isprintable() or len(name) > LONGEST_NAME:
        name = f"{name!r:.{LONGEST_NAME}}"
    return f"{path}.{name}" if path else name
