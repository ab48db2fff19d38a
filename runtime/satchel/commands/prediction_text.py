"""What `satchel predict --record` prints of a prediction."""

from __future__ import annotations

from collections.abc import Iterator

from satchel.commands import spelled
from satchel.prediction import Prediction
from satchel.spec import Spec
from satchel.wording import demonstration


def prediction_lines(prediction: Prediction, spec: Spec) -> Iterator[str]:
    """Yield the answer of each output, then what is to be said of it."""
    if spec.demonstration:
        yield demonstration(spec)
    for output in spec.outputs:
        answer = prediction.outputs[output.name]
        parts = spelled(output, answer)
        for i in answer.intervals:
            parts.append(f"{i.level:.0%} interval {i.low:g} to {i.high:g}")
        yield f"{answer.name}: {', '.join(parts)}"
    if prediction.advice:
        yield f"Advice: {prediction.advice}"
    doubts = prediction.doubts
    if doubts:
        yield f"Not reliable: {'; '.join(doubts)}"
    for note in prediction.notes:
        if str(note) not in doubts:
            yield f"Note: {note}"
    yield f"({prediction.origin.model} {prediction.origin.version})"
