"""How training went: losses and accuracies per epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from satchel_training.report.material import Material
from satchel_training.report.style import BLUE, GREY, VERMILION, Plot, legend_above, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLES = {
    "loss": "Loss per epoch",
    "accuracy": "Accuracy per epoch",
    "pass_accuracy": "Pass or fail right per epoch",
}
WIDE_RANGE = 20.0  # of losses, beyond which their logarithm tells more


def history_plots(material: Material) -> list[Plot]:
    """Return a plot per figure that was kept for each epoch."""
    if not material.history:
        return []
    first = material.history[0]
    names = [name.removeprefix("train_") for name in first if name.startswith("train_")]
    kept = [name for name in names if name == "loss" or name.endswith("accuracy")]
    return [_history(material, name) for name in sorted(kept, key=lambda name: name != "loss")]


def _history(material: Material, name: str) -> Plot:
    figure, axes = new_axes(height=3.4)
    epochs = np.arange(1, len(material.history) + 1)
    marker = "o" if len(epochs) < 3 else ""
    parts = (("train", "training rows", BLUE, "-"), ("valid", "validation rows", VERMILION, "--"))
    lines = {}
    for part, label, colour, dashes in parts:
        if f"{part}_{name}" in material.history[0]:
            y = np.array([epoch.get(f"{part}_{name}", np.nan) for epoch in material.history])
            lines[part] = y
            axes.plot(epochs, y, dashes, color=colour, marker=marker, lw=1.6, label=label)
    losses = [epoch.get("valid_loss", np.nan) for epoch in material.history]
    best = None if np.isnan(losses).all() else int(np.nanargmin(losses)) + 1
    if best is not None:
        axes.axvline(best, color=GREY, lw=1, ls=":", label=f"lowest validation loss: {best}")
    title = TITLES.get(name, f"{name.replace('_', ' ').capitalize()} per epoch")
    axes.set_xlabel("Epoch")
    axes.locator_params(axis="x", integer=True)
    if name == "loss":
        axes.set_ylabel("Loss, of the scaled target")
        _scale_losses(axes, np.concatenate(list(lines.values())))
    else:
        axes.set_ylabel("Share of rows that are right")
        axes.set_ylim(0, 1.02)
    legend_above(axes)
    caption = (
        "Both lines should fall and level out together; a validation line that turns upward "
        "while the other falls means that the model learns its rows by heart."
        if name == "loss"
        else "The gap between both lines is what the model does not carry over to rows that it "
        "has not seen."
    )
    rates = [epoch["learning_rate"] for epoch in material.history if "learning_rate" in epoch]
    if name == "loss" and rates:
        caption += f" The learning rate goes from {rates[0]:.2g} to {rates[-1]:.2g}."
    ends = [
        f"{label} from {lines[part][0]:.3g} to {lines[part][-1]:.3g}"
        for part, label, *_ in parts
        if part in lines
    ]
    alt = f"Lines over {len(epochs)} epochs, {title.removesuffix(' per epoch').lower()}: "
    return Plot(f"history-{name.replace('_', '-')}", title, caption, alt + "; ".join(ends), figure)


def _scale_losses(axes: Axes, losses: NDArray[np.float64]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    losses = losses[np.isfinite(losses)]
    if losses.size and losses.min() > 0 and losses.max() / losses.min() > WIDE_RANGE:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    else:
        axes.set_ylim(bottom=min(0, losses.min()) if losses.size else 0)
