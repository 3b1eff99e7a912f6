"""Scalars that several nests use: each nest's values may become an array of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.polyhedral.expand import expanded
from tests.support.polyhedral_programs import outputs, region, variants

pytestmark = pytest.mark.slow

#: A sum along rows, then one along columns, both in `s`.
TWICE = """
void f(int n, double a[40][40], double b[40][40]) {
  double s;
  for (int i = 0; i < n; i++) {
    s = 0;
    for (int j = 0; j < n; j++) { s = 0.5 * s + a[i][j]; b[i][j] = s; }
  }
  for (int j = 0; j < n; j++) {
    s = 1;
    for (int i = 0; i < n; i++) { s = 0.5 * s + b[i][j]; a[i][j] = s; }
  }
}
"""
#: The second begins with what the first left; the first with what was there before.
GOES_ON = TWICE.replace("    s = 1;\n", "").replace("double s;", "double s = 3;")
BEFORE = TWICE.replace("    s = 0;\n", "").replace("double s;", "double s = 3;")
MAIN = """
  static double a[40][40], b[40][40];
  for (int n = 0; n < 40; n += 13) {
    for (int k = 0; k < 1600; k++) a[k / 40][k % 40] = k % 17;
    f(n, a, b);
    double sum = 0; for (int k = 0; k < 1600; k++) sum = 0.9 * sum + a[k / 40][k % 40];
    printf("%.17g ", sum);
  }
"""


@pytest.mark.parametrize(
    ("text", "arrays"),
    [
        (TWICE, {"s_of", "s_of_"}),
        (GOES_ON, set()),
        (BEFORE, {"s_of"}),
    ],
)
def test_each_nest_has_its_own(tmp_path: Path, text: str, arrays: set[str]) -> None:
    found = expanded(region(tmp_path, text))
    assert {name for name in found.arrays if name.startswith("s_of")} == arrays
    assert ("s" in found.arrays) == (len(arrays) < 2)


@pytest.mark.parametrize("text", [TWICE, GOES_ON, BEFORE])
def test_the_same_is_computed(tmp_path: Path, text: str) -> None:
    whole = f"#include <stdio.h>\n{text}\n"
    functions = variants(tmp_path, whole, 8, seed=5)
    assert len(functions) > 4
    wanted, *others = outputs(tmp_path, whole, functions, MAIN, "-fsanitize=address,undefined")
    for function, other in zip(functions[1:], others, strict=True):
        assert other == wanted, function
