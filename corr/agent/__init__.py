"""corr for agents: a server of the Model Context Protocol over a lake.

budget.py     pages of rows, cut to a number of tokens
results.py    what a tool answers, typed
reading.py    tools that only read the lake
running.py    tools that run programs, behind --allow-run: collect one, judge a candidate
candidate.py  one change given by hand, through the optimiser's own judge
server.py     the tools, resources and prompts on the official SDK
http.py       over HTTP, on this machine only, with a token
clients.py    the configuration that usual clients take
"""
