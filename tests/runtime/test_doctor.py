import ast
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import satchel
from satchel import cli, doctor
from satchel.doctor import OK, WARNING, WRONG, Child, run_child

FILE = Path(doctor.__file__)
V2 = "fpu cx16 lahf_lm pni popcnt sse4_1 sse4_2 ssse3"


def by_topic(findings):
    return {finding.topic: finding for finding in findings}


def files(root, **contents):
    for name, content in contents.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return str(root)


# ---- the machine -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "machine", "bits", "state", "said"),
    [
        ("Linux", "x86_64", 64, OK, "64-bit Python"),
        ("Linux", "aarch64", 64, OK, "aarch64"),
        ("Linux", "aarch64", 32, WRONG, "32-bit Python on a 64-bit kernel"),
        ("Linux", "x86_64", 32, WRONG, "on a 64-bit kernel"),
        ("Linux", "armv7l", 32, WRONG, "64 bits alone"),
        ("Linux", "riscv64", 64, WRONG, "not made for it"),
        ("Windows", "AMD64", 64, WARNING, "Windows"),
        ("Darwin", "arm64", 64, WARNING, "Darwin"),
    ],
)
def test_the_bits_that_count_are_those_of_the_program(system, machine, bits, state, said):
    found = doctor.check_system(system, machine, bits)
    assert found.state == state
    assert said in found.text
    assert bool(found.remedy) == (state != OK)


@pytest.mark.parametrize(
    ("version", "musl", "state"),
    [
        ("glibc 2.36", False, OK),
        ("glibc 2.28", False, OK),
        ("glibc 2.27", False, WRONG),
        ("glibc 2.9", False, WRONG),
        (None, True, WRONG),
        ("", True, WRONG),
        (None, False, WARNING),
    ],
)
def test_the_c_library(version, musl, state):
    assert doctor.check_c_library(version, musl).state == state


def test_musl_is_found_by_its_loader(tmp_path):
    assert not doctor._has_musl(str(tmp_path))
    assert doctor._has_musl(files(tmp_path, **{"lib__ld-musl-aarch64.so.1": ""}))


@pytest.mark.parametrize(
    ("cpuinfo", "machine", "state", "said"),
    [
        (f"processor\t: 0\nmodel name\t: Old\nflags\t\t: {V2}\n\n", "x86_64", OK, "Old, x86-64-v2"),
        (f"flags : {V2.replace(' ssse3', '')}", "x86_64", WARNING, "no ssse3"),
        ("flags : fpu sse sse2", "AMD64", WARNING, "older than x86-64-v2"),
        ("Features\t: fp asimd evtstrm\nModel : Raspberry Pi 4", "aarch64", OK, "Raspberry Pi 4"),
        ("Features\t: fp evtstrm", "aarch64", WRONG, "without asimd"),
        ("", "x86_64", WARNING, "does not list"),
        ("flags : a", "riscv64", WARNING, "does not list"),
    ],
)
def test_the_processor(cpuinfo, machine, state, said):
    found = doctor.check_processor(cpuinfo, machine)
    assert found.state == state
    assert said in found.text
    assert ("numpy<2.4" in found.remedy) == ("older than" in found.text)


def test_python():
    assert doctor.check_python((3, 11, 2)).state == OK
    assert doctor.check_python((3, 14, 0)).state == OK
    for old in ((3, 10, 9), (3, 6, 0)):
        found = doctor.check_python(old)
        assert found.state == WRONG
        assert "needs 3.11" in found.text


@pytest.mark.parametrize(
    ("contents", "state", "said"),
    [
        ({"proc__meminfo": "MemFree: 9 kB\nMemAvailable: 1048576 kB\n"}, OK, "1024 MB free"),
        ({"proc__meminfo": "MemAvailable: 200000 kB\n"}, WARNING, "little"),
        ({"proc__meminfo": "MemAvailable: 50000 kB\n"}, WRONG, "too little"),
        ({}, WARNING, "unknown"),
    ],
)
def test_memory(tmp_path, contents, state, said):
    found = doctor.check_memory(files(tmp_path, **contents))
    assert found.state == state
    assert said in found.text


