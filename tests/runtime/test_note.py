import json

import pytest

from satchel.cli import main
from satchel.note import Note, doubts

IMPUTED = Note("imputed", "x", "x was not given; 1 was used in its place")


def test_a_record_like_those_of_training_is_not_doubted(predictor, record):
    prediction = predictor.predict(record)
    assert prediction.reliable
    assert prediction.doubts == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"score": 19}, "score = 19 is outside the range seen in training (2 to 17)"),
        ({"hours": 35}, "hours = 35 is outside the range seen in training (1 to 30)"),
        ({"hours": 90}, "hours = 90 was brought to 40"),
    ],
)
def test_a_value_beyond_training_is_a_reason_for_doubt(predictor, record, change, words):
    prediction = predictor.predict({**record, **change})
    assert not prediction.reliable
    assert prediction.doubts == (words,)


def test_more_than_a_third_of_the_fields_imputed_is_a_reason_for_doubt(predictor, record):
    for name in ("größe", "absences"):
        del record[name]
    assert predictor.predict(record).reliable  # 2 of 6 are a third, not more
    del record["effort"]
    assert predictor.predict(record).doubts == ("3 of 6 fields were not given",)


@pytest.mark.parametrize(
    ("imputed", "fields", "doubted"),
    [(1, 1, False), (1, 2, False), (2, 5, True), (2, 6, False), (10, 30, False), (11, 30, True)],
)
def test_one_imputed_field_is_never_too_many(imputed, fields, doubted):
    assert bool(doubts([IMPUTED] * imputed, fields)) == doubted


def test_an_ignored_field_is_no_reason(predictor, record):
    assert predictor.predict({**record, "teacher": "x"}).reliable


def test_every_reason_is_given(predictor, record):
    for name in ("größe", "absences", "effort"):
        del record[name]
    found = predictor.predict({**record, "score": 19, "hours": 90}).doubts
    assert len(found) == 3


def test_one_and_many_are_doubted_alike(predictor, record):
    short = {name: record[name] for name in ("score", "hours", "course")}
    rows = [record, {**record, "score": 19}, short]
    many = predictor.predict_many(rows)
    assert [p.doubts for p in many] == [predictor.predict(row).doubts for row in rows]
    assert [p.reliable for p in many] == [True, False, False]


def test_the_plain_form_says_so(predictor, record):
    sure = predictor.predict(record).as_dict()
    assert (sure["reliable"], sure["doubts"]) == (True, [])
    unsure = json.loads(json.dumps(predictor.predict({**record, "score": 19}).as_dict()))
    assert unsure["reliable"] is False
    assert unsure["doubts"] == ["score = 19 is outside the range seen in training (2 to 17)"]


def test_the_command_line_says_so_once(tiny_path, record, capsys):
    def lines(**changes):
        text = json.dumps({**record, **changes})
        assert main(["predict", str(tiny_path), "--record", text]) == 0
        return capsys.readouterr().out

    assert "reliable" not in lines()
    out = lines(score=19, teacher="x")
    assert "Not reliable: score = 19 is outside" in out
    assert out.count("score = 19") == 1
    assert "Note: teacher is not used by this model" in out
