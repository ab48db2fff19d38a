import json
from dataclasses import replace

import pytest

from satchel import load
from satchel.cli import main
from satchel.spec import Reference


@pytest.fixture
def run(tiny_path, record, capsys):
    def run(*options, model=tiny_path, **changes):
        text = json.dumps({**record, **changes})
        code = main(["explain", str(model), "--record", text, *options])
        return code, *capsys.readouterr()

    return run


def test_every_field_is_listed_with_its_share(run, predictor, record):
    code, out, _ = run("--output", "grade")
    assert code == 0
    assert out.startswith("Demonstration.")
    explanation = predictor.explain(record, "grade")
    for one in explanation.features:
        assert f"{one.contribution:+.2f}" in out
        assert f"({one.feature}) = " in out
    assert f"grade: {explanation.value:.2f} points" in out
    assert f"{explanation.base:.2f}  on average over 2 invented students" in out
    assert "±" not in out  # of so few fields the values are exact


def test_errors_are_shown_where_values_are_drawn(run, monkeypatch):
    monkeypatch.setattr("satchel.insight.explain.ALL_ROWS", 0)
    _, out, _ = run("--output", "grade", "--samples", "64")
    assert out.count("(± 0.0") == 6
    assert "standard error that 64 draws leave" in out


def test_probabilities_are_in_hundredths(run, predictor, record):
    _, out, _ = run("--output", "outcome", effort=None)
    explanation = predictor.explain({**record, "effort": None}, "outcome")
    assert f"outcome: {100 * explanation.value:.1f} % probability of pass" in out
    assert "medium, which stands for a missing value" in out


def test_json_is_what_the_predictor_gives(run, predictor, record, monkeypatch):
    monkeypatch.setattr("satchel.insight.explain.ALL_ROWS", 0)
    _, out, _ = run("--output", "grade", "--samples", "64", "--json")
    expected = predictor.explain(record, "grade", samples=64).as_dict()
    assert json.loads(out) == {"explanation": json.loads(json.dumps(expected))}


def test_a_change_shows_before_and_after(run, predictor, record):
    code, out, _ = run("--change", '{"hours": 50}')
    found = predictor.what_if(record, {"hours": 50})
    assert code == 0
    assert f"({found.differences['grade']:+.2f})" in out
    assert "Not reliable after the change: hours = 50 was brought to 40" in out
    assert "group: " in out
    assert "not promises" in out
    plain = json.loads(run("--change", '{"hours": 50}', "--json")[1])
    assert plain == {"what_if": json.loads(json.dumps(found.as_dict()))}


UNREWARDED = "Changes that the model does not reward"


def actionable(spec, **directions):
    """Return `inputs` with these fields alone actionable, in these directions."""
    features = tuple(
        replace(f, actionable=f.name in directions, direction=directions.get(f.name, ""))
        for f in spec.inputs.features
    )
    return {"inputs": replace(spec.inputs, features=features)}


def suggested(out):
    """Return the lines of the changes that are rewarded, and of those that are not."""
    first, _, second = out.partition(UNREWARDED)
    return ([line for line in part.splitlines() if " -> " in line] for part in (first, second))


def test_the_best_change_of_each_field_is_told_with_the_caution(run, predictor, record):
    code, out, _ = run("--output", "grade", "--suggest")
    assert code == 0
    best = predictor.suggest(record, "grade").changes[0]
    rewarded, others = suggested(out)
    line = f"{best.effect:+.2f}  Hours of study (hours) = 6.5 h -> {best.value:g} h"
    assert [one.strip() for one in rewarded] == [line]
    assert not others
    assert UNREWARDED not in out
    assert "not promises" in out
    plain = json.loads(run("--output", "grade", "--suggest", "--json")[1])
    assert len(plain["suggestions"]["changes"]) > 1


def test_a_change_that_the_model_does_not_reward_is_told_apart(run, write_variant, spec, record):
    path = write_variant(**actionable(spec, hours="decrease", effort="decrease", course=""))
    rewarded, others = suggested(run("--output", "grade", "--suggest", model=path)[1])
    found = load(path).suggest(record, "grade").best
    assert {one.effect > 0 for one in found} == {True, False}
    for one in found:
        told, silent = (rewarded, others) if one.effect > 0 else (others, rewarded)
        assert sum(f"({one.feature})" in line for line in told) == 1
        assert not any(f"({one.feature})" in line for line in silent)


def test_an_effect_too_small_to_show_is_none(run):
    out = run("--output", "grade", "--suggest", hours=29.999)[1]
    rewarded, others = suggested(out)
    assert not rewarded
    (line,) = others
    assert line.strip() == "no effect  Hours of study (hours) = 29.999 h -> 30 h"


def test_nothing_left_to_change_is_said(run, write_variant, spec):
    out = run("--output", "grade", "--suggest", hours=30)[1]
    assert "Nothing is left to try in the direction that a school would want." in out
    out = run("--output", "grade", "--suggest", model=write_variant(**actionable(spec)))[1]
    assert "It uses nothing that a school or student could change." in out


def test_no_background_is_said_in_one_line(run, write_variant):
    code, out, err = run("--output", "grade", model=write_variant(reference=Reference()))
    assert (code, out) == (2, "")
    assert "has no background records" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "several outputs: name one of grade, outcome"),
        (["--output", "marks"], "'marks' is no output"),
        (["--change", "{"], "--change is not JSON"),
        (["--change", "[]"], "changes map field names to values"),
        (["--change", '{"hour": 3}'], "did you mean 'hours'"),
    ],
)
def test_wrong_use_is_said_in_one_line(run, options, words):
    code, out, err = run(*options)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