@pytest.mark.parametrize(
    ("contents", "limit"),
    [
        ({}, None),
        ({"proc__self__cgroup": "0::/\n", "sys__fs__cgroup__memory.max": "max\n"}, None),
        ({"proc__self__cgroup": "0::/\n", "sys__fs__cgroup__memory.max": "1000000\n"}, 1000000),
        (
            {
                "proc__self__cgroup": "0::/a.slice/b.service\n",
                "sys__fs__cgroup__a.slice__memory.max": "500\n",
                "sys__fs__cgroup__a.slice__b.service__memory.max": "700\n",
            },
            500,
        ),
        (
            {
                "proc__self__cgroup": "5:cpu,memory:/docker/x\n2:pids:/\n",
                "sys__fs__cgroup__memory__memory.limit_in_bytes": "300\n",
            },
            300,
        ),
        (
            {
                "proc__self__cgroup": "5:memory:/\n",
                "sys__fs__cgroup__memory__memory.limit_in_bytes": "9223372036854771712\n",
            },
            None,
        ),
        ({"proc__self__cgroup": "nonsense\n0::\n::\n"}, None),
    ],
)
def test_the_limit_of_a_container_is_the_least_on_the_way_up(tmp_path, contents, limit):
    assert doctor.cgroup_limit(files(tmp_path, **contents)) == limit


def test_little_memory_in_a_container_on_a_large_machine(tmp_path):
    root = files(
        tmp_path,
        proc__meminfo="MemAvailable: 9999999 kB\n",
        proc__self__cgroup="0::/\n",
        **{"sys__fs__cgroup__memory.max": str(100 * 2**20)},
    )
    found = doctor.check_memory(root)
    assert found.state == WRONG
    assert "100 MB the limit of this container" in found.text


# ---- the libraries ---------------------------------------------------------------------------


def dying(program):
    """A run that tries another program instead, in a child process all the same."""
    return lambda arguments: run_child(["-c", program])


def printing(version):
    return lambda arguments: Child(0, f"version {version}\n", "")


def kill(name):
    return f"import os, signal; os.kill(os.getpid(), signal.{name})"


@pytest.mark.parametrize(
    ("program", "said", "remedy"),
    [
        (kill("SIGILL"), "SIGILL (illegal instruction): it was built for a later", "'numpy<2.4'"),
        (kill("SIGSEGV"), "SIGSEGV", "'numpy<2.4'"),
        (kill("SIGKILL"), "memory ran out", "memory"),
        ("import numpy_is_not_here", "cannot be imported", "--force-reinstall"),
        (
            "raise ModuleNotFoundError(\"No module named 'numpy'\")",
            "is not installed",
            "satchel-*.whl",
        ),
        ("raise ImportError('libm.so.6: version `GLIBC_2.27\\' not found')", "GLIBC_2.27", "2019"),
        (
            "raise RuntimeError('NumPy was built with baseline optimizations: (X86_V2)')",
            "was built for a later processor",
            "'numpy<2.4'",
        ),
        ("import sys; sys.exit(3)", "cannot be imported", "--force-reinstall"),
        ("pass", "cannot be imported", "--force-reinstall"),
    ],
)
def test_a_library_that_cannot_be_imported_is_explained(program, said, remedy):
    found = doctor.check_library("numpy", doctor.NUMPY, dying(program))
    assert found.state == WRONG
    assert said in found.text
    assert remedy in found.remedy


def test_a_library_that_hangs_is_explained(monkeypatch):
    monkeypatch.setattr(doctor, "CHILD_SECONDS", 0.5)
    found = doctor.check_library("numpy", doctor.NUMPY, dying("import time; time.sleep(60)"))
    assert found.state == WRONG
    assert "did not end" in found.text


def test_an_onnxruntime_that_dies_is_to_be_replaced_by_another():
    found = doctor.check_library("onnxruntime", doctor.ONNXRUNTIME, dying(kill("SIGILL")))
    assert "onnxruntime==" in found.remedy


@pytest.mark.parametrize(
    ("name", "version", "old_processor", "state"),
    [
        ("numpy", "1.26.0", False, OK),
        ("numpy", "1.25.9", False, WRONG),
        ("numpy", "2.5.0rc1", False, OK),
        ("numpy", "2.3.5", True, OK),
        ("numpy", "2.4.0", True, WRONG),
        ("onnxruntime", "1.19.0", False, OK),
        ("onnxruntime", "1.18.1", False, WRONG),
        ("onnxruntime", "1.21.0", False, WRONG),
        ("onnxruntime", "1.21.1", False, OK),
        ("onnxruntime", "1.26.0", False, WRONG),
        ("onnxruntime", "1.27.0", False, WRONG),
        ("onnxruntime", "1.28.0", False, OK),
    ],
)
def test_versions(name, version, old_processor, state):
    least = doctor.NUMPY if name == "numpy" else doctor.ONNXRUNTIME
    found = doctor.check_library(name, least, printing(version), old_processor)
    assert found.state == state
    assert found.text.startswith(version)


