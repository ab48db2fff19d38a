"""Explanations of the bundles that ship, beside all coalitions and beside the package shap."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import satchel
from satchel import bundle as bundles
from satchel.given import used
from satchel.predictor import Predictor
from satchel.quantity import choose, scored
from satchel.spec import Category
from satchel_export.invent import invent

FEW_FIELDS = 6
FOLDER = Path(bundles.folders()[0])
SHIPPED = {
    bundle.name: bundle
    for bundle in satchel.models()
    if bundle.path.parent == FOLDER and len(bundle.spec.inputs.features) <= FEW_FIELDS
}
RECORDS = 3


@pytest.fixture(scope="module", params=SHIPPED)
def predictor(request):
    bundle = SHIPPED[request.param]
    if not bundle.spec.reference.background:  # of an older satchel
        invented = tuple(invent(bundle.spec.inputs, 16, 5))
        reference = replace(bundle.spec.reference, background=invented)
        bundle = replace(bundle, spec=replace(bundle.spec, reference=reference))
    return Predictor(bundle)


@pytest.mark.parametrize("way", ["exact", "drawn"])
def test_explanations_agree_with_the_package_shap(predictor, way, monkeypatch, capsys):
    shap = pytest.importorskip("shap")
    if way == "drawn":
        monkeypatch.setattr("satchel.explain.ALL_ROWS", 0)
    features = predictor.spec.inputs.features

    def coded(record):
        values = [used(f, record.get(f.name)) for f in features]
        return [
            f.values.index(v) if isinstance(f, Category) else v
            for f, v in zip(features, values, strict=True)
        ]

    background = np.array([coded(b) for b in predictor.spec.reference.background], float)
    masker = shap.maskers.Independent(background, max_samples=len(background))
    z = []
    for seed, record in enumerate(invent(predictor.spec.inputs, RECORDS, 9)):
        for k, name in enumerate(scored(predictor.spec)):
            quantity = choose(predictor.spec, name, predictor.predict(record))

            def answer(X, quantity=quantity):
                columns = {
                    f.name: [f.values[int(v)] for v in X[:, j]]
                    if isinstance(f, Category)
                    else X[:, j]
                    for j, f in enumerate(features)
                }
                return predictor.measure(columns, quantity)

            theirs = shap.explainers.Exact(answer, masker)(
                np.array([coded(record)], float), silent=True
            )
            # Another draw each, lest one unlucky draw counts for all.
            ours = predictor.explain(record, name, samples=2048, seed=10 * seed + k)
            scale = max(1.0, abs(ours.value))
            assert ours.base == pytest.approx(float(theirs.base_values[0]), abs=1e-6 * scale)
            values = dict(zip([f.name for f in features], theirs.values[0], strict=True))
            for one in ours.features:
                off = abs(one.contribution - values[one.feature])
                assert off <= 7 * one.error + 1e-5 * scale  # forests make long tails
                if one.error > 1e-6 * scale:
                    z.append(off / one.error)
    if len(z) >= 20:  # an additive model leaves hardly any error to judge
        assert np.median(z) < 1.2
    with capsys.disabled():
        figures = (
            f"largest |z| {max(z, default=0):.2f}, rms {np.sqrt(np.mean(np.square(z or [0]))):.2f}"
        )
        print(f" {predictor.name} {way}: {figures}")
