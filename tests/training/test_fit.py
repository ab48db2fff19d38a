import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from satchel import DataError
from satchel.dataclass_json import to_plain
from satchel.spec import Category, CategoryBins, Number, NumberBins, OneHot, Standard
from satchel_training.fit import encode, fit, fit_inputs, fit_output, fit_reference


def with_gaps(frame, names, seed, share=0.2):
    """Blank some cells of the named columns, never a whole column."""
    rng = np.random.default_rng(seed)
    gaps = frame.copy()
    for name in names:
        blank = rng.random(len(frame)) < share
        blank[:1] = False
        gaps.loc[blank, name] = None
    return gaps


def oracle(task, frame):
    """Return scikit-learn's own preprocessing, fitted to the frame."""
    numbers, categories = kinds(task)
    transformers = []
    # One per field, so that the columns come in the fields' order.
    for name in task.features:
        if name in numbers:
            steps = SimpleImputer(strategy="median"), StandardScaler()
        else:
            steps = (
                SimpleImputer(strategy="most_frequent"),
                OneHotEncoder(categories=[categories[name]], sparse_output=False),
            )
        transformers.append((name, make_pipeline(*steps), [name]))
    return ColumnTransformer(transformers).fit(for_sklearn(frame))


def kinds(task):
    fields = [task.dataset.field(name) for name in task.features]
    numbers = [field.name for field in fields if isinstance(field, Number)]
    return numbers, {f.name: list(f.values) for f in fields if isinstance(f, Category)}


def for_sklearn(frame):
    texts = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    converted = frame.copy()
    for name in texts:
        cells = [value if isinstance(value, str) else np.nan for value in frame[name]]
        converted[name] = pd.Series(cells, frame.index, dtype=object)
    return converted


def matrix_of_sklearn(task, train, rows):
    return oracle(task, train).transform(for_sklearn(rows))


# ---- the numbers of the inputs ---------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_numbers_agree_with_scikit_learn(small_task, seed):
    frame = with_gaps(small_task.dataset.generate(80, seed), small_task.features, seed)
    inputs = fit_inputs(small_task, frame)
    transformer = oracle(small_task, frame)
    columns = {column.source: column for column in inputs.columns if isinstance(column, Standard)}
    for feature in inputs.features:
        steps = transformer.named_transformers_[feature.name]
        if isinstance(feature, Category):
            assert feature.imputed == steps[0].statistics_[0]
            continue
        assert feature.imputed == pytest.approx(steps[0].statistics_[0], rel=1e-15)
        assert columns[feature.name].mean == pytest.approx(steps[1].mean_[0], rel=1e-12)
        assert columns[feature.name].scale == pytest.approx(steps[1].scale_[0], rel=1e-12)


@given(
    hours=st.lists(
        st.none() | st.decimals(-100, 100, places=2).map(float), min_size=2, max_size=30
    ),
    courses=st.lists(st.sampled_from([None, "art", "law", "math"]), min_size=40, max_size=40),
)
@settings(max_examples=25, deadline=None)
def test_the_matrix_is_scikit_learns(small_task, hours, courses):
    hours = [*hours, 1.5, 2.25]
    frame = pd.DataFrame(
        {
            "hours": np.array(hours, np.float64),
            "score": np.arange(len(hours), dtype=np.float64),
            "course": pd.Series(["law", *courses][: len(hours)], dtype=object),
        }
    )
    ours = encode(fit_inputs(small_task, frame), frame)
    theirs = matrix_of_sklearn(small_task, frame, frame)
    np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_matrix_of_unseen_rows_is_scikit_learns(small_task, seed):
    numbers = small_task.features
    train = with_gaps(small_task.dataset.generate(60, seed), numbers, seed)
    rows = with_gaps(small_task.dataset.generate(40, seed + 100), numbers, seed + 100)
    ours = encode(fit_inputs(small_task, train), rows)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(
        ours, matrix_of_sklearn(small_task, train, rows), rtol=2e-6, atol=1e-6
    )


