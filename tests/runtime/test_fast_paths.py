"""The short cuts give what the long ways give, in every thread and after a fork."""

import math
import os
import pickle
import signal
import sys
import threading
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel import Prediction, RecordError
from satchel.decode.decoder import Decoder
from satchel.decode.row_decoder import RowDecoder
from satchel.encode.encoder import Encoder
from satchel.note import Found
from satchel.predictor import Predictor
from satchel.spec import (
    Breakpoints,
    Category,
    Classes,
    Derived,
    Inputs,
    Intervals,
    Isotonic,
    Level,
    MinMax,
    Number,
    OneHot,
    Regression,
    Segment,
    Sigmoid,
    Standard,
)

# ---- one record is decoded as many are ---------------------------------------------------------

finite = st.floats(-1e6, 1e6, width=32)
scores = st.one_of(finite, st.floats(width=32), st.sampled_from([0.25, -0.05, 0.0, -0.0, 2.5]))
bounds = st.tuples(st.none() | st.floats(-50, 0), st.none() | st.floats(0, 50))
increasing = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6, unique=True).map(sorted)


@st.composite
def curves(draw, lowest, highest, rising):
    x = tuple(draw(increasing))
    y = draw(st.lists(st.floats(lowest, highest), min_size=len(x), max_size=len(x)))
    return x, tuple(sorted(y) if rising else y)


@st.composite
def calibrations(draw):
    kind = draw(st.sampled_from(["none", "sigmoid", "isotonic"]))
    if kind == "sigmoid":
        return Sigmoid(a=draw(st.floats(-5, 5)), b=draw(st.floats(-9, 9)))
    if kind == "isotonic":
        x, y = draw(curves(0, 1, True))
        return Isotonic(x=x, y=y)
    return None


@st.composite
def regressions(draw):
    intervals = None
    if draw(st.booleans()):
        x, y = draw(curves(0, 5, False))
        intervals = Intervals(
            levels=(Level(level=0.8, low=draw(st.floats(-9, 0)), high=draw(st.floats(0, 9))),),
            scale=draw(st.sampled_from([None, Breakpoints(x=x, y=y)])),
        )
    return Regression(
        name="score",
        label="Score",
        mean=draw(st.floats(-20, 20)),
        scale=draw(st.floats(0.01, 20)),
        limits=draw(bounds),
        decimals=draw(st.none() | st.integers(0, 15)),
        pass_at=3.0,
        intervals=intervals,
        calibration=draw(calibrations()),
    )


def bits(answer):
    """All of an answer, its zeros with their signs."""
    return repr(answer.as_dict() if isinstance(answer, Prediction) else str(answer))


def both_ways(spec, output, rows):
    """The answers to many rows, decoded one by one and all at once."""
    changed = replace(spec, outputs=(output,), advice=None, checks=())
    decoder = Decoder(changed, "0" * 64)
    single = RowDecoder(changed, decoder.origin, decoder.scored)
    array = np.array(rows, np.int64 if isinstance(output, Segment) else np.float32)
    one_by_one = []
    for row in array:
        try:
            one_by_one.append(single.decode([row.reshape(-1).tolist()], ()))
        except RecordError as error:
            one_by_one.append(error)
    return one_by_one, list(decoder.decode([array], Found())), single


@settings(deadline=None, max_examples=300)
@given(output=regressions(), raw=st.lists(scores, min_size=1, max_size=9))
def test_a_score_has_the_same_bits_alone_and_among_many(spec, output, raw):
    alone, among, single = both_ways(spec, output, [[score] for score in raw])
    assert list(map(bits, alone)) == list(map(bits, among))
    for score, answer in zip(np.array(raw, np.float32).tolist(), alone, strict=True):
        if isinstance(answer, Prediction):
            assert repr(single.number([[score]])) == repr(answer.value)
        else:
            with pytest.raises(RecordError, match="no usable score"):
                single.number([[score]])


@settings(deadline=None, max_examples=300)
@given(
    calibration=calibrations(),
    positive=st.sampled_from(["no", "yes"]),
    threshold=st.floats(0.1, 0.9),
    data=st.data(),
)
def test_two_classes_are_the_same_alone_and_among_many(
    spec, calibration, positive, threshold, data
):
    width = data.draw(st.sampled_from([1, 2]))
    share = st.one_of(st.floats(0, 1, width=32), scores)
    rows = data.draw(
        st.lists(st.lists(share, min_size=width, max_size=width), min_size=1, max_size=9)
    )
    output = Classes(
        name="passed",
        label="Passed",
        labels=("no", "yes"),
        positive=positive,
        threshold=threshold,
        calibration=calibration,
    )
    alone, among, single = both_ways(spec, output, rows)
    assert list(map(bits, alone)) == list(map(bits, among))
    for row, answer in zip(np.array(rows, np.float32).tolist(), alone, strict=True):
        if isinstance(answer, Prediction):
            assert repr(single.number([row])) == repr(answer.probability)


@settings(deadline=None)
@given(
    positive=st.sampled_from([None, "b"]),
    rows=st.lists(st.lists(scores, min_size=3, max_size=3), min_size=1, max_size=9),
)
def test_many_classes_are_the_same_alone_and_among_many(spec, positive, rows):
    output = Classes(name="level", label="Level", labels=("a", "b", "c"), positive=positive)
    alone, among, _ = both_ways(spec, output, rows)
    assert list(map(bits, alone)) == list(map(bits, among))


def test_a_segment_is_the_same_alone_and_among_many(spec):
    output = Segment(name="group", label="Group", labels=("a", "b"))
    alone, among, _ = both_ways(spec, output, [0, 1, 2, -1])
    assert list(map(bits, alone)) == list(map(bits, among))
    assert [type(answer) for answer in alone] == [Prediction, Prediction, RecordError, RecordError]


