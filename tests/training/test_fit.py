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
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from satchel import DataError
from satchel.frozen_json import to_plain
from satchel.spec import Category, CategoryBins, Number, NumberBins, OneHot, Ordinal, Standard
from satchel_training.fit import encode, fit, fit_inputs, fit_output, fit_reference, raw_output


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
    frame["G2"] = frame["absences"] = [10.0, 13.0] * 20
    features = {feature.name: feature for feature in fit_inputs(task, frame).features}
    assert features["absences"].imputed in (11.0, 12.0)
    assert features["G2"].imputed == 11.5  # marks may have halves


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
    features = fit_inputs(replace(task, required=None), frame).features
    assert {f.name for f in features if not f.required} == {
        field.name for field in task.dataset.fields if field.sensitive
    }
    features = fit_inputs(replace(task, required=("G2",)), frame).features
    assert [f.name for f in features if f.required] == ["G2"]
    assert all(feature.imputed is not None for feature in features)


def test_the_target_is_no_input(task, frame):
    assert "G3" not in [feature.name for feature in fit_inputs(task, frame).features]


def test_a_row_that_cannot_be_encoded_is_an_error(task, frame):
    inputs = fit_inputs(task, frame)
    with pytest.raises(DataError, match=r"row 0: G1 = 99"):
        encode(inputs, frame.assign(G1=99.0))


# ---- imputation and bounds -------------------------------------------------------------------


def feature_of(inputs, name):
    (found,) = (feature for feature in inputs.features if feature.name == name)
    return found


def column_of(inputs, name):
    (found,) = (column for column in inputs.columns if column.source == name)
    return found


@pytest.mark.parametrize("imputation", ["mean", "median"])
def test_a_missing_number_is_imputed_as_scikit_learn_does(small_task, imputation):
    frame = with_gaps(small_task.dataset.generate(50, 3), ["hours"], 3)
    task = replace(small_task, imputation=imputation)
    imputer = SimpleImputer(strategy=imputation).fit(frame[["hours"]])
    hours = feature_of(fit_inputs(task, frame), "hours")
    assert hours.imputed == pytest.approx(imputer.statistics_[0], rel=1e-12)


def test_numbers_are_brought_inside_the_bounds_of_the_task_before_they_are_scaled(small_task):
    task = replace(small_task, clip={"hours": (4.0, None)})
    frame = small_task.dataset.generate(100, 1)
    inputs = fit_inputs(task, frame)
    hours = frame["hours"].clip(lower=4.0).to_numpy()
    assert feature_of(inputs, "hours").clip == (4.0, None)
    assert feature_of(inputs, "score").clip == (None, None)
    column = column_of(inputs, "hours")
    assert (column.mean, column.scale) == pytest.approx((hours.mean(), hours.std()), rel=1e-12)
    matrix = encode(inputs, frame)
    np.testing.assert_allclose(matrix[:, 0], (hours - hours.mean()) / hours.std(), rtol=1e-5)
    # What was seen is seen before.
    assert feature_of(inputs, "hours").seen == (frame["hours"].min(), frame["hours"].max())


def test_outliers_are_brought_inside_tukeys_fences(small_task):
    frame = with_gaps(small_task.dataset.generate(200, 1), ["hours"], 1)
    frame.loc[5, "hours"], frame.loc[6, "hours"] = 90.0, -90.0
    inputs = fit_inputs(replace(small_task, clip_outliers=("hours",)), frame)
    first, third = np.nanpercentile(frame["hours"], [25, 75])
    low, high = first - 1.5 * (third - first), third + 1.5 * (third - first)
    assert feature_of(inputs, "hours").clip == pytest.approx((low, high), rel=1e-12)
    assert feature_of(inputs, "score").clip == (None, None)  # it is not named
    matrix = encode(inputs, frame)[:, 0]
    column = column_of(inputs, "hours")
    assert matrix[5] == pytest.approx((high - column.mean) / column.scale, rel=1e-6)
    assert matrix[6] == pytest.approx((low - column.mean) / column.scale, rel=1e-6)


@pytest.mark.parametrize(
    ("clip", "narrower"), [((-1000.0, 1000.0), (False, False)), ((4.0, 6.0), (True, True))]
)
def test_of_fences_and_bounds_the_narrower_counts(small_task, clip, narrower):
    frame = small_task.dataset.generate(200, 1)
    fenced = replace(small_task, clip_outliers=("hours",))
    fences = feature_of(fit_inputs(fenced, frame), "hours").clip
    task = replace(fenced, clip={"hours": clip})
    expected = tuple(c if n else f for c, f, n in zip(clip, fences, narrower, strict=True))
    assert feature_of(fit_inputs(task, frame), "hours").clip == expected


