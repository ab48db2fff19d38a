"""Tables in and out, in chunks: one module per format, one contract for all (`table`)."""
