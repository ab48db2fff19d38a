r"""Compare a class list with the rows that a model was trained on.

FILE is one that 'predict' reads; it needs no true values. Every field and every prediction is
compared with its distribution in training: by the population stability index (0.1 is worth a
look, 0.25 is drift, beyond what chance gives a list of this length), and by a test, corrected
for their number. Only what is both large and not by chance is called drift.

Exit codes: 0 no drift, or less than 20 rows, too few to say; 1 drift; 2 wrong use. So a job
that runs at night can train the model again when the students are others:

  satchel drift secondary-mathematics class.csv
  satchel drift my-task.ridge class.csv; [ $? -eq 1 ] && make retrain
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

from satchel.commands import add_models_argument, load_model
from satchel.commands.table import read_mapping, source_of
from satchel.commands.table_arguments import add_table_arguments
from satchel.insight.drift import LARGE, LEAST_ROWS, LEVEL, Drift, FeatureDrift, finish, start
from satchel.progress import Meter
from satchel.tables.columns import Part
from satchel.tables.run import TableRun, open_table
from satchel.values import printable

LISTED_NEW = 5
SAID = {"none": "none", "slight": "slight", "drift": "DRIFT", "too few": "too few rows"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel drift``."""
    parser.add_argument("model", metavar="MODEL", help="name or file of a model")
    parser.add_argument("file", metavar="FILE", help="table of records; - for standard input")
    add_models_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_table_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison; 1 where there is drift."""
    predictor = load_model(arguments)
    class_list = start(predictor)
    mapping = read_mapping(arguments)
    with (
        Meter("compared") as meter,
        open_table(source_of(arguments), mapping, predictor.spec) as source,
    ):
        for part in TableRun(predictor, source, mapping, progress=meter):
            if isinstance(part, Part):
                class_list.add(part.values, part.predictions)
    found = finish(predictor, class_list)
    if arguments.json:
        print(json.dumps(found.as_dict(), indent=2))
    else:
        print("\n".join(map(printable, _lines(found))))
    return 1 if found.verdict == "drift" else 0


def _lines(found: Drift) -> Iterator[str]:
    yield f"{found.rows} rows, {found.refused} of them refused"
    if found.verdict == "too few":
        yield f"Too few to say: a comparison needs at least {LEAST_ROWS} rows."
        yield f"({found.origin.model} {found.origin.version})"
        return
    parts = [("Fields", found.features), ("Predictions", found.outputs)]
    wide = max((len(part.name) for _, of in parts for part in of), default=0)
    for title, of in parts:
        if of:
            yield f"{title:{wide + 2}}  {'PSI':>6} {'chance':>6} {'p':>7}  {'missing':>14}  drift"
            for part in of:
                yield from _part(part, wide)
    yield {
        "none": "No drift.",
        "slight": "Slight drift: worth a look.",
        "drift": "Drift: these students are unlike those that the model was trained on.",
    }[found.verdict]
    yield (
        f"Drift is a PSI of more than {LARGE:g} beyond chance, with a corrected p below {LEVEL:g}."
    )
    yield f"({found.origin.model} {found.origin.version})"


def _part(part: FeatureDrift, wide: int) -> Iterator[str]:
    values = part.values
    missing = f"{part.missing_then:.0%} -> {part.missing_now:.0%}"
    which = " (missing values)" if part.missing.verdict in ("slight", "drift") else ""
    yield (
        f"  {part.name:{wide}}  {values.psi:6.2f} {values.by_chance:6.2f} {values.adjusted_p:7.4f}"
        f"  {missing:>14}  {SAID[part.verdict]}{which}"
    )
    if part.new:
        listed = [f"{name!r:.40} ({count})" for name, count in part.new.items()]
        more = len(listed) - LISTED_NEW
        text = ", ".join(listed[:LISTED_NEW]) + (f" and {more} more" if more > 0 else "")
        yield f"  {'':{wide}}  new values: {text}"
    if part.unreadable:
        yield f"  {'':{wide}}  no numbers: {part.unreadable}"
