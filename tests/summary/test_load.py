"""Times that other work on the machine disturbed are told as such, with the CPU time that counts."""

from __future__ import annotations

from typing import Any

import pytest

from collectors.base.toolchain import Toolchain
from collectors.measured.timings import TIMINGS
from corr.collect.run import circumstances
from corr.program.model import Run, from_files
from corr.report.page import environment
from corr.summary.markdown import render
from tests.support.places import ROOT


def repetition(load: float | None) -> dict[str, Any]:
    return {"wall": 0.2 * (load or 1.0), "user": 0.15, "system": 0.05, "load": load}


@pytest.mark.parametrize(
    ("loads", "expected"),
    [([None] * 5, None), ([4.0, 6.0, None], 5.0), ([4.0, None, None], None), ([], None)],
)
def test_a_run_is_loaded_if_most_repetitions_were(
    tools: Toolchain, loads: list[float | None], expected: float | None
) -> None:
    program = from_files(["gemm.c"], (), Run(), ROOT / "kernels")
    timed = TIMINGS.rows([repetition(load) for load in loads])
    facts = circumstances(program, tools, timed, None)
    assert facts.load == expected
    assert facts.cpu_seconds == (pytest.approx(0.2) if loads else None)


@pytest.mark.parametrize("load", [None, 4.0])
def test_the_prompt_and_the_page_say_so(load: float | None) -> None:
    time: dict[str, Any] = {
        "wall": 0.8,
        "wall_low": 0.7,
        "wall_high": 0.9,
        "cpu": 0.2,
        "load": load,
    }
    time |= dict.fromkeys(("samples", "memory", "counters", "cachegrind"))
    said = render("counters", time=time, missing=[])
    assert ("had a processor for 25.0% of its time; its CPU time, 0.2 s, counts" in said) is bool(
        load
    )
    macros: Any = environment().get_template("macros.html.j2").module
    page = macros.about({"wall": 0.8, "cpu_seconds": 0.2, "load": load}, "a run")
    assert "0.2 s CPU" in page and ("25.0%" in page) is bool(load)
