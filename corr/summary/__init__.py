"""A run as text within a budget of tokens, for a person or a model.

facts.py (asks the lake) → blocks.py, code.py, source.py, history.py (one block each) →
budget.py (what fits) → markdown.py. summarise.py is the order of it.
"""
