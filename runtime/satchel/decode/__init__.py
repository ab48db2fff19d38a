"""Raw outputs of a graph to predictions."""
