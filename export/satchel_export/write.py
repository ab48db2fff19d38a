"""A run to a bundle, refused unless graph and framework agree."""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from satchel.bundle import INDEX, METADATA_KEY, Bundle, Index, read
from satchel.bundle.onnx_file import read_model
from satchel.bundle.operators import check_graph
from satchel.decode.decoder import decode_output
from satchel.encode.encoder import Encoder
from satchel.errors import BundleError
from satchel.files import replacing
from satchel.measure.metrics import loss
from satchel.predictor import TOLERANCE, Predictor, relative_deviation
from satchel.spec import (
    CHOICE,
    Card,
    Check,
    Classes,
    Score,
    Segment,
    Spec,
)
from satchel_export.card import card
from satchel_export.graph import Head, assemble
from satchel_export.invent import invent
from satchel_export.sweep import sweep
from satchel_training.fit import raw_output
from satchel_training.models import FRAMEWORKS, head

FIRST_VERSION = "1.0.0"
CHECKS, PARITY_ROWS = 12, 2000
CHECK_SEED, PARITY_SEED = 1, 2


class ParityError(BundleError):
    """The graph does not give what the training framework gives."""


def write(
    spec: Spec,
    heads: Mapping[str, Any],
    folder: Path,
    columns: Mapping[str, NDArray[Any]] | None = None,
    after: str = "",
) -> Path:
    """Export a trained model to ``folder/task.model.onnx``, with its card and index entry.

    Parameters
    ----------
    spec : Spec
        As the run holds it: without checks or a version of its own.
    heads : dict
        The native model: from the name of an output to the estimator that answers it. One that was
        trained elsewhere is an `Adopted`, which knows its own way to a graph.
    folder : Path
        Where bundles are kept.
    columns : mapping of str to ndarray, shape (rows,), optional
        Raw records by field: both must agree on them, too, beside the invented ones. Monotonic
        fields are swept from each of them, or from the invented ones where there are none.
    after : str
        The highest version that there has been, where that is not the one in `folder`.

    Raises
    ------
    BundleError
        Where the file that the bundle would replace cannot be read as a bundle of that name.
    ParityError
        Where ``|graph - framework| > 1e-5 * max(1, |framework|)`` in any row, or labels differ
        although the score is not that close to where they change.
    DirectionError
        Where a monotonic field moves an answer the wrong way.
    """
    encoder = Encoder(spec.inputs)
    graphs, versions = [], dict(spec.card.versions)
    for output in spec.outputs:
        estimator = heads[output.name]
        if hasattr(estimator, "convert"):  # it was trained elsewhere
            graph = estimator.convert(encoder.width)
            versions |= estimator.versions()
        else:
            module = FRAMEWORKS[head(spec.model, output)]
            framework = importlib.import_module(f"satchel_export.{module}")
            graph = framework.convert(estimator, encoder.width)
            versions |= framework.versions()
        raw = raw_output(output, estimator, np.zeros((1, encoder.width), np.float32))
        width = None if isinstance(output, Segment) else raw.shape[1]
        graphs.append(Head(output.name, graph, graph.graph.output[0].name, width))
    model = assemble(graphs, encoder.width)
    versions["onnx"] = onnx.__version__
    spec = replace(
        spec,
        checks=_checks(spec, encoder, heads),
        card=replace(spec.card, versions=versions),
    )
    path = folder / f"{spec.name}.onnx"
    invented = invent(spec.inputs, PARITY_ROWS, PARITY_SEED)
    swept = sweep(_predictor(spec, model), _columns(invented) if columns is None else columns)
    spec = replace(spec, card=replace(spec.card, sweeps=swept))
    spec, content = _versioned(spec, model, path, after)
    check_graph(read_model(content))
    bundle = Bundle(str(path), content, spec, hashlib.sha256(content).hexdigest(), False, False)
    predictor = Predictor(bundle)
    if not predictor.verify().passed:
        raise ParityError(f"{spec.name}: the graph fails the checks that travel with it")
    for rows in (invented, columns):
        if rows is not None:
            check_parity(predictor, heads, encoder.encode_many(rows).matrix)
    folder.mkdir(parents=True, exist_ok=True)
    put(bundle, path)
    return path


