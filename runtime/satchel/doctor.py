"""Says whether this machine can run satchel, and what to do where it cannot.

One file of the standard library, so that it also runs alone, before anything is installed and
on a Python that is too old for the rest (3.6 and later)::

    python3 doctor.py

What might kill a process (numpy and ONNX Runtime on a processor that they were not built for)
is tried in a child process: its death is an explanation, not a crash.
"""

import argparse
import json
import os
import platform
import re
import shlex
import signal
import struct
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

PYTHON = (3, 11)
GLIBC = (2, 28)
NUMPY = (1, 26)
ONNXRUNTIME = (1, 19)
BROKEN_ONNXRUNTIME = {
    (1, 21, 0): "dies on a Raspberry Pi 4",
    # https://github.com/microsoft/onnxruntime/issues/28557
    (1, 26, 0): "gets the first of two classes of a forest wrong",
    (1, 27, 0): "gets the first of two classes of a forest wrong",
}
# numpy is built for x86-64-v2 from here on; these are its flags, pni being SSE3.
NUMPY_OF_X86_64_V2 = (2, 4)
X86_64_V2 = ("cx16", "lahf_lm", "pni", "popcnt", "sse4_1", "sse4_2", "ssse3")
MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
# One process with the largest model that ships keeps about 100 MB.
MEGABYTE = 2**20
ENOUGH_MEMORY, LEAST_MEMORY = 256 * MEGABYTE, 128 * MEGABYTE
CHILD_SECONDS = 120
TELEMETRY_SWITCH = "ORT_DISABLE_TELEMETRY"

OK, WARNING, WRONG = "ok", "warning", "wrong"


def pip_install() -> str:
    """Return how a command begins that installs something for this Python."""
    # Debian's own pip refuses to install outside a virtual environment (PEP 668).
    managed = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").is_file()
    if managed and sys.prefix == sys.base_prefix:
        return "python3 -m venv .venv && .venv/bin/pip install"
    return "%s -m pip install" % shlex.quote(sys.executable)


