"""A value on which nothing depends is told from one that a check should have seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from corr.optimize.inputs import Input, Inputs
from corr.optimize.mutants.dead import Liveness
from corr.optimize.observed import Evidence
from tests.optimize.mutants.conftest import Breaker

Make = Callable[..., Breaker]

#: Row 0 is written over, row 1 is printed, row 2 decides what is done, row 3 is forgotten.
ROWS = """
#include <stdio.h>
static double a[4][8];
static void fill(int row) {
  for (int i = 0; i < 8; i++) a[row][i] = i * 2.0;
}
int main(void) {
  fill(ROW);
  for (int i = 0; i < 8; i++) a[0][i] = 1.5;
  double sum = a[0][3] + a[1][3];
  printf("%.1f ", sum);
  if (a[2][3] > 5) puts("more");
  return 0;
}
"""
KINDS = ("store changed", "one store changed", "operand exchanged", "operator changed")


@pytest.mark.parametrize(("row", "dead"), [(0, True), (1, False), (2, False), (3, True)])
def test_what_is_dead(breaker: Make, row: int, dead: bool) -> None:
    broken = breaker(ROWS.replace("ROW", str(row)))
    timed = Input("as measured")
    liveness = Liveness(broken.builds, broken.workshop, Inputs(timed, (timed,), Evidence("stdout")))
    region = broken.region("fill")
    found = {}
    for kind in KINDS:
        (mutation,) = broken.mutations(kind, region)
        assert mutation.poisoned is not None
        found[kind] = liveness.dead(broken.module, mutation.poisoned)
    # of the first element nothing is read but its neighbours
    expected = dict.fromkeys(KINDS, dead) | {"one store changed": True}
    assert found == expected


def test_a_program_that_reads_what_it_never_wrote_is_not_judged(breaker: Make) -> None:
    text = ROWS.replace("ROW", "3").replace(
        "return 0", 'volatile int x[2]; if (x[sum > 9]) puts("?")'
    )
    broken = breaker(text)
    timed = Input("as measured")
    liveness = Liveness(broken.builds, broken.workshop, Inputs(timed, (timed,), Evidence("stdout")))
    (mutation,) = broken.mutations("store changed", broken.region("fill"))
    assert mutation.poisoned is not None and not liveness.dead(broken.module, mutation.poisoned)
