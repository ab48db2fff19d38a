"""List the models that are here, with what each answers and how well.

A star marks a task's default model: the task's bare name means that one.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from satchel import bundle as bundles
from satchel.commands import add_models_argument
from satchel.errors import BundleError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel list``."""
    add_models_argument(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON array")


def run(arguments: argparse.Namespace) -> int:
    """Print the list; 1 where a bundle is damaged."""
    rows: list[dict[str, Any]] = []
    for path in bundles.paths(arguments.models):
        try:
            bundle = bundles.read(path)
        except BundleError as error:
            rows.append({"name": path.stem, "error": str(error)})
            continue
        rows.append(
            {
                "name": bundle.name,
                "task": bundle.task,
                "version": bundle.version,
                "headline": bundle.headline,
                "default": bundle.default,
                "verified": bundle.verified,
                "demonstration": bundle.spec.demonstration,
                "sha256": bundle.sha256,
                "path": str(path),
            }
        )
    if arguments.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            _print(row, max(len(row["name"]) for row in rows))
    return 1 if any("error" in row for row in rows) else 0


def _print(row: dict[str, Any], width: int) -> None:
    star = "*" if row.get("default") else " "
    marks = "Demonstration. " if row.get("demonstration") else ""
    marks += "" if row.get("verified", True) else "Unverified. "
    text = row.get("headline") or f"DAMAGED: {row['error']}"
    print(f"{star} {row['name']:{width}}  {row.get('version', ''):7}  {marks}{text}")
