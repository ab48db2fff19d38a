"""Builds ``bundles/tiny.linear.onnx``, a small bundle that uses every part of the spec once.

Run as ``python tests/runtime/build_tiny.py``; needs onnx. Every number in it is invented.
"""

import hashlib
from pathlib import Path

import numpy as np

from satchel.bundle import INDEX, METADATA_KEY, Index
from satchel.encode.encoder import Encoder
from satchel.spec import (
    Advice,
    Breakpoints,
    Card,
    Category,
    CategoryBins,
    Check,
    Classes,
    Derived,
    Fairness,
    Group,
    Inputs,
    Intervals,
    Level,
    Metric,
    MinMax,
    Number,
    NumberBins,
    OneHot,
    Ordinal,
    Recommendation,
    Reference,
    Regression,
    Segment,
    Sigmoid,
    Source,
    Spec,
    Standard,
)

FOLDER = Path(__file__).parent / "bundles"
WIDTH = 12
RECORDS = (
    {"score": 12.0, "hours": 6.5, "größe": 1.7, "absences": 3.0, "course": "math"},
    {"score": 3.0, "hours": 1.0, "absences": 20.0, "course": "français", "effort": "low"},
    {"score": 17.0, "hours": 30.0, "größe": -0.4, "absences": 0.0, "course": "physics"}
    | {"effort": "high"},
    {"score": 9.0, "hours": None, "größe": None, "absences": None, "course": None},
)


def inputs():
    return Inputs(
        features=(
            Number(
                name="score",
                label="Score",
                help="Points in the last test",
                unit="points",
                integer=True,
                limits=(0.0, 20.0),
                seen=(2.0, 17.0),
            ),
            Number(
                name="hours",
                label="Hours of study",
                unit="h",
                limits=(0.0, None),
                clip=(0.5, 40.0),
                seen=(1.0, 30.0),
                imputed=5.0,
                actionable=True,
                direction="increase",
            ),
            Number(name="größe", label="Größe", imputed=1.5, required=False, sensitive=True),
            Number(
                name="absences",
                label="Absences",
                integer=True,
                limits=(None, 100.0),
                imputed=2.0,
                required=False,
            ),
            Category(
                name="course",
                label="Course",
                values=("math", "physics", "français"),
                imputed="math",
            ),
            Category(
                name="effort",
                label="Effort",
                values=("low", "medium", "high"),
                value_labels=("little", "some", "much"),
                ordered=True,
                imputed="medium",
                required=False,
            ),
        ),
        derived=(
            Derived(name="total", operation="sum", inputs=("score", "hours")),
            Derived(name="average", operation="mean", inputs=("score", "hours", "größe")),
            Derived(name="spread", operation="std", inputs=("score", "hours"), ddof=1),
            Derived(
                name="load",
                operation="weighted_sum",
                inputs=("total", "absences"),
                weights=(0.25, -0.5),
            ),
            Derived(name="pace", operation="ratio", inputs=("score", "absences"), offset=1.0),
        ),
        columns=(
            Standard(source="score", mean=10.0, scale=4.0),
            Standard(source="hours", mean=8.0, scale=6.0),
            MinMax(source="größe", minimum=-1.0, maximum=3.0),
            Standard(source="total", mean=18.0, scale=8.0),
            Standard(source="average", mean=6.5, scale=3.0),
            Standard(source="spread", mean=4.0, scale=3.0),
            Standard(source="load", mean=3.0, scale=4.0),
            Standard(source="pace", mean=4.0, scale=5.0),
            Ordinal(source="effort", mean=1.0, scale=0.75),
            OneHot(source="course", value="math"),
            OneHot(source="course", value="physics"),
            OneHot(source="course", value="français"),
        ),
        ignored=("teacher",),
    )


def outputs():
    return (
        Regression(
            name="grade",
            label="Final grade",
            unit="points",
            mean=10.0,
            scale=3.0,
            limits=(0.0, 20.0),
            decimals=1,
            pass_at=10.0,
            intervals=Intervals(
                levels=(
                    Level(level=0.8, low=-1.5, high=1.25),
                    Level(level=0.9, low=-2.5, high=2.0),
                ),
                scale=Breakpoints(x=(5.0, 10.0, 15.0), y=(2.0, 1.0, 0.5)),
            ),
        ),
        Classes(
            name="outcome",
            label="Outcome",
            labels=("fail", "pass"),
            positive="pass",
            threshold=0.4,
            calibration=Sigmoid(a=-4.0, b=2.0),
        ),
        Segment(name="group", label="Group", labels=("steady", "uneven")),
    )


