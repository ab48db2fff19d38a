"""What a new process loads."""

import hashlib
import json
import os
import subprocess
import sys

import pytest

from satchel.bundle import bundle as bundles

NEW = """
import sys
import numpy, onnxruntime
before = set(sys.modules)
import json
import satchel
path, record = sys.argv[1:]
prediction = satchel.load(path).predict(json.loads(record))
print(*set(sys.modules) - before)
"""
SLOW = {
    *("argparse", "dataclasses", "decimal", "difflib", "hashlib", "pathlib", "random", "tempfile"),
    *("urllib.parse", "numpy.typing"),
}
FOR_MANY = {"satchel.decode.decoder", "satchel.insight.drift", "satchel.insight.explain"}


def test_a_first_prediction_loads_nothing_slow_that_it_does_not_need(tiny_path, record):
    done = subprocess.run(
        [sys.executable, "-c", NEW, str(tiny_path), json.dumps(record)],
        env=os.environ | {"ORT_DISABLE_TELEMETRY": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    new = set(done.stdout.split())
    assert {"satchel.bundle", "satchel.predictor"} <= new
    assert new & (SLOW | FOR_MANY) == set()


@pytest.mark.parametrize("size", [0, 1, 1000, bundles._LARGE - 1, bundles._LARGE])
@pytest.mark.parametrize("loaded", [True, False])
def test_the_digest_is_the_same_by_either_way(size, loaded, monkeypatch):
    content = bytes(range(256)) * (size // 256) + bytes(size % 256)
    expected = hashlib.sha256(content).hexdigest()
    if not loaded:
        monkeypatch.delitem(sys.modules, "hashlib")
    assert bundles._sha256(content) == expected


@pytest.mark.parametrize("module", ["_sha2", "_sha256"])
def test_a_python_without_its_own_digest_takes_that_of_hashlib(module, monkeypatch):
    monkeypatch.delitem(sys.modules, "hashlib")
    monkeypatch.setitem(sys.modules, module, None)
    assert bundles._sha256(b"abc").startswith("ba7816bf")
