"""Plots of the answers of a score: how close, and where it errs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satchel.decode.decoder import prediction_intervals
from satchel.spec import Regression, Score
from satchel.spec.rules import endpoints
from satchel_training.report.material import Material
from satchel_training.report.style import (
    BLUE,
    GREY,
    SKY,
    VERMILION,
    WIDTH,
    Plot,
    legend_above,
    new_axes,
    percent,
    some,
    with_unit,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTS: dict[str, Any] = {"s": 20, "alpha": 0.55, "linewidths": 0}


def actual_plot(material: Material, output: Score) -> Plot:
    """Return actual against predicted scores, with the identity and the pass mark."""
    true, exact = _scores(material, output)
    figure, axes = new_axes(height=WIDTH)
    ends = _ends(np.concatenate([true, exact]))
    axes.plot(ends, ends, color=GREY, lw=1.2, label="predicted = actual")
    shown = some(len(true))
    right = np.ones(len(true), bool)
    told = ""
    if output.pass_at is not None:
        label = material.tested.answers[output.name].label
        passed = np.array(output.pass_labels, object)[(true >= output.pass_at).astype(int)]
        right = label == passed
        told = f" Pass or fail is told wrongly for {int((~right).sum())} of {len(true)} students."
        for line in (axes.axvline, axes.axhline):
            line(output.pass_at, color=GREY, lw=1, ls=":")
        axes.plot([], [], color=GREY, lw=1, ls=":", label=f"pass mark, {output.pass_at:g}")
    good, bad = shown[right[shown]], shown[~right[shown]]
    name = "student" if output.pass_at is None else "pass or fail right"
    axes.scatter(exact[good], true[good], color=BLUE, label=name, **DOTS)
    if bad.size:
        crosses: dict[str, Any] = {"marker": "x", "s": 30, "linewidths": 1.4}
        axes.scatter(exact[bad], true[bad], color=VERMILION, label="wrong", **crosses)
    axes.set_xlim(ends)
    axes.set_ylim(ends)
    axes.set_aspect("equal")
    _name_axes(axes, output)
    axes.set_ylabel(with_unit(f"Actual {output.label.lower()}", output.unit))
    legend_above(axes)
    caption = (
        "Each dot is a student of the test split; the closer to the line, the better. Dots that "
        "lie flatter than the line mean that high scores are guessed too low and low ones too "
        "high." + told
    )
    r = np.corrcoef(true, exact)[0, 1] if np.ptp(true) and np.ptp(exact) else float("nan")
    alt = (
        f"Scatter plot of {len(true)} students of the test split, actual against predicted "
        f"{output.label.lower()}; their correlation is {r:.2f}."
    )
    name = f"actual-against-predicted{material.suffix(output.name)}"
    title = f"{material.prefix(output.label)}Actual against predicted"
    return Plot(name, title, caption, alt, figure)


def residual_plot(material: Material, output: Score) -> Plot:
    """Return residuals against predicted scores, with the band of the widest interval."""
    true, exact = _scores(material, output)
    figure, axes = new_axes(height=WIDTH)
    axes.axhline(0, color=GREY, lw=1.2)
    residual = true - exact
    held = ""
    if output.levels:
        place = max(range(len(output.levels)), key=output.levels.__getitem__)
        level = output.levels[place]
        _, low, high = material.tested.answers[output.name].intervals[place]
        share = float(np.mean((low <= true) & (true <= high)))
        held = f" The {percent(level)} intervals hold {percent(share)} of the dots."
    if isinstance(output, Regression) and output.intervals is not None:
        x = np.clip(np.linspace(*_ends(exact), 200), *endpoints(output.limits))
        # The runtime keeps bounds inside the limits of the score, and so does the band.
        _, low, high = prediction_intervals(output.intervals, x)[place]
        low, high = (np.clip(bound, *endpoints(output.limits)) - x for bound in (low, high))
        axes.fill_between(
            x, low, high, color=SKY, alpha=0.25, lw=0, label=f"{percent(level)} interval"
        )
        held = f" The band shall hold {percent(level)} of the dots; it holds {percent(share)}."
    shown = some(len(true))
    axes.scatter(exact[shown], residual[shown], color=BLUE, label="student", **DOTS)
    reach = 1.08 * float(np.abs(residual).max() or 1.0)
    top = axes.get_ylim()
    axes.set_ylim(min(-reach, top[0]), max(reach, top[1]))
    axes.set_xlim(_ends(exact))
    _name_axes(axes, output)
    axes.set_ylabel(with_unit("Actual less predicted", output.unit))
    legend_above(axes, 3)
    caption = (
        "The dots should lie evenly around zero, whatever is predicted: a slope, a bend or a "
        "funnel is something that the model has missed." + held
    )
    alt = (
        f"Scatter plot of {len(true)} students of the test split, what the prediction missed "
        f"against the prediction; the mean miss is {residual.mean():.2g}, the largest "
        f"{np.abs(residual).max():.3g}.{held}"
    )
    name = f"residuals{material.suffix(output.name)}"
    return Plot(name, f"{material.prefix(output.label)}Residuals", caption, alt, figure)


def _scores(material: Material, output: Score) -> tuple[NDArray[Any], NDArray[Any]]:
    tested = material.tested
    return tested.true[output.name].astype(np.float64), tested.exact[output.name]


def _ends(values: NDArray[Any]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.04 * (high - low) or 1.0
    return low - margin, high + margin


def _name_axes(axes: Axes, output: Score) -> None:
    axes.locator_params(steps=[1, 2, 5, 10])
    axes.set_xlabel(with_unit(f"Predicted {output.label.lower()}", output.unit))
