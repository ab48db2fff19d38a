"""The bench runs through, on few rows: what it measures there says nothing."""

import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"


@pytest.fixture
def parts(monkeypatch, tmp_path):
    """The parts of the bench, each to be measured once, in a folder of their own."""
    monkeypatch.syspath_prepend(str(BENCH))
    for path in BENCH.glob("[!_]*.py"):  # one of them has the name of a package
        monkeypatch.delitem(sys.modules, path.stem, raising=False)
    import many
    import one
    import process
    import rivals
    import table
    import timing

    compare = timing.compare
    once = lambda work, times, rounds=1: compare(work, [1] * len(work), 1)  # noqa: E731
    monkeypatch.setattr(timing, "compare", once)
    monkeypatch.setattr(rivals, "FOLDER", tmp_path)
    monkeypatch.setattr(table, "ROWS", 300)
    monkeypatch.setattr(table, "FEW", 300)
    monkeypatch.setattr(table, "ROUNDS", 1)
    monkeypatch.setattr(many, "MANY", 64)
    monkeypatch.setattr(many, "FEW", 32)
    monkeypatch.setattr(process, "ROUNDS", 1)
    yield [one, many, process, rivals, table]
    for path in BENCH.glob("[!_]*.py"):
        sys.modules.pop(path.stem, None)


@pytest.mark.slow
def test_every_part_measures_something(parts, tmp_path):
    import build

    paths = build.build(tmp_path)
    for part in parts:
        rows = part.measure(paths)
        assert rows, part
        assert all(row.ratio > 0 or row.unit != "x" for row in rows), rows
