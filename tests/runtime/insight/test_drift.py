import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from satchel import BundleError
from satchel.cli import main
from satchel.insight.drift import LEAST_ROWS, compare_categories, compare_numbers, training_rows
from satchel.spec import CategoryBins, NumberBins, Reference

THEN = 1000
REFERENCE = Reference(
    bins=(
        NumberBins(feature="score", edges=(6.0, 9.0, 12.0), shares=(0.25, 0.25, 0.25, 0.25)),
        NumberBins(feature="hours", edges=(5.0, 10.0), shares=(0.4, 0.4, 0.2), missing=0.1),
        CategoryBins(feature="course", shares=(0.5, 0.3, 0.2)),
    ),
    rows=THEN,
)


def rows_like_training(count, seed=0):
    rng = np.random.default_rng(seed)
    hours = rng.choice([2.0, 7.0, 20.0], count, p=[0.4, 0.4, 0.2])
    return [
        {
            "score": int(score),
            "hours": None if blank else float(hour),
            "course": str(course),
        }
        for score, hour, blank, course in zip(
            rng.integers(3, 15, count),
            hours,
            rng.random(count) < 0.1,
            rng.choice(["math", "physics", "français"], count, p=[0.5, 0.3, 0.2]),
            strict=True,
        )
    ]


@pytest.fixture(scope="module")
def watched(changed):
    """A predictor whose reference holds what `rows_like_training` draws from."""
    return changed(reference=REFERENCE)


def verdicts(found):
    return {part.name: part.verdict for part in found.features}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rows", [0, 1, 10**400])
@pytest.mark.parametrize("missing", [0.0, 5e-324, 1e-17, 0.5, 1.0])
@pytest.mark.parametrize("shares", [(0.0, 1.0), (1.0, 5e-324), (5e-324, 1.0), (1e-17, 1.0)])
def test_shares_at_their_edges_are_compared_in_silence(changed, shares, missing, rows):
    bins = (
        NumberBins(feature="score", edges=(6.0,), shares=shares, missing=missing),
        CategoryBins(feature="course", shares=(*shares, 0.0), missing=missing),
    )
    watched = changed(reference=Reference(bins=bins, rows=rows))
    for one in ({"score": 3, "hours": 2.0, "course": "math"}, {}):
        assert json.dumps(watched.drift([one] * 60).as_dict(), allow_nan=False)


@pytest.mark.parametrize("count", [60, 600])
def test_rows_like_those_of_training_show_no_drift(watched, count):
    for seed in range(10):
        found = watched.drift(rows_like_training(count, seed))
        assert found.verdict == "none"
        assert (found.rows, found.refused) == (count, 0)


def test_false_alarms_are_rare(watched):
    alarms = [watched.drift(rows_like_training(60, seed)).verdict for seed in range(200)]
    assert alarms.count("drift") <= 2
    assert alarms.count("none") >= 190


def test_a_number_that_moved_is_drift(watched):
    rows = [{**row, "score": min(row["score"] + 4, 17)} for row in rows_like_training(100)]
    found = watched.drift(rows)
    assert found.verdict == "drift"
    assert verdicts(found) == {"score": "drift", "hours": "none", "course": "none"}
    values = found.features[0].values
    assert values.test == "kolmogorov-smirnov"
    assert values.psi > values.by_chance + 0.25
    assert values.adjusted_p < 0.001


def test_a_category_that_grew_is_drift(watched):
    rows = rows_like_training(100)
    for row in rows[:60]:
        row["course"] = "français"
    found = watched.drift(rows)
    assert verdicts(found) == {"score": "none", "hours": "none", "course": "drift"}
    assert found.features[2].values.test == "chi-square"


def test_a_moderate_change_is_slight(watched):
    rows = rows_like_training(600)
    for row in rows[:130]:
        row["course"] = "français"
    found = watched.drift(rows)
    assert found.verdict == "slight"
    assert 0.1 < found.features[2].values.psi - found.features[2].values.by_chance < 0.25


def test_a_large_list_with_a_tiny_change_is_no_drift_although_it_is_not_by_chance(changed):
    sure = changed(reference=replace(REFERENCE, rows=1_000_000))
    rows = rows_like_training(20_000)
    for row in rows[:1500]:
        row["course"] = "math"
    course = sure.drift(rows).features[2]
    assert course.values.adjusted_p < 0.001
    assert course.verdict == "none"


def test_missing_values_drift_by_themselves(watched):
    rows = [
        {**row, "hours": None if i % 2 else row["hours"]}
        for i, row in enumerate(rows_like_training(200))
    ]
    hours = watched.drift(rows).features[1]
    assert hours.missing.verdict == hours.verdict == "drift"
    assert hours.values.verdict == "none"
    assert hours.missing_now == pytest.approx(0.55, abs=0.05)
    assert hours.missing_then == 0.1