PIP_INSTALL = pip_install()
OLDER_NUMPY = PIP_INSTALL + " 'numpy<2.4'"
INSTALL_SATCHEL = PIP_INSTALL + " ./satchel-*.whl (in a checkout: .)"


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes
    ----------
    state : str
        ``ok``, ``warning`` or ``wrong``.
    remedy : str
        What to do; empty where nothing is to be done.
    figures : dict or None
        The numbers in the text, for a program.
    """

    state: str
    topic: str
    text: str
    remedy: str = ""
    figures: Optional[Dict[str, Any]] = None


class Child(NamedTuple):
    """How a child process ended: its exit code, below 0 the signal, None where it hung."""

    code: Optional[int]
    out: str
    error: str


Run = Callable[[Sequence[str]], Child]


def run_child(arguments: Sequence[str]) -> Child:
    """Run this Python on `arguments`, and wait for two minutes at most."""
    environment = dict(os.environ)
    environment[TELEMETRY_SWITCH] = "1"
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    # Where this file lies in the package, that package is the one to try.
    paths = [_package(), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    try:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
    except OSError as failed:
        return Child(1, "", "another Python cannot be started: %s" % failed)
    code = None  # type: Optional[int]
    try:
        out, error = process.communicate(timeout=CHILD_SECONDS)
        code = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        out, error = process.communicate()
    return Child(code, out.decode("utf-8", "replace"), error.decode("utf-8", "replace"))


# ---- the machine -----------------------------------------------------------------------------


def check_system(system: str, machine: str, bits: int) -> Finding:
    """Judge operating system, processor family and the bits of what runs on it.

    Parameters
    ----------
    system, machine : str
        As the module `platform` names them: that is the kernel.
    bits : int
        Size of a pointer of this Python, which is what counts: a 64-bit kernel runs 32-bit
        programs too, and on a Raspberry Pi often does.
    """
    text = "%s, %s, %d-bit Python" % (system, machine, bits)
    family = MACHINES.get(machine.lower())
    if bits != 64:
        remedy = "install a 64-bit Python"
        if family is not None:
            text += " on a 64-bit kernel"
            remedy = "install the 64-bit edition of the system (on a Raspberry Pi: 64-bit OS)"
        return Finding(WRONG, "system", text + ": ONNX Runtime exists for 64 bits alone", remedy)
    if family is None:
        wanted = "use a 64-bit PC (x86_64) or 64-bit Arm (aarch64)"
        return Finding(WRONG, "system", text + ": ONNX Runtime is not made for it", wanted)
    if system != "Linux":
        return Finding(WARNING, "system", text, "it should work here, but only Linux is tested")
    return Finding(OK, "system", text)


def check_c_library(version: Optional[str], musl: bool) -> Finding:
    """Judge the C library: glibc as ``os.confstr`` names it, or musl."""
    found = re.search(r"glibc (\d+)\.(\d+)", version or "")
    if found is not None:
        text = "glibc %s.%s" % found.groups()
        if (int(found.group(1)), int(found.group(2))) >= GLIBC:
            return Finding(OK, "C library", text)
        text += ": the packages need %d.%d" % GLIBC
        return Finding(WRONG, "C library", text, "use a system of 2019 or later, as Debian 12")
    if musl:
        text = "musl (as in Alpine Linux): there is no package of ONNX Runtime for it"
        return Finding(WRONG, "C library", text, "use an image with glibc, as python:3.13-slim")
    return Finding(WARNING, "C library", "unknown: %s" % (version or "it does not say"))


def check_processor(cpuinfo: str, machine: str) -> Finding:
    """Judge the processor by ``/proc/cpuinfo``: numpy and ONNX Runtime use what is asked here."""
    family = MACHINES.get(machine.lower())
    lines = {
        key.strip(): value.strip()
        for key, _, value in (line.partition(":") for line in cpuinfo.splitlines())
    }
    flags = set((lines.get("flags") or lines.get("Features") or "").split())
    name = lines.get("model name") or lines.get("Model") or machine
    if not flags or family is None:
        return Finding(WARNING, "processor", "%s: it does not list its features" % name)
    if family == "aarch64":
        if "asimd" in flags:
            return Finding(OK, "processor", "%s, with asimd" % name)
        return Finding(WRONG, "processor", "%s, without asimd" % name, "use a 64-bit Arm with it")
    missing = [flag for flag in X86_64_V2 if flag not in flags]
    if not missing:
        return Finding(OK, "processor", "%s, x86-64-v2" % name)
    text = "%s is older than x86-64-v2 (no %s), which numpy 2.4 needs" % (name, ", ".join(missing))
    return Finding(WARNING, "processor", text, OLDER_NUMPY)


def check_python(version: Sequence[int]) -> Finding:
    """Judge the version of Python."""
    text = "Python %s" % ".".join(map(str, version[:3]))
    if tuple(version[:2]) >= PYTHON:
        return Finding(OK, "Python", text)
    text += ": satchel needs %d.%d or later" % PYTHON
    remedy = "install it, or a system that brings it, as Debian 12 or Ubuntu 24.04"
    return Finding(WRONG, "Python", text, remedy)


def check_memory(root: str = "/") -> Finding:
    """Judge the memory that is free, and the limit of the container or service, if there is one.

    Parameters
    ----------
    root : path
        Where ``proc`` and ``sys`` lie.
    """
    found = re.search(r"^MemAvailable:\s*(\d+) kB", _read(root, "proc/meminfo"), re.MULTILINE)
    sizes = [] if found is None else [(int(found.group(1)) * 1024, "free")]
    limit = cgroup_limit(root)
    if limit is not None:
        sizes.append((limit, "the limit of this container or service"))
    if not sizes:
        return Finding(WARNING, "memory", "unknown: this system has no /proc/meminfo")
    text = ", ".join("%d MB %s" % (size // MEGABYTE, what) for size, what in sizes)
    least = min(size for size, _ in sizes)
    remedy = "close other programs, or give it %d MB" % (ENOUGH_MEMORY // MEGABYTE)
    if least < LEAST_MEMORY:
        return Finding(WRONG, "memory", text + ": too little", remedy)
    if least < ENOUGH_MEMORY:
        return Finding(WARNING, "memory", text + ": little", remedy)
    return Finding(OK, "memory", text)


def cgroup_limit(root: str = "/") -> Optional[int]:
    """Return the least memory limit of this process's control groups in bytes, None without."""
    limits = []
    for line in _read(root, "proc/self/cgroup").splitlines():
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if number == "0" and not controllers:
            base, file = "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            base, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        # A container may see its own group as the root while the path is the outer one.
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for depth in range(len(parts) + 1):
            text = _read(root, "/".join([base, *parts[:depth], file])).strip()
            # The first version writes "no limit" as a number near 2**63.
            if text.isdigit() and int(text) < 2**60:
                limits.append(int(text))
    return min(limits) if limits else None


