import json
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel import BundleError, SpecError
from satchel.frozen_json import MAX_NUMBER, from_plain, to_plain
from satchel.spec import (
    Advice,
    Breakpoints,
    Category,
    CategoryBins,
    Check,
    Classes,
    Derived,
    Direction,
    Inputs,
    Intervals,
    Isotonic,
    Level,
    Metric,
    MinMax,
    Number,
    NumberBins,
    OneHot,
    Ordinal,
    Recommendation,
    Reference,
    Regression,
    Segment,
    Sigmoid,
    Spec,
    Standard,
)
from satchel.wording import demonstration

# ---- there and back --------------------------------------------------------------------------


def test_the_tiny_spec_returns_from_its_json(spec):
    text = spec.to_json()
    again = Spec.from_json(text)
    assert again == spec
    assert again.to_json() == text
    assert "\n" not in text


def test_a_spec_may_come_from_plain_python(spec):
    assert Spec.from_dict(json.loads(spec.to_json())) == spec
    assert Spec.from_dict(to_plain(spec) | {"spec_version": 1}) == spec


def test_fields_that_equal_their_default_are_left_out(spec):
    feature = json.loads(spec.to_json())["inputs"]["features"][4]
    assert sorted(feature) == ["imputed", "kind", "label", "name", "values"]


printable = st.characters(exclude_categories=("Cc", "Cs"))
names = st.text(printable, min_size=1, max_size=8)
reals = st.floats(-MAX_NUMBER, MAX_NUMBER)
maybe = st.none() | reals
spans = st.tuples(maybe, maybe).map(lambda b: b if None in b else (min(b), max(b)))
words = st.text(printable, min_size=1, max_size=5).map(str.strip).filter(bool)
rising = st.lists(reals, min_size=1, max_size=5, unique=True).map(sorted).map(tuple)


@st.composite
def breakpoints(draw, kind):
    x = draw(rising)
    share = st.floats(0, 1)
    y = draw(st.lists(share, min_size=len(x), max_size=len(x)).map(sorted))
    return kind(x=x, y=tuple(y))


@st.composite
def category_features(draw):
    values = tuple(draw(st.lists(words, min_size=1, max_size=4, unique=True)))
    return Category(
        name=draw(names),
        label=draw(st.text(printable, max_size=5)),
        values=values,
        value_labels=draw(st.sampled_from([(), values])),
        ordered=draw(st.booleans()),
        imputed=draw(st.none() | st.sampled_from(values)),
        sensitive=draw(st.booleans()),
        actionable=draw(st.booleans()),
    )


PARTS = {
    Number: st.builds(
        Number,
        name=names,
        label=names,
        unit=st.text(printable, max_size=3),
        integer=st.booleans(),
        limits=spans,
        clip=spans,
        seen=st.none() | st.tuples(reals, reals).map(lambda b: (min(b), max(b))),
        required=st.just(True),
        actionable=st.just(True),
        direction=st.sampled_from(get_args(Direction)),
    ),
    Category: category_features(),
    Derived: st.builds(
        Derived,
        name=names,
        operation=st.sampled_from(["sum", "mean", "weighted_sum"]),
        inputs=st.tuples(names, names),
        weights=st.tuples(reals, reals),
    ),
    Standard: st.builds(Standard, source=names, mean=reals, scale=reals.filter(lambda x: x > 0)),
    Sigmoid: st.builds(Sigmoid, a=reals, b=reals),
    Isotonic: breakpoints(Isotonic),
    Breakpoints: breakpoints(Breakpoints),
    Metric: st.builds(
        Metric, output=names, name=names, protocol=names, value=reals, naive=maybe, published=maybe
    ),
    Check: st.builds(
        Check,
        record=st.dictionaries(names, st.none() | reals | st.text(printable, max_size=4)),
        outputs=st.dictionaries(names, st.lists(reals, max_size=3).map(tuple)),
    ),
}


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_any_part_returns_from_its_json(kind, data):
    part = data.draw(PARTS[kind])
    assert from_plain(kind, json.loads(json.dumps(to_plain(part)))) == part


