"""The gate for continuous integration: `corr check`.

facts.py     what it needs beside the comparison (queries/check)
rules.py     comparison → findings; remarks.py what the compiler's words say to it
findings.py  what a finding is, and the waivers
formats.py   findings for people, GitHub, GCC; sarif.py for code scanning
"""
