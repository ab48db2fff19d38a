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

from satchel import RecordError
from satchel.encode.encoder import Encoder
from satchel.predictor import Predictor
from satchel.spec import (
    Category,
    Derived,
    Inputs,
    MinMax,
    Number,
    OneHot,
    Standard,
)

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
