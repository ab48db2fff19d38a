"""Student-performance models that a school can run itself.

>>> import satchel
>>> predictor = satchel.load("secondary-mathematics")
>>> predictor.name
'secondary-mathematics.monotonic-mlp'
"""

import importlib
from typing import TYPE_CHECKING, Any

from satchel import telemetry

if TYPE_CHECKING:
    from satchel.bundle import Bundle, models
    from satchel.distribution import ScoreDistribution
    from satchel.errors import (
        BundleError,
        DataError,
        Problem,
        RecordError,
        SatchelError,
        SpecError,
        TableError,
    )
    from satchel.insight.drift import Comparison, Drift, FeatureDrift
    from satchel.insight.explain import Contribution, Explanation
    from satchel.insight.what_if import Suggestion, Suggestions, WhatIf
    from satchel.note import Note
    from satchel.prediction import Answer, Answers, Interval, Origin, Prediction, Predictions
    from satchel.predictor import Predictor, Verification, load
    from satchel.tables.mapping import TableMapping
    from satchel.tables.predicting import TableOptions, TableSummary, predict_table
    from satchel.tables.run import open_table
    from satchel.tables.table import Chunk, FileOptions, Table

__version__ = "0.2.0"

__all__ = [
    "Answer",
    "Answers",
    "Bundle",
    "BundleError",
    "Chunk",
    "Comparison",
    "Contribution",
    "DataError",
    "Drift",
    "Explanation",
    "FeatureDrift",
    "Interval",
    "Note",
    "FileOptions",
    "Origin",
    "Prediction",
    "Predictions",
    "Predictor",
    "Problem",
    "RecordError",
    "SatchelError",
    "ScoreDistribution",
    "SpecError",
    "Suggestion",
    "Suggestions",
    "Table",
    "TableError",
    "TableMapping",
    "TableOptions",
    "TableSummary",
    "Verification",
    "WhatIf",
    "__version__",
    "load",
    "models",
    "open_table",
    "predict_table",
]

# Where the names above are looked for when they are first used, what needs least first: so
# `satchel doctor` starts on a machine where numpy or ONNX Runtime is missing or dies. Each sets
# its own `__module__` to "satchel", so it has one name however it is first reached.
_HOMES = (
    "errors",
    "note",
    "bundle",
    "distribution",
    "prediction",
    "predictor",
    "insight.explain",
    "insight.what_if",
    "insight.drift",
    "tables.table",
    "tables.mapping",
    "tables.run",
    "tables.predicting",
)

telemetry.switch_off()


# Hidden from type checkers: they would accept any name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in __all__:
            for home in _HOMES:
                module = importlib.import_module(f"satchel.{home}")
                if hasattr(module, name):
                    globals()[name] = getattr(module, name)
                    return globals()[name]
        raise AttributeError(f"module 'satchel' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
