"""The pages: the list of models, and the form of one."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request

from satchel import Note, Prediction, Problem, RecordError
from satchel.note import MISSING
from satchel.spec import Feature, Number
from satchel.values import is_missing
from satchel.wording import allowed, demonstration, positive_label
from satchel_web.models import models

blueprint = Blueprint("pages", __name__)


FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form: its feature, what stands in it, and what is wrong with that."""

    feature: Feature
    number: int
    value: str
    error: str

    @property
    def id(self) -> str:
        """Of the control; not the feature's name, which may hold anything."""
        return f"field-{self.number}"

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Values and their labels; none for a number."""
        feature = self.feature
        if isinstance(feature, Number):
            return []
        return list(zip(feature.values, feature.value_labels or feature.values, strict=True))

    @property
    def hint(self) -> str:
        """What is allowed, and the help, in one line."""
        feature = self.feature
        parts = [allowed(feature) if isinstance(feature, Number) else "", feature.help]
        return "; ".join(part for part in parts if part)

    @property
    def described_by(self) -> str:
        """Ids of the texts that tell of the control."""
        ids = [f"{self.id}-hint"] * bool(self.hint) + [f"{self.id}-error"] * bool(self.error)
        return " ".join(ids)


@blueprint.get("/")
def index() -> str:
    """List the models."""
    return render_template("index.html", models=list(models()))


@blueprint.route("/models/<name>", methods=["GET", "POST"])
def model(name: str) -> tuple[str, int]:
    """Show the form of a model; with what was filled in, its prediction or what is wrong."""
    listed = models().find(name)
    if listed is None:
        abort(404, "There is no such model.")
    prediction: Prediction | None = None
    problems: dict[str, str] = {}
    features = listed.spec.inputs.features
    labels = {feature.name: feature.label for feature in features}
    if request.method == "POST":
        if request.mimetype != FORM:
            abort(415, "Send the form of this page.")
        if any(len(values) > 1 for values in request.form.listvalues()):
            abort(400, "The form names a field twice.")
        # A field left blank in a form is one that was not given.
        record = {name: text for name, text in request.form.items() if not is_missing(text)}
        try:
            prediction = models().predictor(listed).predict(record)
        except RecordError as error:
            problems = {p.field: _in_words(p, labels) for p in error.problems}
    fields = [
        Field(f, i, request.form.get(f.name, ""), problems.pop(f.name, ""))
        for i, f in enumerate(features)
    ]
    failed = bool(problems) or any(field.error for field in fields)
    notes = () if prediction is None else prediction.notes
    doubts = () if prediction is None else prediction.doubts
    doubted = {note.message: _in_words(note, labels) for note in notes}
    page = render_template(
        "model.html",
        listed=listed,
        demonstration=demonstration(listed.spec),
        positive_label=positive_label,
        fields=fields,
        prediction=prediction,
        doubts=[doubted.get(text, text) for text in doubts],
        notes=[
            _in_words(note, labels)
            for note in notes
            if note.kind not in MISSING and note.message not in doubts
        ],
        blanks=[labels[note.field] for note in notes if note.kind == "imputed"],
        unknown=[labels[note.field] for note in notes if note.kind == "blank"],
        problems=list(problems.values()),
        failed=failed,
    )
    return page, 422 if failed else 200


def _in_words(item: Problem | Note, labels: dict[str, str]) -> str:
    """Return a message with the label of its field in place of the name."""
    if item.field not in labels:
        return item.message
    return labels[item.field] + item.message.removeprefix(item.field)