def _read(root: str, path: str) -> str:
    try:
        return Path(root, path).read_text("utf-8", "replace")
    except OSError:
        return ""


# ---- the libraries ---------------------------------------------------------------------------

# -c puts the working folder first, where a file might be called numpy.py.
CLEAN_PATH = "import sys; sys.path[:] = [part for part in sys.path if part]\n"
IMPORT = CLEAN_PATH + "import {0}; print('version', {0}.__version__)"


def check_library(
    name: str, least: Tuple[int, int], run: Run, old_processor: bool = False
) -> Finding:
    """Import a library in a child process and judge its version, or how the child ended."""
    child = run(["-c", IMPORT.format(name)])
    found = re.search(r"^version (\S+)$", child.out, re.MULTILINE)
    if child.code != 0 or found is None:
        return _explain(name, child)
    version = found.group(1)
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    text = version
    if numbers[:2] < least:
        text += ": satchel needs %d.%d or later" % least
        return Finding(WRONG, name, text, "%s --upgrade %s" % (PIP_INSTALL, name))
    if name == "onnxruntime" and numbers in BROKEN_ONNXRUNTIME:
        text += " " + BROKEN_ONNXRUNTIME[numbers]
        others = ",".join("!=%d.%d.%d" % broken for broken in sorted(BROKEN_ONNXRUNTIME))
        return Finding(WRONG, name, text, "%s 'onnxruntime%s'" % (PIP_INSTALL, others))
    if name == "numpy" and old_processor and numbers[:2] >= NUMPY_OF_X86_64_V2:
        text += " is built for a later processor and may stop at any time"
        return Finding(WRONG, name, text, OLDER_NUMPY)
    return Finding(OK, name, text)


def _explain(name: str, child: Child) -> Finding:
    """Say why a library could not be imported."""
    older = OLDER_NUMPY
    if name != "numpy":
        older = "try another version, as: %s 'onnxruntime==1.20.*'" % PIP_INSTALL
    if child.code is None:
        text = "importing %s did not end within %d seconds" % (name, CHILD_SECONDS)
        return Finding(WRONG, name, text, "try again when the machine is less busy")
    if child.code < 0:
        text = "importing %s ended with %s" % (name, signal_name(-child.code))
        if -child.code == signal.SIGILL:
            text += ": it was built for a later processor"
        elif -child.code == getattr(signal, "SIGKILL", None):
            text += ": most likely memory ran out"
            return Finding(WRONG, name, text, "close other programs, or give it more memory")
        return Finding(WRONG, name, text, older)
    said = ([line.strip() for line in child.error.splitlines() if line.strip()] or ["?"])[-1]
    if re.match(r"ModuleNotFoundError: No module named '%s'" % name, said):
        text = "%s is not installed; satchel brings it" % name
        return Finding(WRONG, name, text, INSTALL_SATCHEL)
    if "baseline optimizations" in child.error:
        text = "this %s was built for a later processor: %.200s" % (name, said)
        return Finding(WRONG, name, text, older)
    remedy = "install it again: %s --force-reinstall %s" % (PIP_INSTALL, name)
    if "GLIBC" in child.error or "GLIBCXX" in child.error:
        remedy = "use a system of 2019 or later, as Debian 12"
    return Finding(WRONG, name, "%s cannot be imported: %.200s" % (name, said), remedy)


