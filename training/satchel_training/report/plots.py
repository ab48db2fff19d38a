"""Which plots a report has, in the order of its page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from satchel.spec import Score, Segment
from satchel_training.report.fairness import fairness_plot
from satchel_training.report.importance import importance_plot
from satchel_training.report.labels import confusion_plot, reliability_plot, roc_plot
from satchel_training.report.material import Material
from satchel_training.report.rows import correlation_plot, distribution_plots, segment_plot
from satchel_training.report.scores import actual_plot, residual_plot
from satchel_training.report.style import Plot
from satchel_training.report.training import history_plots


def sections(material: Material) -> list[tuple[str, list[Plot]]]:
    """Return the plots that the material has, under their headings; none is empty."""
    scored = material.task.scored
    parts: list[tuple[str, Iterable[Plot | None]]] = [
        ("Answers for students that the model has not seen", _answers(material)),
        ("What the model goes by", [importance_plot(material)]),
        ("How it treats groups", [fairness_plot(material, output) for output in scored]),
        ("How training went", history_plots(material)),
        ("Groups of students", [segment_plot(material)]),
        ("The data", [*distribution_plots(material), correlation_plot(material)]),
    ]
    there = ((heading, [plot for plot in some if plot]) for heading, some in parts)
    return [(heading, plots) for heading, plots in there if plots]


def _answers(material: Material) -> Iterator[Plot | None]:
    for output in material.spec.outputs:
        if isinstance(output, Segment):
            continue
        if isinstance(output, Score):
            yield actual_plot(material, output)
            yield residual_plot(material, output)
            yield confusion_plot(material, output)
        else:
            yield confusion_plot(material, output)
            yield roc_plot(material, output)
        yield reliability_plot(material, output)
