r"""Predict for one record, or for every row of a table.

The table is CSV, JSON Lines, Excel (.xlsx) or Parquet. Its rows come back in their order with
all their cells, and the prediction beside them; a row that cannot be read says why in the
column 'error', and the exit code is then 1. Rows that are no students, such as
averages or totals, are passed through without a prediction.

  satchel predict secondary-mathematics class.csv -o predicted.csv
  satchel predict secondary-mathematics class.xlsx --sheet 7b -o predicted.xlsx
  satchel predict secondary-mathematics - < class.csv
  satchel predict secondary-mathematics --record \
      '{"failures": 0, "studytime": 2, "G1": 11, "G2": 12}'
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from typing import IO, BinaryIO

from satchel.commands import add_models_argument, add_pass_mark_argument, load_model, read_json
from satchel.commands.answer_arguments import add_answer_arguments
from satchel.commands.prediction_text import prediction_lines
from satchel.commands.table import read_mapping, save_mapping, source_of
from satchel.commands.table_arguments import add_table_arguments
from satchel.errors import SatchelError
from satchel.files import replacing
from satchel.predictor import Predictor
from satchel.progress import Meter
from satchel.tables.predicting import TableOptions, described, predict_table
from satchel.values import printable
from satchel.wording import demonstration


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel predict``."""
    parser.add_argument("model", metavar="MODEL", help="name or file of a model")
    parser.add_argument("file", metavar="FILE", nargs="?", help="table; - for standard input")
    parser.add_argument("--record", metavar="JSON", help="one record instead of a table")
    parser.add_argument(
        "-o",
        "--out",
        metavar="OUT",
        help="file to write: .csv, .jsonl, .xlsx or .parquet; otherwise the answer is printed, "
        "of the same kind as FILE",
    )
    add_models_argument(parser)
    add_pass_mark_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, one line per row")
    add_answer_arguments(parser)
    add_table_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Predict; 1 where a row was refused."""
    if (arguments.file is None) == (arguments.record is None):
        raise SatchelError("give either FILE or --record JSON")
    if arguments.record is None:
        return _predict_table(arguments)
    predictor = load_model(arguments)
    with ExitStack() as stack:
        out: IO[str] = sys.stdout
        if arguments.out not in (None, "-"):
            out = stack.enter_context(replacing(arguments.out))
        return _predict_record(predictor, arguments, out)


def _predict_record(predictor: Predictor, arguments: argparse.Namespace, out: IO[str]) -> int:
    if arguments.map or arguments.set or arguments.map_value or arguments.mapping:
        raise SatchelError("--map, --map-value, --set and --mapping go with FILE")
    prediction = predictor.predict(read_json("--record", arguments.record))
    if arguments.json:
        print(json.dumps(prediction.as_dict(), indent=2), file=out)
    else:
        print("\n".join(map(printable, prediction_lines(prediction, predictor.spec))), file=out)
    return 0


def _predict_table(arguments: argparse.Namespace) -> int:
    options = TableOptions(
        mapping=read_mapping(arguments),
        brief=arguments.brief,
        columns=_names(arguments.columns),
        reasons=arguments.reasons,
        sort=arguments.sort,
        errors=arguments.errors,
        kind="json" if arguments.json else "",
        threads=arguments.threads,
    )
    predictor = load_model(arguments)
    target: str | BinaryIO = sys.stdout.buffer if arguments.out in (None, "-") else arguments.out
    sys.stdout.flush()
    with Meter("predicted") as meter:
        summary = predict_table(predictor, source_of(arguments), target, options, progress=meter)
    save_mapping(arguments, summary.mapping)
    if predictor.spec.demonstration:
        print(demonstration(predictor.spec), file=sys.stderr)
    for line in described(summary):
        print(line, file=sys.stderr)
    return 1 if summary.refused else 0


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())
