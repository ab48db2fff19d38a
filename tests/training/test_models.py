import math
from pathlib import Path

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel import DataError
from satchel.spec import Classes, Inputs, Number, Regression, Standard
from satchel_training import models
from satchel_training.fit import raw_output
from satchel_training.models import (
    FRAMEWORKS,
    Recipe,
    head,
    kept_recipe,
    load_builder,
    scikit_learn,
)
from satchel_training.tasks import TASKS
from satchel_training.tasks.task import classification

COMMITTED = sorted(Path(models.__file__).parent.glob("*.toml"))
SCORE = Regression(name="y", label="Y")
TWO = Classes(name="y", label="Y", labels=("no", "yes"), positive="yes")
THREE = Classes(name="y", label="Y", labels=("low", "middle", "high"))
FOREST = {"n_estimators": 5, "min_samples_leaf": 2}
QUICK = {
    "linear": {"fit_intercept": False},
    "ridge": {"alpha": 3.0},
    "lasso": {"alpha": 0.1},
    "huber": {"epsilon": 2.0},
    "least-absolute": {"alpha": 0.01},
    "logistic": {"C": 0.5},
    "logistic-unbalanced": {"C": 0.5},
    "decision-tree": {"max_depth": 3},
    "random-forest": FOREST,
    "extra-trees": {"n_estimators": 5, "max_features": 0.5},
    "gradient-boosting": {"n_estimators": 5, "learning_rate": 0.2},
    "mean": {
        "random-forest": FOREST,
        "extra-trees": FOREST,
        "gradient-boosting": {"n_estimators": 5},
    },
    "mlp": {"hidden": [8], "epochs": 3},
}
# Keras has tests of its own.
BUILT = [model for model in FRAMEWORKS if model in QUICK]
ONLY_CLASSES = scikit_learn.CLASSIFIERS.keys() - scikit_learn.REGRESSORS.keys()
KINDS = [
    *((model, SCORE) for model in BUILT if model not in ONLY_CLASSES),
    *((model, output) for model in (*scikit_learn.CLASSIFIERS, "mean") for output in (TWO, THREE)),
]
of_each_kind = pytest.mark.parametrize(
    ("model", "output"),
    KINDS,
    ids=[f"{model}-{o.kind}{len(getattr(o, 'labels', ()))}" for model, o in KINDS],
)
KEPT = TASKS | {
    part.name: part
    for task in TASKS.values()
    for part in (classification(task, classified) for classified in task.classified)
}
SEARCHED = [model for model in BUILT if model != "linear"]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5)).astype(np.float32)
    return X, X[:, 0] - X[:, 1].astype(np.float64)


def target(output, y):
    if isinstance(output, Regression):
        return y
    return np.searchsorted(np.quantile(y, [1 / 2] if output is TWO else [1 / 3, 2 / 3]), y)


@of_each_kind
def test_a_saved_model_predicts_the_same(model, output, data, tmp_path):
    X, y = data
    builder = load_builder(model)
    estimator = builder.build(model, output, QUICK[model], 1, False)
    estimator.fit(X, target(output, y))
    builder.save(estimator, tmp_path)
    loaded = builder.load(model, tmp_path)
    np.testing.assert_array_equal(raw_output(output, loaded, X), raw_output(output, estimator, X))


@of_each_kind
def test_a_builder_hands_over_the_hyperparameters(model, output):
    estimator = load_builder(model).build(model, output, QUICK[model], 1, False)
    if model == "mean":
        for name, member in estimator.estimators:
            assert member.get_params().items() >= QUICK[model][name].items()
        return
    for name, value in QUICK[model].items():
        held = getattr(estimator, name)
        assert (list(held) if isinstance(held, tuple) else held) == value


@of_each_kind
def test_two_models_of_one_seed_predict_the_same(model, output, data):
    X, y = data
    one, two = (
        load_builder(model).build(model, output, QUICK[model], 3, False).fit(X, target(output, y))
        for _ in range(2)
    )
    np.testing.assert_array_equal(raw_output(output, one, X), raw_output(output, two, X))


def test_the_seed_reaches_all_members_of_a_mean():
    estimator = load_builder("mean").build("mean", SCORE, QUICK["mean"], 7, False)
    assert [member.random_state for _, member in estimator.estimators] == [7, 7, 7]


@pytest.mark.parametrize("output", [SCORE, TWO, THREE], ids=["score", "two", "three"])
def test_a_mean_is_that_of_its_members(output, data):
    X, y = data
    y = target(output, y)
    estimator = load_builder("mean").build("mean", output, QUICK["mean"], 1, False).fit(X, y)
    members = [
        load_builder(name).build(name, output, QUICK["mean"][name], 1, False).fit(X, y)
        for name in scikit_learn.MEAN_OF
    ]
    expected = np.mean([raw_output(output, member, X) for member in members], axis=0)
    np.testing.assert_allclose(raw_output(output, estimator, X), expected, rtol=1e-6)


