"""The best value of a constant of any compiler, over many cases; code that chooses it; the proof.

study.py        what the TOML file says; begin.py writes one, with options of clang_options.py
                → settings.py, cases.py (features: expressions.py)
                → split.py: which cases no recommendation is fitted to
engine.py       measures what is missing, in turn with the baseline, on what lab.py gives: builds
                (building.py, compiler_source.py) that are told apart by content (contents.py), and
                times (readings.py; clocks.py: by which clock); tolerance.py: outputs that are off
                by a little; on_workers.py, workers.py: on Dask's
journal.py      keeps each pair at once; outcome.py is a result; snapshot.py makes a run of them,
                earlier.py finds those of before something changed
advice.py       recommends: fitting.py (which feature, if any), ladder.py (thresholds), code.py
checks.py       what is wrong with a study, before anything is run
session.py      a study at work; modes.py: measure (sampling.py: of many combinations some) → advise
                → prove
why.py          of a faster build: its layers against the baseline's
verdict.py      says in words what it comes to
analysis.py     asks queries/views/search_*.sql; results.py writes it down: comprehensive.py,
                page.py (charts.py)
"""