@pytest.mark.parametrize("rules", [{"values": ("no", "yes")}, {"ordered": True}])
def test_a_category_of_two_or_in_order_may_have_a_direction(rules):
    rules = {"values": ("low", "medium", "high"), "actionable": True} | rules
    feature = Category(name="c", label="", direction="decrease", **rules)
    assert from_plain(Category, to_plain(feature)) == feature


def test_what_tells_no_direction_may_go_either_way(spec):
    plain = json.loads(spec.to_json())
    assert plain["inputs"]["features"][1].pop("direction") == "increase"
    assert Spec.from_dict(plain).inputs.features[1].direction == ""


# ---- JSON that is refused --------------------------------------------------------------------


def place(plain, path):
    for key in path[:-1]:
        plain = plain[key]
    return plain


def changed(spec, path, value):
    plain = json.loads(spec.to_json())
    place(plain, path)[path[-1]] = value
    return json.dumps(plain)


def refusal(text):
    with pytest.raises(SpecError) as caught:
        Spec.from_json(text)
    return str(caught.value)


FEATURE = ("inputs", "features", 0)
WRONG = [
    (("colour",), 1, "colour: Spec has no such field"),
    ((*FEATURE, "colour"), 1, "inputs.features[0].colour: Number has no such field"),
    ((*FEATURE, "values"), [], "inputs.features[0].values: Number has no such field"),
    (("kind",), "spec", "kind: Spec has no such field"),
    (("card", "source", "rows"), 1.5, "card.source.rows: expected int, got float"),
    (("card", "source", "synthetic"), 1, "card.source.synthetic: expected bool, got int"),
    (("card", "title"), None, "card.title: expected str, got NoneType"),
    (("card", "versions"), [], "card.versions: expected"),
    (("card", "versions", "numpy"), 1, "card.versions.numpy: expected str, got int"),
    (("card", "metrics", 1, "value"), "x", "card.metrics[1].value: expected float, got str 'x'"),
    (("card", "metrics", 1, "value"), True, "card.metrics[1].value: expected float, got bool"),
    (("card", "metrics"), {}, "card.metrics: expected"),
    ((*FEATURE, "kind"), "date", "inputs.features[0].kind: expected one of ['category', 'number']"),
    ((*FEATURE, "kind"), ["number"], "inputs.features[0].kind: expected one of"),
    ((*FEATURE, "limits"), [0], "inputs.features[0].limits: expected"),
    ((*FEATURE, "limits"), [0, 1, 2], "inputs.features[0].limits: expected"),
    ((*FEATURE, "limits"), "01", "inputs.features[0].limits: expected"),
    ((*FEATURE, "limits", 0), "x", "inputs.features[0].limits[0]: expected"),
    ((*FEATURE, "limits", 0), 30, "inputs.features[0]: limits of score: 30.0 is above 20.0"),
    (("inputs", "features"), None, "inputs.features: expected"),
    (("inputs", "features", 1), None, "inputs.features[1]: expected"),
    (("inputs",), [], "inputs: expected an object, got list"),
    ((*FEATURE, "direction"), "up", "inputs.features[0].direction: expected"),
    ((*FEATURE, "direction"), "increase", "inputs.features[0]: score has a direction, so it must"),
    (("inputs", "derived", 0, "operation"), "eval", "inputs.derived[0]"),
    (("inputs", "derived", 0, "operation"), 3, "inputs.derived[0].operation: expected"),
    (("inputs", "columns", 0, "scale"), 0, "inputs.columns[0]: scale of score must be above 0"),
    (("outputs", 1, "threshold"), 1, "outputs[1]: threshold of outcome lies between 0 and 1"),
    (("spec_version",), 3, "the spec has version 3; this satchel reads versions up to 2"),
    (("spec_version",), "1", "the spec has version '1'"),
    (("spec_version",), None, "the spec has version None"),
    (("spec_version",), True, "spec_version: expected int, got bool"),
    (("spec_version",), 1.0, "spec_version: expected int, got float"),
    (("task",), "Tiny Task", "'Tiny Task' is no name"),
    (("task",), "../tiny", "'../tiny' is no name"),
    (("model",), "a.b", "'a.b' is no name"),
    (("model",), "linear\n", "'linear\\n' is no name"),
]


