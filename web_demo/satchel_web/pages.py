"""The pages: the list of models, and the form of one."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request

from satchel import Prediction, RecordError
from satchel.spec import Feature, Number
from satchel.values import is_missing, plain
from satchel_web.models import models

blueprint = Blueprint("pages", __name__)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form: its feature, what stands in it, and what is wrong with that."""

    feature: Feature
    value: str
    error: str

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Values and their labels; none for a number."""
        feature = self.feature
        if isinstance(feature, Number):
            return []
        labels = feature.value_labels or feature.values
        return list(zip(feature.values, labels, strict=True))

    @property
    def hint(self) -> str:
        """Limits, unit and help in one line."""
        feature = self.feature
        parts = [feature.help]
        if isinstance(feature, Number):
            low, high = (None if bound is None else plain(bound) for bound in feature.limits)
            if low and high:
                parts.insert(0, f"{low} to {high} {feature.unit}".strip())
            else:
                parts.insert(0, feature.unit)
        return "; ".join(part for part in parts if part)


@blueprint.get("/")
def index() -> str:
    """List the models."""
    return render_template("index.html", bundles=list(models()))


@blueprint.route("/models/<name>", methods=["GET", "POST"])
def model(name: str) -> tuple[str, int]:
    """Show the form of a model; with what was filled in, its prediction or what is wrong."""
    bundle = models().find(name)
    if bundle is None:
        abort(404, "There is no such model.")
    prediction: Prediction | None = None
    error: RecordError | None = None
    if request.method == "POST":
        try:
            # A field left blank in a form is one that was not given.
            record = {name: text for name, text in request.form.items() if not is_missing(text)}
            prediction = models().predictor(bundle).predict(record)
        except RecordError as found:
            error = found
    problems = {} if error is None else {p.field: p.message for p in error.problems}
    fields = [
        Field(feature, request.form.get(feature.name, ""), problems.pop(feature.name, ""))
        for feature in bundle.spec.inputs.features
    ]
    notes = () if prediction is None else prediction.notes
    imputed = {note.field for note in notes if note.kind == "imputed"}
    page = render_template(
        "model.html",
        bundle=bundle,
        fields=fields,
        prediction=prediction,
        notes=[note for note in notes if note.kind != "imputed"],
        blanks=[f.label for f in bundle.spec.inputs.features if f.name in imputed],
        problems=list(problems.values()),
        failed=error is not None,
    )
    return page, 422 if error else 200
