"""The plot of the figures of each group, feature by feature."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from satchel.spec import Classes, Group, Score
from satchel.wording import positive_label
from satchel_training.report.material import Material
from satchel_training.report.style import (
    BLUE,
    GREY,
    VERMILION,
    WIDE,
    WIDTH,
    Plot,
    new_figure,
    with_unit,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The figures that are shown, where a card has them, of a score and of labels; and by which
# disparity it is judged how far apart its groups are.
OF_SCORES = {"bias": "bias_difference"}
OF_LABELS = {
    "selection_rate": "demographic_parity_difference",
    "true_positive_rate": "equalised_odds_difference",
}
AXES = {
    "bias": "Mean of predicted less actual",
    "selection_rate": "Share told “{}”",
    "true_positive_rate": "Share told so of those with “{}”",
}
HEADING = 1.3  # lines above the first group of a feature
MOST_LINES = 26  # in one column
LINE = 0.215  # inches

Features = list[tuple[str, list[Group]]]


def fairness_plot(material: Material, output: Score | Classes) -> Plot | None:
    """Return the main figures of each group with their intervals, under their features."""
    found = material.spec.card.fairness
    groups = [] if found is None else [g for g in found.groups if g.output == output.name]
    main = OF_SCORES if isinstance(output, Score) else OF_LABELS
    names = [name for name in main if any(name in group.figures for group in groups)]
    if found is None or not names:
        return None
    apart = {
        (d.feature, d.name)
        for d in found.disparities
        if d.output == output.name and not d.by_chance
    }
    features = [(name, list(those)) for name, those in groupby(groups, lambda g: g.feature)]
    halves = _halves(features) if len(names) == 1 else [features]
    panels = [(name, half) for half in halves for name in names]
    wide = len(panels) > 1
    lines = max(_lines(half) for half in halves)
    figure = new_figure(WIDE if wide else WIDTH, 0.9 + LINE * lines)
    every = figure.subplots(1, len(panels), sharex=len(names) == 1, squeeze=False)[0]
    for axes, (name, half) in zip(every, panels, strict=True):
        _draw(axes, name, half, {feature for feature, which in apart if which == main[name]})
        _name_groups(axes, material, half)
        if name != names[0]:
            axes.tick_params(axis="y", labelleft=False)
        axes.set_ylim(lines, -0.3)
        unit = output.unit if isinstance(output, Score) else ""
        text = with_unit(AXES[name].format(positive_label(output)), unit)
        axes.set_xlabel(wrapped(text, 36 if wide else 46))
    shown = sorted({material.label(f) for f, which in apart if which in map(main.get, names)})
    verdict = (
        " Triangles in orange: further apart than groups drawn by lot would be "
        f"({', '.join(shown)})."
        if shown
        else " No groups are further apart than groups drawn by lot would be."
    )
    caption = (
        "Each dot is a group, with the number of its students and a 95 % interval "
        f"({found.protocol}). The dots of one heading should lie above each other."
    )
    caption += verdict if found.disparities else ""
    said = "; ".join(
        f"{material.label(g.feature)} {g.group}: "
        + ", ".join(f"{n.replace('_', ' ')} {g.figures[n][0]:.2f}" for n in names if n in g.figures)
        for g in groups
    )
    name = f"fairness{material.suffix(output.name)}"
    title = f"{material.prefix(output.label)}Fairness between groups"
    return Plot(name, title, caption, f"Dots by group. {said}.", figure, wide=wide)


def _lines(features: Features) -> float:
    return sum(HEADING + len(members) for _, members in features)


def _halves(features: Features) -> list[Features]:
    """Return the features in one column, or in two of like height where one would be too long."""
    if _lines(features) <= MOST_LINES or len(features) == 1:
        return [features]
    cuts = range(1, len(features))
    cut = min(cuts, key=lambda i: max(_lines(features[:i]), _lines(features[i:])))
    return [features[:cut], features[cut:]]


def _draw(axes: Axes, name: str, features: Features, apart: set[str]) -> None:
    y = 0.0
    for feature, members in features:
        y += HEADING
        colour, marker = (VERMILION, "^") if feature in apart else (BLUE, "o")
        for group in members:
            if name in group.figures:
                value, low, high = group.figures[name]
                axes.plot([low, high], [y, y], color=colour, lw=1.4)
                axes.plot(value, y, marker, color=colour, ms=5)
            y += 1
    if name in OF_SCORES:
        axes.axvline(0, color=GREY, lw=1)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def _name_groups(axes: Axes, material: Material, features: Features) -> None:
    ticks: list[float] = []
    names: list[str] = []
    headings: list[int] = []
    y = 0.0
    for feature, members in features:
        headings.append(len(ticks))
        ticks.append(y + HEADING - 1)
        names.append(material.label(feature))
        y += HEADING
        for group in members:
            ticks.append(y)
            names.append(f"{group.group} ({group.rows})")
            y += 1
    axes.set_yticks(ticks, names, size=8)
    for place in headings:
        axes.get_yticklabels()[place].set_fontweight("bold")
