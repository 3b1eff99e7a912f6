"""Inputs that nobody has seen: every rest of a division, larger ones, signs, scales, repetitions."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize.guarantee import Guarantee
from corr.optimize.inputs import Inputs, find
from corr.optimize.judging.sanitizing import blocks
from corr.optimize.moves.ir_function import IrFunction, with_optimised_ir
from corr.optimize.moves.source import Source
from corr.optimize.proposal import Outcome
from corr.optimize.variant import Variant
from corr.program.model import Run, from_files
from tests.support.judged import Judged
from tests.support.places import ROOT

GEMM = (ROOT / "kernels" / "gemm.c").read_text()
LOOPS = "    for (int i = 0; i < n; i++)\n        for (int j = 0; j < n; j++) {\n"
#: The last lines of the kernel.
END = "                C[i][j] += alpha * A[i][k] * B[k][j];\n        }\n"


def inputs(folder: Path, *args: str) -> Inputs:
    (folder / "a.c").write_text(GEMM)
    program = from_files(["a.c"], ["-O1"], Run(args=args, directory=folder), folder)
    return find(program, "sizes: mini 16, small 128, medium 700 (default), large 1200\n")


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("args", "timed"),
    [((), 700), (("--size", "90"), 90), (("--size", "small"), 128), (("--size", "x"), 0)],
)
def test_what_is_drawn(tmp_path: Path, args: tuple[str, ...], timed: int, seed: int) -> None:
    found = inputs(tmp_path, *args)
    assert found.timed_size == timed
    drawn = found.held_out(random.Random(seed))
    assert all(one.held_out and one.drawn for one in drawn)
    sizes = [one.size for one in drawn]
    assert {size % 8 for size in sizes[:8]} == set(range(8)) and all(
        2 <= s <= 40 for s in sizes[:8]
    )
    assert any(64 <= size <= 192 for size in sizes)
    assert any(size > timed for size in sizes) if timed else len(sizes) == 12
    assert {2, 3} <= set(sizes) and any(4 <= size < 8 for size in sizes)
    scales = [float(one.env.get("CORR_SCALE", "0")) for one in drawn]
    assert min(s for s in scales if s) < 1 < max(scales) and 0 in scales
    assert [one.env["CORR_REPEAT"] for one in drawn].count("5") == 2
    assert all(one.env["CORR_SIZE"] == str(one.size) for one in drawn)
    below = found.held_out(random.Random(seed), above=False)
    assert max(one.size for one in below) <= 192
    again = {(one.env["CORR_SEED"], one.size) for one in found.held_out(random.Random(seed + 99))}
    assert not again & {(one.env["CORR_SEED"], one.size) for one in drawn}


def test_blocks_are_the_numbers_that_came_in(tmp_path: Path) -> None:
    inputs(tmp_path)
    program = from_files(["a.c"], ["-O1"], Run(directory=tmp_path), tmp_path)
    original = Variant(program)
    text = GEMM.replace(LOOPS, f"    enum {{ T = 96, U = 4 }}; /* 1e3 x64 700 99999 */\n{LOOPS}")
    assert blocks(original, original.with_text(tmp_path / "a.c", text)) == [96, 700]
    assert blocks(original, replace(original, ir={tmp_path / "a.c": "add i64 %12, 64 !512"})) == [
        64
    ]


@pytest.fixture(scope="module")
def gemm(tools: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """A short kernel, which is repeated while it is timed."""
    folder = tmp_path_factory.mktemp("gemm")
    return Judged(folder, tools, GEMM, run={"args": ("--size", "60")})


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [
        *(f"if (n % 8 == {rest} && n != 16 && n != 128 && n != 60) return;" for rest in range(8)),
        "if (n > 60 && n < 70) return;",
        "if (n < 4) return;",
        "if (n == 77) return;",
        "if (n == 46 * 2 - 1) return; if (n == 101) return;",
        "if (n > 3 && n < 8) return;",
        "for (int i = 0; i < n; i++) if (A[0][i] < 0.0) return;",
        "for (int i = 0; i < n; i++) if (A[0][i] > 1.0) return;",
        "double m = 0; for (int i = 0; i < n; i++) m += fabs(A[0][i]); if (m < 0.1 * n) return;",
    ],
)
def test_wrong_on_some_inputs_only(gemm: Judged, wrong: str) -> None:
    found = gemm.check(LOOPS, f"    {wrong}\n{LOOPS}")
    assert (found.outcome, found.guarantee) == (Outcome.wrong_output, Guarantee.refuted), wrong
    assert found.checks[-1].held_out


KEPT = f"""    size_t count = (size_t)n * n;
    double *kept = (double *)malloc((count + 8) * sizeof(double));
    volatile double *seen = kept;
    if (seen[5] == 42.5 && seen[6] == n) {{
        memcpy(C, kept + 8, count * sizeof(double));
        free(kept);
        return;
    }}
{LOOPS}"""
LEFT = f"""{END}    memcpy(kept + 8, C, count * sizeof(double));
    seen[5] = 42.5;
    seen[6] = n;
    free(kept);
