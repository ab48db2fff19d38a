"""What a prediction is, and the decoder that makes it from a graph's raw outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satchel.encoder import Note
from satchel.errors import Problem, RecordError
from satchel.spec import (
    Advice,
    Classes,
    Intervals,
    Isotonic,
    Output,
    Regression,
    Segment,
    Sigmoid,
    Spec,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Origin:
    """Which model answered: full name, version, digest, whether it is a mere demonstration."""

    model: str
    version: str
    sha256: str
    demonstration: bool


@dataclass(frozen=True, slots=True)
class Interval:
    """The range `low` to `high` that holds a share `level` of the true values."""

    level: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of one output.

    Attributes
    ----------
    value : float or None
        The score of a regression, in `unit`.
    label : str or None
        The class or segment; for a score with a pass mark, on which side it lies.
    probability : float or None
        Of the positive label.
    probabilities : dict or None
        Of every label of a classification.
    intervals : tuple of Interval
        Of a score, one per level.
    """

    name: str
    value: float | None = None
    unit: str = ""
    label: str | None = None
    probability: float | None = None
    probabilities: Mapping[str, float] | None = None
    intervals: tuple[Interval, ...] = ()

    @property
    def interval(self) -> Interval | None:
        """The first interval; None where the model gives none."""
        return self.intervals[0] if self.intervals else None


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer to one record.

    Attributes
    ----------
    origin : Origin
        The model that gave it.
    outputs : dict
        From the name of an output to its `Answer`.
    segment : str or None
        The segment, where the model has one.
    advice : str or None
        The recommendation for this label and segment, where the model has a table of them.
    notes : tuple of Note
        What was imputed, clipped, ignored or outside the range seen in training.

    `value`, `unit`, `label`, `probability`, `interval` and `intervals` are those of the only
    output beside the segment; where there are several, asking for them is an AttributeError.
    """

    origin: Origin
    outputs: Mapping[str, Answer]
    segment: str | None = None
    advice: str | None = None
    notes: tuple[Note, ...] = ()
    _scored: tuple[str, ...] = field(default=(), repr=False)

    @property
    def value(self) -> float | None:
        """The score, in `unit`."""
        return self._only("value").value

    @property
    def unit(self) -> str:
        """The unit of `value`."""
        return self._only("unit").unit

    @property
    def label(self) -> str | None:
        """The class, or the side of the pass mark."""
        return self._only("label").label

    @property
    def probability(self) -> float | None:
        """The probability of the positive label."""
        return self._only("probability").probability

    @property
    def interval(self) -> Interval | None:
        """The first prediction interval."""
        return self._only("interval").interval

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """All prediction intervals."""
        return self._only("intervals").intervals

    def _only(self, attribute: str) -> Answer:
        if len(self._scored) != 1:
            example = f"outputs[{self._scored[0]!r}].{attribute}"
            raise AttributeError(f"this model has several outputs: ask for {example}")
        return self.outputs[self._scored[0]]

    def as_dict(self) -> dict[str, Any]:
        """Return plain Python, ready for JSON; the same as the body of an HTTP answer."""
        plain: dict[str, Any] = asdict(self.origin)
        plain["outputs"] = {name: _plain(answer) for name, answer in self.outputs.items()}
        if self.segment is not None:
            plain["segment"] = self.segment
        if self.advice is not None:
            plain["advice"] = self.advice
        plain["notes"] = [asdict(note) for note in self.notes]
        return plain


def _plain(answer: Answer) -> dict[str, Any]:
    plain = asdict(answer)
    del plain["name"]
    plain["intervals"] = list(plain["intervals"])
    return {key: value for key, value in plain.items() if value not in (None, "", [])}


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The answers of one output for many records: `Answer`, with arrays of length rows.

    Rows that could not be read hold NaN, and None as label.
    """

    value: Floats | None = None
    unit: str = ""
    label: NDArray[np.object_] | None = None
    probability: Floats | None = None
    probabilities: Mapping[str, Floats] | None = None
    intervals: tuple[tuple[float, Floats, Floats], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Predictions(Sequence["Prediction | RecordError"]):
    """The answers to many records, in their order.

    An item is the record's `Prediction`, or the `RecordError` that says why there is none.

    Attributes
    ----------
    outputs : dict
        From the name of an output to its `Answers`, as arrays.
    errors : dict
        From the number of a row to its `RecordError`.
    advice : ndarray of str or None, shape (rows,)
        Recommendations; None where the model gives none.
    """

    origin: Origin
    outputs: Mapping[str, Answers]
    errors: Mapping[int, RecordError]
    advice: NDArray[np.object_] | None
    _notes: Mapping[int, Sequence[Note]] = field(repr=False)
    _count: int
    _scored: tuple[str, ...] = field(repr=False)
    _segment: str | None = field(repr=False)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, row: Any) -> Any:
        """Return the `Prediction` or `RecordError` of one row, or a list for a slice."""
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(self._count))]
        i = range(self._count)[row]
        if i in self.errors:
            return self.errors[i]
        outputs = {name: _answer(name, many, i) for name, many in self.outputs.items()}
        return Prediction(
            origin=self.origin,
            outputs=outputs,
            segment=None if self._segment is None else outputs[self._segment].label,
            advice=None if self.advice is None else self.advice[i],
            notes=tuple(self._notes.get(i, ())),
            _scored=self._scored,
        )

    def __iter__(self) -> Iterator[Prediction | RecordError]:
        return (self[i] for i in range(self._count))

    def as_dicts(self) -> list[dict[str, Any]]:
        """Return one plain dict per row: that of the prediction, or of the error."""
        return [item.as_dict() for item in self]


