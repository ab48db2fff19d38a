"""What is wrong with a value, or remarkable in it, in the language of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from satchel import Note, Problem
from satchel.sentence import Sentence, filled
from satchel.spec import Category, Feature, Number
from satchel.values import is_missing
from satchel_web.language import gettext, lazy_gettext, number, said

# By the code of a problem; its field, its value and what is allowed stand around it.
WRONG = {
    "required": lazy_gettext("is needed"),
    "blank": lazy_gettext("is needed"),
    "not-a-number": lazy_gettext("is not a number"),
    "not-whole": lazy_gettext("is not a whole number"),
    "out-of-bounds": lazy_gettext("is out of bounds"),
    "too-large": lazy_gettext("is too large"),
    "not-a-value": lazy_gettext("is none of the values that there are"),
    "date": lazy_gettext("is a date; a spreadsheet may have made it of a mark such as 12/10"),
    "time": lazy_gettext("is a time"),
    "formula-error": lazy_gettext("is an error of a formula in the spreadsheet"),
    "letter-grade": lazy_gettext("looks like a letter grade"),
    "word": lazy_gettext("is not a number; if it stands for no mark, say so below the columns"),
    "percentage": lazy_gettext("is a percentage; say that the column is out of 100"),
    "total": lazy_gettext("is out of a total, and this field has none"),
    "thousands": lazy_gettext("may be a thousand or not; write it without separators"),
    "decimal-mark": lazy_gettext("has another decimal mark than the other numbers of the list"),
}


def again(sentence: str, features: Mapping[str, Feature] | None = None) -> str:
    """Return a sentence of the library in the language of the page.

    What it says to someone at the command line is left out, and fields have their labels.
    """
    if not isinstance(sentence, Sentence):
        return sentence
    parts = {name: _part(name, part, features or {}) for name, part in sentence.parts.items()}
    return filled(said(sentence.pattern), parts)


def _part(name: str, part: object, features: Mapping[str, Feature]) -> object:
    if isinstance(part, list):
        return [again(one, features) for one in part]
    if name == "field" and part in features:
        return said(features[str(part)].label)
    return again(part, features) if isinstance(part, str) else part


def problem_text(problem: Problem, features: Mapping[str, Feature]) -> str:
    """Return what a problem says, in the language of the page; in English where it has no code."""
    feature = features.get(problem.field)
    wrong = WRONG.get(problem.code)
    if feature is None or wrong is None:
        message = again(problem.message, features)
        return (
            message if feature is None else said(feature.label) + message.removeprefix(feature.name)
        )
    value = problem.value.strip("'")
    text = said(feature.label)
    if value:
        text = gettext("%(field)s: %(value)s", field=text, value=value)
    allowed = allowed_here(feature)
    if not allowed:
        return f"{text} {wrong}."
    return gettext(
        "%(what)s %(wrong)s. Allowed: %(allowed)s.", what=text, wrong=wrong, allowed=allowed
    )


def note_text(note: Note, feature: Feature | None, value: object) -> str:
    """Return what a note says, in the language of the page."""
    if feature is None:
        return gettext("%(field)s is not used by this model.", field=note.field)
    label = said(feature.label)
    if note.kind == "essential":
        return gettext("%(field)s is missing, and much of the answer rests on it.", field=label)
    if not isinstance(feature, Number):
        return gettext("%(field)s is missing.", field=label)
    given = given_text(feature, value)
    if note.kind == "clipped":
        return gettext(
            "%(field)s: %(value)s is further than the model can follow; it counted the nearest "
            "value that it can.",
            field=label,
            value=given,
        )
    low, high = feature.seen or (0.0, 0.0)
    return gettext(
        "%(field)s: %(value)s is outside the range seen in training (%(low)s to %(high)s).",
        field=label,
        value=given,
        low=number(low),
        high=number(high),
    )


def few_text(missing: int, fields: int) -> str:
    """Return the doubt that too many fields were not given."""
    return gettext(
        "%(missing)s of %(fields)s fields were not given.", missing=missing, fields=fields
    )


def given_text(feature: Feature, value: object) -> str:
    """Return a value as a person reads it; empty where it was missing."""
    if value is None or is_missing(value):
        return ""
    if isinstance(feature, Category):
        labels: Sequence[str] = feature.value_labels or feature.values
        by_value = dict(zip(feature.values, labels, strict=True))
        return by_value.get(str(value), str(value))
    if not isinstance(value, int | float):
        return str(value)
    place = int(value - (feature.limits[0] or 0)) if value == int(value) else -1
    if 0 <= place < len(feature.scale_labels):
        return feature.scale_labels[place]
    return number(value, 1) + (" %" if feature.unit == "percent" else "")


def allowed_here(feature: Feature) -> str:
    """Return what a field may hold, in the language of the page."""
    if isinstance(feature, Category):
        return ", ".join(said(label) for label in feature.value_labels or feature.values)
    low, high = feature.limits
    unit = said(feature.unit)
    if low is None or high is None:
        return unit
    return gettext(
        "%(low)s to %(high)s %(unit)s", low=number(low), high=number(high), unit=unit
    ).strip()
