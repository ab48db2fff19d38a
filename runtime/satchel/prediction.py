"""What a prediction is: for one record, and for many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex, cast, overload

import numpy as np

from satchel.distribution import ScoreDistribution, make_distribution
from satchel.errors import RecordError
from satchel.frozen import as_dict, frozen
from satchel.note import Note

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What NDArray[np.float64] is; to import it takes as long as three of satchel's own modules.
Floats = np.ndarray[Any, np.dtype[np.float64]]


@frozen()
class Origin:
    """Which model answered: full name, version, digest, whether it is a mere demonstration."""

    __module__ = "satchel"

    model: str
    version: str
    sha256: str
    demonstration: bool


@frozen()
class Interval:
    """The range `low` to `high` that holds a share `level` of the true values."""

    __module__ = "satchel"

    level: float
    low: float
    high: float


@frozen()
class Answer:
    """The answer of one output.

    Attributes
    ----------
    value : float or None
        The score, in `unit`; where there is a distribution, its median.
    label : str or None
        The class or segment; for a score with a pass mark, the likelier side of it.
    probability : float or None
        Of the positive label.
    probabilities : dict or None
        Of every label of a classification.
    intervals : tuple of Interval
        Of a score, one per level.
    risk : float or None
        The probability of falling below the pass mark; None where no mark is known, or the model
        gives no probability.
    distribution : ScoreDistribution or None
        All that the model says of a score; None of a model that gives the score alone.
    """

    __module__ = "satchel"

    name: str
    value: float | None = None
    unit: str = ""
    label: str | None = None
    probability: float | None = None
    probabilities: Mapping[str, float] | None = None
    intervals: tuple[Interval, ...] = ()
    risk: float | None = None
    distribution: ScoreDistribution | None = None

    @property
    def interval(self) -> Interval | None:
        """The first interval; None where the model gives none."""
        return self.intervals[0] if self.intervals else None

    @property
    def mean(self) -> float | None:
        """The expected score; None where the model gives no distribution."""
        return None if self.distribution is None else self.distribution.mean


@frozen(hidden=("_only", "_fields"))
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

    `value`, `unit`, `label`, `probability`, `interval`, `intervals`, `mean`, `risk` and
    `distribution` are those of the only output beside the segment; where there are several,
    asking for them is an AttributeError.
    """

    __module__ = "satchel"

    origin: Origin
    outputs: Mapping[str, Answer]
    segment: str | None = None
    advice: str | None = None
    notes: tuple[Note, ...] = ()
    _only: Answer | None = None
    _fields: int = 0

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the record is far from what training saw: values outside it, too many imputed."""
        if not self.notes:
            return ()
        from satchel.note import doubts

        return doubts(self.notes, self._fields)

    @property
    def reliable(self) -> bool:
        """Whether there are no doubts."""
        return not self.doubts

    @property
    def value(self) -> float | None:
        """The score, in `unit`."""
        return (self._only or self._several("value")).value

    @property
    def unit(self) -> str:
        """The unit of `value`."""
        return (self._only or self._several("unit")).unit

    @property
    def label(self) -> str | None:
        """The class, or the side of the pass mark."""
        return (self._only or self._several("label")).label

    @property
    def probability(self) -> float | None:
        """The probability of the positive label."""
        return (self._only or self._several("probability")).probability

    @property
    def interval(self) -> Interval | None:
        """The first prediction interval."""
        return (self._only or self._several("interval")).interval

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """All prediction intervals."""
        return (self._only or self._several("intervals")).intervals

    @property
    def risk(self) -> float | None:
        """The probability of falling below the pass mark."""
        return (self._only or self._several("risk")).risk

    @property
    def mean(self) -> float | None:
        """The expected score."""
        return (self._only or self._several("mean")).mean

    @property
    def distribution(self) -> ScoreDistribution | None:
        """All that the model says of the score."""
        return (self._only or self._several("distribution")).distribution

    def _several(self, attribute: str) -> Answer:
        # A segment has neither.
        name = next(n for n, a in self.outputs.items() if a.value is not None or a.probabilities)
        example = f"outputs[{name!r}].{attribute}"
        raise AttributeError(f"this model has several outputs: ask for {example}")

    def as_dict(self) -> dict[str, Any]:
        """Return plain Python, ready for JSON; the same as the body of an HTTP answer."""
        plain: dict[str, Any] = as_dict(self.origin)
        plain["outputs"] = {name: _plain(answer) for name, answer in self.outputs.items()}
        if self.segment is not None:
            plain["segment"] = self.segment
        if self.advice is not None:
            plain["advice"] = self.advice
        plain["notes"] = [as_dict(note) for note in self.notes]
        found = self.doubts
        plain["reliable"] = not found
        plain["doubts"] = list(found)
        return plain


def _plain(answer: Answer) -> dict[str, Any]:
    plain = as_dict(answer)
    del plain["name"]
    plain["intervals"] = [as_dict(interval) for interval in answer.intervals]
    if answer.distribution is not None:
        plain["mean"] = answer.mean
        plain["distribution"] = {
            "scores": list(answer.distribution.scores),
            "reach": [1.0, *answer.distribution.reach],
        }
    return {key: value for key, value in plain.items() if value not in (None, "", [])}


@frozen(eq=False)
class Answers:
    """The answers of one output for many records: `Answer`, with arrays of length rows.

    Rows that could not be read hold NaN, and None as label.

    Attributes
    ----------
    scores, reach, whole, mean
        As of a `ScoreDistribution`, `reach` as an array of shape (rows, scores - 1); None where
        the model gives no distributions.
    """

    __module__ = "satchel"

    value: Floats | None = None
    unit: str = ""
    label: NDArray[np.object_] | None = None
    probability: Floats | None = None
    probabilities: Mapping[str, Floats] | None = None
    intervals: tuple[tuple[float, Floats, Floats], ...] = ()
    risk: Floats | None = None
    scores: tuple[float, ...] = ()
    reach: Floats | None = None
    whole: bool = False
    mean: Floats | None = None


@frozen(eq=False)
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
    notes : dict
        From the number of a row to its notes; rows without any are left out.
    """

    __module__ = "satchel"

    origin: Origin
    outputs: Mapping[str, Answers]
    errors: Mapping[int, RecordError]
    advice: NDArray[np.object_] | None
    notes: Mapping[int, Sequence[Note]]
    _count: int
    _scored: tuple[str, ...]
    _segment: str | None
    _fields: int = 0

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, row: SupportsIndex) -> Prediction | RecordError: ...

    @overload
    def __getitem__(self, row: slice) -> list[Prediction | RecordError]: ...

    def __getitem__(
        self, row: SupportsIndex | slice
    ) -> Prediction | RecordError | list[Prediction | RecordError]:
        """Return the `Prediction` or `RecordError` of one row, or a list for a slice."""
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(self._count))]
        i = range(self._count)[row]
        if i in self.errors:
            return self.errors[i]
        outputs = {name: _answer(name, many, i) for name, many in self.outputs.items()}
        return make_prediction(
            self.origin,
            outputs,
            None if self._segment is None else outputs[self._segment].label,
            None if self.advice is None else self.advice[i],
            tuple(self.notes.get(i, ())),
            outputs[self._scored[0]] if len(self._scored) == 1 else None,
            self._fields,
        )

    def __iter__(self) -> Iterator[Prediction | RecordError]:
        return (self[i] for i in range(self._count))

    def as_dicts(self) -> list[dict[str, Any]]:
        """Return one plain dict per row: that of the prediction, or of the error."""
        return [item.as_dict() for item in self]


