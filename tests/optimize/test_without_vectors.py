"""Nests of which an operation has no form for vectors are searched, too: their loops are exchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.optimize.hot_nests import Nest
from corr.optimize.moves.source import Source
from corr.optimize.rules.nests import Region
from tests.polyhedral.test_polyhedral_codegen import SANITIZED
from tests.support.polyhedral_programs import output, region

pytestmark = pytest.mark.slow

#: What is added up: no vectors have it, or have it of these.
ADDED = {
    "a remainder": "c[i][j] = (c[i][j] + a[i][k] * b[k][j] % m) % m",
    "bits that move": "c[i][j] = (c[i][j] + (a[i][k] >> (b[k][j] & 7))) & 1023",
    "a choice of another type": "c[i][j] += (x[k][j] < 3 ? a[i][k] : b[k][j]) & 1023",
    "all of it": "c[i][j] = (c[i][j] + a[i][k] * b[k][j]) & 1023",
}
HEAD = """#include <stdio.h>
static void f(int n, long m, long a[9][9], long b[9][9], long c[9][9], double x[9][9]) {
  for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) for (int k = 0; k < n; k++)
    """
MAIN = """;
}
int main(void) {
  for (int n = 0; n < 10; n += n < 3 ? 1 : 3) {
    long a[9][9], b[9][9], c[9][9]; double x[9][9];
    for (int i = 0; i < 9; i++) for (int j = 0; j < 9; j++) {
      a[i][j] = (i * 31 + j * 7) % 19 - 5; b[i][j] = (i * 5 + j * 11) % 23; c[i][j] = i - j;
      x[i][j] = (i * j) % 7; }
    f(n, n * 7, a, b, c, x); f(n, n * 7, a, c, c, x);
    for (int i = 0; i < 9; i++) for (int j = 0; j < 9; j++) printf("%ld ", c[i][j]);
  }
}
"""


@pytest.mark.parametrize("name", ADDED)
def test_the_first_plan_can_be_written_and_walks_along_rows(name: str, tmp_path: Path) -> None:
    text = f"{HEAD}{ADDED[name]}{MAIN}"
    scop = region(tmp_path, text)
    told: list[object] = []
    search = Region(Nest("t.c", text.encode(), scop), 32, told.append)
    plan = next(search.first())
    edit = search.edit(plan)
    assert isinstance(edit, Source) and not told
    ((old, new),) = edit.edits
    ((_, setting),) = plan.settings
    if name == "all of it":
        assert setting.vector is not None
    else:
        assert setting.vector is None and setting.order[-1] == 1, "along a row, without vectors"
    changed = text.replace(old, new)
    assert output(tmp_path, changed, *SANITIZED) == output(tmp_path, text, *SANITIZED)