def test_an_imputed_value_outside_the_bounds_is_brought_inside(small_task):
    frame = with_gaps(small_task.dataset.generate(50, 1), ["hours"], 1)
    inputs = fit_inputs(replace(small_task, clip={"hours": (8.0, 9.0)}), frame)
    assert feature_of(inputs, "hours").imputed == 8.0


# ---- derived numbers -------------------------------------------------------------------------


def test_derived_numbers_are_scaled_columns_after_those_of_the_features(outcome_task):
    frame = outcome_task.dataset.generate(80, 2)
    inputs = fit_inputs(outcome_task, frame)
    assert inputs.derived == outcome_task.derived
    assert [c.source for c in inputs.columns][-3:] == ["total", "spread", "pace"]
    hours, score = frame["hours"].clip(1, 9), frame["score"]
    total = hours + 2 * score
    expected = np.column_stack(
        [total, np.std([hours, score], axis=0, ddof=1), total / (hours + 1.0)]
    )
    for column, values in zip(inputs.columns[-3:], expected.T, strict=True):
        assert isinstance(column, Standard)
        scale = values.mean(), values.std()
        assert (column.mean, column.scale) == pytest.approx(scale, rel=1e-12)
    ours = encode(inputs, frame)[:, -3:]
    np.testing.assert_allclose(ours, StandardScaler().fit_transform(expected), atol=1e-6)


def test_derived_numbers_are_computed_from_imputed_values(outcome_task):
    frame = outcome_task.dataset.generate(40, 2)
    frame.loc[::3, "score"] = None
    total = frame["hours"].clip(1, 9) + 2 * frame["score"].fillna(frame["score"].mean())
    column = column_of(fit_inputs(outcome_task, frame), "total")
    assert (column.mean, column.scale) == pytest.approx((total.mean(), total.std(ddof=0)))


def test_a_derived_number_that_is_constant_has_scale_1(outcome_task):
    frame = outcome_task.dataset.generate(20, 2).assign(hours=3.0, score=1.0)
    assert column_of(fit_inputs(outcome_task, frame), "total").scale == 1.0


# ---- ordered categories ----------------------------------------------------------------------


def test_an_ordered_category_is_one_column_of_scaled_positions(outcome_task):
    frame = with_gaps(outcome_task.dataset.generate(60, 4), ["effort"], 4)
    inputs = fit_inputs(outcome_task, frame)
    (column,) = (c for c in inputs.columns if isinstance(c, Ordinal))
    assert column.source == "effort"
    steps = make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OrdinalEncoder(categories=[["low", "medium", "high"]]),
        StandardScaler(),
    )
    expected = steps.fit_transform(for_sklearn(frame[["effort"]]))
    assert column.mean == pytest.approx(steps[2].mean_[0], rel=1e-12)
    assert column.scale == pytest.approx(steps[2].scale_[0], rel=1e-12)
    place = inputs.columns.index(column)
    np.testing.assert_allclose(encode(inputs, frame)[:, place], expected[:, 0], atol=1e-6)
    assert len(set(expected[:, 0])) == 3


def test_a_category_without_order_keeps_a_column_for_each_value(outcome_task):
    inputs = fit_inputs(outcome_task, outcome_task.dataset.generate(60, 4))
    one_hot = [c.value for c in inputs.columns if isinstance(c, OneHot)]
    assert one_hot == ["art", "law", "math"]


# ---- the numbers of the output ---------------------------------------------------------------


def test_the_output_is_scaled_as_scikit_learn_does(small_task, small_frame):
    output = fit_output(small_task, small_task.outputs[0], small_frame)
    scaler = StandardScaler().fit(small_frame[["grade"]])
    assert output.mean == pytest.approx(scaler.mean_[0], rel=1e-12)
    assert output.scale == pytest.approx(scaler.scale_[0], rel=1e-12)


