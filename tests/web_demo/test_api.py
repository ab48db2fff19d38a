import json
import logging

import pytest
from werkzeug.http import HTTP_STATUS_CODES

import satchel
from satchel_web import Config, create_app
from satchel_web.api import PROBLEM

URL = "/api/v1/models/secondary-mathematics.mlp"


def predict(client, body, **options):
    return client.post(f"{URL}/predict", json=body, **options)


def assert_problem(response, status):
    assert response.status_code == status
    assert response.content_type == PROBLEM
    assert response.json["status"] == status
    assert response.json["title"] == HTTP_STATUS_CODES[status]
    assert response.json["detail"]
    return response.json


def test_one_record_gets_what_as_dict_gives(client, predictor, record):
    response = predict(client, {"features": record})
    assert response.status_code == 200
    assert response.json == json.loads(json.dumps(predictor.predict(record).as_dict()))


def test_an_answer_says_whether_it_is_reliable_and_why_not(client, record):
    sure = predict(client, {"features": record}).json
    assert (sure["reliable"], sure["doubts"]) == (True, [])
    records = [{"features": record}, {"features": {**record, "absences": 150}}]
    first, second = predict(client, {"records": records}).json["predictions"]
    assert first["reliable"] is True
    assert second["reliable"] is False
    assert len(second["doubts"]) == 1
    assert second["doubts"][0].startswith("absences = 150 is outside the range seen in training")


def test_the_bare_task_means_its_default_model(client, record):
    url = "/api/v1/models/secondary-mathematics/predict"
    response = client.post(url, json={"features": record})
    assert response.json["model"] == satchel.load("secondary-mathematics").name


def test_many_records_come_back_in_order_with_their_ids(client, predictor, record):
    records = [{"id": f"p{i}", "features": {**record, "G2": i}} for i in range(4)]
    response = predict(client, {"records": records})
    assert response.status_code == 200
    assert [p["id"] for p in response.json["predictions"]] == ["p0", "p1", "p2", "p3"]
    values = [p["outputs"]["G3"]["value"] for p in response.json["predictions"]]
    assert values == [predictor.predict(r["features"]).value for r in records]
    assert values == sorted(values)


def test_every_answer_names_model_version_and_digest(client, predictor, record):
    answers = [
        predict(client, {"features": record}),
        predict(client, {"features": {}}),
        predict(client, {"records": [{"features": record}]}),
        predict(client, {"records": [{"features": record}] * 6}),
        client.get(URL),
    ]
    for response in answers:
        assert response.json["model"] == predictor.name
        assert response.json["version"] == predictor.spec.version
        assert response.json["sha256"] == predictor.bundle.sha256


def test_a_bad_record_in_a_list_keeps_its_place_and_says_why(client, record):
    bad = {**record, "G1": "eleven"}
    body = {"records": [{"features": record}, {"id": 7, "features": bad}, {"features": record}]}
    response = predict(client, body)
    assert response.status_code == 200
    first, second, third = response.json["predictions"]
    assert first == third
    assert second["id"] == 7
    assert second["error"]["problems"] == [
        {
            "field": "G1",
            "message": "G1 = 'eleven' is not a number; give a number from 0 to 20",
            "code": "not-a-number",
            "value": "'eleven'",
        }
    ]


def test_a_bad_record_alone_is_422_and_names_every_field(client, record):
    found = assert_problem(predict(client, {"features": {**record, "G1": 25, "sex": "X"}}), 422)
    assert [p["field"] for p in found["problems"]] == ["sex", "G1"]
    assert "give a number from 0 to 20" in found["detail"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "[]",
        "{}",
        '{"features": 3}',
        '{"features": {}, "records": []}',
        '{"records": {}}',
        '{"records": [3]}',
        '{"records": [{}]}',
        '{"records": [{"features": []}]}',
        '{"records": [{"features": {}, "name": "Ana"}]}',
        '{"records": [{"features": {}, "id": {}}]}',
        '{"records": [{"features": {}, "id": true}]}',
        '{"features": {"G1": 1, "G1": 2}}',
        '{"features": {"G1": NaN}}',
        '{"features": {"G1": ' + "9" * 5000 + "}}",
        "[" * 5000,
        b"\xff\xfe",
    ],
)
def test_a_malformed_body_is_400(client, body):
    response = client.post(f"{URL}/predict", data=body, content_type="application/json")
    assert_problem(response, 400)


def test_a_body_that_is_not_json_is_415(client):
    response = client.post(f"{URL}/predict", data="G1=3", content_type="text/plain")
    assert_problem(response, 415)


