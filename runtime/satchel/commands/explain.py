r"""Show why a model predicts what it does for one record, or what a change would do.

Each field gets its Shapley value: by how much it moves the prediction away from the mean over
some invented students. --change shows the prediction before and after; --suggest ranks the best
change of each field that a school or student can change, in the direction that a school would
want. All effects are the model's view, not the world's.

  satchel explain course-outcome --record '{"Quiz1": 41, ...}'
  satchel explain course-outcome --record '{"Quiz1": 41, ...}' --change '{"Attendance": 90}'
  satchel explain exam-scores --record '{...}' --output math --suggest
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

from satchel.commands import add_models_argument, read_json, spelled
from satchel.insight.explain import Explanation
from satchel.insight.what_if import CAUTION, Suggestion, Suggestions, WhatIf
from satchel.prediction import Prediction
from satchel.predictor import SAMPLES, load
from satchel.spec import Classes, Feature, Number, Output, Spec, Value
from satchel.values import plain
from satchel.wording import demonstration


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``satchel explain``."""
    parser.add_argument("model", metavar="MODEL", help="name or file of a model")
    parser.add_argument("--record", metavar="JSON", required=True, help="the record")
    parser.add_argument(
        "--output", metavar="NAME", help="the output meant; needed where a model has several"
    )
    parser.add_argument(
        "--change", metavar="JSON", help="show the prediction before and after these changes"
    )
    parser.add_argument(
        "--suggest",
        action="store_true",
        help="rank the best change of each field by what it would do",
    )
    parser.add_argument(
        "--samples",
        metavar="N",
        type=int,
        default=SAMPLES,
        help=f"orders of the fields to draw, {SAMPLES} unless given; four times as many halve "
        "the error",
    )
    add_models_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the explanation, or what was asked for in its place."""
    record = read_json("--record", arguments.record)
    predictor = load(arguments.model, models=arguments.models)
    spec = predictor.spec
    answers: dict[str, Any] = {}
    lines = [demonstration(spec)] if spec.demonstration else []
    if arguments.change is not None:
        changed = predictor.what_if(record, read_json("--change", arguments.change))
        answers["what_if"] = changed.as_dict()
        lines += _what_if(changed, spec)
    if arguments.suggest:
        suggestions = predictor.suggest(record, arguments.output)
        answers["suggestions"] = suggestions.as_dict()
        lines += _suggestions(suggestions, spec)
    if not answers:
        explanation = predictor.explain(record, arguments.output, arguments.samples)
        answers["explanation"] = explanation.as_dict()
        lines += _explanation(explanation, spec)
    origin = predictor.origin
    if arguments.json:
        print(json.dumps(answers, indent=2))
    else:
        print("\n".join([*lines, f"({origin.model} {origin.version})"]))
    return 0


def _explanation(explanation: Explanation, spec: Spec) -> Iterator[str]:
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


def _what_if(changed: WhatIf, spec: Spec) -> Iterator[str]:
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


def _suggestions(suggestions: Suggestions, spec: Spec) -> Iterator[str]:
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
