"""What depends on memory that nothing wrote is found, however often it happens to be right."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize.guarantee import Guarantee
from corr.optimize.inputs import Input
from corr.optimize.judging.checked import Checked
from corr.optimize.judging.unwritten import filled
from corr.optimize.moves.source import Source
from corr.optimize.proposal import Outcome
from tests.support.judged import Judged

#: Sums in scratch that comes cleared; an argument is asked for, so that nothing is known before.
SUMS = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { N = 1 << 18 };
static double result[8];
static void sums(int n) {
  double *scratch = calloc(N, sizeof *scratch);
  for (int i = 0; i < n; i++)
    scratch[(i * 7919) % N] += i * 0.5;
  for (int i = 0; i < N; i++)
    result[i % 8] += scratch[i];
}
int main(int argc, char **argv) {
  (void)argv;
  sums(100000 * argc);
  for (int i = 0; i < 8; i++) printf("%.17g\\n", result[i]);
  return 0;
}
"""
CLEARED = "calloc(N, sizeof *scratch)"
LAST = "    result[i % 8] += scratch[i];\n"


def check(judged: Judged, old: str, new: str) -> Checked:
    """As a change of the source, which sanitizers look at too."""
    variant = judged.with_text(old, new)
    return judged.checked(replace(variant, moves=(Source("a.c", ((old, new),)),)))


@pytest.fixture(scope="module")
def sums(tools: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return Judged(tmp_path_factory.mktemp("sums"), tools, SUMS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "by"),
    [
        (CLEARED, "malloc(N * sizeof *scratch)", "output"),
        (CLEARED, "aligned_alloc(64, N * sizeof *scratch)", "output"),
        (CLEARED, "realloc(calloc(N / 2, sizeof *scratch), N * sizeof *scratch)", "sanitizer"),
        (LAST, LAST + "  double *m = malloc(64); memcpy(result, m, 64); free(m);\n", "sanitizer"),
    ],
)  # fmt: skip
def test_right_as_long_as_memory_is_empty(sums: Judged, old: str, new: str, by: str) -> None:
    assert sums.timed(old, new) == "", "nothing shows in what it puts out"
    found = check(sums, old, new)
    assert (found.outcome, found.guarantee) == (Outcome.wrong_output, Guarantee.refuted)
    assert found.checks[-1].kind == by and "differs from line" in found.detail


@pytest.mark.slow
def test_variables_that_are_not_set(sums: Judged) -> None:
    unset = "  double m[8]; if (n > 1 << 29) m[5] = 1; result[5] += m[5];\n"
    found = check(sums, LAST, LAST + unset)
    assert (found.outcome, found.guarantee) == (Outcome.wrong_output, Guarantee.refuted)


@pytest.mark.slow
def test_memory_that_is_written_before_it_is_read(sums: Judged) -> None:
    own = "malloc(N * sizeof *scratch); memset(scratch, 0, N * sizeof *scratch)"
    found = check(sums, CLEARED, own)
    assert found.outcome is None and "sanitizer passed" in found.basis
    assert sums.original.verifier.inputs.fills and not any("memory" in line for line in sums.said)


@pytest.mark.slow
def test_an_original_that_does_so_itself(tmp_path: Path, tools: Toolchain) -> None:
    """It is said, and a candidate is compared as the original runs."""
    text = SUMS.replace(CLEARED, "malloc(N * sizeof *scratch)")
    judged = Judged(tmp_path, tools, text)
    assert not judged.original.verifier.inputs.fills
    assert any("memory that it never wrote" in line for line in judged.said)
    found = check(judged, "i < n; i++", "i <= n - 1; i++")
    assert found.outcome is None, found.detail
    assert check(judged, "i < n; i++", "i < n - 1; i++").outcome == Outcome.wrong_output


@pytest.mark.slow
def test_an_original_that_also_prints_its_time(tmp_path: Path, tools: Toolchain) -> None:
    """The time differs in any case, the rest only with what memory holds."""
    text = SUMS.replace(CLEARED, "malloc(N * sizeof *scratch)").replace(
        "return 0", 'printf("%ld ns\\n", (long)now.tv_nsec); return 0'
    )
    clock = "#include <time.h>\n"
    text = clock + text.replace("(void)argv;", "(void)argv; struct timespec now;").replace(
        "sums(100000 * argc);", "sums(100000 * argc); clock_gettime(CLOCK_MONOTONIC, &now);"
    )
    judged = Judged(tmp_path, tools, text)
    assert not judged.original.verifier.inputs.fills
    assert "stdout" in judged.original.verifier.inputs.evidence.unsteady


@pytest.mark.slow
def test_a_sanitizer_ends_with_no_status_that_is_fine(tmp_path: Path, tools: Toolchain) -> None:
    """The address sanitizer's own, 1, is one that the program may end with."""
    judged = Judged(tmp_path, tools, SUMS, run={"ok_status": (0, 1)})
    past = "  volatile double past = scratch[N + n / N];\n"
    found = check(judged, LAST, LAST + past)
    assert found.outcome == Outcome.wrong_output and "heap-buffer-overflow" in found.detail


@pytest.mark.parametrize("seed", range(50))
def test_what_memory_is_filled_with(seed: int) -> None:
    """Never what is there anyway; the user's own settings stay."""
    given = Input("a", env={"GLIBC_TUNABLES": "glibc.malloc.arena_max=1"})
    first, *words = filled(given, random.Random(seed)).env["GLIBC_TUNABLES"].split(":")
    assert first == "glibc.malloc.arena_max=1"
    byte = 0xFF ^ int(dict(word.split("=") for word in words)["glibc.malloc.perturb"])
    assert byte & 0x7F >= 0x45 and byte not in (0, 0xFF)
    again = Input("a", env={"CORR_REPEAT": "5"})
    assert filled(again, random.Random(seed)) == again
