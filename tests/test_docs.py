import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ["command-line.md", "bundle.md", "python.md", "tables.md"]
FENCES = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
DOTTED = re.compile(r"\bsatchel(?:\.\w+)+")
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def text(page):
    return (ROOT / "docs" / page).read_text("utf-8")


def examples(page, language):
    return [code for name, code in FENCES.findall(text(page)) if name == language]


@pytest.mark.parametrize("page", ["bundle.md", "python.md", "tables.md"])
def test_the_python_examples_run_one_after_another(page):
    found = examples(page, "python")
    assert found
    names: dict = {}
    for code in found:
        exec(compile(code, page, "exec"), names)


@pytest.fixture
def shell(tmp_path):
    """Run a script in an empty folder with the examples, where `satchel` is this one."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "satchel").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m satchel "$@"\n')
    (bin_folder / "satchel").chmod(0o755)
    work = tmp_path / "work"
    shutil.copytree(ROOT / "examples", work / "examples")
    (work / "runtime" / "satchel").mkdir(parents=True)
    shutil.copy(ROOT / "runtime" / "satchel" / "doctor.py", work / "runtime" / "satchel")
    source = [
        str((ROOT / part).resolve()) for part in ("runtime", "training", "export", "web_demo")
    ]
    environment = {
        **os.environ,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(source),
    }

    def run(code):
        return subprocess.run(
            ["sh", "-eu", "-c", code], cwd=work, env=environment, capture_output=True, text=True
        )

    return run


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell")
@pytest.mark.parametrize("page", ["command-line.md", "tables.md"])
def test_the_shell_examples_run_one_after_another(shell, page):
    found = examples(page, "sh")
    assert found
    for code in found:
        done = shell(code)
        assert done.returncode == 0, f"{code}\n{done.stdout}{done.stderr}"


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell")
def test_the_page_of_own_data_leads_from_a_file_to_answers(shell):
    pytest.importorskip("sklearn", reason="needs the extra [train]")
    rows = 0
    for code in examples("own-data.md", "sh"):
        done = shell(code)
        assert done.returncode == 0, f"{code}\n{done.stdout}{done.stderr}"
        rows += done.stdout.count("\n") if "satchel predict" in code else 0
    assert rows == 29  # a header and 28 students


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell")
def test_the_page_of_other_models_makes_bundles_that_answer(shell):
    pytest.importorskip("skl2onnx", reason="needs the extra [train]")
    from satchel_training.own.declared import read_declared

    (python,), (commands,), (declared,) = (
        examples("other-models.md", language) for language in ("python", "sh", "toml")
    )
    script = f"cat > fit.py <<'END'\n{python}END\n{sys.executable} fit.py\n"
    done = shell(f"{sys.executable} examples/invented_school.py .\n{script}{commands}")
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert done.stdout.count("\n") == 30  # a line of the export, a header and 28 students
    assert len(read_declared(declared, "lastyear.toml").encoded) == 2


def test_the_declaration_that_the_page_of_own_data_shows_is_one():
    pytest.importorskip("sklearn", reason="needs the extra [train]")
    from satchel_training.own.declared import read_declared

    (code,) = examples("own-data.md", "toml")
    assert read_declared(code, "lastyear.toml").directions == {"Absences": "decreasing"}


def test_every_command_of_the_runtime_is_told():
    from satchel import cli

    headings = set(re.split(r", |\n", "\n".join(HEADING.findall(text("command-line.md")))))
    assert set(cli.BUILT_IN) - headings == set()


def test_every_public_error_is_told():
    import satchel

    errors = [name for name in satchel.__all__ if name.endswith("Error")]
    assert [
        name for name in errors if f"`{name}`" not in text("python.md").replace("satchel.", "")
    ] == []


def taught(content):
    """Return the dotted names of satchel that a page's Python examples and code spans use."""
    found = set(DOTTED.findall(" ".join(SPAN.findall(FENCES.sub("", content)))))
    for language, code in FENCES.findall(content):
        for node in ast.walk(ast.parse(code)) if language == "python" else ():
            if isinstance(node, ast.ImportFrom):
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.Attribute):
                found |= set(DOTTED.findall(ast.unparse(node)))
    return {name for name in found if name.startswith("satchel.")}


def is_public(name):
    import satchel
    import satchel.spec

    _, first, *rest = name.split(".")
    if first == "spec":
        return not rest or rest[0] in satchel.spec.__all__
    return first in ("__all__", *satchel.__all__)


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))])
def test_no_page_teaches_what_is_private(page):
    names = taught((ROOT / page).read_text("utf-8"))
    assert sorted(name for name in names if not is_public(name)) == []


def test_private_names_are_found_where_pages_teach_them():
    page = """
`satchel.load`, `satchel.spec.Number`, `satchel.spec.inputs`, `from satchel.files import opened`
```python
import satchel.cli
from satchel import load, values
from satchel.bundle import read
satchel.note.Note(satchel.Predictor.predict)
```
```sh
python -m satchel.doctor
```
"""
    assert {name for name in taught(page) if not is_public(name)} == {
        "satchel.spec.inputs",
        "satchel.files",
        "satchel.cli",
        "satchel.values",
        "satchel.bundle.read",
        "satchel.note.Note",
        "satchel.note",
    }


def test_what_the_page_says_of_the_bundle_is_what_the_classes_are():
    location = importlib.util.spec_from_file_location("bundle_page", ROOT / "tools/bundle_page.py")
    module = importlib.util.module_from_spec(location)
    location.loader.exec_module(module)
    assert module.page(text("bundle.md")) == text("bundle.md"), "run: python tools/bundle_page.py"


@pytest.mark.parametrize("page", PAGES)
def test_the_links_lead_somewhere(page):
    content = text(page)
    for link in re.findall(r"\]\((?!http)([^)]+)\)", content):
        path, _, anchor = link.partition("#")
        assert (ROOT / "docs" / path).exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", content, re.MULTILINE)
            assert anchor in [heading.lower().replace(" ", "-") for heading in headings], link
