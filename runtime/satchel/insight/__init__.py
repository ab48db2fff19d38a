"""What stands behind an answer: explanations, changes, drift."""
