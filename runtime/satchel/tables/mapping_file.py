"""A mapping as TOML: one format, one strict reader, one writer.

::

    missing = ["EX"]

    [table]
    delimiter = ";"
    decimal = ","

    [columns]
    "Quiz 1 (90101)" = "Quiz1/10"

    [values.sexo]
    "H" = "M"

    [set]
    reason = "course"
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from satchel.errors import TableError
from satchel.sentence import Sentence
from satchel.tables.mapping import TableMapping
from satchel.tables.table import FileOptions

LARGEST = 1 << 20
FIRST_LINE = "# How satchel reads this table; give it with --mapping."
KEYS = ("missing", "table", "columns", "values", "set")
LEARNED = (
    "task",
    "fields",
    "encoded",
    "left-out",
)  # what was learned from the table: for training alone
# Whether a file is trusted is for whoever reads it to say, each time.
OPTIONS = {name.replace("_", "-"): name for name in FileOptions.__slots__ if name != "unlimited"}
DECIMALS = (".", ",")


def read_mapping(text: str, name: str) -> TableMapping:
    """Read a mapping.

    Parameters
    ----------
    text : str
        TOML.
    name : str
        Name of the file, for messages.

    Raises
    ------
    TableError
        Where it is no TOML, or holds a key or value that a mapping cannot have.
    """
    if len(text) > LARGEST:
        raise TableError(
            "{name} has more than {most} MB: is it a mapping?", name=name, most=LARGEST >> 20
        )
    try:
        plain = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise TableError("{name} is not TOML: {reason}", name=name, reason=error) from None
    return mapping_of(plain, name)


def mapping_of(plain: Mapping[str, Any], name: str) -> TableMapping:
    """Return the mapping that a TOML file holds, read already; errors as of `read_mapping`."""
    _known(plain, (*KEYS, *LEARNED), name, "")
    missing = plain.get("missing", [])
    if not isinstance(missing, list) or not all(isinstance(mark, str) for mark in missing):
        raise TableError(
            '{name}: missing must be a list of texts, as in missing = ["EX"]', name=name
        )
    values = _table(plain, "values", name)
    return TableMapping(
        _texts(_table(plain, "columns", name), name, "columns"),
        {one: _texts(_table(values, one, name), name, f"values.{one}") for one in values},
        _texts(_table(plain, "set", name), name, "set"),
        tuple(missing),
        _options(_table(plain, "table", name), name),
    )


def write_mapping(mapping: TableMapping) -> str:
    """Return a mapping as TOML, which `read_mapping` reads."""
    return "\n".join(_lines(mapping)) + "\n"


def _lines(mapping: TableMapping) -> Iterator[str]:
    yield FIRST_LINE
    if mapping.missing:
        yield f"missing = [{', '.join(map(toml_text, mapping.missing))}]"
    said = {
        key: getattr(mapping.options, name)
        for key, name in OPTIONS.items()
        if getattr(mapping.options, name)
    }
    sections: list[tuple[str, Mapping[str, Any]]] = [
        ("table", said),
        ("columns", mapping.columns),
        *((f"values.{toml_text(name)}", words) for name, words in mapping.values.items()),
        ("set", mapping.constants),
    ]
    for title, pairs in sections:
        if pairs:
            yield f"\n[{title}]"
            for key, value in pairs.items():
                shown = value if isinstance(value, int) else toml_text(value)
                yield f"{key if title == 'table' else toml_text(key)} = {shown}"


def toml_text(text: str) -> str:
    """Return a text as TOML spells it."""
    # A basic string of TOML escapes as JSON does, but for DEL, which has to be escaped too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _known(plain: Mapping[str, Any], keys: Collection[str], name: str, place: str) -> None:
    for key in plain:
        if key not in keys:
            raise TableError(
                "{name}: unknown key {key!r}{place}; there are {keys}",
                name=name,
                key=key,
                place=f" in [{place}]" if place else "",
                keys=", ".join(keys),
            )


def _table(plain: Mapping[str, Any], key: str, name: str) -> dict[str, Any]:
    found = plain.get(key, {})
    if not isinstance(found, dict):
        raise TableError("{name}: {key} must be a table, [{key}]", name=name, key=key)
    return found


def _texts(plain: Mapping[str, Any], name: str, place: str) -> dict[str, str]:
    texts = {}
    for key, value in plain.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise TableError(
                "{name}: {key!r} in [{place}] must be text, as in {key!r} = '...'",
                name=name,
                key=key,
                place=place,
            )
        texts[key] = str(value)
    return texts


def _options(plain: Mapping[str, Any], name: str) -> FileOptions:
    _known(plain, OPTIONS, name, "table")
    for key, value in plain.items():
        kind: type = int if key == "header-row" else str
        if type(value) is not kind or (isinstance(value, int) and value < 1):
            raise TableError(
                "{name}: {key} in [table] must be {what}",
                name=name,
                key=key,
                what=Sentence("a whole number from 1") if kind is int else Sentence("text"),
            )
    if plain.get("decimal", ".") not in DECIMALS:
        raise TableError('{name}: decimal in [table] must be "." or ","', name=name)
    return FileOptions(**{OPTIONS[key]: value for key, value in plain.items()})
