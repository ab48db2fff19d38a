"""Models that were trained elsewhere, as bundles.

What a model learned is carried over, and proved: our encoder gives what the pipeline's transformers
give, and the graph gives what the pipeline's estimator gives, on the rows at hand and on invented
records. How good it is nobody can tell from rows that it learned from, so a bundle has figures only
where rows are given that it has not seen.
"""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray

import satchel
from satchel import DataError
from satchel.decode.decoder import decode_output
from satchel.encode.encoder import Encoder
from satchel.findings import said
from satchel.measure.metrics import loss
from satchel.measure.scores import score
from satchel.spec import (
    TEST,
    Card,
    Classes,
    Column,
    Inputs,
    Metric,
    Number,
    OneHot,
    Reference,
    Regression,
    Source,
    Spec,
    Standard,
)
from satchel.values import read_text
from satchel_export.adopted import Adopted, Graph, Learner, Network, named
from satchel_export.invent import invent
from satchel_export.write import ParityError, write
from satchel_training.fit import raw_output
from satchel_training.own.declared import Declared
from satchel_training.own.school import output_name
from satchel_training.reference import whole_reference
from satchel_training.train import NO_VERSION

if TYPE_CHECKING:
    from satchel_export.transformers import Carried

ENCODED = 1e-6  # that our encoder may be off, relative: float32 has 24 bits
SUCCESS = ("pass", "yes", "true", "1")
ROWS, SEED = 1000, 3  # of invented records

Answer = Regression | Classes


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
    from sklearn.base import is_classifier

    from satchel_export.transformers import carry

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
        output = _score(target, limits, pass_at)
    _check_encoder(encoder, carried, inputs, frame, names)
    rest = _rescaled(carried, rest)
    return _write(
        name,
        inputs,
        output,
        Learner(rest),
        Path(folder),
        carried.plain(frame),
        None if held_out is None else (carried.plain(held_out), held_out[target]),
    )


def from_network(
    network: Any,
    declared: Declared,
    *,
    model: str,
    folder: str | Path = "models",
    frame: pd.DataFrame | None = None,
    held_out: pd.DataFrame | None = None,
) -> Path:
    """Make a bundle of a network on the encoded matrix: of Keras, of PyTorch, or an ONNX graph.

    A score comes as float32 of shape (rows, 1), in its own points. Labels come as probabilities of
    shape (rows, labels), in the order declared, or of an outcome as that of success, (rows, 1).

    Parameters
    ----------
    network : keras.Model, torch.nn.Module, onnx.ModelProto or path of an .onnx file
    declared : Declared
        The fields, what they are encoded as, and the result.
    model : str
        Name of the model; with that of the task it is the bundle's.
    folder : path
        Where bundles are kept.
    frame : DataFrame, optional
        Rows with the fields, for explanations and drift; without them the bundle has neither.
    held_out : DataFrame, optional
        Rows with the target that the network has not seen, for the figures of the card.

    Returns
    -------
    Path
        The file of the bundle.

    Raises
    ------
    DataError, satchel_export.write.ParityError
        As `from_pipeline`.
    """
    adopted: Adopted
    if isinstance(network, str | Path):
        adopted = Graph(loaded(Path(network)), Path(network).name)
    elif isinstance(network, onnx.ModelProto):
        adopted = Graph(network, "the graph")
    else:
        adopted = Network(network)
    inputs = Inputs(features=declared.fields, columns=declared.encoded or _plainly(declared))
    if declared.kind == "score":
        output: Answer = _score(declared.target, declared.limits, declared.pass_at)
    else:
        output = Classes(
            name=output_name(declared.target),
            label=declared.target,
            labels=declared.labels,
            positive=declared.labels[-1] if declared.kind == "outcome" else None,
        )

    def plain(rows: pd.DataFrame) -> dict[str, NDArray[Any]]:
        return {one.name: rows[one.name].to_numpy() for one in declared.fields}

    width = 1 if isinstance(output, Regression) else len(output.labels)
    try:
        found = adopted.predict_proba(np.zeros((2, len(inputs.columns)), np.float32))
    except Exception as error:  # of any framework
        raise DataError(
            f"the model does not take {len(inputs.columns)} columns, which the fields make: "
            f"{error!s:.200}"
        ) from None
    if found.shape != (2, width) and not (width == 2 and found.shape == (2, 1)):
        raise DataError(
            f"for 2 rows the model gives shape {found.shape}; {declared.target} needs (2, {width})"
        )
    return _write(
        f"{declared.name}.{model}",
        inputs,
        output,
        adopted,
        Path(folder),
        None if frame is None else plain(frame),
        None if held_out is None else (plain(held_out), held_out[declared.target]),
    )


def parts(pipeline: Any) -> tuple[Any, Any, list[str]]:
    """Return what encodes, what answers, and the names of the columns that a pipeline takes."""
    from sklearn.pipeline import Pipeline

    from satchel_export.transformers import KNOWN

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
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

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
        ours = _encoded(inputs, columns)
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


def _encoded(inputs: Inputs, columns: Mapping[str, Any]) -> NDArray[np.float32]:
    encoded = Encoder(inputs).encode_many(columns)
    if encoded.problems:
        row, problems = next(iter(encoded.problems.items()))
        raise DataError(f"row {row + 1}: {problems[0]}")
    return encoded.matrix


def _plainly(declared: Declared) -> tuple[Column, ...]:
    """Return each number as it is, and each category as a column for each of its values."""
    columns: list[Column] = []
    for one in declared.fields:
        if isinstance(one, Number):
            columns.append(Standard(source=one.name, mean=0.0, scale=1.0))
        else:
            columns += [OneHot(source=one.name, value=value) for value in one.values]
    return tuple(columns)


def _score(
    target: str, limits: tuple[float | None, float | None], pass_at: float | None
) -> Regression:
    high = limits[1]
    return Regression(
        name=output_name(target),
        label=target,
        unit=f"points of {high:g}" if high is not None else "points",
        limits=limits,
        decimals=1,
        pass_at=pass_at,
    )


def loaded(path: Path) -> onnx.ModelProto:
    """Return the graph in a file."""
    try:
        return onnx.load(path)
    except Exception as error:  # protobuf's own
        raise DataError(f"{path} is no ONNX model: {error!s:.100}") from None


def _write(
    name: str,
    inputs: Inputs,
    output: Answer,
    model: Adopted,
    folder: Path,
    columns: Mapping[str, Any] | None,
    held_out: tuple[Mapping[str, Any], pd.Series] | None,
) -> Path:
    task, dot, algorithm = name.partition(".")
    if not dot:
        raise DataError(f"{name!r} names no bundle: say task and model, as in year-9.forest")
    reference = Reference()
    if columns is not None:
        _encoded(inputs, columns)
        reference = whole_reference(inputs, pd.DataFrame(columns), (), {})
    metrics, rows = _measured(inputs, output, model, held_out)
    spec = Spec(
        task=task,
        model=algorithm,
        version=NO_VERSION,
        inputs=inputs,
        outputs=(output,),
        reference=reference,
        card=_card(output, metrics, rows),
    )
    return write(spec, {output.name: model}, folder, columns)


def _measured(
    inputs: Inputs,
    output: Answer,
    model: Adopted,
    held_out: tuple[Mapping[str, Any], pd.Series] | None,
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
    X = _encoded(inputs, columns)
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
