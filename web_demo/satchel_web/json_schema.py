"""The JSON Schema (2020-12) of the records that a model reads."""

from __future__ import annotations

from typing import Any

from satchel.spec import Feature, Inputs, Number

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def record_schema(inputs: Inputs) -> dict[str, Any]:
    """Return the schema of ``features``: what it admits, the encoder reads, and more briefly.

    The encoder also takes numbers given as text, and blank text for a missing value.
    """
    properties: dict[str, Any] = {f.name: _property(f) for f in inputs.features}
    properties |= {name: {"description": "not used by this model"} for name in inputs.ignored}
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": properties,
        "required": [feature.name for feature in inputs.features if feature.required],
        "additionalProperties": False,
    }


def _property(feature: Feature) -> dict[str, Any]:
    schema: dict[str, Any] = {"title": feature.label}
    if feature.help:
        schema["description"] = feature.help
    blank = feature.imputed is not None
    if isinstance(feature, Number):
        kind = "integer" if feature.integer else "number"
        schema["type"] = [kind, "null"] if blank else kind
        low, high = feature.limits
        schema |= {} if low is None else {"minimum": low}
        schema |= {} if high is None else {"maximum": high}
        schema |= {"x-unit": feature.unit} if feature.unit else {}
        return schema
    schema["enum"] = [*feature.values, None] if blank else list(feature.values)
    if feature.value_labels:
        schema["x-labels"] = dict(zip(feature.values, feature.value_labels, strict=True))
    return schema
