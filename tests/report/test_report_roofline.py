"""The roofline of `corr report`: operations and bytes of the code, and the machine's roofs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from corr.lake.store import Lake
from corr.report import kernel, peaks
from corr.report.subject import subjects


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
    elsewhere = type(run)(run.run_id, run.folder, replace(run.facts, cpu="another"))
    nothing, why = peaks.of_run(gemm, elsewhere)
    assert nothing is None and "another machine" in why
