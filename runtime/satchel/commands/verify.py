"""Check that models give here what they gave where they were trained.

Each bundle's digest is compared with the index, its contract is read, and the records in it
are predicted and held against the training framework's own outputs.
Without MODEL, every model that is here is checked.

With --json each line is a JSON object: first one with the files to check, then two for each
file, before and after it is checked, so that the last line names the file that a process died
of; the last one says whether anything phones home.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from satchel import __version__, telemetry
from satchel import bundle as bundles
from satchel.commands import add_models_argument
from satchel.errors import SatchelError
from satchel.predictor import TOLERANCE, Predictor

HERE = "SATCHEL_VERIFY_HERE"  # set for the process that tries a bundle from elsewhere
MOST_SECONDS, MOST_MEMORY = 60, 8 << 30  # the latter of addresses, most of which are never used
TIMED = 101  # predictions, of which the median is told


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel verify``."""
    parser.add_argument("model", metavar="MODEL", nargs="*", help="name or file of a model")
    add_models_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, one object per line")


def run(arguments: argparse.Namespace) -> int:
    """Print one line per model; 1 where the checks of one fail, 2 where one cannot be read."""
    if HERE in os.environ:
        _limit_memory()
    if arguments.model:
        paths = [bundles.find(name, arguments.models) for name in arguments.model]
    else:
        paths = bundles.paths(arguments.models)
    lines = _as_json(paths) if arguments.json else map(_result, paths)
    failed = 0
    for line in lines:
        if not line.get("passed", True):
            failed = max(failed, 2 if "error" in line else 1)
        print(json.dumps(line) if arguments.json else _spelled(line), flush=True)
    return failed


def _as_json(paths: Sequence[str]) -> Iterator[dict[str, Any]]:
    yield {"satchel": __version__, "files": list(paths)}
    for path in paths:
        yield {"file": path}
        yield _result(path, timed=True)
    yield {"telemetry": os.environ.get(telemetry.SWITCH), "sockets": _sockets()}


def _result(path: str, timed: bool = False) -> dict[str, Any]:
    """Return what the checks of one bundle show, and the median time of one prediction."""
    result: dict[str, Any] = {"file": path, "name": bundles.stem(path)}
    try:
        bundle = bundles.read(path)
        if not bundle.verified and HERE not in os.environ:
            return result | _tried_apart(path, bundle.name)
        predictor = Predictor(bundle)
        verification = predictor.verify()
        seconds = _seconds(predictor) if timed else None
    except SatchelError as error:
        return result | {"passed": False, "error": str(error)}
    deviation = verification.deviation
    return result | {
        "name": predictor.name,
        "version": predictor.spec.version,
        "passed": verification.passed,
        "checks": verification.checks,
        "deviation": deviation if math.isfinite(deviation) else None,
        "verified": predictor.bundle.verified,
        "seconds": seconds,
    }


def _tried_apart(path: str, name: str) -> dict[str, Any]:
    """Return what the checks of a bundle from elsewhere show, in a process of its own.

    Nothing that its graph does can then end this one.
    """
    import subprocess

    command = [sys.executable, "-m", "satchel", "verify", "--json", path]
    failed: dict[str, Any] = {"name": name, "passed": False}
    try:
        done = subprocess.run(
            command, env={**os.environ, HERE: "1"}, capture_output=True, timeout=MOST_SECONDS
        )
    except subprocess.TimeoutExpired:
        return failed | {"error": f"{path}: its checks took more than {MOST_SECONDS} s"}
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        with contextlib.suppress(ValueError):
            found = json.loads(line)
            if "passed" in found:
                return dict(found)
    return failed | {"error": f"{path}: it ended the process that tried it ({done.returncode})"}


def _limit_memory() -> None:
    """Bound what this process may take, where the system can do that."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def _seconds(predictor: Predictor) -> float | None:
    seconds = []
    # The very first prediction makes buffers that the others use again.
    for check in predictor.spec.checks[:1] * TIMED:
        start = time.perf_counter()
        predictor.predict(check.record)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) if seconds else None


def _sockets() -> int:
    """Return how many sockets this process has opened; 0 where the system does not tell."""
    found = 0
    with contextlib.suppress(OSError):  # a system without /proc
        for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 - Path has no list of names
            with contextlib.suppress(OSError):  # the list itself was one of them
                name = os.readlink(f"/proc/self/fd/{number}")  # noqa: PTH115
                # Standard input and output may be sockets of whoever started this.
                found += int(number) > 2 and name.startswith("socket:")
    return found


def _spelled(result: dict[str, Any]) -> str:
    if "error" in result:
        return f"FAILED  {result['name']}: {result['error']}"
    state = "ok" if result["passed"] else "FAILED"
    deviation = "not finite" if result["deviation"] is None else f"{result['deviation']:.1e}"
    listed = "" if result["verified"] else ", unverified: not in the index"
    return (
        f"{state:6}  {result['name']} {result['version']}: {result['checks']} checks, "
        f"largest deviation {deviation} (allowed {TOLERANCE:.0e}){listed}"
    )
