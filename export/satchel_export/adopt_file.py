"""A model in a file, trained elsewhere, and a table of rows: to a bundle."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.base import is_classifier

from satchel import DataError, TableMapping
from satchel.spec import Category, Feature, Number
from satchel.values import read_text
from satchel_export.network import from_network, loaded
from satchel_export.pipeline import from_pipeline, parts
from satchel_export.transformers import carry
from satchel_training.own.declared import Declared, read_declared
from satchel_training.own.school import target_of
from satchel_training.own.sheet import read_sheet, to_frame

PIPELINES, NETWORKS = (".joblib", ".pkl", ".pickle"), (".onnx", ".keras")


def adopt(arguments: argparse.Namespace) -> Path:
    """Make a bundle of the file that the arguments of ``satchel export`` name.

    Raises
    ------
    DataError
        Where an argument is missing, or the file is no such model.
    """
    path = Path(arguments.run_folder)
    declared = None
    if arguments.declared is not None:
        file = Path(arguments.declared)
        declared = read_declared(file.read_text("utf-8"), file.name)
    if path.suffix in PIPELINES:
        return _pipeline(path, declared, arguments)
    if path.suffix not in NETWORKS:
        kinds = ", ".join((*PIPELINES, *NETWORKS))
        raise DataError(f"{path.name} is no model that can be read: it should be one of {kinds}")
    if declared is None:
        raise DataError(f"{path.name} says nothing of its fields: name them with --declared FILE")
    target = target_of(declared)
    network = loaded(path) if path.suffix == ".onnx" else _keras(path)
    return from_network(
        network,
        declared,
        model=(arguments.name or path.stem).rpartition(".")[2],
        folder=arguments.out,
        frame=_rows(arguments.data, declared, declared.fields),
        held_out=_rows(arguments.held_out, declared, (*declared.fields, target), target.name),
    )


def _pipeline(path: Path, declared: Declared | None, arguments: argparse.Namespace) -> Path:
    if not arguments.trust:
        raise DataError(
            f"{path.name} is a pickle, which can run any code: if you made it, or trust who did, "
            "say --trust"
        )
    target = arguments.target or (declared.target if declared is not None else None)
    name = arguments.name or (f"{declared.name}.{path.stem}" if declared is not None else None)
    if arguments.data is None or target is None or name is None:
        raise DataError("a pipeline needs --data FILE, --target COLUMN and --name TASK.MODEL")
    pipeline = _unpickled(path)
    encoder, rest, names = parts(pipeline)
    carried = carry(encoder, names)
    fields = {one.name: one for one in declared.fields} if declared is not None else {}
    features = [
        _field(one, carried.categories, fields)
        for one in dict.fromkeys(track.source for track in carried.tracks)
    ]
    labels: dict[str, Any] = {}
    result: Feature = Number(name=target, label=target)
    if is_classifier(rest):
        labels = {read_text(one): one for one in rest.classes_}
        result = Category(name=target, label=target, values=tuple(labels))

    def read(file: str, asked: list[Feature]) -> pd.DataFrame:
        found = _rows(file, declared, asked, target if result in asked else "")
        assert found is not None
        frame = carried.native({one.name: _values(found[one.name]) for one in features})
        if result in asked:
            frame[target] = [labels.get(one, one) for one in found[target]]
        return frame

    held_out = None
    if arguments.held_out is not None:
        held_out = read(arguments.held_out, [*features, result])
    return from_pipeline(
        pipeline,
        read(arguments.data, features),
        target=target,
        name=name,
        folder=arguments.out,
        declared=declared,
        pass_at=arguments.pass_at,
        positive=arguments.positive,
        held_out=held_out,
    )


def _field(name: str, categories: dict[str, dict[str, Any]], known: dict[str, Feature]) -> Feature:
    if name in categories:
        return Category(name=name, label=name, values=tuple(categories[name]))
    said = known.get(name)
    limits = said.limits if isinstance(said, Number) else (None, None)
    return Number(name=name, label=name, limits=limits)


def _values(column: pd.Series) -> list[Any]:
    return [None if pd.isna(value) else value for value in column]


def _rows(
    file: str | None, declared: Declared | None, features: Sequence[Feature], target: str = ""
) -> pd.DataFrame | None:
    """Return the rows of a table; where there is a target, those that have it."""
    if file is None:
        return None
    mapping = declared.mapping if declared is not None else TableMapping()
    frame = to_frame(read_sheet(file, mapping), features)
    return frame.dropna(subset=[target]).reset_index(drop=True) if target else frame


def _unpickled(path: Path) -> Any:
    import joblib

    try:
        return joblib.load(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except Exception as error:  # a pickle can fail with anything
        raise DataError(
            f"{path.name} cannot be loaded: {error!s:.200}; it may need the versions of the "
            "packages that it was made with"
        ) from None


def _keras(path: Path) -> Any:
    import keras

    try:
        return keras.models.load_model(path)
    except Exception as error:  # Keras' own share no base
        raise DataError(f"{path.name} cannot be loaded: {error!s:.200}") from None
