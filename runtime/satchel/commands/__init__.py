"""The subcommands of `satchel` that need the runtime alone: one module each."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from satchel.errors import TableError


def add_models_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--models``, the folders of bundles of one's own."""
    parser.add_argument(
        "--models",
        metavar="DIR",
        action="append",
        default=[],
        help="look for models in this folder too (may be given several times)",
    )


def read_pairs(option: str, given: Sequence[str], form: str) -> dict[str, str]:
    """Return the pairs that an option was given as ``FIRST=SECOND``.

    Parameters
    ----------
    option, form : str
        Its name and form, for the error.
    given : sequence of str

    Raises
    ------
    TableError
        Where one is not of that form.
    """
    pairs = {}
    for pair in given:
        first, sign, second = (part.strip() for part in pair.partition("="))
        if not (first and sign and second):
            raise TableError(f"{option} {pair!r} is not of the form {form}")
        pairs[first] = second
    return pairs