def _answer(name: str, many: Answers, i: int) -> Answer:
    return make_answer(
        name,
        None if many.value is None else float(many.value[i]),
        many.unit,
        None if many.label is None else many.label[i],
        None if many.probability is None else float(many.probability[i]),
        None
        if many.probabilities is None
        else {label: float(shares[i]) for label, shares in many.probabilities.items()},
        tuple(
            [
                make_interval(level, float(low[i]), float(high[i]))
                for level, low, high in many.intervals
            ]
        ),
        None if many.risk is None else float(many.risk[i]),
        None
        if many.reach is None
        else make_distribution(many.scores, tuple(many.reach[i].tolist()), many.whole),
    )


# One prediction makes four of these. An ordinary class fills its slots in a third of the time
# that a frozen one takes, and may then become the frozen one, whose slots are the same.


class _OpenInterval:
    __slots__ = ("level", "low", "high")  # noqa: RUF023

    def __init__(self, level: float, low: float, high: float) -> None:
        self.level = level
        self.low = low
        self.high = high
        self.__class__ = Interval  # type: ignore[assignment]


class _OpenAnswer:
    __slots__ = (  # noqa: RUF023  in the order of Answer's
        "name",
        "value",
        "unit",
        "label",
        "probability",
        "probabilities",
        "intervals",
        "risk",
        "distribution",
    )

    def __init__(
        self,
        name: str,
        value: float | None,
        unit: str,
        label: str | None,
        probability: float | None = None,
        probabilities: Mapping[str, float] | None = None,
        intervals: tuple[Interval, ...] = (),
        risk: float | None = None,
        distribution: ScoreDistribution | None = None,
    ) -> None:
        self.name = name
        self.value = value
        self.unit = unit
        self.label = label
        self.probability = probability
        self.probabilities = probabilities
        self.intervals = intervals
        self.risk = risk
        self.distribution = distribution
        self.__class__ = Answer  # type: ignore[assignment]


class _OpenPrediction:
    __slots__ = (  # noqa: RUF023  in the order of Prediction's
        "origin",
        "outputs",
        "segment",
        "advice",
        "notes",
        "_only",
        "_fields",
    )

    def __init__(
        self,
        origin: Origin,
        outputs: Mapping[str, Answer],
        segment: str | None,
        advice: str | None,
        notes: tuple[Note, ...],
        only: Answer | None,
        fields: int,
    ) -> None:
        self.origin = origin
        self.outputs = outputs
        self.segment = segment
        self.advice = advice
        self.notes = notes
        self._only = only
        self._fields = fields
        self.__class__ = Prediction  # type: ignore[assignment]


make_interval = cast(Callable[[float, float, float], Interval], _OpenInterval)
make_answer = cast(Callable[..., Answer], _OpenAnswer)
make_prediction = cast(Callable[..., Prediction], _OpenPrediction)
