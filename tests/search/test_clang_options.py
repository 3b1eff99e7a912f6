"""LLVM's own options: two listings joined, and sources with nothing but the name of a knob."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collectors.base.errors import UsageError
from collectors.base.toolchain import Toolchain
from corr.search.clang_options import joined, one, options
from tests.support.command import Corr

#: Lines of clang 22.1.8.
DEFAULTS = """\
  --aarch64-neon-syntax                                                            = generic  (default: generic)
  --enable-unroll-and-jam                                                          = 0        (default: 0)
  --inline-threshold                                                               = 225      (default: 225)
  --memprof-accesscount-tolerance                                                  = *cannot print option value*
  --unroll-threshold                                                               = 0        (default: *no default*)
"""
HELP = """\
General options:

  --aarch64-neon-syntax=<value>                                              - Choose style of NEON code to emit from AArch64 backend:
    =generic                                                                 -   Emit generic NEON assembly
    =apple                                                                   -   Emit Apple-style NEON assembly
  --enable-unroll-and-jam                                                    - Allows loops to be unroll-and-jammed.
  --inline-threshold=<int>                                                   - Control the amount of inlining to perform (default = 225)
  --not-an-option=<value>                                                    - Of another tool
    =x                                                                       -   choice
  --unroll-threshold=<uint>                                                  - The cost threshold for loop unrolling
"""


def test_two_listings_joined() -> None:
    found = joined(DEFAULTS, HELP)
    assert [(o.name, o.kind, o.default, o.choices) for o in found] == [
        ("aarch64-neon-syntax", "choice", "generic", ("generic", "apple")),
        ("enable-unroll-and-jam", "boolean", "0", ()),
        ("inline-threshold", "integer", "225", ()),
        ("unroll-threshold", "unsigned", None, ()),
    ]
    assert one(found, "--unroll-threshold").says == "The cost threshold for loop unrolling"
    assert one(found, "unroll-threshold").values()[:3] == [0, 8, 32]
    assert one(found, "enable-unroll-and-jam").values() == ["false", "true"]
    with pytest.raises(UsageError, match="no option 'unrol-threshold'") as caught:
        one(found, "unrol-threshold")
    assert "unroll-threshold" in caught.value.fix


def test_this_clang_lists_its_own(tools: Toolchain) -> None:
    found = options(tools)
    assert len(found) > 1500
    assert one(found, "unroll-threshold").default is None
    assert one(found, "inline-threshold").kind == "integer"


def test_knobs_clang(corr: Corr, tmp_path: Path) -> None:
    done = corr("search", "knobs", "clang", "unroll-thresh", "--format", "json", cwd=tmp_path)
    rows = json.loads(done.stdout)
    assert {"unroll-threshold", "unroll-threshold-default"} <= {row["name"] for row in rows}
    assert all("unroll-thresh" in row["name"] for row in rows)
    assert corr("search", "knobs", "gcc", cwd=tmp_path).returncode == 2


def test_a_study_of_nothing_but_a_kernel_and_a_knob(corr: Corr, tmp_path: Path) -> None:
    """Values that give one program are timed once; what is wrong is said in a line."""
    words = ("search", "run", "gemm.c", "--knob", "unroll-threshold=150,300", "--sizes", "20,40")
    done = corr(*words, "--format", "json", "--held-out", "0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {r["setting"]: r for r in json.loads(done.stdout) if r["part"] == "all"}
    assert rows.keys() == {"off", "150", "300"} and rows["150"]["cases"] == 2
    assert "measuring: 4 results to go" in done.stderr
    again = corr(*words, "--held-out", "0", cwd=tmp_path)
    assert again.returncode == 0 and "results" not in again.stderr.split("unroll-threshold_")[0]
    sql = "SELECT count(*) AS n FROM search_results WHERE same_code_as IS NOT NULL"
    (same,) = json.loads(corr("sql", sql, "--format", "json", cwd=tmp_path).stdout)
    assert same["n"] >= 2
    for wrong in (
        ("gemm.c",),
        ("gemm.c", "--knob", "no-such-option"),
        ("none.c", "--knob", "unroll-threshold"),
    ):
        failed = corr("search", "quick", *wrong, cwd=tmp_path)
        assert failed.returncode == 2 and failed.stderr.startswith("corr: ")
