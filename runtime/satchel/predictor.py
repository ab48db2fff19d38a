"""The predictor: encode, run, decode."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from satchel import bundle as bundles
from satchel.bundle import Bundle
from satchel.bundle.graph import Graph
from satchel.decode.row_decoder import RowDecoder
from satchel.encode.encoder import Encoder
from satchel.encode.rows import read_rows
from satchel.errors import BundleError, RecordError
from satchel.frozen import frozen
from satchel.note import Found
from satchel.prediction import Floats, Origin, Prediction, Predictions
from satchel.spec import Classes, Distribution, Output, Segment, Spec

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from satchel.decode.decoder import Decoder
    from satchel.encode.rows import Rows
    from satchel.insight.drift import Drift
    from satchel.insight.explain import Explanation
    from satchel.insight.quantity import Quantity
    from satchel.insight.what_if import Suggestions, WhatIf

TOLERANCE = 1e-5
SAMPLES = 256


@frozen()
class Verification:
    """What a replay of a bundle's checks showed.

    Attributes
    ----------
    checks : int
        Number of records replayed.
    deviation : float
        Largest ``|graph - framework| / max(1, |framework|)``, in the model's own units.
    """

    __module__ = "satchel"

    checks: int
    deviation: float

    @property
    def passed(self) -> bool:
        """Whether there were checks, and all agreed within the tolerance."""
        return self.checks > 0 and self.deviation <= TOLERANCE


class Predictor:
    """Answers one task with one bundle; may be shared between threads.

    Parameters
    ----------
    bundle : Bundle
        As `satchel.models` gives it, or another predictor has it.
    threads : int
        Threads within one operation of the graph; 1 is fastest for one record at a time.

    Raises
    ------
    BundleError
        Where the graph does not fit the spec, or ONNX Runtime refuses it.
    """

    __module__ = "satchel"

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        self.bundle = bundle
        self._threads = threads
        spec = bundle.spec
        self._encoder = Encoder(spec.inputs)
        self._origin = Origin(spec.name, spec.version, bundle.sha256, spec.demonstration)
        row_decoder = RowDecoder(spec, self._origin, spec.scored)
        try:
            self._graph = Graph(
                bundle.model,
                self._encoder.width,
                [(output.name, _widths(output)) for output in spec.outputs],
                threads,
            )
        except BundleError as error:
            raise BundleError(f"{bundle.file}: {error}") from None
        # Looked up once: ten such look-ups take a twentieth of a small graph's time.
        self._pack, self._run_row = self._encoder.pack, self._graph.run_row
        self._decode, self._number = row_decoder.decode, row_decoder.number

    def __repr__(self) -> str:
        return f"<Predictor {self.name} {self.spec.version}>"

    def __reduce__(self) -> tuple[type[Predictor], tuple[Bundle, int]]:
        return type(self), (self.bundle, self._threads)

    @property
    def name(self) -> str:
        """The bundle's full name, ``task.model``."""
        return self.bundle.name

    @property
    def origin(self) -> Origin:
        """Name, version and digest, as every answer carries them."""
        return self._origin

    @property
    def spec(self) -> Spec:
        """Inputs, outputs and card of the bundle."""
        return self.bundle.spec

    @cached_property
    def _decoder(self) -> Decoder:
        from satchel.decode.decoder import Decoder  # not needed where records come one by one

        return Decoder(self.spec, self.bundle.sha256)

    def predict(self, record: Mapping[str, object]) -> Prediction:
        """Answer one record.

        Parameters
        ----------
        record : mapping
            From field name to raw value; None, NaN or blank text where it is missing.

        Raises
        ------
        RecordError
            Where the record cannot be read; it names every field that is wrong.
        """
        row = self._pack(record)
        if row is not None:
            return self._decode(self._run_row(row), ())
        row, notes = self._encoder.encode_carefully(record)
        return self._decode(self._run_row(row), notes)

    def predict_value(self, record: Mapping[str, object]) -> float:
        """Answer one record with a number alone, in half the time of `predict`.

        For a loop that asks often and shows nothing: to rank, to simulate, to search. Where
        people see the answer use `predict`, which tells label, interval and notes too.

        Parameters
        ----------
        record : mapping
            As for `predict`.

        Returns
        -------
        float
            `Prediction.value` where the model gives a score, else `Prediction.probability`.

        Raises
        ------
        RecordError
            As `predict`.
        AttributeError
            Where the model gives several scores, or no number at all.
        """
        row = self._pack(record)
        if row is None:
            row, _ = self._encoder.encode_carefully(record)
        return self._number(self._run_row(row))

    def predict_many(self, rows: Rows) -> Predictions:
        """Answer many records.

        Parameters
        ----------
        rows : iterable of mappings, mapping of columns, or DataFrame
            Columns are sequences or one-dimensional arrays of equal length.

        Returns
        -------
        Predictions
            One item per row, in order; a row that cannot be read keeps its place.

        Raises
        ------
        RecordError
            Where columns are given and one is unknown, absent or of another length.
        """
        found = Found()
        raw = self._graph.run_blocks(self._encoder.blocks(read_rows(rows), found))
        return self._decoder.decode(raw, found)

    def encode(self, rows: Rows) -> NDArray[np.float32]:
        """Return the float32 matrix of shape (rows, columns) that the graph would read.

        Parameters and errors are those of `predict_many`; rows that cannot be read are zero.
        """
        return self._encoder.encode_many(read_rows(rows)).matrix

    def run(self, matrix: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        """Return the graph's raw outputs by name, for a matrix as `encode` gives it."""
        names = [output.name for output in self.spec.outputs]
        return dict(zip(names, self._graph.run(matrix), strict=True))

    def measure(self, rows: Rows, quantity: Quantity) -> Floats:
        """Return one unrounded number per row, shape (rows,).

        Parameters
        ----------
        rows
            As in `predict_many`.
        quantity : Quantity

        Raises
        ------
        RecordError
            Where a row cannot be read or answered.
        """
        encoded = self._encoder.encode_many(read_rows(rows))
        if encoded.problems:
            raise RecordError(next(iter(encoded.problems.values())))
        return quantity.of(self.run(encoded.matrix))

    def explain(
        self,
        record: Mapping[str, object],
        output: str | None = None,
        samples: int = SAMPLES,
        seed: int = 0,
    ) -> Explanation:
        """Return how much each field of a record moves the prediction: its Shapley values.

        They compare with the invented background records of the spec, and are in the unit of the
        target: points, or probability of the positive label (where there is none, of the label
        that is predicted).

        Parameters
        ----------
        record : mapping
            As in `predict`.
        output : str, optional
            Which output to explain; needed where the model has several beside a segment.
        samples : int
            Orders of the fields to draw, rounded up to the same number of pairs, at least two,
            for each background record. Four times as many halve the standard errors. Models of
            few fields (seven, with 32 background records) need no draw: their values are exact.
        seed : int
            Of the draw: the same record and seed give the same explanation.

        Raises
        ------
        RecordError
            Where the record cannot be read.
        BundleError
            Where the bundle has no background.
        SatchelError
            Where an output must be named, or there is none of that name.
        """
        from satchel.insight.explain import explain

        return explain(self, record, output, samples, seed)

    def what_if(self, record: Mapping[str, object], changes: Mapping[str, object]) -> WhatIf:
        """Return the predictions before and after some fields of a record are changed.

        Parameters
        ----------
        record : mapping
            As in `predict`.
        changes : mapping
            From the name of a field to its other value.

        Raises
        ------
        RecordError
            Where the record cannot be read, before or after.
        """
        from satchel.insight.what_if import what_if

        return what_if(self, record, changes)

    def suggest(self, record: Mapping[str, object], output: str | None = None) -> Suggestions:
        """Return single changes of fields that can be changed, ranked by what they would do.

        Only fields marked `actionable` are tried, and only in their `direction`: a number at a
        few steps across what lies that way of the range seen in training, a category at each
        such value. What a change does is what the model makes of it, all else being equal, a loss
        too; the result says that this is no promise.

        Parameters and errors are those of `explain`; no background is needed.
        """
        from satchel.insight.what_if import suggest

        return suggest(self, record, output)

    def drift(self, rows: Rows) -> Drift:
        """Compare a class list with the rows that the model was trained on.

        Parameters
        ----------
        rows
            As in `predict_many`.

        Raises
        ------
        BundleError
            Where the bundle has no reference to compare with.
        RecordError
            Where columns are given and one is unknown, absent or of another length.
        """
        from satchel.insight.drift import drift

        return drift(self, rows)

    def verify(self) -> Verification:
        """Replay the bundle's checks: records whose outputs the training framework gave."""
        checks = self.spec.checks
        if not checks:
            return Verification(0, 0.0)
        encoded = self._encoder.encode_many([check.record for check in checks])
        if encoded.problems:
            return Verification(len(checks), float("inf"))
        try:
            outputs = self.run(encoded.matrix)
        except BundleError:
            return Verification(len(checks), float("inf"))
        deviation = max(
            relative_deviation(raw[i], check.outputs[name])
            for name, raw in outputs.items()
            for i, check in enumerate(checks)
        )
        return Verification(len(checks), deviation)


def load(
    name: str | os.PathLike[str],
    *,
    models: Iterable[str | os.PathLike[str]] = (),
    threads: int = 1,
    pass_at: float | str | None = None,
) -> Predictor:
    """Load a bundle.

    Parameters
    ----------
    name : str or path
        ``task.model``, ``task`` for the task's default model, or the path of an ``.onnx`` file.
    models : iterable of paths
        Folders of bundles of one's own, beside the shipped ones and ``SATCHEL_MODELS``.
    threads : int
        Threads within one operation of the graph.
    pass_at : float or str, optional
        The school's own pass mark, in the unit of the score, or as a share of the most that can be
        scored: ``"40/100"``. Labels, probabilities and risk are then those of this mark.

    Raises
    ------
    BundleError
        Where there is no such bundle, or it is damaged, unsafe or made for another version.
    SatchelError
        Where the pass mark is not among the scores, or the model gives no distribution.
    """
    bundle = bundles.read(bundles.find(name, models))
    if pass_at is not None:
        from dataclasses import replace

        bundle = replace(bundle, spec=bundle.spec.passing_at(pass_at))
    return Predictor(bundle, threads)


load.__module__ = "satchel"


def relative_deviation(graph: ArrayLike, framework: ArrayLike) -> float:
    """Return the largest ``|graph - framework| / max(1, |framework|)``.

    Infinite where the two differ in size, or either holds a value that is not finite.
    """
    with np.errstate(invalid="ignore"):  # a signalling NaN would warn
        given = np.asarray(graph, np.float64).reshape(-1)
    expected = np.asarray(framework, np.float64).reshape(-1)
    if given.shape != expected.shape or not np.isfinite([*given, *expected]).all():
        return float("inf")
    return float(np.max(np.abs(given - expected) / np.maximum(1.0, np.abs(expected)), initial=0))


def _widths(output: Output) -> tuple[int, ...] | None:
    if isinstance(output, Segment):
        return None
    if isinstance(output, Distribution):
        return (len(output.scores) - 1,)
    if isinstance(output, Classes):
        return (len(output.labels), 1) if len(output.labels) == 2 else (len(output.labels),)
    return (1,)
