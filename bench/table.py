"""Tables through the bundles that ship, each way a new process: satchel beside pandas."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import build
import joblib
import pandas as pd
import process
import rivals
from sklearn.neural_network import MLPRegressor
from timing import Row

import satchel
from satchel_training.models import kept_recipe, load_builder

ROWS, FEW, SEED = 1_000_000, 200_000, 5
ROUNDS = 3
FORESTS = ("random-forest", "extra-trees")
NETWORK, DEFAULT = "secondary-portuguese.mlp", "secondary-portuguese"
SATCHEL = """
import sys
from satchel.cli import main
main(["predict", *sys.argv[1:]])
"""
PANDAS = """
import sys
import joblib
import pandas as pd
pipeline, source, target = sys.argv[1:]
rows = pd.read_csv(source)
score = joblib.load(pipeline).predict(rows).round(1)
answer = rows.assign(
    score=score,
    label=pd.Series(score >= 10).map({True: "pass", False: "fail"}),
    probability=(score / 20).round(4),
    risk=(1 - score / 20).round(4),
    low_80=(score - 1.5).round(1), high_80=(score + 1.5).round(1),
    low_90=(score - 2.2).round(1), high_90=(score + 2.1).round(1),
)
answer.to_csv(target, index=False)
"""
OPENPYXL = """
import sys
import openpyxl
sheet = openpyxl.load_workbook(sys.argv[1], read_only=True).active
book = openpyxl.Workbook(write_only=True)
out = book.create_sheet()
for row in sheet.iter_rows(values_only=True):
    out.append([*row, *[0.5] * 8, None, None])
book.save(sys.argv[2])
"""
JSON = """
import json, sys
with open(sys.argv[1]) as source, open(sys.argv[2], "w") as target:
    for line in source:
        row = json.loads(line)
        row.update((f"c{i}", 0.5) for i in range(11))
        target.write(json.dumps(row, ensure_ascii=False) + "\\n")
