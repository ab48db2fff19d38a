r"""Predict for one record, or for every row of a table.

The table is CSV, JSON Lines, Excel (.xlsx) or Parquet. Its rows come back in their order with
all their cells, and the prediction beside them; a row that cannot be read says why in the
column 'error', and the exit code is then 1. A row of averages at the end is passed through
without a prediction.

  satchel predict secondary-mathematics class.csv -o predicted.csv
  satchel predict secondary-mathematics class.xlsx --sheet 7b -o predicted.xlsx
  satchel predict secondary-mathematics - < class.csv
  satchel predict secondary-mathematics --record \
      '{"reason": "home", "absences": 4, "G1": 11, "G2": 12}'
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from typing import IO, BinaryIO, cast

from satchel.commands import add_models_argument, read_json, spelled
from satchel.commands.table import add_table_arguments, opened
from satchel.errors import SatchelError, TableError
from satchel.files import replacing
from satchel.prediction import Prediction, Predictions
from satchel.predictor import Predictor, load
from satchel.progress import progress
from satchel.spec import Spec
from satchel.tables import average
from satchel.tables.answer import Writer, answer_kind, open_writer
from satchel.tables.average import WithoutAverage
from satchel.tables.predict import TablePredictor
from satchel.tables.table import Chunk, Row, Table
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
    parser.add_argument(
        "--brief", action="store_true", help="leave out the columns that the model has read"
    )
    parser.add_argument(
        "--errors",
        choices=["keep", "fail"],
        default="keep",
        help="keep a row that cannot be read, with its error (as without this option), or fail at "
        "the first and write nothing",
    )
    add_models_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, one line per row")
    add_table_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Predict; 1 where a row was refused."""
    if (arguments.file is None) == (arguments.record is None):
        raise SatchelError("give either FILE or --record JSON")
    predictor = load(arguments.model, models=arguments.models)
    if arguments.record is None:
        return _predict_table(predictor, arguments)
    with ExitStack() as stack:
        out: IO[str] = sys.stdout
        if arguments.out is not None:
            out = stack.enter_context(replacing(arguments.out))
        return _predict_record(predictor, arguments, out)


def _predict_record(predictor: Predictor, arguments: argparse.Namespace, out: IO[str]) -> int:
    if arguments.map:
        raise SatchelError("--map goes with FILE")
    prediction = predictor.predict(read_json("--record", arguments.record))
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
        parts = spelled(output, answer)
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


def _predict_table(predictor: Predictor, arguments: argparse.Namespace) -> int:
    with ExitStack() as stack:
        source, mapping, marks = stack.enter_context(opened(arguments, predictor.spec, {}))
        table = TablePredictor(predictor, source.header, mapping, arguments.brief, marks)
        out = _out(stack, arguments, source)
        writer: Writer = (
            _Predictions(out)
            if arguments.json
            else open_writer(
                out,
                answer_kind(arguments.out, source.kind),
                arguments.out,
                source,
                table.places,
                table.numbers,
            )
        )
        stack.enter_context(closing(writer))
        if not arguments.json:
            writer.write([table.header])
        chunks = WithoutAverage(source.chunks())
        for chunk in progress(chunks, "predicted", source.unit, source.total, source.done):
            items = table.predict(chunk.rows)
            if arguments.errors == "fail" and items.errors:
                raise _refusal(chunk, items)
            if arguments.json:
                writer.write([item.as_dict()] for item in items)
            else:
                writer.write(table.answer(chunk.rows, items))
        if chunks.row is not None:
            plain = [{"row": chunks.number, "note": average.NOTE}]
            writer.write([plain if arguments.json else table.unpredicted(chunks.row)])
        writer.finish()
        out.flush()
    if predictor.spec.demonstration:
        print(demonstration(predictor.spec), file=sys.stderr)
    for line in (*_summary(table, chunks), *source.remarks):
        print(line, file=sys.stderr)
    return 1 if table.refused else 0


def _out(stack: ExitStack, arguments: argparse.Namespace, source: Table) -> BinaryIO:
    kind = answer_kind(None if arguments.json else arguments.out, source.kind)
    if arguments.out is not None:
        return cast(BinaryIO, stack.enter_context(replacing(arguments.out, "wb")))
    if kind in ("xlsx", "parquet") and not arguments.json and sys.stdout.isatty():
        raise TableError(f"{kind} cannot be printed on a terminal; give -o FILE")
    sys.stdout.flush()
    return sys.stdout.buffer


class _Predictions:
    """Writes predictions alone, as JSON, one line per row."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows that hold one prediction each."""
        for (plain,) in rows:
            self._file.write(f"{json.dumps(plain)}\n".encode())

    def finish(self) -> None:
        """Leave the file open; all is written."""

    def close(self) -> None:
        """Leave the file open; nothing else is held."""


def _refusal(chunk: Chunk, items: Predictions) -> TableError:
    i = min(items.errors)
    return TableError(
        f"row {chunk.numbers[i]}: {items.errors[i]} (--errors keep leaves such rows in)"
    )


def _summary(table: TablePredictor, chunks: WithoutAverage) -> Iterator[str]:
    rows, refused = table.count, table.refused
    yield f"{rows} rows: {rows - refused} predicted, {refused} refused"
    if chunks.row is not None:
        yield f"Row {chunks.number} is {average.NOTE}"
    if table.unused:
        yield f"Not used by the model: {', '.join(table.unused)}"
    if table.absent:
        yield f"Not in the file, typical values were used: {', '.join(table.absent)}"
    yield from table.remarks()
