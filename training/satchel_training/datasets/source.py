"""Where rows come from: what is known of a data set, and data sets that are generated."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from satchel.spec import Feature


@dataclass(frozen=True, kw_only=True)
class DataSource(ABC):
    """A data set: its fields, its datasheet (Gebru et al. 2021), and how its rows are got.

    Attributes
    ----------
    name : str
        Short name.
    title, url, licence : str
        As its card names the source; `url` is empty where there is no source but this project.
    fields : tuple of Number or Category
        All columns; what is estimated from data (imputed value, range seen) is not set yet.
    targets : tuple of str
        Fields that may never be blank.
    identifiers : tuple of str
        Columns of the file that name a student: they must be there, and are never read.
    generate : callable
        From a number of rows and a seed to invented rows that look alike.
    collection : str
        How and when the data were collected, as far as is known.
    composition : str
        What a row is, how many there are, what is missing.
    known_issues : str
        What to beware of.
    synthetic : bool
        Whether the data are made by a generator of this project.
    rule : str
        Where the data follow an obvious rule or are invented, a sentence that says so.
    """

    name: str
    title: str
    url: str
    licence: str
    fields: tuple[Feature, ...]
    targets: tuple[str, ...]
    generate: Callable[[int, int], pd.DataFrame]
    collection: str
    composition: str
    known_issues: str
    identifiers: tuple[str, ...] = ()
    synthetic: bool = False
    rule: str = ""

    @property
    def demonstration(self) -> bool:
        """Whether a model of these data is no more than an example, and must say so."""
        return self.synthetic or bool(self.rule)

    def field(self, name: str) -> Feature:
        """Return the field called `name`."""
        return next(field for field in self.fields if field.name == name)

    @abstractmethod
    def load(self, folder: str | os.PathLike[str] | None = None) -> pd.DataFrame:
        """Return all rows: numbers as float64, categories as text, missing ones as NaN or None."""


@dataclass(frozen=True, kw_only=True)
class Generated(DataSource):
    """A data set that its own seeded generator makes: there is no file.

    Attributes
    ----------
    rows, seed : int
        What `load` asks the generator for.
    """

    rows: int
    seed: int
    synthetic: bool = True

    def load(self, folder: str | os.PathLike[str] | None = None) -> pd.DataFrame:
        """Generate the rows; always the same ones, wherever `folder` is."""
        return self.generate(self.rows, self.seed)
