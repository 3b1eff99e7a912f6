"""The tables that `corr optimize` adds to a run: what was proposed, what came of it, the checks."""

from __future__ import annotations

import pyarrow as pa

from collectors.base.table import BOOL, INT, LINE, REAL, STRING, Table, column

ITERATIONS = Table(
    "iterations",
    "one proposal of an optimisation and what came of it; the original and baselines are rows too",
    pa.schema(
        [
            column("session", STRING, "the optimisation that it belongs to"),
            column("program", STRING, "name of the program"),
            column("iteration", INT, "0: original and baselines, from 1: proposals"),
            column("candidate", INT, "which proposal of the iteration, from 1"),
            column("parent", STRING, "run_id of the variant that it changes"),
            column("role", STRING, "original, baseline, proposal, best (the final measurement)"),
            column("proposer", STRING, "rules, recipes, llm, or who made it"),
            column("kind", STRING, "flags, pragma, schedule, source, ir; joined by + if several"),
            column("move", STRING, "what it changes, in a line"),
            column(
                "moves", STRING, "the moves as JSON: with the original they rebuild the variant"
            ),
            column("rule", STRING, "what it is called on every program alike: rule, flags, recipe"),
            column("loop", STRING, "key of the loop that it is for"),
            column(
                "evidence",
                pa.list_(STRING),
                "what was seen at the hottest place of that, in the run that it changes, the"
                " likeliest first: kinds of findings, what binds the machine model, remarks",
            ),
            column("reason", STRING, "why it was proposed"),
            column("from_original", BOOL, "it changes the original, not the best before it"),
            column("learned", STRING, "why earlier sessions had it tried first, or last"),
            column("expected", REAL, "speed-up that was expected, as a factor over the parent"),
            column("outcome", STRING, "accepted, same, slower, refused, wrong output, …"),
            column("detail", STRING, "why it ended so"),
            column(
                "seconds", REAL, "median time of it, of one kernel, in turn with the best before it"
            ),
            column("seconds_before", REAL, "median time of the best before it, in the same series"),
            column("clock", STRING, "what decided: kernel time (its own), CPU time or wall time"),
            column("cpu_seconds", REAL, "median CPU time of it, less what is not its kernel"),
            column("load", REAL, "wall over CPU time where other work kept it waiting, else NULL"),
            column("pairs", INT, "how many pairs were timed"),
            column("speedup", REAL, "time of the best before it over its own"),
            column("speedup_low", REAL, "lower end of the 99 % interval"),
            column("speedup_high", REAL, "upper end"),
            column("speedup_original", REAL, "time of the original over its own"),
            column("speedup_native", REAL, "time of -O3 -march=native over its own"),
            column("speedup_polly", REAL, "time of -O3 -march=native with Polly over its own"),
            column("roof_seconds", REAL, "least time of the original's work by the machine's roof"),
            column("roof_share", REAL, "that over its own time: its share of what is possible"),
            column("roof_share_low", REAL, "lower end of the 99 % interval"),
            column("roof_share_high", REAL, "upper end"),
            column("roof", STRING, "what that least time goes to, or why it is not known"),
            column("guarantee", STRING, "proved, tested, replayed, refuted, unknown"),
            column("guarantee_detail", STRING, "on what it rests"),
            column("reassociation", BOOL, "floating-point reordering was allowed"),
            column(
                "unchecked", BOOL, "loops whose wrong results no check notices could be changed"
            ),
            column("sandboxed", BOOL, "ran in the sandbox"),
            column("model", STRING, "the model that proposed it"),
            column("level", STRING, "the level of moves that was asked for"),
            column("prompt_tokens", INT, "tokens sent for it"),
            column("completion_tokens", INT, "tokens received for it"),
            column("cost", REAL, "what they cost, at the prices given"),
            column("cached", BOOL, "the reply came from the cache"),
            column("summary_sha256", STRING, "hash of the summary that the proposer saw"),
            column("patch", STRING, "unified diff against the original sources"),
            column("compile_seconds", REAL, "seconds spent compiling for it"),
            column("run_seconds", REAL, "seconds spent running it and what it is compared with"),
            column("trial_seconds", REAL, "seconds from the proposal to the verdict"),
        ]
    ),
    version=5,
)

CHECKS = Table(
    "checks",
    "one comparison of a proposal's outputs, or another proof that it computes the same",
    pa.schema(
        [
            column("session", STRING, "the optimisation that it belongs to"),
            column("iteration", INT, "iteration of the proposal"),
            column("candidate", INT, "which proposal of the iteration"),
            column("kind", STRING, "output, sanitizer, proof, command"),
            column("input", STRING, "the input, as the program was told of it"),
            column("held_out", BOOL, "chosen after the proposal was made"),
            column("ok", BOOL, "it passed"),
            column("tolerance", STRING, "exact, or the relative error that is allowed"),
            column("max_error", REAL, "largest relative error of a number; 0 for equal bits"),
            column("detail", STRING, "the first difference, or what was said"),
        ]
    ),
)

MUTANTS = Table(
    "mutants",
    "one program that was broken on purpose, to see whether the check of an optimisation finds out",
    pa.schema(
        [
            column("session", STRING, "the optimisation whose check it tries"),
            column("loop", STRING, "key of the nest's outermost loop, or the function without one"),
            column("kind", STRING, "how it was broken: a store changed, an iteration dropped, …"),
            column("file", STRING, "source file of the place"),
            column("line", LINE, "line of the place"),
            column("says", STRING, "what was changed there, in words"),
            column("fate", STRING, "caught, crashed, hung, survived, equivalent, not built"),
            column("counts", BOOL, "it was another program, and it was run"),
            column("caught", BOOL, "refuted; NULL where it does not count"),
            column("refuted_by", STRING, "the input, or command: the user's own check"),
            column("detail", STRING, "the first difference, or how it ended"),
            column("share", REAL, "share of the run's samples in the nest"),
            column("seconds", REAL, "seconds that it took to build and run it"),
        ]
    ),
)
