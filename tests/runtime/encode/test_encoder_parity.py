"""The encoder against scikit-learn, as an independent oracle."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from satchel import RecordError
from satchel.encode.encoder import Encoder
from satchel.spec import Category, Derived, Inputs, MinMax, Number, OneHot, Ordinal, Standard

pd = pytest.importorskip("pandas", reason="pip install '.[train]'")
pytest.importorskip("sklearn", reason="pip install '.[train]'")

from sklearn.compose import ColumnTransformer  # noqa: E402
from sklearn.impute import SimpleImputer  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import (  # noqa: E402
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

STRATEGIES = ("mean", "median", "most_frequent")
COURSES = ("math", "français", "物理", "a b", "True", "É")
LEVELS = ("low", "mid", "high")


def fitted(numbers, strategies):
    """Return the oracle, not yet fitted: numbers standardised and scaled, categories coded."""
    steps = []
    for name, strategy in zip(numbers, strategies, strict=True):
        for kind in (StandardScaler(), MinMaxScaler()):
            pipeline = make_pipeline(SimpleImputer(strategy=strategy), kind)
            steps.append((f"{name} {type(kind).__name__}", pipeline, [name]))
    frequent = SimpleImputer(strategy="most_frequent")
    coder = OneHotEncoder(sparse_output=False, categories=[COURSES], handle_unknown="ignore")
    steps.append(("course", make_pipeline(frequent, coder), ["course"]))
    coder = OrdinalEncoder(categories=[LEVELS])
    steps.append(("level", make_pipeline(frequent, coder, StandardScaler()), ["level"]))
    return ColumnTransformer(steps)


def read_off(oracle, numbers):
    """Return the inputs whose numbers are those that the oracle estimated."""
    features, columns = [], []
    for name in numbers:
        imputer, standard = oracle.named_transformers_[f"{name} StandardScaler"]
        _, minmax = oracle.named_transformers_[f"{name} MinMaxScaler"]
        imputed = float(imputer.statistics_[0])
        features.append(Number(name=name, label=name, imputed=imputed))
        mean, scale = float(standard.mean_[0]), float(standard.scale_[0])
        columns.append(Standard(source=name, mean=mean, scale=scale))
        low, high = float(minmax.data_min_[0]), float(minmax.data_max_[0])
        columns.append(MinMax(source=name, minimum=low, maximum=high))
    courses, _ = oracle.named_transformers_["course"]
    imputed = str(courses.statistics_[0])
    features.append(Category(name="course", label="", values=COURSES, imputed=imputed))
    columns += [OneHot(source="course", value=value) for value in COURSES]
    levels, _, standard = oracle.named_transformers_["level"]
    features.append(
        Category(
            name="level",
            label="",
            values=LEVELS,
            ordered=True,
            imputed=str(levels.statistics_[0]),
        )
    )
    mean, scale = float(standard.mean_[0]), float(standard.scale_[0])
    columns.append(Ordinal(source="level", mean=mean, scale=scale))
    return Inputs(features=tuple(features), columns=tuple(columns))


magnitudes = st.sampled_from([1e-6, 1e-3, 1.0, 1e3, 1e6, 1e12])


@st.composite
def frames(draw):
    rows = draw(st.integers(3, 25))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    frame = {}
    for name in ("x", "größe", "count"):
        size, shift = draw(magnitudes), draw(st.sampled_from([0.0, 1.0, -100.0]))
        values = random.normal(shift, 1.0, rows) * size
        values = np.round(values) if name == "count" else values
        values[random.random(rows) < draw(st.sampled_from([0.0, 0.3]))] = np.nan
        assume(len(set(values[~np.isnan(values)])) >= 2)
        frame[name] = values
    for name, known in (("course", COURSES), ("level", LEVELS)):
        values = random.choice(np.array([*known, np.nan], object), rows)
        assume(len({value for value in values if value == value}) >= 2)
        frame[name] = pd.Series(values, dtype=object)
    return pd.DataFrame(frame)


def spelled(frame):
    """Return the frame's records, every second cell another way of writing the same value."""
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    for i, record in enumerate(records):
        for j, (name, value) in enumerate(record.items()):
            if (i + j) % 2:
                record[name] = other_spelling(value)
    return records


