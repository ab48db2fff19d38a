"""Bundles of networks on the encoded matrix: of Keras, of PyTorch, or graphs in ONNX."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray

from satchel import DataError
from satchel.spec import Category, Column, Inputs, Number, OneHot, Ordinal, Regression, Standard
from satchel_export.adopt import adopt
from satchel_export.adopted import Adopted, Graph, Network
from satchel_training.own.declared import Declared
from satchel_training.own.school import output_of


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
    inputs, output = _inputs(declared), output_of(declared)

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
    return adopt(
        f"{declared.name}.{model}",
        inputs,
        output,
        adopted,
        Path(folder),
        None if frame is None else plain(frame),
        None if held_out is None else (plain(held_out), held_out[declared.target]),
    )


def _inputs(declared: Declared) -> Inputs:
    columns = declared.encoded or _plainly(declared)
    ordinal = {column.source for column in columns if isinstance(column, Ordinal)}
    fields = [
        replace(one, ordered=True) if isinstance(one, Category) and one.name in ordinal else one
        for one in declared.fields
    ]
    return Inputs(features=tuple(fields), columns=columns)


def _plainly(declared: Declared) -> tuple[Column, ...]:
    """Return each number as it is, and each category as a column for each of its values."""
    columns: list[Column] = []
    for one in declared.fields:
        if isinstance(one, Number):
            columns.append(Standard(source=one.name, mean=0.0, scale=1.0))
        else:
            columns += [OneHot(source=one.name, value=value) for value in one.values]
    return tuple(columns)


def loaded(path: Path) -> onnx.ModelProto:
    """Return the graph in a file."""
    try:
        return onnx.load(path)
    except Exception as error:  # protobuf's own
        raise DataError(f"{path} is no ONNX model: {error!s:.100}") from None
