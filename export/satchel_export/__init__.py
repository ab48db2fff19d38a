"""Export: a trained model to one ONNX graph, and with its spec to a bundle."""
