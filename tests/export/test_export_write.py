import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import onnx
import pytest

import satchel
from satchel import bundle as bundles
from satchel.bundle import METADATA_KEY, Index
from satchel.encode.encoder import Encoder
from satchel.findings import said
from satchel.spec import CHOICE, TEST, Metric, Regression
from satchel.spec.rules import endpoints
from satchel.wording import allowed
from satchel_export.card import card
from satchel_export.write import ParityError, check_parity, write, write_index
from satchel_training.fit import encode, raw_output
from satchel_training.models import Recipe
from satchel_training.run import load_run
from satchel_training.train import fit_only


def tree(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def with_error(run, rmse, naive=2.0, model=None):
    """Return the run's spec as if its cross-validated error, and the naive guess's, were these."""
    metrics = tuple(
        replace(m, value=rmse, naive=naive) if (m.name, m.protocol) == ("rmse", CHOICE) else m
        for m in run.spec.card.metrics
    )
    return replace(
        run.spec, model=model or run.spec.model, card=replace(run.spec.card, metrics=metrics)
    )


# ---- what is written -------------------------------------------------------------------------


def test_bundle_card_and_index_are_written(run, tmp_path):
    path = write(run.spec, run.heads, tmp_path / "models")
    assert path == tmp_path / "models" / f"{run.spec.name}.onnx"
    assert set(tree(tmp_path / "models")) == {
        f"{run.spec.name}.onnx",
        f"{run.spec.name}.card.md",
        "index.json",
    }


def test_the_bundle_loads_and_verifies(exported):
    predictor = satchel.load(exported)
    result = predictor.verify()
    assert result.passed
    assert result.checks == len(predictor.spec.checks) > 0
    assert predictor.bundle.verified


def test_the_bundle_is_found_by_name_and_not_verified_without_its_index(run, tmp_path):
    path = write(run.spec, run.heads, tmp_path)
    (tmp_path / "index.json").unlink()
    assert not bundles.read(path).verified


def test_the_bundle_answers_as_the_framework_does(run, frame, exported):
    predictor = satchel.load(exported)
    rows = frame.drop(columns="G3")
    raw = np.asarray(run.heads["G3"].predict(encode(run.spec.inputs, frame)), np.float64)
    output = run.spec.outputs[0]
    expected = np.clip(raw * output.scale + output.mean, 0, 20)
    answers = predictor.predict_many(rows).outputs["G3"]
    np.testing.assert_allclose(answers.value, expected, atol=0.05 + 1e-4)
    assert len(set(answers.value)) > 10
    assert (answers.label == np.where(answers.probability >= 0.5, "pass", "fail")).all()


def test_the_spec_that_travels_is_the_runs_with_checks_and_versions(run, exported):
    spec = bundles.read(exported).spec
    assert replace(spec, checks=(), version=run.spec.version, card=run.spec.card) == run.spec
    assert spec.card == replace(run.spec.card, versions=spec.card.versions)
    assert spec.card.versions.items() >= run.spec.card.versions.items()
    assert spec.card.versions["onnx"] == onnx.__version__


def test_the_graph_is_one_that_old_runtimes_read(exported):
    model = onnx.load(exported, load_external_data=False)
    assert model.ir_version == 8
    domains = [opset.domain for opset in model.opset_import]
    assert len(set(domains)) == len(domains)
    versions = {opset.domain: opset.version for opset in model.opset_import}
    assert versions.items() <= {"": 17, "ai.onnx.ml": 3}.items()
    for initializer in model.graph.initializer:
        assert not onnx.external_data_helper.uses_external_data(initializer)


def test_two_writes_of_one_run_give_equal_bytes(run, tmp_path):
    for name in ("one", "two"):
        write(run.spec, run.heads, tmp_path / name)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_two_exports_of_one_saved_run_give_equal_bytes(run, tmp_path):
    run.save(tmp_path / "run")
    for name in ("one", "two"):
        write(*load_run(tmp_path / "run"), tmp_path / name)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_no_file_is_left_over(run, tmp_path):
    for _ in range(2):
        write(run.spec, run.heads, tmp_path)
    assert len(tree(tmp_path)) == 3


# ---- the version -----------------------------------------------------------------------------


def reworded(spec, text, created=None):
    """Return the spec as a retrained model would have it: other bytes, perhaps of another day."""
    created = created or spec.card.created
    return replace(spec, card=replace(spec.card, intended_use=text, created=created))


def test_a_first_export_is_1_0_0_whatever_the_run_says(run, exported, tmp_path):
    assert bundles.read(exported).version == "1.0.0"
    path = write(replace(run.spec, version="7.8.9"), run.heads, tmp_path)
    assert path.read_bytes() == exported.read_bytes()


def test_the_same_model_keeps_its_version_and_bytes(run, tmp_path):
    path = write(run.spec, run.heads, tmp_path)
    before = tree(tmp_path)
    for _ in range(2):
        write(run.spec, run.heads, tmp_path)
        assert tree(tmp_path) == before
    assert bundles.read(path).version == "1.0.0"


def test_the_same_model_of_a_later_day_keeps_its_bytes_too(ridge_run, tmp_path):
    path = write(reworded(ridge_run.spec, "a", "2026-01-01"), ridge_run.heads, tmp_path)
    before = tree(tmp_path)
    write(reworded(ridge_run.spec, "a", "2026-12-31"), ridge_run.heads, tmp_path)
    assert tree(tmp_path) == before
    # One that differs has its own day.
    write(reworded(ridge_run.spec, "b", "2026-12-31"), ridge_run.heads, tmp_path)
    assert bundles.read(path).spec.card.created == "2026-12-31"


def test_a_model_that_differs_has_the_next_minor_version(ridge_run, tmp_path):
    versions, digests = [], set()
    for text in ("a", "b", "c", "c"):
        path = write(reworded(ridge_run.spec, text), ridge_run.heads, tmp_path)
        bundle = bundles.read(path)
        assert bundle.verified
        assert path.with_name(f"{bundle.name}.card.md").read_text() == card(bundle.spec)
        versions.append(bundle.version)
        digests.add(bundle.sha256)
    assert versions == ["1.0.0", "1.1.0", "1.2.0", "1.2.0"]
    assert len(digests) == 3


def test_a_graph_that_differs_has_the_next_minor_version(ridge_run, task, frame, tmp_path):
    write(ridge_run.spec, ridge_run.heads, tmp_path)
    spec, heads = fit_only(task, frame, "ridge", Recipe({"alpha": 11.0}))
    path = write(replace(spec, card=ridge_run.spec.card), heads, tmp_path)
    assert bundles.read(path).version == "1.1.0"


def test_the_minor_version_counts_on_from_a_version_of_ones_own(ridge_run, tmp_path, place):
    place(replace(ridge_run.spec, version="2.9.1"))
    path = write(ridge_run.spec, ridge_run.heads, tmp_path)
    assert bundles.read(path).version == "2.10.0"


def test_a_file_that_is_no_bundle_of_that_name_is_not_replaced(ridge_run, tmp_path, place):
    path = tmp_path / f"{ridge_run.spec.name}.onnx"
    unreadable = {
        "this is no ONNX model": lambda: path.write_bytes(b"\x08"),
        "holds secondary-mathematics.other": lambda: place(
            replace(ridge_run.spec, model="other"), name=ridge_run.spec.name
        ),
        "'2026', not one like 1.2.3": lambda: place(replace(ridge_run.spec, version="2026")),
        "it is no file": lambda: (path.unlink(), path.mkdir()),
    }
    for message, put in unreadable.items():
        put()
        before = path.is_dir() or path.read_bytes()
        with pytest.raises(satchel.BundleError, match="move the file away") as caught:
            write(ridge_run.spec, ridge_run.heads, tmp_path)
        assert str(path) in str(caught.value)
        assert message in str(caught.value)
        assert before == (path.is_dir() or path.read_bytes())


# ---- the checks that travel ------------------------------------------------------------------


@pytest.fixture
def written(run, exported):
    return run, bundles.read(exported).spec


def test_checks_are_invented_records_within_the_limits(written, frame):
    run, spec = written
    records = [dict(check.record) for check in spec.checks]
    assert Encoder(run.spec.inputs).encode_many(records).problems == {}
    rows = frame.drop(columns="G3").to_dict("records")
    assert not any(record in rows for record in records)


def test_checks_hold_what_the_framework_gives(written):
    run, spec = written
    records = [check.record for check in spec.checks]
    native = run.heads["G3"].predict(Encoder(run.spec.inputs).encode_many(records).matrix)
    stored = [check.outputs["G3"][0] for check in spec.checks]
    np.testing.assert_array_equal(stored, np.asarray(native, np.float64))
    assert len(set(stored)) == len(stored)


def test_no_row_of_the_data_travels(written, frame):
    _, spec = written
    plain = json.loads(spec.to_json())
    lists = []
    collect(plain, lists)
    rows = frame.drop(columns="G3")
    for row in [*rows.astype(object).to_numpy().tolist(), *rows.to_dict("records")]:
        assert row not in lists
    # The grades of a row, alone and in order, do not either.
    assert not any(list(g) in lists for g in frame[["G1", "G2", "G3"]].to_numpy().tolist())


def collect(value, lists):
    if isinstance(value, dict):
        lists.append(value)
        lists.append(list(value.values()))
    elif isinstance(value, list):
        lists.append(value)
    else:
        return
    for item in value.values() if isinstance(value, dict) else value:
        collect(item, lists)


# ---- parity ----------------------------------------------------------------------------------


def test_a_framework_that_says_otherwise_is_refused(ridge_run, tampered, tmp_path):
    heads = tampered(lambda y, X: y + 1e-3)
    with pytest.raises(ParityError, match="checks that travel"):
        write(ridge_run.spec, heads, tmp_path / "models")
    assert tree(tmp_path) == {}


def test_a_deviation_beyond_the_checks_is_refused(ridge_run, tampered, tmp_path):
    heads = tampered(lambda y, X: y + 1e-3 * (len(X) > 100))
    with pytest.raises(ParityError, match=r"deviates by .* from the framework"):
        write(ridge_run.spec, heads, tmp_path / "models")
    assert tree(tmp_path) == {}


def test_a_deviation_in_a_single_row_of_the_data_is_refused(ridge_run, tampered, frame, tmp_path):
    X = encode(ridge_run.spec.inputs, frame)
    columns = {f.name: frame[f.name].to_numpy() for f in ridge_run.spec.inputs.features}
    heads = tampered(lambda y, rows: y + 1e-3 * (rows == X[50]).all(axis=1))
    write(ridge_run.spec, heads, tmp_path / "without")
    with pytest.raises(ParityError, match="deviates"):
        write(ridge_run.spec, heads, tmp_path / "with", columns)
    assert tree(tmp_path / "with") == {}


def test_a_refused_export_leaves_the_former_bundle(ridge_run, tampered, tmp_path):
    write(ridge_run.spec, ridge_run.heads, tmp_path)
    before = tree(tmp_path)
    with pytest.raises(ParityError):
        write(ridge_run.spec, tampered(lambda y, X: y + 1e-3), tmp_path)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_framework_that_gives_no_number_is_refused(ridge_run, tampered, tmp_path, bad):
    for rows in (0, 100):
        heads = tampered(lambda y, X, rows=rows: y + (bad if len(X) > rows else 0.0))
        with pytest.raises(ParityError):
            write(ridge_run.spec, heads, tmp_path / "models")
    assert tree(tmp_path) == {}


@pytest.fixture
def predictor(ridge_bundle):
    return satchel.load(ridge_bundle)


def test_parity_returns_the_largest_deviation(predictor, ridge_run, tampered, frame):
    X = encode(ridge_run.spec.inputs, frame)
    assert 0 <= check_parity(predictor, ridge_run.heads, X) <= 1e-5
    shifted = tampered(lambda y, X: y + 5e-6)
    assert check_parity(predictor, shifted, X) == pytest.approx(5e-6, rel=0.2)


def test_parity_is_judged_beside_large_outputs(predictor, ridge_run, tampered, matrices):
    X = matrices(len(ridge_run.spec.inputs.columns))["extreme"]
    X = X[np.abs(ridge_run.heads["G3"].predict(X)) > 100]
    assert len(X) > 10
    check_parity(predictor, ridge_run.heads, X)
    with pytest.raises(ParityError):
        check_parity(predictor, tampered(lambda y, X: y * (1 + 3e-5)), X)


def relabelled(predictor, monkeypatch):
    """Make the graph's labels the opposite of what they are, its scores as they were."""
    from satchel_export import write as module

    decode, calls = module.decode_output, []

    def swap(output, raw):
        calls.append(raw)
        answers = decode(output, raw)
        if len(calls) == 1:  # the graph's; then come the bounds of what is allowed
            other = {"pass": "fail", "fail": "pass"}
            label = np.array([other[label] for label in answers.label], object)
            return replace(answers, label=label)
        return answers

    monkeypatch.setattr(module, "decode_output", swap)


def test_labels_that_differ_are_refused(predictor, ridge_run, frame, monkeypatch):
    X = encode(ridge_run.spec.inputs, frame)
    relabelled(predictor, monkeypatch)
    with pytest.raises(ParityError, match="labels of G3 differ"):
        check_parity(predictor, ridge_run.heads, X)


def test_a_label_beside_the_pass_mark_may_differ(predictor, ridge_run, frame, tampered):
    output = ridge_run.spec.outputs[0]
    X = encode(ridge_run.spec.inputs, frame)[:1]
    graph = predictor.run(X)["G3"].astype(np.float64)
    mark = (output.pass_at - 0.05 - output.mean) / output.scale
    near = {
        side: tampered(lambda y, X, s=side: np.full(len(X), mark + s)) for side in (-4e-6, 4e-6)
    }
    labels = set()
    for side, heads in near.items():
        # The graph is put to one side of the mark by 4e-6, the framework to the other.
        predictor.run = lambda X, s=side: {"G3": np.float32(graph * 0 + mark - s)}
        labels |= {output.pass_labels[int(s > 0)] for s in (side, -side)}
        assert check_parity(predictor, heads, X) <= 1e-5
    assert labels == {"fail", "pass"}


# ---- other outputs than one score ------------------------------------------------------------


def test_every_output_answers_as_its_framework_does(other_run, other_exported, invented_frame):
    predictor = satchel.load(other_exported)
    X = encode(other_run.spec.inputs, invented_frame)
    features = invented_frame[[f.name for f in other_run.spec.inputs.features]]
    many = predictor.predict_many(features)
    raw = predictor.run(X)
    assert list(raw) == [output.name for output in other_run.spec.outputs]
    assert check_parity(predictor, other_run.heads, X) <= 1e-5
    for output in other_run.spec.outputs:
        native = raw_output(output, other_run.heads[output.name], X)
        assert raw[output.name].shape == native.shape
        np.testing.assert_allclose(raw[output.name], native, atol=1e-5)
        answers = many.outputs[output.name]
        if isinstance(output, Regression):
            value = np.clip(native[:, 0] * output.scale + output.mean, *endpoints(output.limits))
            digits = 0.51 if output.decimals == 0 else 1e-3
            np.testing.assert_allclose(answers.value, value, atol=digits)
        else:
            assert set(answers.label) == set(output.labels)


def test_the_bundle_of_several_outputs_verifies(other_run, other_exported):
    predictor = satchel.load(other_exported)
    assert predictor.verify().passed
    names = {output.name for output in other_run.spec.outputs}
    assert all(set(check.outputs) == names for check in predictor.spec.checks)


def test_classes_segment_and_advice_travel_in_one_bundle(
    outcome_run, invented, invented_frame, tmp_path
):
    path = write(outcome_run.spec, outcome_run.heads, tmp_path)
    predictor = satchel.load(path)
    assert predictor.spec.inputs.derived == invented.OUTCOME.derived
    features = invented_frame[list(invented.OUTCOME.features)]
    many = predictor.predict_many(features)
    labels, groups = many.outputs["outcome"].label, many.outputs["group"].label
    assert (labels == invented_frame["result"]).mean() > 0.8
    assert many.advice.tolist() == [
        f"{label}, and {group}" for label, group in zip(labels, groups, strict=True)
    ]
    one = predictor.predict(features.iloc[0].to_dict())
    assert (one.label, one.segment, one.advice) == (labels[0], groups[0], many.advice[0])
    assert one.probability == pytest.approx(many.outputs["outcome"].probability[0])


def lift(matrix, X):
    """Move every probability by 1e-3, away from 0 and 1."""
    return matrix + np.where(matrix[:, :1] > 0.5, -1e-3, 1e-3) * [1, -1]


@pytest.mark.parametrize(
    ("name", "method", "change", "message"),
    [
        ("outcome", "predict_proba", lift, "checks that travel"),
        ("group", "predict", lambda codes, X: (codes + 1) % 3, "checks that travel"),
        (
            "outcome",
            "predict_proba",
            lambda p, X: lift(p, X) if len(X) > 100 else p,
            "outcome of the graph deviates",
        ),
        (
            "group",
            "predict",
            lambda codes, X: (codes + 1) % 3 if len(X) > 100 else codes,
            "labels of group differ",
        ),
    ],
)
def test_a_head_that_says_otherwise_is_refused(
    outcome_run, tampered_head, tmp_path, name, method, change, message
):
    heads = tampered_head(outcome_run, name, method, change)
    with pytest.raises(ParityError, match=message):
        write(outcome_run.spec, heads, tmp_path / "models")
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("name", ["grade", "talk"])
def test_each_of_several_scores_is_compared(scores_run, tampered_head, tmp_path, name):
    def change(y, X):
        return y + 1e-3 * (len(X) > 100)

    with pytest.raises(ParityError, match=f"{name} of the graph deviates"):
        write(scores_run.spec, tampered_head(scores_run, name, "predict", change), tmp_path / "m")
    assert tree(tmp_path) == {}


class Answering:
    """An estimator, or a predictor, that gives what it was told to."""

    def __init__(self, name, output, raw, distances=None):
        self.name, self.spec, self._raw = name, SimpleNamespace(outputs=(output,)), raw
        self._output, self._distances = output, distances

    def run(self, X):
        return {self._output.name: self._raw}

    def predict(self, X):
        return self._raw

    def predict_proba(self, X):
        return self._raw

    def transform(self, X):
        return self._distances


def parity(output, graph, native, distances=None):
    predictor = Answering("small.model", output, np.asarray(graph))
    heads = {output.name: Answering("", output, np.asarray(native), distances)}
    return check_parity(predictor, heads, np.zeros((1, 1), np.float32))


def test_a_label_beside_the_threshold_may_differ(invented):
    near = [[0.5 + 2e-6, 0.5 - 2e-6]], [[0.5 - 2e-6, 0.5 + 2e-6]]
    assert parity(invented.RESULT, *near) <= 1e-5
    assert parity(invented.RESULT, *near[::-1]) <= 1e-5


def test_of_three_labels_two_that_are_as_likely_may_differ(invented):
    near = [[0.4 + 2e-6, 0.4 - 2e-6, 0.2]], [[0.4 - 2e-6, 0.4 + 2e-6, 0.2]]
    assert parity(invented.LEVEL, *near) <= 1e-5
    assert parity(invented.LEVEL, *near[::-1]) <= 1e-5


def test_a_segment_whose_centre_is_as_near_may_differ_and_no_other(invented):
    distances = np.array([[2.0, 2.0 + 1e-6, 2.1]])
    parity(invented.GROUP, np.array([1]), np.array([0]), distances)
    with pytest.raises(ParityError, match="labels of group differ"):
        parity(invented.GROUP, np.array([2]), np.array([0]), distances)


# ---- the index -------------------------------------------------------------------------------


def test_the_index_names_digest_and_size(ridge_run, mlp_run, tmp_path, place):
    for run in (ridge_run, mlp_run):
        place(run.spec)
    index = Index.read(tmp_path)
    for run in (ridge_run, mlp_run):
        path = tmp_path / f"{run.spec.name}.onnx"
        assert index.digests[run.spec.name] == bundles.read(path).sha256
        assert index.sizes[run.spec.name] == path.stat().st_size
    assert len(index.digests) == 2


@pytest.fixture
def place(ridge_bundle, tmp_path):
    """Put a bundle with this spec into the folder and write its index anew."""

    def put(spec, name=None):
        model = onnx.load(ridge_bundle)
        onnx.helper.set_model_props(model, {METADATA_KEY: spec.to_json()})
        path = tmp_path / f"{name or spec.name}.onnx"
        path.write_bytes(model.SerializeToString())
        write_index(tmp_path)
        return path

    return put


@pytest.mark.parametrize(
    ("ridge", "mlp", "default"),
    [
        (1.5, 1.7, "ridge"),
        (1.7, 1.5, "mlp"),
        (1.5, 2.5, "ridge"),
        (2.5, 1.5, "mlp"),
        (2.0, 1.9, "mlp"),
        (2.0, 2.1, None),
    ],
)
def test_the_default_is_the_model_with_the_lowest_error_that_beats_the_naive_guess(
    ridge_run, mlp_run, tmp_path, ridge, mlp, default, place
):
    for run, rmse in ((ridge_run, ridge), (mlp_run, mlp)):
        place(with_error(run, rmse))
    expected = {} if default is None else {run.spec.task: default}
    assert Index.read(tmp_path).defaults == expected
    for path in tmp_path.glob("*.onnx"):
        assert bundles.read(path).default == (bundles.read(path).spec.model == default)


def test_the_test_split_plays_no_role_in_the_default(ridge_run, mlp_run, tmp_path, place):
    for run, rmse, tested in ((ridge_run, 1.5, 9.0), (mlp_run, 1.6, 0.1)):
        spec = with_error(run, rmse)
        metrics = tuple(
            replace(m, value=tested) if m.protocol == TEST else m for m in spec.card.metrics
        )
        spec = replace(spec, card=replace(spec.card, metrics=metrics))
        place(spec)
    assert Index.read(tmp_path).defaults == {ridge_run.spec.task: "ridge"}


def measured(run, model, measure, figures):
    """Return the run's spec as if these were the figures of several outputs and naive guesses."""
    metrics = tuple(
        Metric(output=f"o{i}", name=measure, protocol=CHOICE, value=value, naive=naive)
        for i, (value, naive) in enumerate(figures)
    )
    card = replace(run.spec.card, measure=measure, metrics=metrics)
    return replace(run.spec, model=model, card=card)


@pytest.mark.parametrize(
    ("measure", "one", "two", "default"),
    [
        # Of several outputs the mean counts.
        ("rmse", [(1.0, 2.0), (3.0, 4.0)], [(1.5, 2.0), (2.0, 4.0)], "two"),
        ("rmse", [(1.0, 2.0), (2.4, 4.0)], [(1.5, 2.0), (2.0, 4.0)], "one"),
        # One output may be no better than the guess, if all together are.
        ("rmse", [(2.1, 2.0), (1.0, 4.0)], [(1.9, 2.0), (3.0, 4.0)], "one"),
        ("rmse", [(3.0, 2.0), (3.0, 4.0)], [(1.0, None), (1.0, 4.0)], None),
        # Of a share the higher is better.
        ("accuracy", [(0.8, 0.6)], [(0.7, 0.6)], "one"),
        ("accuracy", [(0.6, 0.6)], [(0.7, 0.6)], "two"),
        ("roc_auc", [(0.5, 0.5)], [(0.4, 0.5)], None),
    ],
)
def test_the_default_is_chosen_by_the_measure_of_the_task(
    ridge_run, tmp_path, place, measure, one, two, default
):
    for model, figures in (("one", one), ("two", two)):
        place(measured(ridge_run, model, measure, figures))
    expected = {} if default is None else {ridge_run.spec.task: default}
    assert Index.read(tmp_path).defaults == expected


def test_a_figure_that_is_not_the_measure_plays_no_role_in_the_default(ridge_run, tmp_path, place):
    for model, accuracy, rmse in (("one", 0.9, 5.0), ("two", 0.8, 1.0)):
        spec = measured(ridge_run, model, "accuracy", [(accuracy, 0.5)])
        other = Metric(output="o0", name="rmse", protocol=CHOICE, value=rmse, naive=2.0)
        card = replace(spec.card, metrics=(*spec.card.metrics, other))
        place(replace(spec, card=card))
    assert Index.read(tmp_path).defaults == {ridge_run.spec.task: "one"}


@pytest.mark.parametrize("longer", ["one", "two"])
def test_of_equally_good_models_the_smaller_file_is_the_default(ridge_run, tmp_path, place, longer):
    for model in ("one", "two"):
        spec = measured(ridge_run, model, "rmse", [(1.0, 2.0)])
        text = "long " * (100 if model == longer else 1)
        place(replace(spec, card=replace(spec.card, intended_use=text)))
    smaller = {"one": "two", "two": "one"}[longer]
    assert Index.read(tmp_path).defaults == {ridge_run.spec.task: smaller}


def test_a_model_without_that_figure_is_no_default(ridge_run, tmp_path, place):
    spec = replace(ridge_run.spec, card=replace(ridge_run.spec.card, metrics=()))
    place(spec)
    assert Index.read(tmp_path).defaults == {}


def test_each_task_has_its_own_default(ridge_run, mlp_run, tmp_path, place):
    for task, run, rmse in (("a", ridge_run, 1.0), ("b", ridge_run, 1.9), ("b", mlp_run, 1.5)):
        place(replace(with_error(run, rmse), task=task))
    assert Index.read(tmp_path).defaults == {"a": "ridge", "b": "mlp"}


def test_a_second_export_replaces_the_entry(ridge_run, tmp_path, place):
    path = place(with_error(ridge_run, 1.0))
    first = Index.read(tmp_path)
    place(with_error(ridge_run, 3.0))
    second = Index.read(tmp_path)
    assert first.digests.keys() == second.digests.keys()
    assert first.digests != second.digests
    assert (first.defaults, second.defaults) == ({ridge_run.spec.task: "ridge"}, {})
    assert bundles.read(path).verified


def test_a_bundle_that_went_away_leaves_the_index(ridge_run, mlp_run, tmp_path, place):
    path = place(ridge_run.spec)
    path.unlink()
    place(mlp_run.spec)
    assert list(Index.read(tmp_path).digests) == [mlp_run.spec.name]


def test_a_copy_under_another_name_does_not_spoil_the_entry_of_the_first(
    ridge_run, tmp_path, place
):
    # The runtime looks a file up by the name of the file.
    path = place(with_error(ridge_run, 1.0))
    old = tmp_path / "z-last-year.onnx"
    path.rename(old)
    path = place(with_error(ridge_run, 1.5))
    assert bundles.read(path).verified
    assert bundles.read(old).spec.name == ridge_run.spec.name


def test_the_index_of_an_empty_folder_is_empty(tmp_path):
    write_index(tmp_path)
    assert Index.read(tmp_path) == Index()


# ---- the card --------------------------------------------------------------------------------


def test_the_card_is_written_from_the_spec(run, exported):
    text = (exported.parent / f"{run.spec.name}.card.md").read_text("utf-8")
    assert text == card(bundles.read(exported).spec)


def test_the_card_has_headline_use_limits_and_source(run, task):
    text = card(run.spec)
    known = run.spec.card
    assert text.startswith(f"# {run.spec.name} {run.spec.version}\n")
    for part in (
        known.headline,
        f"**Not for**: {task.unintended_use}",
        f"**Meant for**: {task.intended_use}",
        known.split,
        known.source.licence,
        known.source.url,
        known.created,
        *(f"**Limit**: {limitation}" for limitation in task.limitations),
    ):
        assert part in text
    assert len(task.limitations) > 0


def rows_of(text):
    """Return the cells of every row of every table of a card."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]


def test_the_card_has_every_figure_beside_the_naive_guess(run):
    rows = rows_of(card(run.spec))
    for m in run.spec.card.metrics:
        naive, published = ("" if v is None else f"{v:.3f}" for v in (m.naive, m.published))
        (row,) = (r for r in rows if [r[0], *r[1:3]] == [m.output, said(m.name), m.protocol])
        assert row[3].startswith(f"{m.value:.3f}")
        assert row[4:6] == [naive, published]


def test_the_card_names_every_input_and_what_is_allowed(run):
    rows = [row for row in rows_of(card(run.spec)) if len(row) == 5]
    for feature in run.spec.inputs.features:
        (row,) = (row for row in rows if row[0] == feature.name)
        assert feature.label in row[1]
        assert row[2] == allowed(feature)
        assert row[3:] == [
            "yes" if feature.required else "no",
            "yes" if feature.sensitive else "",
        ]


def test_tables_of_the_card_have_as_many_cells_as_their_heads(run):
    table = []
    for line in card(run.spec).splitlines():
        if not line.startswith("|"):
            table = []
            continue
        table.append(line.count("|"))
        assert table[-1] == table[0]


def test_a_model_of_synthetic_data_is_a_demonstration(run):
    source = replace(run.spec.card.source, synthetic=True)
    synthetic = replace(run.spec, card=replace(run.spec.card, source=source))
    assert "**Demonstration. The data were made by a program.**" in card(synthetic).splitlines()
    assert "Demonstration" not in card(run.spec)
    source = replace(run.spec.card.source, rule="Grades are sums.")
    ruled = replace(run.spec, card=replace(run.spec.card, source=source))
    assert "**Demonstration. Grades are sums.**" in card(ruled).splitlines()
