import dataclasses
import importlib
import json
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import satchel
from satchel import BundleError, Prediction, Predictor, RecordError
from satchel.bundle.graph import ROWS_PER_RUN
from satchel.encode.encoder import ROWS_PER_BLOCK
from satchel.predictor import relative_deviation
from satchel.spec import Check, Classes, Segment


@pytest.fixture
def records(tiny_source):
    courses, efforts = ["math", "physics", "français", None], ["low", "medium", "high", ""]
    return [*tiny_source.RECORDS] + [
        {
            "score": i % 21,
            "hours": i % 45 + 0.5,
            "größe": i / 100,
            "absences": str(i % 30),
            "course": courses[i % 4],
            "effort": efforts[i % 3],
        }
        for i in range(196)
    ]


# ---- one record ------------------------------------------------------------------------------


def test_predicts_the_raw_outputs_that_numpy_computes(predictor, records, tiny_source):
    matrix = predictor.encode(records)
    raw, expected = predictor.run(matrix), tiny_source.raw_outputs(matrix)
    assert list(raw) == ["grade", "outcome", "group"]
    for name, values in raw.items():
        np.testing.assert_allclose(values.reshape(-1, 1), expected[name], rtol=1e-5, atol=1e-6)


def answer(grade, intervals, outcome, probability, segment, advice, doubts=()):
    levels = zip((0.8, 0.9), intervals, strict=True)
    return {
        "model": "tiny.linear",
        "version": "1.0.0",
        "demonstration": True,
        "outputs": {
            "grade": {
                "value": grade,
                "unit": "points",
                "label": "pass" if grade >= 10 else "fail",
                "intervals": [{"level": p, "low": low, "high": high} for p, (low, high) in levels],
            },
            "outcome": {
                "label": outcome,
                "probability": probability,
                "probabilities": {"fail": 1 - probability, "pass": probability},
                "risk": 1 - probability,
            },
            "group": {"label": segment},
        },
        "segment": segment,
        "advice": advice,
        "reliable": not doubts,
        "doubts": list(doubts),
    }


PLAIN = {"score": 12, "hours": 6.5, "größe": 1.7, "absences": 3, "course": "math"}
GOLDEN = [
    (
        PLAIN,
        answer(
            9.6, [(8.0, 11.0), (6.9, 11.8)], "pass", 0.7715919, "uneven", "Try a harder course."
        ),
        ["effort was not given; medium was used in its place"],
    ),
    (
        {"score": 3, "hours": 50, "absences": "20", "course": "français", "effort": "low"},
        answer(
            20.0,
            [(19.2, 20.0), (18.8, 20.0)],
            "fail",
            0.1327515,
            "uneven",
            "Plan the week.",
            ["hours = 50 was brought to 40"],
        ),
        ["hours = 50 was brought to 40", "größe was not given; 1.5 was used in its place"],
    ),
    (
        {"score": 18, "hours": None, "größe": 0.25, "course": "physics", "teacher": "x"},
        answer(
            6.4,
            [(3.8, 8.5), (2.1, 9.8)],
            "pass",
            0.7081974,
            "uneven",
            "Try a harder course.",
            [
                "score = 18 is outside the range seen in training (2 to 17)",
                "3 of 6 fields were not given",
            ],
        ),
        [
            "teacher is not used by this model",
            "score = 18 is outside the range seen in training (2 to 17)",
            "hours was not given; 5 was used in its place",
            "absences was not given; 2 was used in its place",
            "effort was not given; medium was used in its place",
        ],
    ),
]


@pytest.mark.parametrize(("record", "expected", "notes"), GOLDEN, ids=range(3))
def test_the_answers_of_the_tiny_bundle(predictor, record, expected, notes):
    plain = predictor.predict(record).as_dict()
    assert len(plain.pop("sha256")) == 64
    assert [note["message"] for note in plain.pop("notes")] == notes
    assert close(plain, expected), plain


def test_the_empty_batch_has_no_predictions(predictor):
    assert len(predictor.predict_many([])) == 0
    assert predictor.predict_many([]).as_dicts() == []
    empty = {f.name: [] for f in predictor.spec.inputs.features}
    assert list(predictor.predict_many(empty)) == []


