"""Whatever a graph gives, under whatever spec: one record is decoded as many are, in silence."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from satchel import Prediction, Predictor, RecordError
from satchel.decode.decoder import Decoder
from satchel.decode.row_decoder import RowDecoder
from satchel.frozen_json import MAX_NUMBER
from satchel.measure.evaluation import evaluate
from satchel.note import Found
from satchel.prediction import Answers
from satchel.spec import (
    Breakpoints,
    CategoryBins,
    Check,
    Classes,
    Distribution,
    Intervals,
    Isotonic,
    Level,
    NumberBins,
    Regression,
    Score,
    Segment,
    Sigmoid,
    Spec,
)

pytestmark = pytest.mark.filterwarnings("error")

# ---- specs: with numbers as models have them, and at the edges of what a spec allows -------------

TINIEST = 5e-324
EDGES = (0.0, -0.0, TINIEST, -TINIEST, 2.3e-308, 1e-100, 0.5, 1.0, MAX_NUMBER, -MAX_NUMBER)


def usual(lowest=-50.0, highest=50.0):
    return st.floats(lowest, highest)


def odd(lowest=-MAX_NUMBER, highest=MAX_NUMBER):
    edges = [edge for edge in EDGES if lowest <= edge <= highest]
    return st.sampled_from(edges) | usual(max(lowest, -50), min(highest, 50))


@st.composite
def curves(draw, x, y, rising=False):
    x = sorted(draw(st.lists(x, min_size=1, max_size=6, unique=True)))
    y = draw(st.lists(y, min_size=len(x), max_size=len(x)))
    return {"x": tuple(x), "y": tuple(sorted(y) if rising else y)}


def calibrations(numbers):
    curve = curves(numbers(), numbers(0, 1), rising=True)
    sigmoid = st.builds(Sigmoid, a=numbers(), b=numbers())
    return st.none() | sigmoid | curve.map(lambda points: Isotonic(**points))


def pairs(numbers):
    return st.tuples(numbers(), numbers()).map(sorted)


def regressions(numbers):
    levels = pairs(numbers).map(lambda pair: (Level(level=0.8, low=pair[0], high=pair[1]),))
    scale = curves(numbers(), numbers(lowest=0)).map(lambda points: Breakpoints(**points))
    limits = st.tuples(st.none() | numbers(), st.none() | numbers()) | pairs(numbers).map(tuple)
    return st.builds(
        Regression,
        name=st.just("score"),
        label=st.just("Score"),
        mean=numbers(),
        scale=numbers(lowest=0).filter(bool),
        limits=limits.filter(lambda pair: None in pair or pair[0] <= pair[1]),
        decimals=st.none() | st.integers(0, 15),
        pass_at=numbers(),
        intervals=st.none() | st.builds(Intervals, levels=levels, scale=st.none() | scale),
        calibration=calibrations(numbers),
    )


@st.composite
def distributions(draw, numbers):
    scores = sorted(draw(st.lists(numbers(), min_size=2, max_size=9, unique=True)))
    marks = st.sampled_from(scores[1:]) | numbers(scores[0], scores[-1])
    levels = st.lists(st.sampled_from([0.5, 0.8, 0.9, 1e-9]), max_size=2, unique=True)
    return Distribution(
        name="score",
        label="Score",
        scores=tuple(scores),
        whole=draw(st.booleans()),
        limits=(
            draw(st.sampled_from([None, scores[0]])),
            draw(st.sampled_from([None, scores[-1]])),
        ),
        decimals=draw(st.none() | st.integers(0, 15)),
        pass_at=draw(st.none() | marks.filter(lambda mark: scores[0] < mark <= scores[-1])),
        levels=tuple(draw(levels)),
    )


def two_classes(numbers):
    return st.builds(
        Classes,
        name=st.just("passed"),
        label=st.just("Passed"),
        labels=st.just(("no", "yes")),
        positive=st.sampled_from(["no", "yes"]),
        threshold=numbers(0, 1).filter(lambda share: 0 < share < 1),
        calibration=calibrations(numbers),
    )


SCORES = st.one_of(regressions(usual), regressions(odd), distributions(usual), distributions(odd))
TWO = two_classes(usual) | two_classes(odd)
THREE = st.builds(
    Classes,
    name=st.just("level"),
    label=st.just("Level"),
    labels=st.just(("a", "b", "c")),
    positive=st.sampled_from([None, "b"]),
)
GROUPS = st.just(Segment(name="group", label="Group", labels=("a", "b")))

# ---- what graphs give: any bits of a float32 -----------------------------------------------------

SIGNALLING_NAN = 0x7F800001


def bits_of(number):
    return int(np.array(number, np.float32).view(np.uint32))


edges = [0.0, -0.0, 1e-45, 0.25, 0.5, 1.0, 2.5, 3.4028235e38, np.inf, np.nan]
patterns = st.one_of(
    st.floats(0, 1, width=32).map(bits_of),
    st.floats(-1e6, 1e6, width=32).map(bits_of),
    st.sampled_from([bits_of(sign * edge) for edge in edges for sign in (1, -1)]),
    st.just(SIGNALLING_NAN),
    st.integers(0, 2**32 - 1),
)


@st.composite
def raw_of(draw, output):
    """A raw output of some rows."""
    count = draw(st.integers(1, 9))
    if isinstance(output, Segment):
        codes = st.integers(-1, 2) | st.sampled_from([-(2**63), 2**63 - 1])
        return np.array(draw(st.lists(codes, min_size=count, max_size=count)), np.int64)
    width = 1
    if isinstance(output, Classes):
        width = draw(st.sampled_from([1, 2])) if len(output.labels) == 2 else len(output.labels)
    if isinstance(output, Distribution):
        width = len(output.scores) - 1
    size = count * width
    found = draw(st.lists(patterns, min_size=size, max_size=size))
    return np.array(found, np.uint32).view(np.float32).reshape(count, width)


@st.composite
def decoded(draw, outputs):
    output = draw(outputs)
    return output, draw(raw_of(output))


def under(spec, *outputs, **changes):
    """The spec with other outputs, as a bundle would hold it."""
    changed = replace(spec, outputs=outputs, **{"advice": None, "checks": (), **changes})
    return Spec.from_json(changed.to_json())


# ---- one record is decoded as many are -----------------------------------------------------------


def bits(answer):
    """All of an answer, its zeros with their signs."""
    return repr(answer.as_dict() if isinstance(answer, Prediction) else str(answer))


def both_ways(spec, output, raw):
    """The answers to many rows, decoded one by one and all at once."""
    changed = under(spec, output)
    decoder = Decoder(changed, "0" * 64)
    single = RowDecoder(changed, decoder.origin, decoder.scored)
    one_by_one = []
    for row in raw:
        try:
            one_by_one.append(single.decode([row.reshape(-1).tolist()], ()))
        except RecordError as error:
            one_by_one.append(error)
    return one_by_one, list(decoder.decode([raw], Found())), single


def certain(score, calibration):
    """A case: a score that is not finite, and a calibration that makes a number of it."""
    output = Classes(
        name="passed",
        label="Passed",
        labels=("no", "yes"),
        positive="yes",
        calibration=calibration,
    )
    return output, np.array([[score]], np.float32)


@settings(max_examples=1000)
@given(case=decoded(SCORES | TWO | THREE | GROUPS))
@example(case=certain(np.inf, Sigmoid(a=0.0, b=0.0)))
@example(case=certain(-np.inf, Sigmoid(a=-1.0, b=0.0)))
@example(case=certain(np.inf, Isotonic(x=(0.0,), y=(0.5,))))
def test_an_answer_has_the_same_bits_alone_and_among_many(spec, case):
    output, raw = case
    alone, among, single = both_ways(spec, output, raw)
    assert list(map(bits, alone)) == list(map(bits, among))
    usable = (raw >= 0) & (raw < 2) if isinstance(output, Segment) else np.isfinite(raw)
    usable = usable.reshape(len(raw), -1).all(axis=1)
    assert [isinstance(answer, Prediction) for answer in alone] == usable.tolist()
    for row, answer in zip(raw, alone, strict=True):
        numbers = [row.reshape(-1).tolist()]
        if isinstance(answer, RecordError):
            with pytest.raises(RecordError):
                single.number(numbers)
            continue
        assert json.dumps(answer.as_dict(), allow_nan=False)
        number = answer.value if isinstance(output, Score) else answer.probability
        if number is not None:
            assert repr(single.number(numbers)) == repr(number)


# ---- and whatever stands on the answers ----------------------------------------------------------


class Graph:
    """Gives the rows of its raw outputs in turn, whatever comes in."""

    def __init__(self, raw):
        self._raw = raw

    def run_row(self, row):
        return [array[0].reshape(-1).tolist() for array in self._raw]

    def run(self, matrix):
        return self.run_blocks([matrix])

    def run_blocks(self, blocks):
        rows = np.arange(sum(map(len, blocks)))
        return [array[rows % len(array)] for array in self._raw]


def said(ask, *arguments):
    """What can be sent as JSON, or the reason why there is no answer."""
    try:
        return json.dumps(ask(*arguments).as_dict(), allow_nan=False)
    except RecordError as error:
        return str(error)


@settings(max_examples=200)
@given(outputs=st.tuples(SCORES, TWO | THREE, GROUPS), data=st.data())
def test_what_is_made_of_answers_is_told_or_refused(tiny, outputs, data):
    score, classes, segment = outputs
    edges = data.draw(curves(odd(), st.none()))["x"]
    bins = (
        NumberBins(feature=score.name, edges=edges, shares=(*[0.0] * len(edges), 1.0)),
        CategoryBins(feature=classes.name, shares=(1.0, *[0.0] * (len(classes.labels) - 1))),
        CategoryBins(feature=segment.name, shares=(0.5, 0.5)),
    )
    reference = replace(tiny.spec.reference, outputs=bins)
    record = tiny.spec.checks[0].record
    widths = [len(score.scores) - 1 if isinstance(score, Distribution) else 1, 1, 1]
    check = Check(
        record=record,
        outputs={
            output.name: tuple(data.draw(odd()) for _ in range(width))
            for output, width in zip(outputs, widths, strict=True)
        },
    )
    spec = under(tiny.spec, *outputs, reference=reference, checks=(check,))
    raw = [data.draw(raw_of(output)) for output in outputs]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("satchel.predictor.Graph", lambda *_: Graph(raw))
        predictor = Predictor(replace(tiny, spec=spec))
    assert predictor.verify().checks == 1
    said(predictor.predict, record)
    said(predictor.what_if, record, {"hours": 9})
    said(predictor.drift, [record] * 60)
    for output in (score, classes):
        said(predictor.explain, record, output.name)
        said(predictor.suggest, record, output.name)


@settings(max_examples=50)
@given(
    case=decoded(SCORES | TWO | THREE),
    rows=st.integers(1, 60),
    data=st.data(),
)
def test_answers_can_be_measured(spec, case, rows, data):
    output, raw = case
    answers = Decoder(under(spec, output), "0" * 64).decode([raw], Found())
    places = [i for i in range(len(raw)) if i not in answers.errors] * rows
    assume(places)
    found = answers.outputs[output.name]
    truths = odd() if isinstance(output, Score) else st.sampled_from(output.labels)
    true = np.array(data.draw(st.lists(truths, min_size=5, max_size=5)))[np.arange(len(places)) % 5]

    def taken(numbers):
        return None if numbers is None else numbers[places]

    evaluate(
        output,
        true,
        Answers(
            value=taken(found.value),
            unit=found.unit,
            label=taken(found.label),
            probability=taken(found.probability),
            intervals=tuple((level, taken(a), taken(b)) for level, a, b in found.intervals),
            risk=taken(found.risk),
            mean=taken(found.mean),
        ),
        {"group": np.arange(len(places)) % 2},
    )
