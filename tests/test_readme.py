import json
import re
from pathlib import Path

import pytest

import satchel

ALL_ROWS, TEST = "10-fold cross-validation on all rows", "test split"
ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_python_example_runs():
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["prediction"].label == "pass"
    assert isinstance(names["many"][1], satchel.RecordError)
    assert names["many"].outputs["G3"].value[0] == names["prediction"].value


def table():
    """The README's table of the models, from their cards."""
    lines = [
        "| model | fields | all rows | naive guess | published | test split | naive guess |",
        "|---|---|---|---|---|---|---|",
    ]
    for bundle in satchel.models():
        card = bundle.spec.card
        everywhere, tested = (card.metric("rmse", protocol) for protocol in (ALL_ROWS, TEST))
        cells = [
            f"`{bundle.name}`" + (" (default)" if bundle.default else ""),
            str(len(bundle.spec.inputs.features)),
            f"**{everywhere.value:.3f}**",
            f"{everywhere.naive:.3f}",
            f"{everywhere.published:.2f}",
            f"{tested.value:.3f}",
            f"{tested.naive:.3f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def test_the_table_of_the_models_is_that_of_their_cards():
    assert table() in README


def test_the_http_example_gets_its_answer(tmp_path):
    pytest.importorskip("flask", reason="the site needs the extra 'web'")
    from satchel_web import create_app

    url = re.search(r"localhost:8000(\S+/predict)", README)[1]
    (body,) = re.findall(r"-d @(\S+)", README)
    response = create_app().test_client().post(url, json=json.loads((ROOT / body).read_text()))
    assert response.status_code == 200
    assert "outputs" in response.json["predictions"][0]


def test_the_links_lead_to_files_that_are_there():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
