"""Plots of the training rows: distributions, correlations, segments."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satchel.spec import Category, Classes, Feature, Number, Segment, Standard
from satchel_training.fit import encode
from satchel_training.report.material import Material
from satchel_training.report.style import (
    BLUE,
    GREY,
    MARKERS,
    ORANGE,
    SERIES,
    SKY,
    VERMILION,
    WIDE,
    WIDTH,
    Plot,
    legend_above,
    new_axes,
    new_figure,
    percent,
    some,
    with_unit,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 4  # of small multiples
FEW_NUMBERS = 12  # distinct whole numbers that get a bar each
MOST_BARS = 8  # of categories; the rest is one bar
LETTERS = 22  # of a title in small multiples


def distribution_plots(material: Material) -> list[Plot]:
    """Return small multiples of all inputs and targets: numbers, and categories."""
    fields = {f.name: f for f in material.task.dataset.fields}
    targets = {material.task.target(output) for output in material.task.scored}
    used = [f.name for f in material.spec.inputs.features if f.name not in targets]
    chosen = [fields[name] for name in (*used, *sorted(targets))]
    plots = []
    for kind, name, what, draw in (
        (Number, "distributions-numbers", "Distributions of the numbers", _draw_number),
        (Category, "distributions-categories", "Distributions of the categories", _draw_category),
    ):
        some_fields = [field for field in chosen if isinstance(field, kind)]
        if some_fields:
            plots.append(_multiples(material, some_fields, targets, name, what, draw))
    return plots


def _multiples(
    material: Material,
    fields: Sequence[Feature],
    targets: set[str],
    name: str,
    title: str,
    draw: Any,
) -> Plot:
    columns = min(max(len(fields), 2), COLUMNS)
    lines = -(-len(fields) // columns)
    figure = new_figure(WIDE if columns > 2 else WIDTH, 0.3 + 1.75 * lines)
    grid = figure.subplots(lines, columns, squeeze=False).flat
    for axes, field in zip(grid, fields, strict=False):
        column = material.train[field.name]
        draw(axes, field, column.dropna(), ORANGE if field.name in targets else SKY)
        gaps = int(column.isna().sum())
        title_lines = [wrapped(field.label, LETTERS)]
        if gaps:
            title_lines.append(f"{gaps} missing")
        axes.set_title("\n".join(title_lines), size=8.5, loc="left")
        axes.tick_params(labelsize=7.5)
    for axes in list(figure.axes)[len(fields) :]:
        axes.set_visible(False)
    shown = [field.label for field in fields if field.name in targets]
    orange = f" In orange: what is predicted ({', '.join(shown)})." if shown else ""
    caption = (
        f"The {len(material.train)} students of the training part. A model knows little of what "
        "is rare here: look for your own students in these plots." + orange
    )
    alt = f"Small plots of {', '.join(field.label for field in fields)} in the training part."
    return Plot(name, title, caption, alt, figure, wide=columns > 2)


def _draw_number(axes: Axes, field: Number, column: pd.Series, colour: str) -> None:
    values = column.to_numpy(np.float64)
    distinct = np.unique(values)
    if len(distinct) <= FEW_NUMBERS and np.all(distinct == np.round(distinct)):
        counts = [int(np.sum(values == value)) for value in distinct]
        axes.bar(distinct, counts, 0.8, color=colour, edgecolor=GREY, lw=0.5)
        axes.locator_params(axis="x", integer=True)
        if np.ptp(distinct) <= FEW_NUMBERS // 2:
            axes.set_xticks(np.arange(distinct.min(), distinct.max() + 1))
    else:
        axes.hist(values, _bins(values), color=colour, edgecolor=GREY, lw=0.5)
    axes.grid(visible=False, axis="x")
    axes.set_ylabel("students", size=7.5, labelpad=1)
    axes.locator_params(axis="y", nbins=3, integer=True)
    if field.unit:
        axes.set_xlabel(field.unit, size=7.5, labelpad=1)


def _bins(values: NDArray[Any]) -> Any:
    """Return edges that fall between whole numbers, lest a bar gather one more than the next."""
    if not np.all(values == np.round(values)):
        return 15
    step = max(1, int(np.ceil((np.ptp(values) + 1) / 20)))
    return np.arange(values.min() - 0.5, values.max() + step + 0.5, step)


def _draw_category(axes: Axes, field: Category, column: pd.Series, colour: str) -> None:
    labels = dict(zip(field.values, field.value_labels or field.values, strict=True))
    counts = column.value_counts()
    shares = [(labels[v], float(counts.get(v, 0)) / max(len(column), 1)) for v in field.values]
    if len(shares) > MOST_BARS:
        shares = sorted(shares, key=lambda pair: -pair[1])
        rest = sum(share for _, share in shares[MOST_BARS - 1 :])
        shares = [*shares[: MOST_BARS - 1], ("all others", rest)]
    places = range(len(shares))
    axes.barh(places, [share for _, share in shares], 0.8, color=colour, alpha=0.75)
    # The name stands in its bar: beside the axes it would take their room.
    for place, (label, share) in zip(places, shares, strict=True):
        text = label if len(label) <= LETTERS else label[: LETTERS - 1] + "…"
        axes.text(0.015, place, f"{text}  {percent(share)}", va="center", size=7.5)
    axes.set_xlim(0, 1)
    axes.set_ylim(max(len(shares), 3) - 0.4, -0.6)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.spines[["bottom"]].set_visible(False)
    axes.grid(visible=False)


def correlation_plot(material: Material) -> Plot | None:
    """Return the correlations of inputs that are numbers or ordered, and of the targets."""
    numbers = _numbers(material)
    if numbers.shape[1] < 2:
        return None
    r = numbers.corr().to_numpy()
    count = len(r)
    wide = count > 8
    width = WIDE if wide else WIDTH
    figure, axes = new_axes(width, max(3.2, width * (0.72 if wide else 0.8)))
    shown = np.where(np.tri(count, k=-1, dtype=bool), r, np.nan)[1:, :-1]
    image = axes.imshow(shown, cmap=_two_sided(), vmin=-1, vmax=1, aspect="auto")
    size = 10 if count <= 5 else 8.5 if count <= 12 else 6.5
    if count <= 24:
        for i, j in zip(*np.nonzero(np.isfinite(shown)), strict=True):
            text = f"{round(shown[i, j], 2) + 0.0:.2f}".replace("0.", ".")
            colour = "white" if abs(shown[i, j]) > 0.65 else "black"
            axes.text(j, i, text, ha="center", va="center", size=size, color=colour)
    names = [wrapped(name, 26 if wide else 16) for name in numbers.columns]
    small = 9 if count <= 8 else 7.5
    axes.set_xticks(range(count - 1), names[:-1], rotation=90 if count > 4 else 0, size=small)
    axes.set_yticks(range(count - 1), names[1:], size=small)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    if count > 3:
        figure.colorbar(image, ax=axes, shrink=0.6, aspect=30, ticks=[-1, -0.5, 0, 0.5, 1])
    pairs = {(i, j): r[i, j] for i in range(count) for j in range(i) if np.isfinite(r[i, j])}
    said = ""
    if pairs:
        i, j = max(pairs, key=lambda pair: abs(pairs[pair]))
        said = f" The strongest: {numbers.columns[j]} and {numbers.columns[i]}, {r[i, j]:.2f}."
    caption = (
        "Pearson's correlation in the training part: blue for what rises together, orange for "
        "what falls as the other rises. Strong ones between inputs mean that the model can do "
        "with one of them; none of them tells what causes what." + said
    )
    alt = f"Heatmap of the correlations of {', '.join(numbers.columns)}.{said}"
    return Plot("correlations", "Correlations", caption, alt, figure, wide=wide)


def _numbers(material: Material) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for feature in material.spec.inputs.features:
        column = material.train[feature.name]
        if isinstance(feature, Number):
            columns[feature.label] = column.astype(np.float64)
        elif feature.ordered:
            columns[feature.label] = column.map(feature.values.index, na_action="ignore")
    for output in material.task.scored:
        column = material.train[material.task.target(output)]
        if not isinstance(output, Classes):
            columns[output.label] = column.astype(np.float64)
        elif output.positive is not None:
            columns[f"{output.label}: {output.positive}"] = column == output.positive
    frame = pd.DataFrame(columns).astype(np.float64)
    return frame.loc[:, frame.nunique() > 1]


def _two_sided() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("two-sided", [VERMILION, "#FFFFFF", BLUE])


def segment_plot(material: Material) -> Plot | None:
    """Return the segments in the plane of the two numbers that tell them apart best."""
    segments = material.segments
    if segments is None or len(material.task.segmented_by) < 2:
        return None
    X = _sources(material)
    labels = [label for label in _segment_labels(material) if np.any(segments == label)]
    planes = list(combinations(X, 2))
    x, y = max(planes, key=lambda pair: _told_apart(X, pair, segments, labels))
    figure, axes = new_axes(height=WIDTH)
    shown = some(len(segments))
    for k, label in enumerate(labels):
        rows = shown[segments[shown] == label]
        marker, colour = MARKERS[k % len(MARKERS)], SERIES[k % len(SERIES)]
        text = f"{label} ({int(np.sum(segments == label))})"
        dots: dict[str, Any] = {"s": 18, "alpha": 0.45, "linewidths": 0}
        axes.scatter(X[x][rows], X[y][rows], marker=marker, color=colour, label=text, **dots)
    for k, label in enumerate(labels):
        centre = (float(np.mean(X[name][segments == label])) for name in (x, y))
        marker, colour = MARKERS[k % len(MARKERS)], SERIES[k % len(SERIES)]
        edge: dict[str, Any] = {"s": 170, "edgecolors": "white", "linewidths": 1.8, "zorder": 5}
        axes.scatter(*centre, marker=marker, color=colour, **edge)
    axes.set_xlabel(with_unit(material.label(x), material.unit(x)))
    axes.set_ylabel(with_unit(material.label(y), material.unit(y)))
    legend_above(axes)
    all_names = ", ".join(material.label(name) for name in X)
    meant = [text for name in (x, y) if (text := _meaning(material, name))]
    caption = (
        f"Students of the training part with their segment, made from {all_names}; large marks "
        "are the centres. Groups that run into each other are a matter of degree: a student at "
        "the border belongs to either." + "".join(f" {text}" for text in meant)
    )
    sizes = ", ".join(f"{label}: {int(np.sum(segments == label))} students" for label in labels)
    alt = f"Scatter plot of {material.label(x)} and {material.label(y)} by segment. {sizes}."
    return Plot("segments", "Segments", caption, alt, figure)


def _segment_labels(material: Material) -> Sequence[str]:
    return next(o.labels for o in material.spec.outputs if isinstance(o, Segment))


def _sources(material: Material) -> dict[str, NDArray[np.float64]]:
    """Return the numbers that segments are made of, in their own units, as the encoder has them."""
    matrix = encode(material.spec.inputs, material.train).astype(np.float64)
    # `fit_inputs` makes such a column of every number.
    columns = {
        column.source: (j, column)
        for j, column in enumerate(material.spec.inputs.columns)
        if isinstance(column, Standard)
    }
    found = {}
    for name in material.task.segmented_by:
        j, column = columns[name]
        found[name] = matrix[:, j] * column.scale + column.mean
    return found


def _told_apart(
    X: dict[str, NDArray[np.float64]],
    pair: tuple[str, str],
    segments: NDArray[Any],
    labels: Sequence[str],
) -> float:
    """Return the share of rows whose nearest centre in the plane is that of their segment."""
    plane = np.column_stack([(X[name] - X[name].mean()) / (X[name].std() or 1) for name in pair])
    centres = np.array([plane[segments == label].mean(axis=0) for label in labels])
    nearest = np.linalg.norm(plane[:, None] - centres[None], axis=2).argmin(axis=1)
    return float(np.mean(np.array(labels, object)[nearest] == segments))


def _meaning(material: Material, name: str) -> str:
    """Return what a derived number is made of, in a sentence; empty for others."""
    derived = next((d for d in material.spec.inputs.derived if d.name == name), None)
    if derived is None:
        return ""
    inputs = ", ".join(map(material.label, derived.inputs))
    operation = {"std": "standard deviation"}.get(derived.operation, derived.operation)
    operation = operation.replace("_", " ")
    return f"{material.label(name)} is the {operation} of {inputs}."
