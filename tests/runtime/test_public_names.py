import dataclasses
import pickle
import subprocess
import sys

import pytest

import satchel
import satchel.spec

DEFINED = [name for name in satchel.__all__ if name != "__version__"]
OF_SPEC = [name for name in satchel.spec.__all__ if isinstance(getattr(satchel.spec, name), type)]


@pytest.mark.parametrize(
    ("home", "name"),
    [("satchel", name) for name in DEFINED] + [("satchel.spec", name) for name in OF_SPEC],
)
def test_what_is_public_is_named_by_where_it_is_public(home, name):
    public = getattr(sys.modules[home], name)
    assert (public.__module__, public.__qualname__) == (home, name)
    assert pickle.loads(pickle.dumps(public)) is public


@pytest.mark.parametrize(
    "code",
    [
        "from satchel.insight.drift import Drift; found = Drift",
        "import satchel; found = satchel.Drift",
        "from satchel import Drift; found = Drift",
    ],
)
def test_the_name_is_the_same_whichever_way_leads_there(code):
    check = "import satchel; assert found is satchel.Drift; print(found)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {check}"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "<class 'satchel.Drift'>\n"


@pytest.mark.parametrize(
    "make",
    [
        lambda predictor, record: predictor.predict(record),
        lambda predictor, record: predictor.predict({**record, "hours": None}).notes[0],
        lambda predictor, record: predictor.what_if(record, {"score": 15}),
        lambda predictor, record: predictor.explain(record, "grade"),
        lambda predictor, record: predictor.suggest(record, "grade"),
        lambda predictor, record: predictor.drift([record]),
        lambda predictor, record: predictor.verify(),
        lambda predictor, record: predictor.bundle,
        lambda predictor, record: predictor.spec.inputs,
    ],
)
def test_what_is_public_survives_pickling_and_dataclasses(make, predictor, record):
    one = make(predictor, record)
    again = pickle.loads(pickle.dumps(one))
    assert (type(again), again) == (type(one), one)
    assert dataclasses.replace(one) == one
    assert list(dataclasses.asdict(one)) == [field.name for field in dataclasses.fields(one)]


def test_many_answers_survive_pickling(predictor, record):
    many = predictor.predict_many([record, {**record, "score": "?"}])
    again = pickle.loads(pickle.dumps(many))
    assert [type(item) for item in again] == [satchel.Prediction, satchel.RecordError]
    assert again.as_dicts() == many.as_dicts()
