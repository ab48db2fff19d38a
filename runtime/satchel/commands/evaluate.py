r"""Measure a model on the rows of a table whose true values are known.

The table is one that 'predict' reads, with a column of true values for each output to measure.
A row that cannot be read, or that has no true value, is left out; the exit code is then 1.
Rows that the model was trained on make it look better than it is.

  satchel evaluate secondary-mathematics class.csv --by sex --by school
  satchel evaluate exam-scores class.csv --target 'math=math score'
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import asdict
from typing import Any

from satchel.commands import add_models_argument, add_pass_mark_argument, load_model, read_pairs
from satchel.commands.evaluation_text import Evaluations, lines, on_card
from satchel.commands.table import read_mapping, source_of
from satchel.commands.table_arguments import add_table_arguments
from satchel.predictor import Predictor
from satchel.progress import Meter
from satchel.tables.evaluate import TableEvaluator
from satchel.tables.run import TableRun, open_table
from satchel.values import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel evaluate``."""
    parser.add_argument("model", metavar="MODEL", help="name or file of a model")
    parser.add_argument("file", metavar="FILE", help="table; - for standard input")
    parser.add_argument(
        "--target",
        metavar="OUTPUT=COLUMN",
        action="append",
        default=[],
        help="the true values of OUTPUT are in COLUMN; without it in the one of the same name "
        "(may be given several times)",
    )
    parser.add_argument(
        "--by",
        metavar="FEATURE",
        action="append",
        default=[],
        help="compare the groups of this column, also of one that the model does not use "
        "(may be given several times)",
    )
    add_models_argument(parser)
    add_pass_mark_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_table_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate; 1 where a row was left out."""
    predictor = load_model(arguments)
    targets = read_pairs("--target", arguments.target, "OUTPUT=COLUMN")
    mapping = read_mapping(arguments)
    with (
        Meter("evaluated") as meter,
        open_table(source_of(arguments), mapping, predictor.spec, targets) as source,
    ):
        run = TableRun(predictor, source, mapping, progress=meter)
        table = TableEvaluator(run, targets, arguments.by)
        table.read()
    for number in run.passed:
        print(f"Row {number} is not a student: left out", file=sys.stderr)
    for remark in run.remarks():
        print(printable(remark), file=sys.stderr)
    found = table.evaluate()
    if arguments.json:
        plain = _plain(predictor, table, found)
        print(json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print("\n".join(map(printable, lines(predictor.spec, arguments.by, table, found))))
    return 1 if table.left_out else 0


def _plain(predictor: Predictor, table: TableEvaluator, found: Evaluations) -> dict[str, Any]:
    outputs = {}
    for name, evaluation in found.items():
        of_output = asdict(evaluation)
        of_output["metrics"] = {
            metric: {
                "value": value if math.isfinite(value) else None,
                "card": on_card(predictor.spec, name, metric),
            }
            for metric, value in evaluation.metrics.items()
        }
        of_output["disparities"] = [
            asdict(one) | {"by_chance": one.by_chance} for one in evaluation.disparities
        ]
        outputs[name] = of_output
    return {
        **asdict(predictor.origin),
        "rows": table.count,
        "left_out": table.left_out,
        "first_left_out": [asdict(one) for one in table.listed],
        "imputed": table.absent,
        "outputs": outputs,
    }