def advice():
    table = [
        ("fail", "steady", "Repeat the basics."),
        ("fail", "uneven", "Plan the week."),
        ("pass", "steady", "Go on."),
        ("pass", "uneven", "Try a harder course."),
    ]
    return Advice(
        output="outcome",
        segment="group",
        table=tuple(Recommendation(label=a, segment=b, text=text) for a, b, text in table),
    )


def reference():
    return Reference(
        bins=(
            NumberBins(feature="score", edges=(5.0, 10.0), shares=(0.2, 0.5, 0.3)),
            CategoryBins(feature="course", shares=(0.5, 0.25, 0.25), missing=0.05),
        ),
        background=RECORDS[:2],
    )


def card():
    return Card(
        title="A tiny model for tests",
        headline="Invented numbers: it predicts nothing.",
        source=Source(
            name="Nobody", url="https://example.org", licence="CC0-1.0", rows=4, synthetic=True
        ),
        split="none",
        naive="the mean",
        metrics=(
            Metric(output="grade", name="RMSE", protocol="none", value=2.0, naive=3.0),
            Metric(output="outcome", name="AUC", protocol="none", value=0.75, published=0.9),
        ),
        created="2024-01-01",
        versions={"numpy": "any"},
        intended_use="Tests.",
        unintended_use="Anything else.",
        limitations=("It was never trained.",),
        fairness=Fairness(
            protocol="test split",
            groups=(
                Group(
                    output="grade",
                    feature="größe",
                    group="tall",
                    rows=2,
                    figures={"mean_error": (2.5, 2.0, 3.0)},
                ),
            ),
        ),
    )


def weights():
    """Return weights and bias of the three heads, as float32."""
    size = WIDTH * 4
    table = ((np.arange(size) * 7 % 11 - 5) / 4).astype(np.float32).reshape(WIDTH, 4)
    return {
        "grade": (table[:, :1].copy(), np.array([0.25], np.float32)),
        "outcome": (table[:, 1:2].copy(), np.array([0.125], np.float32)),
        "group": (table[:, 2:].copy(), np.array([0.0, 0.5], np.float32)),
    }


def raw_outputs(matrix):
    """Return what the graph is to give, computed in float64 with numpy."""
    scores = {
        name: matrix.astype(np.float64) @ weight.astype(np.float64) + bias
        for name, (weight, bias) in weights().items()
    }
    return {
        "grade": scores["grade"],
        "outcome": 1 / (1 + np.exp(-scores["outcome"])),
        "group": scores["group"].argmax(axis=1)[:, np.newaxis],
    }


def checks():
    raw = raw_outputs(Encoder(inputs()).encode_many(RECORDS).matrix)
    return tuple(
        Check(record=record, outputs={name: tuple(map(float, raw[name][i])) for name in raw})
        for i, record in enumerate(RECORDS)
    )


def spec():
    return Spec(
        task="tiny",
        model="linear",
        version="1.0.0",
        inputs=inputs(),
        outputs=outputs(),
        advice=advice(),
        reference=reference(),
        checks=checks(),
        card=card(),
    )


def model():
    """Return the bundle as an ``onnx.ModelProto``."""
    from onnx import TensorProto, helper, numpy_helper

    initializers, nodes = [], []
    for name, (weight, bias) in weights().items():
        initializers.append(numpy_helper.from_array(weight, f"{name}_weight"))
        initializers.append(numpy_helper.from_array(bias, f"{name}_bias"))
        nodes.append(helper.make_node("MatMul", ["X", f"{name}_weight"], [f"{name}_product"]))
        summed = name if name == "grade" else f"{name}_score"
        nodes.append(helper.make_node("Add", [f"{name}_product", f"{name}_bias"], [summed]))
    nodes.append(helper.make_node("Sigmoid", ["outcome_score"], ["outcome"]))
    nodes.append(helper.make_node("ArgMax", ["group_score"], ["group"], axis=1, keepdims=0))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, ["batch", WIDTH])],
        [
            helper.make_tensor_value_info("grade", TensorProto.FLOAT, ["batch", 1]),
            helper.make_tensor_value_info("outcome", TensorProto.FLOAT, ["batch", 1]),
            helper.make_tensor_value_info("group", TensorProto.INT64, ["batch"]),
        ],
        initializers,
    )
    made = helper.make_model(
        graph,
        ir_version=8,
        opset_imports=[helper.make_opsetid("", 17)],
        producer_name="build_tiny.py",
    )
    helper.set_model_props(made, {METADATA_KEY: spec().to_json()})
    return made


def main():
    content = model().SerializeToString(deterministic=True)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "tiny.linear.onnx").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    index = Index({"tiny.linear": digest}, {"tiny.linear": len(content)}, {"tiny": "linear"})
    (FOLDER / INDEX).write_text(index.to_json(), "utf-8")


if __name__ == "__main__":
    main()
