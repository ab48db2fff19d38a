import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.measure.fairness import fairness
from satchel.measure.roc import largest_area
from satchel.prediction import Answers
from satchel.spec import Classes, Regression

PLAIN = Regression(name="grade", label="Grade", unit="points")
GRADE = Regression(name="grade", label="Grade", unit="points", pass_at=10.0)
OUTCOME = Classes(name="outcome", label="Outcome", labels=("fail", "pass"), positive="pass")
OF_OUTCOMES = ["demographic_parity_difference", "equalised_odds_difference", "abroca"]
OF_SCORES = ["bias_difference", "error_difference"]
RATES = ["base_rate", "selection_rate", "true_positive_rate", "false_positive_rate"]


def outcomes(rows=300, groups="abc", seed=0, apart=0.0):
    """Return true labels, answers, and groups: the later ones are called pass more often."""
    rng = np.random.default_rng(seed)
    group = rng.choice(list(groups), rows)
    p = rng.random(rows)
    true = np.where(rng.random(rows) < p, "pass", "fail").astype(object)
    later = np.searchsorted(sorted(groups), group) / max(1, len(groups) - 1)
    probability = np.clip(p + apart * (later - 0.5), 0, 1)
    label = np.where(probability >= 0.5, "pass", "fail").astype(object)
    return true, Answers(label=label, probability=probability), group


def grades(rows=300, groups="abc", seed=0, apart=0.0):
    """Return true scores, answers, and groups: the later ones are given too high a score."""
    rng = np.random.default_rng(seed)
    group = rng.choice(list(groups), rows)
    true = np.round(rng.normal(11, 3, rows))
    later = np.searchsorted(sorted(groups), group) / max(1, len(groups) - 1)
    return true, Answers(value=true + rng.normal(0, 2, rows) + apart * later), group


def by_name(disparities):
    return {d.name: d for d in disparities}


def curves(positive, score, group):
    """Return what `largest_area` reads, by plain loops."""
    levels = sorted(set(score), reverse=True)
    return np.array(
        [
            [
                [np.sum((score >= s) & (positive == came) & (group == name)) for s in levels]
                for came in (False, True)
            ]
            for name in sorted(set(group))
        ]
    )


# ---- the figures of a group ------------------------------------------------------------------


def test_the_figures_of_a_score_by_hand():
    true = np.array([8.0, 12.0, 9.0, 14.0])
    answers = Answers(value=np.array([10.0, 11.0, 9.0, 9.0]))
    groups, disparities = fairness(GRADE, true, answers, {"sex": ["F", "F", "M", "M"]}, least=2)
    figures = {g.group: {name: f[0] for name, f in g.figures.items()} for g in groups}
    assert figures["F"] == {
        **{"mean_true": 10.0, "mean_error": 1.5, "bias": 0.5},
        **{"base_rate": 0.5, "selection_rate": 1.0},
        **{"true_positive_rate": 1.0, "false_positive_rate": 1.0},
    }
    assert figures["M"] == {
        **{"mean_true": 11.5, "mean_error": 2.5, "bias": -2.5},
        **{"base_rate": 0.5, "selection_rate": 0.0},
        **{"true_positive_rate": 0.0, "false_positive_rate": 0.0},
    }
    assert [(g.output, g.feature, g.rows) for g in groups] == [("grade", "sex", 2)] * 2
    # F is ranked without fault, M not at all: its curve is the diagonal.
    assert {d.name: d.value for d in disparities} == {
        **{"bias_difference": 3.0, "error_difference": 1.0},
        **{"demographic_parity_difference": 1.0, "equalised_odds_difference": 1.0},
        "abroca": 0.5,
    }


def test_a_score_without_a_pass_mark_has_no_rates():
    true, answers, group = grades()
    groups, disparities = fairness(PLAIN, true, answers, {"g": group})
    assert [list(g.figures) for g in groups] == [["mean_true", "mean_error", "bias"]] * 3
    assert list(by_name(disparities)) == OF_SCORES


