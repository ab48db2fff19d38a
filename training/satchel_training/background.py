"""The invented records that explanations compare with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from satchel.spec import Category, Inputs, Number, Value
from satchel.values import is_missing

RECORDS, SEED = 32, 0
QUANTILES = 41
DRAWS = 100

# From a number between 0 and 1 to the value below which lies that share of a field's values.
Quantile = Callable[[float], Value]


def fit_background(
    inputs: Inputs, train: pd.DataFrame, count: int = RECORDS, seed: int = SEED
) -> tuple[dict[str, Value], ...]:
    """Invent records whose fields are each distributed as in the training rows.

    Each field is drawn by itself: a category by its share, a number from the line through some
    quantiles, so that few values are those of a row. Latin hypercube sampling (McKay et al. 1979)
    makes few records follow the shares almost exactly. A record that happens to equal a row is
    drawn again, in vain only where the rows hold every combination there is.

    Parameters
    ----------
    inputs : Inputs
    train : DataFrame
        Training rows.
    count : int
        Number of records.
    seed : int

    Returns
    -------
    tuple of dict
        Missing values are None.

    References
    ----------
    .. [1] McKay, Beckman, Conover (1979), A comparison of three methods for selecting values of
       input variables, Technometrics 21(2).
    """
    rng = np.random.default_rng(seed)
    names = [feature.name for feature in inputs.features]
    quantiles = [
        _category_quantile(f, train[f.name])
        if isinstance(f, Category)
        else _number_quantile(f, train[f.name])
        for f in inputs.features
    ]
    real = {_key(row) for row in train[names].itertuples(index=False)}
    spread = [(rng.permutation(count) + rng.random(count)) / count for _ in names]
    records = []
    for i in range(count):
        values = [quantile(float(of[i])) for quantile, of in zip(quantiles, spread, strict=True)]
        for _ in range(DRAWS):
            if _key(values) not in real:
                break
            values = [quantile(float(rng.random())) for quantile in quantiles]
        records.append(dict(zip(names, values, strict=True)))
    return tuple(records)


def _key(values: Iterable[object]) -> tuple[object, ...]:
    return tuple(None if is_missing(value) else value for value in values)


def _category_quantile(feature: Category, column: pd.Series) -> Quantile:
    ends = np.cumsum([float((column == value).mean()) for value in feature.values])

    def quantile(share: float) -> Value:
        i = int(np.searchsorted(ends, share, "right"))
        return feature.values[i] if i < len(ends) else _last(feature, column)

    return quantile


def _last(feature: Category, column: pd.Series) -> Value:
    """Return what comes after all categories: a missing value, where there are any."""
    return None if column.isna().any() else feature.values[-1]


def _number_quantile(feature: Number, column: pd.Series) -> Quantile:
    present = column.dropna().to_numpy(np.float64)
    there = len(present) / len(column)
    low, high = float(present.min()), float(present.max())
    places = np.linspace(0, 1, QUANTILES)
    points = np.quantile(present, places)
    decimals = 0 if feature.integer else max(0, 3 - math.floor(math.log10(high - low or 1.0)))

    def quantile(share: float) -> Value:
        if share >= there:
            return None
        number = round(float(np.interp(share / there, places, points)), decimals)
        return min(max(number, low), high)

    return quantile
