"""How a model treats the groups of a sensitive feature, and what of that is mere chance.

Of every difference between groups it is told how large it is, how sure that is, and how large
it would be between groups drawn by lot: one that is smaller tells nothing about the groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satchel.measure.roc import largest_area
from satchel.measure.scores import called_pass
from satchel.prediction import Answers
from satchel.spec import Classes, Disparity, Group, Score

LEAST = 20  # members of a group, without which a figure is noise
CURVES = 100  # draws of ROC curves, which are slow
BLOCK = 1_000_000  # rows drawn at a time, over all draws: what bounds the memory

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]
# A figure of a group is the mean of a value over its rows, or over those that a mask picks.
Means = dict[str, tuple[Floats, Bools | None]]
# From the name of a figure to its values, shape (draws, groups).
Figures = dict[str, Floats]


def fairness(
    output: Score | Classes,
    true: NDArray[Any],
    answers: Answers,
    features: Mapping[str, ArrayLike],
    *,
    seed: int = 0,
    resamples: int = 500,
    least: int = LEAST,
) -> tuple[tuple[Group, ...], tuple[Disparity, ...]]:
    """Return the figures of every group, and how far they differ between the groups.

    A score has `mean_true`, `mean_error` (absolute) and `bias` (predicted less true), in its
    unit. An outcome, which is the positive class or a pass, has `base_rate`, `selection_rate`,
    `true_positive_rate` and `false_positive_rate`; a class also `accuracy` and `calibration`
    (mean probability less the share that came true). A rate of no rows is left out.

    Between groups, largest less smallest, a score has `bias_difference` and `error_difference`,
    an outcome `demographic_parity_difference` and `equalised_odds_difference` (the greater of
    the differences of its two rates, Hardt et al. 2016), both as fairlearn has them. `abroca` is
    the area between the ROC curves of two groups, the largest of all pairs (Gardner, Brooks and
    Baker 2019).

    Parameters
    ----------
    output : Score or Classes
    true : ndarray, shape (rows,)
        True scores or labels.
    answers : Answers
        What the model answers; no row may be without an answer.
    features : mapping
        From the name of a feature to the group of each row, as text, shape (rows,). Where the
        text is empty, the row belongs to no group.
    seed : int
        The same draws serve every feature, so none depends on which others are asked for.
    resamples : int
        Draws of the percentile bootstrap within each group (Efron and Tibshirani 1993), and
        draws of groups by lot; of both no more than `CURVES` for `abroca`.
    least : int
        Members that a group needs. A feature with fewer than two such groups has no figures.

    Notes
    -----
    Largest less smallest is never below 0, and resampling makes it larger: where groups are
    alike, the bounds lie high. `Disparity.chance`, drawn from all rows, is what to hold it
    against.
    """
    means, ranking = _means(output, true, answers)
    groups: list[Group] = []
    disparities: list[Disparity] = []
    for feature, of_rows in features.items():
        members = _members(np.asarray(of_rows, str), least)
        if len(members) < 2:
            continue
        sample = _Sample(np.concatenate(list(members.values())), [*map(len, members.values())])
        within = _figures(means, sample, sample.within(resamples, seed))
        by_lot = _figures(means, sample, sample.by_lot(resamples, seed))
        found, chance = _differences(within), _differences(by_lot)
        if ranking is not None:
            few = min(resamples, CURVES)
            found["abroca"] = _abroca(*ranking, sample, sample.within(few, seed))
            chance["abroca"] = _abroca(*ranking, sample, sample.by_lot(few, seed))
        for i, group in enumerate(members):
            of_group = {name: values[:, i] for name, values in within.items()}
            groups.append(
                Group(
                    output=output.name,
                    feature=feature,
                    group=group,
                    rows=sample.sizes[i],
                    figures={name: _bounded(values) for name, values in _defined(of_group)},
                )
            )
        for name, values in _defined(found):
            value, low, high = _bounded(values)
            disparities.append(
                Disparity(
                    output=output.name,
                    feature=feature,
                    name=name,
                    value=value,
                    low=low,
                    high=high,
                    chance=float(np.nanquantile(chance[name], 0.95)),
                )
            )
    return tuple(groups), tuple(disparities)


def _members(of_rows: NDArray[np.str_], least: int) -> dict[str, Rows]:
    """Return the rows of every group that is named and large enough."""
    names, counts = np.unique(of_rows, return_counts=True)
    return {
        str(name): np.flatnonzero(of_rows == name)
        for name, count in zip(names, counts, strict=True)
        if name and count >= least
    }


def _means(
    output: Score | Classes, true: NDArray[Any], answers: Answers
) -> tuple[Means, tuple[Bools, Floats] | None]:
    """Return the figures, and for an outcome whether it came true and the score that ranks it."""
    if isinstance(output, Classes):
        accuracy: Means = {"accuracy": (_floats(true == answers.label), None)}
        if output.positive is None:
            return accuracy, None
        came = np.asarray(true == output.positive, bool)
        called = np.asarray(answers.label == output.positive, bool)
        probability = _floats(answers.probability)
        calibration: Means = {"calibration": (probability - came, None)}
        return _rates(came, called) | accuracy | calibration, (came, probability)
    y, value = _floats(true), _floats(answers.value)
    means: Means = {
        "mean_true": (y, None),
        "mean_error": (np.abs(value - y), None),
        "bias": (value - y, None),
    }
    if output.pass_at is None:
        return means, None
    came, called = y >= output.pass_at, called_pass(output, answers)
    return means | _rates(came, called), (came, value)


def _rates(came: Bools, called: Bools) -> Means:
    return {
        "base_rate": (_floats(came), None),
        "selection_rate": (_floats(called), None),
        "true_positive_rate": (_floats(called), came),
        "false_positive_rate": (_floats(called), ~came),
    }


def _floats(values: Any) -> Floats:
    return np.asarray(values, np.float64)


@dataclass(frozen=True, eq=False)
class _Sample:
    """The rows of a feature's groups, side by side, and what is drawn from them.

    A draw is an array of places in `rows`, of the same length: the first ``sizes[0]`` make the
    first group, and so on. The first draw is the sample as it is, so that a figure is computed
    in one way, and never without any draw that has it.
    """

    rows: Rows
    sizes: list[int]

    @property
    def starts(self) -> Rows:
        """Where each group starts."""
        return np.cumsum([0, *self.sizes[:-1]])

    def within(self, count: int, seed: int) -> Iterator[Rows]:
        """Yield draws with replacement from each group, in blocks of shape (draws, rows)."""
        rng = np.random.default_rng(seed)
        start, size = (np.repeat(of_groups, self.sizes) for of_groups in (self.starts, self.sizes))
        yield np.arange(len(self.rows))[np.newaxis]
        for draws in self._blocks(count):
            yield start + (rng.random((draws, len(self.rows))) * size).astype(np.intp)

    def by_lot(self, count: int, seed: int) -> Iterator[Rows]:
        """Yield groups of the same sizes drawn by lot, in blocks of shape (draws, rows)."""
        rng = np.random.default_rng(seed)
        yield np.arange(len(self.rows))[np.newaxis]
        for draws in self._blocks(count):
            yield rng.permuted(np.tile(np.arange(len(self.rows)), (draws, 1)), axis=1)

    def _blocks(self, count: int) -> Iterator[int]:
        most = max(1, BLOCK // len(self.rows))
        for done in range(0, count, most):
            yield min(most, count - done)


def _figures(means: Means, sample: _Sample, draws: Iterator[Rows]) -> Figures:
    """Return every figure of every draw and group; NaN where no row of the group has it."""
    parts: dict[str, list[Floats]] = {name: [] for name in means}
    taken = {
        name: (values[sample.rows], np.ones(len(sample.rows), bool))
        if among is None
        else (values[sample.rows], among[sample.rows])
        for name, (values, among) in means.items()
    }
    for block in draws:
        for name, (values, among) in taken.items():
            total = np.add.reduceat(np.where(among, values, 0.0)[block], sample.starts, axis=1)
            count = np.add.reduceat(among[block], sample.starts, axis=1, dtype=np.int64)
            with np.errstate(invalid="ignore"):
                parts[name].append(total / count)
    return {name: np.concatenate(of_blocks) for name, of_blocks in parts.items()}


def _differences(figures: Figures) -> dict[str, Floats]:
    """Return the differences between groups, shape (draws,)."""
    spread = {name: _spread(values) for name, values in figures.items()}
    found = {}
    if "bias" in spread:
        found["bias_difference"] = spread["bias"]
        found["error_difference"] = spread["mean_error"]
    if "selection_rate" in spread:
        found["demographic_parity_difference"] = spread["selection_rate"]
        found["equalised_odds_difference"] = np.maximum(
            spread["true_positive_rate"], spread["false_positive_rate"]
        )
    return found


def _spread(values: Floats) -> Floats:
    """Return largest less smallest, along the groups; NaN where fewer than two have a figure."""
    two = (~np.isnan(values)).sum(axis=1) >= 2
    spread = np.fmax.reduce(values, axis=1) - np.fmin.reduce(values, axis=1)
    return np.where(two, spread, np.nan)


def _defined(draws: Mapping[str, Floats]) -> Iterator[tuple[str, Floats]]:
    """Yield what the sample itself has, by name."""
    return ((name, values) for name, values in draws.items() if not np.isnan(values[0]))


def _bounded(values: Floats) -> tuple[float, float, float]:
    """Return a figure, the first of its draws, and its 95 % bounds, which always hold it."""
    value = float(values[0])
    low, high = np.nanquantile(values, [0.025, 0.975])
    return value, min(float(low), value), max(float(high), value)


def _abroca(came: Bools, score: Floats, sample: _Sample, draws: Iterator[Rows]) -> Floats:
    """Return the largest area between the ROC curves of two groups, shape (draws,)."""
    levels, level = np.unique(score[sample.rows], return_inverse=True)
    groups = np.repeat(np.arange(len(sample.sizes)), sample.sizes)
    shape = (len(sample.sizes), 2, len(levels))
    # One count per group, outcome and level of the score is all that a curve needs of the rows.
    cell = came[sample.rows] * len(levels) + level
    areas = []
    for block in draws:
        for places in block:
            cells = groups * (2 * len(levels)) + cell[places]
            counts = np.bincount(cells, minlength=np.prod(shape)).reshape(shape)
            areas.append(largest_area(np.cumsum(counts[:, :, ::-1], axis=2)))
    return np.array(areas)
