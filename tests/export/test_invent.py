from hypothesis import example, given, settings
from hypothesis import strategies as st

from satchel.encode.encoder import Encoder
from satchel.spec import Category, Inputs, Number, Standard
from satchel_export.invent import invent


def inputs_of(feature):
    return Inputs(
        features=(feature, Number(name="other", label="Other")),
        columns=(Standard(source="other", mean=0.0, scale=1.0),),
    )


def values(feature, count=300, seed=1):
    return [record[feature.name] for record in invent(inputs_of(feature), count, seed)]


bounds = st.floats(-1e4, 1e4)


@given(ends=st.lists(bounds, min_size=4, max_size=4).map(sorted), sides=st.integers(0, 3))
@example(ends=[0.0, 0.0, -0.0, 1.0], sides=0)
@settings(deadline=None)
def test_invented_numbers_are_within_their_limits(ends, sides):
    low, seen_low, seen_high, high = ends
    limits = (low if sides & 1 else None, high if sides & 2 else None)
    feature = Number(
        name="x", label="X", limits=limits, seen=(seen_low, seen_high), imputed=seen_low
    )
    records = invent(inputs_of(feature), 100, 1)
    assert Encoder(inputs_of(feature)).encode_many(records).problems == {}


@given(ends=st.lists(st.integers(-50, 50), min_size=4, max_size=4).map(sorted))
@settings(deadline=None)
def test_invented_whole_numbers_are_whole_and_within_their_limits(ends):
    low, seen_low, seen_high, high = map(float, ends)
    feature = Number(
        name="x", label="X", integer=True, limits=(low, high), seen=(seen_low, seen_high)
    )
    for value in values(feature, 100):
        assert value == int(value)
        assert low <= value <= high


def test_invented_categories_are_all_values_of_the_feature():
    feature = Category(name="c", label="C", values=("red", "green", "blue"))
    assert set(values(feature)) == {"red", "green", "blue"}
    assert {type(value) for value in values(feature)} == {str}


def test_some_values_are_blank_where_that_is_allowed():
    blank = Number(name="x", label="X", seen=(0, 1), imputed=0.5)
    needed = Number(name="x", label="X", seen=(0, 1))
    assert 0 < values(blank).count(None) < 60
    assert values(needed).count(None) == 0


def test_some_values_lie_outside_the_range_seen_and_most_inside():
    feature = Number(name="x", label="X", limits=(0, 100), seen=(40, 60))
    inside = sum(40 <= value <= 60 for value in values(feature))
    assert 250 <= inside < 300


def test_a_number_without_limits_or_range_is_invented_too():
    assert all(value is not None for value in values(Number(name="x", label="X")))


def test_records_are_those_of_the_seed():
    inputs = inputs_of(Number(name="x", label="X", seen=(0, 1)))
    assert invent(inputs, 20, 1) == invent(inputs, 20, 1)
    assert invent(inputs, 20, 1) != invent(inputs, 20, 2)


def test_records_have_every_feature_and_are_readable(run):
    records = invent(run.spec.inputs, 200, 3)
    assert len(records) == 200
    assert all(set(record) == {f.name for f in run.spec.inputs.features} for record in records)
    assert Encoder(run.spec.inputs).encode_many(records).problems == {}
