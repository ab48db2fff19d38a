"""Try the wheel that people get: in an empty environment, away from the checkout.

Builds the wheel of this checkout and, once with the newest numpy and onnxruntime and once with
the oldest that the wheel allows, installs it alone into a new environment and checks

- that satchel, numpy, onnxruntime and what these require are there, and nothing else;
- that the wheel is small and holds code and bundles only;
- `satchel list`, `satchel doctor` and `satchel verify`, and one prediction per bundle for an
  invented record, all with an empty home folder in which nothing may appear;
- the tests of the runtime, except the slow ones.

Exits with 0 where all of this holds, else with 1 and the reason.
"""

from __future__ import annotations

import argparse
import email
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

CHECKOUT = Path(__file__).resolve().parents[1]
MAX_BYTES = 10_000_000
DIRECT = {"numpy", "onnxruntime"}
PACKAGES = ("satchel", "satchel_training", "satchel_export", "satchel_web")
CODE = {".py", ".pyi", ".typed", ".toml"}
WEB = {".html", ".css", ".js", ".svg", ".json", ".po", ".mo", ".woff2", ".png", ".ico"}
REPORT = PurePosixPath("satchel_training/report/page.html")
BUNDLES = PurePosixPath("satchel/models_onnx")


class WheelError(Exception):
    """Something that the wheel promises does not hold."""


def main() -> int:
    """Build the wheel, try it, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--python", default=sys.executable, help="the interpreter to install for (default: this)"
    )
    parser.add_argument("--only", choices=["newest", "oldest"], help="try one of the two alone")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="satchel-wheel-") as name:
            folder = Path(name).resolve()
            wheel = build(folder / "dist", "--wheel")
            check_contents(wheel)
            for which in [arguments.only] if arguments.only else ["newest", "oldest"]:
                try_wheel(wheel, which, arguments.python, folder / which)
    except WheelError as error:
        say(f"FAILED: {error}")
        return 1
    say("The wheel keeps its promises.")
    return 0


def say(text: str) -> None:
    """Print one line at once."""
    print(text, flush=True)


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: dict[str, str] | None = None,
    show: bool = False,
) -> str:
    """Run a command and return what it printed, or nothing if it was to `show` that.

    Raises
    ------
    WheelError
        Where it exits with another code than 0.
    """
    words = [str(word) for word in command]
    output = None if show else subprocess.PIPE
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
        )
    except OSError as error:
        raise WheelError(f"{words[0]} cannot be run: {error.strerror}") from None
    if done.returncode:
        shown = " ".join(word if "\n" not in word else "..." for word in words)
        said = "" if show else f"\n{done.stdout}{done.stderr}".rstrip()
        raise WheelError(f"exit code {done.returncode} from: {shown}{said}")
    return done.stdout or ""


# ---- the wheel -------------------------------------------------------------------------------


def build(folder: Path, *options: str) -> Path:
    """Build the checkout into `folder` and return the wheel's path.

    The options are those of ``python -m build``: with ``--wheel`` the wheel alone is built;
    without any the sdist, and the wheel from the sdist.
    """
    command = [sys.executable, "-m", "build", "--outdir", str(folder), *options]
    isolated = importlib.util.find_spec("hatchling") is None
    say(f"Building {CHECKOUT}" + (", isolated" if isolated else ""))
    run([*command, *([] if isolated else ["--no-isolation"]), str(CHECKOUT)], cwd=CHECKOUT)
    (wheel,) = folder.glob("*.whl")
    return wheel


def check_contents(wheel: Path) -> None:
    """Check that the wheel is small, and holds typed code and listed bundles only."""
    size = wheel.stat().st_size
    if size >= MAX_BYTES:
        raise WheelError(f"{wheel.name} has {size:,} bytes; {MAX_BYTES:,} are too many")
    with zipfile.ZipFile(wheel) as archive:
        names = [PurePosixPath(name) for name in archive.namelist()]
        alien = [str(name) for name in names if not _belongs(name)]
        if alien:
            raise WheelError(f"{wheel.name} holds what does not belong there: {', '.join(alien)}")
        untyped = [one for one in PACKAGES if PurePosixPath(one, "py.typed") not in names]
        if untyped:
            raise WheelError(f"{wheel.name} hides its types: no py.typed in {', '.join(untyped)}")
        bundles = [name for name in names if name.suffix == ".onnx"]
        if not bundles:
            raise WheelError(f"{wheel.name} holds no bundles: models_onnx has none")
        index = json.loads(archive.read(str(BUNDLES / "index.json")))["bundles"]
        held = {name.stem: hashlib.sha256(archive.read(str(name))).hexdigest() for name in bundles}
    if held != {name: entry["sha256"] for name, entry in index.items()}:
        raise WheelError(f"index.json lists {sorted(index)}, the wheel holds {sorted(held)}")
    say(f"{wheel.name}: {size:,} bytes, {len(names)} files, {len(bundles)} bundles")


def _belongs(name: PurePosixPath) -> bool:
    top = name.parts[0]
    if any(part in ("tests", "conftest.py") or part.startswith("test_") for part in name.parts):
        return False
    if name == REPORT:
        return True
    if name.parent == BUNDLES:
        return name.suffix in (".onnx", ".md") or name.name == "index.json"
    if top == "satchel_web" and name.suffix in WEB:
        return True
    return top.endswith(".dist-info") or (top in PACKAGES and name.suffix in CODE)


def floors(wheel: Path) -> list[str]:
    """Return a requirement for the oldest release series that the wheel allows, for each."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        message = email.message_from_bytes(archive.read(name))
    found = {}
    for requirement in map(Requirement, message.get_all("Requires-Dist", [])):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        lowest = [part.version for part in requirement.specifier if part.operator == ">="]
        if len(lowest) != 1:
            raise WheelError(f"the wheel's requirement {requirement} has no lowest version")
        release = (*Version(lowest[0]).release, 0, 0)[:3]
        found[canonicalize_name(requirement.name)] = ".".join(map(str, release))
    if found.keys() != DIRECT:
        raise WheelError(f"the wheel requires {sorted(found)}, not {sorted(DIRECT)}")
    return [f"{name}~={version}" for name, version in sorted(found.items())]


