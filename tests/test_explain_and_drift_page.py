import re
from dataclasses import replace
from pathlib import Path

import pytest

import satchel
from satchel.cli import main

PAGE = (Path(__file__).parents[1] / "docs/explain-and-drift.md").read_text("utf-8")


def with_background(predictor):
    """Return the predictor, with a background where its bundle is too old to have one."""
    spec = predictor.spec
    if spec.reference.background:
        return predictor
    records = tuple(check.record for check in spec.checks)
    reference = replace(spec.reference, background=records)
    bundle = replace(predictor.bundle, spec=replace(spec, reference=reference))
    return satchel.Predictor(bundle)


def test_the_python_examples_run(monkeypatch, capsys):
    load = satchel.load
    monkeypatch.setattr("satchel.load", lambda name: with_background(load(name)))
    names: dict = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(code, "explain-and-drift.md", "exec"), names)
    assert names["far"].reliable is False
    assert names["changed"].difference != 0
    assert names["suggestions"].changes
    assert capsys.readouterr().out.splitlines()[-1] == "drift"


@pytest.mark.parametrize("options", [["--change", '{"absences": 0}'], ["--suggest"]])
def test_the_commands_run(options, capsys):
    (record,) = re.findall(r"--record '(\{\".*?\})'", PAGE)
    assert main(["explain", "secondary-mathematics", "--record", record, *options]) == 0
    assert capsys.readouterr().out
