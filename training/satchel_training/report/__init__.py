"""The report of a run: plots as PNG, and one page that shows them all."""

from __future__ import annotations

from pathlib import Path

from satchel_training.report.material import Material
from satchel_training.report.page import page
from satchel_training.report.plots import sections
from satchel_training.report.style import style

PLOTS, PAGE = "plots", "report.html"

__all__ = ["Material", "write_report"]


def write_report(folder: Path, material: Material) -> None:
    """Write ``plots/*.png`` and ``report.html`` into a run folder.

    Parameters
    ----------
    folder : Path
        The run folder, which is there already.
    material : Material
    """
    (folder / PLOTS).mkdir()
    with style():
        parts = sections(material)
        images = {plot.name: plot.png() for _, plots in parts for plot in plots}
    for name, image in images.items():
        (folder / PLOTS / f"{name}.png").write_bytes(image)
    (folder / PAGE).write_text(page(material.spec, parts, images), "utf-8")
