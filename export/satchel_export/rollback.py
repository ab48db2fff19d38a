"""Return to the bundle that was in place before the last retraining.

satchel rollback models/lastyear.ridge.onnx
"""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel rollback``."""
    parser.add_argument("bundle", metavar="BUNDLE", help="the file of the bundle")


def run(arguments: argparse.Namespace) -> int:
    """Put the former bundle in its place again."""
    from satchel import BundleError
    from satchel.bundle import read
    from satchel_export.retrain import FORMER, remember
    from satchel_export.write import put, version_key

    path = Path(arguments.bundle)
    now = read(path)
    kept = [read(one) for one in (path.parent / FORMER).glob(f"{now.name}.*.onnx")]
    if not kept:
        raise BundleError(f"there is no former version of {now.name} in {path.parent / FORMER}")
    former = max(kept, key=lambda one: version_key(one.version))
    put(former, path)
    remember(path, bundle=former.name, before=now.version, now=former.version, rollback=True)
    (path.parent / FORMER / f"{former.name}.{former.version}.onnx").unlink()
    print(f"{path}: version {former.version} again")
    return 0
