"""Rules: moves with a reason, from remarks, the machine model and the shape of loops.

One file a rule. A rule is a function from what is known of the hot loops to suggestions; nests.py
searches the orders of whole loop nests. proposer.py asks them all and feeds the results back.
"""