def signal_name(number: int) -> str:
    """Return a signal's name and what it means."""
    meanings = {"SIGILL": "illegal instruction", "SIGSEGV": "invalid memory access"}
    meanings.update({"SIGBUS": "bus error", "SIGABRT": "abort", "SIGKILL": "killed"})
    try:
        name = signal.Signals(number).name
    except ValueError:
        return "signal %d" % number
    return "%s (%s)" % (name, meanings[name]) if name in meanings else name


# ---- the bundles -----------------------------------------------------------------------------


def check_bundles(folders: Sequence[str], run: Run) -> List[Finding]:
    """Verify every bundle in a child process, time it, and see that nothing is reported."""
    findings = []  # type: List[Finding]
    models = []  # type: List[str]
    for folder in folders:
        models += ["--models", folder]
    files = []  # type: List[str]
    while True:
        # -P, so that a numpy.py in the working folder is not taken for the library.
        child = run(["-P", "-m", "satchel", "verify", "--json", *models, *files])
        lines = list(_json_lines(child.out))
        results = [line for line in lines if "name" in line]
        findings += [_judge(result) for result in results]
        if lines and "sockets" in lines[-1]:
            findings.append(_judge_telemetry(lines[-1]["telemetry"], lines[-1]["sockets"]))
            if len(findings) == 1:
                findings.insert(0, Finding(WRONG, "bundles", "none", "name a folder with --models"))
            return findings
        if not lines or "file" not in lines[-1] or "name" in lines[-1]:
            # It died before or between the bundles: there is no sense in going on.
            said = ([line for line in child.error.splitlines() if line.strip()] or ["?"])[-1]
            if child.code is not None and child.code < 0:
                said = signal_name(-child.code)
            said = re.sub(r"^satchel: ", "", said)
            text = "they cannot be tried: %.300s" % said
            remedy = INSTALL_SATCHEL if "No module named" in said else ""
            return [*findings, Finding(WRONG, "bundles", text, remedy)]
        how = "it hangs" if child.code is None else "exit code %d" % child.code
        if child.code is not None and child.code < 0:
            how = signal_name(-child.code)
        remedy = "install satchel again; if that does not help, report it"
        name = Path(lines[-1]["file"]).stem
        findings.append(Finding(WRONG, name, "the process died: %s" % how, remedy))
        files = lines[0]["files"][len(results) + 1 :]
        if not files:
            return findings


def _package() -> str:
    """Return the folder to import satchel from where this file lies in it, else nothing."""
    here = Path(__file__).resolve().parent
    return str(here.parent) if (here / "predictor.py").is_file() else ""


def _json_lines(text: str) -> Iterator[Dict[str, Any]]:
    for line in text.splitlines():
        try:
            plain = json.loads(line)
        except ValueError:
            continue
        if isinstance(plain, dict):
            yield plain


def _judge(result: Dict[str, Any]) -> Finding:
    name = result.pop("name")
    again = "install it again"
    if "error" in result:
        return Finding(WRONG, name, "%.300s" % result["error"], again)
    text = "%d checks" % result["checks"]
    if result["deviation"] is not None:
        text += ", deviation %.0e" % result["deviation"]
    if result["seconds"] is not None:
        text += ", %s per prediction" % duration(result["seconds"])
    if not result["passed"]:
        return Finding(WRONG, name, text + ": unlike where it was trained", again, result)
    if not result["verified"]:
        remedy = "fine if it is your own: index.json beside it would name its sha256"
        return Finding(WARNING, name, text + ", not in the index", remedy, result)
    return Finding(OK, name, text, "", result)


