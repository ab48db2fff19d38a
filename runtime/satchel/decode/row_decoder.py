"""Makes a prediction of the raw outputs for one record, in Python's own numbers.

numpy takes a microsecond for each call on an array of one number, and decoding makes 20 to 60 of
them: more than a small graph takes altogether. The formulas are those of `satchel.decode.decoder`,
and give the same bits; only `tanh` is numpy's in both, since the C library's differs in the last
bit.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from satchel.decode.interpolation import Curve
from satchel.distribution import (
    Mark,
    make_distribution,
    probability_of,
    quantile,
    tails,
)
from satchel.errors import Problem, RecordError
from satchel.frozen import frozen
from satchel.note import Note
from satchel.prediction import (
    Answer,
    Origin,
    Prediction,
    make_answer,
    make_interval,
    make_prediction,
)
from satchel.spec import (
    Classes,
    Distribution,
    Isotonic,
    Output,
    Regression,
    Score,
    Segment,
    Sigmoid,
    Spec,
)
from satchel.spec.rules import endpoints

Raw = Sequence[Any]
# From here on a float64 has no decimals, and Python's round gives what numpy's does not need.
_WHOLE = 2.0**52


@frozen()
class Row:
    """How one output is decoded: to its answer, and to its value or probability alone."""

    answer: Callable[[Raw], Answer | None]
    number: Callable[[Raw], float | None]


class RowDecoder:
    """Turns the raw outputs for one record into a prediction.

    Parameters
    ----------
    spec : Spec
    origin : Origin
    scored : sequence of str
        The outputs beside the segment.
    """

    def __init__(self, spec: Spec, origin: Origin, scored: tuple[str, ...]) -> None:
        self._origin = origin
        self._scored = scored
        self._fields = len(spec.inputs.features)
        rows = [(output.name, _row(output)) for output in spec.outputs]
        self._answers = [(name, row.answer) for name, row in rows]
        self._numbers = [row.number for _, row in rows]
        self._place = [name for name, _ in rows].index(scored[0])
        if isinstance(spec.outputs[self._place], Segment):  # it is alone, and is no number
            self._numbers[self._place] = lambda raw: None
        self._segment = next((o.name for o in spec.outputs if isinstance(o, Segment)), None)
        self._advice = spec.advice
        table = () if spec.advice is None else spec.advice.table
        self._table = {(one.label, one.segment): one.text for one in table}
        # Most models have one output: then there is nothing to loop over.
        self._only = rows[0] if len(rows) == 1 and spec.advice is None else None

    def decode(self, raw: Sequence[Raw], notes: tuple[Note, ...]) -> Prediction:
        """Return the prediction.

        Parameters
        ----------
        raw : sequence of sequences
            One per output of the spec: its numbers.
        notes : tuple of Note
            What the encoder found.

        Raises
        ------
        RecordError
            Where the model gives no usable answer.
        """
        if self._only is not None:
            name, row = self._only
            answer = row.answer(raw[0])
            if answer is None:
                raise _unusable(name)
            segment = None if self._segment is None else answer.label
            return make_prediction(
                self._origin,
                {name: answer},
                segment,
                None,
                notes,
                answer,
                self._fields,
            )
        outputs = {}
        for (name, decode), numbers in zip(self._answers, raw, strict=True):
            answer = decode(numbers)
            if answer is None:
                raise _unusable(name)
            outputs[name] = answer
        segment = None if self._segment is None else outputs[self._segment].label
        advice = None
        if self._advice is not None:
            group = None if self._advice.segment is None else segment
            advice = self._table.get((str(outputs[self._advice.output].label), group))
        only = outputs[self._scored[0]] if len(self._scored) == 1 else None
        return make_prediction(self._origin, outputs, segment, advice, notes, only, self._fields)

    def number(self, raw: Sequence[Raw]) -> float:
        """Return the score, or the positive probability, of the only output that has one.

        Raises
        ------
        RecordError
            As `decode`.
        AttributeError
            Where there are several such outputs, or none.
        """
        if len(raw) == 1:
            number = self._numbers[0](raw[0])
        else:
            found = [decode(numbers) for decode, numbers in zip(self._numbers, raw, strict=True)]
            usable = None not in found and len(self._scored) == 1
            number = found[self._place] if usable else None
        if number is None:
            raise self._no_number(raw)
        return number

    def _no_number(self, raw: Sequence[Raw]) -> Exception:
        self.decode(raw, ())  # a record without a usable answer is told as such
        several = len(self._scored) > 1
        what = "this model has several outputs" if several else "this model gives no number"
        return AttributeError(f"{what}: ask predict for all of its answer")


def _unusable(name: str) -> RecordError:
    message = f"the model gives no usable {name} for this record"
    return RecordError([Problem("", message)])


def _row(output: Output) -> Row:
    if isinstance(output, Regression):
        return _regression(output)
    if isinstance(output, Distribution):
        return _distribution(output)
    return _classes(output) if isinstance(output, Classes) else _segment(output)


def _regression(output: Regression) -> Row:
    name, unit, mean, scale = output.name, output.unit, output.mean, output.scale
    lowest, highest = endpoints(output.limits)
    pass_at, (failed, passed) = output.pass_at, output.pass_labels
    rounded = _rounded(output)
    calibrate = _calibrated(output.calibration)
    levels = () if output.intervals is None else output.intervals.levels
    quantiles = [(one.level, one.low, one.high) for one in levels]
    spread = None
    if output.intervals is not None and output.intervals.scale is not None:
        spread = _interpolated(Curve(output.intervals.scale.x, output.intervals.scale.y))

    # Written out, since each call of a function takes a hundredth of a small graph's time.
    def number(raw: Raw) -> float | None:
        score = raw[0] * scale + mean
        if score - score != 0.0:  # neither infinity nor NaN is 0 from itself
            return None
        return rounded((lowest if score < lowest else highest if score > highest else score) + 0.0)

    def answer(raw: Raw) -> Answer | None:
        score = raw[0] * scale + mean
        if score - score != 0.0:
            return None
        score = (lowest if score < lowest else highest if score > highest else score) + 0.0
        value = rounded(score)
        probability = None if calibrate is None else calibrate(score)
        label = None
        if pass_at is not None:
            likely = value >= pass_at if probability is None else probability >= 0.5
            label = passed if likely else failed
        width = 1.0 if spread is None else spread(score)
        intervals = [
            make_interval(level, rounded(score + low * width), rounded(score + high * width))
            for level, low, high in quantiles
        ]
        risk = None if probability is None else 1.0 - probability
        return make_answer(name, value, unit, label, probability, None, tuple(intervals), risk)

    return Row(answer, number)


def _distribution(output: Distribution) -> Row:
    name, unit, scores, whole = output.name, output.unit, output.scores, output.whole
    pass_at, (failed, passed) = output.pass_at, output.pass_labels
    rounded = _rounded(output)
    # Scores that have nothing between them are rounded here, and not for each record.
    given = tuple([rounded(score) for score in scores]) if whole else scores
    mark = None if pass_at is None else Mark(scores, whole, pass_at)
    levels = [(level, *(1.0 - share for share in tails(level))) for level in output.levels]

    def settled(raw: Raw) -> list[float] | None:
        """Return the probabilities, the least first."""
        rising = sorted(raw)
        if not (rising[0] > 0.0 and rising[-1] <= 1.0):
            if not all(map(math.isfinite, raw)):
                return None
            return [_clipped(share) for share in rising]  # no zero keeps a sign
        return rising if sum(rising) >= 0.0 else None  # no NaN among them

    def at(rising: list[float], above: float) -> float:
        score = quantile(given, rising, whole, above)
        return score if whole else rounded(score)

    def valued(rising: list[float]) -> tuple[float, float | None]:
        value = at(rising, 0.5)
        if pass_at is None or mark is None:
            return value, None
        share = probability_of(mark, rising)
        if (value >= pass_at) != (share >= 0.5):  # rounding may not carry it across the mark
            median = quantile(scores, rising, whole, 0.5)
            below = math.nextafter(pass_at, -math.inf)
            value = max(median, pass_at) if share >= 0.5 else min(median, below)
        return value, share

    def number(raw: Raw) -> float | None:
        rising = settled(raw)
        return None if rising is None else valued(rising)[0]

    def answer(raw: Raw) -> Answer | None:
        rising = settled(raw)
        if rising is None:
            return None
        value, share = valued(rising)
        intervals = [
            make_interval(level, at(rising, low), at(rising, high)) for level, low, high in levels
        ]
        risk = label = None
        if share is not None:
            risk, label = 1.0 - share, passed if share >= 0.5 else failed
        distribution = make_distribution(scores, tuple(rising[::-1]), whole)
        return make_answer(
            name, value, unit, label, share, None, tuple(intervals), risk, distribution
        )

    return Row(answer, number)


def _classes(output: Classes) -> Row:
    name, labels, threshold = output.name, output.labels, output.threshold
    has_risk = output.passing is not None
    if len(labels) > 2:
        place = None if output.positive is None else labels.index(output.positive)

        def of_many(raw: Raw) -> Answer | None:
            if not all(map(math.isfinite, raw)):
                return None
            shares = dict(zip(labels, raw, strict=True))
            label = labels[raw.index(max(raw))]
            share = None if place is None else raw[place]
            risk = 1.0 - share if has_risk and share is not None else None
            return make_answer(name, None, "", label, share, shares, (), risk)

        return Row(
            of_many,
            lambda raw: raw[place] if place is not None and all(map(math.isfinite, raw)) else None,
        )
    positive = labels.index(output.positive or "")
    calibrate = _calibrated(output.calibration) or _clipped

    def number(raw: Raw) -> float | None:
        if not all(map(math.isfinite, raw)):
            return None
        return calibrate(raw[0] if len(raw) == 1 else raw[positive])

    def of_two(raw: Raw) -> Answer | None:
        share = number(raw)
        if share is None:
            return None
        shares = {labels[0]: share, labels[1]: 1.0 - share}
        if positive == 1:
            shares = {labels[0]: 1.0 - share, labels[1]: share}
        label = labels[positive if share >= threshold else 1 - positive]
        risk = 1.0 - share if has_risk else None
        return make_answer(name, None, "", label, share, shares, (), risk)

    return Row(of_two, number)


def _segment(output: Segment) -> Row:
    name, labels, count = output.name, output.labels, len(output.labels)

    def answer(raw: Raw) -> Answer | None:
        code = raw[0]
        return make_answer(name, None, "", labels[code]) if 0 <= code < count else None

    # Of a segment no number is asked; 0.0 says that it is usable.
    return Row(answer, lambda raw: 0.0 if 0 <= raw[0] < count else None)


def _rounded(output: Score) -> Callable[[float], float]:
    """Return what rounds a score and brings it inside its limits."""
    lowest, highest = endpoints(output.limits)
    if output.decimals is None:
        return lambda score: (
            (lowest if score < lowest else highest if score > highest else score) + 0.0
        )
    power = 10.0**output.decimals

    def rounded(score: float) -> float:
        scaled = score * power
        # Both round halves to even; Python's gives an integer, and no sign to a zero.
        score = (round(scaled) if -_WHOLE < scaled < _WHOLE else scaled) / power
        return (lowest if score < lowest else highest if score > highest else score) + 0.0

    return rounded


def _calibrated(calibration: Sigmoid | Isotonic | None) -> Callable[[float], float] | None:
    """Return what makes a probability of a score."""
    if isinstance(calibration, Sigmoid):
        a, b = calibration.a, calibration.b
        tanh = np.tanh

        def sigmoid(score: float) -> float:
            share = 0.5 * (1.0 - float(tanh(0.5 * (a * score + b))))
            return (0.0 if share < 0.0 else 1.0 if share > 1.0 else share) + 0.0

        return sigmoid
    if isinstance(calibration, Isotonic):
        curve = _interpolated(Curve(calibration.x, calibration.y))
        return lambda score: _clipped(curve(score))
    return None


def _clipped(share: float) -> float:
    return (0.0 if share < 0.0 else 1.0 if share > 1.0 else share) + 0.0


def _interpolated(curve: Curve) -> Callable[[float], float]:
    """Return the curve for one number, by the formula of `Curve` for many."""
    x, y, rise, run = curve.x, curve.y, curve.rise, curve.run
    first, last = x[0], x[-1]

    def at(number: float) -> float:
        number = first if number < first else last if number > last else number
        i = bisect_right(x, number) - 1
        return y[i] + rise[i] * ((number - x[i]) / run[i])

    return at