def test_the_figures_of_an_outcome_are_those_of_scikit_learn():
    oracle = pytest.importorskip("sklearn.metrics", reason="pip install '.[train]'")
    true, answers, group = outcomes()
    groups, _ = fairness(OUTCOME, true, answers, {"g": group})
    assert [g.group for g in groups] == ["a", "b", "c"]
    for one in groups:
        rows = group == one.group
        y, label, p = true[rows], answers.label[rows], answers.probability[rows]
        expected = {
            "base_rate": np.mean(y == "pass"),
            "selection_rate": np.mean(label == "pass"),
            "true_positive_rate": oracle.recall_score(y, label, pos_label="pass"),
            "false_positive_rate": 1 - oracle.recall_score(y, label, pos_label="fail"),
            "accuracy": oracle.accuracy_score(y, label),
            "calibration": p.mean() - np.mean(y == "pass"),
        }
        assert {name: f[0] for name, f in one.figures.items()} == pytest.approx(expected)
        assert one.rows == rows.sum()


def test_the_bounds_are_about_those_of_the_normal_distribution():
    true, answers, group = grades(rows=2000, groups="ab")
    groups, _ = fairness(GRADE, true, answers, {"g": group}, resamples=2000)
    for one in groups:
        error = (answers.value - true)[group == one.group]
        value, low, high = one.figures["bias"]
        half = 1.96 * error.std() / math.sqrt(one.rows)
        assert value == pytest.approx(error.mean())
        assert low == pytest.approx(value - half, abs=0.12 * half)
        assert high == pytest.approx(value + half, abs=0.12 * half)


def test_a_rate_without_rows_is_left_out():
    true, answers, group = outcomes(groups="ab")
    true[group == "a"] = "fail"
    groups, disparities = fairness(OUTCOME, true, answers, {"g": group})
    first, second = (set(one.figures) for one in groups)
    assert first == second - {"true_positive_rate"}
    # With one rate or one curve left, there is nothing to compare.
    assert list(by_name(disparities)) == ["demographic_parity_difference"]


def test_a_rate_of_one_row_has_bounds_all_the_same():
    true, answers, group = outcomes(rows=60, groups="ab")
    true[group == "a"] = "fail"
    true[np.flatnonzero(group == "a")[0]] = "pass"
    groups, disparities = fairness(OUTCOME, true, answers, {"g": group}, resamples=3)
    assert all(np.isfinite(f).all() for g in groups for f in g.figures.values())
    assert all(np.isfinite([d.value, d.low, d.high, d.chance]).all() for d in disparities)
    assert list(by_name(disparities)) == OF_OUTCOMES


def test_classes_without_a_positive_one_have_an_accuracy_alone():
    output = Classes(name="level", label="Level", labels=("a", "b", "c"))
    label = np.array(["a", "b"] * 30, object)
    groups, disparities = fairness(output, label, Answers(label=label), {"g": ["x", "y"] * 30})
    assert [g.figures for g in groups] == [{"accuracy": (1.0, 1.0, 1.0)}] * 2
    assert disparities == ()


# ---- differences between groups --------------------------------------------------------------


def test_the_differences_of_scores_are_largest_less_smallest():
    true, answers, group = grades(apart=1.0)
    _, disparities = fairness(PLAIN, true, answers, {"g": group})
    error = answers.value - true
    biases = [error[group == name].mean() for name in "abc"]
    errors = [np.abs(error[group == name]).mean() for name in "abc"]
    found = by_name(disparities)
    assert found["bias_difference"].value == pytest.approx(max(biases) - min(biases))
    assert found["error_difference"].value == pytest.approx(max(errors) - min(errors))


@pytest.mark.parametrize("groups", ["ab", "abcd"])
@pytest.mark.parametrize("apart", [0.0, 0.4])
def test_the_differences_of_outcomes_are_those_of_fairlearn(groups, apart):
    fairlearn = pytest.importorskip("fairlearn.metrics", reason="pip install --group test")
    true, answers, group = outcomes(groups=groups, apart=apart)
    found = by_name(fairness(OUTCOME, true, answers, {"g": group})[1])
    arrays = (true == "pass").astype(int), (answers.label == "pass").astype(int)
    parity = fairlearn.demographic_parity_difference(*arrays, sensitive_features=group)
    odds = fairlearn.equalized_odds_difference(*arrays, sensitive_features=group)
    assert found["demographic_parity_difference"].value == pytest.approx(parity)
    assert found["equalised_odds_difference"].value == pytest.approx(odds)


