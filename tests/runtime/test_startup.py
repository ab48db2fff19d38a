"""What a new process loads, and that the collector of garbage goes on as before."""

import gc
import hashlib
import json
import os
import subprocess
import sys
import weakref

import pytest

import satchel
from satchel import bundle as bundles
from satchel.collector import paused

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
FOR_MANY = {"satchel.decoder", "satchel.doubt", "satchel.drift", "satchel.explain"}


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


# ---- the collector ---------------------------------------------------------------------------


class Knot:
    def __init__(self):
        self.self = self


@pytest.fixture(autouse=True)
def _collecting():
    gc.enable()
    yield
    gc.unfreeze()
    gc.enable()


def test_the_collector_rests_within_the_block_alone():
    with paused():
        assert not gc.isenabled()
        with paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_collector_goes_on_after_an_error():
    with pytest.raises(ZeroDivisionError), paused():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_a_collector_that_others_stopped_is_not_started():
    gc.disable()
    with paused():
        pass
    assert not gc.isenabled()


def test_garbage_of_the_pause_is_collected_later():
    with paused():
        knot = weakref.ref(Knot())
    gc.collect()
    assert knot() is None
    assert gc.get_freeze_count() == 0


def test_what_others_froze_stays_frozen():
    gc.freeze()
    frozen = gc.get_freeze_count()
    with paused():
        pass
    assert gc.get_freeze_count() > frozen / 2


def test_to_load_leaves_the_collector_as_it_was(tiny_path, tmp_path):
    assert satchel.load(tiny_path).name == "tiny.linear"
    assert gc.isenabled()
    with pytest.raises(satchel.BundleError):
        satchel.load(tmp_path / "absent.onnx")
    assert gc.isenabled()
    gc.disable()
    satchel.load(tiny_path)
    assert not gc.isenabled()
