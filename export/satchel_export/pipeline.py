"""Bundles of fitted pipelines of scikit-learn.

Our encoder has to give what the pipeline's transformers give, and the graph what its estimator
gives, on the rows at hand and on invented records.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from satchel import DataError
from satchel.spec import Classes, Inputs
from satchel.values import read_text
from satchel_export.adopt import Answer, adopt
from satchel_export.adopted import Learner, named
from satchel_export.invent import invent
from satchel_export.transformers import KNOWN, Carried, carry
from satchel_export.write import ParityError
from satchel_training.fit import encode
from satchel_training.own.declared import Declared
from satchel_training.own.school import output_name, output_of

ENCODED = 1e-6  # that our encoder may be off, relative: float32 has 24 bits
SUCCESS = ("pass", "yes", "true", "1")
ROWS, SEED = 1000, 3  # of invented records


def from_pipeline(
    pipeline: Any,
    frame: pd.DataFrame,
    *,
    target: str,
    name: str,
    folder: str | Path = "models",
    declared: Declared | None = None,
    limits: tuple[float | None, float | None] = (None, None),
    pass_at: float | None = None,
    positive: str | None = None,
    held_out: pd.DataFrame | None = None,
) -> Path:
    """Make a bundle of a fitted pipeline of scikit-learn.

    Its first step is a ``ColumnTransformer`` of ``StandardScaler``, ``MinMaxScaler``,
    ``OneHotEncoder``, ``OrdinalEncoder``, ``SimpleImputer``, pipelines of these, and passthrough;
    or one of these for all columns. All that follows becomes the graph, by skl2onnx.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted to a DataFrame.
    frame : DataFrame
        Rows with the columns that it takes: those it learned from will do. Means, shares and
        ranges of them go into the bundle, no row does.
    target : str
        What it predicts.
    name : str
        Of the bundle: task and model, such as ``year-9.forest``.
    folder : path
        Where bundles are kept.
    declared : Declared, optional
        What is known of the fields and the result; instead of `limits` and `pass_at`.
    limits : (float or None, float or None)
        Of a score.
    pass_at : float or None
        The pass mark of a score.
    positive : str or None
        Of two labels the one of success; needed unless one of them is ``pass``, ``yes``, ``true``
        or ``1``.
    held_out : DataFrame, optional
        Rows with the target that the pipeline has not seen, for the figures of the card.

    Returns
    -------
    Path
        The file of the bundle; its card lies beside it.

    Raises
    ------
    DataError
        Where the pipeline does what a bundle cannot carry; the step and a column are named.
    satchel_export.write.ParityError
        Where the bundle does not give what the pipeline gives.
    """
    encoder, rest, names = parts(pipeline)
    carried = carry(encoder, names)
    _require_columns(carried, frame)
    fields = {one.name: one for one in declared.fields} if declared is not None else {}
    inputs = carried.inputs(frame, fields)
    if declared is not None:
        limits, pass_at = declared.limits, declared.pass_at
        positive = positive or (declared.labels[-1] if declared.kind == "outcome" else None)
    output: Answer
    if is_classifier(rest):
        if not hasattr(rest, "predict_proba"):
            raise DataError(f"{named(rest)} gives no probabilities")
        labels = tuple(read_text(one) for one in rest.classes_)
        output = Classes(
            name=output_name(target),
            label=target,
            labels=labels,
            positive=_success(labels, positive) if len(labels) == 2 else None,
        )
    else:
        wanted = Declared(name="own", target=target, kind="score", limits=limits, pass_at=pass_at)
        output = output_of(wanted)
    _check_encoder(encoder, carried, inputs, frame, names)
    rest = _rescaled(carried, rest)
    return adopt(
        name,
        inputs,
        output,
        Learner(rest),
        Path(folder),
        carried.plain(frame),
        None if held_out is None else (carried.plain(held_out), held_out[target]),
    )


def parts(pipeline: Any) -> tuple[Any, Any, list[str]]:
    """Return what encodes, what answers, and the names of the columns that a pipeline takes."""
    names = getattr(pipeline, "feature_names_in_", None)
    if names is None:
        raise DataError(
            "the pipeline does not know the names of its columns: fit it to a DataFrame"
        )
    steps = pipeline.steps if isinstance(pipeline, Pipeline) else [("model", pipeline)]
    encoder: Any = "passthrough"
    if len(steps) > 1 and isinstance(steps[0][1], KNOWN):
        encoder, steps = steps[0][1], steps[1:]
    rest = steps[0][1] if len(steps) == 1 else Pipeline(steps)
    if not hasattr(rest, "predict"):
        raise DataError("the pipeline does not end with a model")
    return encoder, rest, [str(one) for one in names]


def _success(labels: Sequence[str], positive: str | None) -> str:
    """Return which of two labels is that of success."""
    known = [one for one in labels if one.casefold() in SUCCESS]
    if positive is None and len(known) == 1:
        return known[0]
    if positive is None or positive not in labels:
        raise DataError(f"say which label is success, positive: {labels[0]!r} or {labels[1]!r}")
    return positive


def _require_columns(carried: Carried, frame: pd.DataFrame) -> None:
    for name in dict.fromkeys(track.source for track in carried.tracks):
        if name not in frame.columns:
            raise DataError(f"the rows have no column {name!r}, which the pipeline takes")
        if name not in carried.categories and not pd.api.types.is_numeric_dtype(frame[name]):
            raise DataError(f"{name} holds text, and no encoder of the pipeline takes it")


def _rescaled(carried: Carried, rest: Any) -> Any:
    """Return what answers, behind the scaling that our encoder leaves to the graph."""
    if carried.after is None:
        return rest
    scaler = StandardScaler()
    scaler.mean_, scaler.scale_ = carried.after
    scaler.var_, scaler.n_features_in_ = scaler.scale_**2, len(scaler.mean_)
    return make_pipeline(scaler, *(step for _, step in getattr(rest, "steps", [("", rest)])))


def _check_encoder(
    encoder: Any, carried: Carried, inputs: Inputs, frame: pd.DataFrame, names: Sequence[str]
) -> None:
    """Compare our encoder with the pipeline's transformers, column by column."""
    records = invent(inputs, ROWS, SEED)
    invented = {f.name: [one[f.name] for one in records] for f in inputs.features}
    for columns in (carried.plain(frame), invented):
        ours = encode(inputs, pd.DataFrame(columns))
        rows = carried.native(columns).reindex(columns=list(names))
        theirs = rows.to_numpy() if isinstance(encoder, str) else encoder.transform(rows)
        if carried.after is not None:
            means, scales = carried.after
            ours = ((ours - means) / scales).astype(np.float32)
        theirs = np.asarray(theirs.toarray() if hasattr(theirs, "toarray") else theirs, np.float32)
        if ours.shape != theirs.shape:
            raise ParityError(
                f"the encoder makes {ours.shape[1]} columns, the pipeline {theirs.shape[1]}"
            )
        off = np.abs(ours - theirs) > ENCODED * np.maximum(1.0, np.abs(theirs))
        if off.any():
            row, place = np.argwhere(off)[0]
            raise ParityError(
                f"column {place} of the encoded matrix, from {carried.tracks[place].source}: the "
                f"encoder gives {ours[row, place]}, the pipeline {theirs[row, place]}"
            )
