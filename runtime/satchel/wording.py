"""Words for messages, the terminal, cards and forms: what a feature admits, what was meant."""

from __future__ import annotations

from collections.abc import Iterable

from satchel.sentence import Sentence
from satchel.spec import Category, Classes, Feature, Number, Output, Score, Spec
from satchel.values import plain, printable

LONGEST_REASON = 100  # letters of what a library says
LONGEST_NAME = 80  # letters of a name that are compared


def allowed(feature: Feature) -> str:
    """Return what values a feature may have: ``whole number from 0 to 20 points``."""
    if isinstance(feature, Category):
        labels = feature.value_labels or feature.values
        pairs = zip(feature.values, labels, strict=True)
        return ", ".join(v if v == label else f"{v} ({label})" for v, label in pairs)
    return allowed_number(feature) + (f" {feature.unit}" if feature.unit else "")


def allowed_number(feature: Number) -> str:
    """Return what numbers a feature may have, without their unit."""
    low, high = feature.limits
    kind = "whole number" if feature.integer else "number"
    if low is not None and high is not None:
        return f"{kind} from {plain(low)} to {plain(high)}"
    if low is not None:
        return f"{kind} of at least {plain(low)}"
    return kind if high is None else f"{kind} of at most {plain(high)}"


def reason(error: Exception) -> str:
    """Return what another library's error says, on one line; its kind where it says nothing."""
    return printable(" ".join(str(error).split()))[:LONGEST_REASON] or type(error).__name__


def demonstration(spec: Spec) -> str:
    """Return why the model is no more than an example; empty where it is not."""
    if not spec.demonstration:
        return ""
    return f"Demonstration. {spec.card.source.rule or 'The data were made by a program.'}"


def argument(text: str) -> str:
    """Return a text as an argument of a shell, without what would command a terminal."""
    import shlex  # for a message that few need

    return shlex.quote(printable(text))


def positive_label(output: Output) -> str:
    """Return the label whose probability is meant by *the* probability."""
    if isinstance(output, Classes):
        return output.positive or ""
    return output.pass_labels[1] if isinstance(output, Score) else ""


def plain_name(name: str) -> str:
    """Return a name without case, spaces and signs, by which near spellings are equal."""
    return "".join(filter(str.isalnum, name.casefold()))


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the known name most like `name`, whatever its case and signs; else nothing.

    Parameters
    ----------
    name : str
    known : iterable of str
    cutoff : float
        Least likeness, between 0 and 1, as `difflib.get_close_matches` measures it.
    """
    import difflib  # takes a millisecond, for a message that few need

    by_plain: dict[str, str] = {}
    for one in known:
        by_plain.setdefault(plain_name(one) or one, one)
    name = name[:LONGEST_NAME]
    close = difflib.get_close_matches(plain_name(name) or name, by_plain, n=1, cutoff=cutoff)
    return by_plain[close[0]] if close else ""


def meant(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the end of a message that asks whether the nearest known name was meant."""
    close = nearest(name, known, cutoff)
    return Sentence("; did you mean {close!r}?", close=close) if close else ""
