"""What the insights ask of a predictor, which offers them as its own methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from satchel.encode.rows import Rows
    from satchel.insight.quantity import Quantity
    from satchel.prediction import Floats, Origin, Prediction, Predictions
    from satchel.spec import Spec


class Predicting(Protocol):
    """Answers records; `satchel.Predictor` says what each member does."""

    @property
    def name(self) -> str:
        """The bundle's full name."""

    @property
    def spec(self) -> Spec:
        """Inputs, outputs and card of the bundle."""

    @property
    def origin(self) -> Origin:
        """Name, version and digest."""

    def predict(self, record: Mapping[str, object]) -> Prediction:
        """Answer one record."""

    def predict_many(self, rows: Rows) -> Predictions:
        """Answer many records."""

    def measure(self, rows: Rows, quantity: Quantity) -> Floats:
        """Return one unrounded number per row."""
