"""One record at a time, another at each call: satchel beside the bare graph on a ready row."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import build
import timing
from timing import Row

import satchel
from satchel.bundle.graph import onnxruntime

COUNT = 997
CALLS = 40
BARE = {"network": 1.25, "linear": 1.25, "forest": 1.1, "distribution": 1.35}
FULL = {"network": 2.0, "linear": 2.0, "forest": 2.0, "distribution": 2.2}
DISTRIBUTION = "secondary-mathematics"  # a default that ships
MOST_ABOVE = 8.0  # microseconds


def session(path: Path) -> Any:
    """Return a plain session of one thread, as the guides make it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        path.read_bytes(), options, providers=["CPUExecutionProvider"]
    )


def bare(path: Path) -> Callable[[], object]:
    """Return the floor: `InferenceSession.run` on the next ready row."""
    ready = session(path)
    predictor = satchel.load(path)
    matrix = predictor.encode(build.asked(predictor, build.records(COUNT)))
    rows = itertools.cycle([matrix[i : i + 1].copy() for i in range(len(matrix))])
    return lambda: ready.run(None, {"X": next(rows)})


def records(predictor: satchel.Predictor) -> Iterator[dict[str, object]]:
    """Return record after record, without end."""
    return itertools.cycle(build.asked(predictor, build.records(COUNT)))


def read_all(p: satchel.Prediction) -> object:
    """Read every attribute of a prediction."""
    return (
        *(p.value, p.unit, p.label, p.probability, p.interval, p.intervals, p.mean, p.risk),
        *(p.segment, p.advice, p.notes, p.outputs, p.origin),
    )


def full(path: Path) -> Callable[[], object]:
    """Return `predict` on the next record, every attribute of its answer read."""
    predictor = satchel.load(path)
    predict, rows = predictor.predict, records(predictor)
    return lambda: read_all(predict(next(rows)))


def value(path: Path) -> Callable[[], object]:
    """Return the bare path on the next record; where there is none, `predict`."""
    predictor = satchel.load(path)
    rows = records(predictor)
    if not hasattr(predictor, "predict_value"):
        return lambda: predictor.predict(next(rows)).value
    predict = predictor.predict_value
    return lambda: predict(next(rows))


def measure(paths: dict[str, Path]) -> list[Row]:
    """Measure each kind of model, and what a pool of contexts costs a second thread."""
    rows = []
    paths = {**paths, "distribution": satchel.load(DISTRIBUTION).bundle.path}
    for kind, path in paths.items():
        work = [bare(path), value(path), full(path)]
        least, ratios = timing.compare(work, [CALLS] * 3)
        detail = f"{least[0] * 1e6:.1f} us, the graph alone"
        rows.append(Row(f"{kind}: a dict to a float", ratios[1], BARE[kind], detail=detail))
        rows.append(Row(f"{kind}: a dict to a full `Prediction`", ratios[2], FULL[kind]))
        if kind == "distribution":
            above = (least[2] - least[0]) * 1e6
            rows.append(Row(f"{kind}: the same, above the graph", above, MOST_ABOVE, unit="us"))
    return [*rows, pool(paths["network"])]


def pool(path: Path) -> Row:
    """Measure what it costs that threads may share a predictor: a context lent and given back."""
    predictor = satchel.load(path)
    row, graph = predictor.encode(build.records(1)).tobytes(), predictor._graph
    write, run, reads = graph._bind()

    def alone() -> object:
        write[:] = row
        run()
        return [reads[0]()]

    _, ratios = timing.compare([alone, lambda: graph.run_row(row)], [CALLS * 5] * 2)
    return Row("the pool that threads share, of the graph's own time", ratios[1], 1.05)
