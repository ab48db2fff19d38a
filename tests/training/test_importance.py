import numpy as np

from satchel_training.fit import fit
from satchel_training.importance import permutation_importance


def test_an_input_that_decides_has_more_weight_than_one_that_says_nothing(small_task):
    frame = small_task.dataset.generate(400, 1)
    train, rows = frame.iloc[:300], frame.iloc[300:]
    fitted = fit(small_task, train, "linear", {}, 1)
    found = permutation_importance(small_task, fitted, train, rows, 5, np.random.default_rng(0))
    value = {one.feature: one.value for one in found}
    assert list(value) == list(small_task.features)
    # The grade is hours + 2 score + noise, whatever the course.
    assert value["score"] > 1
    assert value["hours"] > 1
    assert abs(value["course"]) < 0.05
    assert all(one.spread >= 0 for one in found)
    assert value["score"] > 10 * max(one.spread for one in found) / 5


def test_what_is_derived_from_an_input_is_shuffled_with_it(outcome_task):
    frame = outcome_task.dataset.generate(600, 1)
    fitted = fit(outcome_task, frame, "logistic", {}, 1)
    found = permutation_importance(outcome_task, fitted, frame, frame, 3, np.random.default_rng(0))
    assert [one.feature for one in found] == list(outcome_task.features)
    assert max(found, key=lambda one: one.value).feature in ("hours", "score")


def test_equal_draws_give_equal_figures(small_task, small_frame):
    fitted = fit(small_task, small_frame, "linear", {}, 1)
    one, two = (
        permutation_importance(
            small_task, fitted, small_frame, small_frame, 2, np.random.default_rng(3)
        )
        for _ in range(2)
    )
    assert one == two
