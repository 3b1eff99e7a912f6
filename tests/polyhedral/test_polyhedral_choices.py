"""Helpers that choose, conditions with several statements, and loops that set more at their start."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.polyhedral.test_polyhedral_codegen import SANITIZED
from tests.support.polyhedral_programs import outputs, read, region, variants

pytestmark = pytest.mark.slow

HELPERS = """
static int max3(int a, int b, int c) {
  int k;
  if (a <= b) k = b; else k = a;
  if (k <= c) return c;
  return k;
}
static inline double clamp(double x) { if (x < 0.25) return 0.25; else if (x > 0.75) return 0.75; return x; }
static int twice(int x) { return 2 * x; }
static int nested(int x, int y) { { ; int t = twice(x); if (t > y) { return t - y; } } return y; }
static int matches(int a, int b) { return a == b; }
static double weight(int i, int j) { return (i + j) * (i + j + 1) / 2 + i + 1; }
"""
HEAD = (
    "#include <stdio.h>\n"
    f"{HELPERS}"
    "void f(int n, int a[40][40], int b[40][40], double c[40][40], double *x, double *y) {\n"
    "  int i, j, m = 0; double s = 0, t = 0;\n"
)
#: name: the body of a function
MODELLED = {
    "a helper with variables and several ways": """
  for (i = 1; i < n; i++)
    for (j = 1; j < n; j++)
      a[i][j] = max3(a[i - 1][j - 1] + b[i][j], a[i][j - 1] - 3, a[i - 1][j] - 3);""",
    "a helper that returns early": """
  for (i = 0; i < n; i++)
    for (j = 0; j < n; j++)
      c[i][j] = clamp(c[i][j] + 0.01 * j) + clamp(x[j]);""",
    "a helper of helpers": """
  for (i = 0; i < n; i++)
    for (j = 0; j < n; j++) a[i][j] = nested(b[i][j], a[i][j]);""",
    "comparisons that are counted": """
  for (i = 0; i < n; i++) {
    m = 0;
    for (j = 0; j < n; j++) m += matches(a[i][j], b[j][i]) + (a[i][j] > 2) * 2;
    b[i][i] = m;
  }""",
    "a weight made of the loops' variables": """
  for (i = 0; i < n; i++) {
    s = 0;
    for (j = 0; j < n; j++) s += x[j] / weight(i, j);
    y[i] = s;
  }""",
    "the loops' variables as numbers": """
  for (i = 0; i < n; i++)
    for (j = 0; j < n; j++) { a[i][j] = 3 * i - j; c[j][i] = c[j][i] + j * 0.5; }""",
    "a start that sets two": """
  for (i = 0; i < n; i++) {
    for (s = j = 0; j < n; j++) s += c[i][j];
    y[i] = s;
  }""",
    "a start of two parts": """
  for (i = 0; i < n; i++) {
    for (t = x[i], j = 1; j < n; ++j) t = t * 0.5 + c[i][j];
    x[i] = t;
  }""",
    "a start with two declarations": """
  for (int k = 0, end = n - 1; k < end; k++)
    for (int l = 0, last = n; l < last; l++) b[k][l] = a[k + 1][l] + last;""",
    "several statements of one condition": """
  for (i = 0; i < n; i++)
    for (j = 0; j < n; j++)
      if (c[i][j] > 0.5) { a[i][j] = 3; b[i][j] += a[i][j]; }""",
    "a condition with an else": """
  for (i = 0; i < n; i++)
    for (j = 0; j < n; j++)
      if (c[i][j] > x[j]) { a[i][j] = 3; } else { a[i][j] = 4; b[i][j] -= 1; }""",
    "one element becomes one thing or the other": """
  for (i = 0; i < n; i++)
    for (j = 0; j < n; j++) {
      if (c[i][j] > x[j]) c[i][j] = x[j]; else c[i][j] = c[i][j] * 2;
      if (a[i][j] >= 3) { a[i][j] -= 3; } else a[i][j] = 1;
    }""",
    "conditions in one another": """
  for (i = 0; i < n; i++)
    for (j = 0; j < n; j++)
      if (c[i][j] > 0.5) { if (x[j] < 0.5) a[i][j] = 1; else a[i][j] = 2; }
      else if (x[i] > 0.2) b[i][j] = a[i][j];""",
    "a condition of two comparisons": """
  for (i = 0; i < n; i++)
    for (j = 0; j < n; j++)
      if ((a[i][j] > 1 && a[i][j] < 6) || !(b[i][j] != 2)) a[i][j] = b[i][j] * 3;""",
    "what is not a number is neither above nor below": """
  for (i = 0; i < n; i++)
    for (j = 0; j < n; j++)
      if (c[i][j] / c[i][j] < 0.5) a[i][j] = 2; else a[i][j] = 3;""",
}
#: Of these only a skewed order has vectors, or what is stored at times is not stored in lanes.
SCALAR = (
    "a helper with variables and several ways",
    "a condition of two comparisons",
    "several statements of one condition",
    "a condition with an else",
    "conditions in one another",
)
#: name: the body, and why it is no region
REFUSED = {
    "loops in a condition": (
        "for (i = 0; i < n; i++) if (a[i][0] > 2) for (j = 0; j < n; j++)"
        " for (int k = 0; k < n; k++) b[i][j] += k;",
        "guards loops",
    ),
    "a loop in a condition that stays": (
        "for (i = 0; i < n; i++) if (m > 2.5) for (j = 0; j < n; j++) b[i][j] = 1;",
        "guards loops",
    ),
    "the start looks at what it sets": (
        "for (j = 3; j < n; j++) for (i = 0, m = i; i < n; i++) a[j][i] = m;",
        "looks at what it sets",
    ),
}
CALLED = {
    "a static variable": ("static int g(int x) { static int k = 3; return x + k; }", "keeps"),
    "a global": ("static int k; static int g(int x) { k = x; return x; }", "writes something"),
    "a loop": ("static int g(int x) { for (;;) return x; }", "a ForStmt in it"),
    "no value at the end": ("static int g(int x) { if (x) return x; }", "may return nothing"),
    "no value of a variable": ("static int g(int x) { int k; if (x) k = 1; return k; }", "without"),
    "itself": ("static int g(int x) { return x > 1 ? g(x - 1) : x; }", "in functions that are"),
    "too many ways": (
        "static int g(int x) { int k = 0;" + "".join(f" if (x == {n}) k = {n};" for n in range(9))
        + " return k; }",
        "too many ways",
    ),
}  # fmt: skip
MAIN = """
  static int a[40][40], b[40][40]; static double c[40][40], x[40], y[40];
  for (int n = 0; n < 40; n += 13) {
    for (int k = 0; k < 1600; k++) {
      a[k / 40][k % 40] = k % 7; b[k / 40][k % 40] = k % 5; c[k / 40][k % 40] = k % 9 * 0.125;
    }
    for (int k = 0; k < 40; k++) { x[k] = k % 3 * 0.4; y[k] = k; }
    f(n, a, b, c, x, y);
    double sum = 0;
    for (int k = 0; k < 1600; k++)
      sum = 0.9 * sum + a[k / 40][k % 40] + b[k / 40][k % 40] + c[k / 40][k % 40] + x[k % 40] + y[k % 40];
    printf("%.17g ", sum);
  }
