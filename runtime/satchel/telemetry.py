"""Keeps ONNX Runtime from reporting to its maker: set before anything can import it.

ONNX Runtime 1.29 and later reports usage unless ``ORT_DISABLE_TELEMETRY`` is set before it is
first imported.
"""

import os
import sys
import warnings

SWITCH = "ORT_DISABLE_TELEMETRY"
SWITCHED = ("1", "true", "yes", "on")


def switch_off() -> None:
    """Set the switch for this process and its children; warn where that comes too late."""
    late = "onnxruntime" in sys.modules
    if late and os.environ.get(SWITCH, "").lower() not in SWITCHED:
        warnings.warn(
            "onnxruntime was imported before satchel, so its telemetry may be on: import satchel "
            f"first, or set {SWITCH}=1",
            RuntimeWarning,
            stacklevel=3,
        )
    os.environ[SWITCH] = "1"
