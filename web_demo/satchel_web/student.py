"""One student: the form, and all that the model says, as the page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from satchel import Prediction, Predictor, Problem, RecordError, SatchelError
from satchel.note import MISSING as MISSING_NOTES
from satchel.spec import Category, Feature, Number, Spec
from satchel.tables.mapping import takes_total
from satchel.tables.marks import MISSING, CellReader, Marks, full_marks
from satchel.values import is_missing, shown
from satchel_web.language import said
from satchel_web.matching import choices, is_mark
from satchel_web.pictures import Picture, of_distribution
from satchel_web.sentences import allowed_here, few_text, given_text, note_text

SHOWN = 8  # fields that moved an answer
LEAST_PUSH = 0.05  # of the strongest: a weaker one is not shown
CHANGES = 3  # that are offered
LEAST_SHARE, LEAST_POINTS = 0.01, 0.1  # effects that are worth a word


def labels_of(spec: Spec) -> dict[str, str]:
    """Return the labels of the fields by their names."""
    return {feature.name: feature.label for feature in spec.inputs.features}


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
        """Values and their labels; none for a number that is no scale."""
        return choices(self.feature)

    @property
    def hint(self) -> str:
        """What is allowed, and the help, in one line; choices of words speak for themselves."""
        feature = self.feature
        if isinstance(feature, Category):
            return said(feature.help)
        if feature.scale_labels:
            return ""
        return "; ".join(part for part in (allowed_here(feature), said(feature.help)) if part)

    @property
    def group(self) -> str:
        """Where it stands: ``marks``, ``change`` for what can be changed, or ``background``."""
        if self.feature.required or is_mark(self.feature):
            return "marks"
        return "change" if self.feature.actionable else "background"

    @property
    def described_by(self) -> str:
        """Ids of the texts that tell of the control."""
        ids = [f"{self.id}-hint"] * bool(self.hint) + [f"{self.id}-error"] * bool(self.error)
        return " ".join(ids)


def read_form(spec: Spec, form: Mapping[str, str]) -> tuple[dict[str, object], dict[str, Problem]]:
    """Return a record as a form gives it, and by field what cannot be read.

    Marks may have either decimal mark, and may be a share of their total, as ``13/20``.
    """
    record: dict[str, object] = {}
    wrong: dict[str, Problem] = {}
    features = {feature.name: feature for feature in spec.inputs.features}
    marks = Marks(MISSING, "")
    for name, text in form.items():
        if is_missing(text):
            continue  # a field left blank in a form is one that was not given
        feature = features.get(name)
        record[name] = text
        if isinstance(feature, Number):
            total = full_marks(feature) if takes_total(feature) and "%" in text else None
            try:
                record[name] = CellReader(name, feature, marks, total).read(text)
            except ValueError as error:
                code = getattr(error, "code", "")
                wrong[name] = Problem(name, str(error), code, shown(text))
    return record, wrong


@dataclass(frozen=True, slots=True)
class Push:
    """How far a field moved an answer: its label and value, and the bar that shows it."""

    label: str
    given: str
    contribution: float
    width: float
    actionable: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one field, and what the model makes of it, in the unit of the explanation."""

    label: str
    value: str
    effect: float


class Answered:
    """All that the model says of one student.

    Parameters
    ----------
    predictor : Predictor
    record : mapping
    prediction : Prediction
    """

    def __init__(
        self, predictor: Predictor, record: Mapping[str, Any], prediction: Prediction
    ) -> None:
        self._predictor, self._record = predictor, record
        self.prediction = prediction
        self.spec = predictor.spec
        self.labels = labels_of(self.spec)
        self._features = {feature.name: feature for feature in self.spec.inputs.features}
        by_message = {
            note.message: note_text(note, self._features.get(note.field), record.get(note.field))
            for note in prediction.notes
        }
        # The one doubt that no note holds is that too many fields were not given.
        few = few_text(len(self._missing("imputed")), len(self._features))
        self.doubts = [by_message.get(text, few) for text in prediction.doubts]
        self.notes = [
            by_message[note.message]
            for note in prediction.notes
            if note.kind not in MISSING_NOTES and note.message not in prediction.doubts
        ]
        self.blanks = self._missing("imputed")
        self.unknown = self._missing("blank")

    def _missing(self, kind: str) -> list[str]:
        return [said(self.labels[n.field]) for n in self.prediction.notes if n.kind == kind]

    @property
    def outputs(self) -> list[tuple[Any, Any]]:
        """Each output beside its answer, segments apart."""
        return [
            (output, self.prediction.outputs[output.name])
            for output in self.spec.outputs
            if output.name in self.spec.scored
        ]

    def picture(self, output: Any) -> Picture | None:
        """How likely each score is; None where the model gives no distribution."""
        found = self.prediction.outputs[output.name].distribution
        return None if found is None else of_distribution(found, output.pass_at)

    def pushes(self, output: Any) -> tuple[list[Push], list[Push]]:
        """Return what moved the answer: what can be changed, and what cannot."""
        try:
            explained = self._predictor.explain(self._record, output.name)
        except RecordError:
            return [], []
        features = self._features
        most = max((abs(one.contribution) for one in explained.features), default=0.0) or 1.0
        found = [
            one
            for one in explained.features
            if abs(one.contribution) > max(one.error, LEAST_PUSH * most)
        ][:SHOWN]
        pushes = [
            Push(
                self.labels[one.feature],
                given_text(features[one.feature], one.given),
                one.contribution,
                round(100 * abs(one.contribution) / most, 1),
                features[one.feature].actionable,
            )
            for one in found
        ]
        return [p for p in pushes if p.actionable], [p for p in pushes if not p.actionable]

    def changes(self, output: Any) -> list[Change]:
        """Return the changes that would help most by this answer, one per field."""
        features = self._features
        try:
            found = self._predictor.suggest(self._record, output.name).best
        except SatchelError:
            return []
        least = LEAST_SHARE if self.is_share(output) else LEAST_POINTS
        return [
            Change(
                self.labels[one.feature], given_text(features[one.feature], one.value), one.effect
            )
            for one in found[:CHANGES]
            if one.effect >= least
        ]

    def is_share(self, output: Any) -> bool:
        """Whether an explanation is in probability rather than in points."""
        return self.prediction.outputs[output.name].value is None
