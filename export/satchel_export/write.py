"""A run to a bundle, refused unless graph and framework agree."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from satchel.bundle import INDEX, METADATA_KEY, Bundle, Index, read
from satchel.decoder import decode_output
from satchel.encoder import Encoder
from satchel.errors import BundleError
from satchel.files import replacing
from satchel.predictor import TOLERANCE, Predictor, relative_deviation
from satchel.spec import Card, Check, Regression, Spec
from satchel_export.card import card
from satchel_export.graph import Head, assemble
from satchel_export.invent import invent
from satchel_training.evaluate import CHOICE
from satchel_training.models import FRAMEWORKS

CHECKS, PARITY_ROWS = 12, 2000
CHECK_SEED, PARITY_SEED = 1, 2


class ParityError(BundleError):
    """The graph does not give what the training framework gives."""


def write(
    spec: Spec, estimator: Any, folder: Path, matrices: Sequence[NDArray[np.float32]] = ()
) -> Path:
    """Export a trained model to ``folder/task.model.onnx``, with its card and index entry.

    Parameters
    ----------
    spec : Spec
        As the run holds it: without checks.
    estimator : Estimator
        The native model, with ``predict`` on the encoded matrix.
    folder : Path
        Where bundles are kept.
    matrices : sequence of ndarray, each of shape (rows, columns)
        Encoded rows, beside the invented ones, on which both must agree.

    Raises
    ------
    ParityError
        Where ``|graph - framework| > 1e-5 * max(1, |framework|)`` in any row, or labels differ
        although the score is not that close to the pass mark.
    """
    encoder = Encoder(spec.inputs)
    framework = importlib.import_module(f"satchel_export.{FRAMEWORKS[spec.model]}")
    graph = framework.convert(estimator, encoder.width)
    model = assemble(
        [Head(spec.outputs[0].name, graph, graph.graph.output[0].name, 1)], encoder.width
    )
    versions = {**spec.card.versions, **framework.versions(), "onnx": onnx.__version__}
    spec = replace(
        spec,
        checks=_checks(spec, encoder, estimator),
        card=replace(spec.card, versions=versions),
    )
    onnx.helper.set_model_props(model, {METADATA_KEY: spec.to_json()})
    content = model.SerializeToString(deterministic=True)
    path = folder / f"{spec.name}.onnx"
    bundle = Bundle(path, content, spec, hashlib.sha256(content).hexdigest(), False, False)
    predictor = Predictor(bundle)
    if not predictor.verify().passed:
        raise ParityError(f"{spec.name}: the graph fails the checks that travel with it")
    invented = encoder.encode_rows(invent(spec.inputs, PARITY_ROWS, PARITY_SEED)).matrix
    for matrix in (invented, *matrices):
        check_parity(predictor, estimator, matrix)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(path, "wb") as file:
        file.write(content)
    with replacing(folder / f"{spec.name}.card.md") as file:
        file.write(card(spec))
    write_index(folder)
    return path


def check_parity(predictor: Predictor, estimator: Any, matrix: NDArray[np.float32]) -> float:
    """Return the largest deviation of the graph from the framework; errors as in `write`.

    Parameters
    ----------
    predictor : Predictor
        The bundle.
    estimator : Estimator
        The native model.
    matrix : ndarray of float32, shape (rows, columns)
    """
    output = predictor.spec.outputs[0]
    graph = predictor.run(matrix)[output.name]
    native = np.asarray(estimator.predict(matrix), np.float64).reshape(graph.shape)
    worst = relative_deviation(graph, native)
    if worst > TOLERANCE:
        raise ParityError(
            f"{predictor.name}: the graph deviates by {worst:.1e} from the framework, more than "
            f"{TOLERANCE:.0e} allows"
        )
    if isinstance(output, Regression) and output.pass_at is not None:
        differ = decode_output(output, graph).label != decode_output(output, native).label
        # A rounding step lies beside the mark too, so closeness is judged before rounding.
        score = native[:, 0] * output.scale + output.mean
        step = 0.0 if output.decimals is None else 0.5 * 10.0**-output.decimals
        margin = TOLERANCE * np.maximum(1.0, np.abs(native[:, 0])) * output.scale
        if np.any(differ & (np.abs(score - (output.pass_at - step)) > margin)):
            raise ParityError(f"{predictor.name}: labels differ from the framework's")
    return worst


def write_index(folder: Path) -> None:
    """Write ``index.json`` for the bundles in `folder`: digests, sizes, each task's default.

    The default of a task is its model with the lowest cross-validated error on the training
    part; one that does not beat the naive guess there is never the default.
    """
    index = Index()
    errors: dict[str, dict[str, float]] = {}
    for path in sorted(folder.glob("*.onnx")):
        try:
            bundle = read(path, Index())
        except BundleError:  # no bundle of ours: it stays as it is, and unlisted
            continue
        if path.stem != bundle.name:
            continue
        index.digests[bundle.name] = bundle.sha256
        index.sizes[bundle.name] = len(bundle.model)
        error = _error(bundle.spec.card)
        if error is not None:
            errors.setdefault(bundle.task, {})[bundle.spec.model] = error
    for task, models in errors.items():
        index.defaults[task] = min(models, key=lambda model: (models[model], model))
    with replacing(folder / INDEX) as file:
        file.write(index.to_json())


def _error(card: Card) -> float | None:
    """Return the error that models are chosen by; None where the naive guess is no worse."""
    metric = card.metric("rmse", CHOICE)
    if metric is None or metric.naive is None or metric.value >= metric.naive:
        return None
    return metric.value


def _checks(spec: Spec, encoder: Encoder, estimator: Any) -> tuple[Check, ...]:
    records = invent(spec.inputs, CHECKS, CHECK_SEED)
    raw = np.asarray(estimator.predict(encoder.encode_rows(records).matrix), np.float64)
    if not np.isfinite(raw).all():
        raise ParityError(f"{spec.name}: the trained model gives values that are no numbers")
    name = spec.outputs[0].name
    return tuple(
        Check(record=record, outputs={name: (float(value),)})
        for record, value in zip(records, raw.reshape(-1), strict=True)
    )
