"""Many rows at a time: satchel beside the bare graph, in chunks of the size that suits it best."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import build
import numpy as np
import one
import timing
from timing import Row

import satchel

MANY, FEW = 100_000, 1_024
CHUNKS = (32, 64, 128, 256, 512, 1024, 4096, 16384)


def bare(path: Path, matrix: np.ndarray) -> Callable[[], object]:
    """Return the floor: the graph on a ready matrix, in chunks of its best size."""
    session = one.session(path)

    def run(size: int) -> None:
        for start in range(0, len(matrix), size):
            session.run(None, {"X": matrix[start : start + size]})

    run(CHUNKS[0])
    times = {size: min(timing.seconds(lambda s=size: run(s)) for _ in range(3)) for size in CHUNKS}
    best = min(times, key=lambda size: times[size])
    return lambda: run(best)


def read_all(many: satchel.Predictions) -> object:
    """Read every column of an answer."""
    answers = next(iter(many.outputs.values()))
    return answers.value, answers.label, answers.probability, answers.intervals, many.errors


def measure(paths: dict[str, Path]) -> list[Row]:
    """Measure dicts and columns through the network."""
    path = paths["network"]
    predictor = satchel.load(path)
    rows = []
    for count, rounds in ((FEW, 101), (MANY, 9)):
        dicts, arrays = build.records(count), build.columns(count)
        objects = {n: a.astype(object) if a.dtype.kind == "U" else a for n, a in arrays.items()}
        floor = bare(path, predictor.encode(dicts))
        work = [
            floor,
            lambda data=dicts: read_all(predictor.predict_many(data)),
            lambda data=arrays: read_all(predictor.predict_many(data)),
            lambda data=objects: read_all(predictor.predict_many(data)),
        ]
        least, ratios = timing.compare(work, [1] * 4, rounds)
        detail = f"{least[0] / count * 1e9:.0f} ns a row, the graph alone"
        rows += [
            Row(f"{count:,} dicts to columns", ratios[1], 12, detail=detail),
            Row(f"{count:,} rows as arrays, texts of fixed width", ratios[2], 6),
            Row(f"{count:,} rows as arrays, texts as objects", ratios[3], 6),
        ]
    return rows
