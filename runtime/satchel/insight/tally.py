"""Counts the rows of a class list in the bins of a spec's reference, chunk by chunk."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satchel.encode.readers import Unreadable
from satchel.prediction import Answers, Predictions
from satchel.spec import CategoryBins, Feature, Number, NumberBins, Spec
from satchel.values import is_missing, read_number, read_text

if TYPE_CHECKING:
    from satchel.encode.rows import Columns, Records

Bins = NumberBins | CategoryBins


@dataclass(slots=True)
class Tally:
    """How often each bin was met.

    Attributes
    ----------
    bins : NumberBins or CategoryBins
        The shares of the training rows.
    labels : tuple of str
        What the bins of categories stand for; empty for numbers.
    counts : ndarray of int, shape (bins,)
    missing, unreadable : int
        Values that are in no bin: blank ones, and those that are no number.
    new : Counter
        How often each category came that is none of the feature's.
    """

    bins: Bins
    labels: tuple[str, ...] = ()
    missing: int = 0
    unreadable: int = 0
    new: Counter[str] = field(default_factory=Counter)
    counts: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros(len(self.bins.shares), np.int64)

    def add(self, values: Iterable[object]) -> None:
        """Count more values, as they stand in records; few different ones are read once each."""
        try:
            counted: Iterable[tuple[object, int]] = Counter(values).items()
        except TypeError:  # a value that cannot be hashed is no value of any feature
            counted = [(value, 1) for value in values]
        for value, count in counted:
            if isinstance(value, Unreadable):
                value = value.value
            if is_missing(value):
                self.missing += count
                continue
            try:
                self._place(value, count)
            except ValueError:
                self.unreadable += count

    def _place(self, value: object, count: int) -> None:
        if isinstance(self.bins, NumberBins):
            self.counts[bisect_right(self.bins.edges, read_number(value))] += count
            return
        text = read_text(value)
        if text in self.labels:
            self.counts[self.labels.index(text)] += count
        else:
            self.new[text] += count


class ClassList:
    """The tallies of a class list: of the model's fields, and of its predictions.

    Parameters
    ----------
    spec : Spec
        Its reference names what is counted.

    Attributes
    ----------
    features, outputs : list of Tally
        One for each that has bins in the reference.
    rows, refused : int
        Rows seen so far, and how many of them got no prediction.
    """

    def __init__(self, spec: Spec) -> None:
        known: Mapping[str, Feature] = {f.name: f for f in spec.inputs.features}
        labels = {output.name: getattr(output, "labels", ()) for output in spec.outputs}
        self.features = [Tally(b, _values(known[b.feature])) for b in spec.reference.bins]
        self.outputs = [Tally(b, labels[b.feature]) for b in spec.reference.outputs]
        self.rows = self.refused = 0

    def add(self, columns: Columns, predictions: Predictions) -> None:
        """Count more rows; a field without a column is missing in all of them."""
        count = len(predictions)
        for tally in self.features:
            if tally.bins.feature in columns:
                column = columns[tally.bins.feature]
                tally.add(column.tolist() if isinstance(column, np.ndarray) else column)
            else:
                tally.missing += count
        refused = list(predictions.errors)
        for tally in self.outputs:
            answers = _answered(predictions.outputs[tally.bins.feature])
            tally.add(np.delete(answers, refused).tolist())
        self.rows += count
        self.refused += len(refused)


def columns_of(rows: Records | Columns, features: Sequence[Feature]) -> dict[str, Sequence[object]]:
    """Return the columns of these features that `rows` hold."""
    names = [feature.name for feature in features]
    if isinstance(rows, Mapping):
        return {
            name: column.tolist() if hasattr(column, "tolist") else list(column)
            for name, column in rows.items()
            if name in names
        }
    return {
        name: [row.get(name) if isinstance(row, Mapping) else None for row in rows]
        for name in names
    }


def _values(feature: Feature) -> tuple[str, ...]:
    return () if isinstance(feature, Number) else feature.values


def _answered(answers: Answers) -> NDArray[Any]:
    found = answers.value if answers.value is not None else answers.label
    assert found is not None  # every output gives a score or a label
    return found