def _judge_telemetry(switch: Optional[str], sockets: int) -> Finding:
    if switch == "1" and not sockets:
        return Finding(OK, "telemetry", "off: %s=1, no socket is open" % TELEMETRY_SWITCH)
    text = "%s=%s, %d sockets opened" % (TELEMETRY_SWITCH, switch, sockets)
    return Finding(WRONG, "telemetry", text, "export %s=1" % TELEMETRY_SWITCH)


def duration(seconds: float) -> str:
    """Return a short time as people write it."""
    if seconds < 1e-3:
        return "%.0f microseconds" % (seconds * 1e6)
    return "%.1f ms" % (seconds * 1e3) if seconds < 1 else "%.1f s" % seconds


# ---- all of it -------------------------------------------------------------------------------


def examine(folders: Sequence[str] = (), run: Run = run_child, root: str = "/") -> List[Finding]:
    """Look at everything, from the ground up; what stands on something wrong is left out."""
    system, machine = platform.system(), platform.machine()
    findings = [check_system(system, machine, struct.calcsize("P") * 8)]
    old_processor = False
    if system == "Linux":
        processor = check_processor(_read(root, "proc/cpuinfo"), machine)
        old_processor = processor.remedy == OLDER_NUMPY
        findings += [check_c_library(_glibc(), _has_musl(root)), processor, check_memory(root)]
    numpy = check_library("numpy", NUMPY, run, old_processor)
    # ONNX Runtime imports numpy, and so would be blamed for what numpy dies of.
    onnxruntime = Finding(WARNING, "onnxruntime", "not tried: it needs numpy")
    if numpy.state == OK:
        onnxruntime = check_library("onnxruntime", ONNXRUNTIME, run)
    needed = [check_python(sys.version_info[:3]), numpy, onnxruntime]
    findings += needed
    if all(finding.state == OK for finding in needed):
        findings += check_bundles(folders, run)
    return findings


def _glibc() -> Optional[str]:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError, OSError):  # another C library knows no such name
        return None


def _has_musl(root: str) -> bool:
    try:
        return any(path.name.startswith("ld-musl-") for path in Path(root, "lib").iterdir())
    except OSError:
        return False


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the lines that are shown on a terminal."""
    width = max(len(finding.topic) for finding in findings)
    for finding in findings:
        yield "%-7s  %-*s  %s" % (finding.state, width, finding.topic, finding.text)
        if finding.remedy:
            yield "%s  %s  -> %s" % (" " * 7, " " * width, finding.remedy)
    wrong = sum(finding.state == WRONG for finding in findings)
    yield ""
    if wrong:
        yield "%d thing%s wrong." % (wrong, " is" if wrong == 1 else "s are")
    else:
        yield "This machine can run satchel."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel doctor``."""
    parser.add_argument(
        "--models",
        metavar="DIR",
        action="append",
        default=[],
        help="look for models in this folder too (may be given several times)",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def report(arguments: argparse.Namespace) -> int:
    """Print what was found; 1 where something is wrong."""
    findings = examine(arguments.models)
    fine = all(finding.state != WRONG for finding in findings)
    if arguments.json:
        plain = {"ok": fine, "findings": [dict(finding._asdict()) for finding in findings]}
        print(json.dumps(plain, indent=2))
    else:
        print("\n".join(lines(findings)))
    return 0 if fine else 1


if __name__ == "__main__":
    alone = argparse.ArgumentParser(description="Say whether this machine can run satchel.")
    add_arguments(alone)
    sys.exit(report(alone.parse_args()))
