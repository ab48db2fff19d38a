"""Frozen records: what `dataclasses` makes, without the code that it generates.

To generate it takes half a millisecond for each of forty classes, a fifth of what importing numpy
and ONNX Runtime takes together. Here all classes share the same methods. `dataclasses.fields`,
`replace` and `asdict` work on them, and load that module when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar, cast, dataclass_transform

T = TypeVar("T")
_set = object.__setattr__


@dataclass_transform(frozen_default=True)
def frozen(
    *, kw_only: bool = False, eq: bool = True, hidden: Sequence[str] = ()
) -> Callable[[type[T]], type[T]]:
    """Make a frozen class with slots of a class of annotated attributes.

    Parameters
    ----------
    kw_only : bool
        Whether it is made of named arguments alone.
    eq : bool
        Whether records of equal attributes are equal.
    hidden : sequence of str
        Attributes that its repr leaves out.
    """

    def make(cls: type[T]) -> type[T]:
        space = dict(cls.__dict__)
        hints = {name: h for name, h in cls.__annotations__.items() if not _of_class(h)}
        names = tuple(hints)
        defaults = {name: space.pop(name) for name in names if name in space}
        for name in ("__dict__", "__weakref__"):
            space.pop(name, None)
        space |= {
            "__slots__": names,
            "_hints": hints,
            "__match_args__": () if kw_only else names,
            "__dataclass_fields__": _Fields(kw_only),
            "_defaults": defaults,
            "_hidden": frozenset(hidden),
            "__init__": _by_name if kw_only else _by_place,
        }
        for method in (
            _repr,
            _setattr,
            _delattr,
            _getstate,
            _setstate,
            *((_eq, _hash) if eq else ()),
        ):
            space.setdefault(f"__{method.__name__[1:]}__", method)
        if eq and space.get("__hash__") is None:
            space["__hash__"] = _hash
        made: Any = type(cls)
        return cast("type[T]", made(cls.__name__, cls.__bases__, space))

    return make


def _of_class(hint: Any) -> bool:
    if isinstance(hint, str):
        return hint.startswith("ClassVar")
    return getattr(hint, "__origin__", None) is ClassVar


class _Fresh:
    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def fresh(make: Callable[[], Any]) -> Any:
    """Return the default of an attribute that every record makes for itself."""
    return _Fresh(make)


def is_frozen(cls: object) -> bool:
    """Whether `cls` is a class of records."""
    return isinstance(cls, type) and "_defaults" in vars(cls)


def names_of(cls: Any) -> tuple[str, ...]:
    """Return the names of the attributes of a class of records."""
    names: tuple[str, ...] = cls.__slots__
    return names


def hints_of(cls: Any) -> dict[str, Any]:
    """Return the annotations of its attributes: text, where its module postpones them."""
    hints: dict[str, Any] = cls._hints
    return hints


def defaults_of(cls: Any) -> dict[str, Any]:
    """Return what its attributes are where nothing is given."""
    defaults: dict[str, Any] = cls._defaults
    return defaults


def as_dict(one: object) -> dict[str, Any]:
    """Return the attributes of a record by name, as they are."""
    return {name: getattr(one, name) for name in names_of(type(one))}


class _Fields:
    """The attribute by which `dataclasses` knows its own, made when it is first asked for."""

    def __init__(self, kw_only: bool) -> None:
        self._kw_only = kw_only

    def __get__(self, instance: object, owner: Any) -> dict[str, Any]:
        import dataclasses

        space = {"__annotations__": owner.__annotations__, "__module__": owner.__module__}
        twin: Any = type(owner.__name__, (), space | owner._defaults)
        made: Any = dataclasses.dataclass(kw_only=self._kw_only, init=False, repr=False, eq=False)(
            twin
        )
        fields: dict[str, Any] = made.__dataclass_fields__
        owner.__dataclass_fields__ = fields
        return fields


def _by_name(self: Any, /, **values: Any) -> None:
    cls = type(self)
    full = cls._defaults | values
    if full.keys() != cls._hints.keys():
        raise _misfit(cls, full)
    for name, value in full.items():
        _set(self, name, value if type(value) is not _Fresh else value.make())
    if hasattr(cls, "__post_init__"):
        self.__post_init__()


def _misfit(cls: Any, full: dict[str, Any]) -> TypeError:
    for name in cls.__slots__:
        if name not in full:
            return TypeError(f"{cls.__name__}() misses the argument {name!r}")
    unknown = next(name for name in full if name not in cls._hints)
    return TypeError(f"{cls.__name__}() has no argument {unknown!r}")


def _by_place(self: Any, /, *values: Any, **more: Any) -> None:
    names = type(self).__slots__
    if len(values) > len(names):
        raise TypeError(f"{type(self).__name__}() takes {len(names)} arguments")
    given = dict(zip(names, values, strict=False))
    if twice := given.keys() & more.keys():
        raise TypeError(f"{type(self).__name__}() was given {twice.pop()!r} twice")
    _by_name(self, **given, **more)


def _values(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name in type(self).__slots__])


def _repr(self: Any) -> str:
    shown = [name for name in type(self).__slots__ if name not in type(self)._hidden]
    return f"{type(self).__qualname__}({', '.join(f'{n}={getattr(self, n)!r}' for n in shown)})"


def _eq(self: Any, other: object) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return _values(self) == _values(other)


def _hash(self: Any) -> int:
    return hash(_values(self))


def _setattr(self: Any, name: str, value: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self: Any, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> tuple[Any, ...]:
    return _values(self)


def _setstate(self: Any, state: Sequence[Any]) -> None:
    for name, value in zip(type(self).__slots__, state, strict=True):
        _set(self, name, value)
