"""Writes the class lists of an invented school: last year's with results, and this year's.

python examples/invented_school.py DIR
"""

from __future__ import annotations

import csv
import random
import sys
from pathlib import Path

SEED = 11
CLASSES = ("9a", "9b", "9c", "9d", "9e", "9f", "9g", "9h")
NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia", "Hugo", "Ines", "Jon", "Kim", "Leo")
HEADER = ["Student", "Class", "Test 1 (20)", "Test 2 (20)", "Absences", "Homework", "Club", "Final"]


def students(count: int, seed: int) -> list[list[object]]:
    """Return rows whose results follow the tests, absences and homework, and chance."""
    drawn = random.Random(seed)
    rows: list[list[object]] = []
    for i in range(count):
        ability = drawn.gauss(11, 3)
        absences = min(40, int(drawn.expovariate(1 / 5)))
        homework = max(0, min(10, round(drawn.gauss(6 + (ability - 11) / 3, 2))))
        tests = [max(0.0, min(20.0, round(ability + drawn.gauss(0, 2), 1))) for _ in range(2)]
        result = 0.9 * ability + 0.35 * (homework - 6) - 0.12 * absences + drawn.gauss(1.5, 1.5)
        club = drawn.choice(("chess", "football", "none"))
        name = f"{NAMES[i % len(NAMES)]} {i + 1}"
        marks: list[object] = [*tests]
        if drawn.random() < 0.03:
            marks[1] = "EX"
        final = max(0, min(20, round(result)))
        rows.append([name, CLASSES[i % len(CLASSES)], *marks, absences, homework, club, final])
    return rows


def write(path: Path, rows: list[list[object]], results: bool) -> None:
    """Write a class list, with or without results."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER if results else HEADER[:-1])
        writer.writerows(rows if results else [row[:-1] for row in rows])


def main(arguments: list[str]) -> int:
    """Write ``lastyear.csv``, ``newyear.csv`` with results, and ``thisyear.csv`` without."""
    folder = Path(arguments[0] if arguments else ".")
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "lastyear.csv", students(240, SEED), results=True)
    write(folder / "newyear.csv", students(240, SEED + 1), results=True)
    write(folder / "thisyear.csv", students(28, SEED + 2), results=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
