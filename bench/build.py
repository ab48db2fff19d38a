"""Builds the bundles that the bench measures: a network, a linear model and a forest.

All three read the 32 fields of UCI Portuguese as training encodes them: 58 columns. Their weights
are drawn by a seeded generator, the forest is grown on invented rows; they predict nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pandas as pd
import torch
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression

import satchel
from satchel.bundle import METADATA_KEY
from satchel.spec import (
    Breakpoints,
    Card,
    Inputs,
    Intervals,
    Level,
    Number,
    Regression,
    Sigmoid,
    Source,
)
from satchel.spec import Spec as BundleSpec
from satchel_export import scikit_learn as from_scikit_learn
from satchel_export import torch as from_torch
from satchel_export.graph import Head, assemble
from satchel_training.datasets.uci import generate
from satchel_training.fit import encode, fit_inputs
from satchel_training.tasks.secondary import SECONDARY

ROWS, SEED = 2000, 7
HIDDEN = (64, 32)
TASK = next(task for task in SECONDARY if task.name == "secondary-portuguese")
FOREST = {"n_estimators": 100, "max_depth": 8, "random_state": SEED}


def output() -> Regression:
    """Return the grade, with every part that an answer can have."""
    grade = TASK.outputs[0]
    assert isinstance(grade, Regression)
    return replace(
        grade,
        mean=11.9,
        scale=3.2,
        intervals=Intervals(
            levels=(
                Level(level=0.8, low=-1.5, high=1.5),
                Level(level=0.9, low=-2.2, high=2.1),
            ),
            scale=Breakpoints(x=(2.0, 8.0, 12.0, 18.0), y=(1.6, 1.2, 0.9, 1.0)),
        ),
        calibration=Sigmoid(a=-1.1, b=11.0),
    )


def network(columns: int) -> torch.nn.Sequential:
    """Return the network ``columns-64-32-1``."""
    torch.manual_seed(SEED)
    sizes = (columns, *HIDDEN)
    layers: list[torch.nn.Module] = []
    for i in range(len(HIDDEN)):
        layers += [torch.nn.Linear(sizes[i], sizes[i + 1]), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(sizes[-1], 1)).eval()


def _network(inputs: Inputs) -> onnx.ModelProto:
    columns = len(inputs.columns)
    return from_torch.convert(SimpleNamespace(module_=network(columns)), columns)


def _linear(inputs: Inputs) -> onnx.ModelProto:
    columns = len(inputs.columns)
    torch.manual_seed(SEED)
    module = torch.nn.Linear(columns, 1)
    return from_torch.convert(SimpleNamespace(module_=module), columns)


def _forest(inputs: Inputs) -> onnx.ModelProto:
    rows = generate(ROWS, SEED)
    model = RandomForestRegressor(**FOREST)
    model.fit(encode(inputs, rows), (rows["G3"] - 11.9) / 3.2)
    return from_scikit_learn.convert(model, len(inputs.columns))


KINDS: dict[str, Callable[[Inputs], onnx.ModelProto]] = {
    "network": _network,
    "linear": _linear,
    "forest": _forest,
}


def build(folder: Path) -> dict[str, Path]:
    """Write the bundles, and return their files by kind."""
    folder.mkdir(parents=True, exist_ok=True)
    inputs = fit_inputs(TASK, generate(ROWS, SEED))
    return {
        kind: _write(folder, kind, inputs, make(inputs), output()) for kind, make in KINDS.items()
    }


def score(folder: Path) -> Path:
    """Write the bundle of a linear model that gives a score and nothing else."""
    rows = generate(ROWS, SEED)
    inputs = fit_inputs(TASK, rows)
    model = LinearRegression().fit(encode(inputs, rows), (rows["G3"] - 11.9) / 3.2)
    graph = from_scikit_learn.convert(model, len(inputs.columns))
    plain = replace(output(), pass_at=None, intervals=None, calibration=None)
    return _write(folder, "score", inputs, graph, plain)


def _write(
    folder: Path, kind: str, inputs: Inputs, graph: onnx.ModelProto, grade: Regression
) -> Path:
    head = Head(grade.name, graph, graph.graph.output[0].name, 1)
    model = assemble([head], len(inputs.columns))
    spec = BundleSpec(
        task="bench",
        model=kind,
        version="1.0.0",
        inputs=inputs,
        outputs=(grade,),
        card=_card(),
    )
    onnx.helper.set_model_props(model, {METADATA_KEY: spec.to_json()})
    path = folder / f"{spec.name}.onnx"
    path.write_bytes(model.SerializeToString(deterministic=True))
    return path


def records(count: int, seed: int = SEED + 1) -> list[dict[str, object]]:
    """Return invented records; a whole number comes as an int, as JSON would give it."""
    rows = generate(count, seed)[list(TASK.features)].to_dict("records")
    return [
        {name: int(value) if isinstance(value, float) else value for name, value in row.items()}
        for row in rows
    ]


def asked(
    predictor: satchel.Predictor, records: list[dict[str, object]]
) -> list[dict[str, object]]:
    """Return of records what a model asks for, in the range seen in training: nothing is noted."""
    frame = pd.DataFrame(records)[[f.name for f in predictor.spec.inputs.features]]
    return plausible(frame, predictor).to_dict("records")


def plausible(frame: pd.DataFrame, predictor: satchel.Predictor) -> pd.DataFrame:
    """Return rows with the numbers that a model reads brought into the range seen in training."""
    frame = frame.copy()
    for feature in predictor.spec.inputs.features:
        if isinstance(feature, Number) and feature.seen is not None:
            frame[feature.name] = frame[feature.name].clip(*map(int, feature.seen))
    return frame


def columns(count: int, seed: int = SEED + 1) -> dict[str, np.ndarray]:
    """Return the same rows as arrays: float64, and texts of fixed width."""
    rows = generate(count, seed)[list(TASK.features)]
    return {
        name: rows[name].to_numpy() if rows[name].dtype.kind == "f" else np.array(list(rows[name]))
        for name in rows.columns
    }


def _card() -> Card:
    return Card(
        title="A model to measure with",
        headline="Drawn by chance: it predicts nothing.",
        source=Source(
            name="Nobody", url="https://example.org", licence="CC0-1.0", rows=ROWS, synthetic=True
        ),
        split="none",
        naive="the mean",
        metrics=(),
        created="2026-01-01",
        versions={},
        intended_use="Measuring how fast satchel is.",
        unintended_use="Anything else.",
    )
