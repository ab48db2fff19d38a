"""A score as a distribution: what is read off it, and that nothing there contradicts the rest."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel import ScoreDistribution
from satchel.decode.decoder import decode_output
from satchel.spec import Distribution

GRADES = Distribution(
    name="grade",
    label="Grade",
    scores=tuple(float(grade) for grade in range(21)),
    whole=True,
    limits=(0, 20),
    decimals=1,
    pass_at=10,
)
POINTS = Distribution(
    name="points",
    label="Points",
    scores=(0.0, 20.0, 35.0, 50.0, 80.0, 100.0),
    limits=(0, 100),
    decimals=1,
    pass_at=47.3,
)


def reach_of(chances, scores):
    """The probability of reaching each score but the first, for a lottery over whole scores."""
    return [sum(p for grade, p in chances.items() if grade >= score) for score in scores[1:]]


@pytest.mark.parametrize("share", [0.05, 0.1, 0.25, 0.4, 0.5, 0.75, 0.9])
def test_whole_scores_are_those_of_a_sample(share):
    chances = {8: 0.2, 9: 0.1, 11: 0.45, 15: 0.25}
    found = ScoreDistribution(GRADES.scores, tuple(reach_of(chances, GRADES.scores)), True)
    sample = np.repeat(list(chances), [20, 10, 45, 25])
    assert found.mean == pytest.approx(sample.mean())
    assert found.median == np.median(sample)
    assert found.quantile(share) == np.quantile(sample, share, method="inverted_cdf") or (
        np.mean(sample < found.quantile(share)) <= share <= np.mean(sample <= found.quantile(share))
    )
    assert [found.probability_of(grade) for grade in (0, 8, 8.5, 9, 12, 16, 20)] == pytest.approx(
        [np.mean(sample >= grade) for grade in (0, 8, 8.5, 9, 12, 16, 20)]
    )
    assert found.probability_of(20.5) == 0.0


def test_between_scores_the_probability_falls_in_a_straight_line():
    found = ScoreDistribution((0.0, 10.0, 20.0), (0.5, 0.1))
    assert found.median == 10.0
    assert found.quantile(0.25) == 5.0
    assert found.quantile(0.7) == pytest.approx(15.0)
    assert found.quantile(0.95) == 20.0  # a tenth has all that can be scored
    assert found.probability_of(5.0) == 0.75
    assert found.interval(0.5) == pytest.approx((5.0, 16.25))
    points = np.linspace(0, 20, 200_001)
    heights = np.array([found.probability_of(x) for x in points[::100]])
    assert found.mean == pytest.approx(np.trapezoid(heights, points[::100]))


def test_a_share_that_is_none_is_refused():
    found = ScoreDistribution((0.0, 10.0), (0.5,))
    with pytest.raises(ValueError, match=r"share = 1\.5 is no probability: give a number from 0"):
        found.quantile(1.5)


shares = st.floats(0, 1, width=32) | st.sampled_from([0.0, 0.5, 1.0, 0.49999997, 0.50000006])


@st.composite
def answered(draw):
    output = draw(st.sampled_from([GRADES, POINTS]))
    marks = st.floats(0, output.scores[-1]).filter(lambda mark: mark > 0)
    output = replace(
        output,
        pass_at=draw(marks | st.sampled_from(output.scores[1:])),
        decimals=draw(st.sampled_from([None, 0, 1])),
    )
    width = len(output.scores) - 1
    rows = draw(st.lists(st.lists(shares, min_size=width, max_size=width), min_size=1, max_size=5))
    return output, np.array(rows, np.float32)


@settings(max_examples=500)
@given(case=answered())
def test_value_label_and_probability_never_contradict_each_other(case):
    output, raw = case
    answers = decode_output(output, raw)
    passed = answers.label == "pass"
    assert passed.tolist() == (answers.probability >= 0.5).tolist()
    assert passed.tolist() == (answers.value >= output.pass_at).tolist()
    assert (answers.risk == 1 - answers.probability).all()
    low, high = output.limits
    assert ((low <= answers.mean) & (answers.mean <= high)).all()
    for _, lower, upper in answers.intervals:
        assert ((low <= lower) & (lower <= upper) & (upper <= high)).all()


@settings(max_examples=300)
@given(case=answered(), data=st.data())
def test_who_reaches_every_score_more_likely_is_told_no_less(case, data):
    output, raw = case
    # Each threshold may rise on its own: sorting keeps the order of the rows.
    more = np.array(
        [[data.draw(st.floats(float(p), 1, width=32)) for p in row] for row in raw], np.float32
    )
    before, after = decode_output(output, raw), decode_output(output, more)
    assert (before.value <= after.value).all()
    assert (before.mean <= after.mean + 1e-9).all()
    assert (before.probability <= after.probability).all()
    for (_, *old), (_, *new) in zip(before.intervals, after.intervals, strict=True):
        assert all((a <= b).all() for a, b in zip(old, new, strict=True))


def test_the_mark_moves_the_probability_and_nothing_else():
    raw = np.linspace(0.99, 0.01, 20, dtype=np.float32)[None]
    answers = [decode_output(replace(GRADES, pass_at=mark), raw) for mark in (8, 10, 12)]
    assert [float(one.probability[0]) for one in answers] == [float(raw[0, k]) for k in (7, 9, 11)]
    assert len({float(one.value[0]) for one in answers}) == 1