@pytest.mark.parametrize(("path", "value", "message"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_refused_with_its_place(spec, path, value, message):
    found = refusal(changed(spec, path, value))
    assert found.startswith(message)
    assert len(found) < 400


# Parts that may be null have their places too.
OPTIONAL = [
    (("advice", "colour"), 1, "advice.colour: Advice has no such field"),
    (("advice", "table", 0, "text"), 1, "advice.table[0].text: expected str, got int"),
    (("outputs", 0, "intervals", "levels", 0, "low"), "x", "outputs[0].intervals.levels[0].low"),
    (("outputs", 0, "intervals", "levels", 0, "low"), 9, "outputs[0].intervals.levels[0]: resid"),
    (("outputs", 0, "intervals", "scale", "x"), [1], "outputs[0].intervals.scale"),
    ((*FEATURE, "seen", 0), "x", "inputs.features[0].seen[0]: expected float"),
]


@pytest.mark.parametrize(("path", "value", "message"), OPTIONAL, ids=range(len(OPTIONAL)))
def test_what_is_wrong_in_an_optional_part_is_refused_with_its_place(spec, path, value, message):
    assert refusal(changed(spec, path, value)).startswith(message)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (("task",), "task: missing"),
        (("card", "source", "url"), "card.source.url: missing"),
        (("inputs", "columns", 2, "minimum"), "inputs.columns[2].minimum: missing"),
        (("inputs", "features", 0, "kind"), "inputs.features[0].kind: expected one of"),
    ],
)
def test_what_is_missing_is_refused_with_its_place(spec, path, message):
    plain = json.loads(spec.to_json())
    del place(plain, path)[path[-1]]
    assert refusal(json.dumps(plain)).startswith(message)


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e101", "1" + "0" * 400]
)
def test_a_number_that_is_not_finite_is_refused(spec, number):
    text = changed(spec, ("inputs", "columns", 0, "mean"), "HERE").replace('"HERE"', number)
    assert refusal(text).startswith(("the spec is not readable", "inputs.columns[0].mean: expect"))


@pytest.mark.parametrize("character", ["\ud800", "\0", "\x1b", "\x7f", "\x9b", "\r"])
@pytest.mark.parametrize("path", [("card", "title"), (*FEATURE, "name"), ("checks", 0, "record")])
def test_text_that_no_terminal_should_be_given_is_refused(spec, path, character):
    value = {character: 1} if path[-1] == "record" else f"a{character}b"
    assert f"holds the character U+{ord(character):04X}" in refusal(changed(spec, path, value))


def test_text_may_have_lines(spec):
    assert Spec.from_json(changed(spec, ("card", "title"), "one\n\ttwo"))


@pytest.mark.parametrize("name", ["\ud800", "\x1b[2J", "x" * 10**6])
def test_a_hostile_name_is_told_shortly_and_printably(spec, name):
    for path in ((name,), (*FEATURE, name), ("card", "versions")):
        value = {name: 1} if path[-1] == "versions" else 1
        assert len(refusal(changed(spec, path, value))) < 300
        assert refusal(changed(spec, path, value)).isprintable()
    assert len(refusal(changed(spec, ("advice", "output"), "x" * 10**6))) < 400


def test_a_number_of_very_many_digits_is_refused(spec):
    text = changed(spec, ("inputs", "columns", 0, "mean"), "HERE")
    assert refusal(text.replace('"HERE"', "1" * 10_000)).startswith("the spec is not readable JSON")


def test_a_huge_number_of_rows_is_only_a_number(spec):
    assert Spec.from_json(changed(spec, ("card", "source", "rows"), 10**400))


