"""The options that say what the answer to a table holds."""

from __future__ import annotations

import argparse


def add_answer_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says which columns and rows an answer has, and how it is made."""
    group = parser.add_argument_group("what the answer holds")
    group.add_argument(
        "--brief", action="store_true", help="leave out the columns that the model has read"
    )
    group.add_argument(
        "--errors",
        choices=["keep", "fail"],
        default="keep",
        help="keep a row that cannot be read, with its error (as without this option), or fail at "
        "the first and write nothing",
    )
    group.add_argument(
        "--columns",
        metavar="NAME,...",
        help="only these columns of the answer, such as risk,predicted_G3",
    )
    group.add_argument(
        "--reasons",
        metavar="N",
        type=int,
        default=0,
        help="add the N fields that moved each answer most; takes longer",
    )
    group.add_argument(
        "--sort", choices=["risk"], default="", help="those with the highest risk first"
    )
    group.add_argument(
        "--threads",
        metavar="N",
        type=int,
        default=0,
        help="1 for one thing at a time; 2 reads, predicts and writes at once (default: as many "
        "as there are processors, 2 at most)",
    )
