"""Scalars that gather what an element becomes stand in that element, where nobody looks at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.polyhedral.in_place import in_place
from tests.polyhedral.test_polyhedral_codegen import SANITIZED
from tests.support.polyhedral_programs import outputs, region, variants

pytestmark = pytest.mark.slow
HEAD = "void f(int n, double a[40][40], double b[40][40], double c[40][40], double *y) {\n  double w = 9;\n"
#: name: the body, in which no scalar is left
PLACED = {
    "a product by sums": """
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      w = 0;
      for (int k = 0; k < n; k++) w += a[i][k] * b[k][j];
      c[i][j] = w;
    }""",
    "LU by Crout's order": """
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < i; j++) {
      w = a[i][j];
      for (int k = 0; k < j; k++) w -= a[i][k] * a[k][j];
      a[i][j] = w / a[j][j];
    }
    for (int j = i; j < n; j++) {
      w = a[i][j];
      for (int k = 0; k < i; k++) w -= a[i][k] * a[k][j];
      a[i][j] = w;
    }
  }""",
    "a triangular solve, from below": """
  for (int i = n - 1; i >= 0; i--) {
    w = y[i];
    for (int j = i + 1; j < n; j++) w -= a[i][j] * b[0][j];
    b[0][i] = w / a[i][i];
  }""",
    "with a condition, and another array between": """
  for (int i = 0; i < n; i++) {
    w = y[i] + 1;
    for (int j = 0; j < n; j++) if (a[i][j] > 0.5) w = w + b[i][j];
    b[i][1] = 3;
    for (int j = 0; j < n; j++) w = w * 0.5 + a[j][i];
    c[0][i] = w;
  }""",
    "what it was at last is used twice": """
  for (int i = 0; i < n; i++) {
    w = 1;
    for (int j = 0; j < n; j++) w += a[i][j];
    y[i] = w;
    b[0][i] = w + 1;
  }""",
    "the largest of a row": """
  for (int i = 0; i < n; i++) {
    w = a[i][0];
    for (int j = 1; j < n; j++) w = a[i][j] > w ? a[i][j] : w;
    y[i] = w;
  }""",
}
#: name: the body, in which the scalar stays
KEPT = {
    "the element is read by what is gathered": """
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      w = 0;
      for (int k = 0; k < n; k++) w += a[i][k];
      a[i][j] = w;
    }""",
    "the element is read at last": """
  for (int i = 0; i < n; i++) {
    w = 1;
    for (int j = 0; j < n; j++) w += a[i][j];
    y[i] = w + y[i];
  }""",
    "another reads the element between": """
  for (int i = 0; i < n; i++) {
    w = 1;
    b[1][i] = y[i];
    for (int j = 0; j < n; j++) w += a[i][j];
    y[i] = w;
  }""",
    "another writes the element between": """
  for (int i = 0; i < n; i++) {
    w = 1;
    for (int j = 0; j < n; j++) w += a[i][j];
    y[i] = 5;
    c[0][i] = y[i];
    y[i] = w;
  }""",
    "it is written at times only": """
  for (int i = 0; i < n; i++) {
    w = 1;
    for (int j = 0; j < n; j++) w += a[i][j];
    if (b[i][0] > 0.5) y[i] = w;
  }""",
    "it is written for some of them only": """
  for (int i = 0; i < n; i++) {
    w = 1;
    for (int j = 0; j < n; j++) w += a[i][j];
    if (i > 3) y[i] = w;
  }""",
    "the next one begins with it": """
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) w = w * 0.5 + a[i][j];
    y[i] = w;
  }""",
    "the elements lie far apart": """
  for (int i = 0; i < n; i++) {
    w = 1;
    for (int j = 0; j < n; j++) w += a[i][j];
    c[i][i] = w;
  }""",
}
MAIN = """
  static double a[40][40], b[40][40], c[40][40], y[40];
  for (int n = 0; n < 40; n += 13) {
    for (int k = 0; k < 1600; k++) {
      a[k / 40][k % 40] = 1 + k % 17 * 0.1; b[k / 40][k % 40] = k % 5 * 0.3; c[k / 40][k % 40] = k;
    }
    for (int k = 0; k < 40; k++) y[k] = k % 3;
    f(n, a, b, c, y);
    double sum = 0;
    for (int k = 0; k < 1600; k++)
      sum = 0.9 * sum + a[k / 40][k % 40] + b[k / 40][k % 40] + c[k / 40][k % 40] + y[k % 40];
    printf("%.17g ", sum);
  }
"""


def text(body: str) -> str:
    return f"#include <stdio.h>\n{HEAD}{body.strip(chr(10))}\n}}\n"


@pytest.mark.parametrize("name", list(PLACED))
def test_each_iteration_has_its_own_element(name: str, tmp_path: Path) -> None:
    found = region(tmp_path, text(PLACED[name]))
    placed = in_place(found)
    assert "w" in found.arrays and "w" not in placed.arrays
    copies = [s for s in placed.statements if s.value == s.target]
    assert not copies, "what is an element as it is needs no statement"


@pytest.mark.parametrize("name", list(KEPT))
def test_a_scalar_stays_where_somebody_would_see(name: str, tmp_path: Path) -> None:
    found = region(tmp_path, text(KEPT[name]))
    assert in_place(found) is found


@pytest.mark.parametrize("name", [*PLACED, *KEPT])
def test_the_same_is_computed_in_every_order(name: str, tmp_path: Path) -> None:
    whole = text(({**PLACED, **KEPT})[name])
    functions = variants(tmp_path, whole, 12, seed=11)
    assert len(functions) > 2
    wanted, *others = outputs(tmp_path, whole, functions, MAIN, *SANITIZED)
    for function, other in zip(functions[1:], others, strict=True):
        assert other == wanted, function


@pytest.mark.parametrize(("scalar", "element"), [("float", "double"), ("double", "float")])
def test_a_scalar_of_another_type_stays(scalar: str, element: str, tmp_path: Path) -> None:
    loops = (
        "for (int i = 0; i < n; i++) { w = 0; for (int j = 0; j < n; j++) w = w + a[j]; y[i] = w; }"
    )
    found = region(
        tmp_path, f"void f(int n, {element} *a, {element} *y) {{ {scalar} w; {loops} }}\n"
    )
    assert in_place(found) is found
