"""The HTTP interface, version 1: JSON in, JSON out, errors as problem documents (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from werkzeug.http import HTTP_STATUS_CODES

from satchel import Prediction, RecordError, strict_json
from satchel.collection import Listed
from satchel_web.json_schema import record_schema
from satchel_web.models import models

PREFIX = "/api/v1"
PROBLEM = "application/problem+json"


def make_blueprint(max_records: int) -> Blueprint:
    """Return the interface; a request may hold up to `max_records` records."""
    blueprint = Blueprint("api", __name__)

    @blueprint.get("/healthz")
    def health() -> Response:
        return jsonify(status="ok")

    @blueprint.get(f"{PREFIX}/models")
    def index() -> Response:
        return jsonify(models=[_summary(listed) for listed in models()])

    @blueprint.get(f"{PREFIX}/models/<name>")
    def show(name: str) -> Response:
        listed = _find(name)
        spec = json.loads(listed.spec.to_json())
        return jsonify(
            **_summary(listed),
            card=spec["card"],
            outputs=spec["outputs"],
            schema=record_schema(listed.spec.inputs),
        )

    @blueprint.post(f"{PREFIX}/models/<name>/predict")
    def predict(name: str) -> Response:
        predictor = models().predictor(_find(name))
        origin = asdict(predictor.origin)
        body = _body()
        if "features" in body:
            try:
                return jsonify(predictor.predict(body["features"]).as_dict())
            except RecordError as error:
                found = origin | error.as_dict()
                return problem(422, str(error), found)
        records = body["records"]
        if len(records) > max_records:
            text = (
                f"{len(records)} records were sent, {max_records} are allowed: send them in parts"
            )
            return problem(413, text, {"max_records": max_records, **origin})
        items = predictor.predict_many([record["features"] for record in records])
        answers = [_item(*pair) for pair in zip(records, items, strict=True)]
        return jsonify(**origin, predictions=answers)

    return blueprint


def problem(status: int, detail: str, extra: Mapping[str, Any]) -> Response:
    """Return a problem document; its title is the phrase of the status."""
    title = HTTP_STATUS_CODES[status]
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    response = jsonify({**document, **extra})
    response.status_code = status
    response.content_type = PROBLEM
    return response


def _find(name: str) -> Listed:
    listed = models().find(name)
    if listed is None:
        abort(404, f"There is no model {name[:80]!r}; {PREFIX}/models lists those there are.")
    return listed


def _body() -> dict[str, Any]:
    """Return the body: an object with `features`, or with a list of `records`."""
    if not request.is_json:
        abort(415, "Send JSON, with the header Content-Type: application/json.")
    body = _parsed(request.get_data())
    if not isinstance(body, dict) or len(body) != 1 or not body.keys() <= {"features", "records"}:
        abort(400, 'The body is {"features": {...}} or {"records": [{"features": {...}}, ...]}.')
    if "features" in body:
        _require_object(body["features"], "features")
    else:
        if not isinstance(body["records"], list):
            abort(400, "records is not a list.")
        for i, record in enumerate(body["records"]):
            _require_object(record, f"records[{i}]")
            if "features" not in record or not record.keys() <= {"id", "features"}:
                abort(400, f"records[{i}] has other keys than features and, if wanted, id.")
            if type(record.get("id", "")) not in (str, int):
                abort(400, f"records[{i}].id is neither text nor a whole number.")
            _require_object(record["features"], f"records[{i}].features")
    return body


def _parsed(content: bytes) -> Any:
    """Return a body as plain Python; one that is no strict JSON is a 400 that says where."""
    if not content.strip():
        abort(400, "The body is empty: send a JSON object.")
    try:
        text = content.decode("utf-8-sig")
        return strict_json.loads(text)
    except UnicodeDecodeError as error:
        abort(400, f"The body is not UTF-8 text at byte {error.start}, which JSON must be.")
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        before, after = text[: error.pos].rstrip(), text[error.pos :].lstrip()
        if before.endswith(",") and after[:1] in ("}", "]"):
            abort(400, f"The body is not JSON: a comma stands before '{after[0]}' at {place}.")
        abort(400, f"The body is not JSON at {place}: {error.msg[:1].lower()}{error.msg[1:]}.")
    except RecursionError:
        abort(400, "The body is nested too deeply.")
    except ValueError as error:
        abort(400, f"The body is not JSON: {error}.")


def _require_object(value: object, place: str) -> None:
    if not isinstance(value, dict):
        abort(400, f"{place} is not an object.")


def _item(record: dict[str, Any], item: Prediction | RecordError) -> dict[str, Any]:
    echoed = {"id": record["id"]} if "id" in record else {}
    if isinstance(item, RecordError):
        return {**echoed, "error": {"detail": str(item), **item.as_dict()}}
    return echoed | item.as_dict()


def _summary(listed: Listed) -> dict[str, Any]:
    spec = listed.spec
    return {
        "model": spec.name,
        "task": spec.task,
        "version": spec.version,
        "sha256": listed.sha256,
        "default": listed.default,
        "verified": listed.verified,
        "demonstration": spec.demonstration,
        "title": spec.card.title,
        "headline": spec.card.headline,
    }
