"""Training: data sets, tasks, models, and the honest measurement of what they reach."""
