"""The one number of an answer that is explained: a score before rounding, or a probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satchel.decode.decoder import decode_output, exact_score
from satchel.errors import Problem, RecordError, SatchelError
from satchel.prediction import Floats, Prediction
from satchel.spec import Classes, Score, Spec


@dataclass(frozen=True, slots=True)
class Quantity:
    """A score inside its limits but not rounded, or the calibrated probability of one label.

    Attributes
    ----------
    output : Score or Classes
    label : str or None
        The label whose probability is meant; None for a score.
    """

    output: Score | Classes
    label: str | None = None

    @property
    def unit(self) -> str:
        """The unit of a score; of a probability, which one it is."""
        return (
            self.output.unit if isinstance(self.output, Score) else f"probability of {self.label}"
        )

    def of(self, raw: Mapping[str, NDArray[Any]]) -> Floats:
        """Return the number for each row, shape (rows,).

        Parameters
        ----------
        raw : mapping
            The graph's raw outputs by name.

        Raises
        ------
        RecordError
            Where the model gives no finite number.
        """
        values = raw[self.output.name]
        if isinstance(self.output, Score):
            found = exact_score(self.output, values)
        else:
            found = (decode_output(self.output, values).probabilities or {})[self.label or ""]
        if not np.isfinite(found).all():
            message = f"the model gives no usable {self.output.name} near this record"
            raise RecordError([Problem("", message)])
        return found


def choose(spec: Spec, name: str | None, prediction: Prediction) -> Quantity:
    """Return the quantity of the output `name`.

    Of classes it is the probability of the positive label; where none is, of the label that is
    predicted.

    Parameters
    ----------
    spec : Spec
    name : str or None
        May be None where the model has one output beside a segment.
    prediction : Prediction
        For the record in question.

    Raises
    ------
    SatchelError
        Where an output must be named, or there is none of that name.
    """
    outputs = scored(spec)
    if name is None and len(outputs) != 1:
        raise SatchelError(f"this model has several outputs: name one of {', '.join(outputs)}")
    output = outputs.get(next(iter(outputs)) if name is None else name)
    if output is None:
        raise SatchelError(f"{name!r} is no output to explain: there is {', '.join(outputs)}")
    if isinstance(output, Score):
        return Quantity(output)
    return Quantity(output, output.positive or prediction.outputs[output.name].label)


def scored(spec: Spec) -> dict[str, Score | Classes]:
    """Return the outputs that can be explained, by name: all but the segment.

    Raises
    ------
    SatchelError
        Where there is none.
    """
    outputs = {o.name: o for o in spec.outputs if isinstance(o, Score | Classes)}
    if not outputs:
        raise SatchelError("this model gives segments only: there is no number to explain")
    return outputs