def test_the_libraries_that_are_here_are_imported_whatever_lies_in_the_folder(
    tmp_path, monkeypatch
):
    (tmp_path / "numpy.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path)
    assert doctor.check_library("numpy", doctor.NUMPY, run_child).state == OK


def test_a_python_that_cannot_start_another_is_explained(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    found = doctor.check_library("numpy", doctor.NUMPY, run_child)
    assert found.state == WRONG
    assert "No such file" in found.text


def test_a_child_has_telemetry_off(monkeypatch):
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    child = run_child(["-c", "import os; print(os.environ['ORT_DISABLE_TELEMETRY'])"])
    assert child == Child(0, "1\n", "")


@pytest.mark.parametrize(
    ("managed", "venv", "command"),
    [
        (False, False, "'/opt/my python' -m pip install"),
        (False, True, "'/opt/my python' -m pip install"),
        (True, True, "'/opt/my python' -m pip install"),
        (True, False, "python3 -m venv .venv && .venv/bin/pip install"),
    ],
)
def test_what_is_to_be_installed_goes_into_this_python_or_an_environment_where_it_may_not(
    tmp_path, monkeypatch, managed, venv, command
):
    if managed:
        (tmp_path / "EXTERNALLY-MANAGED").write_text("[externally-managed]\n")
    monkeypatch.setattr("sysconfig.get_path", lambda name: {"stdlib": str(tmp_path)}[name])
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "prefix", "/home/a/.venv" if venv else "/usr")
    monkeypatch.setattr(sys, "executable", "/opt/my python")
    assert doctor.pip_install() == command


# ---- the bundles -----------------------------------------------------------------------------


@pytest.fixture
def models(tmp_path, write_variant, spec):
    """A folder with one bundle that answers, one whose checks fail, one that is damaged."""
    wrong = [{**check.outputs, "grade": (99.0,)} for check in spec.checks]
    checks = [
        type(check)(record=check.record, outputs=outputs)
        for check, outputs in zip(spec.checks, wrong, strict=True)
    ]
    write_variant("tiny.linear")
    write_variant("tiny.wrong", model="wrong", checks=tuple(checks))
    (tmp_path / "tiny.damaged.onnx").write_bytes(b"\x08")
    return tmp_path


def test_every_bundle_is_verified_and_timed(models):
    found = by_topic(doctor.check_bundles([str(models)], run_child))
    assert found["tiny.linear"].state == WARNING
    assert "4 checks" in found["tiny.linear"].text
    assert "per prediction, not in the index" in found["tiny.linear"].text
    assert 0 < found["tiny.linear"].figures["seconds"] < 1
    assert found["tiny.wrong"].state == WRONG
    assert "no ONNX model" in found["tiny.damaged"].text
    assert found["telemetry"].state == OK


def test_an_indexed_bundle_is_fine(models_dir):
    found = by_topic(doctor.check_bundles([str(models_dir)], run_child))
    assert found["tiny.linear"].state == OK


def test_a_bundle_that_kills_its_process_is_named_and_the_others_are_tried(models):
    # In the child, reading that bundle ends the process.
    program = """
import os, sys
from satchel import bundle, cli
read = bundle.read
bundle.read = lambda path: os.abort() if "tiny.linear" in path else read(path)
sys.exit(cli.main(sys.argv[1:]))
"""

    def run(arguments):
        return run_child(["-c", program, *arguments[3:]])

    found = doctor.check_bundles([str(models)], run)
    named = by_topic(found)
    assert "SIGABRT" in named["tiny.linear"].text
    assert "unlike" in named["tiny.wrong"].text
    assert named["telemetry"].state == OK
    assert len(named) == len(found)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    (found,) = doctor.check_bundles([str(tmp_path / "absent")], run_child)
    assert found.state == WRONG
    assert "there is no folder" in found.text


@pytest.mark.parametrize(
    ("child", "said"),
    [
        (Child(-signal.SIGILL, "", ""), "SIGILL"),
        (Child(1, "", "ModuleNotFoundError: No module named 'satchel'\n"), "No module named"),
        (Child(None, "", ""), "tried: ?"),
        (Child(-70, "", ""), "signal 70"),
    ],
)
def test_a_child_that_dies_before_the_bundles_ends_the_search(child, said):
    (found,) = doctor.check_bundles([], lambda arguments: child)
    assert found.state == WRONG
    assert said in found.text


def test_no_bundles_are_told():
    lines = [{"satchel": "1", "files": []}, {"telemetry": "1", "sockets": 0}]
    out = "\n".join(map(json.dumps, lines))
    found = by_topic(doctor.check_bundles([], lambda arguments: Child(0, out, "")))
    assert found["bundles"].state == WRONG


def test_telemetry_that_is_on_is_told():
    assert doctor._judge_telemetry("0", 0).state == WRONG
    assert doctor._judge_telemetry("1", 2).state == WRONG


# ---- all of it -------------------------------------------------------------------------------


def test_what_stands_on_something_wrong_is_left_out():
    tried = []

    def run(arguments):
        tried.append(arguments)
        return Child(-signal.SIGILL, "", "")

    found = doctor.examine(run=run)
    assert len(tried) == 1
    assert [f.topic for f in found if f.state == WRONG] == ["numpy"]
    assert by_topic(found)["onnxruntime"].text == "not tried: it needs numpy"
    assert list(doctor.lines(found))[-1] == "1 thing is wrong."


def test_onnxruntime_alone_may_die():
    def run(arguments):
        dies = "onnxruntime" in arguments[1]
        return Child(-signal.SIGILL, "", "") if dies else Child(0, "version 2.3.5\n", "")

    found = doctor.examine(run=run)
    assert [f.topic for f in found if f.state == WRONG] == ["onnxruntime"]


def test_the_command(capsys, monkeypatch, models_dir):
    monkeypatch.setattr("satchel.bundle.bundle._SHIPPED", ())
    code = cli.main(["doctor", "--models", str(models_dir)])
    out = capsys.readouterr().out
    assert code == 0, out
    assert "tiny.linear" in out
    assert out.endswith("This machine can run satchel.\n")
    assert max(map(len, out.splitlines())) < 160


def test_the_command_as_json_ends_with_1_where_something_is_wrong(capsys, tmp_path):
    code = cli.main(["doctor", "--json", "--models", str(tmp_path / "absent")])
    plain = json.loads(capsys.readouterr().out)
    assert (code, plain["ok"]) == (1, False)
    assert {"state", "topic", "text", "remedy", "figures"} == plain["findings"][0].keys()


def test_the_file_runs_alone_before_anything_is_installed(tmp_path):
    alone = tmp_path / "doctor.py"
    alone.write_bytes(FILE.read_bytes())
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(alone)],
        env={"PATH": os.defpath},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert done.returncode in (0, 1)
    assert "numpy" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["doctor.py"]


