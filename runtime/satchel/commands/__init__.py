"""The subcommands of `satchel` that need the runtime alone: one module each."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from satchel import strict_json
from satchel.errors import SatchelError, TableError
from satchel.wording import positive_label

if TYPE_CHECKING:
    from satchel.prediction import Answer
    from satchel.predictor import Predictor
    from satchel.spec import Output


def add_models_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--models``, the folders of bundles of one's own."""
    parser.add_argument(
        "--models",
        metavar="DIR",
        action="append",
        default=[],
        help="look for models in this folder too (may be given several times)",
    )


def add_pass_mark_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--pass-at``, the school's own pass mark."""
    parser.add_argument(
        "--pass-at",
        metavar="MARK",
        help="the school's own pass mark, in the unit of the score or as a share of the most that "
        "can be scored, such as 40/100",
    )


def load_model(arguments: argparse.Namespace) -> Predictor:
    """Load the model that the arguments name, with the school's pass mark where one is given."""
    from satchel.predictor import load

    mark = getattr(arguments, "pass_at", None)
    return load(arguments.model, models=arguments.models, pass_at=mark)


def read_pairs(option: str, given: Sequence[str], form: str, last: bool = False) -> dict[str, str]:
    """Return the pairs that an option was given as ``FIRST=SECOND``.

    Parameters
    ----------
    option, form : str
        Its name and form, for the error.
    given : sequence of str
    last : bool
        Whether the last ``=`` is meant: the first part may hold others.

    Raises
    ------
    TableError
        Where one is not of that form.
    """
    pairs: dict[str, str] = {}
    for pair in given:
        parts = pair.rpartition("=") if last else pair.partition("=")
        first, sign, second = (part.strip() for part in parts)
        if not (first and sign and second):
            raise TableError(f"{option} {pair!r} is not of the form {form}")
        if pairs.get(first, second) != second:
            raise TableError(f"{option} names {first!r} twice: {pairs[first]!r} and {second!r}")
        pairs[first] = second
    return pairs


def read_json(option: str, text: str) -> Any:
    """Return what an option was given as JSON.

    Raises
    ------
    SatchelError
        Where it is none.
    """
    try:
        return strict_json.loads(text, constants=True)
    except RecursionError:
        raise SatchelError(f"{option} is not JSON: it is nested too deeply") from None
    except ValueError as error:
        raise SatchelError(f"{option} is not JSON: {error}") from None


def spelled(output: Output, answer: Answer) -> list[str]:
    """Return an answer in words: its value with the unit, its label, its probability."""
    parts = [] if answer.value is None else [f"{answer.value:g} {answer.unit}".strip()]
    parts += [] if answer.label is None else [answer.label]
    if answer.probability is not None:
        parts.append(f"probability of {positive_label(output)} {answer.probability:.0%}")
    return parts
