"""The subcommands of `satchel` that need the runtime alone: one module each."""

from __future__ import annotations

import argparse


def add_models_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--models``, the folders of bundles of one's own."""
    parser.add_argument(
        "--models",
        metavar="DIR",
        action="append",
        default=[],
        help="look for models in this folder too (may be given several times)",
    )
