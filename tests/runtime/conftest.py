import csv
import importlib.util
import io
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from satchel import bundle as bundles
from satchel.bundle.onnx_file import _fields
from satchel.predictor import Predictor
from satchel.tables.mapping import TableMapping
from satchel.tables.predicting import TableOptions, predict_table

FOLDER = Path(__file__).parent
MOST_SECONDS = 5


@pytest.fixture(scope="session")
def tiny_source():
    location = importlib.util.spec_from_file_location("build_tiny", FOLDER / "build_tiny.py")
    module = importlib.util.module_from_spec(location)
    location.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def models_dir():
    return FOLDER / "bundles"


@pytest.fixture(scope="session")
def tiny_path(models_dir):
    return models_dir / "tiny.linear.onnx"


@pytest.fixture(scope="session")
def tiny_bytes(tiny_path):
    return tiny_path.read_bytes()


@pytest.fixture(scope="session")
def tiny(tiny_path):
    return bundles.read(tiny_path)


@pytest.fixture(scope="session")
def spec(tiny_source, tiny):
    """The tiny spec; its checks are the bundle's, as another numpy may differ in the last bit."""
    made, read = tiny_source.spec(), tiny.spec.checks
    for check, other in zip(made.checks, read, strict=True):
        assert check.record == other.record
        for name, values in check.outputs.items():
            assert values == pytest.approx(other.outputs[name], rel=1e-12)
    return replace(made, checks=read)


@pytest.fixture(scope="session")
def predictor(tiny):
    return Predictor(tiny)


@pytest.fixture
def record():
    return {
        "score": 12,
        "hours": 6.5,
        "größe": 1.7,
        "absences": 3,
        "course": "math",
        "effort": "high",
    }


@pytest.fixture(autouse=True)
def _no_models_of_the_user(monkeypatch):
    monkeypatch.delenv("SATCHEL_MODELS", raising=False)


@pytest.fixture(scope="session")
def changed(tiny):
    """A predictor of the tiny graph under a changed spec."""

    def make(**changes):
        return Predictor(replace(tiny, spec=replace(tiny.spec, **changes)))

    return make


@pytest.fixture(scope="session")
def proto():
    """A writer of protobuf messages: just enough to build hostile ONNX files."""

    def varint(value):
        head = b""
        while value > 0x7F:
            head += bytes([value & 0x7F | 0x80])
            value >>= 7
        return head + bytes([value])

    def field(number, value):
        if isinstance(value, int):
            return varint(number << 3) + varint(value)
        value = value.encode() if isinstance(value, str) else value
        return varint(number << 3 | 2) + varint(len(value)) + value

    def entry(key, value):
        return field(14, field(1, key) + field(2, value))

    def without_metadata(model):
        kept = [
            (number, value)
            for number, value in _fields(memoryview(model), iter(range(10**6)))
            if number != 14
        ]
        return b"".join(
            field(number, value if isinstance(value, int) else bytes(value))
            for number, value in kept
        )

    def with_spec(model, text):
        return without_metadata(model) + entry("satchel", text)

    return SimpleNamespace(
        varint=varint,
        field=field,
        entry=entry,
        with_spec=with_spec,
        without_metadata=without_metadata,
    )


class NamedFile(io.BytesIO):
    """Bytes in memory that have the name of a file."""

    def __init__(self, content=b"", name="class.csv"):
        super().__init__(content)
        self.name = name


@pytest.fixture(scope="session")
def predict_content(predictor):
    """Predict a table of bytes or text; return the answer's bytes and what became of it."""

    def predict(content, name="class.csv", *, using=predictor, mapping=None, **options):
        content = content.encode() if isinstance(content, str) else content
        out = io.BytesIO()
        said = TableOptions(mapping=mapping or TableMapping(), **options)
        summary = predict_table(using, NamedFile(content, name), out, said)
        return out.getvalue(), summary

    return predict


@pytest.fixture(scope="session")
def predict_rows(predict_content):
    """Predict rows of texts; return the rows of the answer by column, and what became of it."""

    def predict(header, rows, **options):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *rows])
        content, summary = predict_content(text.getvalue(), **options)
        return list(csv.DictReader(io.StringIO(content.decode(), newline=""))), summary

    return predict


@pytest.fixture
def write_variant(tmp_path, tiny_bytes, tiny, proto):
    """Write the tiny graph under a changed spec, and return its path."""

    def write(name="tiny.linear", **changes):
        path = tmp_path / f"{name}.onnx"
        text = replace(tiny.spec, **changes).to_json()
        path.write_bytes(proto.with_spec(tiny_bytes, text))
        return path

    return write


class Apart:
    """A program in a process of its own, which reads paths and says one line of each.

    Parameters
    ----------
    program : str
        In Python.
    """

    def __init__(self, program):
        self._program = program
        self._process = None

    def says(self, path):
        """Return its line; empty where the process ended, or was not done in time."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-c", self._program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            assert self._process.stdout.readline() == "ready\n"
        alarm = threading.Timer(MOST_SECONDS, self._process.kill)
        alarm.start()
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        alarm.cancel()
        if not line:
            self.close()
        return line.rstrip("\n")

    def close(self):
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture(scope="session")
def apart():
    """Make what runs a program apart from the tests."""
    return Apart
