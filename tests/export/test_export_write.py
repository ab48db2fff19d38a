import json
from dataclasses import replace

import numpy as np
import onnx
import pytest

import satchel
from satchel import bundle as bundles
from satchel.bundle import METADATA_KEY, Index
from satchel.encoder import Encoder
from satchel_export.card import card
from satchel_export.write import ParityError, check_parity, write, write_index
from satchel_training.evaluate import CHOICE, TEST
from satchel_training.fit import encode
from satchel_training.run import load_run


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
    path = write(run.spec, run.estimator, tmp_path / "models")
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
    path = write(run.spec, run.estimator, tmp_path)
    (tmp_path / "index.json").unlink()
    assert not bundles.read(path).verified


def test_the_bundle_answers_as_the_framework_does(run, frame, exported):
    predictor = satchel.load(exported)
    rows = frame.drop(columns="G3")
    raw = np.asarray(run.estimator.predict(encode(run.spec.inputs, frame)), np.float64)
    output = run.spec.outputs[0]
    expected = np.clip(raw * output.scale + output.mean, 0, 20)
    answers = predictor.predict_many(rows).outputs["G3"]
    np.testing.assert_allclose(answers.value, expected, atol=0.05 + 1e-4)
    assert len(set(answers.value)) > 10
    assert (answers.label == np.where(answers.value >= 10, "pass", "fail")).all()


def test_the_spec_that_travels_is_the_runs_with_checks_and_versions(run, exported):
    spec = bundles.read(exported).spec
    assert replace(spec, checks=(), card=run.spec.card) == run.spec
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
        write(run.spec, run.estimator, tmp_path / name)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_two_exports_of_one_saved_run_give_equal_bytes(run, tmp_path):
    run.save(tmp_path / "run")
    for name in ("one", "two"):
        write(*load_run(tmp_path / "run"), tmp_path / name)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_no_file_is_left_over(run, tmp_path):
    for _ in range(2):
        write(run.spec, run.estimator, tmp_path)
    assert len(tree(tmp_path)) == 3


# ---- the checks that travel ------------------------------------------------------------------


@pytest.fixture
def written(run, exported):
    return run, bundles.read(exported).spec


def test_checks_are_invented_records_within_the_limits(written, frame):
    run, spec = written
    records = [dict(check.record) for check in spec.checks]
    assert Encoder(run.spec.inputs).encode_rows(records).problems == {}
    rows = frame.drop(columns="G3").to_dict("records")
    assert not any(record in rows for record in records)


def test_checks_hold_what_the_framework_gives(written):
    run, spec = written
    records = [check.record for check in spec.checks]
    native = run.estimator.predict(Encoder(run.spec.inputs).encode_rows(records).matrix)
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
    estimator = tampered(lambda y, X: y + 1e-3)
    with pytest.raises(ParityError, match="checks that travel"):
        write(ridge_run.spec, estimator, tmp_path / "models")
    assert tree(tmp_path) == {}


def test_a_deviation_beyond_the_checks_is_refused(ridge_run, tampered, tmp_path):
    estimator = tampered(lambda y, X: y + 1e-3 * (len(X) > 100))
    with pytest.raises(ParityError, match=r"deviates by .* from the framework"):
        write(ridge_run.spec, estimator, tmp_path / "models")
    assert tree(tmp_path) == {}


def test_a_deviation_in_a_single_row_of_the_data_is_refused(ridge_run, tampered, frame, tmp_path):
    X = encode(ridge_run.spec.inputs, frame)
    estimator = tampered(lambda y, rows: y + 1e-3 * (rows == X[50]).all(axis=1))
    write(ridge_run.spec, estimator, tmp_path / "without")
    with pytest.raises(ParityError, match="deviates"):
        write(ridge_run.spec, estimator, tmp_path / "with", [X])
    assert tree(tmp_path / "with") == {}