def test_the_matrix_of_the_mathematics_task_is_scikit_learns(task):
    # An odd number of values has a whole median, which needs no rounding.
    frame = task.dataset.generate(121, 5)
    ours = encode(fit_inputs(task, frame), frame)
    np.testing.assert_allclose(ours, matrix_of_sklearn(task, frame, frame), rtol=2e-6, atol=1e-6)


def test_a_median_between_whole_numbers_is_brought_to_one(task):
    frame = task.dataset.generate(40, 1)
    frame["G2"] = [10.0, 13.0] * 20
    (g2,) = (f for f in fit_inputs(task, frame).features if f.name == "G2")
    assert g2.imputed in (11.0, 12.0)


def test_scale_is_that_of_the_rows_with_their_imputed_values(small_task):
    frame = small_task.dataset.generate(5, 1)
    frame["hours"] = [0.0, 10.0, 10.0, None, None]
    (column,) = (c for c in fit_inputs(small_task, frame).columns if c.source == "hours")
    assert (column.mean, column.scale) == (8.0, 4.0)


def test_the_range_seen_is_that_of_the_values(small_task):
    frame = small_task.dataset.generate(5, 1)
    frame["hours"] = [2.0, -1.5, 7.25, None, 3.0]
    (hours,) = (f for f in fit_inputs(small_task, frame).features if f.name == "hours")
    assert hours.seen == (-1.5, 7.25)


def test_the_first_of_equally_frequent_categories_is_imputed(small_task):
    frame = small_task.dataset.generate(5, 1)
    frame["course"] = ["math", "law", "math", "law", None]
    (course,) = (f for f in fit_inputs(small_task, frame).features if f.name == "course")
    assert course.imputed == "law"


def test_each_value_of_a_category_has_its_column_even_if_unseen(small_task):
    frame = small_task.dataset.generate(5, 1)
    frame["course"] = "art"
    one_hot = [c.value for c in fit_inputs(small_task, frame).columns if isinstance(c, OneHot)]
    assert one_hot == ["art", "law", "math"]


@pytest.mark.parametrize("constant", [0.0, 3.0, 0.1, -1e-3])
def test_a_constant_feature_has_scale_1(small_task, constant):
    frame = small_task.dataset.generate(10, 1)
    frame["hours"] = constant
    (column,) = (c for c in fit_inputs(small_task, frame).columns if c.source == "hours")
    assert column.mean == pytest.approx(constant)
    assert column.scale == 1.0


@pytest.mark.parametrize("name", ["hours", "course"])
def test_a_feature_without_any_value_is_refused(small_task, name):
    frame = small_task.dataset.generate(10, 1)
    frame[name] = None
    with pytest.raises(DataError, match=f"{name} has no value in any training row"):
        fit_inputs(small_task, frame)


def test_sensitive_features_alone_are_optional(task, frame):
    features = fit_inputs(task, frame).features
    assert {f.name for f in features if not f.required} == {
        field.name for field in task.dataset.fields if field.sensitive
    }
    assert all(feature.imputed is not None for feature in features)


def test_the_target_is_no_input(task, frame):
    assert "G3" not in [feature.name for feature in fit_inputs(task, frame).features]


def test_a_row_that_cannot_be_encoded_is_an_error(task, frame):
    inputs = fit_inputs(task, frame)
    with pytest.raises(DataError, match=r"row 0: G1 = 99"):
        encode(inputs, frame.assign(G1=99.0))


# ---- the numbers of the output ---------------------------------------------------------------


def test_the_output_is_scaled_as_scikit_learn_does(small_task, small_frame):
    output = fit_output(small_task, small_frame)
    scaler = StandardScaler().fit(small_frame[["grade"]])
    assert output.mean == pytest.approx(scaler.mean_[0], rel=1e-12)
    assert output.scale == pytest.approx(scaler.scale_[0], rel=1e-12)


@pytest.mark.parametrize("rows", [0, 1, 10])
def test_a_constant_target_is_refused(small_task, rows):
    frame = small_task.dataset.generate(rows, 1).assign(grade=0.1)
    with pytest.raises(DataError, match=f"grade is the same in all {rows} training rows"):
        fit_output(small_task, frame)


