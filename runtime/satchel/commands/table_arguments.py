"""The options of every command that reads a table."""

from __future__ import annotations

import argparse

from satchel.tables.marks import MISSING

DECIMALS = {"comma": ",", "point": "."}


def add_table_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--map`` and what else says how a table is read."""
    group = parser.add_argument_group("what the table holds")
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
        "--map-value",
        metavar="COLUMN:THEIRS=OURS",
        action="append",
        default=[],
        help="in COLUMN the cell THEIRS is the value OURS, as in 'sex:Female=F' (may be given "
        "several times)",
    )
    group.add_argument(
        "--set",
        metavar="FIELD=VALUE",
        action="append",
        default=[],
        help="all rows have this value of a field that the file has no column for (may be given "
        "several times)",
    )
    group.add_argument(
        "--mapping",
        metavar="FILE",
        help="read all this from a TOML file; what else is said here goes beside it",
    )
    group.add_argument(
        "--save-mapping",
        metavar="FILE",
        help="write what was said and found to a TOML file, for the next list of the kind",
    )
    group = parser.add_argument_group("how the table is written, where it is not found out")
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
    group.add_argument(
        "--unlimited",
        action="store_true",
        help="read a workbook or a Parquet file that unpacks to more than is safe: only one that "
        "you trust",
    )


def _row_number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is no row; they are counted from 1")
    return number
