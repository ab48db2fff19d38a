"""Tables in and out, in chunks: one module per format."""
