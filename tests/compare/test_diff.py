"""`corr diff`, `corr why` and the Python interface on real builds."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

import corr as package
from collectors.base.errors import UsageError

PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
static double dot(int n, const double *a, const double *b) {
  double s = 0;
  for (int i = 0; i < n; i++)
    s += a[i] * b[i];
  return s;
}
static void scale(int n, float *x, const float *y) {
  for (int i = 0; i < n; i++)
    x[i] = 2 * y[i] + x[i];
}
static int collatz(long n) {
  int steps = 0;
  while (n != 1) {
    n = n & 1 ? 3 * n + 1 : n / 2;
    steps++;
  }
  return steps;
}
int main(int argc, char **argv) {
  int n = 20000;
  double *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b);
  float *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y);
  for (int i = 0; i < n; i++) {
    a[i] = i; b[i] = 1.0 / (i + 1); x[i] = y[i] = i;
  }
  double s = 0; int steps = 0;
  for (int r = 0; r < 2000 * argc; r++) {
    s += dot(n, a, b);
    scale(n, x, y);
  }
  for (int i = 1; i < 30000; i++) steps += collatz(i);
  printf("%f %f %d\\n", s, x[5], steps);
  return argv[argc] != 0;
}
"""
EDITS = {
    "a comment line": PROGRAM.replace("  double s = 0;\n  for", "  double s = 0;\n  // sum\n  for"),
    "a renamed variable": PROGRAM.replace("steps", "taken").replace("float *x", "float *x"),
    "a moved function": (
        PROGRAM.split("static double dot")[0]
        + "static int collatz"
        + PROGRAM.split("static int collatz")[1].split("int main")[0]
        + "static double dot"
        + PROGRAM.split("static double dot")[1].split("static int collatz")[0]
        + "int main"
        + PROGRAM.split("int main")[1]
    ),
    "lines above": "/* licence */\n\n\n" + PROGRAM,
}


