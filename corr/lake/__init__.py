"""Runs on disk, and asking them.

store.py            a run appears by one rename; index.py finds it
marker.py           what makes a place a lake; run_ids.py how runs are named
remote.py           a lake on shared storage, and what a machine keeps of it
run_facts.py        what run.json says of it
packs.py            many old runs in few files; compact.py makes them
tables.py           every table there is; optimize_tables.py those of an optimisation,
                    search_tables.py of a search
sql.py              DuckDB over it: tables, and the views of queries/views
finding_kinds.py    what the view `findings` is put together from
live.py             what a running optimisation says of itself
"""