def test_an_optional_field_without_a_column_is_missing_everywhere(changed):
    bins = CategoryBins(feature="effort", shares=(0.2, 0.5, 0.3))
    found = changed(reference=Reference(bins=(bins,), rows=THEN)).drift(rows_like_training(80))
    (effort,) = found.features
    assert effort.missing_now == 1.0
    assert effort.values.verdict == "too few"
    assert found.verdict == "drift"


def test_new_categories_are_named_and_counted(watched):
    rows = rows_like_training(100)
    for row in rows[:30]:
        row["course"] = "art"
    rows[30]["course"] = "Latin"
    found = watched.drift(rows)
    assert found.features[2].new == {"art": 30, "Latin": 1}
    assert found.features[2].verdict == "drift"
    assert found.refused == 31


def test_a_value_that_is_no_number_is_counted(watched):
    rows = rows_like_training(80)
    rows[0]["score"], rows[1]["score"] = "eleven", [3]
    score = watched.drift(rows).features[0]
    assert score.unreadable == 2
    assert score.values.rows == 78


def test_below_twenty_rows_nothing_is_said(watched):
    far = [{"score": 17, "hours": 20.0, "course": "français"}] * (LEAST_ROWS - 1)
    found = watched.drift(far)
    assert found.verdict == "too few"
    assert {part.verdict for part in found.features} == {"too few"}
    assert watched.drift([*far, far[0]]).verdict == "drift"


def test_every_form_of_rows_is_compared_alike(watched):
    rows = rows_like_training(120)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    arrays = {name: np.array(column, object) for name, column in columns.items()}
    expected = watched.drift(rows)
    assert watched.drift(columns) == watched.drift(arrays) == watched.drift(iter(rows)) == expected
    pd = pytest.importorskip("pandas", reason="pip install '.[train]'")
    assert watched.drift(pd.DataFrame(rows)) == expected


def test_predictions_are_compared_where_the_reference_has_them(watched, changed):
    rows = rows_like_training(400)
    answers = watched.predict_many(rows).outputs
    grades = answers["grade"].value
    edges = np.unique(np.quantile(grades, [0.25, 0.5, 0.75]))
    counts = np.bincount(np.searchsorted(edges, grades, "right"), minlength=len(edges) + 1)
    passed = float((answers["outcome"].label == "pass").mean())
    outputs = (
        NumberBins(feature="grade", edges=tuple(edges), shares=tuple(counts / len(grades))),
        CategoryBins(feature="outcome", shares=(1 - passed, passed)),
    )
    same = changed(reference=replace(REFERENCE, outputs=outputs))
    found = same.drift(rows)
    assert [part.name for part in found.outputs] == ["grade", "outcome"]
    assert found.verdict == "none"
    assert found.outputs[0].values.psi < 0.01
    turned = replace(outputs[1], shares=(passed, 1 - passed))
    moved = changed(reference=replace(REFERENCE, outputs=(outputs[0], turned))).drift(rows)
    assert (moved.verdict, moved.outputs[1].verdict) == ("drift", "drift")


def test_refused_rows_have_no_prediction_to_compare(changed):
    outputs = (CategoryBins(feature="outcome", shares=(0.5, 0.5)),)
    rows = [*rows_like_training(60), *({"score": 99, "hours": 1, "course": "math"},) * 5]
    found = changed(reference=replace(REFERENCE, outputs=outputs)).drift(rows)
    assert found.refused == 5
    assert found.outputs[0].values.rows == 60


def test_a_bundle_without_a_reference_says_so(changed):
    with pytest.raises(BundleError, match=r"tiny\.linear has no reference"):
        changed(reference=Reference()).drift([])


def test_older_references_stand_for_the_whole_data_set(spec):
    assert training_rows(spec) == spec.card.source.rows
    assert training_rows(replace(spec, reference=REFERENCE)) == THEN


# ---- the figures -------------------------------------------------------------------------------


def test_the_index_is_the_sum_it_is_defined_as():
    now, then = np.array([20.0, 30.0, 50.0]), np.array([300.0, 300.0, 400.0])
    p, q = (now + 0.5) / 101.5, (then + 0.5) / 1001.5
    found = compare_numbers(now, then)
    assert found.psi == pytest.approx(float(((p - q) * np.log(p / q)).sum()))
    assert found.by_chance == pytest.approx(2 * (1 / 100 + 1 / 1000))


