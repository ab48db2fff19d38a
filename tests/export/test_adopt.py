"""Models that were trained elsewhere: what a bundle carries over, and what it names and refuses."""

import joblib
import numpy as np
import onnx
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)
from sklearn.svm import LinearSVC

import satchel
from satchel import DataError
from satchel.cli import main
from satchel_export import from_network, from_pipeline
from satchel_export.write import ParityError
from satchel_training.own.declared import read_declared

FIELDS = ["mark", "hours", "form", "road", "effort"]
LEVELS = ["low", "fair", "high"]


def school(rows, seed=0):
    """Return an invented school: numbers and words, some of them missing, and results."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "mark": rng.normal(11, 3, rows).round(1),
            "hours": rng.integers(0, 12, rows).astype(float),
            "form": rng.choice([7, 8, 9], rows),
            "road": rng.choice(["bus", "bicycle", "on foot"], rows).astype(object),
            "effort": rng.choice(LEVELS, rows).astype(object),
        }
    )
    score = frame.mark + 0.4 * frame.hours + frame.effort.map(LEVELS.index)
    frame["Final"] = (score + rng.normal(0, 1, rows)).round(1)
    frame["Outcome"] = np.where(frame.Final > 14.5, "pass", "fail")
    frame["Level"] = pd.cut(frame.Final, [-99, 12, 16, 99], labels=["C", "B", "A"]).astype(str)
    frame.loc[rng.random(rows) < 0.1, "mark"] = np.nan
    frame.loc[rng.random(rows) < 0.1, "road"] = np.nan
    return frame


ROWS, FRESH = school(200), school(120, 1)


def transformers(mark=None, road=None):
    mark = mark or make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    road = road or make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OneHotEncoder(drop="first", handle_unknown="ignore"),
    )
    return ColumnTransformer(
        [
            ("mark", mark, ["mark"]),
            ("hours", MinMaxScaler((-1, 1)), ["hours"]),
            ("form", OneHotEncoder(), ["form"]),
            ("road", road, ["road"]),
            (
                "effort",
                make_pipeline(OrdinalEncoder(categories=[LEVELS]), StandardScaler()),
                ["effort"],
            ),
        ]
    )


def fitted(*steps, target="Final"):
    return make_pipeline(*steps).fit(ROWS[FIELDS], ROWS[target])


def records(frame):
    plain = frame[FIELDS].astype(object)
    return plain.where(plain.notna(), None).to_dict("records")


MODELS = [
    ("Final", (RandomForestRegressor(10, random_state=0),)),
    ("Final", (PCA(3), Ridge())),
    ("Outcome", (LogisticRegression(),)),
    ("Outcome", (StandardScaler(), GradientBoostingClassifier(n_estimators=9, random_state=0))),
    ("Level", (RandomForestClassifier(10, random_state=0),)),
]


@pytest.mark.parametrize(("target", "steps"), MODELS)
def test_a_bundle_answers_as_its_pipeline(tmp_path, target, steps):
    pipeline = fitted(transformers(), *steps, target=target)
    path = from_pipeline(pipeline, ROWS, target=target, name="own.model", folder=tmp_path)
    many = satchel.load(path).predict_many(records(FRESH)).outputs[target]
    if target == "Final":
        assert many.value == pytest.approx(pipeline.predict(FRESH[FIELDS]), abs=0.051)
    else:
        assert list(many.label) == list(pipeline.predict(FRESH[FIELDS]))


def test_of_two_labels_success_is_never_guessed(tmp_path):
    rows = ROWS.assign(Outcome=ROWS.Outcome.map({"pass": "a", "fail": "b"}))
    pipeline = make_pipeline(transformers(), LogisticRegression()).fit(rows[FIELDS], rows.Outcome)
    one = {"target": "Outcome", "name": "own.logit", "folder": tmp_path}
    for positive in (None, "c"):
        with pytest.raises(DataError, match="which label is success, positive: 'a' or 'b'"):
            from_pipeline(pipeline, rows, positive=positive, **one)
    path = from_pipeline(pipeline, rows, positive="a", **one)
    assert satchel.load(path).spec.outputs[0].positive == "a"


def test_figures_come_from_rows_held_out_alone(tmp_path):
    pipeline = fitted(transformers(), Ridge())
    one = {"target": "Final", "folder": tmp_path, "limits": (0, 30), "pass_at": 14}
    card = satchel.load(from_pipeline(pipeline, ROWS, name="own.a", **one)).spec.card
    assert (card.metrics, card.headline[:13]) == ((), "Not measured:")
    path = from_pipeline(pipeline, ROWS, name="own.b", held_out=FRESH, **one)
    spec = satchel.load(path).spec
    found = {m.name: m for m in spec.card.metrics}
    residuals = pipeline.predict(FRESH[FIELDS]).clip(0, 30).round(1) - FRESH.Final
    assert found["rmse"].value == pytest.approx(np.sqrt((residuals**2).mean()), rel=1e-3)
    assert found["rmse"].naive == pytest.approx(FRESH.Final.std(ddof=0), rel=1e-3)
    assert "beats that guess" in spec.card.headline
    assert "120 rows held out" in spec.card.headline
    assert "responsible" in spec.card.source.collection


def test_means_and_shares_go_into_a_bundle_and_no_row_does(tmp_path):
    path = from_pipeline(
        fitted(transformers(), Ridge()), ROWS, target="Final", name="own.ridge", folder=tmp_path
    )
    predictor = satchel.load(path)
    rows = [tuple(one.values()) for one in records(ROWS)]
    assert all(tuple(one.values()) not in rows for one in predictor.spec.reference.background)
    assert all(tuple(check.record.values()) not in rows for check in predictor.spec.checks)
    assert predictor.drift(records(FRESH)).verdict == "none"
    assert predictor.explain(records(FRESH)[0]).features


@given(seed=st.integers(0, 2**32 - 1), scaler=st.sampled_from([StandardScaler, MinMaxScaler]))
@settings(deadline=None, max_examples=15)
def test_any_rows_are_encoded_as_the_pipeline_does(tmp_path_factory, seed, scaler):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": rng.normal(rng.normal(0, 100), 10 ** rng.uniform(-3, 4), 40),
            "c": rng.choice(["é", "b c", "d"], 40).astype(object),
        }
    )
    frame.loc[0, "x"], frame.loc[1, "c"] = np.nan, np.nan
    y = rng.normal(size=40)
    strategy = rng.choice(["mean", "median", "most_frequent"])
    text = SimpleImputer(strategy="constant", fill_value="b c")
    pipeline = make_pipeline(
        ColumnTransformer(
            [
                ("x", make_pipeline(SimpleImputer(strategy=strategy), scaler()), ["x"]),
                ("c", make_pipeline(text, OneHotEncoder(handle_unknown="ignore")), ["c"]),
            ]
        ),
        Ridge(),
    ).fit(frame, y)
    folder = tmp_path_factory.mktemp("any")
    path = from_pipeline(pipeline, frame, target="y", name="own.ridge", folder=folder)
    plain = frame.astype(object).where(frame.notna(), None).to_dict("records")
    answers = satchel.load(path).predict_many(plain).outputs["y"]
    assert answers.value == pytest.approx(pipeline.predict(frame), abs=0.051)


@pytest.mark.parametrize(
    ("pipeline", "why"),
    [
        (
            lambda: fitted(
                transformers(make_pipeline(SimpleImputer(), KBinsDiscretizer(3))), Ridge()
            ),
            "'mark'.*KBinsDiscretizer",
        ),
        (
            lambda: fitted(transformers(road=OneHotEncoder()), Ridge()),
            "'road'.*a missing road is a category.*SimpleImputer",
        ),
        (
            lambda: fitted(
                transformers(
                    road=make_pipeline(
                        SimpleImputer(strategy="most_frequent"), OneHotEncoder(max_categories=2)
                    )
                ),
                Ridge(),
            ),
            "'road'.*rare categories of road",
        ),
        (
            lambda: fitted(transformers(make_pipeline(StandardScaler(), SimpleImputer())), Ridge()),
            "mark is imputed after another step",
        ),
        (
            lambda: fitted(transformers(), HistGradientBoostingRegressor(max_iter=2)),
            "HistGradientBoostingRegressor cannot be converted",
        ),
        (lambda: fitted(transformers(), LinearSVC(), target="Outcome"), "LinearSVC gives no prob"),
        (
            lambda: make_pipeline(SimpleImputer(), Ridge()).fit(
                ROWS[["mark", "hours"]].to_numpy(), ROWS.Final
            ),
            "fit it to a DataFrame",
        ),
        (lambda: transformers().fit(ROWS[FIELDS]), "does not end with a model"),
    ],
)
def test_what_cannot_be_carried_over_is_named(tmp_path, pipeline, why):
    with pytest.raises(DataError, match=why):
        from_pipeline(pipeline(), ROWS, target="Final", name="own.model", folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_pipeline_that_was_changed_after_the_encoder_was_read_is_refused(tmp_path, monkeypatch):
    pipeline = fitted(transformers(), Ridge())
    transform = ColumnTransformer.transform
    monkeypatch.setattr(ColumnTransformer, "transform", lambda *a: transform(*a) * 1.001)
    with pytest.raises(ParityError, match="from mark: the encoder gives"):
        from_pipeline(pipeline, ROWS, target="Final", name="own.ridge", folder=tmp_path)


# ---- networks and graphs ---------------------------------------------------------------------

DECLARED = """
[task]
name = "own"
target = "Final"
kind = "score"
limits = [0, 30]
pass-at = 14

