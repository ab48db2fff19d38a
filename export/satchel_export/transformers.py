"""A fitted ColumnTransformer of scikit-learn as the inputs of a spec.

Each of its columns is followed through its transformers: which field it comes from, and what is
done to it. What our encoder cannot do is refused by name; behind the ColumnTransformer it would
become a part of the graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

from satchel import DataError
from satchel.spec import (
    Category,
    Column,
    Feature,
    Inputs,
    Missing,
    Number,
    OneHot,
    Ordinal,
    Standard,
)
from satchel.values import read_text

KNOWN = (
    *(ColumnTransformer, SimpleImputer, StandardScaler, MinMaxScaler),
    *(OneHotEncoder, OrdinalEncoder),
)
Kind = Literal["raw", "number", "ordinal", "one-hot", "missing"]


@dataclass(frozen=True)
class Track:
    """A column on its way: ``(what it was - mean) / scale``."""

    source: str
    kind: Kind = "raw"
    value: str = ""
    mean: float = 0.0
    scale: float = 1.0


@dataclass
class Carried:
    """What a ColumnTransformer does, in the words of a spec.

    Attributes
    ----------
    tracks : list of Track
        Its columns, in their order.
    categories : dict
        Of a field with categories, from the text of each to the value as it was.
    imputed : dict
        From a field to what replaces a missing value, as it was.
    clip : dict
        From a field to the bounds that values are brought to.
    empty : dict
        From a field to what its imputer takes for missing.
    """

    tracks: list[Track] = field(default_factory=list)
    categories: dict[str, dict[str, Any]] = field(default_factory=dict)
    imputed: dict[str, Any] = field(default_factory=dict)
    clip: dict[str, tuple[float, float]] = field(default_factory=dict)
    empty: dict[str, Any] = field(default_factory=dict)

    def inputs(self, frame: pd.DataFrame, declared: Mapping[str, Feature]) -> Inputs:
        """Return the inputs of a spec.

        Parameters
        ----------
        frame : DataFrame
            Rows of the kind that it was fitted to, from which the ranges seen are taken.
        declared : mapping of str to Feature
            What is known of fields: labels, units, limits.
        """
        names = dict.fromkeys(track.source for track in self.tracks)
        features = tuple(self._feature(name, frame, declared.get(name)) for name in names)
        return Inputs(features=features, columns=tuple(map(self._column, self.tracks)))

    @property
    def after(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Means and scales of columns of zeros and ones, which the graph has to apply; or None."""
        flags = [
            track if track.kind in ("one-hot", "missing") else Track("") for track in self.tracks
        ]
        means = np.array([track.mean for track in flags])
        scales = np.array([track.scale for track in flags])
        return (means, scales) if means.any() or (scales != 1).any() else None

    def native(self, columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
        """Return records of the spec as the rows that the pipeline takes."""
        found = {}
        for name, values in columns.items():
            known = self.categories.get(name)
            empty = self.empty.get(name, np.nan)
            if known is None:
                found[name] = np.array([np.nan if v is None else v for v in values], np.float64)
            else:
                found[name] = np.array([empty if v is None else known[v] for v in values], object)
        return pd.DataFrame(found)

    def plain(self, frame: pd.DataFrame) -> dict[str, Any]:
        """Return rows that the pipeline takes as records of the spec, by field."""
        found: dict[str, Any] = {}
        for name in dict.fromkeys(track.source for track in self.tracks):
            column = frame[name]
            if name in self.categories:
                texts = [None if pd.isna(value) else read_text(value) for value in column]
                found[name] = np.array(texts, object)
            else:
                found[name] = column.to_numpy(np.float64)
        return found

    def _feature(self, name: str, frame: pd.DataFrame, said: Feature | None) -> Feature:
        known, imputed = self.categories.get(name), self.imputed.get(name)
        if known is not None:
            text = None if imputed is None else read_text(imputed)
            found = Category(
                name=name,
                label=name,
                values=tuple(known),
                ordered=any(t.kind == "ordinal" and t.source == name for t in self.tracks),
                imputed=text if text in known else None,
                required=text not in known,
            )
            return _described(found, said)
        values = frame[name].dropna().to_numpy(np.float64)
        number = Number(
            name=name,
            label=name,
            imputed=None if imputed is None else float(imputed),
            required=imputed is None,
            clip=self.clip.get(name, (None, None)),
            seen=(float(values.min()), float(values.max())) if len(values) else None,
        )
        if isinstance(said, Number):
            number = replace(number, limits=said.limits, unit=said.unit, integer=said.integer)
        return _described(number, said)

    def _column(self, track: Track) -> Column:
        source = track.source
        if track.kind == "one-hot":
            return OneHot(source=source, value=track.value)
        if track.kind == "missing":
            return Missing(source=source)
        if track.kind == "ordinal":
            return Ordinal(source=source, mean=track.mean, scale=track.scale)
        return Standard(source=source, mean=track.mean, scale=track.scale)


def _described(feature: Feature, said: Feature | None) -> Feature:
    if said is None:
        return feature
    return replace(feature, label=said.label, sensitive=said.sensitive, actionable=said.actionable)


def carry(transformer: Any, names: Sequence[str]) -> Carried:
    """Follow the columns called `names` through a fitted transformer.

    Raises
    ------
    DataError
        Where a step does what the encoder cannot do; its name and that of a column are told.
    """
    carried = Carried()
    tracks = [Track(name) for name in names]
    carried.tracks = _through(carried, transformer, tracks, type(transformer).__name__)
    for track in carried.tracks:
        is_number = track.kind in ("raw", "number")
        if track.kind != "missing" and is_number == (track.source in carried.categories):
            raise DataError(
                f"{track.source} is used as a number and as a category: give it to one transformer"
            )
    return carried


def _through(carried: Carried, step: Any, tracks: list[Track], where: str) -> list[Track]:
    if isinstance(step, ColumnTransformer):
        return _columns(carried, step, tracks)
    if isinstance(step, Pipeline):
        for name, part in step.steps:
            tracks = _through(carried, part, tracks, f"{where}, step {name!r}")
        return tracks
    if isinstance(step, str):
        return tracks if step == "passthrough" else []
    if isinstance(step, FunctionTransformer) and step.func is None:
        return tracks
    if isinstance(step, SimpleImputer):
        return _imputed(carried, step, tracks, where)
    if isinstance(step, StandardScaler):
        count = len(tracks)
        means = step.mean_ if step.with_mean else np.zeros(count)
        scales = step.scale_ if step.with_std else np.ones(count)
        return _scaled(tracks, means, scales)
    if isinstance(step, MinMaxScaler):
        if step.clip:
            for track, low, high in zip(tracks, step.data_min_, step.data_max_, strict=True):
                _set(carried.clip, track.source, (float(low), float(high)), where)
        return _scaled(tracks, -step.min_ / step.scale_, 1 / step.scale_)
    if isinstance(step, OneHotEncoder):
        return _one_hot(carried, step, tracks, where)
    if isinstance(step, OrdinalEncoder):
        for track, categories in zip(tracks, step.categories_, strict=True):
            _categories(carried, track, categories, where)
        return [replace(track, kind="ordinal") for track in tracks]
    known = ", ".join(kind.__name__ for kind in KNOWN)
    raise DataError(
        f"{where}: {type(step).__name__} for {tracks[0].source} cannot be carried over, only "
        f"{known} and passthrough can; put it behind the ColumnTransformer, where it becomes part "
        "of the graph"
    )


def _columns(carried: Carried, step: ColumnTransformer, tracks: list[Track]) -> list[Track]:
    found: list[Track] = []
    for name, part, chosen in step.transformers_:
        if isinstance(chosen, str):
            chosen = [chosen]
        if not isinstance(chosen, slice) and not len(chosen):
            continue
        by_name = {track.source: track for track in tracks}
        if not isinstance(chosen, slice) and isinstance(next(iter(chosen)), str):
            part_of = [by_name[one] for one in chosen]
        else:
            part_of = list(np.array(tracks, object)[chosen])
        weight = (step.transformer_weights or {}).get(name, 1)
        if weight != 1:
            raise DataError(f"transformer {name!r} has a weight of {weight}: leave weights out")
        found += _through(carried, part, part_of, f"transformer {name!r}")
    return found


def _imputed(carried: Carried, step: SimpleImputer, tracks: list[Track], where: str) -> list[Track]:
    kept = []
    for track, value in zip(tracks, step.statistics_, strict=True):
        if track.kind != "raw":
            raise DataError(f"{where}: {track.source} is imputed after another step: impute first")
        if pd.isna(value):  # it had no value at all, and was left out
            continue
        _set(carried.imputed, track.source, value, where)
        carried.empty[track.source] = step.missing_values
        kept.append(track)
    if step.add_indicator:
        kept += [replace(tracks[i], kind="missing") for i in step.indicator_.features_]
    return kept


def _scaled(tracks: list[Track], means: Any, scales: Any) -> list[Track]:
    found = []
    for track, mean, scale in zip(tracks, means, scales, strict=True):
        found.append(
            replace(
                track,
                kind="number" if track.kind == "raw" else track.kind,
                mean=track.mean + float(mean) * track.scale,
                scale=track.scale * float(scale),
            )
        )
    return found


def _one_hot(carried: Carried, step: OneHotEncoder, tracks: list[Track], where: str) -> list[Track]:
    if step.min_frequency is not None or step.max_categories is not None:
        raise DataError(
            f"{where}: rare categories of {tracks[0].source} share a column: fit it without "
            "min_frequency and max_categories"
        )
    dropped = step.drop_idx_ if step.drop_idx_ is not None else [None] * len(tracks)
    found = []
    for track, categories, left_out in zip(tracks, step.categories_, dropped, strict=True):
        texts = _categories(carried, track, categories, where)
        for i, text in enumerate(texts):
            if i != left_out:
                found.append(replace(track, kind="one-hot", value=text))
    return found


def _categories(carried: Carried, track: Track, categories: Any, where: str) -> list[str]:
    if track.kind != "raw":
        raise DataError(f"{where}: {track.source} is encoded after another step but imputing")
    if any(map(pd.isna, categories)):
        raise DataError(
            f"{where}: a missing {track.source} is a category: put SimpleImputer(strategy="
            "'constant', fill_value='missing') before the encoder"
        )
    found = {read_text(value): value for value in categories}
    if len(found) < len(categories):
        raise DataError(f"{where}: two categories of {track.source} are written alike")
    _set(carried.categories, track.source, found, where)
    return list(found)


def _set(known: dict[str, Any], name: str, value: Any, where: str) -> None:
    """Note what is done to a field; it cannot be done in two ways."""
    if known.setdefault(name, value) != value:
        raise DataError(
            f"{where}: {name} is also treated in another way: give it to one transformer"
        )
