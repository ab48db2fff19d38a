"""Export: a trained model to one ONNX graph, and with its spec to a bundle."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from satchel_export.network import from_network
    from satchel_export.pipeline import from_pipeline

__all__ = ["from_network", "from_pipeline"]


def __getattr__(name: str) -> Any:
    # Only who makes a bundle needs scikit-learn and pandas.
    if name in __all__:
        module = importlib.import_module(f"{__name__}.{name.removeprefix('from_')}")
        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
