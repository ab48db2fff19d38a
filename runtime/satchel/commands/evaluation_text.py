"""What `satchel evaluate` prints of an evaluation."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence

from satchel.commands.group_text import disparity_lines, group_lines, text_table
from satchel.measure.evaluation import Calibration, Coverage, Evaluation
from satchel.measure.fairness import LEAST
from satchel.spec import TEST, Spec
from satchel.tables.evaluate import TableEvaluator
from satchel.wording import demonstration

WIDTH = 100

Evaluations = Mapping[str, Evaluation]


def lines(
    spec: Spec, by: Sequence[str], table: TableEvaluator, found: Evaluations
) -> Iterator[str]:
    """Yield the lines of a report."""
    yield f"{spec.name} {spec.version}: {table.count} rows, {table.left_out} left out"
    if spec.demonstration:
        yield from textwrap.wrap(demonstration(spec), WIDTH)
    for one in table.listed:
        yield from _wrapped(f"row {one.row}: {one.reason}")
    if table.left_out > len(table.listed):
        yield f"  and {table.left_out - len(table.listed)} more"
    if table.absent:
        absent = ", ".join(table.absent)
        yield from textwrap.wrap(f"Not in the file; answered without: {absent}", WIDTH)
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
        [metric, _number(value), _number(on_card(spec, name, metric))]
        for metric, value in evaluation.metrics.items()
    ]
    rows = [["", "here", f"card, {TEST}"], *figures]
    is_known = any(card for _, _, card in figures)
    yield from text_table(rows if is_known else [row[:2] for row in rows])
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
        yield from group_lines(groups)
        yield from disparity_lines(
            [one for one in evaluation.disparities if one.feature == feature]
        )


def _intervals(coverage: Sequence[Coverage]) -> Iterator[str]:
    yield ""
    yield "Intervals, and the true values inside"
    rows = [[f"{one.level:.0%}", f"{one.share:.1%}", _percents(one)] for one in coverage]
    yield from text_table([["claimed", "inside", "95% interval"], *rows])


def _percents(one: Coverage) -> str:
    return f"{one.low:.1%} to {one.high:.1%}"


def _probabilities(calibration: Calibration) -> Iterator[str]:
    yield ""
    yield f"Probability of {calibration.label}, expected calibration error {calibration.error:.3f}"
    rows = [
        [f"{one.probability:.1%}", f"{one.share:.1%}", str(one.rows)] for one in calibration.bins
    ]
    yield from text_table([["mean probability", "came true", "rows"], *rows])


def _number(value: float | None) -> str:
    return f"{value:.3f}" if value is not None and math.isfinite(value) else ""


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")


def on_card(spec: Spec, output: str, metric: str) -> float | None:
    """Return what the card says of a metric on rows that the model has not seen."""
    for one in spec.card.metrics:
        if (one.output, one.name, one.protocol) == (output, metric, TEST):
            return one.value
    return None