def test_the_file_needs_no_more_than_the_syntax_and_the_library_of_python_3_6():
    source = FILE.read_text("utf-8")
    tree = ast.parse(source, feature_version=(3, 6))
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert "__future__" not in imported
    assert imported <= sys.stdlib_module_names
    for newer in ("capture_output", "text=", ":=", "removeprefix", "dataclass"):
        assert newer not in source


def test_the_command_starts_where_numpy_and_onnxruntime_do_not():
    # As on a machine where importing them dies: a stand-in ends the process at once.
    program = """
import os, sys
class Deadly:
    def find_spec(self, name, path=None, target=None):
        if name in ("numpy", "onnxruntime"):
            os._exit(77)
sys.meta_path.insert(0, Deadly())
from satchel.cli import main
sys.exit(main(["doctor", "--help"]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "doctor" in done.stdout


def test_a_missing_library_leads_to_the_doctor(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    for name in ("satchel.bundle.graph", "satchel.predictor", "satchel.commands.verify"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert cli.main(["verify"]) == 2
    assert "satchel doctor" in capsys.readouterr().err


def test_every_public_name_is_there_when_it_is_asked_for():
    assert set(satchel.__all__) <= set(dir(satchel))
    for name in satchel.__all__:
        assert getattr(satchel, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        satchel.lod  # noqa: B018
