"""Graphs of shipped models with parts changed: refused, or run to their end in a process apart."""

import random
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel import BundleError, models
from satchel.bundle.onnx_file import read_model
from satchel.bundle.operators import check_graph

onnx = pytest.importorskip("onnx", reason="pip install '.[train]'")

LARGEST = 200_000
RUNNER = """
import sys
import numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads, options.log_severity_level = 1, 4
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
except ImportError:
    pass
print("ready", flush=True)
for path in sys.stdin:
    try:
        session = onnxruntime.InferenceSession(path.strip(), options)
        columns = session.get_inputs()[0].shape[1]
        for cell in (0, -1, 1e30, float("nan")):
            session.run(None, {"X": numpy.full((3, columns), cell, numpy.float32)})
    except Exception:
        pass
    print("done", flush=True)
"""
OPERATORS = sorted({schema.name for schema in onnx.defs.get_all_schemas()})
WHOLE = (0, -1, 1, 2, 3, 10**6, 2**31 - 1, -(2**31), 2**63 - 1)


@pytest.fixture(scope="module")
def graphs(apart):
    with closing(apart(RUNNER)) as runner:
        yield runner


@pytest.fixture(scope="module")
def shipped():
    small = [bundle.model for bundle in models() if len(bundle.model) < LARGEST]
    assert small
    return small


def changed(model, rng):
    """One part of a graph, another way."""
    graph = model.graph
    node = rng.choice(graph.node)
    attribute = rng.choice(node.attribute) if node.attribute else None
    kind = rng.randrange(6)
    if kind == 0:
        node.op_type = rng.choice(OPERATORS)
    elif kind == 1 and attribute is not None and (attribute.ints or attribute.floats):
        values = attribute.ints or attribute.floats
        odd = WHOLE if attribute.ints else (0.0, 1e38, -1.0, np.nan, np.inf)
        values[rng.randrange(len(values))] = rng.choice(odd)
    elif kind == 2 and attribute is not None and (attribute.ints or attribute.floats):
        values = attribute.ints or attribute.floats
        del values[rng.randrange(len(values)) :]
    elif kind == 3 and attribute is not None:
        attribute.i = rng.choice(WHOLE)
    elif kind == 4 and graph.initializer:
        tensor = rng.choice(graph.initializer)
        if tensor.data_type == onnx.TensorProto.INT64 and tensor.raw_data:
            numbers = np.frombuffer(tensor.raw_data, np.int64).copy()
            numbers[rng.randrange(len(numbers))] = rng.choice(WHOLE)
            tensor.raw_data = numbers.tobytes()
        elif tensor.dims:
            tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice((0, 1, 2, 7))
    else:
        names = [name for one in graph.node for name in (*one.input, *one.output)]
        node.input[rng.randrange(len(node.input))] = rng.choice(names)


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), changes=st.integers(1, 3))
def test_a_changed_graph_is_refused_or_runs_to_its_end(
    graphs, shipped, tmp_path_factory, seed, changes
):
    rng = random.Random(seed)
    model = onnx.load_from_string(rng.choice(shipped))
    for _ in range(changes):
        changed(model, rng)
    content = model.SerializeToString()
    try:
        check_graph(read_model(content))
    except BundleError:
        return
    path = tmp_path_factory.getbasetemp() / "changed.onnx"
    path.write_bytes(content)
    assert graphs.says(path) == "done"


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_changed_bytes_are_refused_or_run_to_their_end(graphs, shipped, tmp_path_factory, seed):
    rng = random.Random(seed)
    content = bytearray(rng.choice(shipped))
    for _ in range(rng.randint(1, 4)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    try:
        check_graph(read_model(bytes(content)))
    except BundleError:
        return
    path = tmp_path_factory.getbasetemp() / "changed.onnx"
    path.write_bytes(content)
    assert graphs.says(path) == "done"
