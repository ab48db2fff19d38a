r"""Train a bundle of a school's own anew, and put it in place only where that is better.

  satchel retrain models/lastyear.ridge.onnx newyear.csv --declared lastyear.toml \
      --with lastyear.csv

Part of the new rows is held out. A candidate learns from the others, and from those of --with, by
the bundle's own algorithm; both answer the rows held out. Where the candidate is better by more
than chance explains, the model is fitted to all rows and takes the bundle's place, with a higher
version; 'satchel rollback' returns to the former one. Each change is a line of history.jsonl.

Exit codes: 0 the bundle stays, 3 it was replaced, 1 something failed and it stays, 2 wrong use.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

    from satchel import Predictor
    from satchel.spec import Spec
    from satchel_training.tasks.task import Task

FORMER, HISTORY = "former", "history.jsonl"
KEPT, FAILED, PROMOTED = 0, 1, 3
HELD_OUT = 0.3  # of the new rows
# Standard errors: by chance alone one candidate in a hundred is ahead by as much. A nightly job
# tries many.
SURE = 2.33


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel retrain``."""
    parser.add_argument("bundle", metavar="BUNDLE", help="the file of the bundle")
    parser.add_argument("table", metavar="NEW", help="new rows, with their results")
    parser.add_argument(
        "--declared",
        metavar="FILE",
        required=True,
        help="what the columns hold, as 'satchel train --from' wrote it",
    )
    parser.add_argument("--with", metavar="OLD", dest="earlier", help="earlier rows to learn from")
    parser.add_argument(
        "--if-drifted",
        action="store_true",
        help="train only where the new rows are unlike those that the bundle learned from",
    )


def run(arguments: argparse.Namespace) -> int:
    """Train anew, compare, and promote."""
    import pandas as pd

    import satchel
    from satchel import BundleError, DataError
    from satchel_training.own.declared import read_declared
    from satchel_training.own.school import few, task_of
    from satchel_training.own.sheet import read_sheet

    predictor = satchel.load(Path(arguments.bundle))
    path = predictor.bundle.path  # write puts the new one where the name of the bundle says
    file = Path(arguments.declared)
    declared = read_declared(file.read_text("utf-8"), file.name)
    if declared.name != predictor.spec.task:
        raise DataError(f"{file.name} declares {declared.name}, not {predictor.spec.task}")
    task, _ = task_of(declared, read_sheet(arguments.table, declared.mapping))
    new = task.dataset.load()
    if few(len(new)):
        raise DataError(few(len(new)))
    records = new[list(task.features)].astype(object).where(new[list(task.features)].notna(), None)
    verdict = "unknown"
    if predictor.spec.reference.rows:
        verdict = predictor.drift(records.to_dict("records")).verdict
        print(f"the new rows beside those of the training: {verdict}")
    if arguments.if_drifted and verdict != "drift":
        return KEPT
    earlier = None
    if arguments.earlier is not None:
        former, _ = task_of(declared, read_sheet(arguments.earlier, declared.mapping))
        earlier = former.dataset.load()
    try:
        lead, error = _compared(replace(task, last_of=""), new, earlier, predictor)
        better = lead > SURE * error
        print(
            f"{task.measure} on new rows held out: the candidate is ahead by {lead:.3f} "
            f"(standard error {error:.3f}): {'better' if better else 'not better'} beyond chance"
        )
        version = predictor.spec.version
        if better:
            rows = new if earlier is None else pd.concat([earlier, new], ignore_index=True)
            version = _promote(task, rows, predictor, path)
    except BundleError as failure:
        print(f"satchel: {failure}; the bundle stays", file=sys.stderr)
        return FAILED
    remember(
        path,
        bundle=predictor.spec.name,
        before=predictor.spec.version,
        now=version,
        rows=len(new),
        drift=verdict,
        lead=round(lead, 4),
        error=round(error, 4),
    )
    print(f"{path}: version {version}" + ("" if better else ", as before"))
    return PROMOTED if better else KEPT


def _compared(
    task: Task, new: DataFrame, earlier: DataFrame | None, predictor: Predictor
) -> tuple[float, float]:
    """Return by how much a candidate is ahead of a bundle, and the standard error of that."""
    import numpy as np
    import pandas as pd

    from satchel import DataError
    from satchel.measure.metrics import loss
    from satchel.measure.scores import score
    from satchel_training import evaluate
    from satchel_training.fit import Fitted
    from satchel_training.models import Recipe
    from satchel_training.own.choose import settings
    from satchel_training.train import train

    held_out = replace(task, test_size=HELD_OUT)
    learned, asked = evaluate.split(held_out, new)
    rows = learned if earlier is None else pd.concat([earlier, learned], ignore_index=True)
    model = predictor.spec.model
    found = train(task, rows, model, Recipe(settings(model, len(rows))))
    many = predictor.predict_many({name: asked[name].to_numpy() for name in task.features})
    known = np.array([i for i in range(len(asked)) if i not in many.errors], np.intp)
    if len(known) < len(asked):
        print(f"{len(asked) - len(known)} new rows have values that the bundle does not know")
    if not len(known):
        raise DataError("the bundle can answer none of the new rows that were held out")
    output = task.scored[0]
    target = asked[task.target(output)].to_numpy()[known]
    candidate = Fitted(found.spec.inputs, found.spec.outputs, found.heads).predict(asked)
    output = next(o for o in found.spec.outputs if o.name == output.name)  # type: ignore[assignment]
    ours, theirs = (
        evaluate.rows_of(answers[output.name], known) for answers in (candidate, many.outputs)
    )
    losses = [
        loss(task.measure, score(output, target, one)[task.measure]) for one in (ours, theirs)
    ]
    errors = evaluate.standard_errors(output, target, ours, theirs)
    return losses[1] - losses[0], errors[task.measure]


def _promote(task: Task, rows: DataFrame, predictor: Predictor, path: Path) -> str:
    """Fit the model to all rows, put it in the place of the bundle, and return its version."""
    from satchel.bundle import read
    from satchel.files import replacing
    from satchel_export.write import write
    from satchel_training.models import Recipe
    from satchel_training.own.choose import settings
    from satchel_training.train import train

    model = predictor.spec.model
    found = train(task, rows, model, Recipe(settings(model, len(rows))))
    columns = {name: rows[name].to_numpy() for name in task.features}
    former = path.parent / FORMER
    former.mkdir(exist_ok=True)
    # The former one is safe before anything takes its place.
    with replacing(former / f"{predictor.spec.name}.{predictor.spec.version}.onnx", "wb") as file:
        file.write(path.read_bytes())
    after = latest(path, predictor.spec)
    return read(write(found.spec, found.heads, path.parent, columns, after)).version


def latest(path: Path, spec: Spec) -> str:
    """Return the highest version of a bundle that the history of its folder knows."""
    from satchel_export.write import version_key

    versions = [spec.version]
    history = path.parent / HISTORY
    for line in history.read_text("utf-8").splitlines() if history.exists() else ():
        with contextlib.suppress(ValueError, LookupError, TypeError):  # of a line that was cut off
            plain = json.loads(line)
            if plain["bundle"] == spec.name and version_key(plain["now"]):
                versions.append(plain["now"])
    return max(versions, key=version_key)


def remember(path: Path, **line: Any) -> None:
    """Add a line to the history of a folder."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    with open(path.parent / HISTORY, "a", encoding="utf-8") as file:
        file.write(json.dumps({"time": now, **line}) + "\n")
