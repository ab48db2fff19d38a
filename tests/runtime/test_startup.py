"""What a new process loads."""

import json
import os
import subprocess
import sys

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
    *("argparse", "dataclasses", "decimal", "difflib", "pathlib", "random", "tempfile"),
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
