"""Lakes for the tests of reports: a real collect, staged again as an optimisation would leave it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from corr.lake.optimize_tables import CHECKS, ITERATIONS, MUTANTS
from corr.lake.run_facts import RunFacts
from corr.lake.store import Lake, RunInfo
from corr.lake.tables import TABLES

EVIL = "gemm</script><img src=x onerror=window.hacked=1>&\"'`<!--"
SESSION = "optimisation of a test"
#: The name of a kernel as nobody expects it.
OTHER = "the other / one"

Rows = list[dict[str, Any]]


def hostile(text: str) -> str:
    """The text with attacks in place of what stands in every run of gemm."""
    text = text.replace("gemm", EVIL).replace("loop", "loop</style></script><svg onload=x>")
    return text.replace("C[i][j]", "</script><svg onload=hacked=1>")


def trial(iteration: int, candidate: int, **more: Any) -> dict[str, Any]:
    """A row of `iterations`, with what every proposal has."""
    return {
        "session": SESSION,
        "program": "gemm",
        "iteration": iteration,
        "candidate": candidate,
        "role": "proposal",
        "proposer": "rules",
        "kind": "flags",
        "move": f"-mllvm -option={candidate}",
        "reason": "it may be worth trying",
        "expected": 1.5,
        "clock": "kernel time",
        "pairs": 7,
        "sandboxed": True,
        **more,
    }


def timed(speedup: float, original: float, **more: Any) -> dict[str, Any]:
    """The columns that a measurement fills."""
    return {
        "seconds": 0.5 / original,
        "seconds_before": 0.5 / original * speedup,
        "speedup": speedup,
        "speedup_low": speedup * 0.95,
        "speedup_high": speedup * 1.1,
        "speedup_original": original,
        "speedup_native": original / 1.1,
        **more,
    }


FIRST: Rows = [
    trial(0, 1, role="baseline", proposer="baseline", move="-O3 -march=native", outcome="faster")
    | timed(1.1, 1.1, expected=None),
]
SECOND: Rows = [
    trial(1, 1, outcome="accepted", guarantee="tested", guarantee_detail="5 inputs", kind="source")
    | timed(2.0, 2.0, patch="--- a/gemm.c\n+++ b/gemm.c\n@@ -1 +1 @@\n-old line\n+new line\n"),
    trial(1, 2, outcome="refused", detail="inline assembly is not allowed", kind="source"),
    trial(1, 3, outcome="slower", guarantee="replayed") | timed(0.5, 1.0),
]
THIRD: Rows = [
    trial(2, 1, outcome="wrong output", detail="C differs at 17", guarantee="refuted"),
    trial(2, 2, outcome="same", guarantee="replayed") | timed(1.01, 2.02),
]
BEST: Rows = [
    trial(2, 0, role="best", proposer=None, outcome="faster", guarantee="tested", expected=None)
    | timed(1.9, 1.9),
]
CHECKED: Rows = [
    {"session": SESSION, "iteration": 1, "candidate": 1, "kind": "output", "input": name}
    | {"held_out": name == "large", "ok": True, "tolerance": "exact", "max_error": 0.0}
    for name in ("mini", "small", "large")
]

BROKEN: Rows = [
    {"session": SESSION, "loop": "kernel_gemm/1", "kind": kind, "file": "/src/gemm.c", "line": 21}
    | {"says": "every value stored here is changed", "fate": fate, "counts": True, "share": 0.96}
    | {"caught": fate == "caught", "refuted_by": by, "seconds": 0.4}
    for kind, fate, by in (
        ("store changed", "caught", "mini"),
        ("ends early", "survived", None),
    )
]


def restage(
    lake: Lake,
    run: RunInfo | None,
    facts: Mapping[str, Any],
    change: Callable[[Any], Any] = lambda value: value,
    **tables: Rows,
) -> RunInfo:
    """Commit a run with the layers of another (or none), its texts changed, and rows of its own."""
    known = {"program": "gemm", "cpu": "a processor", "cores": 2, "kernel": "6"}
    with lake.stage() as staging:
        for name, table in TABLES.items():
            rows = run.table(name) if run is not None else None
            if rows is not None and name not in ("iterations", "checks", "mutants"):
                listed = rows.drop_columns(["run_id"]).to_pylist()
                staging.write(table, table.rows([changed(row, change) for row in listed]))
        for name, rows in tables.items():
            schema = {"iterations": ITERATIONS, "checks": CHECKS, "mutants": MUTANTS}[name]
            staging.write(schema, schema.rows([changed(row, change) for row in rows]))
        base = run.facts.to_json() if run is not None else known
        return staging.commit(RunFacts.from_json(changed(base, change) | dict(facts)))


def changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """Every text in a value passed through a function."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {
            # the diff is JSON in a text: its keys stay
            key: json.dumps(changed(json.loads(one), change))
            if key == "diff"
            else changed(one, change)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [changed(one, change) for one in value]
    return value


def optimisation(
    folder: Path, a: RunInfo, b: RunInfo, change: Callable[[Any], Any] = lambda value: value
) -> Lake:
    """A lake with an optimisation: original, a better iteration, one without a gain, the best."""
    lake = Lake.open(folder, create=True)
    name = change(SESSION)
    original = {"kind": "optimize", "role": "original", "session": name}
    restage(lake, a, original, change, iterations=FIRST)
    facts = {"kind": "iteration", "session": name, "iteration": 1}
    restage(lake, b, facts, change, iterations=SECOND, checks=CHECKED, mutants=BROKEN)
    restage(lake, None, facts | {"iteration": 2}, change, iterations=THIRD)
    restage(lake, None, facts | {"kind": "optimize", "role": "best"}, change, iterations=BEST)
    return lake
