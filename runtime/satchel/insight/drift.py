"""Is a class list still like the rows that a model was trained on.

Each field is compared with the bins in the spec's reference, twice: its values, and how often it
is missing. The predictions are compared likewise. Two questions are asked of each comparison:

- *How large* is the difference? The population stability index (PSI): the sum over the bins of
  ``(now - then) * log(now / then)``. By convention 0.1 is worth a look, 0.25 is drift. Half a
  row is added to each bin, so that an empty one gives no infinity. Chance alone gives about
  ``(bins - 1) * (1 / n + 1 / N)`` for lists of `n` and `N` rows (Yurdakul and Naranjo 2020),
  so the index counts only by what it exceeds that.
- *Can it be chance?* For numbers the Kolmogorov-Smirnov test on the bins, with its asymptotic
  distribution: on bins, and on values that come often, it errs towards calling it chance. For
  categories, labels and missing values the chi-square test; bins that expect fewer than five rows
  are taken together. Holm's correction makes the p-values hold for all comparisons at once.

Only what is large and not by chance is called drift. Below 20 rows nothing is: there the
tests are rough. `tests/real/test_drift.py` counts how often chance alone is called drift.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from satchel.encode.rows import read_rows
from satchel.errors import BundleError
from satchel.insight.tally import ClassList, Tally, columns_of
from satchel.measure.chance import chi_square_tail, holm, kolmogorov_tail
from satchel.prediction import Floats, Origin
from satchel.spec import NumberBins, Spec

if TYPE_CHECKING:
    from satchel.encode.rows import Rows
    from satchel.insight.predicting import Predicting

SLIGHT, LARGE = 0.1, 0.25
LEVEL = 0.05
LEAST_ROWS = 20
LEAST_EXPECTED = 5
MOST_ROWS = 10**15  # what a spec says may be too large for a float

Verdict = Literal["none", "slight", "drift", "too few"]
WORSE: tuple[Verdict, ...] = ("too few", "none", "slight", "drift")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Shares of the class list beside those of the training rows.

    Attributes
    ----------
    rows : int
        Values that are compared.
    psi : float
        Population stability index.
    by_chance : float
        What the index is expected to be for as many rows without any drift.
    test : str
        ``kolmogorov-smirnov`` or ``chi-square``.
    statistic : float
        Of the test.
    p : float
        Of this comparison alone.
    adjusted_p : float
        After Holm's correction for all comparisons of the same kind.
    verdict : str
        ``none``; ``slight``: by more than 0.1 of the index and not by chance; ``drift``: by more
        than 0.25; ``too few``: less than 20 values.
    """

    __module__ = "satchel"

    rows: int
    psi: float
    by_chance: float
    test: str
    statistic: float
    p: float
    adjusted_p: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """One field, or the predictions of one output.

    Attributes
    ----------
    name : str
    values : Comparison
        Of the values that are there.
    missing : Comparison
        Of how often they are not.
    missing_now, missing_then : float
        Share of missing values in the class list and in the training rows.
    new : mapping of str to int
        Categories that training never saw, and how often they came.
    unreadable : int
        Values that are no number, where one is wanted.
    """

    __module__ = "satchel"

    name: str
    values: Comparison
    missing: Comparison
    missing_now: float
    missing_then: float
    new: Mapping[str, int]
    unreadable: int

    @property
    def verdict(self) -> Verdict:
        """The worse of both comparisons."""
        return max(self.values.verdict, self.missing.verdict, key=WORSE.index)


