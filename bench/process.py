"""A new process: time and memory of import, load and one prediction; and of one more bundle."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import build
from timing import Row

import satchel

ROUNDS = 25
SMALL = 250_000  # bytes
ALONE = "import os\nos.environ['ORT_DISABLE_TELEMETRY'] = '1'\nimport numpy, onnxruntime\n"
SATCHEL = """
import sys
import satchel
satchel.load(sys.argv[1]).predict({record})
"""
CLOCK = "import time\nstart = time.perf_counter()\n{program}\nprint(time.perf_counter() - start)\n"
# Not by getrusage, whose figure begins with that of the process that started this one.
PEAK = """
with open("/proc/self/status") as file:
    print(next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM")))
"""
# One bundle makes what all share, a second fills the caches; then every other is one more.
MORE = """
import json, sys, time
import satchel
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6
first, *paths = sys.argv[1:]
kept = [satchel.load(first), satchel.load(first)]
found = []
for path in paths:
    before, start = resident(), time.perf_counter()
    kept.append(satchel.load(path))
    found.append((time.perf_counter() - start, resident() - before))
print(json.dumps(found))
"""


def run(program: str, *arguments: str) -> str:
    """Run a program in a new process, and return what it prints."""
    path = os.pathsep.join(part for part in sys.path if part)
    environment = {"PATH": os.defpath, "PYTHONPATH": path}
    # A wheel's modules are compiled once, at installation: so the first run is not counted.
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def measure(paths: dict[str, Path]) -> list[Row]:
    """Measure a new process with the network, and one more bundle of those that ship."""
    path = str(paths["network"])
    program = SATCHEL.format(record=repr(build.records(1)[0]))
    alone, ours = CLOCK.format(program=ALONE), CLOCK.format(program=program)
    run(ours, path)
    times = [(float(run(alone)), float(run(ours, path))) for _ in range(ROUNDS)]
    median = statistics.median(own / other for other, own in times)
    least = [min(column) for column in zip(*times, strict=True)]
    peaks = [float(run(program + PEAK, path)) for _ in range(3)]
    rows = [
        Row(
            "a new process: import, load, one prediction, beside `import numpy, onnxruntime`",
            median,
            1.10,
            detail=f"median of {ROUNDS} pairs; {least[0] * 1e3:.0f} ms alone",
        ),
        Row("its peak memory", min(peaks), 60, unit="MB"),
    ]
    shipped = [str(bundle.path) for bundle in satchel.models() if len(bundle.model) < SMALL]
    if shipped:
        tried = [json.loads(run(MORE, path, *shipped)) for _ in range(3)]
        each = list(zip(*tried, strict=True))
        slowest = max(min(t for t, _ in one) for one in each)
        largest = max(min(m for _, m in one) for one in each)
        rows.append(Row("one more bundle of less than 250 kB: time", slowest * 1e3, 10, unit="ms"))
        rows.append(Row("one more bundle of less than 250 kB: memory", largest, 3, unit="MB"))
    return rows
