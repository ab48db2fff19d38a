import hashlib
import json
from typing import get_args

import numpy as np
import pytest

from satchel.bundle import Index
from satchel.bundle.onnx_file import read_metadata


def test_the_script_builds_the_committed_graph_and_spec(tiny_source, tiny_bytes):
    onnx = pytest.importorskip("onnx", reason="pip install '.[train]'")
    made, committed = tiny_source.model(), onnx.load_from_string(tiny_bytes)
    made_props = {entry.key: entry.value for entry in made.metadata_props}
    committed_props = {entry.key: entry.value for entry in committed.metadata_props}
    assert made.graph == committed.graph
    assert list(made.opset_import) == list(committed.opset_import)
    assert made.ir_version == committed.ir_version == 8
    assert made_props.keys() == committed_props.keys()
    # A last bit of exp or of a matrix product may differ between machines.
    made_spec, committed_spec = (json.loads(p["satchel"]) for p in (made_props, committed_props))
    for one, other in zip(made_spec.pop("checks"), committed_spec.pop("checks"), strict=True):
        assert one["record"] == other["record"]
        for name, values in one["outputs"].items():
            np.testing.assert_allclose(values, other["outputs"][name], rtol=1e-12)
    assert made_spec == committed_spec


def test_the_index_names_the_committed_bytes(models_dir, tiny_bytes):
    digest = hashlib.sha256(tiny_bytes).hexdigest()
    assert Index.read(models_dir) == Index(
        {"tiny.linear": digest}, {"tiny.linear": len(tiny_bytes)}, {"tiny": "linear"}
    )


def test_the_metadata_hold_the_spec_and_nothing_else(tiny_bytes):
    assert list(read_metadata(tiny_bytes)) == ["satchel"]


def test_tiny_uses_every_operation_and_kind(spec):
    from satchel import spec as module

    inputs = spec.inputs
    assert {type(feature) for feature in inputs.features} == set(get_args(module.Feature))
    assert {d.operation for d in inputs.derived} == set(get_args(module.Operation))
    assert [f.direction for f in inputs.features if f.actionable] == ["increase"]
    # It keeps to the first version of specs; the shipped defaults have what came later.
    later = {module.Missing, module.Distribution}
    assert {type(column) for column in inputs.columns} == set(get_args(module.Column)) - later
    assert {type(output) for output in spec.outputs} == set(get_args(module.Output)) - later
    assert spec.advice
    assert spec.reference.bins
    assert spec.reference.background
    assert spec.checks
