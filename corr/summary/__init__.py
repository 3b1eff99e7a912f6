"""A run as text within a budget of tokens, the same for a person and for a model."""
