"""The models as a teacher meets them: as questions, a school's own first, examples last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from satchel.collection import Listed
from satchel.spec import Feature, Score, Spec
from satchel.spec.card import ALL_ROWS, CHOICE, FRESH, TEST
from satchel_web.language import gettext, lazy_gettext, number, said

OWN, SHIPPED, EXAMPLES = "own", "shipped", "examples"

# The question of each task that ships, at whatever time of the year; of any other its title.
QUESTIONS = {
    "secondary-mathematics": lazy_gettext("How will my mathematics class end the year?"),
    "secondary-portuguese": lazy_gettext("How will my language class end the year?"),
    "course-outcome": lazy_gettext("Who will pass a course with quizzes?"),
    "exam-factors": lazy_gettext("What exam score goes with these habits?"),
    "exam-scores": lazy_gettext("How far do scores follow from background?"),
    "exam-scores-followup": lazy_gettext("What math score goes with reading and writing?"),
    "study-hours": lazy_gettext("What exam score goes with study hours?"),
}
# Of the tasks that are asked at several times, when, by how their names end.
WHEN = {
    "": lazy_gettext("Two marks are known"),
    "-midyear": lazy_gettext("One mark is known"),
    "-early": lazy_gettext("Before the first mark"),
}
WHOSE = {
    "secondary-mathematics": lazy_gettext("two Portuguese schools, 2005/06"),
    "secondary-portuguese": lazy_gettext("two Portuguese schools, 2005/06"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """One model as a teacher meets it."""

    listed: Listed

    @property
    def spec(self) -> Spec:
        """Inputs, outputs and card of the model."""
        return self.listed.spec

    @property
    def name(self) -> str:
        """The full name of the model."""
        return self.spec.name

    @property
    def parts(self) -> tuple[str, str]:
        """The task, and the end of its name that says when it is asked."""
        task = self.spec.task
        time = next((end for end in WHEN if end and task.endswith(end)), "")
        return task.removesuffix(time), time

    @property
    def title(self) -> str:
        """The question in plain words."""
        return str(QUESTIONS.get(self.parts[0], "")) or said(self.spec.card.title)

    @property
    def when(self) -> str:
        """At which time of the year it can be asked; empty where that is all one."""
        task, time = self.parts
        return str(WHEN[time]) if task in WHOSE else ""

    @property
    def group(self) -> str:
        """Among which it is shown: ``own``, ``shipped`` or ``examples``."""
        if self.spec.demonstration:
            return EXAMPLES
        return SHIPPED if self.listed.ships else OWN

    @property
    def needed(self) -> list[Feature]:
        """The fields that it cannot do without."""
        return [one for one in self.spec.inputs.features if one.required]

    @property
    def optional(self) -> list[Feature]:
        """The fields that make it better."""
        return [one for one in self.spec.inputs.features if not one.required]

    @property
    def off(self) -> str:
        """How far its answers are typically off, in words."""
        card = self.spec.card
        for protocol in (ALL_ROWS, FRESH, CHOICE, TEST):
            errors = [m for m in card.metrics if m.name == "mae" and m.protocol == protocol]
            if errors:
                output = next(o for o in self.spec.outputs if o.name == errors[0].output)
                unit = output.unit if isinstance(output, Score) else ""
                mean = sum(one.value for one in errors) / len(errors)
                return gettext(
                    "off by %(points)s %(unit)s on average",
                    points=number(mean, 1),
                    unit=said(unit),
                )
            rights = [m for m in card.metrics if m.name == "accuracy" and m.protocol == protocol]
            if rights:
                return gettext(
                    "right for %(count)s of 100 students", count=number(100 * rights[0].value, 0)
                )
        return ""

    @property
    def whose(self) -> str:
        """Whose students it learned from."""
        return str(WHOSE.get(self.parts[0], "")) or said(self.spec.card.source.name)


def questions(models: Iterable[Listed]) -> dict[str, list[Question]]:
    """Return the default model of each task, by the group in which it is shown."""
    found: dict[str, list[Question]] = {OWN: [], SHIPPED: [], EXAMPLES: []}
    for listed in models:
        one = Question(listed)
        if listed.default or one.group == OWN:
            found[one.group].append(one)
    for group in found.values():
        group.sort(key=_order)
    return {group: members for group, members in found.items() if members}


def others(models: Iterable[Listed]) -> Sequence[Listed]:
    """Return the models that are no task's default."""
    return [one for one in models if not one.default and Question(one).group != OWN]


def _order(question: Question) -> tuple[int, str, int]:
    task, time = question.parts
    known = list(QUESTIONS)
    return known.index(task) if task in known else len(known), task, list(WHEN).index(time)