@dataclass(frozen=True, slots=True)
class Drift:
    """How a class list compares with the training rows.

    Attributes
    ----------
    origin : Origin
        The model.
    rows, refused : int
        Rows of the list, and how many of them the model could not answer.
    verdict : str
        The worst of all: ``none``, ``slight``, ``drift``; or ``too few`` rows to say.
    features : tuple of FeatureDrift
        The model's fields, in its order.
    outputs : tuple of FeatureDrift
        Its predictions; empty where the bundle has no reference for them.
    """

    __module__ = "satchel"

    origin: Origin
    rows: int
    refused: int
    verdict: Verdict
    features: tuple[FeatureDrift, ...]
    outputs: tuple[FeatureDrift, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain Python, ready for JSON, with the thresholds beside the figures."""
        plain = asdict(self)
        for kind, parts in (("features", self.features), ("outputs", self.outputs)):
            plain[kind] = [{**asdict(part), "verdict": part.verdict} for part in parts]
        plain["thresholds"] = {"slight": SLIGHT, "drift": LARGE, "level": LEVEL, "rows": LEAST_ROWS}
        return {**plain.pop("origin"), **plain}


def drift(predictor: Predicting, rows: Rows) -> Drift:
    """Compare rows with the reference; see `satchel.Predictor.drift`."""
    class_list = start(predictor)
    read = read_rows(rows)
    columns = columns_of(read, predictor.spec.inputs.features)
    class_list.add(columns, predictor.predict_many(read))
    return finish(predictor, class_list)


def start(predictor: Predicting) -> ClassList:
    """Return an empty class list to count rows in.

    Raises
    ------
    BundleError
        Where the bundle has no reference.
    """
    if not predictor.spec.reference.bins:
        raise BundleError(f"{predictor.name} has no reference to compare with")
    return ClassList(predictor.spec)


def finish(predictor: Predicting, class_list: ClassList) -> Drift:
    """Compare what was counted."""
    then = training_rows(predictor.spec)
    features = _correct([_feature(tally, then) for tally in class_list.features])
    outputs = _correct([_feature(tally, then) for tally in class_list.outputs])
    verdict: Verdict = "too few"
    if class_list.rows >= LEAST_ROWS:
        verdict = max((f.verdict for f in features + outputs), key=WORSE.index)
    return Drift(
        predictor.origin,
        class_list.rows,
        class_list.refused,
        verdict,
        tuple(features),
        tuple(outputs),
    )


def training_rows(spec: Spec) -> int:
    """Return how many rows the reference stands for; for older bundles, all of the data set."""
    return min(max(1, spec.reference.rows or spec.card.source.rows), MOST_ROWS)


def _feature(tally: Tally, then: int) -> FeatureDrift:
    bins = tally.bins
    new = sum(tally.new.values())
    there = int(tally.counts.sum()) + new
    rows = there + tally.missing
    reference = np.array(bins.shares) * then * (1 - bins.missing)
    if isinstance(bins, NumberBins):
        values = compare_numbers(tally.counts, reference)
    else:
        values = compare_categories([*tally.counts, new], [*reference, 0])
    return FeatureDrift(
        name=bins.feature,
        values=values,
        missing=compare_categories(
            [there, tally.missing], [then * (1 - bins.missing), then * bins.missing]
        ),
        missing_now=tally.missing / rows if rows else 0.0,
        missing_then=bins.missing,
        new=dict(tally.new.most_common()),
        unreadable=tally.unreadable,
    )


def _correct(features: Sequence[FeatureDrift]) -> list[FeatureDrift]:
    """Correct the p-values for all comparisons, and give the verdicts."""
    comparisons = [one for feature in features for one in (feature.values, feature.missing)]
    adjusted = iter(holm([one.p for one in comparisons if one.rows >= LEAST_ROWS]))
    judged = iter(
        [_judge(one, next(adjusted)) if one.rows >= LEAST_ROWS else one for one in comparisons]
    )
    return [replace(f, values=next(judged), missing=next(judged)) for f in features]


def _judge(one: Comparison, adjusted: float) -> Comparison:
    excess = one.psi - one.by_chance
    verdict: Verdict = "none"
    if adjusted < LEVEL and excess > SLIGHT:
        verdict = "drift" if excess > LARGE else "slight"
    return replace(one, adjusted_p=adjusted, verdict=verdict)


def compare_numbers(now: ArrayLike, then: ArrayLike) -> Comparison:
    """Compare counts in ordered bins: the Kolmogorov-Smirnov test.

    Parameters
    ----------
    now, then : array-like, shape (bins,)
        Rows of the class list and of the training data; the latter need not be whole.
    """
    counts, reference = np.asarray(now, np.float64), np.asarray(then, np.float64)
    n, m = counts.sum(), reference.sum()
    distance, p = 0.0, 1.0
    if n and m:
        distance = float(np.abs(np.cumsum(counts) / n - np.cumsum(reference) / m).max())
        p = kolmogorov_tail(math.sqrt(n * m / (n + m)) * distance)
    return _comparison(counts, reference, "kolmogorov-smirnov", distance, p)


def compare_categories(now: ArrayLike, then: ArrayLike) -> Comparison:
    """Compare counts in bins without order: the chi-square test; otherwise `compare_numbers`."""
    counts, reference = np.asarray(now, np.float64), np.asarray(then, np.float64)
    statistic, p = 0.0, 1.0
    if counts.sum() and reference.sum():
        a, b = _pooled(counts, reference)
        ratio = math.sqrt(b.sum() / a.sum())
        statistic = float((((a * ratio - b / ratio) ** 2) / (a + b)).sum())
        p = chi_square_tail(statistic, len(a) - 1)
    return _comparison(counts, reference, "chi-square", statistic, p)


def _pooled(now: Floats, then: Floats) -> tuple[Floats, Floats]:
    """Take rare bins together, so that each expects enough rows of the shorter list."""
    both = now + then
    order = np.argsort(both, kind="stable")
    expected = both[order] * min(now.sum(), then.sum()) / both.sum()
    rare = int((expected < LEAST_EXPECTED).sum())
    if 0 < expected[:rare].sum() < LEAST_EXPECTED:
        rare += 1  # together they are still too few: the next rarest joins them
    empty = int((both == 0).sum())
    starts = [empty, *range(max(rare, empty + 1), len(both))]
    return np.add.reduceat(now[order], starts), np.add.reduceat(then[order], starts)


def _comparison(now: Floats, then: Floats, test: str, statistic: float, p: float) -> Comparison:
    met = (now > 0) | (then > 0)
    bins = max(int(met.sum()), 1)
    n, m = float(now.sum()), float(then.sum())
    psi = by_chance = 0.0
    if n and m and bins > 1:
        new, old = (now[met] + 0.5) / (n + bins / 2), (then[met] + 0.5) / (m + bins / 2)
        psi = float(((new - old) * np.log(new / old)).sum())
        by_chance = (bins - 1) * (1 / n + 1 / m)
    return Comparison(round(n), psi, by_chance, test, statistic, p, 1.0, "too few")
