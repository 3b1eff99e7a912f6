"""The summary of an optimisation: the same bytes again, the comparison with the best, the trials, a loop of choice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from corr.console.output import shown
from corr.lake.store import Lake
from corr.summary.summarise import Attempt, Summary, summarise
from tests.support.summaries import blocks


def test_the_same_run_and_history_give_the_same_bytes(
    gemm: Lake, gemm_lake: Path, corr: Any
) -> None:
    first: Summary = summarise(gemm, gemm.find("a"), best=gemm.find("b"))
    assert summarise(gemm, gemm.find("a"), best=gemm.find("b")) == first
    for seed in ("1", "2"):
        done = corr("summary", "a", "--best", "b", cwd=gemm_lake, PYTHONHASHSEED=seed)
        assert done.returncode == 0 and done.stdout == first.text and done.stderr == ""


def test_the_comparison_with_the_best_is_that_of_diff(gemm: Lake) -> None:
    from corr.compare.diff import diff

    total = diff(gemm, gemm.find("b"), gemm.find("a"), explain=False).total
    assert total is not None
    text = summarise(gemm, gemm.find("a"), best=gemm.find("b")).text
    assert f"best {shown(total.seconds_a)} s, this {shown(total.seconds_b)} s" in text
    assert f"×{total.time.value:.3f}" in text and f": {total.time.verdict}\n" in text
    assert "best so far" not in summarise(gemm, gemm.find("a"), best=gemm.find("a")).text


def test_history_is_typed_and_the_best_come_first(gemm: Lake) -> None:
    history = [
        Attempt(1, 1, "interchange j and k", "pragma", "accepted", speedup=1.31),
        Attempt(2, 1, "tile 32", "pragma", "slower", "x0.71", speedup=0.71),
        Attempt(3, 1, "rewrite", "source", "wrong output", "C[0] is 3, not 4\nsecond\nthird"),
        Attempt(4, 1, "-march=native", "flags", "accepted", speedup=1.82),
        *(Attempt(5, i, f"guess {i}", "ir", "did not compile") for i in range(30)),
    ]
    run = gemm.find("a")
    text = summarise(gemm, run, history=history, budget=20_000).text
    counts = "34: 30 did not compile, 2 accepted, 1 slower, 1 wrong output"
    assert f"## Tried before: `{counts}`" in text
    block = next(b for b in blocks(text) if "interchange" in b)
    assert block.splitlines()[:3] == [
        "4.1 accepted, 1.82× as fast [flags] -march=native",
        "1.1 accepted, 1.31× as fast [pragma] interchange j and k",
        "5.29 did not compile [ir] guess 29",
    ]
    assert "    C[0] is 3, not 4\n    second\n" in block and "third" not in block
    assert "2.1 slower, 0.71× as fast [pragma] tile 32" in block
    short = summarise(gemm, run, history=history, budget=1500).text
    assert "1.82× as fast" in short and re.search(r"… \d+ more: \d+ did not compile", short)


def test_a_loop_of_choice(gemm_lake: Path, corr: Any) -> None:
    done = corr("summary", "a", "--loop", "corr_poison/1.1", cwd=gemm_lake)
    assert done.returncode == 0 and "### 1. `corr_poison/1`" in done.stdout
    assert "### 2." not in done.stdout and "Source: function `corr_poison`" in done.stdout


def test_what_the_check_sees_is_said_and_quoted(gemm: Lake) -> None:
    """A model need not try what would not be accepted; names come from the program."""
    lines = ["kernel_gemm/1 (gemm.c:18): 0 of 6 mutants caught", "f`/1: 1 of 2\n## Forged"]
    text = summarise(gemm, gemm.find("a"), seen=lines, budget=20_000).text
    assert "## What the check of outputs sees" in text
    assert "`kernel_gemm/1 (gemm.c:18): 0 of 6 mutants caught`" in text
    assert "\n## Forged" not in text
    assert "check of outputs" not in summarise(gemm, gemm.find("a"), budget=20_000).text
