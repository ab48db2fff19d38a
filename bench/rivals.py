"""The same model by other ways, each from one record or one ready row to one number."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import build
import numpy as np
import one
import pandas as pd
import timing
from timing import Row

from satchel.bundle.graph import onnxruntime
from satchel.spec import Number

Rival = tuple[str, float, int, Callable[[], object]]


def measure(paths: dict[str, Path]) -> list[Row]:
    """Measure how many times faster a dict to a checked float is."""
    rows = []
    ours = one.value(paths["network"])
    for make in (_pipeline, _keras, _torch):
        try:
            rivals = list(make())
        except ImportError as error:
            print(f"not measured: {error}")
            continue
        for name, promise, times, work in rivals:
            _, ratios = timing.compare([ours, work], [one.CALLS, times], 31)
            rows.append(Row(f"faster than {name}", ratios[1], promise, at_least=True))
    return rows


def pipeline(model: Any, features: Sequence[str] = build.TASK.features) -> Any:
    """Return a scikit-learn pipeline of the usual preprocessing and a model, fitted."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    frame = build.generate(build.ROWS, build.SEED)
    numbers, texts = ([n for n in part if n in features] for part in names())
    encoder = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            ("texts", OneHotEncoder(), texts),
        ]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a network that has not converged
        return make_pipeline(encoder, model).fit(frame[list(features)], frame["G3"])


def names() -> tuple[list[str], list[str]]:
    """Return the names of the fields that are numbers, and of those that are categories."""
    features = build.TASK.features
    numbers = [n for n in features if isinstance(build.TASK.dataset.field(n), Number)]
    return numbers, [n for n in features if n not in numbers]


def _pipeline() -> Iterator[Rival]:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from sklearn.neural_network import MLPRegressor

    model = pipeline(
        MLPRegressor(hidden_layer_sizes=build.HIDDEN, max_iter=20, random_state=build.SEED)
    )
    rows = itertools.cycle(build.records(one.COUNT))
    yield (
        "a scikit-learn pipeline on a one-row DataFrame",
        300,
        3,
        lambda: model.predict(pd.DataFrame([next(rows)])),
    )
    kinds = frozenset(names()[0])
    types: list[tuple[str, Any]] = [
        (n, FloatTensorType([None, 1]) if n in kinds else StringTensorType([None, 1]))
        for n in build.TASK.features
    ]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    whole = onnxruntime.InferenceSession(
        to_onnx(model, initial_types=types, target_opset=17).SerializeToString(), options
    )

    def run() -> object:
        record = next(rows)
        feed = {n: np.array([[v]], np.float32 if n in kinds else object) for n, v in record.items()}
        return whole.run(None, feed)

    yield "the whole pipeline inside ONNX", 5, 50, run


def _keras() -> Iterator[Rival]:
    import keras

    columns = len(one.satchel.load(_network()).spec.inputs.columns)
    layers = [keras.layers.Dense(size, activation="relu") for size in build.HIDDEN]
    model = keras.Sequential([keras.Input((columns,)), *layers, keras.layers.Dense(1)])
    row = np.zeros((1, columns), np.float32)
    yield "Keras `predict` on a ready row", 3000, 1, lambda: model.predict(row, verbose=0)


def _torch() -> Iterator[Rival]:
    import torch

    torch.set_num_threads(1)
    columns = len(one.satchel.load(_network()).spec.inputs.columns)
    module, row = build.network(columns), torch.zeros(1, columns)

    def run() -> object:
        with torch.inference_mode():
            return module(row).item()

    yield "torch on a ready row", 1, 100, run


def _network() -> Path:
    return FOLDER / "bench.network.onnx"


FOLDER = Path("build/bench")
