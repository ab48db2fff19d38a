"""How all plots look, and what a plot is. Matplotlib is imported when one is drawn."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart by colour-blind readers, too (Okabe and Ito 2008).
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, GREY, PALE = "#CC79A7", "#56B4E9", "#5F6368", "#D5DAE1"
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
MARKERS = ("o", "^", "s", "D", "v", "P")

# Inches. At the width of a phone the text of a narrow plot keeps its size.
WIDTH, HEIGHT, WIDE = 5.2, 4.0, 7.8
DPI = 150
MOST_DOTS = 4000

RULES: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "legend.fontsize": 9,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E8EC",
    "legend.frameon": False,
    "text.parse_math": False,  # a label with a dollar sign is no formula
}


@dataclass(frozen=True, eq=False)
class Plot:
    """One plot of the report.

    Attributes
    ----------
    name : str
        Of its file, without the ending.
    title : str
    caption : str
        What to look for.
    alt : str
        What it shows, for those who do not see it.
    figure : Figure
    wide : bool
        Whether it takes the width of two.
    """

    name: str
    title: str
    caption: str
    alt: str
    figure: Figure
    wide: bool = False

    def png(self) -> bytes:
        """Return the plot as a PNG image."""
        image = BytesIO()
        with warnings.catch_warnings():
            # Of letters that the font lacks; the text beside the plot has them.
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            # Without the version of matplotlib, so that equal plots are equal files.
            self.figure.savefig(image, format="png", dpi=DPI, metadata={"Software": None})
        return image.getvalue()


def style() -> AbstractContextManager[None]:
    """Return a context in which plots look alike, whatever the user has set up."""
    from matplotlib.style import context

    return context(["default", RULES])


def new_figure(width: float = WIDTH, height: float = HEIGHT) -> Figure:
    """Return an empty figure that no global state of matplotlib knows."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def new_axes(width: float = WIDTH, height: float = HEIGHT) -> tuple[Figure, Axes]:
    """Return a figure with one pair of axes."""
    figure = new_figure(width, height)
    return figure, figure.add_subplot()


def legend_above(axes: Axes, columns: int = 2) -> None:
    """Put the legend above the axes, where it covers nothing."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=columns,
        columnspacing=1.2,
        handletextpad=0.5,
    )


def with_unit(label: str, unit: str) -> str:
    """Return the text of an axis."""
    return f"{label} ({unit})" if unit else label


def wrapped(text: str, width: int) -> str:
    """Return `text` in lines of at most `width` letters."""
    return fill(text, width)


def percent(share: float) -> str:
    """Return a share in words: ``42 %``."""
    return f"{100 * share:.0f} %"


def some(count: int) -> NDArray[np.intp]:
    """Return which of `count` dots are drawn: all, unless they would be but a cloud."""
    if count <= MOST_DOTS:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, MOST_DOTS, replace=False))


def text_on(share: float) -> str:
    """Return the colour of text on a ground that is darker the larger `share` is."""
    return "white" if share > 0.55 else "black"