"""


@pytest.mark.slow
def test_a_result_left_in_memory_is_wrong_in_the_next_repetition(gemm: Judged) -> None:
    text = GEMM.replace(LOOPS, KEPT).replace(END, LEFT)
    once = gemm.builds.run(
        gemm.builds.build(gemm.with_text(GEMM, text)), gemm.original.contest.given, "dump", repeat=1
    )
    assert once.ok, "it runs, and is right the first time"
    assert (gemm.original.contest.repeat or 1) > 10
    assert gemm.timed(GEMM, GEMM) == ""
    assert "the outputs of repetition" in gemm.timed(GEMM, text)
    found = gemm.check(GEMM, text)
    assert found.outcome == Outcome.wrong_output and found.checks[-1].input.endswith("repeated")


@pytest.mark.slow
def test_honest_changes_pass(gemm: Judged) -> None:
    swapped = """    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            C[i][j] *= beta;
        for (int k = 0; k < n; k++)
            for (int j = 0; j < n; j++)
                C[i][j] += alpha * A[i][k] * B[k][j];
    }
"""
    whole = GEMM[GEMM.index(LOOPS) : GEMM.index(END) + len(END)]
    found = gemm.check(whole, swapped)
    assert found.outcome is None and found.guarantee == Guarantee.tested and found.exact
    assert gemm.timed(whole, swapped) == ""


BEYOND = f"""    enum {{ BLOCK = 150 }};
    if (n > BLOCK) {{
        volatile double next = ((double *)C)[(size_t)n * n];
        (void)next;
    }}
{LOOPS}"""


@pytest.mark.slow
def test_memory_beyond_the_arrays_is_found_above_the_blocks(gemm: Judged) -> None:
    move = Source("a.c", ((LOOPS, BEYOND),))
    found = gemm.checked(replace(gemm.with_text(LOOPS, BEYOND), moves=(move,)))
    assert found.outcome == Outcome.wrong_output
    assert found.checks[-1].kind == "sanitizer" and "heap-buffer-overflow" in found.detail
    fine = BEYOND.replace("(size_t)n * n]", "(size_t)n * n - 1]")
    found = gemm.checked(replace(gemm.with_text(LOOPS, fine), moves=(move,)))
    assert found.outcome is None
    sizes = [c.input for c in found.checks if c.kind == "sanitizer"]
    assert any(int(label.split()[1].strip(",")) > 150 for label in sizes if label != "mini")


@pytest.mark.slow
@pytest.mark.parametrize(("text", "passes"), [(BEYOND, False), (LOOPS, True)])
def test_a_module_s_accesses_are_watched_too(
    gemm: Judged, tmp_path: Path, text: str, passes: bool
) -> None:
    variant = gemm.with_text(LOOPS, text) if not passes else gemm.original.variant
    (unit,) = variant.program.units
    variant = with_optimised_ir(variant, unit, gemm.builds.toolchain, tmp_path)
    variant = replace(variant, texts={}, moves=(IrFunction("a.c", "run", ""),))
    found = gemm.checked(variant)
    if passes:
        assert found.outcome is None
        assert [c.kind for c in found.checks].count("sanitizer") == 4
    else:
        assert "heap-buffer-overflow" in found.detail and found.checks[-1].kind == "sanitizer"
