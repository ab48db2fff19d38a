"""Plots of labels and their probabilities: confusion, ROC curve, reliability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from satchel.measure.metrics import calibration_curve, confusion_matrix, roc_auc_score
from satchel.spec import Classes, Distribution, Score
from satchel.wording import positive_label
from satchel_training.calibration import calibrated
from satchel_training.out_of_fold import gather
from satchel_training.report.material import Material
from satchel_training.report.style import (
    BLUE,
    GREY,
    MARKERS,
    ORANGE,
    SERIES,
    WIDTH,
    Plot,
    legend_above,
    new_axes,
    new_figure,
    percent,
    text_on,
    wrapped,
)

FEW_ROWS = 300  # below which there are five bins of a reliability curve, not ten
NORMAL_95 = 1.96
CROWDED = 0.06  # of a probability, between the marks of a reliability curve


def confusion_plot(material: Material, output: Score | Classes) -> Plot | None:
    """Return counts and shares of labels given for labels that are true."""
    true, told, labels = _labels(material, output)
    if told is None:
        return None
    counts = confusion_matrix(true, told, labels)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    size = max(3.6, 1.6 + 0.85 * len(labels))
    figure, axes = new_axes(max(WIDTH, size + 0.6), size)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i, j in np.ndindex(counts.shape):
        text = f"{counts[i, j]}\n{percent(shares[i, j])}" if totals[i, 0] else "0"
        axes.text(j, i, text, ha="center", va="center", color=text_on(shares[i, j]), size=11)
    named = [wrapped(label, 14) for label in labels]
    axes.set_xticks(range(len(labels)), named)
    axes.set_yticks(range(len(labels)), named)
    axes.set_xlabel("Predicted")
    axes.set_ylabel("Actual")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    right = int(np.trace(counts))
    caption = (
        f"Students of the test split, {right} of {len(true)} on the diagonal: these are right. "
        "Shares are of a row: of those who truly are so, how many are told so."
    )
    cells = "; ".join(
        f"{labels[i]} told as {labels[j]}: {counts[i, j]}" for i, j in np.ndindex(counts.shape)
    )
    name = f"confusion{material.suffix(output.name)}"
    what = "Pass or fail" if isinstance(output, Score) else "Predicted and actual"
    title = f"{material.prefix(output.label)}{what}"
    return Plot(name, title, caption, f"Confusion matrix. {cells}.", figure)


def roc_plot(material: Material, output: Classes) -> Plot | None:
    """Return the ROC curve, one per label where there are more than two."""
    answers = material.tested.answers[output.name]
    true = material.tested.true[output.name]
    if len(output.labels) == 2:
        scores: dict[str, Any] = {str(output.positive): answers.probability}
    else:
        scores = dict(answers.probabilities or {})
    scores = {
        label: p for label, p in scores.items() if 0 < np.count_nonzero(true == label) < len(true)
    }
    if not scores:
        return None
    figure, axes = new_axes(height=WIDTH)
    said = []
    for k, (label, probability) in enumerate(scores.items()):
        false_share, true_share, _ = roc_curve(true == label, probability)
        area = roc_auc_score(true == label, probability)
        said.append(f"{label} {area:.2f}")
        colour, dashes = SERIES[k % len(SERIES)], ("-", "--", "-.", ":")[k % 4]
        text = f"{label}: AUC {area:.2f}"
        axes.plot(false_share, true_share, dashes, color=colour, lw=1.8, label=text)
    axes.plot([0, 1], [0, 1], color=GREY, lw=1, ls=":", label="chance: AUC 0.50")
    caption = (
        "The further the curve bends to the upper left, the better the probability sorts the "
        "students of the test split; along the dotted line it sorts them like a coin."
    )
    if len(output.labels) == 2:
        positive = true == output.positive
        told = np.asarray(answers.label == output.positive)
        x, y = (float(np.mean(told[rows])) for rows in (~positive, positive))
        axes.plot(x, y, "o", color=ORANGE, mec="black", ms=8, label="as the label is given")
        caption += f" The dot is where {output.positive} and not {output.positive} are parted."
    axes.set_xlabel("Share of the others that are told so, too")
    axes.set_ylabel("Share of those with the label that are told so")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    legend_above(axes)
    alt = f"ROC curve on the test split. Area under the curve: {', '.join(said)}; chance: 0.50."
    name = f"roc{material.suffix(output.name)}"
    return Plot(name, f"{material.prefix(output.label)}ROC curve", caption, alt, figure)


def reliability_plot(material: Material, output: Score | Classes) -> Plot | None:
    """Return the share that came true against the probability, on rows not seen."""
    probability = material.tested.answers[output.name].probability
    if probability is None:
        return None
    true = material.tested.true[output.name]
    meant = positive_label(output)
    positive = _came_true(output, true)
    figure = new_figure(height=WIDTH + 0.8)
    axes, below = figure.subplots(2, height_ratios=(5, 1), sharex=True)
    axes.plot([0, 1], [0, 1], color=GREY, lw=1, ls=":", label="as announced")
    if material.choice:
        x, y, _ = calibration_curve(*_out_of_fold(material, output))
        label = "cross-validation, training part"
        axes.plot(x, y, color=BLUE, marker=MARKERS[1], ms=5, lw=1.4, label=label)
    bins = 5 if len(true) < FEW_ROWS else 10
    x, y, rows = calibration_curve(positive, probability, bins)
    low, high = _wilson(y, rows)
    axes.errorbar(
        x,
        y,
        # Rounding may put a bound beyond the share by a hair.
        np.maximum([y - low, high - y], 0),
        fmt=MARKERS[0],
        color=ORANGE,
        mec="black",
        ecolor=ORANGE,
        capsize=3,
        label="test split, 95 % interval",
    )
    for i in range(len(x)):
        # Where marks crowd, the numbers would lie on each other: the bars below tell enough.
        if np.all(np.abs(np.delete(x, i) - x[i]) > CROWDED):
            beside = {"xytext": (6, -11 if y[i] > 0.5 else 6), "textcoords": "offset points"}
            axes.annotate(str(rows[i]), (x[i], y[i]), **beside, size=9)
    below.hist(probability, np.linspace(0, 1, 21), color=ORANGE, edgecolor=GREY, lw=0.5)
    below.set_ylabel("Students")
    below.grid(visible=False, axis="x")
    below.locator_params(axis="y", nbins=2, integer=True)
    below.set_xlabel(f"Predicted probability: {meant}")
    axes.set_ylabel(f"Share that came true: {meant}")
    axes.set_xlim(-0.03, 1.07)
    axes.set_ylim(-0.03, 1.03)
    legend_above(axes)
    caption = (
        "Of students with a probability of 70 %, seven of ten should come true: then the marks "
        f"lie on the dotted line. A mark stands for {_count(rows)} of the {len(true)} students of "
        "the test split, and may stray within its interval by chance; the bars below count them."
    )
    points = "; ".join(
        f"{percent(p)} predicted, {percent(s)} true, {n} students"
        for p, s, n in zip(x, y, rows, strict=True)
    )
    name = f"reliability{material.suffix(output.name)}"
    title = f"{material.prefix(output.label)}Reliability of the probability"
    alt = f"Reliability of the probability of {meant} on the test split: {points}."
    return Plot(name, title, caption, alt, figure)


def _labels(
    material: Material, output: Score | Classes
) -> tuple[NDArray[Any], NDArray[Any] | None, Sequence[str]]:
    true, told = material.tested.true[output.name], material.tested.answers[output.name].label
    if isinstance(output, Classes):
        return true, told, output.labels
    if output.pass_at is None:
        return true, None, ()
    passed = _came_true(output, true).astype(int)
    return np.array(output.pass_labels, object)[passed], told, output.pass_labels


def _came_true(output: Score | Classes, true: NDArray[Any]) -> NDArray[np.bool_]:
    if isinstance(output, Classes):
        return np.asarray(true == output.positive)
    assert output.pass_at is not None
    return np.asarray(true.astype(np.float64) >= output.pass_at)


def _out_of_fold(
    material: Material, output: Score | Classes
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return what came true, and probabilities that neither model nor calibration has seen."""
    answers = gather(output, material.choice)
    if isinstance(output, Distribution):
        told = [np.asarray(run.answers[output.name].probability) for run in material.choice]
        return _came_true(output, answers.true).astype(np.float64), np.concatenate(told)
    if isinstance(output, Score):
        answers = replace(answers, true=_came_true(output, answers.true).astype(np.float64))
        return answers.true, calibrated(answers)
    if output.calibration is None:
        return answers.true, answers.score
    return answers.true, calibrated(answers, keep=True)


def _count(rows: NDArray[Any]) -> str:
    low, high = int(rows.min()), int(rows.max())
    return str(low) if low == high else f"{low} to {high}"


def _wilson(share: NDArray[Any], rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the bounds of the 95 % interval of a share (Wilson 1927)."""
    z2 = NORMAL_95**2
    middle = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    spread = np.sqrt(share * (1 - share) / rows + z2 / (4 * rows**2)) / (1 + z2 / rows)
    return middle - NORMAL_95 * spread, middle + NORMAL_95 * spread
