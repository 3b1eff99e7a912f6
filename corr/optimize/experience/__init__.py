"""What earlier sessions of the same lake taught: which proposals paid on which evidence.

seen.py (what was seen at the hot places of a run) → rows of `iterations` → the view `tried_where`
→ tried.py (kept, by run) → earlier.py (a lesson for each rule and kind of evidence), said by
words.py. The rules order their proposals by it.
keeping.py makes a recipe (recipe.py: its file) of what a model proposed and the judge accepted:
generalise.py finds the loops that were changed, pattern.py fits them to others, token by token
(c_tokens.py).
"""
