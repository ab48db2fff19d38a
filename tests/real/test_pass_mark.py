"""A school's own pass mark, on the shipped models."""

import json

import pytest

import satchel
from satchel.cli import main

RECORD = {"G1": 9, "G2": 9}


def test_a_lower_mark_is_passed_more_likely_and_the_value_stays():
    usual, lower = (satchel.load("secondary-mathematics", pass_at=m) for m in (None, "40/100"))
    before, after = usual.predict(RECORD), lower.predict(RECORD)
    assert lower.spec.outputs[0].pass_at == 8
    assert after.probability > before.probability
    assert after.probability == before.distribution.probability_of(8)
    assert (after.value, after.distribution) == (before.value, before.distribution)
    assert after.risk == 1 - after.probability


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("x", "pass mark 'x' is no number: give one such as 8 or 40/100"),
        ("40/0", "pass mark '40/0' is no number"),
        (30, "pass mark 30 is not among the scores of G3: give one above 0, and not above 20"),
        (0, "pass mark 0 is not among the scores"),
        ("120/100", "pass mark 120/100 is not among the scores"),
    ],
)
def test_a_mark_that_fits_no_score_is_refused(mark, message):
    with pytest.raises(satchel.SatchelError, match=message):
        satchel.load("secondary-mathematics", pass_at=mark)


def test_a_model_without_a_distribution_has_its_own_mark():
    with pytest.raises(satchel.SatchelError, match="gives no distribution of scores"):
        satchel.load("secondary-mathematics.mlp", pass_at=8)


def test_a_share_needs_a_total():
    with pytest.raises(satchel.SatchelError, match="the most that Exam_Score can be is not known"):
        satchel.load("study-hours", pass_at="50/100")


def test_the_command_line_takes_it_too(capsys):
    record = json.dumps(RECORD)
    for extra in ([], ["--pass-at", "8"]):
        assert main(["predict", "secondary-mathematics", "--record", record, "--json", *extra]) == 0
    usual, lower = capsys.readouterr().out.split("}\n{")
    found = (usual, lower)
    risks = [float(text.partition('"risk": ')[2].partition(",")[0]) for text in found]
    assert risks[1] < risks[0]


def test_the_site_uses_it_where_it_fits():
    pytest.importorskip("flask", reason="pip install '.[web]'")
    from satchel_web.app import Config, create_app

    client = create_app(Config(pass_at="40/100")).test_client()
    body = {"features": RECORD}
    plain = create_app(Config()).test_client()
    url = "/api/v1/models/secondary-mathematics/predict"
    ours, usual = (c.post(url, json=body).json["outputs"]["G3"] for c in (client, plain))
    assert ours["risk"] < usual["risk"]
    assert ours["distribution"] == usual["distribution"]
    with pytest.raises(satchel.SatchelError, match="no number"):
        create_app(Config(pass_at="x"))
