"""A long CSV to a CSV of predictions, each way a new process: satchel beside pandas."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import build
import joblib
import process
import rivals
from sklearn.linear_model import LinearRegression
from timing import Row

ROWS, SEED = 1_000_000, 5
ROUNDS = 3
SATCHEL = """
import sys
from satchel.cli import main
code = main(["predict", *sys.argv[1:]])
"""
PANDAS = """
import sys
import joblib
import pandas as pd
pipeline, source, target, keep = sys.argv[1:]
rows = pd.read_csv(source)
scores = joblib.load(pipeline).predict(rows)
answer = rows if keep else pd.DataFrame(index=rows.index)
answer.assign(predicted_G3=scores).to_csv(target, index=False)
"""


def measure(paths: dict[str, Path]) -> list[Row]:
    """Measure a linear model over a million rows, its scores alone and beside the rows."""
    folder = rivals.FOLDER
    source, target = folder / "class.csv", folder / "answer.csv"
    if not source.exists():
        rows = build.generate(ROWS, SEED)[list(build.TASK.features)]
        whole = rows.astype({n: int for n in rows if rows[n].dtype.kind == "f"})
        whole.to_csv(source.with_suffix(".part"), index=False)
        source.with_suffix(".part").rename(source)
    pipeline = folder / "pipeline.joblib"
    joblib.dump(rivals.pipeline(LinearRegression()), pipeline)
    model = str(build.score(folder))
    own = [model, str(source), "-o", str(target)]
    rows = []
    for what, ours, theirs in (
        ("to a CSV of scores", [*own, "--brief"], ""),
        ("to the same with a score in each row", own, "keep"),
    ):
        other = [str(pipeline), str(source), str(target), theirs]
        times = []
        for _ in range(ROUNDS):
            pair = []
            for program, arguments in ((PANDAS, other), (SATCHEL, ours)):
                target.unlink(missing_ok=True)
                pair.append(seconds(program, arguments))
            times.append(pair)
        rows.append(
            Row(
                f"faster than pandas and a linear pipeline: a CSV of {ROWS:,} rows {what}",
                statistics.median(pandas / satchel for pandas, satchel in times),
                3,
                at_least=True,
                detail=f"{min(satchel for _, satchel in times):.1f} s",
            )
        )
    idle = process.SATCHEL.format(record=repr(build.records(1)[0])) + process.PEAK
    most = float(process.run(SATCHEL + process.PEAK, *own).splitlines()[-1])
    least = float(process.run(idle, model))
    rows.append(Row("its peak memory above one prediction's", most - least, 40, unit="MB"))
    target.unlink()
    return rows


def seconds(program: str, arguments: list[str]) -> float:
    """Return how long a new process takes, from its start to its end."""
    start = time.perf_counter()
    process.run(program, *arguments)
    return time.perf_counter() - start