@pytest.mark.parametrize("groups", ["ab", "abcd"])
@pytest.mark.parametrize("decimals", [1, 8])
def test_the_area_between_the_curves_is_that_of_scikit_learns_curves(groups, decimals):
    oracle = pytest.importorskip("sklearn.metrics", reason="pip install '.[train]'")
    true, answers, group = outcomes(groups=groups, apart=0.2)
    p = np.round(answers.probability, decimals)
    found = by_name(
        fairness(OUTCOME, true, Answers(answers.value, "", answers.label, p), {"g": group})[1]
    )
    # The midpoints of a fine grid, which never fall upon a step.
    grid = (np.arange(200_000) + 0.5) / 200_000
    heights = {}
    for name in groups:
        rows = group == name
        false, right, _ = oracle.roc_curve(true[rows] == "pass", p[rows])
        heights[name] = np.interp(grid, false, right)
    expected = max(
        np.mean(np.abs(heights[one] - heights[other]))
        for one, other in itertools.combinations(groups, 2)
    )
    assert found["abroca"].value == pytest.approx(expected, abs=1e-5)


def test_a_score_with_a_pass_mark_is_ranked_by_the_score():
    true, answers, group = grades(apart=2.0)
    found = by_name(fairness(GRADE, true, answers, {"g": group})[1])
    assert list(found) == OF_SCORES + OF_OUTCOMES
    label = np.where(answers.value >= 10, "pass", "fail").astype(object)
    as_classes = fairness(
        OUTCOME,
        np.where(true >= 10, "pass", "fail").astype(object),
        Answers(label=label, probability=1 / (1 + np.exp(-answers.value))),
        {"g": group},
    )[1]
    for name, other in by_name(as_classes).items():
        one = found[name]
        assert (one.value, one.low, one.high, one.chance) == pytest.approx(
            (other.value, other.low, other.high, other.chance)
        )


def test_curves_that_cross_leave_the_area_of_both_sides():
    # (0, 0) - (0, .5) - (1, .5) - (1, 1) against the diagonal: two triangles of 1/8 each.
    counts = np.array([[[0, 2, 2], [1, 1, 2]], [[0, 1, 1], [0, 1, 1]]])
    assert largest_area(counts) == pytest.approx(1 / 4)


@given(
    rows=st.lists(
        st.tuples(st.booleans(), st.integers(0, 5), st.sampled_from("abc")), min_size=1, max_size=40
    )
)
def test_the_area_is_that_of_a_plain_integration(rows):
    positive, score, group = map(np.array, zip(*rows, strict=True))
    counts = curves(positive, score, group)
    found = largest_area(counts)
    grid = (np.arange(5000) + 0.5) / 5000
    heights = [
        np.interp(grid, [0, *(false / false[-1])], [0, *(true / true[-1])])
        for false, true in counts
        if false[-1] and true[-1]
    ]
    if len(heights) < 2:
        assert math.isnan(found)
        return
    areas = [np.mean(np.abs(a - b)) for a, b in itertools.combinations(heights, 2)]
    assert found == pytest.approx(max(areas), abs=2e-3)


# ---- chance ----------------------------------------------------------------------------------


def test_groups_by_lot_differ_by_chance_nineteen_times_out_of_twenty():
    below = {name: [] for name in OF_OUTCOMES}
    true, answers, _ = outcomes(rows=200)
    lots = {f"lot{i}": outcomes(rows=200, seed=i + 1)[2] for i in range(60)}
    for one in fairness(OUTCOME, true, answers, lots, resamples=200)[1]:
        below[one.name].append(one.by_chance)
    for shares in below.values():
        assert 0.85 <= np.mean(shares) <= 1.0
        assert len(shares) == 60


