"""Invented records: for the checks that travel in a bundle, and to test parity with."""

from __future__ import annotations

import numpy as np

from satchel.spec import Feature, Inputs, Number, Value

BLANK, EXTREME = 0.05, 0.1


def invent(inputs: Inputs, count: int, seed: int) -> list[dict[str, Value]]:
    """Invent records that a model with these `inputs` can read.

    Values are drawn evenly: numbers from the range seen in training, at times from the limits;
    categories from all their values; now and then one is blank, where that is allowed. No value
    is taken from any row of any data set.
    """
    rng = np.random.default_rng(seed)
    return [{f.name: _value(f, rng) for f in inputs.features} for _ in range(count)]


def _value(feature: Feature, rng: np.random.Generator) -> Value:
    if feature.imputed is not None and rng.random() < BLANK:
        return None
    if not isinstance(feature, Number):
        return str(rng.choice(np.array(feature.values, object)))
    low, high = feature.seen or (0.0, 1.0)
    if rng.random() < EXTREME:
        least, most = feature.limits
        low = low - (high - low) if least is None else least
        high = high + (high - low) if most is None else most
    number = float(rng.uniform(low, high + 0.0))  # numpy takes -0.0 for less than 0.0
    rounded = float(round(number)) if feature.integer else round(number, 3)
    return min(max(rounded, low), high)
