"""Makes predictions of a graph's raw outputs: scaling, calibration, intervals, labels, advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from satchel.decode.interpolation import Curve
from satchel.distribution import Mark, means, probabilities_of, quantiles, settled, tails
from satchel.errors import Problem, RecordError
from satchel.note import Found
from satchel.prediction import Answers, Floats, Origin, Predictions
from satchel.spec import (
    Advice,
    Classes,
    Distribution,
    Intervals,
    Isotonic,
    Output,
    Regression,
    Score,
    Segment,
    Sigmoid,
    Spec,
)
from satchel.spec.rules import endpoints

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Decoder:
    """Turns a graph's raw outputs into predictions as a spec says.

    Parameters
    ----------
    spec : Spec
    sha256 : str
        Digest of the bundle, for the answers' origin.
    """

    def __init__(self, spec: Spec, sha256: str) -> None:
        self.origin = Origin(spec.name, spec.version, sha256, spec.demonstration)
        self._outputs = spec.outputs
        self._advice = spec.advice
        self._fields = len(spec.inputs.features)
        self.scored = spec.scored
        self._segment = next((o.name for o in spec.outputs if isinstance(o, Segment)), None)

    def decode(self, raw: Sequence[NDArray[Any]], found: Found) -> Predictions:
        """Decode many rows.

        Parameters
        ----------
        raw : sequence of ndarray
            One per output of the spec, in its order and shape.
        found : Found
            What the encoder found; rows with problems get no answer.
        """
        count = len(raw[0])
        errors = {i: RecordError(problems) for i, problems in sorted(found.problems.items())}
        outputs = {}
        for output, array in zip(self._outputs, raw, strict=True):
            outputs[output.name] = decode_output(output, array)
            for i in np.flatnonzero(_unusable(output, array, outputs[output.name])).tolist():
                message = f"the model gives no usable {output.name} for this record"
                errors.setdefault(i, RecordError([Problem("", message)]))
        for answers in outputs.values():
            _blank(answers, list(errors))
        return Predictions(
            origin=self.origin,
            outputs=outputs,
            errors=errors,
            advice=None if self._advice is None else _advise(self._advice, outputs),
            notes=found.notes,
            _count=count,
            _scored=self.scored,
            _segment=self._segment,
            _fields=self._fields,
        )


def _unusable(output: Output, raw: NDArray[Any], answers: Answers) -> NDArray[np.bool_]:
    if isinstance(output, Segment):
        return np.asarray((raw < 0) | (raw >= len(output.labels)))
    if answers.value is not None:
        return np.isnan(answers.value)
    return np.isnan(next(iter((answers.probabilities or {}).values())))


def decode_output(output: Output, raw: NDArray[Any]) -> Answers:
    """Decode the raw values of one output, of the shape that its class in the spec tells.

    Where the graph gives a number that is not finite, the score or the probabilities are NaN.
    """
    if isinstance(output, Regression):
        return _decode_regression(output, raw)
    if isinstance(output, Distribution):
        return _decode_distribution(output, raw)
    if isinstance(output, Classes):
        return _decode_classes(output, raw)
    codes = np.clip(raw, 0, len(output.labels) - 1)
    return Answers(label=np.array(output.labels, object)[codes])


def _decode_regression(output: Regression, raw: NDArray[np.float32]) -> Answers:
    exact = exact_score(output, raw)
    intervals = [] if output.intervals is None else prediction_intervals(output.intervals, exact)
    bounds = [bound for _, low, high in intervals for bound in (low, high)]
    # All at once, which takes half the time of one by one.
    value, *rounded = _round(output, np.array([exact, *bounds]))
    label = probability = None
    if output.calibration is not None:
        probability = _share(calibrate(output.calibration, exact))
    if output.pass_at is not None:
        passed = value >= output.pass_at if probability is None else probability >= 0.5
        label = np.array(output.pass_labels, object).take(passed)
    return Answers(
        value=value,
        unit=output.unit,
        label=label,
        probability=probability,
        intervals=tuple(
            (level, low, high)
            for (level, _, _), low, high in zip(intervals, rounded[::2], rounded[1::2], strict=True)
        ),
        risk=None if probability is None else 1.0 - probability,
    )


def _decode_distribution(output: Distribution, raw: NDArray[Any]) -> Answers:
    reach, finite = _reach(raw)
    scores, whole = np.array(output.scores), output.whole
    shares = [0.5, *(share for level in output.levels for share in tails(level))]
    exact = np.array([quantiles(scores, reach, whole, share) for share in shares])
    exact[:, ~finite] = np.nan
    value, *bounds = _round(output, exact)
    label = probability = None
    if output.pass_at is not None:
        probability = probabilities_of(Mark(output.scores, whole, output.pass_at), reach)
        passed = probability >= 0.5
        label = np.array(output.pass_labels, object).take(passed)
        # Rounding may not carry a value across the mark.
        crossed = np.flatnonzero((value >= output.pass_at) != passed)
        value[crossed] = np.where(
            passed[crossed],
            np.maximum(exact[0, crossed], output.pass_at),
            np.minimum(exact[0, crossed], np.nextafter(output.pass_at, -np.inf)),
        )
        probability[~finite] = np.nan
    return Answers(
        value=value,
        unit=output.unit,
        label=label,
        probability=probability,
        intervals=tuple(zip(output.levels, bounds[::2], bounds[1::2], strict=True)),
        risk=None if probability is None else 1.0 - probability,
        scores=output.scores,
        reach=reach,
        whole=whole,
        mean=np.where(finite, means(scores, reach, whole), np.nan),
    )


def _reach(raw: NDArray[Any]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the probabilities of a distribution's rows, and which rows have them."""
    with np.errstate(invalid="ignore"):  # a signalling NaN would warn
        reach = raw.astype(np.float64)
    finite = np.asarray(np.isfinite(reach).all(axis=1))
    reach[~finite] = 0.0
    return settled(reach), finite


