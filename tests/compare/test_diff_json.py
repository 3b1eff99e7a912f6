"""The JSON of a comparison is an interface: its keys, their types, and the same bytes each time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import corr as package

#: As -O3 and -O1 have it: a vector loop, remarks on both sides, and a call inlined outside loops.
PROGRAM = """\
#include <stdio.h>
static float x[20000], y[20000];
static int inner(int n) { return n * 7 % 5; }
__attribute__((noinline)) void scale(int n, float *restrict a, const float *restrict b) {
  for (int i = 0; i < n; i++)
    a[i] = 2 * b[i] + a[i];
}
__attribute__((noinline)) int collatz(long n) {
  int steps = 0;
  while (n != 1) {
    n = n & 1 ? 3 * n + 1 : n / 2;
    steps++;
  }
  return steps;
}
#ifdef MORE
__attribute__((noinline)) int more(int n) {
  int sum = 0;
  for (int i = 0; i < n; i++) sum += i & n;
  return sum;
}
#else
#define more(n) 0
#endif
int main(int argc, char **argv) {
  int steps = inner(argc);
  for (int r = 0; r < 20000; r++) scale(20000, x, y);
  for (int i = 1; i < 60000; i++) steps += collatz(i);
  printf("%f %d\\n", x[5], steps + more(argc));
  return argv[argc] != 0;
}
"""
WHOLE, NUMBER = (int, type(None)), (float, int, type(None))
TEXT, MAYBE = str, (str, type(None))
RUN = {
    **{"run_id": TEXT, "program": TEXT, "label": MAYBE, "flags": [TEXT]},
    **{"compiler": TEXT, "started": TEXT, "revision": MAYBE, "built_with": TEXT},
}
TIME = {"time_ratio": NUMBER, "time_low": NUMBER, "time_high": NUMBER, "verdict": MAYBE}
SIDE = {
    **{"place": MAYBE, "share": NUMBER, "samples": WHOLE, "entries": WHOLE, "iterations": WHOLE},
    **{"trip_count": NUMBER, "vector_width": WHOLE, "interleave": WHOLE, "unroll": WHOLE},
    **{"mca_cycles": NUMBER, "bound": MAYBE, "ipc": NUMBER, "vector_bits": WHOLE},
    **{"instructions": WHOLE, "stack_accesses": WHOLE, "calls": WHOLE, "divisions": WHOLE},
    **{"branches": WHOLE, "selects": WHOLE, "gathers": WHOLE, "atomics": WHOLE, "fmas": WHOLE},
    **{"memory_accesses": WHOLE, "prefetches": WHOLE, "conversions": WHOLE},
    "float_operations": WHOLE,
    **{"double_operations": WHOLE, "sparsity": NUMBER, "stride": WHOLE, "called": WHOLE},
    **{"divided": WHOLE, "elements": WHOLE, "work": NUMBER, "spilled": NUMBER, "accessed": NUMBER},
    **{"jumped": NUMBER, "head": WHOLE, "vector_share": NUMBER, "undecided": NUMBER},
    **{"branch_line": WHOLE, "forwarded": WHOLE, "stalled": WHOLE, "chased": WHOLE},
    **{"cycles": NUMBER, "model_cycles": NUMBER, "loop": MAYBE},
}
REMARK = {
    **{"pass": TEXT, "tag": TEXT, "name": TEXT, "words_a": MAYBE, "words_b": MAYBE},
    **{"row_a": MAYBE, "row_b": MAYBE},
}
HYPOTHESIS = {
    **{"name": TEXT, "says": TEXT, "strength": float, "evidence": [TEXT], "refuted_by": TEXT},
    **{"source": TEXT, "confirm": MAYBE, "confirmed": MAYBE, "contradicted_by": [TEXT]},
}
LOOP = {
    **{"loop": TEXT, "place": TEXT, "function": TEXT, "matched_by": TEXT, "only_in": MAYBE},
    **{"a": SIDE, "b": SIDE, **TIME, "cost": NUMBER, "with_callees": [TEXT]},
    "remarks_appeared": [REMARK | {"words": TEXT}],
    "remarks_disappeared": [REMARK | {"words": TEXT}],
    "remarks_changed": [REMARK],
    "instructions": [{"mnemonic": TEXT, "count_a": int, "count_b": int}],
    **{"passes_began": [TEXT], "passes_stopped": [TEXT], "code_changed": bool, "changed": bool},
    "bisected": [
        {
            **{"side": TEXT, "what": TEXT, "pass_name": TEXT, "number": int, "of": int},
            **{"functions": [TEXT], "before": int, "after": int, "builds": int},
        }
    ],
    "hypotheses": [HYPOTHESIS],
}
SPENT = {"share": NUMBER, "samples": WHOLE, "called": MAYBE}
PLACE = {
    **{"key": TEXT, "kind": TEXT, "name": TEXT, "place": MAYBE, "a": SPENT, "b": SPENT},
    **{**TIME, "cost": NUMBER, "with_callees": [TEXT], "hypotheses": [HYPOTHESIS]},
}
TOTAL = {
    **{"seconds_a": float, "seconds_b": float, **TIME, "clock": TEXT, "interleaved": bool},
    **{"repetitions": [int], "margin": float},
}
CALL = {
    **{"place": TEXT, "decided": TEXT, "share": NUMBER, "seconds": NUMBER},
    **{"cost": WHOLE, "threshold": WHOLE},
}
DIFF = {
    **{"a": RUN, "b": RUN, "asked": [{"what": TEXT, "a": TEXT, "b": TEXT, "says": TEXT}]},
    "same_output": (bool, type(None)),
    "sources_differ": bool,
    "matched_loops": {"a": int, "b": int, "both": int},
    "total": TOTAL,
    "counters": [{"event": TEXT, "a": NUMBER, "b": NUMBER, "unit": MAYBE}],
    "loops": [LOOP],
    "outside_loops": [{"loop": TEXT, "change": TEXT, **REMARK, "function": TEXT}],
    "places": [PLACE],
    "regions": [
        {
            **{"region": TEXT, "path": TEXT, "metric": TEXT, "unit": MAYBE},
            **{"value_a": NUMBER, "value_b": NUMBER},
        }
    ],
    "calls": [{"callee": TEXT, "name": TEXT, "a": CALL, "b": CALL}],
}
CHECK = {
    **{"baseline": RUN, "new": RUN, "remarks_only": bool, "failed": bool},
    "findings": [
        {
            **{"rule_id": TEXT, "level": TEXT, "state": TEXT, "fails": bool, "waived": bool},
            **{"waiver": MAYBE, "loop": TEXT, "file": MAYBE, "line": WHOLE, "column": WHOLE},
            **{"message": TEXT, "evidence": dict},
        }
    ],
    "notes": [TEXT],
}


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory, corr: Any) -> Path:
    """A lake with the program at -O1 (slow), at -O3 with a loop more, and built but not run."""
    folder = tmp_path_factory.mktemp("json")
    (folder / "p.c").write_text(PROGRAM)
    for label, how, flags in (
        ("slow", ("--repeat", "5"), ("-O1",)),
        ("more", ("--repeat", "5"), ("-O3", "-DMORE")),
        ("unexecuted", ("--no-run",), ("-O3",)),
    ):
        done = corr("collect", "p.c", "--label", label, *how, "--", *flags, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


def fits(value: Any, expected: Any, where: str = "") -> None:
    """Assert that a value has the expected keys, in their order, and types, all the way down."""
    if isinstance(expected, dict):
        assert list(value) == list(expected), where
        for key, inner in expected.items():
            fits(value[key], inner, f"{where}.{key}")
    elif isinstance(expected, list):
        assert type(value) is list, where
        for number, item in enumerate(value):
            fits(item, expected[0], f"{where}[{number}]")
    else:
        types = expected if isinstance(expected, tuple) else (expected,)
        assert type(value) in types, (where, value)


def printed(corr: Any, folder: Path, *args: str, code: int = 0) -> Any:
    done = corr(*args, "--format", "json", cwd=folder)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_keys_of_a_comparison(studied: Path, corr: Any) -> None:
    result = printed(corr, studied, "diff", "slow", "more")
    fits(result, DIFF)
    loops = {entry["loop"]: entry for entry in result["loops"]}
    assert loops["more/1"]["only_in"] == "b" and loops["more/1"]["a"]["loop"] is None
    assert loops["scale/1"]["hypotheses"] and loops["scale/1"]["remarks_appeared"]
    for key in ("instructions", "passes_began", "remarks_disappeared"):
        assert any(entry[key] for entry in result["loops"]), f"{key}: the shape of none was seen"
    assert result["outside_loops"] and result["counters"]


def test_keys_without_times(studied: Path, corr: Any) -> None:
    result = printed(corr, studied, "diff", "slow", "unexecuted")
    fits(
        result, DIFF | {"total": {"verdict": type(None), "clock": type(None), "interleaved": bool}}
    )
    assert {entry["time_ratio"] for entry in result["loops"]} == {None}


def test_the_python_interface_gives_what_the_command_prints(studied: Path, corr: Any) -> None:
    difference = package.open(studied / "data").diff("slow", "more")
    fits(dict(difference), DIFF)
    assert difference == printed(corr, studied, "diff", "slow", "more")


def test_keys_of_the_gate(studied: Path, corr: Any) -> None:
    args = ("check", "more", "slow", "--no-remeasure")
    answer = printed(corr, studied, *args, code=1)
    fits(answer, CHECK)
    assert answer["findings"] and {"rule_id", "evidence"} <= set(answer["findings"][0])


def test_a_comparison_is_the_same_each_time(studied: Path) -> None:
    lake = package.open(studied / "data")
    first, *others = (json.dumps(lake.diff("slow", "more")) for _ in range(8))
    assert set(others) == {first}
