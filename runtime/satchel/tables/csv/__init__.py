"""CSV, read and written as schools write it."""