# ---- one environment -------------------------------------------------------------------------


def try_wheel(wheel: Path, which: str, python: str, folder: Path) -> None:
    """Install the wheel into a new environment in `folder` and try all that it promises."""
    venv, home, work = folder / "venv", folder / "home", folder / "work"
    home.mkdir(parents=True)
    work.mkdir()
    say(f"{which}: making an empty environment with {python}")
    run([python, "-I", "-m", "venv", venv], cwd=work)
    before = _installed(venv, work).keys()
    pinned = floors(wheel) if which == "oldest" else []
    say(f"{which}: installing {' '.join([wheel.name, *pinned])}")
    install(venv, [str(wheel), *pinned], work)
    check_environment(venv, set(before), pinned, work)
    clean = {"PATH": f"{venv / 'bin'}{os.pathsep}{os.defpath}", "HOME": str(home)}
    use(venv, which, clean, work)
    left = [str(path.relative_to(folder)) for part in (home, work) for path in part.rglob("*")]
    if left:
        raise WheelError(f"satchel left files behind: {', '.join(left)}")
    run_tests(venv, which, clean, work)


def install(venv: Path, what: Sequence[str], work: Path) -> None:
    """Install with the environment's pip, as the machine configures it."""
    run([venv / "bin" / "python", "-I", "-m", "pip", "install", "--quiet", *what], cwd=work)


# Runs inside the environment, so that markers are read by the interpreter that they are about;
# packaging is not there, but pip carries a copy.
INSTALLED = """
import json
from importlib import metadata
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

found = {}
for distribution in metadata.distributions():
    required = map(Requirement, distribution.requires or [])
    found[canonicalize_name(distribution.metadata["Name"])] = {
        "version": distribution.version,
        "requires": [
            canonicalize_name(requirement.name)
            for requirement in required
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        ],
    }
print(json.dumps(found))
"""


def _installed(venv: Path, work: Path) -> dict[str, Any]:
    plain = json.loads(run([venv / "bin" / "python", "-I", "-c", INSTALLED], cwd=work))
    assert isinstance(plain, dict)
    return plain


def check_environment(venv: Path, before: set[str], pinned: Sequence[str], work: Path) -> None:
    """Check that the wheel brought numpy, onnxruntime, what these require, and nothing else."""
    extra = before - {"pip", "setuptools"}
    if extra:
        raise WheelError(f"the environment was not empty: {sorted(extra)}")
    installed = _installed(venv, work)
    if set(installed["satchel"]["requires"]) != DIRECT:
        raise WheelError(f"satchel requires {installed['satchel']['requires']}")
    wanted: set[str] = set()
    waiting = ["satchel"]
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            if name not in installed:
                raise WheelError(f"{name} is required but not installed")
            waiting += installed[name]["requires"]
    brought = installed.keys() - before
    if brought != wanted - before:
        raise WheelError(f"installed are {sorted(brought)}, required {sorted(wanted - before)}")
    for requirement in map(Requirement, pinned):
        version = installed[requirement.name]["version"]
        if not requirement.specifier.contains(version):
            raise WheelError(f"{requirement.name} {version} is there, not {requirement}")
    say("  there are: " + ", ".join(f"{n} {installed[n]['version']}" for n in sorted(brought)))


