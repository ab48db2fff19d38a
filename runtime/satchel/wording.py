"""What a feature admits, in words: for messages, the terminal, cards and forms alike."""

from __future__ import annotations

from satchel.spec import Category, Classes, Feature, Number, Output, Regression, Spec
from satchel.values import plain


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


def demonstration(spec: Spec) -> str:
    """Return why the model is no more than an example; empty where it is not."""
    if not spec.demonstration:
        return ""
    return f"Demonstration. {spec.card.source.rule or 'The data were made by a program.'}"


def positive_label(output: Output) -> str:
    """Return the label whose probability is meant by *the* probability."""
    if isinstance(output, Classes):
        return output.positive or ""
    return output.pass_labels[1] if isinstance(output, Regression) else ""
