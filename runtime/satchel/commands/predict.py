r"""Predict for one record, or for every row of a CSV file.

The rows of the file come back in their order with all their cells, and the prediction beside
them; a row that cannot be read says why in the column 'error', and the exit code is then 1.

  satchel predict secondary-mathematics class.csv -o predicted.csv
  satchel predict secondary-mathematics - < class.csv
  satchel predict secondary-mathematics --record \
      '{"reason": "home", "absences": 4, "G1": 11, "G2": 12}'
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import IO

from satchel.commands import add_models_argument, read_pairs
from satchel.errors import SatchelError
from satchel.files import replacing
from satchel.predict_table import TablePredictor
from satchel.prediction import Prediction
from satchel.predictor import Predictor, load
from satchel.progress import progress
from satchel.spec import Spec
from satchel.tables.csv import CsvReader, CsvWriter
from satchel.wording import demonstration, positive_label


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel predict``."""
    parser.add_argument("model", metavar="MODEL", help="name or file of a model")
    parser.add_argument("file", metavar="FILE", nargs="?", help="CSV file; - for standard input")
    parser.add_argument("--record", metavar="JSON", help="one record instead of a file")
    parser.add_argument("-o", "--out", metavar="OUT", help="file to write instead of printing")
    parser.add_argument(
        "--map",
        metavar="THEIRS=OURS",
        action="append",
        default=[],
        help="the file's column THEIRS is the model's field OURS (may be given several times)",
    )
    parser.add_argument(
        "--brief", action="store_true", help="leave out the columns that the model has read"
    )
    add_models_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, one line per row")


def run(arguments: argparse.Namespace) -> int:
    """Predict; 1 where a row was refused."""
    if (arguments.file is None) == (arguments.record is None):
        raise SatchelError("give either FILE or --record JSON")
    predictor = load(arguments.model, models=arguments.models)
    with ExitStack() as stack:
        out: IO[str] = sys.stdout
        if arguments.out is not None:
            out = stack.enter_context(replacing(arguments.out))
        if arguments.record is not None:
            return _predict_record(predictor, arguments, out)
        if arguments.file == "-":
            file = sys.stdin.buffer
        else:
            file = stack.enter_context(open(arguments.file, "rb"))
        reader = stack.enter_context(closing(CsvReader(file, arguments.file)))
        return _predict_file(predictor, arguments, reader, out)


def _predict_record(predictor: Predictor, arguments: argparse.Namespace, out: IO[str]) -> int:
    if arguments.map:
        raise SatchelError("--map goes with FILE")
    try:
        record = json.loads(arguments.record)
    except (ValueError, RecursionError) as error:
        raise SatchelError(f"--record is not JSON: {error}") from None
    prediction = predictor.predict(record)
    if arguments.json:
        print(json.dumps(prediction.as_dict(), indent=2), file=out)
    else:
        print("\n".join(_lines(prediction, predictor.spec)), file=out)
    return 0


def _lines(prediction: Prediction, spec: Spec) -> Iterator[str]:
    if spec.demonstration:
        yield demonstration(spec)
    for output in spec.outputs:
        answer = prediction.outputs[output.name]
        parts = [] if answer.value is None else [f"{answer.value:g} {answer.unit}".strip()]
        parts += [] if answer.label is None else [answer.label]
        if answer.probability is not None:
            parts.append(f"probability of {positive_label(output)} {answer.probability:.0%}")
        for i in answer.intervals:
            parts.append(f"{i.level:.0%} interval {i.low:g} to {i.high:g}")
        yield f"{answer.name}: {', '.join(parts)}"
    if prediction.advice:
        yield f"Advice: {prediction.advice}"
    doubts = prediction.doubts
    if doubts:
        yield f"Not reliable, this record is far from what training saw: {'; '.join(doubts)}"
    for note in prediction.notes:
        if str(note) not in doubts:
            yield f"Note: {note}"
    yield f"({prediction.origin.model} {prediction.origin.version})"


def _predict_file(
    predictor: Predictor, arguments: argparse.Namespace, reader: CsvReader, out: IO[str]
) -> int:
    table = TablePredictor(
        predictor, reader.header, read_pairs("--map", arguments.map, "THEIRS=OURS"), arguments.brief
    )
    writer = None
    if not arguments.json:
        writer = CsvWriter(out, reader.style)
        writer.write([table.header])
    for chunk in progress(reader.chunks(), "predicted", unit="chunks"):
        items = table.predict(chunk)
        if writer is not None:
            writer.write(table.rows(chunk, items))
            continue
        for item in items:
            print(json.dumps(item.as_dict()), file=out)
    rows, refused = table.count, table.refused
    print(f"{rows} rows: {rows - refused} predicted, {refused} refused", file=sys.stderr)
    if table.unused:
        print(f"Not used by the model: {', '.join(table.unused)}", file=sys.stderr)
    if table.absent:
        print(
            f"Not in the file, typical values were used: {', '.join(table.absent)}",
            file=sys.stderr,
        )
    return 1 if refused else 0
