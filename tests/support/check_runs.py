"""Builds of one program that the gate for CI compares, the gate itself, and reports made up from plain data."""

from __future__ import annotations

import contextlib
import datetime
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from corr.check.facts import Facts
from corr.check.findings import Report
from corr.check.formats import CheckFormat, render
from corr.check.rules import check
from corr.compare.difference import (
    ComparedRun,
    Diff,
    LoopDiff,
    MnemonicChange,
    RemarkChanges,
    Total,
)
from corr.compare.judged import TimeRatio
from corr.compare.side import Side
from corr.system.config import CheckSettings
from corr.timing.verdict import Verdict
from tests.support.command import Corr
from tests.support.places import FIXTURES

SCHEMA = FIXTURES / "sarif-schema-2.1.0.json"
PROGRAM = """\
#ifdef ALIAS
#define RESTRICT
#else
#define RESTRICT restrict
#endif
#ifdef SPILL
#define K 40
#else
#define K 4
#endif
#ifdef NOINLINE
__attribute__((noinline))
#endif
static float helper(float x) { return x * x + 1.0f; }
void look_up(int n, float *RESTRICT o, const float *RESTRICT a, const int *RESTRICT x) {
  for (int i = 0; i < n; i++) {
    float t = a[x[i]];
    o[i] = ((t * t + 3.0f) * t + 1.0f) * t + t / (t + 2.0f);
  }
}
float sum(int n, const float *a) {
  float s = 0;
  for (int i = 0; i < n; i++) s += helper(a[i]);
  return s;
}
double mix(int n, const double *a) {
  double s[K], t = 0;
#pragma clang loop unroll(full)
  for (int k = 0; k < K; k++) s[k] = k;
  for (int i = 0; i < n; i++) {
#pragma clang loop unroll(full)
    for (int k = 0; k < K; k++) s[k] = s[k] * a[i] + s[(k * 7 + 3) % K];
  }
#pragma clang loop unroll(full)
  for (int k = 0; k < K; k++) t += s[k];
  return t;
}
void scale(int n, float *a) {
#ifdef NARROW
#pragma clang loop vectorize_width(2) interleave_count(1)
#endif
#ifndef GONE
  for (int i = 0; i < n; i++) a[i] *= 3;
#endif
}
float outside(float x) { return helper(x) + 1; }
"""
HOSTILE = "a,b:1|<b>%0A::error::`x`[y](z)@me.c"
BUILDS = {
    "base": (),
    "comment": (),
    "alias": ("-DALIAS",),
    "noinline": ("-DNOINLINE",),
    "spill": ("-DSPILL",),
    "narrow": ("-DNARROW",),
    "gone": ("-DGONE",),
}


def collect(
    corr: Corr, folder: Path, source: str, label: str, *flags: str, run: bool = False
) -> None:
    how = ("--repeat", "5", "--no-cachegrind") if run else ("--no-run",)
    done = corr(
        *("collect", source, *how, "--label", label, "--", "-O3", *flags),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr


def invoke(*args: str, cwd: Path) -> SimpleNamespace:
    """`corr check ARGS` in this process, which is quicker than one of its own."""
    from corr.cli import _run

    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = _run(["check", *args])
    return SimpleNamespace(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())


def found(folder: Path, *args: str, code: int) -> list[tuple[str, str, str]]:
    """What `corr check ARGS` finds anew: rule, loop, message."""
    done = invoke(*args, "--format", "json", cwd=folder)
    assert done.returncode == code, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert answer["failed"] == bool(code)
    return [
        (f["rule_id"], f["loop"], f["message"])
        for f in answer["findings"]
        if f["state"] == "new" and f["level"] == "warning"
    ]


DAY = datetime.date(2026, 1, 1)


def reports(lake: Path, a: str, b: str, today: datetime.date = DAY, **settings: Any) -> Report:
    """The report on two runs of the lake, made in this process."""
    from corr.check.facts import gather
    from corr.compare.diff import diff
    from corr.lake.store import Lake

    opened = Lake.open(lake / "data")
    runs = opened.find(a), opened.find(b)
    difference = diff(opened, *runs)
    facts = gather(opened, runs, difference, remarks_only=True)
    return check(difference, CheckSettings(**settings), facts, remarks_only=True, today=today)


RUN = ComparedRun("20260101T000000.000000-0000")
SIDE = Side(
    place="p.c:3", share=0.9, samples=900, vector_width=4, interleave=1, instructions=40,
    stack_accesses=0, calls=0, loop="f/1",
)  # fmt: skip


def hot_loop(
    verdict: str = "slower",
    a: Side = SIDE,
    b: Side = SIDE,
    remarks: RemarkChanges | None = None,
    code_changed: bool = True,
) -> LoopDiff:
    """A hot loop of a comparison; its time is that of b over a, whatever the verdict."""
    mnemonics = (MnemonicChange("addq", 1, 2),) if code_changed else ()
    time = TimeRatio(1.5, 1.3, 1.7, Verdict(verdict))
    return LoopDiff(
        *("f/1", "p.c:3", "f", "key", a, b, time, 0.1), remarks or RemarkChanges(), mnemonics
    )


def judged(
    loop: LoopDiff, total: str = "same", facts: Facts | None = None, **options: Any
) -> Report:
    time = TimeRatio(1.0, 0.9, 1.1, Verdict(total))
    whole = Total(1.0, 1.0, time, "wall time", False, (5, 5), 0.15)
    difference = Diff(RUN, RUN, whole, loops=(loop,))
    return check(difference, CheckSettings(), facts, **options)


def rendered(report: Report, format: CheckFormat) -> str:
    out = io.StringIO()
    render(report, format, out)
    return out.getvalue()
