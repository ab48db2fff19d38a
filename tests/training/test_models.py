import math
from pathlib import Path

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel import DataError
from satchel_training import models
from satchel_training.models import FRAMEWORKS, Recipe, kept_recipe, load_builder
from satchel_training.tasks import TASKS

COMMITTED = sorted(Path(models.__file__).parent.glob("*.toml"))
TRAINABLE = sorted({model for task in TASKS.values() for model in task.models})
QUICK = {
    "ridge": {"alpha": 3.0},
    "random-forest": {"n_estimators": 5, "min_samples_leaf": 2},
    "extra-trees": {"n_estimators": 5, "max_features": 0.5},
    "gradient-boosting": {"n_estimators": 5, "learning_rate": 0.2},
    "mlp": {"hidden": [8], "epochs": 3},
}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5)).astype(np.float32)
    return X, X[:, 0] - X[:, 1].astype(np.float64)


@pytest.mark.parametrize("model", TRAINABLE)
def test_a_saved_model_predicts_the_same(model, data, tmp_path):
    X, y = data
    builder = load_builder(model)
    estimator = builder.build(model, QUICK[model], 1, 0.0, False)
    estimator.fit(X, y)
    builder.save(estimator, tmp_path)
    loaded = builder.load(model, tmp_path)
    np.testing.assert_array_equal(loaded.predict(X), estimator.predict(X))


@pytest.mark.parametrize("model", TRAINABLE)
def test_a_builder_hands_over_the_hyperparameters(model):
    estimator = load_builder(model).build(model, QUICK[model], 1, 0.0, False)
    for name, value in QUICK[model].items():
        held = getattr(estimator, name)
        assert (list(held) if isinstance(held, tuple) else held) == value


@pytest.mark.parametrize("model", TRAINABLE)
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
    assert set(TRAINABLE) <= set(FRAMEWORKS)


# ---- hyperparameters -------------------------------------------------------------------------


def suggestions(model, count=5):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    return [load_builder(model).suggest(model, study.ask()) for _ in range(count)]


@pytest.mark.parametrize("model", TRAINABLE)
def test_suggested_hyperparameters_build_the_model(model):
    found = suggestions(model)
    assert any(other != found[0] for other in found[1:])
    for hyperparameters in found:
        load_builder(model).build(model, hyperparameters, 1, None, False)


@pytest.mark.parametrize("model", TRAINABLE)
def test_suggested_hyperparameters_come_back_from_toml(model):
    for hyperparameters in suggestions(model):
        recipe = Recipe(hyperparameters, ("G1", "größe"))
        assert Recipe.from_toml(recipe.to_toml()) == recipe


scalars = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(min_codepoint=32, max_codepoint=126))
)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z_]{0,9}", fullmatch=True),
        scalars | st.lists(scalars, max_size=4),
        max_size=5,
    )
)
def test_text_numbers_truth_values_and_lists_come_back_from_toml(hyperparameters):
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
        task, model = path.stem.split(".")
        assert model in TASKS[task].models
        recipe = kept_recipe(task, model)
        load_builder(model).build(model, recipe.hyperparameters, 1, None, False)
        assert set(recipe.features or ()) <= set(TASKS[task].features)
        numbers = [v for v in recipe.hyperparameters.values() if isinstance(v, float)]
        assert all(map(math.isfinite, numbers))
