"""What a data set is, and how its file is found, checked and read."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from satchel import DataError, RecordError
from satchel.encode.encoder import Encoder
from satchel.spec import Feature, Inputs, Number, OneHot, Standard
from satchel_training.datasets.source import DataSource

DATA_VARIABLE = "SATCHEL_DATA"
LISTED_PROBLEMS = 5


@dataclass(frozen=True, kw_only=True)
class Dataset(DataSource):
    """A public data set in one CSV file.

    Attributes
    ----------
    file : str
        Name of the file.
    delimiter : str
        What separates its cells.
    fetch : callable
        Puts the file into a folder, from its source; see also `by_hand`.
    digest : str
        SHA-256 of the published cells, by which a fetched file is checked; see `digest_cells`.

    The other attributes are those of `DataSource`.
    """

    file: str
    delimiter: str = ","
    fetch: Callable[[Path], None]
    digest: str

    def load(self, folder: str | os.PathLike[str] | None = None) -> pd.DataFrame:
        """Find, check and read the file.

        Parameters
        ----------
        folder : path, optional
            Where the file lies; else the folder named by ``SATCHEL_DATA``; else it is fetched
            from its source into the user's cache.

        Returns
        -------
        DataFrame
            Numbers as float64, categories as text, missing values as NaN or None.

        Raises
        ------
        DataError
            Where the file is not there, or is not this data set.
        """
        folder = folder or os.environ.get(DATA_VARIABLE) or None
        if folder is not None:
            path = Path(folder) / self.file
            if not path.is_file():
                raise DataError(f"there is no file {path}: take it from {self.url}")
            return self.read(path)
        import pooch

        path = Path(pooch.os_cache("satchel")) / self.file
        if not path.is_file():
            self.fetch(path.parent)
        if digest_cells(_read_cells(path, self.delimiter)[1].values()) != self.digest:
            raise DataError(f"{path} is not the data set as published: delete it, or name another")
        return self.read(path)

    def read(self, path: Path) -> pd.DataFrame:
        """Check and read the file at `path`; returns and errors as in `load`."""
        header, rows = _read_cells(path, self.delimiter)
        text = pd.DataFrame.from_dict(rows, orient="index", columns=header, dtype=object)
        absent = [name for name in self.identifiers if name not in header]
        if absent:
            problem = f"{absent[0]} is missing, which names the students"
            raise DataError(self._refusal(path, problem))
        # Dropped before anything reads it: an identifier never reaches a model or a message.
        text = text.drop(columns=list(self.identifiers))
        self.check(text, str(path))
        text = text.reset_index(drop=True)
        columns = {f: text[f.name].str.strip().replace("", None) for f in self.fields}
        return pd.DataFrame(
            {
                field.name: pd.to_numeric(column).astype("float64")
                if isinstance(field, Number)
                else column.astype(object)
                for field, column in columns.items()
            }
        )

    def check(self, frame: pd.DataFrame, name: str) -> None:
        """Refuse a frame that is not this data set, by the runtime's own rules for records.

        Parameters
        ----------
        frame : DataFrame
            Its index holds the numbers of the lines.
        name : str
            Name of the file, for messages.

        Raises
        ------
        DataError
            Names the line, the field and the value.
        """
        fields = tuple(
            field if field.name in self.targets else _blank_allowed(field) for field in self.fields
        )
        first = fields[0]
        column = (
            Standard(source=first.name, mean=0.0, scale=1.0)
            if isinstance(first, Number)
            else OneHot(source=first.name, value=first.values[0])
        )
        encoder = Encoder(Inputs(features=fields, columns=(column,)))
        try:
            problems = encoder.encode_many({c: frame[c].to_numpy() for c in frame}).problems
        except RecordError as error:
            raise DataError(self._refusal(name, error)) from None
        lines = [
            f"line {frame.index[row]}: {problem}"
            for row in sorted(problems)
            for problem in problems[row]
        ]
        if lines:
            more = len(lines) - LISTED_PROBLEMS
            shown = lines[:LISTED_PROBLEMS] + ([f"and {more} more"] if more > 0 else [])
            remedy = f"correct them, or take the file again from {self.url}"
            raise DataError(f"{name}: {'; '.join(shown)} ({remedy})")

    def _refusal(self, name: object, problem: object) -> str:
        remedy = f"take {self.file} from {self.url}"
        return f"{name} is not the data set {self.name}: {problem} ({remedy})"


def by_hand(file: str, url: str, why: str) -> Callable[[Path], None]:
    """Return a `Dataset.fetch` for a source that a program cannot take the file from.

    Parameters
    ----------
    file : str
        Name under which the file must lie.
    url : str
        Where a person finds it.
    why : str
        What stands in the way: ``its source asks for a login``.
    """

    def fetch(folder: Path) -> None:
        raise DataError(
            f"{file} is not fetched for you, because {why}: download it from {url}, keep the "
            f"name {file}, and name its folder with --data DIR or by {DATA_VARIABLE}; or put it "
            f"into {folder}"
        )

    return fetch


def digest_cells(rows: Iterable[Sequence[str]]) -> str:
    """Return the SHA-256 of the cells of all rows, however the file writes them."""
    text = "\n".join("\t".join(cell.strip() for cell in row) for row in rows)
    return hashlib.sha256(text.encode()).hexdigest()


def _read_cells(path: Path, delimiter: str) -> tuple[list[str], dict[int, list[str]]]:
    """Return the header, and the rows by the number of their line."""
    header: list[str] = []
    rows: dict[int, list[str]] = {}
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            header = next(reader, [])
            for row in reader:
                if len(row) not in (0, len(header)):
                    raise DataError(
                        f"{path}: line {reader.line_num} has {len(row)} cells, the header "
                        f"{len(header)}"
                    )
                if row:
                    rows[reader.line_num] = row
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        raise DataError(f"{path} cannot be read as CSV: {error}") from None
    if not header:
        raise DataError(f"{path} is empty")
    if not rows:
        raise DataError(f"{path} has a header and no rows")
    if len(set(header)) < len(header):
        twice = sorted({name for name in header if header.count(name) > 1})
        raise DataError(f"{path}: the header names {', '.join(twice)} twice")
    return header, rows


def _blank_allowed(field: Feature) -> Feature:
    if isinstance(field, Number):
        low, high = field.limits
        return replace(field, imputed=low if low is not None else high or 0.0)
    return replace(field, imputed=field.values[0])