[fields.mark]
kind = "number"
limits = [0, 20]

[fields.road]
kind = "category"
values = ["bus", "on foot"]

[[encoded]]
kind = "standard"
source = "mark"
mean = 11.0
scale = 3.0

[[encoded]]
kind = "one-hot"
source = "road"
value = "bus"
"""
RECORD = {"mark": 14, "road": "bus"}  # encoded as 1, 1


def graph(opset=17, width=2, outputs=1):
    """Return X @ [2, 3, ...] + 10 as a graph."""
    weights = np.arange(2, 2 + width * outputs, dtype=np.float32).reshape(width, outputs)
    return helper.make_model(
        helper.make_graph(
            [
                helper.make_node("MatMul", ["in", "w"], ["product"]),
                helper.make_node("Add", ["product", "b"], ["out"]),
            ],
            "g",
            [helper.make_tensor_value_info("in", TensorProto.FLOAT, ["n", width])],
            [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", outputs])],
            [
                helper.make_tensor("w", TensorProto.FLOAT, weights.shape, weights.ravel()),
                helper.make_tensor("b", TensorProto.FLOAT, [1], [10.0]),
            ],
        ),
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=8,
    )


@pytest.fixture
def declared():
    return read_declared(DECLARED, "own.toml")


@pytest.mark.parametrize("opset", [13, 17, 21])
def test_a_bare_graph_becomes_a_bundle(tmp_path, declared, opset):
    predictor = satchel.load(
        from_network(graph(opset), declared, model="linear", folder=tmp_path / "models")
    )
    answer = predictor.predict(RECORD)
    assert (predictor.name, answer.value, answer.label) == ("own.linear", 15.0, "pass")
    assert predictor.verify().passed
    with pytest.raises(satchel.BundleError, match="no reference to compare with"):
        predictor.drift([RECORD])
    with pytest.raises(satchel.BundleError, match="no background records to explain against"):
        predictor.explain(RECORD)


def test_an_ordinal_column_orders_its_field(tmp_path):
    ordinal = DECLARED.replace('kind = "one-hot"', 'kind = "ordinal"').replace('value = "bus"', "")
    path = from_network(
        graph(), read_declared(ordinal, "own.toml"), model="linear", folder=tmp_path
    )
    assert satchel.load(path).predict({"mark": 14, "road": "on foot"}).value == 15.0


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda: graph(width=3), "does not take 2 columns"),
        (lambda: graph(outputs=2), r"gives shape \(2, 2\); Final needs \(2, 1\)"),
    ],
)
def test_a_graph_of_another_shape_is_refused(tmp_path, declared, made, why):
    with pytest.raises(DataError, match=why):
        from_network(made(), declared, model="linear", folder=tmp_path)


def test_networks_of_both_frameworks_become_bundles(tmp_path, declared):
    torch, keras = pytest.importorskip("torch"), pytest.importorskip("keras")
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    rows = pd.DataFrame({"mark": [8.0, 14.0, 11.0], "road": ["bus", "on foot", "bus"]})
    for name, network in (("torch", module), ("keras", model)):
        path = from_network(network, declared, model=name, folder=tmp_path, frame=rows)
        predictor = satchel.load(path)
        X = np.array([[1, 1]], np.float32)
        native = network(torch.from_numpy(X) if name == "torch" else X)
        value = float(np.asarray(native.detach() if name == "torch" else native).item())
        assert predictor.run(X)["Final"].item() == pytest.approx(value, rel=1e-5, abs=1e-5)
        assert name in predictor.spec.card.versions


def test_without_columns_numbers_go_in_as_they_are(declared):
    plain = read_declared(DECLARED.partition("[[encoded]]")[0], "own.toml")
    assert plain.encoded == ()
    assert read_declared(declared.to_toml(), "own.toml") == declared


# ---- the command -----------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    joblib.dump(fitted(transformers(), LogisticRegression(), target="Outcome"), "p.joblib")
    ROWS.to_csv("lastyear.csv", index=False)
    FRESH.to_csv("fresh.csv", index=False)
    onnx.save(graph(), "network.onnx")
    (tmp_path / "own.toml").write_text(DECLARED)
    return ["export", "p.joblib", "--data", "lastyear.csv", "--target", "Outcome"]


def test_a_pipeline_in_a_file_becomes_a_bundle(files, capsys):
    more = ["--name", "own.logit", "--trust", "--held-out", "fresh.csv"]
    assert main([*files, *more]) == 0
    assert "agrees with the trained model" in capsys.readouterr().out
    predictor = satchel.load("models/own.logit.onnx")
    pipeline = joblib.load("p.joblib")
    many = predictor.predict_many(records(FRESH)).outputs["Outcome"]
    assert list(many.label) == list(pipeline.predict(FRESH[FIELDS]))
    accuracy = next(m for m in predictor.spec.card.metrics if m.name == "accuracy")
    assert accuracy.value == (pipeline.predict(FRESH[FIELDS]) == FRESH.Outcome).mean()


def test_a_pickle_is_loaded_on_request_alone(files, capsys, monkeypatch):
    monkeypatch.setattr(joblib, "load", lambda *_: pytest.fail("loaded"))
    assert main([*files, "--name", "own.logit"]) == 2
    assert "is a pickle, which can run any code" in capsys.readouterr().err


def test_a_graph_in_a_file_becomes_a_bundle(files, capsys):
    assert main(["export", "network.onnx"]) == 2
    assert "name them with --declared FILE" in capsys.readouterr().err
    assert main(["export", "network.onnx", "--declared", "own.toml"]) == 0
    assert satchel.load("models/own.network.onnx").predict(RECORD).value == 15.0


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("x.joblib", b"nothing", "x.joblib cannot be loaded"),
        ("x.onnx", b"nothing", "x.onnx is no ONNX model"),
        ("x.keras", b"nothing", "x.keras cannot be loaded"),
    ],
)
def test_a_damaged_file_is_told(files, capsys, name, content, why, tmp_path):
    (tmp_path / name).write_bytes(content)
    more = ["--trust", "--name", "own.x", "--declared", "own.toml"]
    assert main(["export", name, *files[2:], *more]) == 2
    assert why in capsys.readouterr().err