def test_a_record_that_cannot_be_read_is_an_error(predictor, record):
    with pytest.raises(RecordError, match="score = 21 is out of bounds"):
        predictor.predict(record | {"score": 21})


def test_the_origin_names_the_bundle(predictor, record, tiny):
    origin = predictor.predict(record).origin
    assert origin == predictor.origin
    assert (origin.model, origin.version, origin.sha256, origin.demonstration) == (
        "tiny.linear",
        "1.0.0",
        tiny.sha256,
        True,
    )


# ---- many records ----------------------------------------------------------------------------


def test_one_record_is_answered_as_in_a_batch(predictor, records):
    many = predictor.predict_many(records)
    assert len(many) == len(records)
    for one, record in zip(many, records, strict=True):
        alone = predictor.predict(record).as_dict()
        assert close(one.as_dict(), alone), (one.as_dict(), alone)


def close(one, other):
    """Whether two plain answers agree, numbers within what float32 kernels may differ by."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(close, one, other))
    return one == pytest.approx(other, rel=1e-6) if isinstance(one, float) else one == other


def test_rows_columns_and_arrays_are_answered_alike(predictor, records):
    whole = {name: [r.get(name) for r in records] for name in records[0] | records[1]}
    rows = [dict(zip(whole, cells, strict=True)) for cells in zip(*whole.values(), strict=True)]
    expected = predictor.predict_many(rows).as_dicts()
    assert predictor.predict_many(iter(rows)).as_dicts() == expected
    assert predictor.predict_many(whole).as_dicts() == expected
    arrays = {name: np.array(cells, object) for name, cells in whole.items()}
    assert predictor.predict_many(arrays).as_dicts() == expected


def test_a_data_frame_is_answered_as_its_records_are(predictor, records):
    pd = pytest.importorskip("pandas", reason="pip install '.[train]'")
    frame = pd.DataFrame(records).convert_dtypes()
    expected = predictor.predict_many([*records, {**records[0], "score": 99}]).as_dicts()
    for name in ("größe", "effort"):  # absent in a record, missing in a frame: the same note
        assert name in frame.columns
    more = pd.concat([frame, pd.DataFrame([{**records[0], "score": 99}])], ignore_index=True)
    assert comparable(predictor.predict_many(more).as_dicts()) == comparable(expected)
    assert comparable(predictor.predict_many(pd.DataFrame(records)).as_dicts()) == comparable(
        expected[:-1]
    )
    more["course"] = more["course"].astype("category")
    assert comparable(predictor.predict_many(more).as_dicts()) == comparable(expected)


def comparable(answers):
    """Return answers without the spelling of a refused value: 99 may have become 99.0."""
    for answer in answers:
        for problem in answer.get("problems", ()):
            problem["message"] = problem["message"].replace("99.0", "99").replace("'99'", "99")
    return answers


def test_a_bad_row_keeps_its_place(predictor, record):
    many = predictor.predict_many([record, record | {"score": "?"}, record, None])
    assert [type(item) for item in many] == [Prediction, RecordError, Prediction, RecordError]
    assert list(many.errors) == [1, 3]
    assert many[0].as_dict() == many[2].as_dict() == many[-2].as_dict()
    assert "score = '?'" in str(many[1])
    assert [type(item) for item in many[1:3]] == [RecordError, Prediction]
    with pytest.raises(IndexError):
        many[4]


def test_the_arrays_of_a_bad_row_hold_nothing(predictor, record):
    many = predictor.predict_many([record, record | {"score": "?"}])
    grade, outcome, group = many.outputs.values()
    arrays = [grade.value, outcome.probability, *outcome.probabilities.values()]
    arrays += [bound for _, low, high in grade.intervals for bound in (low, high)]
    assert all(np.isnan(array).tolist() == [False, True] for array in arrays)
    for labels in (grade.label, outcome.label, group.label, many.advice):
        assert labels[0]
        assert labels[1] is None
    json.dumps(many.as_dicts(), allow_nan=False)


def test_the_arrays_hold_what_the_items_say(predictor, records):
    many = predictor.predict_many(records)
    for i, item in enumerate(many):
        grade, outcome = item.outputs["grade"], item.outputs["outcome"]
        assert grade.value == many.outputs["grade"].value[i]
        assert outcome.label == many.outputs["outcome"].label[i]
        assert outcome.probability == many.outputs["outcome"].probability[i]
        assert item.segment == many.outputs["group"].label[i]
        assert item.advice == many.advice[i]


def test_more_rows_than_one_run_takes_are_answered(predictor, record):
    rows = [record | {"score": i % 21} for i in range(2 * ROWS_PER_RUN + 1)]
    many = predictor.predict_many(rows)
    assert len(many) == len(rows)
    last = many[len(rows) - 1].as_dict()
    assert close(last, predictor.predict(rows[-1]).as_dict())


def test_rows_of_every_block_keep_their_own_answers_and_problems(predictor, record):
    rows = [record | {"score": i % 21} for i in range(2 * ROWS_PER_BLOCK + 1)]
    bad = [0, ROWS_PER_BLOCK - 1, ROWS_PER_BLOCK, 2 * ROWS_PER_BLOCK]
    for i in bad:
        rows[i] = {**rows[i], "score": "?"}
    many = predictor.predict_many(rows)
    assert list(many.errors) == bad
    columns = predictor.predict_many({name: [row[name] for row in rows] for name in record})
    for i in (1, ROWS_PER_BLOCK - 2, ROWS_PER_BLOCK + 1, 2 * ROWS_PER_BLOCK - 1):
        assert close(many[i].as_dict(), predictor.predict(rows[i]).as_dict())
        assert columns[i].as_dict() == many[i].as_dict()
    assert np.array_equal(predictor.encode(rows)[1], predictor.encode([rows[1]])[0])


@pytest.mark.parametrize("rows", ["abc", b"abc", 3, None, 1.5])
@pytest.mark.parametrize("ask", [Predictor.predict_many, Predictor.encode, Predictor.drift])
def test_what_is_no_table_is_a_type_error(predictor, rows, ask):
    with pytest.raises(TypeError, match="list of dicts, a mapping of columns, or a DataFrame"):
        ask(predictor, rows)


# ---- verification ----------------------------------------------------------------------------


def test_verification_passes(predictor):
    result = predictor.verify()
    assert result.passed
    assert result.checks == 4


def with_checks(changed, spec, **outputs):
    first = spec.checks[0]
    check = Check(record=first.record, outputs={**first.outputs, **outputs})
    return changed(checks=(check, *spec.checks[1:]))


@pytest.mark.parametrize("name", ["grade", "outcome", "group"])
def test_verification_fails_where_an_output_is_another(changed, spec, name):
    value = spec.checks[0].outputs[name][0]
    assert not with_checks(changed, spec, **{name: (value + 3e-5,)}).verify().passed
    assert with_checks(changed, spec, **{name: (value + 1e-7,)}).verify().passed


def test_verification_fails_where_a_record_cannot_be_read(changed, spec):
    check = dataclasses.replace(spec.checks[0], record={"score": 99.0})
    assert not changed(checks=(check,)).verify().passed


def test_verification_without_checks_does_not_pass(changed):
    assert not changed(checks=()).verify().passed


def test_verification_fails_where_checks_have_another_width(changed, spec):
    assert not with_checks(changed, spec, outcome=(0.25, 0.75)).verify().passed
    both = [
        dataclasses.replace(check, outputs={**check.outputs, "outcome": (0.25, 0.75)})
        for check in spec.checks
    ]
    assert not changed(checks=tuple(both)).verify().passed


@pytest.mark.parametrize(
    ("graph", "framework", "deviation"),
    [
        ([0.5], [0.25], 0.25),
        ([110.0], [100.0], 0.1),
        ([-110.0, 1.0], [-100.0, 1.0], 0.1),
        ([], [], 0.0),
        ([1.0], [1.0, 1.0], np.inf),
        ([np.nan], [1.0], np.inf),
        ([1.0], [np.nan], np.inf),
        ([np.inf], [np.inf], np.inf),
    ],
)
def test_the_deviation_is_relative_above_1_and_absolute_below(graph, framework, deviation):
    assert relative_deviation(graph, framework) == pytest.approx(deviation)


# ---- a graph that does not fit the spec ------------------------------------------------------


def test_a_graph_of_another_width_is_refused(changed, spec):
    inputs = dataclasses.replace(spec.inputs, columns=spec.inputs.columns[:-1])
    with pytest.raises(BundleError, match=r"not float32 'X' of shape \(batch, 11\)"):
        changed(inputs=inputs)


def test_an_output_that_the_graph_lacks_is_refused(changed, spec):
    grade = dataclasses.replace(spec.outputs[0], name="mark")
    with pytest.raises(BundleError, match=r"'mark' is not float32 of shape \(batch, 1\)"):
        changed(outputs=(grade, *spec.outputs[1:]), checks=())


def test_an_output_of_another_kind_is_refused(changed):
    classes = Classes(name="grade", label="", labels=("a", "b", "c"))
    with pytest.raises(BundleError, match=r"'grade' is not float32 of shape \(batch, 3\)"):
        changed(outputs=(classes,), checks=(), advice=None)
    segment = Segment(name="grade", label="", labels=("a", "b"))
    with pytest.raises(BundleError, match=r"'grade' is not int64 of shape \(batch,\)"):
        changed(outputs=(segment,), checks=(), advice=None)


def test_a_graph_with_more_outputs_than_the_spec_serves(changed, spec, record, predictor):
    one = changed(outputs=spec.outputs[:1], checks=(), advice=None)
    expected = predictor.predict(record).outputs["grade"]
    assert one.predict(record).outputs == {"grade": expected}


def test_a_graph_that_gives_another_number_of_rows_is_an_error(tiny, record):
    # ArgMax over the rows instead of the columns.
    assert b"\x04axis\x18\x01" in tiny.model
    model = tiny.model.replace(b"\x04axis\x18\x01", b"\x04axis\x18\x00")
    try:
        predictor = Predictor(dataclasses.replace(tiny, model=model))
    except BundleError:
        return
    with pytest.raises(satchel.SatchelError):
        predictor.predict(record)
    for count in (1, 3):
        with pytest.raises(satchel.SatchelError):
            predictor.predict_many([record] * count)
    assert not predictor.verify().passed


# ---- sharing ---------------------------------------------------------------------------------


def test_threads_may_share_a_predictor(tiny, records):
    predictor = Predictor(tiny)
    expected = [predictor.predict(record).as_dict() for record in records]
    shared = Predictor(tiny)
    start = threading.Barrier(16)

    def work(shift):
        start.wait()
        order = [(i + shift) % len(records) for i in range(len(records))]
        return all(shared.predict(records[i]).as_dict() == expected[i] for i in order)

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(work, range(16)))


def test_an_answer_does_not_change_with_the_next_question(predictor, record):
    first = predictor.predict(record)
    before = first.as_dict()
    predictor.predict(record | {"score": 1, "effort": "low"})
    assert first.as_dict() == before


def test_a_predictor_survives_pickling(predictor, record):
    again = pickle.loads(pickle.dumps(predictor))
    assert again.predict(record) == predictor.predict(record)
    assert repr(again) == "<Predictor tiny.linear 1.0.0>"


def test_answers_survive_pickling(predictor, record):
    answer = predictor.predict(record)
    assert pickle.loads(pickle.dumps(answer)) == answer


def test_load_finds_a_model_by_name_and_by_path(models_dir, tiny_path):
    assert satchel.load("tiny", models=[models_dir]).name == "tiny.linear"
    assert satchel.load(tiny_path, threads=2).name == "tiny.linear"


def test_tables_of_pandas_polars_and_pyarrow_are_read_and_their_rows_lead_on(predictor):
    columns = {"score": [12, 3], "hours": [6.5, 1.0], "course": ["math", "français"]}
    expected = predictor.predict_many(columns).as_dicts()
    for module, make in (("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "table")):
        try:
            table = getattr(importlib.import_module(module), make)(columns)
        except ImportError:
            continue
        assert predictor.predict_many(table).as_dicts() == expected
        with pytest.raises(satchel.RecordError, match="predict_many"):
            predictor.predict(table)


def test_a_row_of_pandas_leads_on(predictor):
    pandas = pytest.importorskip("pandas", reason="install pandas: pip install pandas")
    frame = pandas.DataFrame({"score": [12], "hours": [6.5], "course": ["math"]})
    with pytest.raises(satchel.RecordError, match=r"got a Series: call its \.to_dict\(\)"):
        predictor.predict(frame.iloc[0])
    assert predictor.predict(frame.iloc[0].to_dict())
