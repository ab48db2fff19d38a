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
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from satchel.commands import add_models_argument, read_pairs
from satchel.commands.table import add_table_arguments, opened
from satchel.measure.evaluation import Calibration, Coverage, Evaluation
from satchel.measure.fairness import LEAST
from satchel.predictor import Predictor, load
from satchel.progress import progress
from satchel.spec import TEST, Disparity, Group, Spec
from satchel.tables.average import WithoutAverage
from satchel.tables.evaluate import TableEvaluator
from satchel.wording import demonstration

WIDTH = 100
GROUPS_ABREAST = 3

Evaluations = Mapping[str, Evaluation]
Cells = Sequence[Sequence[str]]


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
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_table_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate; 1 where a row was left out."""
    predictor = load(arguments.model, models=arguments.models)
    targets = read_pairs("--target", arguments.target, "OUTPUT=COLUMN")
    with opened(arguments, predictor.spec, targets) as (source, mapping, marks):
        table = TableEvaluator(predictor, source.header, mapping, targets, arguments.by, marks)
        chunks = WithoutAverage(source.chunks())
        for chunk in progress(chunks, "evaluated", source.unit, source.total, source.done):
            table.read(chunk.rows, chunk.numbers)
    if chunks.row is not None:
        print(f"Row {chunks.number} is a row of averages: left out", file=sys.stderr)
    for remark in (*source.remarks, *table.remarks()):
        print(remark, file=sys.stderr)
    found = table.evaluate()
    if arguments.json:
        plain = _plain(predictor, table, found)
        print(json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print("\n".join(_lines(predictor.spec, arguments.by, table, found)))
    return 1 if table.left_out else 0


# ---- as JSON ---------------------------------------------------------------------------------


def _plain(predictor: Predictor, table: TableEvaluator, found: Evaluations) -> dict[str, Any]:
    outputs = {}
    for name, evaluation in found.items():
        of_output = asdict(evaluation)
        of_output["metrics"] = {
            metric: {
                "value": value if math.isfinite(value) else None,
                "card": _on_card(predictor.spec, name, metric),
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


def _on_card(spec: Spec, output: str, metric: str) -> float | None:
    for one in spec.card.metrics:
        if (one.output, one.name, one.protocol) == (output, metric, TEST):
            return one.value
    return None


# ---- as text ---------------------------------------------------------------------------------


def _lines(
    spec: Spec, by: Sequence[str], table: TableEvaluator, found: Evaluations
) -> Iterator[str]:
    yield f"{spec.name} {spec.version}: {table.count} rows, {table.left_out} left out"
    if spec.demonstration:
        yield from textwrap.wrap(demonstration(spec), WIDTH)
    for one in table.listed:
        yield from _wrapped(f"row {one.row}: {one.reason}")
    if table.left_out > len(table.listed):
        yield f"  and {table.left_out - len(table.listed)} more"
    if table.absent:
        absent = ", ".join(table.absent)
        yield from textwrap.wrap(f"Not in the file, typical values were used: {absent}", WIDTH)
    for name in table.outputs:
        yield ""
        if name not in found:
            if name in table.columns:
                why = f"no row can be used with a true value in {table.columns[name]!r}"
            else:
                why = f"the table has no column of that name (--target {name}=COLUMN)"
            yield f"{name}: not evaluated, {why}"
            continue
        yield from _output(spec, name, found[name], by)
    yield ""
    yield "Rows that the model was trained on make it look better than it is."


def _output(spec: Spec, name: str, evaluation: Evaluation, by: Sequence[str]) -> Iterator[str]:
    yield f"{name}, {evaluation.rows} rows"
    figures = [
        [metric, _number(value), _number(_on_card(spec, name, metric))]
        for metric, value in evaluation.metrics.items()
    ]
    rows = [["", "here", f"card, {TEST}"], *figures]
    on_card = any(card for _, _, card in figures)
    yield from _table(rows if on_card else [row[:2] for row in rows])
    if evaluation.coverage:
        yield from _intervals(evaluation.coverage)
    if evaluation.calibration is not None:
        yield from _probabilities(evaluation.calibration)
    for feature in dict.fromkeys(by):
        groups = [one for one in evaluation.groups if one.feature == feature]
        yield ""
        if not groups:
            yield f"{name} by {feature}: fewer than two groups of {LEAST} rows, nothing to compare"
            continue
        yield f"{name} by {feature}, with 95% intervals"
        yield from _groups(groups)
        yield from _disparities([one for one in evaluation.disparities if one.feature == feature])


def _intervals(coverage: Sequence[Coverage]) -> Iterator[str]:
    yield ""
    yield "Intervals, and the true values inside"
    rows = [[f"{one.level:.0%}", f"{one.share:.1%}", _percents(one)] for one in coverage]
    yield from _table([["claimed", "inside", "95% interval"], *rows])


def _percents(one: Coverage) -> str:
    return f"{one.low:.1%} to {one.high:.1%}"


def _probabilities(calibration: Calibration) -> Iterator[str]:
    yield ""
    yield f"Probability of {calibration.label}, expected calibration error {calibration.error:.3f}"
    rows = [
        [f"{one.probability:.1%}", f"{one.share:.1%}", str(one.rows)] for one in calibration.bins
    ]
    yield from _table([["mean probability", "came true", "rows"], *rows])


def _groups(groups: Sequence[Group]) -> Iterator[str]:
    names = list(dict.fromkeys(name for group in groups for name in group.figures))
    for start in range(0, len(groups), GROUPS_ABREAST):
        abreast = groups[start : start + GROUPS_ABREAST]
        yield from _table(
            [
                ["", *(textwrap.shorten(group.group, 24) for group in abreast)],
                ["rows", *(str(group.rows) for group in abreast)],
                *([name, *(_bounded(group, name) for group in abreast)] for name in names),
            ]
        )


def _bounded(group: Group, name: str) -> str:
    if name not in group.figures:
        return ""
    value, low, high = group.figures[name]
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _disparities(disparities: Sequence[Disparity]) -> Iterator[str]:
    if not disparities:
        return
    yield "Differences; groups drawn by lot stay below chance 19 times in 20"
    rows = [
        [
            one.name,
            f"{one.value:.3f}",
            f"{one.low:.3f} to {one.high:.3f}",
            f"{one.chance:.3f}",
            "may be chance" if one.by_chance else "more than chance",
        ]
        for one in disparities
    ]
    yield from _table([["", "value", "95% interval", "chance", ""], *rows])


def _number(value: float | None) -> str:
    return f"{value:.3f}" if value is not None and math.isfinite(value) else ""


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")


def _table(rows: Cells) -> Iterator[str]:
    """Yield rows of cells as lines, the first column to the left, the others to the right."""
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        cells = [f"{first:{wide[0]}}", *(f"{c:>{w}}" for c, w in zip(rest, wide[1:], strict=True))]
        yield ("  " + "  ".join(cells)).rstrip()
