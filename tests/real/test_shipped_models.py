import json

import numpy as np
import pytest

import satchel
from satchel import bundle as bundles
from satchel.predictor import TOLERANCE, Predictor
from satchel.values import is_missing
from satchel_export.write import check_parity
from satchel_training.evaluate import ALL_ROWS, CHOICE, TEST
from satchel_training.fit import encode
from satchel_training.models import kept_recipe
from satchel_training.tasks import TASKS, find_task, narrow
from satchel_training.train import train

SHIPPED = {
    bundle.name: bundle for bundle in satchel.models() if bundle.path.parent == bundles.folders()[0]
}

# Networks differ a little between processors; other models do not.
DEVIATION, OF_NETWORKS = 1e-9, 0.15
FEW_FIELDS = 10  # an invented record of so few may happen to equal a real one


@pytest.fixture(scope="module", params=SHIPPED)
def bundle(request):
    return SHIPPED[request.param]


@pytest.fixture(scope="module")
def recipe(bundle):
    return kept_recipe(bundle.task, bundle.spec.model)


@pytest.fixture(scope="module")
def task(bundle, recipe):
    whole = find_task(bundle.task)
    return whole if recipe.features is None else narrow(whole, recipe.features)


@pytest.fixture(scope="module")
def frame(task, data):
    return task.dataset.load(data)


@pytest.fixture(scope="module")
def retrained(task, frame, bundle, recipe):
    return train(task, frame, bundle.spec.model, recipe)


def test_every_task_has_a_default_at_least_level_with_the_published_figure():
    defaults = {bundle.task: bundle for bundle in SHIPPED.values() if bundle.default}
    assert set(defaults) == set(TASKS)
    for bundle in defaults.values():
        metric = bundle.spec.card.metric("rmse", ALL_ROWS)
        assert metric.value < 1.01 * metric.published
        assert metric.value < metric.naive


def test_a_shipped_bundle_is_verified(bundle):
    assert bundle.verified
    result = Predictor(bundle).verify()
    assert result.passed
    assert result.checks >= 10


def test_a_shipped_card_is_that_of_the_bundle(bundle):
    from satchel_export.card import card

    text = bundle.path.with_name(f"{bundle.name}.card.md").read_text("utf-8")
    assert text == card(bundle.spec)


@pytest.mark.parametrize("protocol", [TEST, CHOICE, ALL_ROWS])
def test_the_figures_on_the_card_are_reached_again(bundle, retrained, protocol):
    allowed = OF_NETWORKS if bundle.spec.model == "mlp" else DEVIATION
    for name in ("rmse", "mae"):
        shipped = bundle.spec.card.metric(name, protocol)
        again = retrained.spec.card.metric(name, protocol)
        assert again.value == pytest.approx(shipped.value, abs=allowed)
        assert again.naive == pytest.approx(shipped.naive, abs=1e-9)


def test_the_figures_on_the_card_of_the_test_split_are_the_bundles_own(bundle, task, frame):
    from satchel import metrics
    from satchel_training.evaluate import split

    _, rows = split(task, frame)
    answers = Predictor(bundle).predict_many(rows[list(task.features)]).outputs["G3"]
    for name, figure in (
        ("rmse", metrics.root_mean_squared_error(rows["G3"], answers.value)),
        ("mae", metrics.mean_absolute_error(rows["G3"], answers.value)),
        (
            "pass_accuracy",
            metrics.accuracy_score(rows["G3"].to_numpy() >= 10, answers.label == "pass"),
        ),
    ):
        # A rounding step may fall to the other side, by the last bit of a float32.
        assert figure == pytest.approx(bundle.spec.card.metric(name, TEST).value, abs=2e-3)


def test_the_numbers_in_the_spec_are_estimated_again(bundle, retrained):
    assert bundle.spec.inputs == retrained.spec.inputs
    assert bundle.spec.outputs == retrained.spec.outputs
    assert bundle.spec.reference == retrained.spec.reference


def test_a_model_retrained_agrees_with_the_shipped_graph(bundle, retrained, frame):
    if bundle.spec.model == "mlp":
        pytest.skip("networks differ a little between processors")
    matrix = encode(retrained.spec.inputs, frame)
    assert check_parity(Predictor(bundle), retrained.estimator, matrix) <= TOLERANCE


@pytest.mark.parametrize("task", TASKS)
def test_the_default_has_the_lowest_error_that_beats_the_naive_guess(task):
    errors = {
        bundle.spec.model: bundle.spec.card.metric("rmse", CHOICE)
        for bundle in SHIPPED.values()
        if bundle.task == task
    }
    beating = {model: m.value for model, m in errors.items() if m.value < m.naive}
    assert beating, "no shipped model beats the naive guess"
    assert satchel.load(task).spec.model == min(beating, key=beating.__getitem__)


def test_a_headline_says_beats_only_where_both_figures_do(bundle):
    won = all(
        m.value < m.naive
        for m in (bundle.spec.card.metric("rmse", protocol) for protocol in (CHOICE, TEST))
    )
    verdict = bundle.headline.casefold().rpartition("it ")[2]
    assert won == ("beats" in verdict and "not" not in verdict)


def test_no_row_of_the_data_travels_in_a_bundle(bundle, task, frame):
    spec = bundle.spec
    if len(task.features) <= FEW_FIELDS:
        pytest.skip("an invented record of so few fields may happen to equal a real one")
    travelling = [check.record for check in spec.checks] + list(spec.reference.background)
    assert travelling
    columns = {name: frame[name].to_numpy() for name in task.features}
    for record in travelling:
        same = np.ones(len(frame), bool)
        for name, values in columns.items():
            value = record.get(name)
            if not is_missing(value):  # a blank could have been any value
                same &= values == value
        assert not same.any()


def test_no_row_of_the_data_is_a_list_in_a_bundle(bundle, task, frame):
    if len(task.features) <= FEW_FIELDS:
        pytest.skip("bounds of a few fields may happen to equal a row of so few")
    lists = []
    collect(json.loads(bundle.spec.to_json()), lists)
    numbers = frame.select_dtypes("number").to_numpy().tolist()
    everything = frame.astype(object).to_numpy().tolist()
    features = frame[list(task.features)].astype(object).to_numpy().tolist()
    for row in [*numbers, *everything, *features]:
        assert row not in lists


def collect(value, lists):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        lists.append(value)
        for item in value:
            collect(item, lists)


def test_shipped_recipes_are_committed(recipe):
    assert recipe.hyperparameters
