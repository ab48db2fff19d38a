"""The first page, the card of a model, and its form for one student."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext

from satchel import Prediction, RecordError
from satchel.wording import demonstration
from satchel_web.models import Listed, models
from satchel_web.questions import Question, others, questions
from satchel_web.student import Answered, Field, labels_of, read_form, with_label

blueprint = Blueprint("pages", __name__)

FORM = "application/x-www-form-urlencoded"


@blueprint.get("/")
def index() -> str:
    """Ask what a teacher wants to know."""
    return render_template("index.html", groups=questions(models()), others=others(models()))


@blueprint.get("/models/<name>/card")
def card(name: str) -> str:
    """Tell for whom a model is, how far it is off, and what it must not be used for."""
    listed = _listed(name)
    return render_template("card.html", question=Question(listed), listed=listed)


@blueprint.route("/models/<name>", methods=["GET", "POST"])
def model(name: str) -> tuple[str, int]:
    """Show the form of a model; with what was filled in, its prediction or what is wrong."""
    listed = _listed(name)
    spec = listed.spec
    answered: Answered | None = None
    problems: dict[str, str] = {}
    labels = labels_of(spec)
    if request.method == "POST":
        if request.mimetype != FORM:
            abort(415, gettext("Send the form of this page."))
        if any(len(values) > 1 for values in request.form.listvalues()):
            abort(400, gettext("The form names a field twice."))
        record, unreadable = read_form(spec, request.form)
        predictor = models().predictor(listed)
        try:
            prediction: Prediction = predictor.predict(record)
            answered = Answered(predictor, record, prediction)
        except RecordError as error:
            problems = {p.field: with_label(p, labels) for p in error.problems}
        if unreadable:
            answered = None
            problems |= unreadable
    fields = [
        Field(f, i, request.form.get(f.name, ""), problems.pop(f.name, ""))
        for i, f in enumerate(spec.inputs.features)
    ]
    failed = bool(problems) or any(field.error for field in fields)
    page = render_template(
        "model.html",
        question=Question(listed),
        listed=listed,
        demonstration=demonstration(spec),
        fields=fields,
        answered=answered,
        problems=list(problems.values()),
        failed=failed,
    )
    return page, 422 if failed else 200


def _listed(name: str) -> Listed:
    listed = models().find(name)
    if listed is None:
        abort(404, gettext("There is no such model."))
    return listed
