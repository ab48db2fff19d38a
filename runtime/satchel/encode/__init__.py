"""Raw records to the float32 matrix that a graph reads."""