def exact_score(output: Score, raw: NDArray[Any]) -> Floats:
    """Return the score inside its limits, not rounded; NaN where it is not finite.

    Of a distribution it is the mean.
    """
    if isinstance(output, Distribution):
        reach, finite = _reach(raw)
        return np.where(finite, means(np.array(output.scores), reach, output.whole), np.nan)
    with np.errstate(all="ignore"):
        score = raw[:, 0].astype(np.float64) * output.scale + output.mean
    score = np.where(np.isfinite(score), score, np.nan)
    # A zero gets no sign here, in `_round` and in `satchel.decode.row_decoder`.
    return np.clip(score, *endpoints(output.limits)) + 0.0


def prediction_intervals(intervals: Intervals, value: Floats) -> list[tuple[float, Floats, Floats]]:
    """Return level, lower and upper bounds around predicted scores, not rounded yet."""
    scale = intervals.scale
    spread = 1.0 if scale is None else Curve(scale.x, scale.y)(value)
    return [
        (one.level, value + one.low * spread, value + one.high * spread) for one in intervals.levels
    ]


def _decode_classes(output: Classes, raw: NDArray[np.float32]) -> Answers:
    with np.errstate(invalid="ignore"):  # a signalling NaN would warn
        scores = raw.astype(np.float64)
    finite = np.isfinite(raw)
    if not finite.all():
        # Before calibration, which makes a probability of an infinity, or warns of 0 times it.
        scores[~finite.all(axis=1)] = np.nan
    labels = np.array(output.labels, object)
    if len(output.labels) > 2:
        probabilities = {name: scores[:, k] for k, name in enumerate(output.labels)}
        probability = None if output.positive is None else probabilities[output.positive]
        return Answers(
            label=labels[np.argmax(scores, axis=1)],
            probability=probability,
            probabilities=probabilities,
            risk=None if probability is None or output.passing is None else 1.0 - probability,
        )
    positive = output.labels.index(output.positive or "")
    probability = _share(calibrate(output.calibration, raw_positive(output, scores)))
    codes = np.where(probability >= output.threshold, positive, 1 - positive)
    shares = {positive: probability, 1 - positive: 1.0 - probability}
    return Answers(
        label=labels[codes],
        probability=probability,
        probabilities={name: shares[k] for k, name in enumerate(output.labels)},
        risk=None if output.passing is None else shares[1 - positive],
    )


def raw_positive(output: Classes, raw: NDArray[Any]) -> Floats:
    """Return the graph's score of the positive label, before calibration.

    Of more than two labels without a positive one it is that of the last.
    """
    column = 0 if raw.shape[1] == 1 else output.labels.index(output.positive or output.labels[-1])
    return raw[:, column].astype(np.float64)


def calibrate(calibration: Sigmoid | Isotonic | None, score: Floats) -> Floats:
    """Return the probability that a score stands for; the score itself without calibration."""
    if isinstance(calibration, Sigmoid):
        # tanh, because exp overflows where the probability is merely near 0.
        return 0.5 * (1.0 - np.tanh(0.5 * (calibration.a * score + calibration.b)))
    if isinstance(calibration, Isotonic):
        return Curve(calibration.x, calibration.y)(score)
    return score


def _advise(advice: Advice, outputs: Mapping[str, Answers]) -> NDArray[np.object_]:
    table = {(row.label, row.segment): row.text for row in advice.table}
    labels = outputs[advice.output].label
    assert labels is not None  # the spec has checked that this output gives labels
    segments = None if advice.segment is None else outputs[advice.segment].label
    pairs = zip(labels, [None] * len(labels) if segments is None else segments, strict=True)
    return np.array([table.get(pair) for pair in pairs], object)


def _blank(answers: Answers, rows: Sequence[int]) -> None:
    """Empty the answers of rows that could not be read; the arrays are the answers' own."""
    if rows:
        numbers = [answers.value, answers.probability, answers.risk, answers.reach, answers.mean]
        numbers += (answers.probabilities or {}).values()
        numbers += [bound for _, low, high in answers.intervals for bound in (low, high)]
        for array in numbers:
            if array is not None:
                array[list(rows)] = np.nan
        if answers.label is not None:
            answers.label[list(rows)] = None


def _share(probability: Floats) -> Floats:
    return np.clip(probability, 0.0, 1.0) + 0.0


def _round(output: Score, value: Floats) -> Floats:
    if output.decimals is not None:
        power = 10.0**output.decimals
        with np.errstate(over="ignore"):
            value = np.rint(value * power) / power
    return np.clip(value, *endpoints(output.limits)) + 0.0
