"""A layer that breaks costs its rows and says so; the run stands, with all other rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from collectors.base.toolchain import Toolchain
from corr.lake.sql import ask
from corr.lake.store import Lake
from tests.conftest import Corr
from tests.support.toolchains import damaged

#: Every table that a whole run of gemm has rows in.
WHOLE = (
    *("loops", "source", "timings", "counters", "samples", "remarks", "lines", "instructions"),
    *("machine_loops", "functions", "mca", "mca_instructions", "passes", "ir_changes", "opcodes"),
    *("execution", "execution_regions", "trips"),
)
GARBAGE = """"$tool" "$@" | awk 'NR % 3 { print } !(NR % 3) { print "{ what? \\033[31m" }'"""


class Collected:
    """The rows of a run that `corr collect` made with a damaged toolchain."""

    def __init__(self, lake: Lake, stderr: str) -> None:
        self.lake, self.stderr = lake, stderr

    def count(self, table: str) -> int:
        return int(ask(self.lake, f"SELECT count(*) AS n FROM {table}").to_pylist()[0]["n"])

    def problems(self, layer: str) -> list[dict[str, Any]]:
        return ask(self.lake, "FROM problems WHERE layer = ?", [layer]).to_pylist()


def collect(corr: Corr, folder: Path, tools: Toolchain, *options: str, **changes: Any) -> Collected:
    llvm, path = damaged(folder, tools, **changes)
    command = ("collect", "gemm.c", "--run-args", "--size 200", "--llvm", str(llvm))
    done = corr(*command, "--no-cachegrind", *options, cwd=folder, PATH=path)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    return Collected(Lake.open(folder / "data"), done.stderr)


def test_without_llvm_objdump(corr: Corr, tools: Toolchain, tmp_path: Path) -> None:
    found = collect(corr, tmp_path, tools, without=["llvm-objdump"])
    (said,) = found.problems("instructions")
    assert "llvm-objdump" in said["what"] and "apt-get install" in said["fix"]
    assert "llvm-objdump" in found.stderr, "it is said when it happens, too"
    without = {"instructions", "machine_loops", "functions", "mca", "mca_instructions"}
    assert {table for table in WHOLE if not found.count(table)} == without


def test_without_llvm_objdump_and_without_a_run(
    corr: Corr, tools: Toolchain, tmp_path: Path
) -> None:
    found = collect(corr, tmp_path, tools, "--no-run", without=["llvm-objdump"])
    assert found.problems("instructions") and found.count("passes") > 0


def test_lines_of_llvm_symbolizer_that_are_no_answer(
    corr: Corr, tools: Toolchain, tmp_path: Path
) -> None:
    found = collect(corr, tmp_path, tools, scripts={"llvm-symbolizer": GARBAGE})
    assert not [table for table in WHOLE if not found.count(table)]
    said = found.problems("instructions")
    assert [p for p in said if "no source place" in p["what"] and "corr doctor" in p["fix"]]
    query = "SELECT count(*) AS n FROM instructions WHERE loop = 'kernel_gemm/1.1.1'"
    assert ask(found.lake, query).to_pylist()[0]["n"] > 0, "the lines between them still count"


@pytest.mark.parametrize("output", ['{"TargetInfo": ', "{}", '{"TargetInfo": 1}', "\\0377"])
def test_output_that_is_no_answer(
    corr: Corr, tools: Toolchain, tmp_path: Path, output: str
) -> None:
    found = collect(corr, tmp_path, tools, scripts={"llvm-mca": f"printf '{output}'"})
    assert {t for t in WHOLE if not found.count(t)} == {"mca", "mca_instructions"}
    (said,) = found.problems("mca")
    assert said["where"] and said["what"]


def test_a_front_end_that_crashes(corr: Corr, tools: Toolchain, tmp_path: Path) -> None:
    """Without unoptimised IR there are no loops, nor what follows them through the optimiser."""
    crash = 'case "$*" in *frontend.ll*) echo Stack dump >&2; exit 139;; esac; exec "$tool" "$@"'
    found = collect(corr, tmp_path, tools, scripts={"clang": crash})
    have = {table for table in WHOLE if found.count(table)}
    assert {"timings", "samples", "remarks", "instructions", "mca", "execution"} <= have
    assert "loops" not in have
    assert [p["where"] for p in found.problems("loops") if "Stack dump" in p["what"]]


def test_what_is_printed_is_the_table(corr: Corr, tools: Toolchain, tmp_path: Path) -> None:
    """The hot loops are printed all the same."""
    llvm, path = damaged(tmp_path, tools, scripts={"llvm-mca": "exit 1"})
    command = ("collect", "gemm.c", "--run-args", "--size 200", "--llvm", str(llvm))
    done = corr(*command, "--format", "json", cwd=tmp_path, PATH=path)
    top = json.loads(done.stdout)[0]
    assert top["loop"] == "kernel_gemm/1.1.1" and top["mca_cycles"] is None
