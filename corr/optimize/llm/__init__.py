"""A language model as a proposer: what it is asked, how it is reached, how replies are read.

proposer.py is where to begin; client.py and http.py reach the server, replies.py reads.
"""