def test_too_many_records_are_413_with_the_limit(client, record):
    found = assert_problem(predict(client, {"records": [{"features": record}] * 6}), 413)
    assert found["max_records"] == 5


def test_too_many_bytes_are_413_with_the_limit(client, record):
    found = assert_problem(predict(client, {"features": {**record, "G1": "9" * 30_000}}), 413)
    assert found["max_bytes"] == 20_000
    assert "20000 bytes" in found["detail"]


def test_an_empty_list_of_records_gets_an_empty_list(client):
    assert predict(client, {"records": []}).json["predictions"] == []


@pytest.mark.parametrize("url", ["/api/v1/models/none", "/api/v1/nothing"])
def test_what_is_not_there_is_404(client, url):
    assert_problem(client.get(url), 404)
    assert_problem(client.post(f"{url}/predict", json={"features": {}}), 404)


def test_another_method_is_405_and_names_the_allowed_one(client):
    response = client.get(f"{URL}/predict")
    assert_problem(response, 405)
    assert "POST" in response.headers["Allow"]
    assert_problem(client.post("/healthz"), 405)


def test_the_models_are_listed(client):
    models = client.get("/api/v1/models").json["models"]
    assert {m["model"] for m in models} >= {
        "course-outcome.logistic",
        "secondary-mathematics.mlp",
    }
    defaults = [m for m in models if m["default"]]
    assert len({m["task"] for m in defaults}) == len(defaults) == 11
    assert all(m["verified"] for m in models)


def test_a_model_shows_its_card_and_a_schema_that_fits_its_records(client, record):
    jsonschema = pytest.importorskip("jsonschema", reason="pip install --group test")
    shown = client.get(URL).json
    assert shown["card"]["headline"] == shown["headline"]
    jsonschema.Draft202012Validator.check_schema(shown["schema"])
    validator = jsonschema.Draft202012Validator(shown["schema"])
    assert validator.is_valid(record)
    required = {name: record[name] for name in shown["schema"]["required"]}
    assert validator.is_valid(required)
    assert predict(client, {"features": required}).status_code == 200
    for wrong in ({"G1": 25}, {"failures": 1.5}, {"sex": "X"}, {"Age": 17}):
        assert not validator.is_valid(record | wrong)
        assert predict(client, {"features": record | wrong}).status_code == 422
    for name in required:
        partial = {key: value for key, value in required.items() if key != name}
        assert not validator.is_valid(partial)
        assert predict(client, {"features": partial}).status_code == 422


def test_health(client):
    response = client.get("/healthz")
    assert (response.status_code, response.json) == (200, {"status": "ok"})


def test_a_bundle_of_ones_own_is_listed_as_unverified_and_used(own_models):
    client = create_app(Config(models=[own_models])).test_client()
    listed = {m["model"]: m["verified"] for m in client.get("/api/v1/models").json["models"]}
    assert listed["tiny.linear"] is False
    assert client.get("/api/v1/models/tiny.linear").status_code == 200


def test_a_failure_of_the_site_shows_and_logs_no_value(client, record, monkeypatch, caplog):
    def fail(self, features):
        raise ValueError(f"cannot convert {features['G1']}")

    monkeypatch.setattr("satchel.Predictor.predict", fail)
    with caplog.at_level(logging.DEBUG):
        response = predict(client, {"features": {**record, "G1": "SECRET"}})
    assert_problem(response, 500)
    assert "SECRET" not in response.text
    assert "Traceback" not in response.text
    assert "ValueError in api.predict" in caplog.text
    assert "SECRET" not in caplog.text


def test_no_value_is_logged(client, record, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        predict(client, {"features": {**record, "G1": "SECRET"}})
        predict(client, {"records": [{"id": "SECRET", "features": record}]})
        client.post("/models/secondary-mathematics.mlp", data={"G1": "SECRET"})
    assert "SECRET" not in caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body is empty: send a JSON object."),
        (b" \n", "The body is empty: send a JSON object."),
        (b'{"features": {"score": NaN}}', "NaN is no number of JSON, write null"),
        (b'{"features": {"a": 1, "a": 2}}', "'a' is named twice in one object"),
        (b'{"features": {"a": 1,}}', "a comma stands before '}' at line 1, column 22"),
        (b'{"records": [1,\n]}', "a comma stands before ']' at line 2, column 1"),
        (b"{'features': {}}", "at line 1, column 2: expecting property name"),
        (b'{"features": \xff}', "not UTF-8 text at byte 13"),
    ],
)
def test_a_body_that_is_no_json_is_told_where(client, body, message):
    response = client.post(f"{URL}/predict", data=body, content_type="application/json")
    assert response.status_code == 400
    assert message in response.json["detail"]
