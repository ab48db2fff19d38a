"""How well a model does: metrics, calibration, fairness, and what chance explains."""