#: None of these tests looks at what cachegrind counts, and it takes as long as all else together.
HOW = ("--repeat", "5", "--no-cachegrind")


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory, corr) -> Path:
    """A lake with the program at -O3 (labels plain, again), -O1 (slow), and each edit."""
    folder = tmp_path_factory.mktemp("diff")
    sources = {"plain": PROGRAM, "again": PROGRAM, "slow": PROGRAM} | EDITS
    for label, text in sources.items():
        (folder / "p.c").write_text(text)
        flags = ("--", "-O1") if label == "slow" else ()
        done = corr("collect", "p.c", *HOW, "--label", label, *flags, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


def compare(corr, folder: Path, *args: str) -> dict:
    done = corr("diff", *args, "--format", "json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def differing(result: dict) -> list[str]:
    """Loops that differ in anything but their times, which these tests do not judge."""
    kinds = ("remarks_appeared", "remarks_disappeared", "remarks_changed", "instructions")
    return [
        e["loop"]
        for e in result["loops"]
        if e["only_in"] or e["passes_began"] or e["passes_stopped"] or any(e[k] for k in kinds)
    ]


@pytest.mark.parametrize("edit", ["again", *EDITS])
def test_edits_that_change_no_loop(studied: Path, corr, edit: str) -> None:
    result = compare(corr, studied, "plain", edit)
    assert differing(result) == []
    assert result["outside_loops"] == []


@pytest.mark.timed
def test_levels_of_optimisation(studied: Path, corr) -> None:
    result = compare(corr, studied, "slow", "plain")
    by_loop = {e["loop"]: e for e in result["loops"]}
    scale = by_loop["scale/1"]
    assert scale["b"]["vector_width"] == 4 and scale["a"]["vector_width"] is None
    assert any("vectorized loop" in r["words"] for r in scale["remarks_appeared"])
    assert "LoopVectorizePass" in scale["passes_began"]
    assert scale["verdict"] == "faster" and scale["time_high"] < 1
    assert scale["a"]["iterations"] == scale["b"]["iterations"] == 2000 * 20000
    costs = [abs(e["cost"]) for e in result["loops"] if e["changed"]]
    assert costs == sorted(costs, reverse=True)


def test_a_loop_on_one_side_only(studied: Path, corr) -> None:
    (studied / "p.c").write_text(
        PROGRAM.replace(
            "int steps = 0;\n  while",
            "int steps = 0;\n  for (int q = 0; q < 3; q++) n += q & 1 ? -1 : 1;\n  n -= 1;\n  while",
        )
    )
    done = corr("collect", "p.c", *HOW, "--label", "more", cwd=studied)
    assert done.returncode == 0, done.stderr
    result = compare(corr, studied, "plain", "more", "--all")
    by_loop = {e["loop"]: e for e in result["loops"]}
    assert by_loop["collatz/2"]["a"]["loop"] == "collatz/1"
    assert by_loop["collatz/1"]["only_in"] == "b" or "collatz/1" not in by_loop


@pytest.mark.timed
def test_table(studied: Path, corr) -> None:
    done = corr("diff", "slow", "plain", cwd=studied)
    assert done.returncode == 0 and "p.c:11" in done.stdout and "faster" in done.stdout
    assert "repetitions at different times" in done.stderr
    same = corr("diff", "plain", "plain", cwd=studied)
    assert same.stdout == "no change\n"


@pytest.mark.timed
def test_remeasure_times_in_turn(studied: Path, corr) -> None:
    result = compare(corr, studied, "plain", "again", "--remeasure")
    assert result["total"]["interleaved"] and result["total"]["verdict"] in ("same", "inconclusive")


@pytest.mark.timed
@pytest.mark.skipif("CORR_SLOW" not in os.environ, reason="twenty interleaved comparisons")
def test_a_against_a_twenty_times(studied: Path, corr) -> None:
    verdicts = [
        compare(corr, studied, "plain", "again", "--remeasure")["total"]["verdict"]
        for _ in range(20)
    ]
    assert verdicts.count("same") >= 19, verdicts


@pytest.mark.timed
def test_built_on_the_spot(tmp_path: Path, corr) -> None:
    (tmp_path / "p.c").write_text(PROGRAM)
    result = compare(corr, tmp_path, "p.c", "--a=-O0", "--b=-O3")
    assert result["total"]["interleaved"] and result["total"]["verdict"] == "faster"
    assert (result["a"]["flags"], result["b"]["flags"]) == (["-O0"], ["-O3"])


def test_why(studied: Path, corr) -> None:
    done = corr("why", "p.c:12", "--run", "plain", "--asm", "--ir", cwd=studied)
    assert done.returncode == 0, done.stderr
    for text in (
        *("scale/1 at p.c:11", "entered 2000×", "20k at a time", "vectorized loop"),
        *("LoopVectorizePass", "machine loop", "x[i] = 2 * y[i] + x[i];", "p.c:12"),
    ):
        assert text in done.stdout, text
    facts = json.loads(
        corr("why", "collatz", "--run", "plain", "--format", "json", cwd=studied).stdout
    )
    assert [e["loop"] for e in facts["loops"]] == ["collatz/1"]
    assert facts["samples"]["share"] > 0.05


@pytest.mark.parametrize(
    ("place", "hint"),
    [("scalee", "scale"), ("scale/2", "scale/1"), ("q.c:3", "p.c:3"), ("p.c:x", "")],
)
def test_why_of_nothing(studied: Path, corr, place: str, hint: str) -> None:
    done = corr("why", place, cwd=studied)
    assert done.returncode == 2 and hint in done.stderr and "Traceback" not in done.stderr


def test_python_interface(studied: Path) -> None:
    lake = package.open(studied / "data")
    assert len(lake.runs()) >= 7
    hottest = lake.hotspots("plain").df()
    assert hottest["share"].iloc[0] > 0.2
    assert lake.sql("SELECT count(*) AS n FROM loops", run="plain").rows()[0]["n"] >= 6
    change = lake.diff("slow", "plain")
    assert change["total"]["verdict"] and len(change.loops()) == len(change["loops"])
    page = lake.sql("SELECT '<script>' AS \"a<b\"")._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page and "a&lt;b" in page
    assert "scale/1" in change._repr_html_()
    with pytest.raises(UsageError):
        lake.sql("DELETE FROM runs")
    with pytest.raises(UsageError):
        package.open(studied / "nothing")


@pytest.mark.timed
def test_confirm(studied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The experiment for a planted cause: without vectorisation the gain is gone."""
    from corr.compare import experiments
    from corr.compare.diff import diff
    from corr.compare.judged import Hypothesis
    from corr.lake.store import Lake

    (studied / "p.c").write_text(PROGRAM)
    lake = Lake.open(studied / "data")
    runs = lake.find("slow"), lake.find("plain")
    difference = diff(lake, *runs)
    hypotheses = tuple(
        Hypothesis("", "", 0.9, (), "", "", confirm=f"b: {flags}")
        for flags in (
            "-fno-vectorize -fno-slp-vectorize -fno-unroll-loops",
            "-fno-inline-functions-called-once-typo",
        )
    )
    (loop,) = (loop for loop in difference.loops if loop.key == "scale/1")
    difference = replace(difference, loops=(replace(loop, hypotheses=hypotheses),))
    monkeypatch.chdir(studied)
    tested = experiments.confirm_all(lake, runs, difference)
    assert [h.confirmed for h in difference.loops[0].hypotheses] == [None, None]
    first, second = (h.confirmed or "" for h in tested.loops[0].hypotheses)
    assert first.startswith("confirmed"), first
    assert second.startswith("not tested"), second


def test_results_that_differ_are_told_before_any_cause(tmp_path: Path, corr) -> None:
    """Not of a program that prints something else each time."""
    text = """#include <stdio.h>
    #include <time.h>
    int main(void)
    {
        unsigned s = 1;
        for (unsigned i = 0; i < 90000000; i++) s = s * 33 + (i MASK);
        printf("%u\\n", s);
        ODD
        return 0;
    }
    """
    again = 'printf("%ld\\\\n", (long)clock());'
    (tmp_path / "p.c").write_text(text)
    for label, mask, odd in (("a", "& 7", ""), ("b", "& 15", ""), ("c", "& 15", again)):
        (tmp_path / "p.c").write_text(text.replace("MASK", mask).replace("ODD", odd))
        assert corr("collect", "p.c", "--label", label, cwd=tmp_path).returncode == 0
    told = {
        pair: corr("diff", *pair, cwd=tmp_path).stderr
        for pair in (("a", "b"), ("a", "a"), ("b", "c"))
    }
    assert [pair for pair, said in told.items() if "print different results" in said] == [
        ("a", "b")
    ]
