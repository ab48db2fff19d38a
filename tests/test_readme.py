import re
from pathlib import Path

import pytest

import satchel

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_the_python_example_runs():
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["prediction"].label == "pass"
    assert isinstance(names["many"][1], satchel.RecordError)
    assert names["many"].outputs["G3"].value[0] == names["prediction"].value


@pytest.mark.parametrize("bundle", satchel.models(), ids=lambda bundle: bundle.name)
def test_the_figures_are_those_of_the_cards(bundle):
    protocols = (
        "10-fold cross-validation on the training part",
        "10-fold cross-validation on all rows",
        "test split",
    )
    metrics = [bundle.spec.card.metric("rmse", protocol) for protocol in protocols]
    default = " (default)" if bundle.default else ""
    values = " | ".join(f"{metric.value:.3f}" for metric in metrics)
    assert f"| `{bundle.name}`{default} | {values} |" in README
    naive = " | ".join(f"{metric.naive:.3f}" for metric in metrics)
    assert f"| naive guess: the last known grade | {naive} |" in README


def test_the_links_lead_to_files_that_are_there():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (Path(__file__).parents[1] / link).exists()] == []