def test_a_refused_export_leaves_the_former_bundle(ridge_run, tampered, tmp_path):
    write(ridge_run.spec, ridge_run.estimator, tmp_path)
    before = tree(tmp_path)
    with pytest.raises(ParityError):
        write(ridge_run.spec, tampered(lambda y, X: y + 1e-3), tmp_path)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_framework_that_gives_no_number_is_refused(ridge_run, tampered, tmp_path, bad):
    for rows in (0, 100):
        estimator = tampered(lambda y, X, rows=rows: y + (bad if len(X) > rows else 0.0))
        with pytest.raises(ParityError):
            write(ridge_run.spec, estimator, tmp_path / "models")
    assert tree(tmp_path) == {}


@pytest.fixture
def predictor(ridge_bundle):
    return satchel.load(ridge_bundle)


def test_parity_returns_the_largest_deviation(predictor, ridge_run, tampered, frame):
    X = encode(ridge_run.spec.inputs, frame)
    assert 0 <= check_parity(predictor, ridge_run.estimator, X) <= 1e-5
    shifted = tampered(lambda y, X: y + 5e-6)
    assert check_parity(predictor, shifted, X) == pytest.approx(5e-6, rel=0.2)


def test_parity_is_judged_beside_large_outputs(predictor, ridge_run, tampered, matrices):
    X = matrices(len(ridge_run.spec.inputs.columns))["extreme"]
    assert np.abs(ridge_run.estimator.predict(X)).max() > 100
    check_parity(predictor, ridge_run.estimator, X)
    with pytest.raises(ParityError):
        check_parity(predictor, tampered(lambda y, X: y * (1 + 3e-5)), X)


def relabelled(predictor, monkeypatch):
    """Make the graph's labels the opposite of what they are, its scores as they were."""
    from satchel_export import write as module

    decode, calls = module.decode_output, []

    def swap(output, raw):
        calls.append(raw)
        answers = decode(output, raw)
        if len(calls) % 2:
            other = {"pass": "fail", "fail": "pass"}
            label = np.array([other[label] for label in answers.label], object)
            return replace(answers, label=label)
        return answers

    monkeypatch.setattr(module, "decode_output", swap)


def test_labels_that_differ_are_refused(predictor, ridge_run, frame, monkeypatch):
    X = encode(ridge_run.spec.inputs, frame)
    relabelled(predictor, monkeypatch)
    with pytest.raises(ParityError, match="labels differ"):
        check_parity(predictor, ridge_run.estimator, X)


def test_a_label_beside_the_pass_mark_may_differ(predictor, ridge_run, frame, tampered):
    output = ridge_run.spec.outputs[0]
    X = encode(ridge_run.spec.inputs, frame)[:1]
    graph = predictor.run(X)["G3"].astype(np.float64)
    mark = (output.pass_at - 0.05 - output.mean) / output.scale
    near = {
        side: tampered(lambda y, X, s=side: np.full(len(X), mark + s)) for side in (-4e-6, 4e-6)
    }
    labels = set()
    for side, estimator in near.items():
        # The graph is put to one side of the mark by 4e-6, the framework to the other.
        predictor.run = lambda X, s=side: {"G3": np.float32(graph * 0 + mark - s)}
        labels |= {output.pass_labels[int(s > 0)] for s in (side, -side)}
        assert check_parity(predictor, estimator, X) <= 1e-5
    assert labels == {"fail", "pass"}


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
        (1.5, 1.5, "mlp"),
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


def test_the_card_has_every_figure_beside_the_naive_guess(run):
    lines = card(run.spec).splitlines()
    for m in run.spec.card.metrics:
        published = "" if m.published is None else f"{m.published:.3f}"
        row = f"| {m.output} | {m.name} | {m.protocol} | {m.value:.3f} | {m.naive:.3f} |"
        assert f"{row} {published} |" in lines


def test_the_card_names_every_input_and_what_is_allowed(run):
    rows = [line for line in card(run.spec).splitlines() if line.startswith("| ")]
    for feature in run.spec.inputs.features:
        (row,) = (line for line in rows if line.startswith(f"| {feature.name} |"))
        assert row.endswith("| yes |" if feature.required else "| no |")
        assert feature.label in row


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
    assert "Demonstration" in card(synthetic)
    assert "Demonstration" not in card(run.spec)
