"""What the checks of a candidate tolerate: the bits of a sum in another order, only if asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize.build_and_run import Builds
from corr.optimize.guarantee import Guarantee
from corr.optimize.moves.flags import Flags
from corr.optimize.moves.pragma import Pragma
from corr.optimize.prepare_original import Original, prepare
from corr.optimize.proposal import Outcome
from corr.optimize.request import Order
from corr.optimize.variant import Move
from corr.program.model import Run, from_files

SUM = """#include <stdio.h>
__attribute__((noinline)) static double sum(const double *x, int n) {
  double s = 0;
  for (int i = 0; i < n; i++) s += x[i] * x[i + 1];
  return s;
}
int main(void) {
  static double x[100003];
  unsigned z = 1;
  for (int i = 0; i < 100003; i++) x[i] = (int)(z = z * 1664525u + 1013904223u) / 3e9;
  printf("%.17g\\n", sum(x, 100002));
}
"""


class Checker:
    """The sum, ready to be checked with moves made to it."""

    def __init__(self, folder: Path, tools: Toolchain, *, reassociation: bool) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "a.c").write_text(SUM)
        program = from_files(["a.c"], ["-O3"], Run(directory=folder), folder)
        self.builds = Builds(program, tools, folder / "builds")
        order = Order(allow_reassociation=reassociation)
        self.original: Original = prepare(self.builds, order, lambda _: None)

    def __call__(self, move: Move) -> tuple[Outcome | None, Guarantee, bool | None]:
        variant = move.apply(self.original.variant)
        found = self.original.verifier.check(variant, self.builds.build(variant))
        return found.outcome, found.guarantee, found.exact


@pytest.fixture(scope="module", params=[False, True], ids=["exact", "reassociation"])
def checker(
    request: pytest.FixtureRequest, tools: Toolchain, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Checker, bool]:
    folder = tmp_path_factory.mktemp("sum")
    return Checker(folder, tools, reassociation=request.param), request.param


@pytest.mark.parametrize(
    "directive",
    [
        "#pragma clang loop unroll_count(4)",
        "#pragma omp tile sizes(32)",
        "#pragma omp stripe sizes(32)",
    ],
)
def test_directives_that_keep_the_order_pass(checker: tuple[Checker, bool], directive: str) -> None:
    check, _ = checker
    assert check(Pragma("a.c", 4, (directive,))) == (None, Guarantee.replayed, True)


@pytest.mark.parametrize(
    "directive",
    [
        "#pragma clang loop vectorize(enable)",
        "#pragma omp simd",
        "#pragma clang loop interleave(enable)",
    ],
)
def test_a_sum_in_another_order_passes_only_if_that_is_allowed(
    checker: tuple[Checker, bool], directive: str
) -> None:
    """LLVM adds in another order under what asks for vectors, without any flag."""
    check, allowed = checker
    found = check(Pragma("a.c", 4, (directive,)))
    passed = (None, Guarantee.replayed, False)
    assert found == (passed if allowed else (Outcome.wrong_output, Guarantee.refuted, False))


def test_a_build_that_rounds_otherwise_says_so(checker: tuple[Checker, bool]) -> None:
    """Fused multiply-adds: right, as the original built so puts out the same; not exact."""
    check, _ = checker
    outcome, _, exact = check(Flags(("-mfma", "-O3")))
    if outcome == Outcome.crashed:
        pytest.skip("this machine has no fused multiply-add")
    assert (outcome, exact) == (None, False)
    assert check(Flags(("-mfma", "-O3", "-ffp-contract=off")))[2] is True
