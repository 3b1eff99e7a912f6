"""Arrays that are read down their columns, copied with rows and columns exchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.polyhedral import generate, rewrite, schedules
from corr.polyhedral.expand import expanded
from corr.polyhedral.in_place import in_place
from corr.polyhedral.turned import turned
from tests.polyhedral.test_polyhedral_codegen import SANITIZED, SHOW
from tests.support.polyhedral_programs import outputs, region, variants
from tests.support.thirds import a_third

pytestmark = pytest.mark.slow
IJK = "for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) for (int k = 0; k < m; k++)"
#: the nest in a function of n, m, a, b, c (of 40 by 40) and o (one block); the arrays that are copied
NESTS = {
    "a product with rows": (f"{IJK} c[i][j] += a[i][k] * b[j][k];", "b"),
    "of itself": (f"{IJK} c[i][j] += a[i][k] * a[j][k];", "a"),
    "of two": (f"{IJK} c[i][j] += a[i][k] * b[j][k] + b[i][k] * a[j][k];", "a b"),
    "half of it": (
        "for (int i = 0; i < n; i++) for (int j = 0; j <= i; j++) for (int k = 0; k < m; k++)"
        " c[i][j] += a[i][k] * b[j][k];",
        "b",
    ),
    "distances": (
        "for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) { double s = 0;"
        " for (int k = 0; k < m; k++) { double t = a[i][k] - b[j][k]; s += t * t; } c[i][j] = s; }",
        "b",
    ),
    "one block": (f"{IJK} c[i][j] += o[i * m + k] * o[j * m + k];", "o"),
    "Cholesky": (
        "for (int i = 0; i < n; i++) { for (int j = 0; j < i; j++) {"
        " for (int k = 0; k < j; k++) a[i][j] -= a[i][k] * a[j][k];"
        " a[i][j] /= a[j][j] * a[j][j] + 1; }"
        " for (int k = 0; k < i; k++) a[i][i] -= a[i][k] * a[i][k]; a[i][i] = a[i][i] * 0.5 + 1; }",
        "a",
    ),
    "again and again": (
        "for (int t = 0; t < 3; t++) { for (int i = 0; i < n; i++) for (int j = 0; j < n; j++)"
        " for (int k = 0; k < m; k++) c[i][j] += a[i][k] * b[j][k];"
        " for (int i = 0; i < n; i++) for (int k = 0; k < m; k++) b[i][k] = a[i][k] / 2 + t; }",
        "b",
    ),
    "computed before": (
        "for (int i = 1; i < n; i++) for (int k = 0; k < m; k++) b[i][k] = a[k][i] + i;"
        f" {IJK} c[i][j] += a[i][k] * b[j][k];",
        "b",
    ),
    "a plane of three": (
        "for (int i = 1; i < n; i++) for (int j = 2; j < n; j++) for (int k = 1; k < m; k++)"
        " c[i - 1][j] += a[i][k - 1] * b[j - 1][k];",
        "b",
    ),
}
OTHERS = {
    "along the rows": f"{IJK} c[i][j] += a[i][k] * b[k][j];",
    "once": "for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) c[i][j] += b[j][i];",
    "perhaps": f"{IJK} if (a[i][k] > 1) c[i][j] += b[j][k];",
    "every other": f"{IJK} c[i][j] += a[i][k] * b[j][2 * k];",
    "updated there": f"{IJK} b[i][j] += a[i][k] * b[j][k];",
    "computed perhaps": (
        "for (int i = 0; i < n; i++) for (int k = 0; k < m; k++) if (a[i][k] > 1) b[i][k] = 3;"
        f" {IJK} c[i][j] += a[i][k] * b[j][k];"
    ),
}
MAIN = """
  static double a[40][40], b[40][40], c[40][40], o[1600];
  for (int n = 0; n <= 19; n += n < 5 ? 1 : 7) for (int m = 0; m <= 19; m += 9) {
    for (int i = 0; i < 40; i++) for (int j = 0; j < 40; j++) {
      a[i][j] = (i * 31 + j * 17) % 101 / 8.0; b[i][j] = i * j % 53 - 9; c[i][j] = (i + 3 * j) % 29;
      o[40 * i + j] = (i * 7 + j) % 23; }
    f(n, m, a, b, c, o);
    double h = 0;
    for (int i = 0; i < 1600; i++)
      h = h * 0.75 + a[i / 40][i % 40] + 3 * b[i / 40][i % 40] + c[i / 40][i % 40] / 7 + o[i];
    printf("%a ", h);
  }
"""


def function(nest: str) -> str:
    arrays = "double a[40][40], double b[40][40], double c[40][40], double *o"
    return f"void f(int n, int m, {arrays}) {{\n  {nest}\n}}"


@pytest.mark.parametrize("name", a_third([*NESTS, *OTHERS]))
def test_the_same_is_computed(tmp_path: Path, name: str) -> None:
    nest = NESTS[name][0] if name in NESTS else OTHERS[name]
    whole = f"{SHOW}\n{function(nest)}\n"
    functions = variants(tmp_path, whole, 20, seed=5)
    assert len(functions) > 3
    if name in NESTS:
        assert any("_turned" in text for text in functions)
    wanted, *others = outputs(tmp_path, whole, functions, MAIN, *SANITIZED)
    for text, other in zip(functions[1:], others, strict=True):
        assert other == wanted, text


@pytest.mark.parametrize("name", [*NESTS, *OTHERS])
def test_what_is_copied(tmp_path: Path, name: str) -> None:
    nest, arrays = NESTS.get(name, (OTHERS.get(name, ""), ""))
    scop = expanded(in_place(region(tmp_path, function(nest) + "\n")))
    found = [n for part in turned(scop) for n in part.arrays if n not in scop.arrays]
    assert sorted(found) == [f"{name}_turned" for name in arrays.split()]


def test_the_copy_makes_vectors_of_neighbours(tmp_path: Path) -> None:
    scop = expanded(in_place(region(tmp_path, function(NESTS["a product with rows"][0]) + "\n")))
    (part,) = turned(scop)
    gathered = []
    for one in (scop, part):
        tree = rewrite.distributed(one, schedules.original(one))
        (band,) = [b for _, b in rewrite.leaves(tree) if len(b.rows) == 3]
        gathered.append(rewrite.lanes_of(one, tree, band, 1)["gather"])
    assert gathered == [1, 0] and generate.code(part, schedules.original(part))
