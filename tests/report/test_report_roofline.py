"""The roofline of `corr report`: operations and bytes of the code, and how far it is from the roofs."""

from __future__ import annotations

import pytest

from corr.lake.store import Lake
from corr.report import kernel
from corr.report.subject import subjects


def test_gemm_does_the_operations_that_its_formula_says(gemm: Lake) -> None:
    (subject,) = subjects(gemm, ["a"])
    made = kernel.gather(gemm, subject)
    row = next(r for r in made.roofline if r["loop"] == "kernel_gemm/1.1.1")
    # alpha * A * B added to C: three operations an iteration, unless alpha * A is hoisted
    assert row["flops"] / row["iterations"] == pytest.approx(3, abs=1)
    assert row["gflops"] > 0 and row["intensity"] > 0