def test_the_expected_index_is_that_of_lists_without_drift():
    rng = np.random.default_rng(0)
    shares = np.full(10, 0.1)
    found = [
        compare_numbers(rng.multinomial(80, shares), rng.multinomial(400, shares))
        for _ in range(500)
    ]
    assert np.mean([one.psi for one in found]) == pytest.approx(found[0].by_chance, rel=0.1)


def test_the_tests_are_those_of_scipy():
    stats = pytest.importorskip("scipy.stats", reason="pip install '.[train]'")
    now, then = [30, 25, 45], [300, 320, 380]
    expected = stats.chi2_contingency([now, then], correction=False)
    found = compare_categories(now, then)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)
    samples = [np.repeat([0, 1, 2], counts) for counts in (now, then)]
    expected = stats.ks_2samp(*samples, method="asymp")
    found = compare_numbers(now, then)
    assert found.statistic == pytest.approx(expected.statistic)
    n = 100 * 1000 / 1100
    assert found.p == pytest.approx(stats.kstwobign.sf(np.sqrt(n) * expected.statistic))


def test_rare_categories_are_tested_together():
    stats = pytest.importorskip("scipy.stats", reason="pip install '.[train]'")
    found = compare_categories([1, 40, 2, 57, 0], [10, 400, 15, 565, 0])
    expected = stats.chi2_contingency([[43, 57], [425, 565]], correction=False)
    assert found.p == pytest.approx(expected.pvalue)  # 3 rare ones are too few by themselves


@pytest.mark.parametrize("compare", [compare_numbers, compare_categories])
@pytest.mark.parametrize(
    ("now", "then"), [([0, 0], [5, 5]), ([5, 5], [0, 0]), ([60, 0], [90, 0]), ([60], [90])]
)
def test_what_cannot_be_compared_is_chance(compare, now, then):
    found = compare(now, then)
    assert (found.psi, found.by_chance, found.p) == (0.0, 0.0, 1.0)


def test_the_chi_square_test_keeps_its_level_without_drift():
    rng = np.random.default_rng(1)
    shares = [0.5, 0.3, 0.15, 0.04, 0.01]
    p = [
        compare_categories(rng.multinomial(80, shares), rng.multinomial(300, shares)).p
        for _ in range(1000)
    ]
    assert 0.03 < np.mean(np.array(p) < 0.05) < 0.07


# ---- the command -------------------------------------------------------------------------------


@pytest.fixture
def drift(write_variant, tmp_path, capsys):
    """Run ``satchel drift`` on rows; returns exit code, output and errors."""

    def run(rows, *options, **changes):
        path = tmp_path / "class.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        model = write_variant(**{"reference": REFERENCE, **changes})
        code = main(["drift", str(model), str(path), *options])
        return code, *capsys.readouterr()

    return run


def test_the_command_ends_with_0_without_drift(drift, watched):
    code, out, _ = drift(rows_like_training(100))
    assert code == 0
    assert "No drift." in out
    assert "tiny.linear 1.0.0" in out


def test_the_command_ends_with_1_on_drift_and_says_where(drift):
    rows = rows_like_training(100)
    for row in rows[:60]:
        row["course"] = "art"
    code, out, _ = drift(rows)
    assert code == 1
    (line,) = (line for line in out.splitlines() if line.strip().startswith("course"))
    assert line.endswith("DRIFT")
    assert "new values: 'art' (60)" in out
    assert "100 rows, 60 of them refused" in out


def test_the_command_ends_with_0_on_too_few_rows(drift):
    code, out, _ = drift([{"score": 17, "hours": 20, "course": "français"}] * 19)
    assert code == 0
    assert "Too few to say" in out


def test_the_command_gives_what_the_predictor_gives(drift, watched):
    rows = rows_like_training(100)
    code, out, _ = drift(rows, "--json")
    found = json.loads(out)
    expected = json.loads(json.dumps(watched.drift(rows).as_dict()))
    assert found.pop("sha256") != expected.pop("sha256")
    assert (code, found) == (0, expected)
    assert found["thresholds"] == {"slight": 0.1, "drift": 0.25, "level": 0.05, "rows": 20}


def test_the_command_takes_names_of_other_columns(drift):
    rows = [{"Points": row.pop("score"), **row} for row in rows_like_training(60)]
    code, out, err = drift(rows)
    assert (code, out) == (2, "")
    assert "score" in err
    assert drift(rows, "--map", "Points=score")[0] == 0


def test_the_command_refuses_a_bundle_without_reference(drift):
    code, _, err = drift(rows_like_training(5), reference=Reference())
    assert code == 2
    assert "no reference" in err
