"""Regions that a program marks in itself, of Caliper or PAPI.

caliper.py, caliper_json.py, papi.py   readers of their files, through json_files.py
marks.py           their tables, and where in the source a region is marked
while_running.py   runs a marked program and gathers what it leaves
"""
