"""A clock is stopped, and what the original calls is misused, without a name of the library."""

from __future__ import annotations

import pytest

from corr.optimize import gate
from tests.optimize.gate.programs import LOOP, C, in_c

CLOCK = """\
#include <chrono>
#include <cstdio>
using clock_type = std::chrono::steady_clock;
static double now() { return clock_type::now().time_since_epoch().count(); }
static double work(int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += i;
    return sum;
}
int main()
{
    auto start = clock_type::now();
    std::printf("%g %g\\n", work(9), now());
    return clock_type::now() < start;
}
"""
STOPPED = {
    "an operator for its times": (
        "static double work(",
        "static bool operator<(const clock_type::time_point &a, const clock_type::time_point &b)"
        " { return false; }\nstatic double work(",
        "declaration",
    ),
    "an operator for all types": (
        "static double work(",
        "template <class T> static bool operator<(const T &a, const T &b) { return false; }\n"
        "static double work(",
        "declaration",
    ),
    "an operator for a name of its times": (
        "static double work(",
        "using point = clock_type::time_point;\n"
        "static bool operator<(const point &a, const point &b) { return false; }\n"
        "static double work(",
        "declaration",
    ),
    "a clock without effects": (
        "static double now()",
        "__attribute__((const)) static double now()",
        "attribute",
    ),
    "a clock without effects, declared": (
        "using clock_type",
        "[[gnu::pure]] static double now();\nusing clock_type",
        "attribute",
    ),
    "a header that begins with an attribute": (
        "#include <cstdio>",
        "__attribute__((const))\n#include <cstdio>",
        "attribute",
    ),
    "a header that begins with a word": (
        "#include <cstdio>",
        "static\n#include <cstdio>",
        "declaration",
    ),
}


def refused(before: str, after: str, name: str) -> set[str]:
    return {refusal.rule for refusal in gate.source(before, after, name)}


@pytest.mark.parametrize("name", STOPPED)
def test_a_clock_is_not_stopped(name: str) -> None:
    old, new, rule = STOPPED[name]
    assert old in CLOCK
    assert rule in refused(CLOCK, CLOCK.replace(old, new), "work.cpp")


def test_operators_for_types_of_the_file_pass() -> None:
    top = """struct pair { double a, b; };
static pair operator+(pair l, const pair &r) { return {l.a + r.a, l.b + r.b}; }
enum class side { left, right };
template <class T> static side operator|(side l, T r) { return r ? l : side::right; }
"""
    after = CLOCK.replace("static double work(", f"{top}static double work(")
    assert gate.source(CLOCK, after, "work.cpp") == []


PRAGMAS = [
    "omp tile sizes(getppid())",
    "omp simd if(getppid())",
    "omp simd if((getppid)())",
    "omp simd aligned(a : (8, getppid()))",
    "unroll(getppid())",
]


@pytest.mark.parametrize("pragma", PRAGMAS)
def test_a_pragma_calls_nothing(pragma: str) -> None:
    assert refused(C, in_c(f"#pragma {pragma}\n{LOOP}"), "work.c") == {"pragma"}


#: The original does much itself; a change may not do it otherwise.
DANGEROUS = """\
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static double work(FILE *out, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += i;
    fprintf(out, "%g\\n", sum);
    return sum + syscall(SYS_gettid) + system("true");
}
int main(void) { return work(stdout, 9) < 0; }
"""
MISUSED = {
    "another call of the system": ("syscall(SYS_gettid)", "syscall(250, 0)"),
    "another command": ('system("true")', 'system("id")'),
    "elsewhere": ("return work(stdout, 9) < 0;", 'return work(stdout, 9) < system("true");'),
    "a stream made of memory": ("fprintf(out,", "fprintf((void *)&sum,"),
    "a stream made of memory, named": ("fprintf(out,", "FILE *o = (void *)&sum; fprintf(o,"),
}


@pytest.mark.parametrize("name", MISUSED)
def test_what_the_original_calls_is_not_misused(name: str) -> None:
    old, new = MISUSED[name]
    assert old in DANGEROUS
    assert refused(DANGEROUS, DANGEROUS.replace(old, new), "work.c") == {"call"}


def test_what_the_original_does_may_stay() -> None:
    after = DANGEROUS.replace("sum += i;", "{ sum += i; }").replace(
        "    fprintf(out,", '    fprintf(stdout, "x"); fprintf(out, "%s", ""); fprintf(out,'
    )
    assert gate.source(DANGEROUS, after, "work.c") == []