"""


def text(body: str) -> str:
    return f"{HEAD}{body.strip(chr(10))}\n}}\n"


@pytest.mark.parametrize("name", list(MODELLED))
def test_the_same_is_computed_in_every_order(name: str, tmp_path: Path) -> None:
    whole = text(MODELLED[name])
    functions = variants(tmp_path, whole, 12, seed=7)
    assert len(functions) > 2
    wanted, *others = outputs(tmp_path, whole, functions, MAIN, *SANITIZED)
    for function, other in zip(functions[1:], others, strict=True):
        assert other == wanted, function


@pytest.mark.parametrize("name", [name for name in MODELLED if name not in SCALAR])
def test_some_order_has_vectors(name: str, tmp_path: Path) -> None:
    """Of choices, counts and numbers of the loops' variables too."""
    functions = variants(tmp_path, text(MODELLED[name]), 24, seed=3)
    assert any("vector_size" in function for function in functions), functions[1]


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_is_no_region(name: str, tmp_path: Path) -> None:
    body, why = REFUSED[name]
    found, reasons = read(tmp_path, text(body))
    assert any(why in reason for reason in reasons), (found, reasons)


@pytest.mark.parametrize("name", list(CALLED))
def test_functions_that_do_more_than_compute(name: str, tmp_path: Path) -> None:
    helper, why = CALLED[name]
    loop = "void f(int n, int *a) { for (int i = 0; i < n; i++) a[i] = g(a[i]); }"
    found, reasons = read(tmp_path, f"{helper}\n{loop}\n")
    assert found == [] and why in reasons[0], reasons


@pytest.mark.parametrize("name", ["max", "min"])
def test_extremes_of_the_library(name: str, tmp_path: Path) -> None:
    loop = f"for (int i = 0; i < n; i++) x[i] = std::{name}(x[i], y[i]);"
    whole = f"#include <algorithm>\nvoid f(int n, double *x, double *y) {{ {loop} }}\n"
    found, reasons = read(tmp_path, whole, "f", name="t.cpp")
    assert reasons == []
    (statement,) = found[0].statements
    said = str(statement.value)
    assert "operator='?'" in said and "'<'" in said
    # of another's, nobody knows what it does
    other = whole.replace("std::", "").replace("<algorithm>", "<cmath>")
    own = f"namespace my {{ double {name}(double a, double b); }} using namespace my;\n"
    assert read(tmp_path, own + other, "f", name="u.cpp")[0] == []


def test_loops_of_one_start_are_found_by_their_line(tmp_path: Path) -> None:
    found = region(tmp_path, text(MODELLED["a start that sets two"]))
    assert [s.target.array for s in found.statements][-3:] == ["s", "s", "y"]
