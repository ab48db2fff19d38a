"""Student-performance models that a school can run itself.

>>> import satchel
>>> predictor = satchel.load("secondary-mathematics")
>>> predictor.name
'secondary-mathematics.random-forest'
"""

from satchel.bundle import Bundle, models
from satchel.drift import Comparison, Drift, FeatureDrift
from satchel.errors import (
    BundleError,
    DataError,
    Problem,
    RecordError,
    SatchelError,
    SpecError,
    TableError,
)
from satchel.explain import Contribution, Explanation
from satchel.note import Note
from satchel.prediction import Answer, Answers, Interval, Origin, Prediction, Predictions
from satchel.predictor import Predictor, Verification, load
from satchel.what_if import Suggestion, Suggestions, WhatIf

__version__ = "0.1.0"

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
