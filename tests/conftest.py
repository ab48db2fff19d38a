import os

# Before any test imports onnxruntime without satchel, whose defence this is.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
