"""Statements with a volatile or atomic variable stay, as often and as deep in braces as they were."""

from __future__ import annotations

import pytest

from corr.optimize import gate

BEFORE = """\
#include <stdio.h>
static volatile int finished;
static _Atomic long steps;
static int plain;
static void work(double *a, int n)
{
    __asm__ volatile("" : : "r"(&a[0]) : "memory");
    for (int i = 0; i < n; i++) {
        a[i] *= 2.0;
        finished = i;
        plain = i;
        steps += 1;
    }
}
int main(void)
{
    double a[9] = {0};
    work(a, 9);
    printf("%d %g\\n", finished + plain, a[1]);
    return 0;
}
"""


def rules(*edits: tuple[str, str]) -> set[str]:
    text = BEFORE
    for old, new in edits:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return {found.rule for found in gate.source(BEFORE, text, "work.c")}


@pytest.mark.parametrize(
    "edits",
    [
        [("        finished = i;\n", "")],
        [("        steps += 1;\n", "")],
        [
            ("        finished = i;\n", ""),
            ("    }\n}\nint", "    }\n    finished = n - 1;\n}\nint"),
        ],
        [
            ("        finished = i;\n", ""),
            ("    }\n}\nint", "    }\n    int i = n - 1;\n    finished = i;\n}\nint"),
        ],
        [("finished + plain", "8 + plain")],
        [("steps += 1;", "steps += 0 * 1;")],
    ],
)
def test_an_access_that_is_gone_or_made_less_often(edits: list[tuple[str, str]]) -> None:
    assert rules(*edits) == {"access"}


@pytest.mark.parametrize(
    "edits",
    [
        [("a[i] *= 2.0;", "a[i] += a[i];")],
        [("        plain = i;\n", ""), ("    }\n}\nint", "    }\n    plain = n - 1;\n}\nint")],
        [("        a[i] *= 2.0;\n        finished = i;\n", "        finished = i;\n        a[i] *= 2.0;\n")],
        [("static void work(", "static double twice(double x) { return x + x; }\nstatic void work("),
         ("a[i] *= 2.0", "a[i] = twice(a[i])")],
    ],
)  # fmt: skip
def test_what_leaves_them_alone_passes(edits: list[tuple[str, str]]) -> None:
    assert rules(*edits) == set()