def test_the_output_is_scaled_by_its_least_and_greatest_value_where_the_task_says_so(
    small_task, small_frame
):
    task = replace(small_task, min_max=True)
    output = fit_output(task, task.outputs[0], small_frame)
    scaler = MinMaxScaler().fit(small_frame[["grade"]])
    assert output.mean == pytest.approx(scaler.data_min_[0], rel=1e-12)
    assert output.scale == pytest.approx(scaler.data_range_[0], rel=1e-12)
    by_spread, by_range = (fit(t, small_frame, "linear", {}, 1) for t in (small_task, task))
    np.testing.assert_allclose(
        by_range.predict(small_frame)["grade"].value,
        by_spread.predict(small_frame)["grade"].value,
        atol=1e-4,
    )


def test_a_target_beyond_the_limits_of_the_output_counts_as_the_limit(small_task, small_frame):
    output = replace(small_task.outputs[0], limits=(4, 6))
    fitted = fit_output(small_task, output, small_frame)
    clipped = small_frame["grade"].clip(4, 6).to_numpy()
    assert (fitted.mean, fitted.scale) == pytest.approx((clipped.mean(), clipped.std()))


@pytest.mark.parametrize("rows", [0, 1, 10])
def test_a_constant_target_is_refused(small_task, rows):
    frame = small_task.dataset.generate(rows, 1).assign(grade=0.1)
    with pytest.raises(DataError, match=f"grade is the same in all {rows} training rows"):
        fit_output(small_task, small_task.outputs[0], frame)


def test_fitting_to_a_constant_target_is_refused(small_task, small_frame):
    with pytest.raises(DataError, match="grade is the same"):
        fit(small_task, small_frame.assign(grade=5.0), "ridge", {}, 1)


def test_a_target_that_is_missing_in_some_rows_is_refused(small_task, outcome_task, small_frame):
    frame = small_frame.copy()
    frame.loc[[3, 7], ["grade", "result"]] = None
    for task, name in ((small_task, "grade"), (outcome_task, "result")):
        with pytest.raises(DataError, match=f"{name} is missing in 2 of 100 rows: leave out"):
            fit_output(task, task.outputs[0], frame)


@pytest.mark.parametrize("count", [0, 1])
def test_a_class_with_less_than_two_rows_is_refused(levels_task, small_frame, count):
    rare = small_frame["level"].replace("good", "fair")
    rare.iloc[:count] = "good"
    message = f"level is 'good' in {count} training rows: a class needs at least two"
    with pytest.raises(DataError, match=message):
        fit_output(levels_task, levels_task.outputs[0], small_frame.assign(level=rare))


def test_predictions_are_in_the_targets_unit(small_task, small_frame):
    fitted = fit(small_task, small_frame, "ridge", {}, 1)
    errors = fitted.predict(small_frame)["grade"].value - small_frame["grade"].to_numpy()
    assert abs(errors.mean()) < 1e-3
    assert errors.std() < 0.6  # the noise that was put in is 0.5


def test_predictions_stay_within_the_limits(small_task, small_frame):
    task = replace(small_task, outputs=(replace(small_task.outputs[0], limits=(4, 6)),))
    value = fit(task, small_frame, "ridge", {}, 1).predict(small_frame)["grade"].value
    assert (value.min(), value.max()) == (4, 6)


def test_the_pass_mark_reaches_the_model_on_the_scaled_target(small_task, small_frame):
    fitted = fit(small_task, small_frame, "mlp", {"epochs": 1}, 1)
    (output,) = fitted.outputs
    at = fitted.heads["grade"].pass_at * output.scale + output.mean
    assert at == pytest.approx(output.pass_at)


# ---- several outputs, classes and segments ---------------------------------------------------


def test_each_of_several_scores_has_its_own_estimator_and_scale(scores_task, small_frame):
    fitted = fit(scores_task, small_frame, "ridge", {}, 1)
    assert list(fitted.heads) == [o.name for o in fitted.outputs] == ["grade", "talk"]
    answers = fitted.predict(small_frame)
    for output, field in zip(fitted.outputs, ("grade", "speech"), strict=True):
        assert output.mean == pytest.approx(small_frame[field].mean())
        alone = replace(scores_task, outputs=(output,))
        expected = fit(alone, small_frame, "ridge", {}, 1).predict(small_frame)[output.name]
        np.testing.assert_array_equal(answers[output.name].value, expected.value)
        assert np.corrcoef(answers[output.name].value, small_frame[field])[0, 1] > 0.9


