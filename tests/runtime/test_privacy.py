"""Importing satchel and predicting with it sends nothing and writes nothing.

ONNX Runtime 1.29 and later reports to its maker, unless a CI variable or the switch that
`satchel.bundle.graph` sets tells it not to. So each promise is tried in a process of its own, whose
environment is made from nothing. The long test watches two such processes with strace for a
minute, one with satchel and one without it: the second shows that the first would have been
seen. strace refuses both of them every network call, so this sends nothing either.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest

import satchel
from satchel import bundle as bundles
from satchel.spec import Category, Feature

SWITCH = "ORT_DISABLE_TELEMETRY"
SECONDS = 60
TINY = Path(__file__).parent / "bundles" / "tiny.linear.onnx"

SATCHEL = """
import json, sys, time
import satchel
path, record, seconds = sys.argv[1:]
satchel.load(path).predict(json.loads(record))
print("predicted", flush=True)
time.sleep(float(seconds))
"""
CONTROL = """
import sys, time
import numpy, onnxruntime
path, _, seconds = sys.argv[1:]
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
(x,) = session.get_inputs()
session.run(None, {x.name: numpy.zeros((1, x.shape[1]), numpy.float32)})
print("predicted", flush=True)
time.sleep(float(seconds))
"""


# ---- a bundle, a record, a process -----------------------------------------------------------


@pytest.fixture(scope="module")
def question() -> tuple[str, str]:
    """A bundle's path and, as JSON, an invented record for it."""
    shipped = satchel.models()
    bundle = shipped[0] if shipped else bundles.read(TINY)
    record = {feature.name: _invented(feature) for feature in bundle.spec.inputs.features}
    return str(bundle.path.resolve()), json.dumps(record)


def _invented(feature: Feature) -> str | float:
    if isinstance(feature, Category):
        return feature.values[0]
    known = [bound for bound in feature.seen or feature.limits if bound is not None] or [0.0]
    value = sum(known) / len(known) if feature.imputed is None else feature.imputed
    return round(value) if feature.integer else value


def _child(program: str, *arguments: str) -> list[str]:
    return [sys.executable, "-I", "-B", "-W", "always", "-c", program, *arguments]


def _environment(home: Path | None, **more: str) -> dict[str, str]:
    return {"PATH": os.defpath} | ({} if home is None else {"HOME": str(home)}) | more


