import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel import Interval, Prediction, RecordError
from satchel.decode.decoder import Decoder, decode_output
from satchel.errors import Problem
from satchel.note import Found, Note
from satchel.spec import (
    Advice,
    Breakpoints,
    Classes,
    Intervals,
    Isotonic,
    Level,
    Recommendation,
    Regression,
    Segment,
    Sigmoid,
)

SCORE = Regression(name="score", label="Score", unit="points", mean=10.0, scale=2.0)
TWO = Classes(name="outcome", label="", labels=("fail", "pass"), positive="pass")
THREE = Classes(name="outcome", label="", labels=("low", "mid", "high"))
GROUP = Segment(name="group", label="", labels=("a", "b"))


@pytest.fixture
def decode(spec):
    """A function from outputs and their raw values to predictions."""

    def decode(*pairs, advice=None, problems=None, notes=None):
        outputs = tuple(output for output, _ in pairs)
        made = replace(spec, outputs=outputs, advice=advice, checks=())
        raw = [
            np.array(values, np.int64)
            if isinstance(output, Segment)
            else np.array(values, np.float32).reshape(len(values), -1)
            for output, values in pairs
        ]
        found = Found()
        found.problems, found.notes = problems or {}, notes or {}
        return Decoder(made, "0" * 64).decode(raw, found)

    return decode


# ---- scores ----------------------------------------------------------------------------------


def test_a_score_is_scaled_back(decode):
    (item,) = decode((SCORE, [-1.5]))
    assert (item.value, item.unit, item.label, item.probability) == (7.0, "points", None, None)
    assert item.interval is None
    assert item.intervals == ()


def test_a_score_is_scaled_in_float64(decode):
    raw = np.float32(0.1)
    (item,) = decode((replace(SCORE, mean=1e6, scale=3.0), [raw]))
    assert item.value == float(raw) * 3.0 + 1e6


def test_a_score_is_brought_inside_its_limits_and_rounded(decode):
    score = replace(SCORE, limits=(0.0, 11.5), decimals=1)
    assert [item.value for item in decode((score, [-9, 0.12, 9]))] == [0.0, 10.2, 11.5]
    assert [item.value for item in decode((replace(score, decimals=0), [0.1]))] == [10.0]


@given(raw=st.floats(-10, 10, width=32), decimals=st.integers(0, 3))
def test_a_rounded_score_is_the_nearest(raw, decimals):
    from satchel.decode.decoder import _round

    rounded = float(_round(replace(SCORE, decimals=decimals), np.array([raw]))[0])
    assert abs(rounded - raw) <= 0.5 * 10**-decimals * (1 + 1e-9)
    assert rounded == round(rounded, decimals)


def test_the_label_is_that_of_the_score_shown(decode):
    score = replace(SCORE, decimals=1, pass_at=12.0, pass_labels=("no", "yes"))
    raw = [0.976, 0.973]  # 11.952 is shown as 12.0, 11.946 as 11.9
    assert [(item.value, item.label) for item in decode((score, raw))] == [
        (12.0, "yes"),
        (11.9, "no"),
    ]


def test_intervals_are_scaled_clipped_and_rounded(decode):
    intervals = Intervals(
        levels=(Level(level=0.8, low=-1.0, high=2.0), Level(level=0.9, low=-3.04, high=4.0)),
        scale=Breakpoints(x=(8.0, 12.0), y=(1.0, 2.0)),
    )
    score = replace(SCORE, limits=(0.0, 14.0), decimals=1, intervals=intervals)
    (item,) = decode((score, [0.0]))
    assert item.intervals == (Interval(0.8, 8.5, 13.0), Interval(0.9, 5.4, 14.0))
    assert item.interval == item.intervals[0]
    # Beyond the breakpoints the spread is that of the nearest.
    assert decode((score, [-4.0]))[0].interval == Interval(0.8, 1.0, 4.0)
    assert decode((score, [1.5]))[0].interval == Interval(0.8, 11.0, 14.0)


def test_intervals_without_a_rule_keep_their_width(decode):
    intervals = Intervals(levels=(Level(level=0.5, low=-1.0, high=1.0),))
    (item,) = decode((replace(SCORE, intervals=intervals), [0.0]))
    assert item.interval == Interval(0.5, 9.0, 11.0)


def test_intervals_stand_around_the_score_before_rounding(decode):
    intervals = Intervals(levels=(Level(level=0.5, low=-0.4, high=0.4),))
    (item,) = decode((replace(SCORE, decimals=0, intervals=intervals), [0.2]))
    assert (item.value, item.interval) == (10.0, Interval(0.5, 10.0, 11.0))


