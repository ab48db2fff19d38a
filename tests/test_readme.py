import importlib.util
import json
import re
from pathlib import Path

import pytest

import satchel

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_python_example_runs():
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["prediction"].label == "pass"
    assert isinstance(names["many"][1], satchel.RecordError)
    assert names["many"].outputs["G3"].value[0] == names["prediction"].value


def test_what_the_documents_say_of_models_and_data_sets_is_current():
    pytest.importorskip("satchel_export", reason="pip install '.[train]'")
    location = importlib.util.spec_from_file_location("documents", ROOT / "tools/documents.py")
    documents = importlib.util.module_from_spec(location)
    location.loader.exec_module(documents)
    for path, text in documents.documents().items():
        assert documents.read(path) == text, "run: python tools/documents.py"


def test_the_http_example_gets_its_answer(tmp_path):
    pytest.importorskip("flask", reason="pip install '.[web]'")
    from satchel_web import create_app

    url = re.search(r"localhost:8000(\S+/predict)", README)[1]
    (body,) = re.findall(r"-d @(\S+)", README)
    response = create_app().test_client().post(url, json=json.loads((ROOT / body).read_text()))
    assert response.status_code == 200
    assert "outputs" in response.json["predictions"][0]


def test_what_is_to_be_installed_is_there_to_install():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    texts = {page.name: page.read_text("utf-8") for page in pages}
    wheels = re.findall(r"satchel-(\d\S*?)-py3-none-any\.whl", " ".join(texts.values()))
    assert set(wheels) == {satchel.__version__}
    # No package index has it.
    assert [
        name for name, text in texts.items() if re.search(r"install '?satchel\b(?!-)", text)
    ] == []


def test_the_links_lead_to_files_that_are_there():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
