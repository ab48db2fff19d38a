"""The contract between export and runtime: what goes in, what comes out, what is known of it.

A spec travels as JSON in the metadata of an ONNX graph. It holds numbers and names only; the
operations are a closed set, and nothing in it is ever evaluated. Each class checks itself when
it is made, so a spec that exists is one that holds together.
"""

from satchel.spec.card import (
    ALL_ROWS,
    CHOICE,
    FRESH,
    TEST,
    WITHOUT,
    Card,
    CategoryBins,
    Check,
    Disparity,
    Fairness,
    Group,
    Importance,
    Metric,
    NumberBins,
    Reference,
    Source,
    Sweep,
    Value,
)
from satchel.spec.contract import SPEC_VERSION, Spec
from satchel.spec.inputs import (
    Category,
    Column,
    Derived,
    Direction,
    Feature,
    Inputs,
    MinMax,
    Missing,
    Monotonic,
    Number,
    OneHot,
    Operation,
    Ordinal,
    Standard,
)
from satchel.spec.outputs import (
    Advice,
    Breakpoints,
    Calibration,
    Classes,
    Distribution,
    Intervals,
    Isotonic,
    Level,
    Output,
    Recommendation,
    Regression,
    Score,
    Segment,
    Sigmoid,
)
from satchel.spec.rules import Bounds

__all__ = [
    "ALL_ROWS",
    "Advice",
    "Bounds",
    "Breakpoints",
    "Card",
    "CHOICE",
    "Calibration",
    "Category",
    "CategoryBins",
    "Check",
    "Classes",
    "Column",
    "Derived",
    "Direction",
    "Disparity",
    "Distribution",
    "Fairness",
    "FRESH",
    "Feature",
    "Group",
    "Importance",
    "Inputs",
    "Intervals",
    "Isotonic",
    "Level",
    "Metric",
    "MinMax",
    "Missing",
    "Monotonic",
    "Number",
    "NumberBins",
    "OneHot",
    "Operation",
    "Ordinal",
    "Output",
    "Recommendation",
    "Reference",
    "Regression",
    "SPEC_VERSION",
    "Score",
    "Segment",
    "Sigmoid",
    "Source",
    "Spec",
    "Standard",
    "Sweep",
    "TEST",
    "Value",
    "WITHOUT",
]

# The modules of this package are private.
for _name in __all__:
    _public = globals()[_name]
    if isinstance(_public, type):
        _public.__module__ = __name__
