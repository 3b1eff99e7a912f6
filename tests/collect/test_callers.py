"""Who called what takes the time, from the recording to what is printed and exported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import Corr
from tests.support.shared import made_once

PROGRAM = """\
#include <stdio.h>
#include <stdlib.h>
#define N (1 << 21)
__attribute__((noinline)) static double fill(int seed) {
  double *p = malloc(N * sizeof *p);
  for (int i = 0; i < N; i++) p[i] = seed + i;
  double s = p[seed];
  free(p);
  return s;
}
static int order(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}
__attribute__((noinline)) static int sorted(int n) {
  int *a = malloc(n * sizeof *a);
  for (int i = 0; i < n; i++) a[i] = i * 2654435761u;
  qsort(a, n, sizeof *a, order);
  int first = a[0];
  free(a);
  return first;
}
int main(void) {
  double s = 0;
  for (int r = 0; r < 20; r++) s += fill(r);
  s += sorted(700000);
  FILE *f = fopen("/dev/null", "w");
  for (int i = 0; i < 200000; i++) { fputc('a', f); fflush(f); }
  fclose(f);
  printf("%g\\n", s);
  return 0;
}
"""
FAULT, FREE, QSORT, FLUSH = "p.c:6", "p.c:8", "p.c:18", "p.c:28"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    def fill(made: Path) -> None:
        (made / "p.c").write_text(PROGRAM)
        words = ("p.c", "--repeat", "2", "--no-cachegrind")
        done = corr("collect", *words, "--", "-O2", cwd=made)
        assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, "callers", fill)


def test_the_kernel_is_split_and_says_under_what(folder: Path, corr: Corr) -> None:
    done = corr("hotspots", "--format", "json", "--limit", "100", cwd=folder)
    found = json.loads(done.stdout)
    outside = {r["function"]: r for r in found if r["loop"] is None}
    kernel = {r["function"] for r in found if r["place"] == "[kernel]"}
    assert {"page faults", "memory mapping", "input and output"} <= kernel
    expected = {
        "page faults": f"in fill ({FAULT})",
        "memory mapping": f"under free in fill ({FREE})",
        "input and output": f"under fflush in main ({FLUSH})",
        "order": f"called by qsort_r in sorted ({QSORT})",
    }
    for function, says in expected.items():
        assert outside[function]["callers"][0].startswith(says), outside[function]
    assert sum(r["share"] or 0 for r in found) == pytest.approx(1, abs=0.02)
    shown = corr("hotspots", cwd=folder).stdout
    assert f"in fill ({FAULT}), " in shown


def test_findings_name_the_caller(folder: Path, corr: Corr) -> None:
    said = corr("explain", cwd=folder).stdout
    assert f"under fflush in main ({FLUSH})" in said
    assert "page faults: " in said and f", in fill ({FAULT})" in said


def test_why_names_the_callers_of_a_function_and_of_a_loop(folder: Path, corr: Corr) -> None:
    assert f"100% called by qsort_r in sorted ({QSORT})" in corr("why", "order", cwd=folder).stdout
    assert "100% called in main (p.c:25)" in corr("why", "fill/1", cwd=folder).stdout


def test_a_line_says_what_it_calls_and_what_is_said_of_that(folder: Path, corr: Corr) -> None:
    """It has no sample of its own, and is the line to change."""
    why = corr("why", FLUSH, cwd=folder).stdout
    assert "calls: fflush · " in why and "flush less often" in why.lower()
    said = corr("explain", "--place", FLUSH, cwd=folder).stdout
    assert f"under fflush in main ({FLUSH})" in said and FAULT not in said
    assert f"in fill ({FAULT})" in corr("explain", "--place", "fill", cwd=folder).stdout
    assert "calls: qsort" in corr("why", "sorted", cwd=folder).stdout
    assert "calls: " not in corr("why", "order", cwd=folder).stdout


def test_exports_carry_whole_stacks(folder: Path, corr: Corr) -> None:
    stacks = corr("export", "collapsed", cwd=folder).stdout.splitlines()
    faults = [s for s in stacks if ";main;loop main/1;fill;loop fill/1;page faults;" in s]
    assert faults and all(s.startswith("p;_start;") for s in faults)
    assert any(";main;sorted;" in s and "qsort_r;" in s and ";order;p.c:" in s for s in stacks)
    speedscope = json.loads(corr("export", "speedscope", cwd=folder).stdout)
    names = [f["name"] for f in speedscope["shared"]["frames"]]
    (profile,) = speedscope["profiles"]
    chains = {tuple(names[n] for n in sample) for sample in profile["samples"]}
    assert any(c[-1].startswith("p.c:") and "main" in c and "order" in c for c in chains)
    firefox = json.loads(corr("export", "firefox", cwd=folder).stdout)
    assert {"page faults", "main", "order"} <= set(firefox["shared"]["stringArray"])
