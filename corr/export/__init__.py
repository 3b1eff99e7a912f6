"""A run or an optimisation in another tool's format: one file a format, named after it."""
