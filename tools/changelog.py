"""Checks CHANGELOG.md: an entry for the current version or for what comes, newest first.

Run as ``python tools/changelog.py``; exits with 1 and a line that says what is wrong.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATED = r"\d+\.\d+\.\d+(?=\] - \d{4}-\d{2}-\d{2}$)"
HEADING = re.compile(rf"^## \[(Unreleased(?=\]$)|{DATED})\].*$", re.MULTILINE)


def problems(text: str, version: str) -> list[str]:
    """Return what is wrong with the changelog `text` of a project at `version`."""
    found = []
    parts = HEADING.split(text)
    names, bodies = parts[1::2], parts[2::2]
    if not names:
        return ["there is no heading '## [Unreleased]' or '## [1.2.3] - 2026-01-31'"]
    stray = [line for line in re.findall(r"^## .*$", text, re.MULTILINE) if not HEADING.match(line)]
    found += [
        f"heading {line!r} is neither [Unreleased] nor a version and a date" for line in stray
    ]
    if names[0] != "Unreleased" and names[0] != version:
        found.append(f"the newest entry is {names[0]}, the package is {version}")
    numbers = [tuple(map(int, name.split("."))) for name in names if name != "Unreleased"]
    if numbers != sorted(numbers, reverse=True) or "Unreleased" in names[1:]:
        found.append("the entries are not in order, newest first")
    for name, body in zip(names, bodies, strict=True):
        if not re.search(r"^- \S", body, re.MULTILINE):
            found.append(f"the entry {name} says nothing")
    return found


def newest() -> str:
    """Return the name of the newest entry of the project: a version or ``Unreleased``."""
    found = HEADING.search(_read("CHANGELOG.md"))
    return found[1] if found else ""


def version() -> str:
    """Return the version of the package."""
    (found,) = re.findall(
        r'^__version__ = "(.*)"$', _read("runtime/satchel/__init__.py"), re.MULTILINE
    )
    return str(found)


def _read(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def main() -> int:
    """Print the problems of the project's changelog; 1 where there are some."""
    found = problems(_read("CHANGELOG.md"), version())
    for problem in found:
        print(f"CHANGELOG.md: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