def test_fitting_to_a_constant_target_is_refused(small_task, small_frame):
    with pytest.raises(DataError, match="grade is the same"):
        fit(small_task, small_frame.assign(grade=5.0), "ridge", {}, 1)


def test_predictions_are_in_the_targets_unit(small_task, small_frame):
    fitted = fit(small_task, small_frame, "ridge", {}, 1)
    errors = fitted.predict(small_frame).value - small_frame["grade"].to_numpy()
    assert abs(errors.mean()) < 1e-3
    assert errors.std() < 0.6  # the noise that was put in is 0.5


def test_predictions_stay_within_the_limits(small_task, small_frame):
    task = replace(small_task, output=replace(small_task.output, limits=(4, 6)))
    value = fit(task, small_frame, "ridge", {}, 1).predict(small_frame).value
    assert (value.min(), value.max()) == (4, 6)


def test_the_pass_mark_reaches_the_model_on_the_scaled_target(small_task, small_frame):
    fitted = fit(small_task, small_frame, "mlp", {"epochs": 1}, 1)
    at = fitted.estimator.pass_at * fitted.output.scale + fitted.output.mean
    assert at == pytest.approx(small_task.output.pass_at)


# ---- the reference ---------------------------------------------------------------------------


@pytest.fixture
def reference(task, frame):
    gaps = with_gaps(frame, ["age", "school", "G1"], 7)
    return fit_reference(fit_inputs(task, gaps), gaps), gaps


def test_every_feature_has_its_bins(reference, task):
    bins, _ = reference
    assert [part.feature for part in bins.bins] == list(task.features)


def test_shares_sum_to_one(reference):
    bins, _ = reference
    for part in bins.bins:
        assert sum(part.shares) == pytest.approx(1, abs=1e-12)


def test_missing_is_the_share_of_missing_values(reference):
    bins, gaps = reference
    for part in bins.bins:
        assert part.missing == pytest.approx(gaps[part.feature].isna().mean())
    assert sum(part.missing > 0 for part in bins.bins) == 3


def test_number_bins_hold_the_values_between_their_edges(reference):
    bins, gaps = reference
    for part in bins.bins:
        if not isinstance(part, NumberBins):
            continue
        values = gaps[part.feature].dropna()
        edges = [-np.inf, *part.edges, np.inf]
        for (low, high), share in zip(pairwise(edges), part.shares, strict=True):
            assert ((values >= low) & (values < high)).mean() == pytest.approx(share)


def test_deciles_hold_a_tenth_each_of_distinct_values(small_task):
    frame = small_task.dataset.generate(1000, 1)
    (hours, *_) = fit_reference(fit_inputs(small_task, frame), frame).bins
    np.testing.assert_allclose(hours.shares, 0.1, atol=0.002)


def test_category_bins_are_the_shares_of_the_values(reference, task):
    bins, gaps = reference
    for part in bins.bins:
        if isinstance(part, CategoryBins):
            present = gaps[part.feature].dropna()
            values = task.dataset.field(part.feature).values
            assert part.shares == pytest.approx([(present == value).mean() for value in values])


def test_no_row_of_the_frame_is_in_what_the_spec_holds(task, frame):
    inputs = fit_inputs(task, frame)
    plain = [to_plain(part) for part in (inputs, fit_reference(inputs, frame))]
    lists, texts = [], json.dumps(plain)
    collect(plain, lists)
    rows = frame[list(task.features)].astype(object).to_numpy().tolist()
    numbers = frame.select_dtypes("number").to_numpy().tolist()
    for row in [*rows, *numbers]:
        assert row not in lists
    assert '"record"' not in texts
    assert '"background"' not in texts


def collect(value, lists):
    if isinstance(value, dict):
        lists.append(list(value.values()))
        value = list(value.values())
    if isinstance(value, list):
        lists.append(value)
        for item in value:
            collect(item, lists)
