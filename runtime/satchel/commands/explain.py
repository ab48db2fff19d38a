r"""Show why a model predicts what it does for one record, or what a change would do.

Each field gets its Shapley value: by how much it moves the prediction away from the mean over
some invented students. --change shows the prediction before and after; --suggest ranks the best
change of each field that a school or student can change, in the direction that a school would
want. All effects are the model's view, not the world's.

  satchel explain course-outcome --record '{"Quiz1": 41, ...}'
  satchel explain course-outcome --record '{"Quiz1": 41, ...}' --change '{"Attendance": 90}'
  satchel explain exam-scores --record '{...}' --output math --suggest
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

from satchel.commands import add_models_argument, add_pass_mark_argument, load_model, read_json
from satchel.commands.explanation_text import explanation_lines, suggestion_lines, what_if_lines
from satchel.commands.table import read_mapping, source_of
from satchel.commands.table_arguments import add_table_arguments
from satchel.errors import SatchelError
from satchel.predictor import SAMPLES, Predictor
from satchel.tables.columns import Part
from satchel.tables.run import TableRun, open_table
from satchel.values import printable
from satchel.wording import demonstration


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel explain``."""
    parser.add_argument("model", metavar="MODEL", help="name or file of a model")
    parser.add_argument("file", metavar="FILE", nargs="?", help="table; - for standard input")
    parser.add_argument("--record", metavar="JSON", help="one record instead of a table")
    parser.add_argument(
        "--row", metavar="N", type=int, help="only row N of the table, as a spreadsheet counts"
    )
    parser.add_argument(
        "--output", metavar="NAME", help="the output meant; needed where a model has several"
    )
    parser.add_argument(
        "--change", metavar="JSON", help="show the prediction before and after these changes"
    )
    parser.add_argument(
        "--suggest",
        action="store_true",
        help="rank the best change of each field by what it would do",
    )
    parser.add_argument(
        "--samples",
        metavar="N",
        type=int,
        default=SAMPLES,
        help=f"orders of the fields to draw ({SAMPLES}); four times as many halve the error",
    )
    add_models_argument(parser)
    add_pass_mark_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_table_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the explanations, or what was asked for in their place; 1 where a row was refused."""
    if (arguments.file is None) == (arguments.record is None):
        raise SatchelError("give either FILE or --record JSON")
    predictor = load_model(arguments)
    if arguments.record is not None:
        _print(arguments, *_answered(predictor, arguments, read_json("--record", arguments.record)))
        return 0
    refused = found = 0
    for number, record, error in _records(predictor, arguments):
        found += 1
        refused += bool(error)
        answers, lines = {"error": error}, [error]
        if not error:
            answers, lines = _answered(predictor, arguments, record)
        _print(arguments, {"row": number, **answers}, [f"Row {number}", *lines, ""])
    if not found:
        raise SatchelError(f"the table has no row {arguments.row or ''} of a student")
    return 1 if refused else 0


def _records(
    predictor: Predictor, arguments: argparse.Namespace
) -> Iterator[tuple[int, dict[str, object], str]]:
    """Yield the students of a table: their row, their record, and why it cannot be read."""
    mapping = read_mapping(arguments)
    with open_table(source_of(arguments), mapping, predictor.spec) as source:
        for part in TableRun(predictor, source, mapping):
            if not isinstance(part, Part):
                continue
            for i, number in enumerate(part.numbers):
                if arguments.row in (None, number):
                    yield number, part.record(i), str(part.predictions.errors.get(i, ""))


def _answered(
    predictor: Predictor, arguments: argparse.Namespace, record: dict[str, object]
) -> tuple[dict[str, Any], list[str]]:
    spec, answers = predictor.spec, dict[str, Any]()
    lines = [demonstration(spec)] if spec.demonstration else []
    if arguments.change is not None:
        changed = predictor.what_if(record, read_json("--change", arguments.change))
        answers["what_if"] = changed.as_dict()
        lines += what_if_lines(changed, spec)
    if arguments.suggest:
        suggestions = predictor.suggest(record, arguments.output)
        answers["suggestions"] = suggestions.as_dict()
        lines += suggestion_lines(suggestions, spec)
    if not answers:
        explanation = predictor.explain(record, arguments.output, arguments.samples)
        answers["explanation"] = explanation.as_dict()
        lines += explanation_lines(explanation, spec)
    return answers, [*lines, f"({predictor.origin.model} {predictor.origin.version})"]


def _print(arguments: argparse.Namespace, answers: dict[str, Any], lines: list[str]) -> None:
    indent = 2 if arguments.file is None else None
    print(
        json.dumps(answers, indent=indent) if arguments.json else "\n".join(map(printable, lines))
    )
