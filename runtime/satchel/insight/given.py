"""The values of a record that could be read: as they were given, and as the encoder uses them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from satchel.spec import Category, Feature, Value
from satchel.spec.rules import endpoints
from satchel.values import is_missing, read_number, read_text


def given(feature: Feature, record: Mapping[str, object]) -> Value:
    """Return the number or text that `record` gives for `feature`; None where it is missing."""
    value = record.get(feature.name)
    if is_missing(value):
        return None
    return read_text(value) if isinstance(feature, Category) else read_number(value)


def used(feature: Feature, value: Value) -> Value:
    """Return what the encoder makes of a value: imputed where it is missing, clipped if need be.

    Putting this in place of `value` changes no prediction, and spares the notes. Where the
    encoder would refuse it, `value` is returned: a whole number may be imputed by a mean.
    """
    if isinstance(feature, Category):
        return feature.imputed if value is None else value
    number = feature.imputed if value is None else float(value)
    if number is None:
        return None
    low, high = endpoints(feature.clip)
    number = min(max(number, low), high)
    return value if feature.integer and number != math.floor(number) else number
