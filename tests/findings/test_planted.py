"""The first sentence of a program with one planted reason names it, and its ceiling holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collectors.base.invocation import Invocation
from collectors.base.toolchain import Toolchain
from collectors.measured import roofs
from corr.findings.of_run import Finding, answers, of_run
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.program.build import Builder
from corr.timing.interleave import Limits, interleave
from tests.findings.planted import PLANTED, Planted
from tests.support.planted_runs import collected_in, program

#: So many of the first sentences may name something else.
WRONG = 1


def first(lake: Lake, planted: Planted) -> Finding:
    return answers(of_run(lake, lake.find(planted.name)))[0]


def named(planted: Planted, finding: Finding) -> bool:
    return finding.kind == planted.kind and all(w in finding.sentence for w in planted.words)


def test_the_first_sentence_names_what_was_planted(
    planted_lake: Lake, tools: Toolchain, tmp_path: Path
) -> None:
    wrong = [p for p in PLANTED if not named(p, first(planted_lake, p))]
    # a program that ran beside other work is looked at again
    again = collected_in(tmp_path, wrong, tools)
    said = [first(again, p).sentence for p in wrong if not named(p, first(again, p))]
    # such numbers cost Zen 5 less than twice, which may be anything
    said = [s for s in said if not (newer_than_its_model() and s.startswith("subnormal.c"))]
    assert len(said) <= WRONG, said


def test_every_row_reference_gives_rows(planted_lake: Lake) -> None:
    for planted in PLANTED:
        run = planted_lake.find(planted.name)
        for finding in of_run(planted_lake, run, 0.01):
            for one in finding.evidence:
                assert len(ask(planted_lake, one.rows, runs=[run])) > 0, (finding.kind, one)


def test_the_loop_of_a_parallel_region_in_c_is_known(planted_lake: Lake) -> None:
    sql = "SELECT count(*) AS n FROM instructions WHERE loop = 'main.omp1/1' AND machine_loop > 0"
    (row,) = ask(planted_lake, sql, runs=[planted_lake.find("waiting")]).to_pylist()
    assert row["n"] > 3


def test_a_place_that_another_speaks_for_is_not_told_again(planted_lake: Lake) -> None:
    found = of_run(planted_lake, planted_lake.find("page_faults"), 0.01)
    kernel = [f for f in found if f.kind == "page_faults"]
    told = [f for f in answers(found, 10) if f.kind == "page_faults"]
    assert len(kernel) > 1 and len(told) == 1


@pytest.mark.timed
@pytest.mark.alone
def test_ceilings_hold_against_the_mend(
    planted_lake: Lake, tools: Toolchain, tmp_path: Path
) -> None:
    """No mend gains more than its ceiling; most gain half of it.

    Seven to nine of eleven do on an idle virtual machine. Where its clock is found quicker than it
    was for the collects, the ceilings counted too few cycles.
    """
    close, tried, wrong = 0, 0, []
    known = ask(planted_lake, "SELECT max(value) AS clock FROM machine WHERE name = 'clock'")
    drift = max(1.0, clock_now(tools) / known.to_pylist()[0]["clock"])
    for planted in PLANTED:
        ceiling = first(planted_lake, planted).ceiling
        if planted.mended is None or ceiling is None:
            continue
        ceiling *= drift
        before = _built(planted, tools, tmp_path / "a", mended=False)
        after = _built(planted, tools, tmp_path / "b", mended=True)
        timed = interleave(before, after, limits=Limits(3, 5))
        gain = 1 / timed.ratio.value
        tried += 1
        close += gain >= ceiling / 2
        if 1 / timed.ratio.high > slack() * ceiling:
            wrong.append(f"{planted.name}: ×{gain:.2f} of at most ×{ceiling:.2f}")
    assert tried >= 10
    assert len(wrong) <= 1, wrong
    assert close >= 0.5 * tried


def slack() -> float:
    """How far over its ceiling a gain may be: LLVM 22 models Zen 5 by the tables of Zen 4.

    That one does less in a cycle: on Zen 5 loops take fewer cycles than the model's least.
    """
    return 1.4 if newer_than_its_model() else 1.1


def newer_than_its_model() -> bool:
    """Zen 5, or later: of a family after that of Zen 4."""
    words = dict(
        re.findall(r"^(vendor_id|cpu family)\s*: (\S+)", Path("/proc/cpuinfo").read_text(), re.M)
    )
    return words.get("vendor_id") == "AuthenticAMD" and int(words.get("cpu family", "0")) > 25


def clock_now(tools: Toolchain) -> float:
    roofs.forget()
    found, problems = roofs.measure(tools, 64 << 20)
    assert not problems
    return found["clock"]


def _built(planted: Planted, tools: Toolchain, folder: Path, *, mended: bool) -> Invocation:
    own = folder / planted.name
    own.mkdir(parents=True)
    return Invocation(Builder(program(planted, mended=mended), tools, own).executable())