@pytest.mark.parametrize("depth", [200, 900, 980, 100_000])
def test_deep_nesting_is_refused(spec, depth):
    for path in (("spec_version",), ("advice",), ("inputs", "features", 0, "limits"), ("x",)):
        text = changed(spec, path, "HERE").replace('"HERE"', "[" * depth + "]" * depth)
        assert refusal(text)


@pytest.mark.parametrize("text", ["", "{", "\0", "nul", "'a'", "\ufeff{}"])
def test_what_is_no_json_is_refused(text):
    assert refusal(text).startswith("the spec is not readable JSON")


@pytest.mark.parametrize("text", ["null", "[]", "3", '"x"', "{}"])
def test_what_has_no_version_is_refused(text):
    assert refusal(text).startswith("the spec has version None")


def test_a_spec_error_is_a_bundle_error():
    with pytest.raises(BundleError):
        Spec.from_json("")


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)


@given(data=st.data(), value=plain_values)
def test_any_value_in_any_place_is_read_or_refused(spec, data, value):
    plain = json.loads(spec.to_json())
    inner = plain
    while True:
        keys = sorted(inner) if isinstance(inner, dict) else range(len(inner))
        key = data.draw(st.sampled_from(list(keys)))
        deeper = isinstance(inner[key], dict | list) and inner[key]
        if not deeper or data.draw(st.booleans()):
            break
        inner = inner[key]
    inner[key] = value
    try:
        again = Spec.from_dict(plain)
    except SpecError:
        return
    assert Spec.from_json(again.to_json()) == again


# ---- specs that do not hold together ---------------------------------------------------------

X, Y = Number(name="x", label=""), Number(name="y", label="")
C = Category(name="c", label="", values=("a", "b"))
FROM_X = Standard(source="x", mean=0.0, scale=1.0)


def number(**rules):
    return lambda: Number(**{"name": "x", "label": ""} | rules)


def category(**rules):
    return lambda: Category(**{"name": "c", "label": "", "values": ("a", "b")} | rules)


def derived(**rules):
    return lambda: Derived(**{"name": "d", "operation": "sum", "inputs": ("x", "y")} | rules)


def inputs(**parts):
    return lambda: Inputs(**{"features": (X, Y, C), "columns": (FROM_X,)} | parts)


def chain(*steps):
    made = (Derived(name=name, operation="sum", inputs=sources) for name, sources in steps)
    return inputs(derived=tuple(made))


def classes(**rules):
    rules = {"name": "o", "label": "", "labels": ("a", "b"), "positive": "a"} | rules
    return lambda: Classes(**rules)