# ---- classes ---------------------------------------------------------------------------------


def test_two_classes_from_one_score(decode):
    low, high = decode((TWO, [[0.25], [0.5]]))
    assert (low.label, low.probability, high.label, high.probability) == ("fail", 0.25, "pass", 0.5)
    assert low.outputs["outcome"].probabilities == {"fail": 0.75, "pass": 0.25}


def test_two_classes_from_two_scores(decode):
    (item,) = decode((TWO, [[0.75, 0.25]]))
    assert (item.label, item.probability) == ("fail", 0.25)
    (item,) = decode((replace(TWO, positive="fail"), [[0.75, 0.25]]))
    assert (item.label, item.probability) == ("fail", 0.75)


def test_the_positive_class_may_come_first(decode):
    (item,) = decode((replace(TWO, positive="fail"), [[0.75]]))
    assert (item.label, item.probability) == ("fail", 0.75)
    assert item.outputs["outcome"].probabilities == {"fail": 0.75, "pass": 0.25}


def test_the_threshold_belongs_to_the_positive_class(decode):
    outcome = replace(TWO, threshold=0.25)
    assert [item.label for item in decode((outcome, [[0.2499], [0.25]]))] == ["fail", "pass"]


def test_sigmoid_calibration(decode):
    outcome = replace(TWO, calibration=Sigmoid(a=-3.0, b=0.5))
    raw = np.array([-2.0, 0.0, 0.25, 4.0], np.float32)
    expected = 1 / (1 + np.exp(-3.0 * raw.astype(float) + 0.5))
    found = [item.probability for item in decode((outcome, raw))]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(("raw", "probability"), [(-3e38, 0.0), (3e38, 1.0)])
def test_sigmoid_calibration_does_not_overflow(decode, raw, probability):
    outcome = replace(TWO, calibration=Sigmoid(a=-1e4, b=0.0))
    assert decode((outcome, [raw]))[0].probability == probability


def test_isotonic_calibration(decode):
    outcome = replace(TWO, calibration=Isotonic(x=(0.25, 0.5, 0.75), y=(0.0, 0.75, 1.0)))
    found = [item.probability for item in decode((outcome, [0.0, 0.375, 0.5, 0.625, 9.0]))]
    assert found == [0.0, 0.375, 0.75, 0.875, 1.0]


def test_a_probability_is_brought_between_0_and_1(decode):
    assert [item.probability for item in decode((TWO, [-0.25, 1.25]))] == [0.0, 1.0]


def test_several_classes(decode):
    (item,) = decode((THREE, [[0.25, 0.5, 0.25]]))
    assert (item.label, item.probability) == ("mid", None)
    assert item.outputs["outcome"].probabilities == {"low": 0.25, "mid": 0.5, "high": 0.25}
    (item,) = decode((replace(THREE, positive="high"), [[0.5, 0.25, 0.25]]))
    assert (item.label, item.probability) == ("low", 0.25)


# ---- segments and advice ---------------------------------------------------------------------


def test_a_segment(decode):
    low, high = decode((SCORE, [0, 0]), (GROUP, [0, 1]))
    assert (low.segment, high.segment) == ("a", "b")
    assert (low.value, low.outputs["group"].label) == (10.0, "a")


def table(*rows):
    return tuple(Recommendation(label=a, segment=b, text=text) for a, b, text in rows)


def test_advice_follows_label_and_segment(decode):
    rows = [(a, b, f"{a}-{b}") for a in TWO.labels for b in GROUP.labels]
    advice = Advice(output="outcome", segment="group", table=table(*rows))
    pairs = ((TWO, [0, 0, 1, 1]), (GROUP, [0, 1, 0, 1]))
    found = [item.advice for item in decode(*pairs, advice=advice)]
    assert found == ["fail-a", "fail-b", "pass-a", "pass-b"]
    assert [item.advice for item in decode(*pairs)] == [None] * 4


def test_advice_without_segments_follows_the_side_of_the_pass_mark(decode):
    score = replace(SCORE, pass_at=10.0)
    advice = Advice(output="score", table=table(("fail", None, "Work."), ("pass", None, "Rest.")))
    found = [item.advice for item in decode((score, [-1, 1]), advice=advice)]
    assert found == ["Work.", "Rest."]


