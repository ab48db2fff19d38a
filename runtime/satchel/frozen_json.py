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
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from satchel.errors import SpecError
from satchel.frozen import defaults_of, hints_of, is_frozen, names_of

T = TypeVar("T")
# JSON's own kind first: to ask an abstract class takes ten times as long.
_MAPPINGS = (dict, Mapping)
# Values of these types are taken as they are.
_SCALARS = (int, bool, type(None))

# The product of two such numbers is still finite, so no answer becomes infinite on its way out.
MAX_NUMBER = 1e100
LONGEST_NAME = 60

# Half of a pair, which no encoding can write, and what would command the terminal that shows it.
_UNPRINTABLE = "[\ud800-\udfff\x00-\x08\x0b-\x1f\x7f-\x9f]"

# Where a value stands: the place of what holds it, and its key or number there. It becomes text
# only where something is wrong, which would otherwise take a third of the time of reading.
Place = tuple["Place", str | int] | None
Reader = Callable[[Any, Place], Any]


def to_plain(value: Any) -> Any:
    """Return `value` as dicts, lists and scalars; fields that equal their default are left out."""
    if is_frozen(type(value)):
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


def from_plain(kind: type[T], value: object) -> T:
    """Build a `kind` from plain values.

    Raises
    ------
    SpecError
        Where `value` does not have the shape that the type hints of `kind` ask for.
    """
    made: T = _reader(kind)(value, None)  # type: ignore[arg-type]  # a type can be hashed
    return made


def _read_frozen(kind: Any, value: Any, place: Place) -> Any:
    if not isinstance(value, _MAPPINGS):
        raise SpecError(f"{_path(place) or kind.__name__}: expected an object, got {_shown(value)}")
    readers, known = _fields(kind)
    if not value.keys() <= known:
        unknown = next(key for key in value if key not in known)
        raise SpecError(f"{_path((place, str(unknown)))}: {kind.__name__} has no such field")
    arguments = {}
    defaults = defaults_of(kind)
    for name, read in readers.items():
        if name in value:
            arguments[name] = read(value[name], (place, name))
        elif name not in defaults:
            raise SpecError(f"{_path((place, name))}: missing")
    try:
        return kind(**arguments)
    except SpecError as error:
        path = _path(place)
        raise SpecError(f"{path}: {error!s:.300}" if path else f"{error!s:.300}") from None


@functools.cache
def _fields(kind: Any) -> tuple[dict[str, Reader], frozenset[str]]:
    """Return what reads each field of a record, and the keys that may stand in its object."""
    readers = {name: _reader(hint) for name, hint in hints_of(kind).items()}
    return readers, frozenset([*readers, *_tag(kind)])


def _tag(kind: type) -> dict[str, Any]:
    return {"kind": getattr(kind, "kind")} if hasattr(kind, "kind") else {}  # noqa: B009


@functools.cache
def _reader(hint: Any) -> Reader:
    """Return what reads a value of one type."""
    if hint is float:
        return _read_number
    if hint is str:
        return _read_text
    if is_frozen(hint):
        return functools.partial(_read_frozen, hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple:
        return _list_reader(hint, arguments)
    if origin in _MAPPINGS:
        return _mapping_reader(hint, *map(_reader, arguments))
    if origin in (Union, types.UnionType):
        return _union_reader(arguments)
    allowed = arguments if origin is Literal else ()

    def read(value: Any, place: Place) -> Any:
        if (hint is type(value) and hint in _SCALARS) or value in allowed:
            return value
        raise _refused(value, place, _named(hint))

    return read


def _list_reader(hint: Any, members: tuple[Any, ...]) -> Reader:
    open_ended = members[-1] is Ellipsis
    readers = [_reader(member) for member in members if member is not Ellipsis]

    def read(value: Any, place: Place) -> Any:
        if isinstance(value, list | tuple):
            each = readers * len(value) if open_ended else readers
            if len(each) == len(value):
                return tuple(
                    [
                        read_one(item, (place, i))
                        for i, (read_one, item) in enumerate(zip(each, value, strict=True))
                    ]
                )
        raise _refused(value, place, _named(hint))

    return read


def _mapping_reader(hint: Any, read_key: Reader, read_item: Reader) -> Reader:
    def read(value: Any, place: Place) -> Any:
        if not isinstance(value, _MAPPINGS):
            raise _refused(value, place, _named(hint))
        return {
            read_key(key, place): read_item(item, (place, str(key))) for key, item in value.items()
        }

    return read


def _union_reader(members: tuple[Any, ...]) -> Reader:
    scalars = [member for member in members if member in _SCALARS]
    others = [member for member in members if member is not type(None)]
    if len(others) == 1:
        only = _reader(others[0])
        return lambda value, place: value if type(value) in scalars else only(value, place)
    tagged = {member.kind: member for member in members if hasattr(member, "kind")}

    def read(value: Any, place: Place) -> Any:
        if type(value) in scalars:
            return value
        if tagged and isinstance(value, _MAPPINGS):
            kind = value.get("kind")
            if not isinstance(kind, str) or kind not in tagged:
                where = _path((place, "kind"))
                raise SpecError(f"{where}: expected one of {sorted(tagged)}")
            return _read_frozen(tagged[kind], value, place)
        if float in members and type(value) in (int, float):
            return _read_number(value, place)
        for member in others:
            try:
                return _reader(member)(value, place)
            except SpecError:
                continue
        raise _refused(value, place, " or ".join(map(_named, members)))

    return read


def _read_number(value: Any, place: Place) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _refused(value, place, "float")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) <= MAX_NUMBER:
        raise SpecError(f"{_path(place)}: expected a finite number of at most {MAX_NUMBER:g}")
    return number


def _read_text(value: Any, place: Place) -> str:
    if not isinstance(value, str):
        raise _refused(value, place, "str")
    # Most texts are printable all through, which is known before the pattern is compiled.
    found = None if value.isprintable() else re.search(_UNPRINTABLE, value)
    if found is not None:
        raise SpecError(f"{_path(place)}: the text holds the character U+{ord(found[0]):04X}")
    return value


def _refused(value: object, place: Place, expected: str) -> SpecError:
    return SpecError(f"{_path(place)}: expected {expected}, got {_shown(value)}")


def _named(hint: Any) -> str:
    if hint is type(None):
        return "null"
    return getattr(hint, "__name__", str(hint)) if not get_args(hint) else str(hint)


def _shown(value: object) -> str:
    return f"{type(value).__name__}" + (f" {value!r:.40}" if isinstance(value, str) else "")


def _path(place: Place) -> str:
    """Return a place as people read it: ``inputs.features[3].limits[0]``."""
    if place is None:
        return ""
    path, name = _path(place[0]), place[1]
    if isinstance(name, int):
        return f"{path}[{name}]"
    if not name.isprintable() or len(name) > LONGEST_NAME:
        name = f"{name!r:.{LONGEST_NAME}}"
    return f"{path}.{name}" if path else name
