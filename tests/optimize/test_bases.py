"""Orders of all nests together and of each by itself, with their statements in an order for vectors."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.optimize.rules.bases import Base, bases
from corr.polyhedral import rewrite, schedules
from corr.polyhedral.generate import legal
from corr.polyhedral.legality import parallel
from corr.polyhedral.schedules import Band, Leaf
from tests.support.polyhedral_programs import region

pytestmark = pytest.mark.slow
#: LU by sums in a scalar, and a solve that reads what comes of it.
LU_AND_SOLVE = """
void f(int n, double a[64][64], double *b, double *y) {
  double w;
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
  }
  for (int i = 0; i < n; i++) {
    w = b[i];
    for (int j = 0; j < i; j++) w -= a[i][j] * y[j];
    y[i] = w;
  }
}
"""


def of(folder: Path, text: str) -> dict[str, Base]:
    return {base.name: base for base in bases(region(folder, text))}


def test_lu_has_vectors_along_its_rows(tmp_path: Path) -> None:
    base = of(tmp_path, LU_AND_SOLVE)["skewed"]
    path, band = max(rewrite.leaves(base.tree), key=lambda leaf: len(leaf[1].rows))
    assert isinstance(band.child, Leaf) and len(band.child.statements) == 3
    inside = [s for s in base.scop.statements if s.name in band.child.statements]
    (name,) = (s.name for s in inside if len(s.loops) == 2)
    assert band.child.statements[0] == name, "what divides stands before what reads the quotient"
    along = [
        at for at in range(3) if rewrite.walked(base.scop, base.tree, band, at)[0]["vector"] > 4
    ]
    assert any(parallel(base.scop, base.tree, band, at) for at in along)
    turned = Leaf(tuple(reversed(band.child.statements)))
    other = schedules.with_band(base.tree, path, Band(band.rows, band.permutable, turned))
    (again,) = (b for p, b in rewrite.leaves(rewrite.for_lanes(base.scop, other)) if p == path)
    assert isinstance(again.child, Leaf) and again.child.statements[0] == name


def test_each_nest_may_have_an_order_by_itself(tmp_path: Path) -> None:
    found = of(tmp_path, LU_AND_SOLVE)
    apart = [base for name, base in found.items() if name.endswith(" apart")]
    assert apart
    for base in found.values():
        assert legal(base.scop, base.tree), base.name
    for base in apart:
        nests = {s.name: s.position[0] for s in base.scop.statements}
        for _, band in rewrite.leaves(base.tree):
            assert isinstance(band.child, Leaf)
            assert len({nests[name] for name in band.child.statements}) == 1


def test_one_nest_has_none_apart(tmp_path: Path) -> None:
    told: list[str] = []
    text = "void f(int n, double *a) { for (int i = 1; i < n; i++) a[i] = a[i - 1] * 0.5; }\n"
    found = list(bases(region(tmp_path, text), lambda name, _: told.append(name)))
    assert not any("apart" in base.name for base in found)
    assert not any("apart" in name for name in told)
