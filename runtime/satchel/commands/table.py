"""What the options of a command say of the table that it reads."""

from __future__ import annotations

import argparse
import os
import sys
from typing import BinaryIO

from satchel.commands import read_pairs
from satchel.commands.table_arguments import DECIMALS
from satchel.errors import TableError
from satchel.files import replacing
from satchel.tables.mapping import TableMapping
from satchel.tables.mapping_file import read_mapping as read_mapping_file
from satchel.tables.mapping_file import write_mapping
from satchel.tables.table import FileOptions

DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}


def read_mapping(arguments: argparse.Namespace) -> TableMapping:
    """Return what the options of a command say of its table.

    Raises
    ------
    TableError
        Where one of them is not of its form.
    """
    said = TableMapping(
        read_pairs("--map", arguments.map, "THEIRS=OURS", last=True),
        _values(arguments.map_value),
        read_pairs("--set", arguments.set, "FIELD=VALUE"),
        tuple(arguments.missing),
        FileOptions(
            sheet=arguments.sheet,
            header_row=arguments.header_row,
            decimal=DECIMALS.get(arguments.decimal or "", ""),
            delimiter=DELIMITERS.get(arguments.delimiter, arguments.delimiter),
            encoding=arguments.encoding,
            unlimited=arguments.unlimited,
        ),
    )
    if arguments.mapping is None:
        return said
    try:
        with open(arguments.mapping, encoding="utf-8-sig") as file:
            text = file.read()
    except UnicodeDecodeError:
        raise TableError(f"{arguments.mapping} is not UTF-8 text, which TOML must be") from None
    return read_mapping_file(text, arguments.mapping).updated(said)


def save_mapping(arguments: argparse.Namespace, mapping: TableMapping) -> None:
    """Write what was said and found, where that was asked for."""
    if arguments.save_mapping is not None:
        with replacing(arguments.save_mapping) as file:
            file.write(write_mapping(mapping))


def source_of(arguments: argparse.Namespace) -> str | os.PathLike[str] | BinaryIO:
    """Return the table that a command names: ``-`` is standard input."""
    path: str = arguments.file
    return sys.stdin.buffer if path == "-" else path


def _values(given: list[str]) -> dict[str, dict[str, str]]:
    values: dict[str, dict[str, str]] = {}
    for text in given:
        left, sign, ours = text.rpartition("=")
        column, colon, theirs = left.partition(":")
        if not (sign and colon and column.strip() and theirs.strip() and ours.strip()):
            raise TableError(f"--map-value {text!r} is not of the form COLUMN:THEIRS=OURS")
        values.setdefault(column.strip(), {})[theirs.strip()] = ours.strip()
    return values