def other_spelling(value):
    if value is None:
        return ""
    if isinstance(value, str):
        return value == "True" or f" {value} "
    return int(value) if value == int(value) else repr(value)


def assert_close(ours, theirs):
    np.testing.assert_allclose(ours, theirs.astype(np.float32), rtol=1e-6, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(frames(), st.tuples(*[st.sampled_from(STRATEGIES)] * 3))
def test_the_encoder_agrees_with_a_column_transformer(frame, strategies):
    numbers = ("x", "größe", "count")
    oracle = fitted(numbers, strategies)
    expected = oracle.fit_transform(frame)
    encoder = Encoder(read_off(oracle, numbers))
    for encoded in (
        encoder.encode_many({name: np.asarray(frame[name]) for name in frame}),
        encoder.encode_many({name: frame[name].tolist() for name in frame}),
        encoder.encode_many(frame.to_dict("records")),
        encoder.encode_many(spelled(frame)),
    ):
        assert not encoded.problems
        assert_close(encoded.matrix, expected)
    missing = [int(n) for n in frame.isna().sum(axis=1)]
    assert [len(encoded.notes.get(i, ())) for i in range(len(frame))] == missing


FRAME = pd.DataFrame(
    {
        "x": [1.0, 2.0, np.nan, 4.0],
        "course": ["math", "True", np.nan, "物理"],
        "level": ["low", "mid", "high", "mid"],
    }
).astype({"course": object, "level": object})


@pytest.fixture(scope="module")
def oracle():
    return fitted(("x",), ("mean",)).fit(FRAME)


def test_an_unseen_category_that_scikit_learn_ignores_is_an_error(oracle):
    record = {"x": 1.0, "course": "sport", "level": "low"}
    assert not oracle.transform(pd.DataFrame([record]))[0, 2 : 2 + len(COURSES)].any()
    with pytest.raises(RecordError, match="course = 'sport' is not one of its values"):
        Encoder(read_off(oracle, ("x",))).encode(record)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_number_is_an_error_on_both_sides(oracle, value):
    record = {"x": value, "course": "math", "level": "low"}
    with pytest.raises(ValueError, match="infinity"):
        oracle.transform(pd.DataFrame([record]))
    with pytest.raises(RecordError, match=r"x = -?inf is too large"):
        Encoder(read_off(oracle, ("x",))).encode(record)


def test_booleans_are_categories_and_integers_are_numbers(oracle):
    frame = pd.DataFrame({"x": [3, 4], "course": ["True", "True"], "level": ["low", "high"]})
    expected = oracle.transform(frame)
    encoder = Encoder(read_off(oracle, ("x",)))
    frame["course"] = [True, True]
    columns = {name: np.asarray(frame[name]) for name in frame}
    assert [columns[name].dtype.kind for name in ("x", "course")] == ["i", "b"]
    assert_close(encoder.encode_many(columns).matrix, expected)
    assert_close(encoder.encode_many(frame.to_dict("records")).matrix, expected)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), min_size=1, max_size=5),
    st.integers(0, 2),
)
def test_derived_numbers_agree_with_numpy(rows, ddof):
    table, names, weights = np.array(rows), ("a", "b", "c"), (0.5, -2.0, 3.0)
    kinds = {
        "sum": table.sum(axis=1),
        "mean": table.mean(axis=1),
        "std": table.std(axis=1, ddof=ddof),
        "weighted_sum": table @ np.array(weights),
    }
    derived = tuple(
        Derived(name=kind, operation=kind, inputs=names, weights=weights, ddof=ddof)
        for kind in kinds
    )
    columns = tuple(Standard(source=kind, mean=0.0, scale=1.0) for kind in kinds)
    features = tuple(Number(name=name, label=name) for name in names)
    encoder = Encoder(Inputs(features=features, columns=columns, derived=derived))
    encoded = encoder.encode_many(dict(zip(names, table.T, strict=True)))
    expected = np.column_stack(list(kinds.values()))
    np.testing.assert_allclose(encoded.matrix, expected, rtol=1e-6, atol=1e-7 * 1e6)
