"""Which column of a class list holds what: as a form that a teacher corrects, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from satchel import TableMapping
from satchel.spec import Distribution, Feature, Number, Spec
from satchel.tables.class_list import GROUPS, NAMES, Sheet, Upload, named_column
from satchel.tables.guess import unknown_words
from satchel.tables.mapping import Held, read_columns, takes_total
from satchel.tables.marks import full_marks
from satchel.tables.table import clean_name
from satchel.values import plain

SHOWN = 3  # students on whom a column is shown
MOST_WORDS = 12  # different words of one column that are settled one by one
_OF_MARKS = re.compile(r"^points|percent|^of ")
CONSTANT = "="  # begins the choice of one value for all students


@dataclass(frozen=True, slots=True)
class Word:
    """A cell of a category's column, and the value that it stands for."""

    control: str
    cell: str
    value: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the model, and where its values come from.

    Attributes
    ----------
    control : str
        What the controls of the form are called.
    column : str
        The column that holds it; empty where none does.
    constant : str
        The value of all students, where that was said.
    total : str
        What its marks are out of; empty where that makes no sense.
    shown : list of str
        The cells of the first students.
    words : list of Word
    share : float
        How much of the model's knowledge rests on it, from 0 to 1.
    """

    feature: Feature
    control: str
    column: str
    constant: str
    total: str
    shown: Sequence[str]
    words: Sequence[Word]
    share: float

    @property
    def is_mark(self) -> bool:
        """Whether it holds marks, which may be out of any total."""
        return is_mark(self.feature)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Values that all students may have, with labels; the one that was said among them."""
        found = choices(self.feature)
        if self.constant and self.constant not in dict(found):
            found.append((self.constant, self.constant))
        return found

    @property
    def missing(self) -> bool:
        """Whether it is needed and not there."""
        return self.feature.required and not self.column and not self.constant


def is_mark(feature: Feature) -> bool:
    """Whether a field holds marks: counts and hours are out of nothing, whatever their limits."""
    return (
        isinstance(feature, Number)
        and takes_total(feature)
        and _OF_MARKS.search(feature.unit) is not None
    )


def choices(feature: Feature) -> list[tuple[str, str]]:
    """Return the values of a category or a scale with their labels; none for another number."""
    if isinstance(feature, Number):
        return [(str(i), label) for i, label in enumerate(feature.scale_labels, _lowest(feature))]
    return list(zip(feature.values, feature.value_labels or feature.values, strict=True))


def _lowest(feature: Number) -> int:
    return int(feature.limits[0] or 0)


def matched(spec: Spec, sheet: Sheet) -> list[Field]:
    """Return for every field of the model what the form shows."""
    mapping = sheet.mapping
    names = [clean_name(name) for name in sheet.header]
    held = read_columns(spec, mapping.columns)
    by_field = {held.get(name, Held(name)).field: name for name in names if name}
    places = {name: names.index(column) for name, column in by_field.items()}
    unknown = {f.name: cells for f, cells in unknown_words(spec, sheet.rows, places, mapping)}
    weight = {one.feature: max(one.value, 0.0) for one in spec.card.importance}
    whole = sum(weight.values())
    fields = []
    for i, feature in enumerate(spec.inputs.features):
        column = by_field.get(feature.name, "")
        said = {**mapping.values.get(feature.name, {}), **mapping.values.get(column, {})}
        cells = unknown.get(feature.name, []) if column else []
        total = held.get(column, Held("")).total if column else None
        if isinstance(feature, Number) and is_mark(feature) and total is None:
            total = full_marks(feature)
        fields.append(
            Field(
                feature,
                f"field-{i}",
                column,
                mapping.constants.get(feature.name, ""),
                plain(total) if total is not None else "",
                sheet.column(column)[:SHOWN] if column else (),
                [
                    Word(f"field-{i}-word-{k}", cell, said.get(cell, ""))
                    for k, cell in enumerate(cells[:MOST_WORDS])
                ],
                weight.get(feature.name, 0.0) / whole if whole else 0.0,
            )
        )
    return fields


def mapping_of(form: Mapping[str, str], fields: Sequence[Field], sheet: Sheet) -> TableMapping:
    """Return what a form says of the columns.

    Parameters
    ----------
    form : mapping of str to str
        From the names of controls to what was chosen.
    fields : sequence of Field
        As the form showed them.
    sheet : Sheet
        What they were made of.
    """
    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    for field in fields:
        name, chosen = field.feature.name, form.get(field.control, "")
        if chosen.startswith(CONSTANT):
            constants[name] = chosen.removeprefix(CONSTANT)
            continue
        column = chosen.removeprefix(":")
        if not column:
            continue
        total = form.get(f"{field.control}-total", "").strip() if field.is_mark else ""
        # A total that was said, or that the file says, stays said: it may be that of the model.
        before = "/" in sheet.mapping.columns.get(column, "")
        said = f"{name}/{total}" if total and (before or _other(field, total)) else name
        if clean_name(column) != name or said != name:
            columns[column] = said
        if column == field.column:
            shown = {word.cell for word in field.words}
            words = {
                cell: value
                for cell, value in sheet.mapping.values.get(column, {}).items()
                if cell not in shown
            }
            words |= {w.cell: form[w.control] for w in field.words if form.get(w.control)}
            if words:
                values[column] = words
    # A column that is called like a field, but was not chosen for it, holds something else.
    used = {form.get(field.control, "").removeprefix(":") for field in fields}
    known = {field.feature.name for field in fields}
    for name in map(clean_name, sheet.header):
        if name in known and name not in used:
            columns[name] = ""
    missing = tuple(form.get("missing", "").split())
    return TableMapping(columns, values, constants, missing, sheet.mapping.options)


def _other(field: Field, total: str) -> bool:
    """Whether a total is another than the model's."""
    full = full_marks(field.feature) if isinstance(field.feature, Number) else None
    return full is None or total.replace(",", ".") != plain(full)


def with_names(upload: Upload, sheet: Sheet) -> Upload:
    """Return an upload with the columns of names and groups, where they are clear."""
    mapped = set(sheet.mapping.columns)
    return replace(
        upload,
        named=upload.named or named_column(sheet.header, NAMES, mapped),
        grouped=upload.grouped or named_column(sheet.header, GROUPS, mapped),
    )


def asks_pass_mark(spec: Spec) -> Distribution | None:
    """Return the output whose pass mark a teacher may give; None where it is fixed."""
    return next((o for o in spec.outputs if isinstance(o, Distribution)), None)
