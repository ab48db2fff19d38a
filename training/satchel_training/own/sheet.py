"""A school's table as it came: names, and the cells of its students."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from satchel import DataError, TableMapping, open_table
from satchel.spec import Category, Feature, Number
from satchel.tables.cells import as_text
from satchel.tables.marks import MISSING, CellReader, Marks
from satchel.tables.run import Source
from satchel.tables.students import Passed, students
from satchel.tables.table import Chunk, Row, clean_name
from satchel.values import shown

LISTED_PROBLEMS = 5
MOST_ROWS, SEED = 100_000, 0  # that are learned from; more tell little more, and take long


@dataclass(frozen=True, eq=False)
class Sheet:
    """The rows of a table that are students.

    Attributes
    ----------
    header : list of str
    rows : list of rows
    numbers : list of int
        Where each row stands in the file.
    marks : Marks
        How it writes what is missing, and decimals.
    passed : int
        Rows that are no students.
    remarks : tuple of str
    words : mapping
        From a column to what its cells stand for, where that was said.
    """

    header: list[str]
    rows: list[Row]
    numbers: list[int]
    marks: Marks
    passed: int
    remarks: tuple[str, ...]
    words: Mapping[str, Mapping[str, str]]

    def cells(self, column: str) -> list[Any]:
        """Return the cells of one column."""
        place = self.header.index(column)
        return [row[place] if place < len(row) else None for row in self.rows]

    def texts(self, column: str) -> list[str]:
        """Return the cells of one column as texts, empty where they stand for a missing value."""
        missing = {mark.casefold() for mark in self.marks.missing}
        texts = [as_text(cell).strip() for cell in self.cells(column)]
        words = self.words.get(column, {})
        return ["" if text.casefold() in missing else words.get(text, text) for text in texts]


def read_sheet(source: Source, mapping: TableMapping) -> Sheet:
    """Read a table whole.

    Raises
    ------
    TableError
        Where it is no table that can be read.
    DataError
        Where it has no rows.
    """
    with open_table(source, mapping) as table:
        header = [clean_name(name) for name in table.header]
        marks = Marks((*MISSING, *mapping.missing), table.decimal)
        rows, numbers, passed = list[Row](), list[int](), 0
        chunks = table.chunks()
        for item in students(chain([next(chunks, Chunk())], chunks), range(1), len(header)):
            if isinstance(item, Passed):
                passed += 1
            else:
                rows += item.rows
                numbers += item.numbers
        remarks = tuple(table.remarks)
    if not rows:
        raise DataError("the table has a header and no rows")
    if len(rows) > MOST_ROWS:
        remarks += (f"{MOST_ROWS:,} of {len(rows):,} rows were drawn at random to learn from",)
        drawn = sorted(random.Random(SEED).sample(range(len(rows)), MOST_ROWS))
        rows, numbers = [rows[i] for i in drawn], [numbers[i] for i in drawn]
    return Sheet(header, rows, numbers, marks, passed, remarks, mapping.values)


def to_frame(sheet: Sheet, features: Sequence[Feature]) -> pd.DataFrame:
    """Return some columns of a table as their features describe them.

    Parameters
    ----------
    sheet : Sheet
    features : sequence of Feature
        Named as their columns.

    Returns
    -------
    DataFrame
        Numbers as float64, categories as text, missing values as NaN or None.

    Raises
    ------
    DataError
        Where a column is not there, or a cell is none of what its feature allows.
    """
    columns: dict[str, Any] = {}
    problems: list[str] = []
    for feature in features:
        if feature.name not in sheet.header:
            raise DataError(f"the table has no column {feature.name!r}")
        known: dict[object, Any] = {}
        reader = CellReader(feature.name, feature, sheet.marks, words=sheet.words.get(feature.name))
        values = []
        for number, cell in zip(sheet.numbers, sheet.cells(feature.name), strict=True):
            key = (type(cell), cell)
            if key not in known:
                known[key] = _value(reader, feature, cell)
            value = known[key]
            if isinstance(value, _Wrong):
                problems.append(f"row {number}: {feature.name} = {shown(cell)} {value.why}")
                value = None
            values.append(value)
        is_number = isinstance(feature, Number)
        columns[feature.name] = np.array(values, np.float64 if is_number else object)
    if problems:
        more = len(problems) - LISTED_PROBLEMS
        listed = problems[:LISTED_PROBLEMS] + ([f"and {more} more"] if more > 0 else [])
        raise DataError(
            f"{'; '.join(listed)} (mend the file, name a mark for missing with --missing, or "
            "correct the field in the declaration)"
        )
    return pd.DataFrame(columns)


@dataclass(frozen=True)
class _Wrong:
    why: str


def _value(reader: CellReader, feature: Feature, cell: object) -> Any:
    try:
        value = reader.read(cell)
        if value is None or value == "":
            return None
        if isinstance(feature, Category):
            text = as_text(value).strip()
            return text if text in feature.values else _Wrong("is none of its values")
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        return _Wrong(str(error))
    low, high = feature.limits
    if (low is not None and number < low) or (high is not None and number > high):
        return _Wrong("is out of its limits")
    return number
