import dataclasses

import pytest

from satchel import findings
from satchel.spec import CHOICE, TEST, WITHOUT, Disparity, Importance, Metric


@pytest.fixture
def with_card(spec):
    """Return the tiny spec with parts of its card replaced."""

    def make(**parts):
        return dataclasses.replace(spec, card=dataclasses.replace(spec.card, **parts))

    return make


def metric(value, protocol=TEST, name="rmse", **beside):
    return Metric(output="grade", name=name, protocol=protocol, value=value, **beside)


def test_a_figure_behind_the_naive_guess_or_a_published_one_is_told(with_card):
    spec = with_card(metrics=(metric(2.5, naive=2.0, published=1.0),))
    one, two = findings.shortfalls(spec)
    assert "RMSE 2.500 on test split is behind the naive guess, 2.000" in one
    assert "behind the published figure, 1.000" in two


@pytest.mark.parametrize(
    ("name", "value", "naive", "short"),
    [("rmse", 1.0, 2.0, 0), ("accuracy", 0.9, 0.8, 0), ("accuracy", 0.7, 0.8, 1), ("mse", 2, 1, 0)],
)
def test_of_a_share_the_greater_is_better(with_card, name, value, naive, short):
    spec = with_card(metrics=(metric(value, name=name, naive=naive),))
    assert len(findings.shortfalls(spec)) == short


def test_what_a_school_can_change_is_told_from_the_weights(with_card, spec):
    first, second = spec.inputs.features[:2]
    names = {f.name: f for f in spec.inputs.features}
    importance = (
        Importance(feature=first.name, value=3.0, spread=0.1),
        Importance(feature=second.name, value=1.0, spread=0.1),
    )
    text = " ".join(findings.what_matters(with_card(importance=importance)))
    assert f"{first.label} (75%), {second.label} (25%)" in text
    changeable = [n for n in (first.name, second.name) if names[n].actionable]
    assert ("leans on nothing" in text) == (not changeable)
    assert "not tell which way" in text
    assert "associations" in text


def test_a_model_that_was_not_looked_into_says_nothing(with_card):
    assert findings.what_matters(with_card(importance=())) == []


def test_the_cost_of_leaving_out_sensitive_inputs_is_told(with_card, spec):
    sensitive = [f for f in spec.inputs.features if f.sensitive]
    text = findings.cost_without_sensitive(
        with_card(measure="rmse", metrics=(metric(2.0, CHOICE), metric(2.25, WITHOUT)))
    )
    if sensitive:
        assert "2.250 in cross-validation, in place of 2.000" in text
        assert sensitive[0].label in text
    else:
        assert text == "It uses no sensitive input."


@pytest.mark.parametrize(("chance", "said"), [(0.5, "drawn by lot may differ"), (0.1, "more than")])
def test_a_difference_is_held_against_chance(chance, said):
    one = Disparity(
        output="g", feature="f", name="abroca", value=0.3, low=0.2, high=0.4, chance=chance
    )
    assert said in findings.disparity(one, "Sex")
    assert "0.300 (0.200 to 0.400)" in findings.disparity(one, "Sex")


def test_a_value_has_its_bounds_where_it_has_any():
    assert findings.figure(metric(0.8)) == "0.800"
    assert findings.figure(metric(0.8, bounds=(0.7, 0.9))) == "0.800 (0.700 to 0.900)"


@pytest.mark.parametrize(
    ("value", "bounds", "short"),
    [
        (0.81, (0.71, 0.88), True),  # chance does not explain it
        (0.81, (0.71, 0.95), True),  # nine points short
        (0.88, (0.80, 0.95), False),
        (0.95, None, False),
    ],
)
def test_an_interval_that_holds_less_than_it_claims_is_told(with_card, value, bounds, short):
    spec = with_card(metrics=(metric(value, name="coverage_90", bounds=bounds),))
    found = findings.shortfalls(spec)
    assert bool(found) == short
    if short:
        assert "claims 90% holds 0.810" in found[0]