# ---- using it --------------------------------------------------------------------------------


def use(venv: Path, which: str, clean: dict[str, str], work: Path) -> None:
    """Run the command line over every shipped bundle, out of reach of the checkout."""
    where = "import satchel, sys; print(satchel.__file__, *sys.path, sep='\\n')"
    found, *path = run([venv / "bin" / "python", "-I", "-c", where], cwd=work, env=clean).split()
    if venv not in Path(found).parents:
        raise WheelError(f"satchel was imported from {found}, outside {venv}")
    if any(CHECKOUT in (Path(entry), *Path(entry).parents) for entry in path):
        raise WheelError(f"the checkout is within reach: {path}")

    def satchel(*arguments: str) -> str:
        return run([venv / "bin" / "satchel", *arguments], cwd=work, env=clean)

    say(f"{which}: satchel list")
    rows = json.loads(satchel("list", "--json"))
    if not rows:
        raise WheelError("satchel list finds no bundles")
    for row in rows:
        if not row["verified"] or venv not in Path(row["path"]).parents:
            raise WheelError(f"{row['name']} is unverified or elsewhere: {row['path']}")
    say(_indented(satchel("list")))
    say(f"{which}: satchel doctor")
    say(_indented(satchel("doctor")))
    say(f"{which}: satchel verify")
    say(_indented(satchel("verify")))
    for row in rows:
        say(f"{which}: satchel predict {row['name']} --record ...")
        features = json.loads(satchel("show", row["name"], "--json"))["inputs"]["features"]
        record = json.dumps({feature["name"]: _invented(feature) for feature in features})
        answer = json.loads(satchel("predict", row["name"], "--record", record, "--json"))
        if (answer["model"], answer["sha256"]) != (row["name"], row["sha256"]):
            raise WheelError(f"{row['name']} was answered by {answer['model']} {answer['sha256']}")
        if not answer["outputs"] and answer.get("segment") is None:
            raise WheelError(f"{row['name']} answered nothing: {answer}")
        say(_indented(satchel("predict", row["name"], "--record", record)))


def _invented(feature: dict[str, Any]) -> str | float:
    if feature["kind"] == "category":
        return str(feature["values"][0])
    bounds = feature.get("seen") or feature.get("limits") or []
    known = [bound for bound in bounds if bound is not None] or [0.0]
    value = float(feature.get("imputed", sum(known) / len(known)))
    return round(value) if feature.get("integer") else value


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


# ---- the tests -------------------------------------------------------------------------------

TESTS = """
import sys
from pathlib import Path
import pytest

checkout, venv, *arguments = sys.argv[1:]
code = pytest.main(arguments)
import satchel
within = [entry for entry in sys.path if Path(checkout, "runtime") == Path(entry).resolve()]
assert not within, f"the tests put the checkout within reach: {within}"
assert Path(venv) in Path(satchel.__file__).parents, f"tested was {satchel.__file__}"
sys.exit(code)
"""


def run_tests(venv: Path, which: str, clean: dict[str, str], work: Path) -> None:
    """Run the checkout's tests of the runtime against the installed wheel."""
    groups = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    say(f"{which}: installing {' '.join(groups['test'])}")
    install(venv, groups["test"], work)
    say(f"{which}: running tests/runtime, without the slow ones")
    python = [str(venv / "bin" / "python"), "-I", "-B", "-c", TESTS, str(CHECKOUT), str(venv)]
    options = ["-q", "--tb=short", "-p", "no:cacheprovider", "--import-mode=importlib"]
    options += ["-c", str(CHECKOUT / "pyproject.toml"), "--rootdir", str(CHECKOUT)]
    options += ["--numprocesses", "2", "-m", "not slow", str(CHECKOUT / "tests" / "runtime")]
    env = clean | {"HYPOTHESIS_STORAGE_DIRECTORY": str(work / "hypothesis")}
    run([*python, *options], cwd=work, env=env, show=True)


if __name__ == "__main__":
    sys.exit(main())
