"""How a sheet looks: carried from the workbook that came to the one that goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import iterparse

NARROWEST, WIDEST = 10.0, 40.0  # of a column that came without a width, in characters
# Where openpyxl keeps what the styles of cells refer to by number.
_SHARED = ("_fonts", "_fills", "_borders", "_alignments", "_protections", "_number_formats")


@dataclass(frozen=True, slots=True)
class Look:
    """The styles of a workbook, and what one of its sheets makes of them.

    Attributes
    ----------
    book : openpyxl Workbook or None
        The workbook that the styles of cells are numbered in.
    widths : mapping of int to float
        Widths of columns by their places, in characters, where one is set.
    header : mapping of int to int
        Styles of the names of the columns by their places.
    """

    book: Any = None
    widths: Mapping[int, float] = field(default_factory=dict)
    header: Mapping[int, int] = field(default_factory=dict)

    def placed(self, places: Sequence[int | None]) -> Look:
        """Return the look of a sheet whose columns are those at `places`, or new ones."""

        def of(by_place: Mapping[int, Any]) -> dict[int, Any]:
            return {i: by_place[p] for i, p in enumerate(places) if p is not None and p in by_place}

        return Look(self.book, of(self.widths), of(self.header))

    def carry(self, book: Any) -> list[Any]:
        """Give a new workbook these styles; return them as cells take them, by their numbers."""
        if self.book is None:
            return []
        for name in _SHARED:
            shared = getattr(self.book, name)
            setattr(book, name, type(shared)(shared))
        kinds = ((book._fonts, "fontId"), (book._fills, "fillId"), (book._borders, "borderId"))
        styles = []
        for one in self.book._cell_styles:
            style = type(one)(one)
            style.xfId = 0  # named styles stay behind
            for held, number in kinds:
                if getattr(style, number) >= len(held):  # as a damaged workbook may claim
                    setattr(style, number, 0)
            styles.append(style)
        book._cell_styles = type(self.book._cell_styles)(styles)
        return styles


def widths_of(sheet: Any, columns: int) -> dict[int, float]:
    """Return the widths of the first columns of a sheet by their places, where one is set."""
    widths: dict[int, float] = {}
    with sheet._get_source() as source:
        for _, element in iterparse(source, events=("start",)):
            tag = element.tag.rpartition("}")[2]
            if tag == "sheetData":
                break
            if tag == "col" and "width" in element.attrib:
                first, last = int(element.get("min", 0)), int(element.get("max", 0))
                for place in range(max(first, 1) - 1, min(last, columns)):
                    widths[place] = float(element.get("width", 0))
    return widths


def width_for(name: str) -> float:
    """Return a width in which the name of a column can be read."""
    return min(max(len(name) + 2.0, NARROWEST), WIDEST)