def test_a_mean_is_built_without_hyperparameters_too():
    builder = load_builder("mean")
    estimator = builder.build("mean", SCORE, {}, 1, False)
    assert tuple(name for name, _ in estimator.estimators) == scikit_learn.MEAN_OF
    for name, member in estimator.estimators:
        assert member.get_params() == builder.build(name, SCORE, {}, 1, False).get_params()


def test_logistic_regression_is_balanced_unless_its_name_says_otherwise():
    builder = load_builder("logistic")
    weights = [
        builder.build(model, TWO, {}, 1, False).class_weight
        for model in ("logistic", "logistic-unbalanced")
    ]
    assert weights == ["balanced", None]


def test_least_absolute_is_the_regression_of_the_median(data):
    X, y = data
    noisy = np.append(y, 1000.0)
    estimator = load_builder("least-absolute").build("least-absolute", SCORE, {}, 1, False)
    estimator.fit(np.vstack([X, X[:1]]), noisy)
    np.testing.assert_allclose(estimator.coef_, [1, -1, 0, 0, 0], atol=1e-6)


@pytest.mark.parametrize("model", BUILT)
def test_versions_name_the_framework(model):
    versions = load_builder(model).versions()
    assert versions
    for version in versions.values():
        assert type(version) is str
        assert version[0].isdigit()


def test_an_unknown_model_is_refused_with_those_there_are():
    with pytest.raises(DataError, match=r"no model 'mpl'; there are: .*mlp"):
        load_builder("mpl")


def test_every_model_of_a_task_has_a_framework():
    named = {model for task in TASKS.values() for model in task.models}
    named |= {m for task in TASKS.values() for c in task.classified for m in c.models}
    assert named <= set(FRAMEWORKS)


def test_segments_are_answered_by_kmeans_beside_any_model(invented):
    assert head("mlp", invented.GROUP) == "kmeans"
    assert head("mlp", SCORE) == "mlp"
    assert head("logistic", TWO) == "logistic"


# ---- hyperparameters -------------------------------------------------------------------------


def suggestions(model, count=5):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    return [load_builder(model).suggest(model, study.ask()) for _ in range(count)]


def output_for(model):
    return TWO if model in ONLY_CLASSES else SCORE


@pytest.mark.parametrize("model", SEARCHED)
def test_suggested_hyperparameters_build_the_model(model):
    found = suggestions(model)
    assert any(other != found[0] for other in found[1:])
    for hyperparameters in found:
        load_builder(model).build(model, output_for(model), hyperparameters, 1, False)


def test_a_model_without_hyperparameters_suggests_none():
    assert suggestions("linear", 1) == [{}]


@pytest.mark.parametrize("model", SEARCHED)
def test_suggested_hyperparameters_come_back_from_toml(model):
    for hyperparameters in suggestions(model):
        recipe = Recipe(hyperparameters, ("G1", "größe"), ('It is "small".',))
        assert Recipe.from_toml(recipe.to_toml()) == recipe


def test_a_mean_has_a_table_for_each_of_its_members():
    recipe = Recipe(QUICK["mean"])
    text = recipe.to_toml()
    assert "[hyperparameters.random-forest]\nn_estimators = 5\n" in text
    assert Recipe.from_toml(text) == recipe


scalars = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(min_codepoint=32, max_codepoint=126))
)


keys = st.from_regex(r"[a-z][a-z_-]{0,9}", fullmatch=True)
values = scalars | st.lists(scalars, max_size=4)


@given(st.dictionaries(keys, values | st.dictionaries(keys, values, max_size=3), max_size=5))
def test_text_numbers_truth_values_lists_and_tables_come_back_from_toml(hyperparameters):
    read = Recipe.from_toml(Recipe(hyperparameters).to_toml()).hyperparameters
    assert read == hyperparameters
    for name, value in hyperparameters.items():
        assert type(read[name]) is type(value)


def test_a_recipe_is_read_from_the_file_of_task_and_model(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "__file__", str(tmp_path / "__init__.py"))
    (tmp_path / "school.ridge.toml").write_text("[hyperparameters]\nalpha = 2.5\n", "utf-8")
    assert kept_recipe("school", "ridge") == Recipe({"alpha": 2.5}, None)


def test_a_recipe_that_nobody_kept_is_empty():
    assert kept_recipe("no-such-task", "ridge") == Recipe()


def test_committed_recipes_build_their_models():
    # A loop, not a parameter: where none are committed, there is nothing to build.
    for path in COMMITTED:
        name, model = path.stem.split(".")
        task = KEPT[name]
        assert model in task.models
        recipe = kept_recipe(name, model)
        if FRAMEWORKS[model] != "keras":  # whose models have tests of their own
            builder = load_builder(model)
            inputs = Inputs(
                features=(Number(name="x", label="X", imputed=0.0),),
                columns=(Standard(source="x", mean=0.0, scale=1.0),),
            )
            builder.build(model, task.scored[0], recipe.hyperparameters, 1, False, inputs)
        assert set(recipe.features or ()) <= set(task.features)
        numbers = [v for v in recipe.hyperparameters.values() if isinstance(v, float)]
        assert all(map(math.isfinite, numbers))