# ---- plain records take the short cut, and it shows in nothing ----------------------------------

INPUTS = Inputs(
    features=(
        Number(name="grade", label="Grade", integer=True, limits=(0, 20), seen=(0, 19)),
        Number(name="hours", label="Hours", limits=(0, None), clip=(None, 40), imputed=5),
        Number(name="wide", label="Wide"),
        Category(name="one", label="One", values=("1", "a", "b"), imputed="a"),
        Number(name="idle", label="Idle", integer=True, limits=(0, 1)),
    ),
    columns=(
        OneHot(source="one", value="a"),
        Standard(source="grade", mean=0.1, scale=0.3),
        MinMax(source="grade", minimum=0, maximum=20),
        OneHot(source="one", value="1"),
        OneHot(source="one", value="b"),
        Standard(source="hours", mean=6.1, scale=0.7),
        Standard(source="wide", mean=1e-3, scale=1e-9),
    ),
)
values = st.one_of(
    st.integers(-2, 22),
    st.floats(),
    st.sampled_from(["", "1", "a", "b", " a", "12", "3.5", "x", None]),
    st.booleans(),
    st.sampled_from([np.bool_(True), np.float64(1.5), np.int64(3), np.float32(0.1), 10**400]),
    st.sampled_from(range(7)).map(
        [complex(1), np.timedelta64(1, "s"), np.str_("a"), [], (), math.nan, 1e300].__getitem__
    ),
)


class Carefully(Encoder):
    """An encoder without the short cut."""

    def encode(self, record):
        return self.encode_carefully(record)


def told(encoder, record):
    try:
        return encoder.encode(record)
    except RecordError as error:
        return error.problems


@settings(deadline=None, max_examples=1000)
@given(st.fixed_dictionaries({feature.name: values for feature in INPUTS.features}))
def test_the_short_cut_gives_the_bytes_notes_and_errors_of_the_careful_path(record):
    assert told(Encoder(INPUTS), record) == told(Carefully(INPUTS), record)


def test_plain_records_do_take_the_short_cut(monkeypatch):
    encoder = Encoder(INPUTS)
    monkeypatch.setattr(encoder, "encode_carefully", lambda record: pytest.fail("a long way"))
    for grade in (0, 7, 19.0):
        record = {"grade": grade, "hours": 2.5, "wide": 1, "one": "1", "idle": 0}
        assert len(encoder.encode(record)[0]) == 4 * encoder.width


def test_a_derived_number_that_no_column_shows_is_checked_too():
    huge = Derived(name="huge", operation="weighted_sum", inputs=("wide",), weights=(1e308,))
    encoder = Encoder(replace(INPUTS, derived=(huge,)))
    record = {"grade": 7, "hours": 2.5, "wide": 1, "one": "1", "idle": 0}
    assert encoder.encode(record) == Encoder(INPUTS).encode(record)
    with pytest.raises(RecordError, match="huge cannot be computed"):
        encoder.encode(record | {"wide": 2})


def test_a_defaultdict_does_not_grow_by_being_asked():
    record = defaultdict(int, {"hours": 2.5})
    with pytest.raises(RecordError, match="grade is required"):
        Encoder(INPUTS).encode(record)
    assert list(record) == ["hours"]


# ---- the value alone ----------------------------------------------------------------------------


@pytest.fixture
def scored(changed, spec):
    return changed(outputs=spec.outputs[:1], advice=None, checks=())


def test_predict_value_gives_the_value_of_predict(scored, record):
    assert scored.predict_value(record) == scored.predict(record).value


def test_predict_value_gives_the_probability_of_classes(changed, spec, record):
    predictor = changed(outputs=spec.outputs[1:], checks=())
    prediction = predictor.predict(record)
    assert prediction.value is None
    assert prediction.segment is not None
    assert predictor.predict_value(record) == prediction.probability


def test_predict_value_raises_the_errors_of_predict(scored, record):
    with pytest.raises(RecordError, match="score = 99 is out of bounds"):
        scored.predict_value(record | {"score": 99})


def test_predict_value_of_several_outputs_says_so(predictor, record):
    with pytest.raises(AttributeError, match="several outputs: ask predict"):
        predictor.predict_value(record)


def test_predict_value_of_a_segment_alone_says_so(changed, spec, record):
    predictor = changed(outputs=spec.outputs[2:], advice=None, checks=())
    assert predictor.predict(record).segment is not None
    with pytest.raises(AttributeError, match="no number: ask predict"):
        predictor.predict_value(record)


# ---- threads, processes -------------------------------------------------------------------------


def test_sixteen_threads_get_the_answers_of_one(predictor, record):
    records = [record | {"score": i % 21, "hours": 1 + i / 7} for i in range(160)]
    expected = [predictor.predict(one).as_dict() for one in records]
    wrong, interval = [], sys.getswitchinterval()
    start = threading.Barrier(16)

    def ask(first):
        start.wait()
        for round_ in range(20):
            for i in range(first, len(records), 16):
                if predictor.predict(records[i]).as_dict() != expected[i]:
                    wrong.append((round_, i))

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(16)]
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_predictor_answers_in_a_forked_process(tiny, record, threads):
    predictor = Predictor(tiny, threads)
    expected = predictor.predict(record).as_dict(), predictor.predict_many([record]).as_dicts()
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a process that waits for threads it does not have waits for ever
        found = predictor.predict(record).as_dict(), predictor.predict_many([record]).as_dicts()
        del predictor
        os._exit(0 if found == expected else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert predictor.predict(record).as_dict() == expected[0]


def test_a_pickled_predictor_gives_the_same_value(scored, record):
    again = pickle.loads(pickle.dumps(scored))
    assert again.predict_value(record) == scored.predict_value(record)
