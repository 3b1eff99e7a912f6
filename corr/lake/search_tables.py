"""The tables that `corr search` adds to a run: a study, its cases, what was measured, what follows.

A run of `corr search` is a snapshot of its study: every result that is known for the study as it is
now (`current`), and what else was measured meanwhile, so that nothing has to be measured twice.
"""

from __future__ import annotations

import pyarrow as pa

from collectors.base.table import BOOL, INT, REAL, STRING, Table, column

SEARCHES = Table(
    "searches",
    "a search of the best value of a constant: its study, and which part of it was done when",
    pa.schema(
        [
            column("study", STRING, "name of the study"),
            column("mode", STRING, "quick, full, run, analyze, test-optimized, import"),
            column("file", STRING, "the file that says what is searched"),
            column("text", STRING, "its content"),
            column("knobs", pa.list_(STRING), "names of what is varied"),
            column("baseline", STRING, "the setting that all others are compared with"),
            column("settings", pa.list_(STRING), "settings that were asked for"),
            column("cases", INT, "cases of the study"),
            column("held_out", INT, "those of them that no recommendation was fitted to"),
            column("machine", STRING, "processor and number of cores"),
            column("compiler", STRING, "what the compiler says of its version"),
            column("depends", pa.map_(STRING, STRING), "files its results depend on, and hashes"),
        ]
    ),
    version=2,
)

SEARCH_CASES = Table(
    "search_cases",
    "one case of a study with its features",
    pa.schema(
        [
            column("study", STRING, "name of the study"),
            column("case_name", STRING, "name of the case: its line, or its features"),
            column("part", STRING, "tuning, or held-out: no recommendation was fitted to it"),
            column("class", STRING, "recommendations are made for each class on its own"),
            column("features", pa.map_(STRING, REAL), "its features that are numbers"),
            column("labels", pa.map_(STRING, STRING), "those that are words"),
            column(
                "same_case_as", STRING, "case that is the same command: this one is not counted"
            ),
        ]
    ),
    version=2,
)

SEARCH_RESULTS = Table(
    "search_results",
    "one setting of the knobs for one case, timed in turn with the baseline",
    pa.schema(
        [
            column("study", STRING, "name of the study"),
            column("case_name", STRING, "the case"),
            column("setting", STRING, "values of the knobs; `recommended` for what was advised"),
            column("value", REAL, "the value, where there is one knob and it is a number"),
            column("role", STRING, "baseline, value, or recommended"),
            column("used", STRING, "the setting that was advised for this case"),
            column("outcome", STRING, "ok, does not build, wrong result, timed out, crashed, …"),
            column("detail", STRING, "why it failed, or was given up"),
            column("seconds", REAL, "median time"),
            column("seconds_baseline", REAL, "median time of the baseline in the same series"),
            column(
                "ratio",
                REAL,
                "time over the baseline's, geometric mean of the pairs: below 1 is faster",
            ),
            column("low", REAL, "lower end of its 99 % interval, by Student's t of the logarithms"),
            column("high", REAL, "upper end"),
            column("p_value", REAL, "probability of such a difference where there is none"),
            column("verdict", STRING, "faster, slower, same, inconclusive"),
            column("pairs", INT, "pairs of runs that it rests on"),
            column("clock", STRING, "what decided: its own time, CPU time, wall time"),
            column("disagreement", STRING, "what CPU and wall time say, where that is opposite"),
            column("same_code_as", STRING, "setting with equal machine code, which was measured"),
            column("request", STRING, "hash of all that was asked for: known before a build"),
            column("key", STRING, "hash of the two programs that ran, their input and machine"),
            column("host", STRING, "the machine that measured it"),
            column("current", BOOL, "it is of the study as it was at this run"),
        ]
    ),
    version=2,
)

SEARCH_PAIRS = Table(
    "search_pairs",
    "one pair of runs, baseline and value one after the other, in the run that measured it",
    pa.schema(
        [
            column("study", STRING, "name of the study"),
            column("key", STRING, "which two programs: `search_results.key`"),
            column("pair", INT, "which pair of the series, from 0"),
            column("seconds_a", REAL, "what the study's clock says of the baseline, if not these:"),
            column("seconds_b", REAL, "and of the value"),
            column("wall_a", REAL, "wall time of the baseline in seconds"),
            column("wall_b", REAL, "of the value"),
            column("cpu_a", REAL, "CPU time of the baseline, user and system"),
            column("cpu_b", REAL, "of the value"),
            column("host", STRING, "the machine"),
        ]
    ),
)

SEARCH_ADVICE = Table(
    "search_advice",
    "what a study recommends for a class of cases: thresholds, or one value, or nothing",
    pa.schema(
        [
            column("study", STRING, "name of the study"),
            column("class", STRING, "the class of cases; empty where there is one"),
            column("verdict", STRING, "recommended, or no recommendation"),
            column("why", STRING, "what the verdict rests on, in a sentence"),
            column("ladder", STRING, "the thresholds in a line"),
            column("features", pa.list_(STRING), "features that it asks for"),
            column("steps", INT, "values that it chooses between"),
            column("speedup", REAL, "geometric mean over the tuning cases that it should give"),
            column("single", STRING, "best single value for all cases"),
            column("single_speedup", REAL, "geometric mean of that one"),
            column("best_speedup", REAL, "what the best value of each case would give"),
            column("sure_speedup", REAL, "of that, what is beyond the 99 % interval of its case"),
            column("p_value", REAL, "share of shuffled features that explain as much"),
            column("code", STRING, "the recommended code"),
            column("language", STRING, "its language"),
        ]
    ),
    version=2,
)

SEARCH_REASONS = Table(
    "search_reasons",
    "what the compiler did otherwise in a faster build: the layers of both, joined by loop",
    pa.schema(
        [
            column("study", STRING, "name of the study"),
            column("case_name", STRING, "the case"),
            column("setting", STRING, "the setting that is faster there"),
            column("loop", STRING, "key of the loop"),
            column("place", STRING, "file:line of the loop"),
            column("what", STRING, "remark, vector width, unrolling, spills, machine model"),
            column("before", STRING, "in the baseline's build"),
            column("after", STRING, "in the faster one"),
        ]
    ),
)

SEARCH_TABLES = (
    *(SEARCHES, SEARCH_CASES, SEARCH_RESULTS, SEARCH_PAIRS, SEARCH_ADVICE, SEARCH_REASONS),
)
