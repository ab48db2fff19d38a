"""A class as its page shows it: chosen, sorted, and counted."""

from __future__ import annotations

from collections import Counter
from typing import Any

from werkzeug.datastructures import MultiDict

from satchel.spec import Spec
from satchel.tables.class_list import LEVELS, ClassList, Levels, Student
from satchel.tables.outcome import Move, moves
from satchel_web.language import said
from satchel_web.pictures import of_scores
from satchel_web.student import labels_of

MANY = 1 / 3  # flagged students beyond which a sentence says so
SORTS = ("name", "row")  # beside that by risk


class ClassView:
    """A class as the page shows it: chosen, sorted, and counted.

    Parameters
    ----------
    found : ClassList
    spec : Spec
        With the pass mark that was used.
    output : str
        By which output students are sorted.
    levels : Levels
    choice : MultiDict
        What was chosen: ``group``, ``level``, ``sort`` and ``first``.
    """

    def __init__(
        self,
        found: ClassList,
        spec: Spec,
        output: str,
        levels: Levels,
        choice: MultiDict[str, str],
    ) -> None:
        self.found, self.spec, self.output, self.levels = found, spec, output, levels
        self.groups = sorted({one.group for one in found.read if one.group})
        place = choice.get("group", -1, type=int)
        self.group = self.groups[place] if 0 <= place < len(self.groups) else None
        level, sort = choice.get("level", ""), choice.get("sort", "")
        self.level = level if level in LEVELS else ""
        self.sort = sort if sort in SORTS else ""
        self.first = max(0, choice.get("first", 0, type=int))
        members = [one for one in found.read if self.group in (None, one.group)]
        self.members = members
        self.has_risk = any(one.risk(output) is not None for one in members)
        self.sure = sorted((m for m in members if m.prediction.reliable), key=self._order)
        self.doubted = sorted((m for m in members if not m.prediction.reliable), key=self._order)

    def _order(self, one: Student) -> Any:
        if self.sort == "name":
            return (one.name.casefold(), one.number)
        if self.sort == "row":
            return one.number
        return (one.score(self.output), one.number)

    @property
    def moves(self) -> list[Move]:
        """Who moved since the earlier list."""
        earlier = self.found.earlier
        return [] if earlier is None else moves(earlier, self.found, self.output)

    def level_of(self, one: Student) -> str:
        """Return the level of a student."""
        return self.levels.of(one.risk(self.output))

    @property
    def absent(self) -> list[str]:
        """The labels of the fields that the list has no column for."""
        labels = labels_of(self.spec)
        return [said(labels[name]) for name in self.found.absent]

    @property
    def shown(self) -> list[Student]:
        """Those without doubts, of the level that was chosen, as many as were asked for."""
        chosen = [one for one in self.sure if self.level in ("", self.level_of(one))]
        return chosen[: self.first or None]

    def count(self, level: str) -> int:
        """How many of those without doubts are of a level."""
        return sum(self.level_of(one) == level for one in self.sure)

    @property
    def many(self) -> bool:
        """Whether so many are at high risk that this says little."""
        return self.has_risk and self.count("high") > MANY * max(1, len(self.sure))

    @property
    def outputs(self) -> list[Any]:
        """The outputs that students can be sorted by."""
        return [o for o in self.spec.outputs if o.name in self.spec.scored]

    @property
    def by_group(self) -> list[tuple[str, int, dict[str, int]]]:
        """For each group, how many students it has, and how many of each level."""
        found = []
        for group in self.groups:
            members = [one for one in self.found.read if one.group == group]
            levels = [self.level_of(one) for one in members]
            counts = {level: levels.count(level) for level in LEVELS}
            found.append((group, len(members), counts))
        return found

    @property
    def segments(self) -> list[tuple[str, int]]:
        """The segments, and how many students are in each."""
        counts = Counter(
            [m.prediction.segment for m in self.members if m.prediction.segment is not None]
        )
        return counts.most_common()

    @property
    def picture(self) -> Any:
        """How many students are expected to reach which scores; None where there are none."""
        output = next(o for o in self.spec.outputs if o.name == self.output)
        values = [
            value
            for one in self.members
            if (value := one.prediction.outputs[self.output].value) is not None
        ]
        if not values:
            return None
        limits = getattr(output, "limits", (None, None))
        low = limits[0] if limits[0] is not None else min(values)
        high = limits[1] if limits[1] is not None else max(values)
        if not low < high:
            return None
        return of_scores(values, (low, high), getattr(output, "pass_at", None))
