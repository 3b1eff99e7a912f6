"""Each kind of mutant does to a program just what it says."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize.mutants.kinds import KINDS
from corr.optimize.mutants.trials import called
from tests.optimize.mutants.conftest import Breaker

Make = Callable[..., Breaker]

#: Prints 0, 2, 4, …, 18.
DOUBLED = """
#include <stdio.h>
static double a[10];
static void fill(int n) { for (int i = 0; i < n; i++) a[i] = i * 2.0; }
int main(void) {
  fill(10);
  for (int i = 0; i < 10; i++) printf("%g ", a[i]);
}
"""
PLAIN = "0 2 4 6 8 10 12 14 16 18"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("store changed", "1 4 7 10 13 16 19 22 25 28"),
        ("one store changed", "1 2 4 6 8 10 12 14 16 18"),
        ("last iteration dropped", "0 2 4 6 8 10 12 14 16 0"),
        ("one iteration dropped", "0 0 4 6 8 10 12 14 16 18"),
        ("ends early", "0 2 4 6 8 0 0 0 0 0"),
        ("operand exchanged", "0 1 4 9 16 25 36 49 64 81"),
        ("operator changed", "2 3 4 5 6 7 8 9 10 11"),
    ],
)
def test_what_a_kind_does(breaker: Make, kind: str, expected: str) -> None:
    broken = breaker(DOUBLED)
    mutations = broken.mutations(kind, broken.region("fill", trips=10))
    assert len(mutations) == 1
    assert broken.output(mutations[0]) == expected
    place = broken.module.place(mutations[0].at)
    assert place is not None and place[1] == 4 and place[0].endswith("a.c")
    assert broken.output(None) == PLAIN


FUSED = """
#include <stdio.h>
static float s[3] = {1, 2, 3};
static void add(float x) { for (int i = 0; i < 3; i++) s[i] = s[i] * x + 10; }
int main(void) { add(4); printf("%g %g %g", s[0], s[1], s[2]); }
"""


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("operand exchanged", "11 14 19"), ("operator changed", "6 2 -2")],
)
def test_fused_multiply_adds_are_broken_too(breaker: Make, kind: str, expected: str) -> None:
    broken = breaker(FUSED)
    outputs = [broken.output(m) for m in broken.mutations(kind, broken.region("add"))]
    assert outputs == [expected]


CONDITION = """
#include <stdio.h>
static int a[6] = {3, -1, 4, -1, 5, -9}, n;
static void count(void) {
  for (int i = 0; i < 6; i++)
    if (a[i] > 0) n += 10; else n += 1;
}
int main(void) { count(); printf("%d", n); }
"""


def test_a_condition_on_data_is_turned_round_and_no_other(breaker: Make) -> None:
    broken = breaker(CONDITION)
    assert broken.output(None) == "33"
    assert [
        broken.output(m) for m in broken.mutations("condition turned", broken.region("count"))
    ] == ["33"]


RETURNED = """
#include <stdio.h>
static int length(const char *s) { return *s ? 1 + length(s + 1) : 0; }
int main(void) { printf("%d", length("abcd")); return 0; }
"""


def test_a_recursive_function_returns_another_number(breaker: Make) -> None:
    broken = breaker(RETURNED)
    kind = "value returned changed"
    outputs = [broken.output(m) for m in broken.mutations(kind, broken.region("length", None))]
    assert outputs and "4" not in outputs
    # the status that the program ends with is no result of a hot function
    assert broken.mutations(kind, broken.region("main", None)) == []


INDICES = """
#include <stdio.h>
static int order[100]; static double a[100], b[100];
static void gather(int n) {
  int at = 0;
  for (int i = 0; i < n; i += 2) {
    at = (at * 7 + i) % 100;
    b[at] = a[order[i]];
  }
}
int main(void) { gather(100); printf("%g", b[3]); }
"""


def test_what_becomes_an_address_or_ends_a_loop_is_left_alone(breaker: Make) -> None:
    """Neither i nor at is changed: that would crash, or hang, under any check."""
    broken = breaker(INDICES)
    region = broken.region("gather")
    lines = {
        kind: sorted(broken.module.place(m.at)[1] for m in broken.mutations(kind, region))
        for kind in KINDS
    }
    assert lines["store changed"] == lines["one store changed"] == [8]
    assert lines["operand exchanged"] == lines["operator changed"] == []


STEPS = """
#include <stdio.h>
static int a[12];
static void up(void) { for (long i = 1; i < 11; i += 3) a[i] += 1; }
static void down(void) { for (unsigned i = 11; i > 2; i -= 2) a[i] += 2; }
static void walk(int *p, int *end) { while (p != end) { *p += 3; p++; } }
static void until(int n) { do { a[n] += 4; n--; } while (n > 8); }
int main(void) {
  up(); down(); walk(a, a + 3); until(10);
  for (int i = 0; i < 12; i++) printf("%d", a[i]);
}
"""


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("up", "343212030642"),
        ("down", "343012030652"),
        ("walk", "340212030652"),
        ("until", "343212030252"),
    ],
)
def test_the_last_iteration_of_loops_of_every_form(
    breaker: Make, function: str, expected: str
) -> None:
    """Steps other than one, downwards, over pointers, with the test at the end."""
    broken = breaker(STEPS)
    assert broken.output(None) == "343212030652"
    mutations = broken.mutations("last iteration dropped", broken.region(function))
    assert [broken.output(m) for m in mutations] == [expected]


def test_a_loop_that_does_not_run_stays_so(breaker: Make) -> None:
    """Dropping the last of no iterations must not run the loop for ever."""
    text = DOUBLED.replace("fill(10);", "fill(0);")
    broken = breaker(text)
    for kind in ("last iteration dropped", "one iteration dropped", "ends early"):
        for mutation in broken.mutations(kind, broken.region("fill", trips=10)):
            assert broken.output(mutation) == "0 0 0 0 0 0 0 0 0 0"


CXX = """
#include <cstdio>
#include <vector>
static double sum(const std::vector<double> &v) {
  double s = 0;
  for (double x : v) s += x;
  return s;
}
int main() { std::printf("%g", sum({1, 10, 100, 1000})); }
"""


def test_loops_over_iterators(breaker: Make) -> None:
    """Their test is a call, of which only the end of an iteration is known."""
    broken = breaker(CXX, ".cpp")
    region = broken.region("_ZL3sumRKSt6vectorIdSaIdEE", trips=4)
    outputs = {
        kind: [broken.output(m) for m in broken.mutations(kind, region)][:1]
        for kind in ("one iteration dropped", "ends early", "operator changed")
    }
    assert outputs == {
        "one iteration dropped": ["1101"],
        "ends early": ["11"],
        "operator changed": ["-1111"],
    }


def test_the_same_program_is_broken_the_same_way(breaker: Make) -> None:
    broken = breaker(STEPS)
    region = broken.region("main", "1")
    for kind in KINDS:
        assert broken.mutations(kind, region) == broken.mutations(kind, region)


LAMBDA = """
#include <cstdio>
#include <vector>
struct P { double x; int at; };
template <class F> static void each(std::vector<P> &all, F f) { for (P &p : all) f(p); }
int main() {
  std::vector<P> all{{1, 0}, {2, 1}};
  double seen[2];
  each(all, [&](P &p) { p.x *= 3; p.at += 0; seen[p.at] = p.x; });
  std::printf("%g %g", seen[0], seen[1]);
}
"""


def test_what_a_nest_calls_is_its_body(breaker: Make) -> None:
    """Real numbers only: whole ones of a function are sizes and positions for all one knows."""
    broken = breaker(LAMBDA, ".cpp")
    name = next(n for n in broken.module.names if "each" in n)
    regions = called(broken.module, broken.region(name))
    assert regions and all(region.called and not region.loops for region in regions)
    found = [(region, m) for region in regions for m in broken.mutations("store changed", region)]
    assert {broken.module.place(m.at)[1] for _, m in found} == {9}  # type: ignore[index]
    outputs = [broken.output(m) for _, m in found]
    assert sorted(outputs) == ["5.5 10", "5.5 10"]


#: Also stores to a part of a variable, and functions whose first block has no name.
PARTS = """
#include <cstdio>
#include <vector>
static struct { int n; double sum[3]; } all;
static double start() { return all.n ? 1.5 : 2.5; }
static double base = start();
static void add(const std::vector<double> &v) {
  for (double x : v) {
    all.sum[1] += x * base;
    all.n ^= 3;
    if (x > all.sum[2]) all.sum[2] = x;
  }
}
int main() { add({1, 2, 3}); std::printf("%g %g %d", all.sum[1], all.sum[2], all.n); }
"""


def test_llvm_takes_every_mutant(breaker: Make, tools: Toolchain, tmp_path: Path) -> None:
    broken = breaker(PARTS, ".cpp")
    texts = []
    for name in broken.module.names:
        function = broken.module.function(name)
        assert function is not None and function.blocks
        roots = [str(n) for n in range(1, len(function.known.loops) + 1)]
        for region in [broken.region(name, root, trips=9) for root in (None, *roots)]:
            for kind in KINDS:
                for mutation in broken.mutations(kind, region):
                    texts += [mutation.edits, *filter(None, [mutation.poisoned])]
    assert len(texts) > 60
    for edits in texts:
        module = broken.module.changed(edits) + "\ndeclare void @__msan_poison(ptr, i64)\n"
        (tmp_path / "m.ll").write_text(module)
        command = [tools.path("opt"), "-passes=verify", "-disable-output", tmp_path / "m.ll"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, (edits, done.stderr)
