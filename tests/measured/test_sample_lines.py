"""Sample shares by source line equal those of `perf annotate`."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from collectors.base.invocation import Invocation
from collectors.base.toolchain import Toolchain
from collectors.machine_code import instructions, lines
from collectors.measured import samples

PROGRAM = """
#include <stdlib.h>
int main(int argc, char **argv) {
  int n = 420 * argc;
  double *a = calloc(n * n, 8), *b = calloc(n * n, 8), *c = calloc(n * n, 8);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++)
      for (int k = 0; k < n; k++)
        c[i * n + j] += a[i * n + k] * b[k * n + j];
  unsigned long h = n;
  for (long i = 0; i < 60000000; i++)
    h = h * 6364136223846793005ul +
        (h >> 7);
  return c[5] == 1 && h == 0;
}
"""
SHARE = re.compile(r"^\s+([\d.]+)\s+\S*?p\.c:(\d+)\s*$")


@pytest.mark.parametrize("position", ["-pie", "-no-pie"])
def test_lines_as_perf_annotate(tools: Toolchain, tmp_path: Path, position: str) -> None:
    source, binary = tmp_path / "p.c", tmp_path / "p"
    source.write_text(PROGRAM)
    # perf 6.1 reads DWARF 4 with the addr2line of its time
    flags = ["-O2", "-gdwarf-4", "-fPIE" if position == "-pie" else "-fno-pie", position]
    command = [str(tools.path("clang")), *flags, str(source), "-o", str(binary)]
    subprocess.run(command, check=True, capture_output=True)
    rows, _ = samples.record(Invocation(binary), tmp_path)
    table, _ = lines.read(binary)
    code = instructions.collect(binary, table, tools).instructions.to_pylist()
    line_of = {r["address"]: r["line"] for r in code if r["symbol"] == "main"}
    periods: Counter[int] = Counter()
    for row in rows.to_pylist():
        if row["object"] == str(binary) and row["address"] in line_of:
            periods[row["address"]] += row["period"]
    total = sum(periods.values())
    ours: Counter[int] = Counter()
    for address, period in periods.items():
        if period / total > 0.005:  # perf's summary leaves out addresses with less
            ours[line_of[address] or 0] += period
    assert sum(rows["count"].to_pylist()) > 300
    text = subprocess.run(
        ["perf", "annotate", "--stdio", "-l", "-s", "main", "-i", str(tmp_path / "perf.data")],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    summary = text.split("Percent |")[0]
    theirs = {int(m[2]): float(m[1]) for m in map(SHARE.match, summary.splitlines()) if m}
    assert len(theirs) >= 2
    for line, percent in theirs.items():
        assert 100 * ours[line] / total == pytest.approx(percent, abs=0.011), line
