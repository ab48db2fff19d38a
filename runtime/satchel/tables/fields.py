"""The columns of one table that hold fields of a model, and how their cells are read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from satchel.encode.readers import Column
from satchel.errors import TableError
from satchel.sentence import Sentence
from satchel.spec import Number, Spec
from satchel.tables.mapping import Held, TableMapping, hints, read_columns
from satchel.tables.marks import CellReader, Marks
from satchel.tables.scale import ScaleWatch
from satchel.tables.table import Columnar, Row, clean_name, column_of
from satchel.values import is_missing, quoted
from satchel.wording import argument, meant

if TYPE_CHECKING:
    from satchel.encode.readers import RawColumn


LISTED_COLUMNS = 12
_FIELD = "{field}"  # says the same in every language


class Fields:
    """The fields of a model in one table.

    Parameters
    ----------
    spec : Spec
    header : sequence of str
        Names of the table's columns.
    mapping : TableMapping
    marks : Marks
        How the table writes what is missing, and its decimals.

    Attributes
    ----------
    places : dict
        From the name of a field to the place of its column.
    unused : list of str
        Columns that hold no field of the model; they pass through.
    absent : list of str
        Optional fields without a column, which are imputed.
    rows : int
        How many rows were read.

    Raises
    ------
    TableError
        Where a required field has no column, or a mapping names what is not there.
    """

    def __init__(
        self, spec: Spec, header: Sequence[str], mapping: TableMapping, marks: Marks
    ) -> None:
        self._width = len(header)
        self.rows = 0
        features = {feature.name: feature for feature in spec.inputs.features}
        names = [clean_name(name) for name in header]
        for theirs in mapping.columns:
            if theirs not in names:
                raise TableError(
                    "there is no column {name!r} to map{hint}",
                    name=theirs,
                    hint=meant(theirs, names),
                )
        held = read_columns(spec, mapping.columns)
        fields = [held.get(name, Held(name)) for name in names]
        ours = [one.field for one in fields]
        self.places = {name: i for i, name in enumerate(ours) if name in features}
        repeated = sorted(name for name in self.places if ours.count(name) > 1)
        if repeated:
            raise TableError("several columns hold {fields}", fields=quoted(repeated))
        self._constants = _constants(spec, self.places, mapping)
        self.unused = [name for name in ours if name and name not in features]
        self.absent = [n for n in features if n not in self.places and n not in self._constants]
        # A lone column may be a whole line, whose delimiter was not found.
        near = hints(self.absent, self.unused if len(header) > 1 else ())
        required = [name for name in self.absent if features[name].required]
        if required:
            asked = [_asked(name, near) for name in required]
            alone = [name for name in required if name not in near]
            # A mark that is the same for all is unlikely, so a category is the example.
            alone.sort(key=lambda name: isinstance(features[name], Number))
            remedy = ""
            if alone:
                remedy = (
                    "; a column of another name: --map THEIRS=OURS; one value for all rows: "
                    f"--set {alone[0]}=VALUE"
                )
            raise TableError(
                "the table has no column for {asked}",
                f"{remedy}{_listed(header, self.places.values())}",
                asked=asked,
            )
        if not self.places:
            raise TableError(
                "the table has no column that holds a field of the model", _listed(header, ())
            )
        self._near = {name: near[name] for name in self.absent if name in near}
        self._renamed = 2 * len(held) > len(self.places)
        words = _words(mapping, names, fields)
        self._readers = {
            name: CellReader(name, features[name], marks, fields[i].total, names[i], words[i])
            for name, i in self.places.items()
        }
        self._scales = {
            name: ScaleWatch(feature, spec, names[i])
            for name, i in self.places.items()
            if isinstance(feature := features[name], Number)
        }
        self._scaled = {one.field for one in fields if one.total is not None}
        self._blank = set(self.places)
        self._rounded = [
            one.field
            for one in fields
            if one.total is not None
            and isinstance(feature := features[one.field], Number)
            and feature.integer
        ]

    def read(self, rows: Sequence[Row]) -> tuple[dict[str, RawColumn], dict[int, str], list[int]]:
        """Return the values of some rows by field.

        Beside them, by row, why one cannot be read at all; and the rows in which no field has a
        value.
        """
        refused: dict[int, str] = {}
        whole = rows
        if not isinstance(rows, Columnar):
            refused = {
                i: _misfit(row, self._width)
                for i, row in enumerate(rows)
                if len(row) != self._width
            }
            blank: Row = [""] * self._width
            whole = [blank if i in refused else row for i, row in enumerate(rows)]
        values: dict[str, RawColumn] = {}
        columns: list[Column] = []
        for name, place in self.places.items():
            column = self._readers[name].column(column_of(whole, place))
            values[name] = column
            columns.append(column)
            if name in self._scales:
                self._scales[name].see(column.values)
            if name in self._blank and not _all_missing(column):
                self._blank.discard(name)
        empty = [i for i in _empty(columns) if i not in refused]
        for name, value in self._constants.items():
            values[name] = [value] * len(rows)
        self.rows += len(rows)
        return values, refused, empty

    def remarks(self) -> Iterator[str]:
        """Yield what a person should know of the columns, once all rows have been seen."""
        yield from self._hints()
        yield from self.value_remarks()

    def _hints(self) -> Iterator[str]:
        if self._near:
            listed = ", ".join(_map(theirs, ours) for ours, theirs in self._near.items())
            yield Sentence(
                "Warning: the table may have other columns that the model reads", f": {listed}"
            )
        elif self._renamed and self.absent:
            yield Sentence(
                "Warning: most fields have other names here; is there a column of {fields}?",
                " (--map)",
                fields=[Sentence(_FIELD, field=name) for name in self.absent[:LISTED_COLUMNS]],
            )

    def value_remarks(self) -> Iterator[str]:
        """Yield what a person should know of the values, whoever settled the columns."""
        for name in self._rounded:
            yield Sentence(
                "{field} takes whole numbers: marks out of another total were rounded", field=name
            )
        for name in self.places if self.rows else ():
            if name in self._blank:
                yield Sentence(
                    "Warning: no row has a value of {field}; if its column is not empty, save the "
                    "table again, so that its formulas have values",
                    field=name,
                )
        warnings = {name: scale.warning() for name, scale in self._scales.items()}
        yield from filter(None, warnings.values())
        suspect = {name for name, warning in warnings.items() if warning} | self._scaled
        for name, scale in self._scales.items():
            siblings = sorted(one for one in suspect if _kind(one) == _kind(name) and one != name)
            if siblings and name not in suspect and scale.may_be_less():
                yield Sentence(
                    "Warning: {sibling} has another total; has {field}? The largest is {largest}",
                    f": --map {argument(f'{scale.column}={name}/TOTAL')}",
                    sibling=siblings[0],
                    field=name,
                    largest=scale.largest(),
                )


def _constants(spec: Spec, places: Mapping[str, int], mapping: TableMapping) -> dict[str, str]:
    features = [feature.name for feature in spec.inputs.features]
    for name in mapping.constants:
        if name in spec.inputs.ignored:  # a field of the task that this model does not use
            continue
        if name not in features:
            raise TableError(
                "{name} is set, and the model has no such field{hint}",
                f" (--set {name})",
                name=name,
                hint=meant(name, features),
            )
        if name in places:
            raise TableError(
                "{field} is set, and the table has a column of it; leave one out",
                f" (--set {name})",
                field=name,
            )
    return {name: value for name, value in mapping.constants.items() if name in features}


def _words(
    mapping: TableMapping, names: Sequence[str], fields: Sequence[Held]
) -> list[dict[str, str]]:
    """Return for each column what its cells stand for; named by itself or by its field."""
    known = {*names, *(one.field for one in fields)}
    for name in mapping.values:
        if name not in known:
            raise TableError(
                "there is no column {name!r} whose values could be mapped{hint}",
                " (--map-value)",
                name=name,
                hint=meant(name, known),
            )
    return [
        {**mapping.values.get(one.field, {}), **mapping.values.get(name, {})}
        for name, one in zip(names, fields, strict=True)
    ]


def _listed(header: Sequence[str], used: Collection[int]) -> str:
    """Return the end of a message that names the columns that hold no field yet."""
    names = [repr(name) for i, name in enumerate(header) if name and i not in used]
    if not names:
        return ""
    more = len(names) - LISTED_COLUMNS
    and_more = f" and {more} more" if more > 0 else ""
    which = "its other columns are" if used else "its columns are"
    header_row = "" if used else " (if these are no names: --header-row)"
    return f"; {which} {', '.join(names[:LISTED_COLUMNS])}{and_more}{header_row}"


def _asked(name: str, near: Mapping[str, str]) -> Sentence:
    remedy = f" ({_map(near[name], name)}?)" if name in near else ""
    return Sentence(_FIELD, remedy, field=name)


def _map(theirs: str, ours: str) -> str:
    return f"--map {argument(f'{theirs}={ours}')}"


def _misfit(row: Row, width: int) -> str:
    if len(row) <= width:
        return Sentence(
            "the row has {cells} cells, the header {width}", cells=len(row), width=width
        )
    return Sentence(
        "the row has {cells} cells, the header {width}; cells beyond the header: {beyond}",
        cells=len(row),
        width=width,
        beyond=quoted(row[width:]),
    )


def _all_missing(column: Column) -> bool:
    rows = column.unsettled
    return len(rows) == len(column) and all(is_missing(column[i]) for i in rows)


def _empty(columns: Sequence[Column]) -> list[int]:
    """Return the rows in which all columns are blank."""
    likely: set[int] | None = None
    for column in columns:
        likely = set(column.unsettled) if likely is None else likely & set(column.unsettled)
        if not likely:
            return []
    return [i for i in sorted(likely or ()) if all(is_missing(column[i]) for column in columns)]


def _kind(name: str) -> str:
    """Return a name without its number, by which Quiz1 and Quiz2 are siblings."""
    return name.rstrip("0123456789")