def put(bundle: Bundle, path: Path) -> None:
    """Put a bundle into the file `path`, its card and its index entry beside it.

    A reader finds the former bundle or the new one at every moment, also where this is killed:
    in between the index names no digest for it.
    """
    try:
        index = Index.read(path.parent)
    except BundleError:  # damaged, and written anew below
        index = Index()
    if index.digests.pop(bundle.name, bundle.sha256) != bundle.sha256:
        index.sizes.pop(bundle.name)
        with replacing(path.parent / INDEX) as file:
            file.write(index.to_json())
    with replacing(path, "wb") as file:
        file.write(bundle.model)
    with replacing(path.parent / f"{bundle.name}.card.md") as file:
        file.write(card(bundle.spec))
    write_index(path.parent)


def _predictor(spec: Spec, model: onnx.ModelProto) -> Predictor:
    """Return the predictor of a bundle that is not written yet."""
    spec, content = _serialised(replace(spec, version=FIRST_VERSION), model)
    return Predictor(Bundle(f"{spec.name}.onnx", content, spec, "", False, False))


def _columns(records: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
    return {name: np.array([one[name] for one in records], object) for name in records[0]}


def _versioned(spec: Spec, model: onnx.ModelProto, path: Path, after: str) -> tuple[Spec, bytes]:
    """Return the spec with the bundle's version, and the bytes of the bundle.

    The bundle already at `path` decides. If building it again gives the same bytes, version and
    date stay; otherwise the minor version rises.
    """
    if not path.exists():
        return _serialised(replace(spec, version=FIRST_VERSION), model)
    former = _former(path, spec.name)
    dated = replace(spec.card, created=former.spec.card.created)
    same = _serialised(replace(spec, version=former.version, card=dated), model)
    if same[1] == former.model:
        return same
    major, minor, _ = max(former.version, after or former.version, key=version_key).split(".")
    return _serialised(replace(spec, version=f"{major}.{int(minor) + 1}.0"), model)


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions such as 1.10.0 are ordered by."""
    return tuple(map(int, version.split(".")))


def _former(path: Path, name: str) -> Bundle:
    """Return the bundle called `name` that an export to `path` replaces."""
    try:
        former = read(path, Index())
        if former.name != name:
            raise BundleError(f"{path} holds {former.name}")
        if not re.fullmatch(r"\d{1,9}(\.\d{1,9}){2}", former.version, re.ASCII):
            raise BundleError(f"{path} has the version {former.version!r}, not one like 1.2.3")
    except BundleError as error:
        raise BundleError(
            f"{error}; the export does not replace it, as no version follows from it: "
            f"move the file away to start again at {FIRST_VERSION}"
        ) from None
    return former


def _serialised(spec: Spec, model: onnx.ModelProto) -> tuple[Spec, bytes]:
    onnx.helper.set_model_props(model, {METADATA_KEY: spec.to_json()})
    return spec, model.SerializeToString(deterministic=True)


def check_parity(
    predictor: Predictor, heads: Mapping[str, Any], matrix: NDArray[np.float32]
) -> float:
    """Return the largest deviation of the graph from the framework; errors as in `write`.

    Parameters
    ----------
    predictor : Predictor
        The bundle.
    heads : dict
        From the name of an output to the native estimator.
    matrix : ndarray of float32, shape (rows, columns)
    """
    worst = 0.0
    raw = predictor.run(matrix)
    for output in predictor.spec.outputs:
        graph, estimator = raw[output.name], heads[output.name]
        native = raw_output(output, estimator, matrix)
        if isinstance(output, Segment):
            differ = _far_segments(graph, native, estimator.transform(matrix))
        else:
            deviation = relative_deviation(graph, native)
            worst = max(worst, deviation)
            if deviation > TOLERANCE:
                raise ParityError(
                    f"{predictor.name}: {output.name} of the graph deviates by {deviation:.1e} "
                    f"from the framework, more than {TOLERANCE:.0e} allows"
                )
            differ = _far_labels(output, graph, native)
        if differ.any():
            raise ParityError(
                f"{predictor.name}: labels of {output.name} differ from the framework's"
            )
    return worst


def _far_segments(
    graph: NDArray[np.int64], native: NDArray[np.int64], distances: NDArray[Any]
) -> NDArray[np.bool_]:
    """Return which rows are in another segment, although its centre is not as near."""
    rows = np.arange(len(graph))
    near, nearest = distances[rows, graph], distances[rows, native]
    return np.asarray(np.abs(near - nearest) > TOLERANCE * np.maximum(1.0, nearest))


def _far_labels(
    output: Score | Classes, graph: NDArray[Any], native: NDArray[Any]
) -> NDArray[np.bool_]:
    """Return which rows have another label, although the tolerance does not explain it."""
    if isinstance(output, Score) and output.pass_at is None:
        return np.zeros(len(graph), bool)
    if isinstance(output, Classes) and len(output.labels) > 2:
        rows = np.arange(len(native))
        likeliest, given = native.argmax(axis=1), graph.argmax(axis=1)
        return np.asarray(native[rows, likeliest] - native[rows, given] > 2 * TOLERANCE)
    # Labels rise with the score, so those a tolerance below and above bound what is allowed.
    margin = TOLERANCE * np.maximum(1.0, np.abs(native))
    if isinstance(output, Classes) and native.shape[1] == 2:
        margin[:, 1 - output.labels.index(output.positive or "")] *= -1
    label, low, high = (
        decode_output(output, raw).label for raw in (graph, native - margin, native + margin)
    )
    return np.asarray((label != low) & (label != high))


def write_index(folder: Path) -> None:
    """Write ``index.json`` for the bundles in `folder`: digests, sizes, each task's default.

    The default of a task is a model whose answers move in the directions that the task declares,
    where there is one; of these, or of all, the best in cross-validation on the training part, by
    the measure of the task, ties to the smaller. One that does not beat the naive guess there is
    never the default.
    """
    index = Index()
    ranks: dict[str, dict[str, tuple[bool, float, int]]] = {}
    for path in sorted(folder.glob("*.onnx")):
        try:
            bundle = read(path, Index())
        except BundleError:  # no bundle of ours: it stays as it is, and unlisted
            continue
        if path.stem != bundle.name:
            continue
        index.digests[bundle.name] = bundle.sha256
        index.sizes[bundle.name] = len(bundle.model)
        lost = _loss(bundle.spec.card)
        if lost is not None:
            plausible = bool(bundle.spec.card.sweeps)
            rank = (not plausible, lost, len(bundle.model))
            ranks.setdefault(bundle.task, {})[bundle.spec.model] = rank
    for task, models in ranks.items():
        index.defaults[task] = min(models, key=models.__getitem__)
    with replacing(folder / INDEX) as file:
        file.write(index.to_json())


def _loss(card: Card) -> float | None:
    """Return what models are chosen by; None where the naive guess is no worse."""
    found = [m for m in card.metrics if (m.name, m.protocol) == (card.measure, CHOICE)]
    if not found or any(m.naive is None for m in found):
        return None
    lost = sum(loss(m.name, m.value) for m in found) / len(found)
    naive = sum(loss(m.name, m.naive or 0.0) for m in found) / len(found)
    return lost if lost < naive else None


def _checks(spec: Spec, encoder: Encoder, heads: Mapping[str, Any]) -> tuple[Check, ...]:
    records = invent(spec.inputs, CHECKS, CHECK_SEED)
    X = encoder.encode_many(records).matrix
    raw = {
        output.name: np.asarray(raw_output(output, heads[output.name], X), np.float64)
        for output in spec.outputs
    }
    if not all(np.isfinite(values).all() for values in raw.values()):
        raise ParityError(f"{spec.name}: the trained model gives values that are no numbers")
    return tuple(
        Check(
            record=record,
            outputs={
                name: tuple(np.atleast_1d(values[i]).tolist()) for name, values in raw.items()
            },
        )
        for i, record in enumerate(records)
    )
