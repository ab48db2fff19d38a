"""What is known of a model: reference, checks, and the card for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from satchel.spec.rules import (
    require,
)

Value = str | float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberBins:
    """Shares of the training rows in the bins that `edges` cut, the outer ones open.

    `shares` has one entry more than `edges`; `missing` is the share of missing values.
    """

    kind: ClassVar[str] = "number"
    feature: str
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    missing: float = 0.0

    def __post_init__(self) -> None:
        require(len(self.shares) == len(self.edges) + 1, f"bins of {self.feature}: wrong count")
        increasing = all(a < b for a, b in pairwise(self.edges))
        require(increasing, f"bins of {self.feature}: edges must increase")


@dataclass(frozen=True, kw_only=True, slots=True)
class CategoryBins:
    """Shares of the training rows per category, in the order of the feature's values."""

    kind: ClassVar[str] = "category"
    feature: str
    shares: tuple[float, ...]
    missing: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """What drift and Shapley values compare with: binned shares and invented records."""

    bins: tuple[NumberBins | CategoryBins, ...] = ()
    background: tuple[Mapping[str, Value], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """An invented record, and the raw outputs that the training framework gave for it."""

    record: Mapping[str, Value]
    outputs: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where the training data come from."""

    name: str
    url: str
    licence: str
    rows: int
    synthetic: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One figure, how it was measured, and what it stands beside.

    Attributes
    ----------
    protocol : str
        The rows and the way: ``test split``, ``10-fold cross-validation``.
    naive : float or None
        The same figure for the naive guess that `Card.naive` describes.
    published : float or None
        The best published figure under a like protocol.
    """

    output: str
    name: str
    protocol: str
    value: float
    naive: float | None = None
    published: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupMetric:
    """One figure for the members of one group."""

    feature: str
    group: str
    rows: int
    name: str
    value: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What a person should know before using the model (Mitchell et al. 2019)."""

    title: str
    headline: str
    source: Source
    split: str
    naive: str
    metrics: tuple[Metric, ...]
    created: str
    versions: Mapping[str, str]
    intended_use: str
    unintended_use: str
    limitations: tuple[str, ...] = ()
    fairness: tuple[GroupMetric, ...] = ()

    def metric(self, name: str, protocol: str) -> Metric | None:
        """Return the figure of that name and protocol, of the first output that has it."""
        found = (m for m in self.metrics if (m.name, m.protocol) == (name, protocol))
        return next(found, None)
