"""What a table probably means, for a person to settle: columns of other names, words for values.

Nothing here is used unasked: `satchel.predict_table` reads what was said, and a page shows what
was guessed before it does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from satchel.spec import Category, Feature, Number, Spec
from satchel.tables.cells import as_text
from satchel.tables.mapping import Held, TableMapping, hints, read_columns
from satchel.tables.marks import MISSING
from satchel.tables.table import Row, clean_name
from satchel.wording import plain_name

_TOTAL = re.compile(r"[/(\[].*$", re.DOTALL)  # behind a name there may stand a total
_WORD = re.compile(r"[^\W\d_]{3,}|\d+")
_DIGITS = re.compile(r"\d+")
_LAST_DIGITS = re.compile(r"\d+$")
_LETTERS, _ROMAN = ("a", "b", "c", "d"), ("i", "ii", "iii", "iv")
# Words for no and yes that do not begin as those do.
NO = {"0", "false", "f", "non", "nein", "não", "nao", "ne", "nej", "nie", "нет", "لا"}
YES = {
    *("1", "true", "t", "x", "s", "j", "o"),
    *("oui", "ja", "si", "sí", "sim", "da", "tak", "да", "نعم"),
}


def guess(
    spec: Spec,
    header: Sequence[str],
    rows: Iterable[Row],
    mapping: TableMapping,
    settled: bool = False,
) -> TableMapping:
    """Return a mapping with what is likely where it says nothing.

    A field without a column takes one whose name is clearly nearest to its name or label, or the
    only one with its number, as ``Test 2`` for ``G2``. A cell of a category stands for the only
    value whose name or label begins with it, or with which it begins.

    Parameters
    ----------
    spec : Spec
    header : sequence of str
        Names of the table's columns.
    rows : iterable of rows
        All that are to be read.
    mapping : TableMapping
        What was said already.
    settled : bool
        Whether a person has settled the columns: then words alone are guessed.
    """
    columns = dict(mapping.columns)
    names = [clean_name(name) for name in header]
    if not settled:
        columns |= _columns(spec, names, mapping)
    mapping = replace(mapping, columns=columns)
    held = {h.field: theirs for theirs, h in read_columns(spec, columns).items()}
    places = {
        feature.name: names.index(theirs)
        for feature in spec.inputs.features
        if isinstance(feature, Category)
        and (theirs := held.get(feature.name, feature.name)) in names
    }
    words = {name: dict(said) for name, said in mapping.values.items()}
    for feature, unknown in unknown_words(spec, rows, places, mapping):
        labels = feature.value_labels or feature.values
        spelled = list(zip(feature.values, labels, strict=True))
        found = {word: value for word in unknown if (value := meaning(spelled, word))}
        if found:
            column = names[places[feature.name]]
            words[column] = found | words.get(column, {})
    return replace(mapping, values=words)


def unknown_words(
    spec: Spec, rows: Iterable[Row], places: dict[str, int], mapping: TableMapping
) -> list[tuple[Category, list[str]]]:
    """Return by category the cells of its column that are none of its values, as they stand.

    Parameters
    ----------
    spec : Spec
    rows : iterable of rows
    places : dict
        From the name of a category to the place of its column.
    mapping : TableMapping
        Which says what is missing.
    """
    features = {f.name: f for f in spec.inputs.features if isinstance(f, Category)}
    seen: dict[str, dict[str, None]] = {name: {} for name in places if name in features}
    for row in rows:
        for name, cells in seen.items():
            if places[name] < len(row):
                cells.setdefault(as_text(row[places[name]]).strip())
    missing = {mark.casefold() for mark in (*MISSING, *mapping.missing)}
    return [
        (
            features[name],
            [
                cell
                for cell in cells
                if cell and cell not in features[name].values and cell.casefold() not in missing
            ],
        )
        for name, cells in seen.items()
    ]


def _columns(spec: Spec, names: Sequence[str], mapping: TableMapping) -> dict[str, str]:
    """Return what columns probably hold of which nothing was said."""
    held = read_columns(spec, mapping.columns)
    taken = {held.get(name, Held(name)).field for name in names} | set(mapping.constants)
    absent = [feature for feature in spec.inputs.features if feature.name not in taken]
    known = {feature.name for feature in spec.inputs.features}
    free = [name for name in names if name and name not in held and name not in known]
    found: dict[str, str] = {}
    for attribute in ("label", "name"):
        by_name = {getattr(f, attribute): f.name for f in absent if f.name not in found.values()}
        near = hints(by_name, [name for name in free if name not in found])
        found |= {theirs: by_name[ours] for ours, theirs in near.items()}
    found |= _same_words(
        [f for f in absent if f.name not in found.values()],
        [name for name in free if name not in found],
    )
    left = [name for name in free if name not in found]
    lettered = _lettered(left)
    for feature in absent:
        if feature.name in found.values() or not isinstance(feature, Number):
            continue
        number = _LAST_DIGITS.search(feature.name)
        same = [
            name
            for name in left
            if number and (_numbers(name) or lettered.get(name)) == [number[0]]
        ]
        if len(same) == 1:
            found[same[0]] = feature.name
            left.remove(same[0])
    return found


def _same_words(absent: Sequence[Feature], free: Sequence[str]) -> dict[str, str]:
    """Return the columns named by words of one field alone, as ``failed classes``."""
    fits = [
        (name, feature.name)
        for name in free
        for feature in absent
        if (words := _words(name))
        and (words <= _words(feature.label) or words >= _words(feature.label))
    ]
    return {
        name: field
        for name, field in fits
        if [pair[0] for pair in fits].count(name) == [pair[1] for pair in fits].count(field) == 1
    }


def _words(name: str) -> frozenset[str]:
    return frozenset(_WORD.findall(_TOTAL.sub("", name).casefold()))


def _numbers(name: str) -> list[str]:
    return [digits.lstrip("0") or "0" for digits in _DIGITS.findall(_TOTAL.sub("", name))]


def _lettered(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the numbers of columns that are counted in letters, as Test A and Test B are."""
    found: dict[str, list[str]] = {}
    for letters in (_ROMAN, _LETTERS):
        alike: dict[str, dict[str, str]] = {}
        for name in names:
            stem, _, last = _TOTAL.sub("", name).strip().casefold().rpartition(" ")
            if stem and last in letters:
                alike.setdefault(stem, {})[last] = name
        for held in alike.values():
            if len(held) > 1 and {*held} == {*letters[: len(held)]}:
                found |= {name: [str(letters.index(one) + 1)] for one, name in held.items()}
    return found


def meaning(values: Sequence[tuple[str, str]], word: str) -> str:
    """Return the value that a word probably stands for, or nothing.

    Parameters
    ----------
    values : sequence of (str, str)
        Values and their labels.
    word : str
    """
    spelled = [(value, {plain_name(value), plain_name(label)}) for value, label in values]
    plain = plain_name(word)
    for fits in (_same, _begins):
        found = [value for value, names in spelled if fits(plain, names)]
        if len(found) == 1:
            return found[0]
    yes_or_no = {plain_name(value): value for value, _ in values}
    if sorted(yes_or_no) == ["no", "yes"]:
        for words, value in ((NO, "no"), (YES, "yes")):
            if word.casefold() in words:
                return yes_or_no[value]
    return ""


def _same(plain: str, names: Collection[str]) -> bool:
    return plain in names


def _begins(plain: str, names: Collection[str]) -> bool:
    return bool(plain) and any(
        name and (name.startswith(plain) or plain.startswith(name)) for name in names
    )