def test_chance_is_that_of_a_plain_loop():
    true, answers, group = grades(groups="ab")
    one = by_name(fairness(PLAIN, true, answers, {"g": group}, resamples=3000)[1])
    rng = np.random.default_rng(123)
    error, differences = answers.value - true, []
    for _ in range(3000):
        lot = rng.permutation(group)
        differences.append(abs(error[lot == "a"].mean() - error[lot == "b"].mean()))
    expected = np.quantile(differences, 0.95)
    assert one["bias_difference"].chance == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize(
    ("output", "made", "planted"),
    [
        (OUTCOME, outcomes(apart=0.6), OF_OUTCOMES[:2]),
        (GRADE, grades(apart=4.0), [*OF_SCORES, *OF_OUTCOMES[:2]]),
    ],
    ids=["outcome", "score"],
)
def test_a_planted_difference_is_more_than_chance(output, made, planted):
    true, answers, group = made
    found = by_name(fairness(output, true, answers, {"g": group})[1])
    for name in planted:
        assert not found[name].by_chance, name
        assert found[name].low > 0


def test_a_model_that_ranks_one_group_at_random_has_another_curve():
    true, answers, group = outcomes(rows=600, groups="ab")
    blind = group == "a"
    answers.probability[blind] = np.random.default_rng(1).random(blind.sum())
    found = by_name(fairness(OUTCOME, true, answers, {"g": group})[1])["abroca"]
    assert found.value > found.chance
    # Curves of half and of five sixths of the square.
    assert found.low < 1 / 3 < found.high


def test_a_perfect_model_treats_all_alike():
    true, _, group = outcomes()
    answers = Answers(label=true, probability=(true == "pass").astype(float))
    found = by_name(fairness(OUTCOME, true, answers, {"g": group})[1])
    for name in ("equalised_odds_difference", "abroca"):
        one = found[name]
        assert (one.value, one.low, one.high, one.chance, one.by_chance) == (0, 0, 0, 0, True)


# ---- groups, and what is drawn ---------------------------------------------------------------


def test_small_groups_are_left_out_and_so_are_rows_of_no_group():
    true, answers, _ = outcomes(rows=119)
    group = np.array(["a"] * 50 + ["b"] * 20 + ["small"] * 19 + [""] * 30)
    groups, with_them = fairness(OUTCOME, true, answers, {"g": group})
    assert [(g.group, g.rows) for g in groups] == [("a", 50), ("b", 20)]
    few = Answers(label=answers.label[:70], probability=answers.probability[:70])
    assert (groups, with_them) == fairness(OUTCOME, true[:70], few, {"g": group[:70]})


@pytest.mark.parametrize("group", [["a"] * 40, ["a"] * 21 + ["b"] * 19, [""] * 40])
def test_a_feature_with_fewer_than_two_groups_tells_nothing(group):
    true, answers, _ = outcomes(rows=40)
    assert fairness(OUTCOME, true, answers, {"g": group}) == ((), ())


def test_the_seed_tells_what_is_drawn_and_no_feature_disturbs_another():
    true, answers, group = outcomes()
    other = np.roll(group, 1)
    groups, disparities = fairness(OUTCOME, true, answers, {"g": group})
    assert (groups, disparities) == fairness(OUTCOME, true, answers, {"g": group.astype(object)})
    both = fairness(OUTCOME, true, answers, {"h": other, "g": group})
    assert groups == tuple(g for g in both[0] if g.feature == "g")
    assert disparities == tuple(d for d in both[1] if d.feature == "g")
    assert disparities != fairness(OUTCOME, true, answers, {"g": group}, seed=1)[1]


def test_many_rows_are_drawn_in_blocks_to_the_same_end(monkeypatch):
    true, answers, group = outcomes()
    whole = fairness(OUTCOME, true, answers, {"g": group}, resamples=50)
    monkeypatch.setattr("satchel.measure.fairness.BLOCK", 1000)
    assert fairness(OUTCOME, true, answers, {"g": group}, resamples=50) == whole


@given(seed=st.integers(0, 2**16), rows=st.integers(40, 80))
def test_every_bound_holds_its_figure(seed, rows):
    true, answers, group = outcomes(rows=rows, groups="ab", seed=seed)
    groups, disparities = fairness(OUTCOME, true, answers, {"g": group}, resamples=20, least=5)
    for value, low, high in [f for g in groups for f in g.figures.values()]:
        assert low <= value <= high
    for one in disparities:
        assert 0 <= one.low <= one.value <= one.high <= 1
        assert 0 <= one.chance <= 1
