"""List the models that are here, with what each answers and how well.

A star marks a task's default model: the task's bare name means that one.
"""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Iterator
from typing import Any

from satchel import bundle as bundles
from satchel.commands import add_models_argument
from satchel.errors import BundleError

WIDTH, INDENT = 96, " " * 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel list``."""
    add_models_argument(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON array")


def run(arguments: argparse.Namespace) -> int:
    """Print the list; 1 where a bundle is damaged."""
    rows: list[dict[str, Any]] = []
    for path in bundles.paths(arguments.models):
        try:
            bundle = bundles.read_listed(path)
        except BundleError as error:
            rows.append({"name": bundles.stem(path), "error": str(error)})
            continue
        rows.append(
            {
                "name": bundle.name,
                "task": bundle.task,
                "version": bundle.version,
                "title": bundle.spec.card.title,
                "headline": bundle.headline,
                "default": bundle.default,
                "verified": bundle.verified,
                "demonstration": bundle.spec.demonstration,
                "sha256": bundle.sha256,
                "path": path,
            }
        )
    if arguments.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            print("\n".join(_lines(row)))
    return 1 if any("error" in row for row in rows) else 0


def _lines(row: dict[str, Any]) -> Iterator[str]:
    star = "*" if row.get("default") else " "
    marks = ", demonstration" if row.get("demonstration") else ""
    marks += "" if row.get("verified", True) else ", unverified"
    yield f"{star} {row['name']} {row.get('version', '')}{marks}"
    texts = [f"DAMAGED: {row['error']}"] if "error" in row else [row["title"], row["headline"]]
    for text in texts:
        yield from textwrap.wrap(text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