"""


def measure(paths: dict[str, Path]) -> list[Row]:
    """Measure the network and the forests that ship, then what a table may hold."""
    folder = rivals.FOLDER
    whole, target = _source(folder, ROWS), folder / "answer.csv"
    shipped = sorted(path.stem for path in satchel.load(NETWORK).bundle.path.parent.glob("*.onnx"))
    forests = [n for n in shipped if n.startswith("secondary") and n.endswith(FORESTS)]
    rows = []
    for name, promise in [(NETWORK, 3.0), (DEFAULT, 3.0), *((one, 2.5) for one in forests)]:
        other = _pipeline(folder, name)
        theirs = [str(other), str(whole), str(target)]
        ours = [name, str(whole), "-o", str(target)]
        slow, fast = _pairs((PANDAS, theirs), (SATCHEL, ours), target)
        rows.append(
            Row(
                f"`{name}` faster than pandas with scikit-learn's: {ROWS:,} rows, CSV to CSV",
                statistics.median(a / b for a, b in zip(slow, fast, strict=True)),
                promise,
                at_least=True,
                detail=f"{min(fast):.1f} s",
            )
        )
    idle = process.SATCHEL.format(record=repr(build.records(1)[0])) + process.PEAK
    plain = [NETWORK, str(whole), "-o", str(target)]
    most = float(process.run(SATCHEL + process.PEAK, *plain).splitlines()[-1])
    least = float(process.run(idle, str(satchel.load(NETWORK).bundle.path)))
    rows.append(Row("its peak memory above one prediction's", most - least, 40, unit="MB"))
    return [*rows, *_kinds(folder, target), *_formats(folder)]


def _kinds(folder: Path, target: Path) -> list[Row]:
    """Measure tables that are not plain, and answers without all columns, beside a plain one."""
    source = _source(folder, FEW)
    frame = pd.read_csv(source)
    odd, quoted = folder / "odd.csv", folder / "quoted.csv"
    changed = frame.astype({"G1": object})
    changed.loc[::200, "G1"] = "absent"
    changed.loc[100::200, "G1"] = ""
    changed.to_csv(odd, index=False)
    frame.insert(0, "name", [f"Quill, Pat {i}" for i in range(len(frame))])
    frame.to_csv(quoted, index=False)
    plain = [NETWORK, str(source), "-o", str(target)]
    rows = []
    for what, arguments, promise in (
        ("`--brief`, of the time with all columns", [*plain, "--brief"], 1.0),
        (
            "half of the columns passed through, the same",
            [DEFAULT, str(source), "-o", str(target), "--brief"],
            1.0,
        ),
        ("one row in a hundred refused or noted, the same", [NETWORK, str(odd), *plain[2:]], 1.5),
        ("a quoted cell in each row, the same", [NETWORK, str(quoted), *plain[2:]], 1.5),
    ):
        base = plain if arguments[0] == NETWORK else arguments[:-1]
        ours, others = _pairs((SATCHEL, arguments), (SATCHEL, base), target)
        rows.append(Row(what, _median(ours, others), promise, detail=f"{min(ours):.1f} s"))
    return rows


def _formats(folder: Path) -> list[Row]:
    """Measure other formats beside CSV, and beside the library that reads and writes them."""
    frame = pd.read_csv(_source(folder, FEW))
    rows = []
    parquet = folder / "class.parquet"
    frame.to_parquet(parquet)
    csv = [NETWORK, str(_source(folder, FEW)), "-o", str(folder / "answer.csv")]
    ours, others = _pairs(
        (SATCHEL, [NETWORK, str(parquet), "-o", str(folder / "answer.parquet")]),
        (SATCHEL, csv),
        folder / "answer.parquet",
    )
    what = f"Parquet to Parquet, of the time of CSV to CSV: {FEW:,} rows"
    rows.append(Row(what, _median(ours, others), 1.0, detail=f"{min(ours):.1f} s"))
    lines, book = folder / "class.jsonl", folder / "class.xlsx"
    frame[:100_000].to_json(lines, orient="records", lines=True)
    frame[:20_000].to_excel(book, index=False)
    for what, program, path in (
        ("JSON Lines of 100,000 rows, of the time of the json module", JSON, lines),
        ("Excel of 20,000 rows, of the time of openpyxl", OPENPYXL, book),
    ):
        answer = folder / f"answer{path.suffix}"
        ours, others = _pairs(
            (SATCHEL, [NETWORK, str(path), "-o", str(answer)]),
            (program, [str(path), str(answer)]),
            answer,
        )
        rows.append(Row(what, _median(ours, others), 1.5, detail=f"{min(ours):.1f} s"))
    return rows


Command = tuple[str, Sequence[str]]


def _pairs(first: Command, second: Command, target: Path) -> tuple[list[float], list[float]]:
    """Return the seconds of two programs, run in turn."""
    times: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for seconds, (program, arguments) in zip(times, (first, second), strict=True):
            target.unlink(missing_ok=True)
            start = time.perf_counter()
            process.run(program, *arguments)
            seconds.append(time.perf_counter() - start)
    target.unlink(missing_ok=True)
    return times[0], times[1]


def _median(ours: Sequence[float], others: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(ours, others, strict=True))


def _source(folder: Path, rows: int) -> Path:
    """Return a class list of so many invented rows, in the range seen in training, once."""
    source = folder / f"class-{rows}.csv"
    if not source.exists():
        frame = build.generate(rows, SEED)[list(build.TASK.features)]
        frame = build.plausible(frame, satchel.load(NETWORK))
        whole = frame.astype({n: int for n in frame if frame[n].dtype.kind == "f"})
        whole.to_csv(source.with_suffix(".part"), index=False)
        source.with_suffix(".part").rename(source)
    return source


def _pipeline(folder: Path, name: str) -> Path:
    """Return a scikit-learn pipeline of the fields and hyperparameters of a bundle."""
    predictor = satchel.load(name)
    task, model = predictor.spec.task, predictor.spec.model
    if model.endswith("mlp"):
        regressor = MLPRegressor(
            hidden_layer_sizes=build.HIDDEN, max_iter=20, random_state=build.SEED
        )
    else:
        recipe = kept_recipe(task, model)
        regressor = load_builder(model).build(
            model, predictor.spec.outputs[0], recipe.hyperparameters, build.SEED, False
        )
    features = [feature.name for feature in predictor.spec.inputs.features]
    path = folder / f"{name}.joblib"
    joblib.dump(rivals.pipeline(regressor, features), path)
    return path
