"""Check that models give here what they gave where they were trained.

Each bundle's digest is compared with the index, its contract is read, and the records in it
are predicted and held against the training framework's own outputs.
Without MODEL, every model that is here is checked.
"""

from __future__ import annotations

import argparse

from satchel import bundle as bundles
from satchel.commands import add_models_argument
from satchel.errors import BundleError
from satchel.predictor import TOLERANCE, Predictor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel verify``."""
    parser.add_argument("model", metavar="MODEL", nargs="*", help="name or file of a model")
    add_models_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print one line per model; 1 where one fails."""
    if arguments.model:
        paths = [bundles.find(name, arguments.models) for name in arguments.model]
    else:
        paths = bundles.paths(arguments.models)
    failed = 0
    for path in paths:
        try:
            predictor = Predictor(bundles.read(path))
            result = predictor.verify()
        except BundleError as error:
            failed += 1
            print(f"FAILED  {bundles.stem(path)}: {error}")
            continue
        failed += not result.passed
        state = "ok" if result.passed else "FAILED"
        listed = "" if predictor.bundle.verified else ", unverified: not in the index"
        print(
            f"{state:6}  {predictor.name} {predictor.spec.version}: {result.checks} checks, "
            f"largest deviation {result.deviation:.1e} (allowed {TOLERANCE:.0e}){listed}"
        )
    return 1 if failed else 0
