"""Student-performance models that a school can run itself.

>>> import satchel
>>> predictor = satchel.load("secondary-mathematics")
>>> predictor.name
'secondary-mathematics.random-forest'
"""

from typing import TYPE_CHECKING, Any

from satchel.bundle import Bundle, models
from satchel.errors import (
    BundleError,
    DataError,
    Problem,
    RecordError,
    SatchelError,
    SpecError,
    TableError,
)
from satchel.note import Note
from satchel.prediction import Answer, Answers, Interval, Origin, Prediction, Predictions
from satchel.predictor import Predictor, Verification, load

if TYPE_CHECKING:
    from satchel.drift import Comparison, Drift, FeatureDrift
    from satchel.explain import Contribution, Explanation
    from satchel.what_if import Suggestion, Suggestions, WhatIf

__version__ = "0.1.0"

# Loaded when first asked for: who only predicts need not wait for them.
_LATER = {
    "Comparison": "drift",
    "Contribution": "explain",
    "Drift": "drift",
    "Explanation": "explain",
    "FeatureDrift": "drift",
    "Suggestion": "what_if",
    "Suggestions": "what_if",
    "WhatIf": "what_if",
}

__all__ = [
    "Answer",
    "Answers",
    "Bundle",
    "BundleError",
    "Comparison",
    "Contribution",
    "DataError",
    "Drift",
    "Explanation",
    "FeatureDrift",
    "Interval",
    "Note",
    "Origin",
    "Prediction",
    "Predictions",
    "Predictor",
    "Problem",
    "RecordError",
    "SatchelError",
    "SpecError",
    "Suggestion",
    "Suggestions",
    "TableError",
    "Verification",
    "WhatIf",
    "__version__",
    "load",
    "models",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'satchel' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"satchel.{_LATER[name]}"), name)