def _run(
    environment: dict[str, str], cwd: Path, program: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        _child(program, *arguments),
        env=environment,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done


# ---- a minute under strace -------------------------------------------------------------------

# Calls that take a path, or may, and change nothing. Whatever is traced and not named here
# counts as a write.
READING = {
    *("access", "chdir", "execve", "faccessat", "faccessat2", "fstat", "fstatat64", "getcwd"),
    *("getxattr", "lgetxattr", "listxattr", "lstat", "newfstatat", "readlink", "readlinkat"),
    *("stat", "statfs", "statx"),
}
OPENING = {"open", "openat", "openat2"}
WRITE_FLAGS = re.compile(r"\bO_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)\b")
NO_FILE = re.compile(r'"/dev/(null|tty)"')
NETWORK = re.compile(r"(socket|connect|bind|listen|accept|send|recv|shutdown|[gs]etsock|getpeer)")
CALL = re.compile(r"\d+\s+(?P<name>\w+)\((?P<rest>.*)")


@dataclass(frozen=True)
class Trace:
    """What a process did: its network calls, its writes, and the files in its home after it."""

    network: list[str]
    writes: list[str]
    files: list[str]


@pytest.fixture(scope="module")
def traces(question: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trace]:
    """The traces of the process with satchel and of the control, run side by side."""
    strace = _strace()
    running = {}
    for name, program in {"satchel": SATCHEL, "control": CONTROL}.items():
        folder = tmp_path_factory.mktemp(name)
        home = folder / "home"
        home.mkdir()
        process = subprocess.Popen(
            [*strace, "-o", str(folder / "trace"), *_child(program, *question, str(SECONDS))],
            env=_environment(home),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running[name] = folder, process
    found = {}
    try:
        for name, (folder, process) in running.items():
            out, error = process.communicate(timeout=SECONDS + 120)
            assert (process.returncode, out) == (0, "predicted\n"), f"{name}: {error}"
            found[name] = _read_trace(folder / "trace", folder / "home")
    finally:
        for _, process in running.values():
            process.kill()
            process.communicate()
    return found


def _strace() -> list[str]:
    path = shutil.which("strace")
    if path is None:
        pytest.skip("apt install strace")
    command = [path, "-f", "-qq", "-e", "trace=%file,%network,?io_uring_setup"]
    # Without a network the control still tries to reach it, which is what counts.
    command += ["-e", "inject=%network:error=EACCES"]
    tried = subprocess.run([*command, "-o", os.devnull, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"let strace watch processes; it says: {tried.stderr.strip()}")
    return command


def _read_trace(path: Path, home: Path) -> Trace:
    network, writes = [], []
    lines = path.read_text("utf-8", errors="replace").splitlines()
    calls = [call for line in lines if (call := CALL.match(line))]
    assert {"execve", "openat"} <= {call["name"] for call in calls}, "strace saw nothing"
    for call in calls:
        name, rest = call["name"], call["rest"]
        if NETWORK.match(name):
            network.append(call[0])
        elif name in OPENING:
            if WRITE_FLAGS.search(rest) and not NO_FILE.search(rest):
                writes.append(call[0])
        elif name not in READING:
            writes.append(call[0])
    return Trace(network, writes, [str(file.relative_to(home)) for file in home.rglob("*")])


@pytest.mark.slow
def test_for_a_minute_after_a_prediction_nothing_is_sent_or_written(
    traces: dict[str, Trace],
) -> None:
    assert traces["satchel"] == Trace(network=[], writes=[], files=[])


@pytest.mark.slow
def test_for_a_minute_onnxruntime_alone_does_report(traces: dict[str, Trace]) -> None:
    version = metadata.version("onnxruntime")
    if tuple(map(int, version.split(".")[:2])) < (1, 29):
        pytest.skip(f"pip install 'onnxruntime>=1.29': {version} does not report yet")
    control = traces["control"]
    assert any("AF_INET" in call for call in control.network), control.network
    assert any("O_CREAT" in call for call in control.writes), control.writes
    assert control.files


# ---- at import -------------------------------------------------------------------------------

AT_IMPORT_OF_ONNXRUNTIME = f"""
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            print(os.environ.get("{SWITCH}"))
sys.meta_path.insert(0, Watch())
import satchel
satchel.load
"""


@pytest.mark.parametrize("before", [{}, {SWITCH: ""}, {SWITCH: "0"}])
def test_switch_is_set_before_onnxruntime_is_imported(
    before: dict[str, str], tmp_path: Path
) -> None:
    done = _run(_environment(tmp_path, **before), tmp_path, AT_IMPORT_OF_ONNXRUNTIME)
    assert done.stdout == "1\n"
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


# An empty module stands for onnxruntime: the real one would begin to report.
ONNXRUNTIME_FIRST = """
import sys, types
sys.modules["onnxruntime"] = types.ModuleType("onnxruntime")
import satchel
"""


def test_warns_where_onnxruntime_was_imported_earlier(tmp_path: Path) -> None:
    done = _run(_environment(tmp_path), tmp_path, ONNXRUNTIME_FIRST)
    assert "RuntimeWarning: onnxruntime was imported before satchel" in done.stderr
    assert f"{SWITCH}=1" in done.stderr


def test_does_not_warn_where_the_switch_was_set_earlier(tmp_path: Path) -> None:
    done = _run(_environment(tmp_path, **{SWITCH: "1"}), tmp_path, ONNXRUNTIME_FIRST)
    assert done.stderr == ""


IMPORTED = SATCHEL + "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
HEAVY = {
    *("flask", "joblib", "keras", "matplotlib", "onnx", "optuna", "pandas", "scipy", "sklearn"),
    *("tensorflow", "torch", "satchel_training", "satchel_export", "satchel_web"),
}


def test_nothing_heavy_is_imported(question: tuple[str, str], tmp_path: Path) -> None:
    done = _run(_environment(tmp_path), tmp_path, IMPORTED, *question, "0")
    imported = set(done.stdout.split())
    assert {"satchel", "onnxruntime", "numpy"} <= imported
    assert imported & HEAVY == set()


# ---- where nothing can be written ------------------------------------------------------------


def test_works_without_a_home_in_a_folder_that_cannot_be_written_to(
    question: tuple[str, str],
) -> None:
    # Not even root can make a file in /proc, which no mode bits would keep it from.
    folder = Path("/proc")
    if not folder.is_dir():
        pytest.skip("there is no /proc to stand for a read-only folder")
    with pytest.raises(OSError, match="satchel-was-here"):
        (folder / "satchel-was-here").touch()
    done = _run(_environment(None), folder, SATCHEL, *question, "0")
    assert (done.stdout, done.stderr) == ("predicted\n", "")
