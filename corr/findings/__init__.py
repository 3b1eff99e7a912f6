"""What to say first of a run: each hot place in a sentence, written from the evidence.

The kinds are files of queries/findings, which the view `findings` of the lake puts together; here
they become values, and texts that every reader shares.

of_run.py     the findings of a run, or of one of its places
sentences.py  as lines of a terminal
"""
