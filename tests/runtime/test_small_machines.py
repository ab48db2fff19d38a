"""Little memory, a full disk, a process that is killed, a place that cannot be written to.

Each in a process of its own under the limits of the system. Of these RLIMIT_DATA, which counts
what a process may write to, is the one that says how much memory it needs; RLIMIT_AS also
counts what ONNX Runtime and numpy merely map.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

resource = pytest.importorskip("resource", reason="limits are those of a Unix")

MEGABYTE = 2**20
BUNDLES = Path(__file__).parent / "bundles"
HEADER = "name,score,hours,absences,course,effort\n"
ROWS = 100_000

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits are those of Linux")


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A table of 100,000 rows, of which one in a thousand cannot be read."""
    path = tmp_path_factory.mktemp("large") / "class.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for i in range(ROWS):
            score = "x" if i % 1000 == 0 else i % 21
            file.write(f"student {i},{score},{i % 400 / 10},{i % 100},math,high\n")
    return path


def start(*arguments, limits=None, python=("-m", "satchel"), **options):
    """Start `satchel` under limits of the system."""

    def limit():
        for name, size in (limits or {}).items():
            resource.setrlimit(getattr(resource, name), (size, size))

    environment = {"PATH": os.defpath, "HOME": "/nonexistent"}
    if "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    # A thread of OpenBLAS takes memory for each core of the machine that runs the tests.
    environment["OPENBLAS_NUM_THREADS"] = "1"
    return subprocess.Popen(
        [sys.executable, *python, *map(str, arguments)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,
        **options,
    )


def predict(table, *more, **options):
    process = start("predict", BUNDLES / "tiny.linear.onnx", table, *more, **options)
    out, error = process.communicate(timeout=300)
    return process.returncode, out, error


# ---- memory ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limits", [{"RLIMIT_DATA": 192 * MEGABYTE}, {"RLIMIT_AS": 512 * MEGABYTE}], ids=str
)
def test_a_large_table_needs_little_memory(large, tmp_path, limits):
    code, _, error = predict(large, "-o", tmp_path / "out.csv", limits=limits)
    assert code == 1, error
    assert f"{ROWS} rows: {ROWS - ROWS // 1000} predicted, {ROWS // 1000} refused" in error
    with (tmp_path / "out.csv").open(encoding="utf-8") as file:
        assert sum(1 for _ in file) == ROWS + 1


def test_memory_does_not_grow_with_the_table(large, tmp_path):
    # By itself, since what the system counts of a child includes what its parent had at the fork.
    measured = (
        "import sys; from satchel.cli import main; code = main(sys.argv[1:]); "
        "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0]); sys.exit(code)"
    )

    def peak(table):
        process = start(
            "predict",
            BUNDLES / "tiny.linear.onnx",
            table,
            "-o",
            tmp_path / "out.csv",
            python=("-c", measured),
        )
        out, error = process.communicate(timeout=300)
        assert process.returncode == 1, error
        return int(out) / 1024

    small = tmp_path / "small.csv"
    with large.open(encoding="utf-8") as file:
        small.write_text("".join(line for line, _ in zip(file, range(20_001), strict=False)))
    few, many = peak(small), peak(large)
    assert many < 200, "megabytes of 256"
    assert many < few + 15


@pytest.mark.parametrize("megabytes", [64, 80, 96])
def test_out_of_memory_is_told_and_leaves_no_file(large, tmp_path, megabytes):
    out = tmp_path / "out.csv"
    limits = {"RLIMIT_DATA": megabytes * MEGABYTE}
    code, _, error = predict(large, "-o", out, limits=limits)
    if code == 1:
        assert "refused" in error  # it was enough
        return
    # 2 by satchel itself; below 0 where a library gives up.
    assert code == 2 or code < 0, error
    assert not out.exists()
    if code == 2:
        # ONNX Runtime may have printed lines of its own before.
        assert error.splitlines()[-1].startswith("satchel: ")
        assert list(tmp_path.iterdir()) == []


# ---- a full disk -----------------------------------------------------------------------------


def test_a_file_that_cannot_grow_is_no_file(large, tmp_path):
    new, old = tmp_path / "new.csv", tmp_path / "old.csv"
    old.write_text("before")
    for out in (new, old):
        code, _, error = predict(large, "-o", out, limits={"RLIMIT_FSIZE": MEGABYTE})
        assert code == 2
        assert error == "satchel: File too large\n"
    assert [path.name for path in tmp_path.iterdir()] == ["old.csv"]
    assert old.read_text() == "before"


@pytest.fixture
def tiny_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("run as root, who may mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_what_was_there(large, tiny_disk):
    out = tiny_disk / "out.csv"
    out.write_text("before")
    code, _, error = predict(large, "-o", out)
    assert (code, error) == (2, "satchel: No space left on device\n")
    assert [path.name for path in tiny_disk.iterdir()] == ["out.csv"]
    assert out.read_text() == "before"


def test_a_disk_that_cannot_be_written_to_still_gives_answers(large, tiny_disk, tmp_path):
    table = tiny_disk / "class.csv"
    table.write_text(HEADER + "A,12,1,1,math,low\n")
    command = ["mount", "-o", "remount,ro", str(tiny_disk)]
    assert subprocess.run(command, capture_output=True).returncode == 0
    code, out, error = predict(table, cwd=tiny_disk)
    assert code == 0, error
    assert out.count("\n") == 2
    code, _, error = predict(table, "-o", tiny_disk / "out.csv", cwd=tiny_disk)
    assert code == 2
    assert "Read-only file system" in error
    assert error.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("rows", [1, 5000])
def test_a_full_standard_output_is_told(tmp_path, rows):
    table = tmp_path / "class.csv"
    table.write_text(HEADER + "A,12,1,1,math,low\n" * rows)
    with open("/dev/full", "w") as full:
        code, _, error = predict(table, stdout=full)
    assert code == 2
    assert "No space left on device" in error
    assert "Traceback" not in error
    assert "Exception ignored" not in error


# ---- killed ----------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=str)
def test_a_killed_process_leaves_no_half_of_a_file(large, tmp_path, sent):
    out = tmp_path / "out.csv"
    out.write_text("before")
    process = start("predict", BUNDLES / "tiny.linear.onnx", large, "-o", out)
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size for path in tmp_path.glob(".satchel-*")):
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(sent)
    _, error = process.communicate(timeout=60)
    codes = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 143, signal.SIGINT: 130}
    assert process.returncode == codes[sent]
    assert out.read_text() == "before"
    left = [path.name for path in tmp_path.iterdir() if path != out]
    if sent != signal.SIGKILL:
        assert left == []
        assert error == ("satchel: stopped\n" if sent == signal.SIGINT else "")
    # Nobody can clean up after SIGKILL: what stays is hidden and has another name.
    assert all(name.startswith(".satchel-") for name in left)


# ---- no home ---------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["list"], ["verify"], ["show", "tiny"], ["doctor"]], ids=str)
def test_no_home_is_needed(command):
    process = start(*command, "--models", BUNDLES, cwd="/proc")
    out, error = process.communicate(timeout=120)
    assert (process.returncode, error) == (0, "")
    assert "tiny" in out
    assert not Path("/nonexistent").exists()
