"""The options of every command that reads a table, and the table that they name."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager

from satchel.commands import read_pairs
from satchel.spec import Spec
from satchel.tables.mapping import wanted
from satchel.tables.marks import MISSING, Marks
from satchel.tables.opening import open_table
from satchel.tables.table import Options, Table

DECIMALS = {"comma": ",", "point": "."}


def add_table_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--map`` and what says how a table is written."""
    group = parser.add_argument_group("how the table is written, where it is not found out")
    group.add_argument(
        "--map",
        metavar="THEIRS=OURS",
        action="append",
        default=[],
        help="the file's column THEIRS is the model's field OURS; THEIRS=OURS/10 where its marks "
        "are out of 10: they are brought to the field's upper limit, a 7 to 70 where that is "
        "100 (may be given several times)",
    )
    group.add_argument(
        "--missing",
        metavar="MARK",
        action="append",
        default=[],
        help=f"stands for a missing value, as blank cells do and {' '.join(MISSING)} in any case "
        "(may be given several times)",
    )
    group.add_argument(
        "--decimal", choices=list(DECIMALS), help="decimal mark of numbers that are text"
    )
    group.add_argument(
        "--delimiter",
        metavar="SIGN",
        default="",
        help="what separates the cells of CSV: one character, or 'tab'",
    )
    group.add_argument(
        "--encoding",
        metavar="NAME",
        default="",
        help="encoding of CSV, such as cp1251; otherwise UTF-8, UTF-16 or Windows-1252 is found",
    )
    group.add_argument(
        "--header-row",
        metavar="N",
        type=_row_number,
        help="row that names the columns, counted from 1; otherwise it is the first of 20 that "
        "holds the fields of the model",
    )
    group.add_argument(
        "--sheet",
        default="",
        help="name or number of an Excel sheet; otherwise the first that "
        "holds the fields of the model, or the first",
    )


@contextmanager
def opened(
    arguments: argparse.Namespace, spec: Spec, targets: Mapping[str, str]
) -> Iterator[tuple[Table, dict[str, str], Marks]]:
    """Open the table of a command.

    Parameters
    ----------
    arguments : Namespace
        With those of `add_table_arguments`, and `file`.
    spec : Spec
        Of the model that reads it.
    targets : mapping of str to str
        From the name of an output to the column of its true values.

    Yields
    ------
    table : Table
    mapping : dict
        What ``--map`` says.
    marks : Marks
    """
    mapping = read_pairs("--map", arguments.map, "THEIRS=OURS")
    options = Options(
        sheet=arguments.sheet,
        header_row=arguments.header_row,
        decimal=DECIMALS.get(arguments.decimal or "", ""),
        delimiter={"tab": "\t"}.get(arguments.delimiter, arguments.delimiter),
        encoding=arguments.encoding,
    )
    with ExitStack() as stack:
        if arguments.file == "-":
            file, name = sys.stdin.buffer, "standard input"
        else:
            file, name = stack.enter_context(open(arguments.file, "rb")), arguments.file
        table = open_table(file, name, options, wanted(spec, mapping, targets))
        stack.enter_context(closing(table))
        yield table, mapping, Marks((*MISSING, *arguments.missing), table.decimal)


def _row_number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is no row; they are counted from 1")
    return number
