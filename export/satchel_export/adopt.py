"""A model that was trained elsewhere, with its inputs and its output, as a bundle.

What it learned is carried over and proved by `satchel_export.write`. How good it is nobody can tell
from rows that it learned from, so a bundle has figures only where rows are given that it has not
seen.
"""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import satchel
from satchel import DataError
from satchel.decode.decoder import decode_output
from satchel.findings import said
from satchel.measure.metrics import loss
from satchel.measure.scores import score
from satchel.spec import (
    TEST,
    Card,
    Classes,
    Inputs,
    Metric,
    Reference,
    Regression,
    Source,
    Spec,
)
from satchel.values import read_text
from satchel_export.adopted import Adopted
from satchel_export.write import write
from satchel_training.fit import encode, raw_output
from satchel_training.reference import whole_reference
from satchel_training.train import NO_VERSION

Answer = Regression | Classes
Columns = Mapping[str, Any]


def adopt(
    name: str,
    inputs: Inputs,
    output: Answer,
    model: Adopted,
    folder: Path,
    columns: Columns | None,
    held_out: tuple[Columns, pd.Series] | None,
) -> Path:
    """Write the bundle of a model, and return its file.

    Parameters
    ----------
    name : str
        Of the bundle: task and model.
    inputs : Inputs
    output : Regression or Classes
    model : Adopted
    folder : Path
    columns : mapping of str to ndarray, shape (rows,), or None
        Raw records by field, of which means, shares and ranges go into the bundle.
    held_out : (mapping, Series) or None
        Such records that the model has not seen, and their results.

    Raises
    ------
    DataError, satchel_export.write.ParityError
    """
    task, dot, algorithm = name.partition(".")
    if not dot:
        raise DataError(f"{name!r} names no bundle: say task and model, as in year-9.forest")
    reference = Reference()
    if columns is not None:
        rows = pd.DataFrame(columns)
        encode(inputs, rows)  # refuses what the inputs do not allow
        reference = whole_reference(inputs, rows, (), {})
    metrics, measured = _measured(inputs, output, model, held_out)
    spec = Spec(
        task=task,
        model=algorithm,
        version=NO_VERSION,
        inputs=inputs,
        outputs=(output,),
        reference=reference,
        card=_card(output, metrics, measured),
    )
    return write(spec, {output.name: model}, folder, columns)


def _measured(
    inputs: Inputs,
    output: Answer,
    model: Adopted,
    held_out: tuple[Columns, pd.Series] | None,
) -> tuple[tuple[Metric, ...], int]:
    """Return the figures on rows that the model has not seen, beside those of a constant guess.

    The guess is the mean of the very rows, or their shares: no constant is better.
    """
    if held_out is None:
        return (), 0
    columns, target = held_out
    true: NDArray[Any]
    if isinstance(output, Classes):
        true = np.array([read_text(one) for one in target], object)
        shares = [float((true == label).mean()) for label in output.labels]
        guess = np.tile(np.array(shares), (len(true), 1))
    else:
        true = target.to_numpy(np.float64)
        guess = np.full((len(true), 1), true.mean())
    X = encode(inputs, pd.DataFrame(columns))
    ours, naive = (
        score(output, true, decode_output(output, raw))
        for raw in (raw_output(output, model, X), guess)
    )
    return tuple(
        Metric(output=output.name, name=one, protocol=TEST, value=value, naive=naive.get(one))
        for one, value in ours.items()
        if np.isfinite(value)
    ), len(true)


def _card(output: Answer, metrics: tuple[Metric, ...], rows: int) -> Card:
    measure = "rmse"
    if isinstance(output, Classes):
        measure = "log_loss" if len(output.labels) == 2 else "accuracy"
    headline = "Not measured: no rows were given that the model has not seen."
    for one in metrics:
        if one.name == measure and one.naive is not None:
            better = loss(measure, one.value) < loss(measure, one.naive)
            text = said(measure)
            verdict = "beats" if better else "does not beat"
            headline = (
                f"{text[0].upper()}{text[1:]} {one.value:.2f} on {rows} rows held out; by a "
                f"constant guess {one.naive:.2f}. It {verdict} that guess."
            )
    return Card(
        title=f"{output.label}, by a model trained elsewhere",
        headline=headline,
        measure=measure,
        source=Source(
            name="data of whoever trained the model",
            url="",
            licence="",
            rows=rows,
            collection="Trained outside of satchel: whoever trained it knows its data, and is "
            "responsible for the model and for what is decided with it.",
        ),
        split="as whoever trained it did it; the figures are of rows given apart",
        naive="a constant: the mean, or the share of each label, of the rows held out",
        metrics=metrics,
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
        versions={
            "satchel": satchel.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        intended_use="A second opinion for a teacher on which students may need support.",
        unintended_use="Any automatic decision about a student: grading, admission, streaming or "
        "discipline.",
        limitations=(
            "It was not trained by satchel: intervals, calibration and fairness were not measured.",
        ),
    )
