"""What `satchel explain` prints of explanations and changes."""

from __future__ import annotations

from collections.abc import Iterator

from satchel.commands import spelled
from satchel.insight.explain import Explanation
from satchel.insight.what_if import CAUTION, Suggestion, Suggestions, WhatIf
from satchel.prediction import Prediction
from satchel.spec import Classes, Feature, Number, Output, Spec, Value
from satchel.values import plain


def explanation_lines(explanation: Explanation, spec: Spec) -> Iterator[str]:
    """Yield what moved the answer of one record."""
    output = next(o for o in spec.outputs if o.name == explanation.output)
    features = {feature.name: feature for feature in spec.inputs.features}
    value, base = (_amount(output, x) for x in (explanation.value, explanation.base))
    yield f"{output.name}: {value} {explanation.unit}".rstrip()
    yield f"{base:>12}  on average over {len(spec.reference.background)} invented students"
    exact = not any(one.error for one in explanation.features)
    for one in explanation.features:
        amount = _amount(output, one.contribution, "+")
        error = "" if exact else f"  (± {_amount(output, one.error)})"
        yield f"{amount:>12}  {_named(features[one.feature], one.given)}{error}"
    yield f"{value:>12}  for this record"
    if not exact:
        yield f"± is the standard error that {explanation.samples} draws leave."


def what_if_lines(changed: WhatIf, spec: Spec) -> Iterator[str]:
    """Yield the answers before and after a change."""
    for output in spec.outputs:
        pair = " -> ".join(_shown(output, p) for p in (changed.before, changed.after))
        difference = changed.differences.get(output.name)
        gain = "" if difference is None else f"  ({_amount(output, difference, '+')})"
        yield f"{output.name}: {pair}{gain}"
    for text in changed.after.doubts:
        yield f"Not reliable after the change: {text}"
    yield CAUTION


def _shown(output: Output, prediction: Prediction) -> str:
    return ", ".join(spelled(output, prediction.outputs[output.name]))


def suggestion_lines(suggestions: Suggestions, spec: Spec) -> Iterator[str]:
    """Yield changes, ranked by what they would do."""
    output = next(o for o in spec.outputs if o.name == suggestions.output)
    features = {feature.name: feature for feature in spec.inputs.features}

    def shows(effect: float) -> bool:
        return _amount(output, abs(effect)) != _amount(output, 0.0)

    def line(one: Suggestion) -> str:
        feature = features[one.feature]
        amount = _amount(output, one.effect, "+") if shows(one.effect) else "no effect"
        return f"{amount:>12}  {_named(feature, one.given)} -> {_value(feature, one.value)}"

    gains = [one for one in suggestions.best if one.effect > 0 and shows(one.effect)]
    others = [one for one in suggestions.best if one not in gains]
    value = _amount(output, suggestions.value)
    yield f"{output.name}: {value} {suggestions.unit}".rstrip()
    if not any(feature.actionable for feature in features.values()):
        yield "It uses nothing that a school or student could change."
    elif not suggestions.changes:
        yield "Nothing is left to try in the direction that a school would want."
    yield from map(line, gains)
    if others:
        yield "Changes that the model does not reward, though they may be right:"
        yield from map(line, others)
    yield suggestions.caution


def _amount(output: Output, number: float, sign: str = "") -> str:
    # Probabilities in points of a hundred, so that a difference of two is one as well.
    if isinstance(output, Classes):
        return f"{100 * number:{sign}.1f} %"
    return f"{number:{sign}.2f}"


def _named(feature: Feature, value: Value) -> str:
    return f"{feature.label} ({feature.name}) = {_value(feature, value)}"


def _value(feature: Feature, value: Value) -> str:
    if value is None:
        imputed = feature.imputed
        used = plain(imputed) if isinstance(imputed, float) else str(imputed)
        return f"{used}, which stands for a missing value"
    if isinstance(value, float):
        unit = feature.unit if isinstance(feature, Number) else ""
        return f"{plain(value)} {unit}".rstrip()
    return value
