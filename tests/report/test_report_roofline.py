"""The roofline of `corr report`: operations and bytes of the code, and the machine's roofs."""

from __future__ import annotations

import pytest

from corr.lake.store import Lake
from corr.report import kernel, peaks, roofline
from corr.report.subject import subjects


@pytest.mark.parametrize(
    ("mnemonic", "operands", "flop", "moved"),
    [
        ("vfmadd231pd", "(%rax), %zmm1, %zmm2", 16, 64),
        ("vfmadd231pd", "%ymm0, %ymm1, %ymm2", 8, 0),
        ("vfmadd213ss", "(%rax), %xmm1, %xmm2", 2, 4),
        ("mulsd", "(%rcx,%rax,8), %xmm0", 1, 8),
        ("addps", "%xmm0, %xmm1", 4, 0),
        ("vaddpd", "(%rax){1to8}, %zmm1, %zmm2", 8, 8),
        ("vbroadcastsd", "(%rax), %zmm2", 0, 8),
        ("movapd", "%xmm0, (%rdi)", 0, 16),
        ("movsd", "%xmm0, (%rdi)", 0, 8),
        ("movzbl", "(%rdi), %eax", 0, 1),
        ("movq", "(%rdi), %rax", 0, 8),
        ("leaq", "(%rdi,%rax,8), %rcx", 0, 0),
        ("prefetcht0", "(%rdi)", 0, 0),
        ("cvtsi2sd", "%eax, %xmm0", 0, 0),
        ("ucomisd", "%xmm1, %xmm0", 0, 0),
        ("vdivpd", "%ymm0, %ymm1, %ymm2", 4, 0),
        ("jne", "0x1234", 0, 0),
    ],
)
def test_operations_and_bytes_of_an_instruction(
    mnemonic: str, operands: str, flop: int, moved: int
) -> None:
    row = {"mnemonic": mnemonic, "operands": operands, "may_load": None, "may_store": None}
    assert roofline.flops(mnemonic, operands) == flop
    assert roofline.access_bytes(row) == moved


def test_gemm_does_the_operations_that_its_formula_says(gemm: Lake) -> None:
    (subject,) = subjects(gemm, ["a"])
    made = kernel.gather(gemm, subject)
    row = next(r for r in made.roofline if r["loop"] == "kernel_gemm/1.1.1")
    # alpha * A * B added to C: three operations an iteration, unless alpha * A is hoisted
    assert row["flops"] / row["iterations"] == pytest.approx(3, abs=1)
    assert row["gflops"] > 0 and row["intensity"] > 0


def test_the_roofs_are_measured_once_and_kept(gemm: Lake) -> None:
    run = gemm.find("a")
    found, why = peaks.of_run(gemm, run)
    assert found is not None, why
    assert found.flops["fma_f32"] > found.flops["scalar_f64"] > 1e8
    assert "memory" in found.bandwidths and found.bandwidths["L1"] > 1e9
    assert peaks.of_run(gemm, run)[0] == found
    elsewhere = type(run)(run.run_id, run.folder, {**run.facts, "cpu": "another"})
    nothing, why = peaks.of_run(gemm, elsewhere)
    assert nothing is None and "another machine" in why
