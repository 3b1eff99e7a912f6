"""The gate for continuous integration: `corr check`.

rules.py     comparison → findings; findings.py what a finding is
formats.py   findings for people, GitHub, GCC, SARIF
"""