# ---- rows without an answer ------------------------------------------------------------------


@pytest.mark.parametrize("raw", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_is_an_error_of_its_row(decode, raw):
    good, bad = decode((SCORE, [1, raw]), (TWO, [0, 0]))
    assert good.outputs["score"].value == 12.0
    assert str(bad) == "the model gives no usable score for this record"


def test_a_class_that_is_no_number_is_an_error_of_its_row(decode):
    (bad,) = decode((THREE, [[0.5, np.nan, 0.5]]))
    assert isinstance(bad, RecordError)


@pytest.mark.parametrize("code", [-1, 2, 2**62, -(2**63)])
def test_a_segment_without_a_label_is_an_error_of_its_row(decode, code):
    (bad,) = decode((SCORE, [1]), (GROUP, [code]))
    assert str(bad) == "the model gives no usable group for this record"


@pytest.mark.parametrize("raw", [3e38, -3e38])
def test_a_score_that_overflows_is_an_error_of_its_row(decode, raw):
    (item,) = decode((replace(SCORE, scale=1e300), [raw]))
    assert isinstance(item, RecordError)


def test_problems_and_notes_of_the_encoder_come_with_their_rows(decode):
    note = Note("clipped", "x", "x was brought to 1")
    problems = {1: [Problem("x", "x is odd")]}
    good, bad = decode((SCORE, [1, 2]), problems=problems, notes={0: [note], 1: [note]})
    assert good.notes == (note,)
    assert isinstance(bad, RecordError)
    assert bad.problems == (Problem("x", "x is odd"),)


# ---- the shape of an answer ------------------------------------------------------------------


def test_the_flat_attributes_need_a_single_output(decode):
    (item,) = decode((SCORE, [1]), (TWO, [0.5]), (GROUP, [0]))
    for name in ("value", "unit", "label", "probability", "interval", "intervals"):
        assert not hasattr(item, name)
        with pytest.raises(AttributeError, match=rf"outputs\['score'\]\.{name}"):
            getattr(item, name)
    assert item.segment == "a"


def test_the_flat_attributes_do_not_count_the_segment(decode):
    (item,) = decode((GROUP, [1]), (TWO, [0.5]))
    assert (item.label, item.probability, item.segment) == ("pass", 0.5, "b")


def test_a_model_of_a_segment_alone_has_its_segment(decode):
    (item,) = decode((GROUP, [1]))
    assert item.segment == "b"
    assert item.outputs["group"].label == "b"


def test_the_hint_names_no_segment(decode):
    (item,) = decode((GROUP, [1]), (SCORE, [1]), (TWO, [0.5]))
    with pytest.raises(AttributeError, match=r"ask for outputs\['(score|outcome)'\]\.value"):
        _ = item.value


def test_as_dict_is_plain_and_leaves_out_what_is_not_there(decode):
    (item,) = decode((SCORE, [-5]))
    plain = item.as_dict()
    assert plain == {
        "model": "tiny.linear",
        "version": "1.0.0",
        "sha256": "0" * 64,
        "demonstration": True,
        "outputs": {"score": {"value": 0.0, "unit": "points"}},
        "notes": [],
        "reliable": True,
        "doubts": [],
    }
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_as_dict_keeps_a_probability_of_0(decode):
    (item,) = decode((TWO, [0.0]))
    assert item.as_dict()["outputs"]["outcome"] == {
        "label": "fail",
        "probability": 0.0,
        "probabilities": {"fail": 1.0, "pass": 0.0},
        "risk": 1.0,
    }


def test_a_prediction_cannot_be_changed(decode):
    (item,) = decode((SCORE, [1]))
    assert isinstance(item, Prediction)
    with pytest.raises(AttributeError):
        item.segment = "b"


def test_with_a_probability_of_passing_the_label_is_the_likelier_side():
    output = Regression(
        name="grade",
        label="Grade",
        pass_at=10,
        decimals=1,
        calibration=Isotonic(x=(9.0, 10.0), y=(0.3, 0.8)),
    )
    raw = np.array([[8.0], [9.3], [9.5], [12.0]], np.float32)
    answers = decode_output(output, raw)
    np.testing.assert_allclose(answers.probability, [0.3, 0.45, 0.55, 0.8], atol=1e-6)
    # 9.5 lies below the mark, and is more likely a pass all the same.
    assert answers.label.tolist() == ["fail", "fail", "pass", "pass"]
    assert answers.value.tolist() == [8.0, 9.3, 9.5, 12.0]
