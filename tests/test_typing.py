"""What a type checker makes of code that uses satchel: that below, and the pages' examples."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import satchel

pytest.importorskip("mypy", reason="pip install --group check")

ROOT = Path(__file__).parents[1]
# An error that mypy does not find where a comment expects one is an error itself.
USE = """
from collections.abc import Iterator
from typing import assert_type

import numpy as np

import satchel

predictor = satchel.load("secondary-mathematics")
assert_type(predictor, satchel.Predictor)
record = {"reason": "course", "G1": 13}
many = predictor.predict_many([record, record])
assert_type(many[0], satchel.Prediction | satchel.RecordError)
assert_type(many[-1:], list[satchel.Prediction | satchel.RecordError])
for one in many:
    assert_type(one, satchel.Prediction | satchel.RecordError)
many[0].value  # type: ignore[union-attr]
many["0"]  # type: ignore[call-overload]
satchel.lode  # type: ignore[attr-defined]


class Table:
    columns = ["reason", "G1"]

    def __getitem__(self, name: str) -> list[int]:
        return []


columns = {"reason": ["course", None], "G1": np.zeros(2)}


def records() -> Iterator[dict[str, str | int]]:
    yield {"reason": "course", "G1": 13}


assert_type(predictor.predict_many(columns), satchel.Predictions)
assert_type(predictor.drift(columns), satchel.Drift)
for rows in (Table(), Table()):
    predictor.predict_many(rows), predictor.encode(rows), predictor.drift(rows)
predictor.predict_many(records()), predictor.encode(records()), predictor.drift(records())
predictor.predict_many(13)  # type: ignore[arg-type]
predictor.encode("G1")  # type: ignore[arg-type]
predictor.drift([13])  # type: ignore[list-item]
"""


# Packages of the examples that have no types of their own.
UNTYPED = "[mypy]\n[mypy-joblib.*,pandas.*,sklearn.*]\nignore_missing_imports = true\n"
FENCES = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_code_that_uses_satchel_is_typed(tmp_path):
    files = {"use.py": USE}
    for page in (ROOT / "README.md", *ROOT.glob("docs/*.md")):
        examples = FENCES.findall(page.read_text("utf-8"))
        files[f"{page.stem.replace('-', '_').lower()}_page.py"] = "".join(examples)
    (tmp_path / "mypy.ini").write_text(UNTYPED)
    for name, code in files.items():
        (tmp_path / name).write_text(code, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", *files],
        cwd=tmp_path,
        env=os.environ | {"MYPYPATH": str(Path(satchel.__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
