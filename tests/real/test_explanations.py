"""Explanations of every bundle that ships, beside those of the package shap."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import shap
from scipy import stats

import satchel
from satchel import bundle as bundles
from satchel.insight.explain import ALL_ROWS, Explanation
from satchel.insight.given import used
from satchel.insight.quantity import choose, scored
from satchel.predictor import SAMPLES, Predictor
from satchel.spec import Category
from satchel_export.invent import invent

HOME = Path(bundles.folders()[0])
SHIPPED = {bundle.name: bundle for bundle in satchel.models() if bundle.path.parent == HOME}
FEW = 9  # fields of which shap asks for all coalitions; of more it draws orders
ORDERS = 32  # that shap draws, each with its reverse
CHANCE = 1e-4  # that a bundle whose values are right fails
ROUNDING = 1e-6  # of the answer: graphs answer in float32
NOISY = ("secondary-mathematics.mlp", "secondary-mathematics-early.gradient-boosting")
SEEDS = 100


@dataclass
class Compared:
    """One output of one record, explained by both; one item per field, in their order."""

    ours: Explanation
    values: np.ndarray
    errors: np.ndarray
    base: float
    theirs: np.ndarray
    their_errors: np.ndarray

    @property
    def rounding(self):
        return ROUNDING * max(1.0, abs(self.ours.value), abs(self.ours.base))

    def p_values(self, values):
        """Of Welch's test that `values` and shap's are estimates of the same."""
        pairs = self.ours.samples // 2
        ours = np.hypot(self.errors, self.rounding) * np.sqrt(pairs)
        theirs = np.hypot(self.their_errors, self.rounding) * np.sqrt(ORDERS)
        return stats.ttest_ind_from_stats(
            values, ours, pairs, self.theirs, theirs, ORDERS, equal_var=False
        ).pvalue


def explained_by_shap(predictor, record, quantity):
    """Return base value, values and their standard errors, in the order of the fields."""
    features = predictor.spec.inputs.features

    def coded(record):
        values = [used(f, record.get(f.name)) for f in features]
        return [
            f.values.index(v) if isinstance(f, Category) else v
            for f, v in zip(features, values, strict=True)
        ]

    def answer(X):
        columns = {
            f.name: np.array(f.values, object)[X[:, j].astype(int)]
            if isinstance(f, Category)
            else X[:, j]
            for j, f in enumerate(features)
        }
        return predictor.measure(columns, quantity)

    background = np.array([coded(b) for b in predictor.spec.reference.background], float)
    masker = shap.maskers.Independent(background, max_samples=len(background))
    row = np.array([coded(record)], float)
    if len(features) <= FEW:
        found = shap.explainers.Exact(answer, masker)(row, silent=True)
        return float(found.base_values[0]), found.values[0], np.zeros(len(features))
    # The record again and again, an order each: their spread is the error of their mean.
    found = shap.explainers.Permutation(answer, masker, seed=1)(
        np.repeat(row, ORDERS, axis=0), max_evals=2 * len(features) + 1, silent=True
    )
    errors = found.values.std(axis=0, ddof=1) / np.sqrt(ORDERS)
    return float(found.base_values[0]), found.values.mean(axis=0), errors


def compare(predictor, samples, records):
    names = [f.name for f in predictor.spec.inputs.features]
    found = []
    for record in invent(predictor.spec.inputs, records, 9):
        for output in scored(predictor.spec):
            # Another draw each, lest one unlucky draw counts for all.
            ours = predictor.explain(record, output, samples, seed=len(found))
            by_name = {one.feature: one for one in ours.features}
            values = np.array([by_name[name].contribution for name in names])
            errors = np.array([by_name[name].error for name in names])
            quantity = choose(predictor.spec, output, predictor.predict(record))
            theirs = explained_by_shap(predictor, record, quantity)
            found.append(Compared(ours, values, errors, *theirs))
    return found


def asks_for_all(bundle):
    reference, fields = bundle.spec.reference, len(bundle.spec.inputs.features)
    return 2**fields * len(reference.background) <= ALL_ROWS


@pytest.fixture(scope="module", params=SHIPPED)
def drawn(request):
    """What both say of a bundle, where orders are drawn even of few fields."""
    predictor = Predictor(SHIPPED[request.param])
    few = len(predictor.spec.inputs.features) <= FEW
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("satchel.insight.explain.ALL_ROWS", 0)
        # Few fields can have effects that few orders show: an error needs many to tell of them.
        return compare(predictor, *((16 * SAMPLES, 3) if few else (2 * SAMPLES, 1)))


def test_every_bundle_that_ships_is_compared():
    index = json.loads((HOME / "index.json").read_text(encoding="utf-8"))
    assert sorted(SHIPPED) == sorted(index["bundles"]) != []


def test_drawn_values_are_those_of_shap_within_the_errors_of_both(drawn):
    p = np.concatenate([one.p_values(one.values) for one in drawn])
    assert p.min() * len(p) > CHANCE
    if len(p) >= 15:  # fewer tell nothing of their spread
        assert np.sqrt(np.mean(stats.norm.isf(p / 2) ** 2)) < 1.5


def test_a_value_that_is_a_fifth_too_large_would_be_found(drawn):
    one = max(drawn, key=lambda one: np.abs(one.values).max())
    values = one.values.copy()
    largest = np.abs(values).argmax()
    values[largest] *= 1.2
    assert one.p_values(values)[largest] * sum(len(one.values) for one in drawn) < CHANCE


def test_values_add_up_to_the_answer_minus_the_base_and_both_are_those_of_shap(drawn):
    for one in drawn:
        assert one.values.sum() == pytest.approx(one.ours.value - one.ours.base, abs=1e-9)
        assert one.base == pytest.approx(one.ours.base, abs=one.rounding)
        assert one.base + one.theirs.sum() == pytest.approx(one.ours.value, abs=one.rounding)


@pytest.mark.parametrize("name", [name for name, one in SHIPPED.items() if asks_for_all(one)])
def test_values_of_few_fields_are_those_of_shap(name):
    for one in compare(Predictor(SHIPPED[name]), samples=1, records=3):
        np.testing.assert_allclose(one.values, one.theirs, rtol=0, atol=one.rounding)
        assert not one.errors.any()
        assert one.values.sum() == pytest.approx(one.ours.value - one.ours.base, abs=1e-9)


@pytest.mark.parametrize("name", NOISY)
def test_the_errors_of_many_fields_are_as_large_as_they_say(name):
    predictor = Predictor(SHIPPED[name])
    (record,) = invent(predictor.spec.inputs, 1, 9)
    values, errors = [], []
    for seed in range(SEEDS):
        features = sorted(predictor.explain(record, seed=seed).features, key=lambda c: c.feature)
        values.append([c.contribution for c in features])
        errors.append([c.error for c in features])
    z = (values - np.mean(values, axis=0)) / errors
    each = (z**2).sum(axis=0) / (SEEDS - 1)
    assert 0.9 < each.mean() < 1.2  # an error of few draws is at times too small
    assert (each > 0.5).all()
    assert (each < 1.8).all()
