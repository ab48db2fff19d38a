"""The plot of the importance of each input."""

from __future__ import annotations

import numpy as np

from satchel.findings import said
from satchel.measure.metrics import HIGHER_IS_BETTER
from satchel.spec import Score
from satchel_training.report.material import Material
from satchel_training.report.style import GREY, SKY, WIDTH, Plot, new_axes, with_unit, wrapped

MOST_FEATURES = 20
IN_UNIT = ("rmse", "mae")  # metrics in the unit of the score


def importance_plot(material: Material) -> Plot | None:
    """Return by how much the loss grows when one input is shuffled, the largest on top."""
    card = material.spec.card
    if not card.importance:
        return None
    ranked = sorted(card.importance, key=lambda one: -one.value)
    shown = ranked[:MOST_FEATURES]
    labels = {f.name: f.label for f in material.spec.inputs.features}
    names = [labels.get(one.feature, one.feature) for one in shown]
    figure, axes = new_axes(WIDTH, 1.0 + 0.32 * max(len(shown), 3))
    places = np.arange(len(shown))
    axes.barh(
        places,
        [one.value for one in shown],
        0.7,
        xerr=[one.spread for one in shown],
        color=SKY,
        error_kw={"ecolor": GREY, "capsize": 3, "lw": 1.2},
    )
    axes.axvline(0, color=GREY, lw=1)
    axes.set_yticks(places, [wrapped(name, 26) for name in names])
    axes.set_ylim(max(len(shown), 3) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    measure = said(card.measure)
    output = material.task.scored[0]
    unit = output.unit if isinstance(output, Score) and card.measure in IN_UNIT else ""
    grows = "falls" if card.measure in HIGHER_IS_BETTER else "grows"
    axes.set_xlabel(wrapped(with_unit(f"By how much the {measure} {grows}", unit), 44))
    left = len(ranked) - len(shown)
    caption = (
        "By how much the answers get worse when the values of one input are shuffled among the "
        "students; the lines show the spread over several shuffles. Near zero the model hardly "
        "looks at the input, or another one tells it the same. It tells what the model goes by, "
        "not what would help a student."
    )
    caption += f" The {left} least important inputs are left out." if left else ""
    figures = ", ".join(f"{n} {one.value:.2g}" for n, one in zip(names, shown, strict=True))
    alt = f"Bars: the {measure} {grows} when an input is shuffled. {figures}."
    return Plot("importance", "Importance of the inputs", caption, alt, figure)
