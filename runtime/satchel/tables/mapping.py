"""Which column of a table is which field of the model, and what its cells mean."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from satchel.errors import TableError
from satchel.spec import Category, Number, Score, Spec
from satchel.tables.marks import full_marks
from satchel.tables.table import DEFAULT, FileOptions, Wanted, clean_name
from satchel.wording import meant, plain_name

LEAST_HELD = 4
_WORD = re.compile(r"[^\W\d_]+|\d+")
LIKE, CLEARLY = 0.6, 0.05  # likeness that a hint needs, and by how much it must be the nearest


@dataclass(frozen=True, slots=True)
class TableMapping:
    """How a table is to be read: all that ``--mapping FILE`` holds.

    Attributes
    ----------
    columns : mapping of str to str
        From the name of a column to the field it holds, where the two differ; ``FIELD/TOTAL``
        where its marks are out of another total than the field's upper limit; empty where it
        holds none, though it is called like one.
    values : mapping of str to mapping of str to str
        By column, or by field: from a cell to the value that it stands for.
    constants : mapping of str to str
        From the name of a field to the value that it has in all rows.
    missing : tuple of str
        Cells that stand for a missing value, beside those that always do.
    options : FileOptions
        How the file is written.
    """

    __module__ = "satchel"

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    options: FileOptions = DEFAULT

    def __post_init__(self) -> None:
        cleaned = {clean_name(theirs): ours for theirs, ours in self.columns.items()}
        words = {clean_name(name): dict(values) for name, values in self.values.items()}
        object.__setattr__(self, "columns", cleaned)
        object.__setattr__(self, "values", words)

    def updated(self, other: TableMapping) -> TableMapping:
        """Return this mapping with what `other` says in place of the same, or beside it."""
        said = {
            name: getattr(other.options, name) or getattr(self.options, name)
            for name in FileOptions.__slots__
        }
        values = {name: dict(words) for name, words in self.values.items()}
        for name, words in other.values.items():
            values[name] = values.get(name, {}) | dict(words)
        return TableMapping(
            {**self.columns, **other.columns},
            values,
            {**self.constants, **other.constants},
            tuple(dict.fromkeys((*self.missing, *other.missing))),
            FileOptions(**said),
        )

    def with_totals(self, totals: Mapping[str, float]) -> TableMapping:
        """Return this mapping with totals that were found, by column, in ``FIELD/TOTAL``."""
        columns = {
            theirs: f"{self.columns.get(theirs, theirs)}/{total:g}"
            for theirs, total in totals.items()
        }
        return replace(self, columns={**self.columns, **columns})


@dataclass(frozen=True, slots=True)
class Held:
    """What a column holds.

    Attributes
    ----------
    field : str
        Name of the field.
    total : float or None
        What the column's marks are out of, where that was said.
    """

    field: str
    total: float | None = None


def read_columns(spec: Spec, columns: Mapping[str, str]) -> dict[str, Held]:
    """Return what each mapped column holds, given as ``FIELD`` or ``FIELD/TOTAL``.

    Raises
    ------
    TableError
        Where the model has no such field, or it cannot be brought from another total.
    """
    features = {feature.name: feature for feature in spec.inputs.features}
    held = {}
    for theirs, ours in columns.items():
        if not ours:
            held[theirs] = Held("")
            continue
        if ours in features:
            held[theirs] = Held(ours)
            continue
        name, sign, total = (part.strip() for part in ours.rpartition("/"))
        if (name if sign else ours) in spec.inputs.ignored:
            continue  # a field of the task that this model does not use: its column passes through
        if not sign or name not in features:
            wrong = name if sign else ours
            raise TableError(
                "the model has no field {name!r}{hint}", name=wrong, hint=meant(wrong, features)
            )
        held[theirs] = Held(name, _total(features[name], total))
    return held


def takes_total(feature: Number | Category) -> bool:
    """Whether marks out of another total can be brought to a field: it goes from 0 to a limit."""
    if isinstance(feature, Category):
        return False
    upper = full_marks(feature)
    return upper is not None and upper > 0 and feature.limits[0] in (None, 0.0)


def _total(feature: Number | Category, text: str) -> float:
    name = feature.name
    if isinstance(feature, Category):
        raise TableError(
            "{field} is no number and has no total; leave /{total} out", field=name, total=text
        )
    if not takes_total(feature):
        raise TableError(
            "{field} does not go from 0 to an upper limit, so a total of {total!r} cannot be "
            "brought to it; leave /{total} out and give it in its own unit",
            field=name,
            total=text,
        )
    try:
        total = float(text.replace(",", "."))
    except ValueError:
        total = 0.0
    if not 0 < total < float("inf"):
        raise TableError(
            "the total in '{field}/{total}' is no number above 0, as in '{field}/10'",
            field=name,
            total=text,
        )
    return total


def wanted(spec: Spec, mapping: TableMapping, targets: Mapping[str, str]) -> Wanted:
    """Return the names by which the table's header is known.

    Parameters
    ----------
    spec : Spec
    mapping : TableMapping
    targets : mapping of str to str
        From the name of an output to the column of its true values.
    """
    theirs: dict[str, list[str]] = {}
    for column, held in read_columns(spec, mapping.columns).items():
        theirs.setdefault(held.field, []).append(column)
    required, known, numbers = [], [*mapping.columns], []
    for feature in spec.inputs.features:
        names = theirs.get(feature.name, [feature.name])
        known += [name for name in names if name not in mapping.columns]
        required += names if feature.required and feature.name not in mapping.constants else []
        numbers += names if isinstance(feature, Number) else []
    numbers += [
        targets.get(output.name, output.name)
        for output in spec.outputs
        if isinstance(output, Score)
    ]
    return Wanted(required, known, numbers)


def hints(names: Iterable[str], columns: Iterable[str]) -> dict[str, str]:
    """Return for some fields the column that is most likely meant.

    Only where the column is clearly the nearest of that field, and the field the nearest of that
    column: so no column is offered for two fields. A column whose name holds all of a field's
    counts too: ``Assignment: Quiz 1 (Real)`` for ``Quiz1``.

    Parameters
    ----------
    names : iterable of str
        Fields without a column.
    columns : iterable of str
        Columns that hold no field.
    """
    names, columns = list(names), [name for name in columns if name]
    likeness = {(ours, theirs): _likeness(ours, theirs) for ours in names for theirs in columns}

    def clear(pair: tuple[str, str]) -> bool:
        rivals = [
            value
            for (ours, theirs), value in likeness.items()
            if (ours == pair[0]) != (theirs == pair[1])
        ]
        return likeness[pair] >= LIKE and likeness[pair] >= max(rivals, default=0.0) + CLEARLY

    return {ours: theirs for ours, theirs in likeness if clear((ours, theirs))}


def _likeness(ours: str, theirs: str) -> float:
    one, other = plain_name(ours) or ours, plain_name(theirs) or theirs
    if one == other:
        return 2.0
    if len(one) >= LEAST_HELD and one in other and one in _runs(theirs):
        return 1.0
    return difflib.SequenceMatcher(None, one, other).ratio()


def _runs(name: str) -> set[str]:
    """Return what neighbouring words of a name spell together: no part of a word is a name."""
    words = [plain_name(word) for word in _WORD.findall(name)]
    return {
        "".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
    }