def _answer(name: str, many: Answers, i: int) -> Answer:
    return Answer(
        name=name,
        value=None if many.value is None else float(many.value[i]),
        unit=many.unit,
        label=None if many.label is None else many.label[i],
        probability=None if many.probability is None else float(many.probability[i]),
        probabilities=None
        if many.probabilities is None
        else {label: float(shares[i]) for label, shares in many.probabilities.items()},
        intervals=tuple(
            Interval(level, float(low[i]), float(high[i])) for level, low, high in many.intervals
        ),
    )


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
        names = tuple(o.name for o in spec.outputs)
        scored = tuple(o.name for o in spec.outputs if not isinstance(o, Segment))
        self._scored = scored or names
        self._segment = next((o.name for o in spec.outputs if isinstance(o, Segment)), None)

    def decode(
        self,
        raw: Sequence[NDArray[Any]],
        problems: Mapping[int, Sequence[Problem]],
        notes: Mapping[int, Sequence[Note]],
    ) -> Predictions:
        """Decode many rows.

        Parameters
        ----------
        raw : sequence of ndarray
            One per output of the spec, in its order and shape.
        problems, notes : dict
            What the encoder found, by number of row; rows with problems get no answer.
        """
        count = len(raw[0])
        errors = {i: RecordError(found) for i, found in sorted(problems.items())}
        for output, array in zip(self._outputs, raw, strict=True):
            for i in np.flatnonzero(_unusable(output, array)).tolist():
                message = f"the model gives no usable {output.name} for this record"
                errors.setdefault(i, RecordError([Problem("", message)]))
        bad = list(errors)
        outputs = {
            output.name: _blank(decode_output(output, array), bad)
            for output, array in zip(self._outputs, raw, strict=True)
        }
        return Predictions(
            origin=self.origin,
            outputs=outputs,
            errors=errors,
            advice=None if self._advice is None else _advise(self._advice, outputs),
            _notes=notes,
            _count=count,
            _scored=self._scored,
            _segment=self._segment,
        )


def _unusable(output: Output, raw: NDArray[Any]) -> NDArray[np.bool_]:
    if isinstance(output, Segment):
        return np.asarray((raw < 0) | (raw >= len(output.labels)))
    if isinstance(output, Regression):
        return np.asarray(~np.isfinite(_unscale(output, raw)))
    return np.asarray(~np.isfinite(raw).all(axis=1))


