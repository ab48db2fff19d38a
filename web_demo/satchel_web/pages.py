"""The first page, the card of a model, and its form for one student."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, abort, render_template, request

from satchel import Predictor, Problem, RecordError
from satchel.wording import demonstration
from satchel_web.class_pages import has_class
from satchel_web.language import gettext, number, said
from satchel_web.models import listed_or_404, models
from satchel_web.questions import Question, others, questions
from satchel_web.sentences import problem_text
from satchel_web.student import Answered, Field, labels_of, read_form

blueprint = Blueprint("pages", __name__)

BEFORE = ":before"  # the entries of the answer before, for what-if
FORM = "application/x-www-form-urlencoded"


@blueprint.get("/")
def index() -> str:
    """Ask what a teacher wants to know."""
    return render_template(
        "index.html", groups=questions(models()), others=others(models()), resumed=has_class()
    )


@blueprint.get("/models/<name>/card")
def card(name: str) -> str:
    """Tell for whom a model is, how far it is off, and what it must not be used for."""
    listed = listed_or_404(name)
    return render_template(
        "card.html", question=Question(listed), listed=listed, labels=labels_of(listed.spec)
    )


@blueprint.route("/models/<name>", methods=["GET", "POST"])
def model(name: str) -> tuple[str, int]:
    """Show the form of a model; with what was filled in, its prediction or what is wrong."""
    listed = listed_or_404(name)
    spec = listed.spec
    answered: Answered | None = None
    moves: list[str] = []
    wrong: dict[str, Problem] = {}
    if request.method == "POST":
        if request.mimetype != FORM:
            abort(415, gettext("Send the form of this page."))
        if any(len(values) > 1 for values in request.form.listvalues()):
            abort(400, gettext("The form names a field twice."))
        form = request.form.to_dict()
        former = form.pop(BEFORE, "")
        record, unreadable = read_form(spec, form)
        predictor = models().predictor(listed)
        try:
            answered = Answered(predictor, record, predictor.predict(record))
            moves = _moves(predictor, former, record)
        except RecordError as error:
            wrong |= {problem.field: problem for problem in error.problems}
        if unreadable:
            answered = None
            wrong |= unreadable
    features = {feature.name: feature for feature in spec.inputs.features}
    problems = {field: problem_text(problem, features) for field, problem in wrong.items()}
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
        moves=moves,
        before=urlencode({k: v for k, v in request.form.items() if k != BEFORE}),
        problems=list(problems.values()),
        failed=failed,
    )
    return page, 422 if failed else 200


def _moves(predictor: Predictor, former: str, record: Mapping[str, object]) -> list[str]:
    """Return what has moved since the answer before, in words."""
    before, unreadable = read_form(predictor.spec, dict(parse_qsl(former)))
    if not before or unreadable or before == record:
        return []
    try:
        found = predictor.what_if(before, record)
    except RecordError:
        return []
    moves = []
    for output in predictor.spec.outputs:
        if output.name not in predictor.spec.scored:
            continue
        one, other = found.before.outputs[output.name], found.after.outputs[output.name]
        if one.value is not None and other.value is not None:
            moves.append(
                gettext(
                    "%(output)s: before %(before)s, now %(now)s",
                    output=said(output.label),
                    before=number(one.value),
                    now=number(other.value),
                )
            )
        if one.risk is not None and other.risk is not None:
            moves.append(
                gettext(
                    "Risk of failing: before %(before)s %%, now %(now)s %%",
                    before=number(100 * one.risk, 0),
                    now=number(100 * other.risk, 0),
                )
            )
    return moves
