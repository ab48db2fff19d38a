import os

from hypothesis import settings

# Before any test imports onnxruntime without satchel, whose defence this is.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# No test fails for being slow.
settings.register_profile("satchel", deadline=None)
settings.load_profile("satchel")
