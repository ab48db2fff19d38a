"""The contract between export and runtime: what goes in, what comes out, what is known of it.

A spec travels as JSON in the metadata of an ONNX graph. It holds numbers and names only; the
operations are a closed set, and nothing in it is ever evaluated. Each class checks itself when
it is made, so a spec that exists is one that holds together.
"""

from satchel.spec.card import (
    Card,
    CategoryBins,
    Check,
    GroupMetric,
    Metric,
    NumberBins,
    Reference,
    Source,
    Value,
)
from satchel.spec.contract import SPEC_VERSION, Spec
from satchel.spec.inputs import (
    Category,
    Column,
    Derived,
    Feature,
    Inputs,
    MinMax,
    Number,
    OneHot,
    Operation,
    Ordinal,
    Standard,
)
from satchel.spec.outputs import (
    Advice,
    Breakpoints,
    Classes,
    Intervals,
    Isotonic,
    Level,
    Output,
    Recommendation,
    Regression,
    Segment,
    Sigmoid,
)
from satchel.spec.rules import Bounds

__all__ = [
    "Advice",
    "Bounds",
    "Breakpoints",
    "Card",
    "Category",
    "CategoryBins",
    "Check",
    "Classes",
    "Column",
    "Derived",
    "Feature",
    "GroupMetric",
    "Inputs",
    "Intervals",
    "Isotonic",
    "Level",
    "Metric",
    "MinMax",
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
    "Segment",
    "Sigmoid",
    "Source",
    "Spec",
    "Standard",
    "Value",
]
