"""The whole contract of one bundle, to and from JSON."""

import json
from collections.abc import Mapping
from typing import Any, Self

from satchel import strict_json
from satchel.errors import SatchelError, SpecError
from satchel.frozen import frozen
from satchel.frozen_json import from_plain, to_plain
from satchel.spec.card import Card, Check, NumberBins, Reference, Value
from satchel.spec.inputs import Category, Feature, Inputs, Missing, Number
from satchel.spec.outputs import Advice, Classes, Distribution, Output, Score, Segment
from satchel.spec.rules import require, require_unique, within

SPEC_VERSION = 2  # the latest; a spec is written in the first version that has all its parts
NO_REFERENCE = Reference()


@frozen(kw_only=True)
class Spec:
    """The whole contract of one bundle.

    Attributes
    ----------
    task, model : str
        The bundle's name is ``task.model``.
    version : str
        Version of the bundle: ``1.0.0``, until an export raises it.
    spec_version : int
        Version of this format. Version 2 added distributions, columns that tell what is missing,
        fields that are monotonic or essential, and the words of scales.
    """

    task: str
    model: str
    version: str
    inputs: Inputs
    outputs: tuple[Output, ...]
    card: Card
    advice: Advice | None = None
    reference: Reference = NO_REFERENCE
    checks: tuple[Check, ...] = ()
    spec_version: int = 1

    def __post_init__(self) -> None:
        for part in (self.task, self.model):
            require(is_name(part), f"{part!r} is no name: small letters, digits and single hyphens")
        require(bool(self.outputs), "a model needs at least one output")
        require_unique([output.name for output in self.outputs], "output")
        require(
            sum(isinstance(output, Segment) for output in self.outputs) <= 1,
            "a model has at most one segment",
        )
        if self.advice is not None:
            self._check_advice(self.advice)
        known = {feature.name: feature for feature in self.inputs.features}
        for bins in self.reference.bins:
            feature = known.get(bins.feature)
            if isinstance(bins, NumberBins):
                fits = isinstance(feature, Number)
            else:
                fits = isinstance(feature, Category) and len(bins.shares) == len(feature.values)
            require(fits, f"bins of {bins.feature} do not fit a feature of that name")
        answers = {output.name: output for output in self.outputs}
        for bins in self.reference.outputs:
            output = answers.get(bins.feature)
            if isinstance(bins, NumberBins):
                fits = isinstance(output, Score)
            else:
                fits = isinstance(output, Classes | Segment) and (
                    len(bins.shares) == len(output.labels)
                )
            require(fits, f"bins of {bins.feature} do not fit an output of that name")
        for one in self.reference.background:
            require(one.keys() <= known.keys(), "a background record has an unknown field")
            for name, feature in known.items():
                require(_fits(feature, one.get(name)), f"a background record has an odd {name}")
        widths = {output.name: _widths(output) for output in self.outputs}
        for check in self.checks:
            held = check.outputs.keys() == widths.keys() and all(
                len(check.outputs[name]) in width for name, width in widths.items()
            )
            require(held, "a check needs the values of every output")

    def _check_advice(self, advice: Advice) -> None:
        outputs = {output.name: output for output in self.outputs}
        scored = outputs.get(advice.output)
        if isinstance(scored, Classes):
            labels: tuple[str, ...] = scored.labels
        elif isinstance(scored, Score) and scored.pass_at is not None:
            labels = scored.pass_labels
        else:
            raise SpecError(f"advice needs the label of {advice.output!r}, which gives none")
        segments: tuple[str | None, ...] = (None,)
        if advice.segment is not None:
            segment = outputs.get(advice.segment)
            if not isinstance(segment, Segment):
                raise SpecError(f"advice needs the segment {advice.segment!r}: no such output")
            segments = segment.labels
        wanted = {(label, segment) for label in labels for segment in segments}
        given = {(row.label, row.segment) for row in advice.table}
        require(given == wanted, "advice needs one sentence for each label and segment")

    def _least_version(self) -> int:
        inputs = self.inputs
        if (
            self.has_distribution
            or any(isinstance(column, Missing) for column in inputs.columns)
            or any(feature.monotonic or feature.essential for feature in inputs.features)
            or any(getattr(feature, "scale_labels", ()) for feature in inputs.features)
        ):
            return 2
        return 1

    @property
    def name(self) -> str:
        """The bundle's full name, ``task.model``."""
        return f"{self.task}.{self.model}"

    @property
    def scored(self) -> tuple[str, ...]:
        """Names of the outputs beside the segment; that of the segment where it is alone."""
        names = tuple([o.name for o in self.outputs if not isinstance(o, Segment)])
        return names or (self.outputs[0].name,)

    @property
    def demonstration(self) -> bool:
        """Whether the data are made or follow a simple rule: the model is but an example."""
        return self.card.source.synthetic or bool(self.card.source.rule)

    @property
    def has_distribution(self) -> bool:
        """Whether an output is a distribution, whose pass mark may be any."""
        return any(isinstance(output, Distribution) for output in self.outputs)

    def passing_at(self, mark: float | str) -> Self:
        """Return the spec with another pass mark for each output that is a distribution.

        Parameters
        ----------
        mark : float or str
            In the unit of the score, or as a share of the most that can be scored: ``"40/100"``.

        Raises
        ------
        SatchelError
            Where no output is a distribution, or the mark is no number among its scores.
        """
        from dataclasses import replace  # takes as long as all of this package, and few need it

        if not self.has_distribution:
            raise SatchelError(
                f"{self.name} gives no distribution of scores, so its pass mark is fixed: choose a "
                "model that does, such as the task's default"
            )
        return replace(
            self,
            outputs=tuple(
                [
                    output.passing_at(mark) if isinstance(output, Distribution) else output
                    for output in self.outputs
                ]
            ),
        )

    def to_json(self) -> str:
        """Return the spec as one line of JSON."""
        plain = {"spec_version": self._least_version()} | to_plain(self)
        return json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a spec.

        Raises
        ------
        SpecError
            Where the text is no JSON, was made for another version, or does not hold together.
        """
        try:
            plain = strict_json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SpecError(f"the spec is not readable JSON: {error}") from None
        return cls.from_dict(plain)

    @classmethod
    def from_dict(cls, plain: Any) -> Self:
        """Read a spec from plain Python; errors as in `from_json`."""
        version = plain.get("spec_version") if isinstance(plain, Mapping) else None
        if version not in range(1, SPEC_VERSION + 1):
            raise SpecError(
                f"the spec has version {version!r:.40}; this satchel reads versions up to "
                f"{SPEC_VERSION}: install the satchel that the bundle was made with, or later"
            )
        try:
            return from_plain(cls, plain)
        except RecursionError:
            raise SpecError("the spec is nested too deeply") from None


def _fits(feature: Feature, value: Value) -> bool:
    """Whether a field of a background record can be read."""
    if value is None:
        return feature.imputed is not None
    if isinstance(feature, Category):
        return value in feature.values
    return not isinstance(value, str) and within(value, feature.limits)


def _widths(output: Output) -> set[int]:
    """Return how many numbers the graph may give of one output for one row."""
    if isinstance(output, Distribution):
        return {len(output.scores) - 1}
    return {len(output.labels), 1} if isinstance(output, Classes) else {1}


def is_name(text: str) -> bool:
    """Whether `text` is small letters and digits of ASCII, with single hyphens between them."""
    # Told without a pattern, which takes longer to compile than all names of a folder to read.
    words = text.split("-")
    return text.isascii() and text == text.lower() and all(map(str.isalnum, words))