REFUSED = {
    "a number without a name": (number(name=""), "needs a name"),
    "limits in the wrong order": (number(limits=(2.0, 1.0)), "limits of x: 2.0 is above 1.0"),
    "bounds in the wrong order": (number(clip=(2.0, 1.0)), "clipping bounds of x"),
    "a range in the wrong order": (number(seen=(2.0, 1.0)), "range seen of x"),
    "optional without imputed": (number(required=False), "x is optional, so it needs an imputed"),
    "an optional category": (category(required=False), "c is optional, so it needs an imputed"),
    "a category without a name": (category(name=""), "needs a name"),
    "no values": (category(values=()), "c has no values"),
    "a value twice": (category(values=("a", "a")), "value of c named twice"),
    "a blank value": (category(values=("a", "")), "may not be blank"),
    "a value with a space": (category(values=("a", "b ")), "may not be blank or begin or end"),
    "a label missing": (category(value_labels=("A",)), "needs one label per value"),
    "an unknown imputed value": (category(imputed="z"), "is not one of its values"),
    "an unknown direction": (
        number(actionable=True, direction="up"),
        "x: no direction 'up'; there are ('', 'increase', 'decrease')",
    ),
    "a direction of what stays": (
        number(direction="increase"),
        "x has a direction, so it must be actionable",
    ),
    "a category's unknown direction": (
        category(actionable=True, direction="up"),
        "c: no direction 'up'",
    ),
    "a category's direction of what stays": (
        category(direction="increase"),
        "c has a direction, so it must be actionable",
    ),
    "a direction without an order": (
        category(values=("a", "b", "d"), actionable=True, direction="increase"),
        "c has a direction, so its values must be ordered, or two",
    ),
    "a derived without a name": (derived(name=""), "needs a name"),
    "an unknown operation": (derived(operation="eval"), "no operation 'eval'"),
    "a derived without inputs": (derived(inputs=()), "has no inputs"),
    "too few weights": (derived(operation="weighted_sum", weights=(1.0,)), "one weight per input"),
    "too large a ddof": (derived(operation="std", ddof=2), "ddof out of place"),
    "a negative ddof": (derived(operation="std", ddof=-1), "ddof out of place"),
    "a ratio of three": (derived(operation="ratio", inputs=("x",) * 3), "a ratio has two inputs"),
    "a scale of 0": (lambda: Standard(source="x", mean=0.0, scale=0.0), "must be above 0"),
    "an ordinal's scale": (lambda: Ordinal(source="c", scale=-1.0), "must be above 0"),
    "no span": (lambda: MinMax(source="x", minimum=1.0, maximum=1.0), "must be above minimum"),
    "an endless span": (
        lambda: MinMax(source="x", minimum=-1e308, maximum=1e308),
        "must be above minimum",
    ),
    "no columns": (inputs(columns=()), "at least one column"),
    "a field twice": (inputs(features=(X, X)), "field named twice: 'x'"),
    "a field known and ignored": (inputs(ignored=("x",)), "field named twice: 'x'"),
    "a derived like a field": (chain(("x", ("y",))), "field named twice: 'x'"),
    "a derived of itself": (chain(("d", ("d",))), "d needs d, which is no number known before it"),
    "a circle": (chain(("d", ("e",)), ("e", ("d",))), "d needs e, which is no number known before"),
    "a forward reference": (chain(("d", ("e",)), ("e", ("x",))), "d needs e"),
    "a derived of a category": (chain(("d", ("c",))), "d needs c, which is no number"),
    "a column of nothing": (
        inputs(columns=(replace(FROM_X, source="z"),)),
        "needs the number z: unknown",
    ),
    "a number's column of a category": (
        inputs(columns=(replace(FROM_X, source="c"),)),
        "needs the number c: unknown",
    ),
    "a category's column of a number": (
        inputs(columns=(OneHot(source="x", value="a"),)),
        "needs the category x: unknown",
    ),
    "one-hot of no value": (inputs(columns=(OneHot(source="c", value="z"),)), "needs c = 'z'"),
    "an order that is none": (inputs(columns=(Ordinal(source="c"),)), "c is not ordered"),
    "a level of 1": (lambda: Level(level=1.0, low=0.0, high=1.0), "between 0 and 1"),
    "quantiles in the wrong order": (lambda: Level(level=0.5, low=1.0, high=0.0), "quantiles"),
    "no levels": (lambda: Intervals(levels=()), "at least one level"),
    "a level twice": (
        lambda: Intervals(levels=(Level(level=0.5, low=0.0, high=1.0),) * 2),
        "level named twice",
    ),
    "a negative scale": (
        lambda: Intervals(
            levels=(Level(level=0.5, low=0.0, high=1.0),), scale=Breakpoints(x=(0.0,), y=(-1.0,))
        ),
        "is not negative",
    ),
    "no breakpoints": (lambda: Breakpoints(x=(), y=()), "same number of points"),
    "uneven breakpoints": (lambda: Breakpoints(x=(0.0, 1.0), y=(0.0,)), "same number of points"),
    "breakpoints that fall": (lambda: Breakpoints(x=(1.0, 0.0), y=(0.0, 1.0)), "must increase"),
    "isotonic that falls": (lambda: Isotonic(x=(0.0, 1.0), y=(1.0, 0.0)), "must not decrease"),
    "isotonic above 1": (lambda: Isotonic(x=(0.0,), y=(1.5,)), "is a probability"),
    "a regression's scale": (lambda: Regression(name="o", label="", scale=0.0), "above 0"),
    "a regression's limits": (
        lambda: Regression(name="o", label="", limits=(2.0, 1.0)),
        "limits of o",
    ),
    "decimals": (lambda: Regression(name="o", label="", decimals=16), "between 0 and 15"),
    "one label": (classes(labels=("a",)), "at least two labels"),
    "a label twice": (classes(labels=("a", "a")), "label of o named twice"),
    "two labels, none positive": (classes(positive=None), "positive label of o"),
    "an unknown positive label": (classes(positive="z"), "positive label of o"),
    "a threshold of 0": (classes(threshold=0.0), "between 0 and 1"),
    "three labels calibrated": (
        classes(labels=("a", "b", "c"), calibration=Sigmoid(a=1.0, b=0.0)),
        "calibration is for two labels",
    ),
    "a segment without labels": (lambda: Segment(name="o", label="", labels=()), "needs labels"),
    "a recommendation twice": (
        lambda: Advice(output="o", table=(Recommendation(label="a", text="x"),) * 2),
        "recommendation named twice",
    ),
    "bins that do not fit": (
        lambda: NumberBins(feature="x", edges=(1.0,), shares=(1.0,)),
        "wrong count",
    ),
    "bins that fall": (
        lambda: NumberBins(feature="x", edges=(1.0, 0.0), shares=(1.0, 0.0, 0.0)),
        "edges must increase",
    ),
    "a negative share": (
        lambda: NumberBins(feature="x", edges=(1.0,), shares=(1.5, -0.5)),
        "add up to 1",
    ),
    "half of the shares": (lambda: CategoryBins(feature="x", shares=(0.25, 0.25)), "add up to 1"),
    "no shares": (lambda: CategoryBins(feature="x", shares=()), "add up to 1"),
    "more missing than there is": (
        lambda: CategoryBins(feature="x", shares=(1.0,), missing=1.5),
        "add up to 1",
    ),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_part_that_does_not_hold_together_is_refused(make, message):
    with pytest.raises(SpecError) as caught:
        make()
    assert message in str(caught.value)


def test_an_earlier_derived_number_may_be_used():
    assert chain(("d", ("x",)), ("e", ("d", "y")))().derived[1].inputs == ("d", "y")


def refused(spec, message, **changes):
    with pytest.raises(SpecError) as caught:
        replace(spec, **changes)
    assert message in str(caught.value)


def test_a_spec_that_does_not_hold_together_is_refused(spec):
    grade, _, group = spec.outputs
    refused(spec, "at least one output", outputs=(), advice=None, checks=())
    refused(spec, "output named twice", outputs=(grade, grade))
    refused(spec, "at most one segment", outputs=(group, replace(group, name="other")))
    unknown = (NumberBins(feature="z", edges=(), shares=(1.0,)),)
    refused(spec, "bins of z", reference=Reference(bins=unknown))


def test_incomplete_advice_is_refused(spec):
    grade, outcome, group = spec.outputs
    table, sentence = spec.advice.table, "one sentence for each label and segment"
    refused(spec, sentence, advice=replace(spec.advice, table=table[1:]))
    stranger = Recommendation(label="pass", segment="z", text="")
    refused(spec, sentence, advice=replace(spec.advice, table=(*table, stranger)))
    refused(spec, sentence, advice=replace(spec.advice, segment=None))
    refused(spec, "no such output", advice=replace(spec.advice, segment="outcome"))
    refused(spec, "which gives none", advice=replace(spec.advice, output="z"))
    refused(spec, "which gives none", advice=replace(spec.advice, output="group"))
    unmarked = (replace(grade, pass_at=None), outcome, group)
    refused(spec, "gives none", outputs=unmarked, advice=replace(spec.advice, output="grade"))


def test_checks_that_lack_values_are_refused(spec):
    first = spec.checks[0]
    message = "a check needs the values of every output"
    for outputs in (
        {},
        {"grade": (1.0,)},
        first.outputs | {"other": (1.0,)},
        first.outputs | {"grade": ()},
        first.outputs | {"outcome": (0.1, 0.2, 0.7)},
    ):
        refused(spec, message, checks=(replace(first, outputs=outputs),))


def test_the_name_and_the_mark_of_a_demonstration(spec):
    assert spec.name == "tiny.linear"
    assert spec.demonstration
    real = replace(spec.card, source=replace(spec.card.source, synthetic=False))
    assert not replace(spec, card=real).demonstration


@pytest.mark.parametrize(
    ("synthetic", "rule", "said"),
    [
        (False, "", ""),
        (True, "", "Demonstration. The data were made by a program."),
        (False, "Grades are sums.", "Demonstration. Grades are sums."),
        (True, "Grades are sums.", "Demonstration. Grades are sums."),
    ],
)
def test_a_model_of_data_that_are_made_or_follow_a_rule_says_why_it_is_no_more_than_an_example(
    spec, synthetic, rule, said
):
    source = replace(spec.card.source, synthetic=synthetic, rule=rule)
    marked = replace(spec, card=replace(spec.card, source=source))
    assert demonstration(marked) == said
    assert marked.demonstration == bool(said)
    assert Spec.from_json(marked.to_json()) == marked


def test_the_measure_travels_and_is_the_rmse_unless_told(spec):
    assert spec.card.measure == "rmse"
    told = replace(spec, card=replace(spec.card, measure="accuracy"))
    assert Spec.from_json(told.to_json()).card.measure == "accuracy"


def test_a_figure_is_found_by_name_and_protocol(spec):
    assert spec.card.metric("AUC", "none") == spec.card.metrics[1]
    assert spec.card.metric("AUC", "other") is None


def test_bins_of_another_kind_than_their_feature_are_refused(spec):
    of_category = NumberBins(feature="course", edges=(), shares=(1.0,))
    refused(spec, "course", reference=Reference(bins=(of_category,)))
    of_number = CategoryBins(feature="score", shares=(1.0,))
    refused(spec, "score", reference=Reference(bins=(of_number,)))
    uneven = CategoryBins(feature="course", shares=(1.0,))
    refused(spec, "course", reference=Reference(bins=(uneven,)))


@pytest.mark.parametrize("rules", [{"limits": (0.0, 1.0)}, {"clip": (0.0, 1.0)}])
def test_an_imputed_number_past_the_bounds_is_refused(rules):
    with pytest.raises(SpecError, match="imputed value of x is out of bounds"):
        number(imputed=5.0, **rules)()
    assert number(imputed=1.0, **rules)().imputed == 1.0


def test_bins_of_predictions_fit_an_output_of_that_name(spec):
    def reference(*outputs):
        return replace(spec.reference, outputs=outputs)

    grade = NumberBins(feature="grade", edges=(9.0,), shares=(0.5, 0.5))
    outcome = CategoryBins(feature="outcome", shares=(0.25, 0.75))
    group = CategoryBins(feature="group", shares=(0.5, 0.5))
    made = replace(spec, reference=reference(grade, outcome, group))
    assert Spec.from_json(made.to_json()) == made
    for wrong in (
        replace(grade, feature="outcome"),
        replace(grade, feature="score"),
        replace(outcome, feature="grade"),
        replace(outcome, shares=(0.25, 0.25, 0.5)),
    ):
        refused(spec, f"bins of {wrong.feature} do not fit an output", reference=reference(wrong))


def test_a_background_record_has_the_fields_of_the_model_alone(spec):
    reference = replace(spec.reference, background=({"score": 3.0, "marks": 2.0},))
    refused(spec, "a background record has an unknown field", reference=reference)


def test_a_reference_is_of_no_negative_number_of_rows(spec):
    with pytest.raises(SpecError, match="no fewer than 0 rows"):
        replace(spec.reference, rows=-1)
