"""The data sets: one module each, with its source, its columns and rows that look alike."""