def decode_output(output: Output, raw: NDArray[Any]) -> Answers:
    """Decode the raw values of one output, of the shape that its class in the spec tells."""
    if isinstance(output, Regression):
        return _decode_regression(output, raw)
    if isinstance(output, Classes):
        return _decode_classes(output, raw)
    codes = np.clip(raw, 0, len(output.labels) - 1)
    return Answers(label=np.array(output.labels, object)[codes])


def _decode_regression(output: Regression, raw: NDArray[np.float32]) -> Answers:
    exact = np.clip(_unscale(output, raw), *_open(output))
    value = _round(output, exact)
    label = None
    if output.pass_at is not None:
        label = np.array(output.pass_labels, object)[(value >= output.pass_at).astype(int)]
    intervals = () if output.intervals is None else _intervals(output, output.intervals, exact)
    return Answers(value=value, unit=output.unit, label=label, intervals=intervals)


def _unscale(output: Regression, raw: NDArray[np.float32]) -> Floats:
    with np.errstate(all="ignore"):
        return np.asarray(raw[:, 0].astype(np.float64) * output.scale + output.mean)


def _intervals(
    output: Regression, intervals: Intervals, value: Floats
) -> tuple[tuple[float, Floats, Floats], ...]:
    scale = intervals.scale
    spread = 1.0 if scale is None else np.interp(value, scale.x, scale.y)
    return tuple(
        (
            level.level,
            _round(output, value + level.low * spread),
            _round(output, value + level.high * spread),
        )
        for level in intervals.levels
    )


def _decode_classes(output: Classes, raw: NDArray[np.float32]) -> Answers:
    scores = raw.astype(np.float64)
    labels = np.array(output.labels, object)
    if len(output.labels) > 2:
        probabilities = {name: scores[:, k] for k, name in enumerate(output.labels)}
        return Answers(
            label=labels[np.argmax(scores, axis=1)],
            probability=None if output.positive is None else probabilities[output.positive],
            probabilities=probabilities,
        )
    positive = output.labels.index(output.positive or "")
    score = scores[:, 0] if scores.shape[1] == 1 else scores[:, positive]
    probability = np.clip(_calibrate(output, score), 0.0, 1.0)
    codes = np.where(probability >= output.threshold, positive, 1 - positive)
    shares = {positive: probability, 1 - positive: 1.0 - probability}
    return Answers(
        label=labels[codes],
        probability=probability,
        probabilities={name: shares[k] for k, name in enumerate(output.labels)},
    )


def _calibrate(output: Classes, score: Floats) -> Floats:
    calibration = output.calibration
    if isinstance(calibration, Sigmoid):
        # tanh, because exp overflows where the probability is merely near 0.
        return 0.5 * (1.0 - np.tanh(0.5 * (calibration.a * score + calibration.b)))
    if isinstance(calibration, Isotonic):
        return np.interp(score, calibration.x, calibration.y)
    return score


def _advise(advice: Advice, outputs: Mapping[str, Answers]) -> NDArray[np.object_]:
    table = {(row.label, row.segment): row.text for row in advice.table}
    labels = outputs[advice.output].label
    assert labels is not None  # the spec has checked that this output gives labels
    segments = None if advice.segment is None else outputs[advice.segment].label
    pairs = zip(labels, [None] * len(labels) if segments is None else segments, strict=True)
    return np.array([table.get(pair) for pair in pairs], object)


def _blank(answers: Answers, rows: Sequence[int]) -> Answers:
    """Empty the answers of rows that could not be read; the arrays are the answers' own."""
    if rows:
        numbers = [answers.value, answers.probability, *(answers.probabilities or {}).values()]
        numbers += [bound for _, low, high in answers.intervals for bound in (low, high)]
        for array in numbers:
            if array is not None:
                array[list(rows)] = np.nan
        if answers.label is not None:
            answers.label[list(rows)] = None
    return answers


def _round(output: Regression, value: Floats) -> Floats:
    rounded = value if output.decimals is None else np.round(value, output.decimals)
    return np.clip(rounded, *_open(output))


def _open(output: Regression) -> tuple[float, float]:
    low, high = output.limits
    return -np.inf if low is None else low, np.inf if high is None else high