@pytest.mark.parametrize("labels", [("weak", "fair", "good"), ("good", "weak", "fair")])
@pytest.mark.parametrize("model", ["logistic", "random-forest"])
def test_probabilities_stand_in_the_order_of_the_labels(levels_task, small_frame, labels, model):
    task = replace(levels_task, outputs=(replace(levels_task.outputs[0], labels=labels),))
    fitted = fit(task, small_frame, model, {}, 1)
    raw = raw_output(fitted.outputs[0], fitted.heads["level"], encode(fitted.inputs, small_frame))
    assert raw.shape == (100, 3)
    np.testing.assert_allclose(raw.sum(axis=1), 1, atol=1e-6)
    answers = fitted.predict(small_frame)["level"]
    assert (answers.label == small_frame["level"]).mean() > 0.65
    for k, label in enumerate(labels):
        # The probability of a label is higher where it is true.
        here = (small_frame["level"] == label).to_numpy()
        assert raw[here, k].mean() > raw[~here, k].mean() + 0.1
        np.testing.assert_allclose(answers.probabilities[label], raw[:, k], atol=1e-6)


@pytest.mark.parametrize("labels", [("pass", "fail"), ("fail", "pass")])
def test_the_probability_is_that_of_the_positive_label(outcome_task, small_frame, labels):
    output = replace(outcome_task.outputs[0], labels=labels)
    task = replace(outcome_task, outputs=(output, outcome_task.outputs[1]))
    answers = fit(task, small_frame, "logistic", {}, 1).predict(small_frame)["outcome"]
    passed = (small_frame["result"] == "pass").to_numpy()
    assert answers.probability[passed].mean() > 0.6 > 0.4 > answers.probability[~passed].mean()
    assert (answers.label == small_frame["result"]).mean() > 0.8


SEGMENTED = ["total", "score"]
GROUPS = ("slow", "steady", "quick")


def seen_by_segments(fitted, frame):
    """Return the columns that the segments look at, in the order of their prototypes."""
    names = [column.source for column in fitted.inputs.columns]
    X = encode(fitted.inputs, frame)
    return X[:, [names.index(name) for name in SEGMENTED]].astype(np.float64)


@pytest.mark.parametrize("seed", range(5))
def test_a_label_means_the_same_segment_whatever_rows_and_seed(outcome_task, seed):
    frame = outcome_task.dataset.generate(150, seed)
    fitted = fit(outcome_task, frame, "logistic", {}, seed)
    labels = fitted.predict(frame)["group"].label
    assert set(labels) == set(GROUPS)
    seen = seen_by_segments(fitted, frame)
    centres = np.array([seen[labels == group].mean(axis=0) for group in GROUPS])
    # Each is nearest to its own prototype, which stand on a diagonal.
    sums = centres.sum(axis=1)
    assert sums.tolist() == sorted(sums)
    kmeans = fitted.heads["group"][-1]
    np.testing.assert_allclose(kmeans.cluster_centers_, centres, atol=1e-3)
    codes = fitted.heads["group"].predict(encode(fitted.inputs, frame))
    np.testing.assert_array_equal(kmeans.labels_, codes)


def test_segments_follow_their_prototypes(outcome_task, small_frame):
    outcome, group = outcome_task.outputs
    turned = replace(
        outcome_task,
        outputs=(outcome, replace(group, labels=GROUPS[::-1])),
        segmented_by={name: places[::-1] for name, places in outcome_task.segmented_by.items()},
    )
    one, two = (fit(t, small_frame, "logistic", {}, 1) for t in (outcome_task, turned))
    np.testing.assert_array_equal(
        one.predict(small_frame)["group"].label, two.predict(small_frame)["group"].label
    )


def test_prototypes_are_read_by_the_name_of_their_number(outcome_task, small_frame):
    # The columns of the matrix stand in another order than these.
    named = replace(outcome_task, segmented_by={"total": (3.0, 0.0, 0.0), "score": (0.0, 0.0, 3.0)})
    fitted = fit(named, small_frame, "logistic", {}, 1)
    labels = fitted.predict(small_frame)["group"].label
    seen = seen_by_segments(fitted, small_frame)
    first, last = (seen[labels == group].mean(axis=0) for group in (GROUPS[0], GROUPS[2]))
    assert first[0] - first[1] > last[0] - last[1]


def test_segments_look_at_their_own_columns_alone(outcome_task, small_frame):
    fitted = fit(outcome_task, small_frame, "logistic", {}, 1)
    X = encode(fitted.inputs, small_frame)
    other = [i for i, c in enumerate(fitted.inputs.columns) if c.source not in ("total", "score")]
    changed = X.copy()
    changed[:, other] += 100
    predict = fitted.heads["group"].predict
    np.testing.assert_array_equal(predict(X), predict(changed))


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
