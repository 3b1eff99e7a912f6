"""Vector code that short trips never reach is told; a loop that only copies, in vectors, is not one."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.collect.options import Options
from corr.collect.run import collect
from corr.console.progress import Progress
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.program.model import Run, from_files

PROGRAM = """
#include <stdio.h>
static unsigned char a[4096], b[4096];
static volatile int size = 4096;
__attribute__((noinline)) void few(unsigned char *y, const unsigned char *x, int n, int k) {
    for (int i = 0; i < n; i++) y[i] = (unsigned char)(y[i] + k * x[i]);
}
__attribute__((noinline)) void copied(int *restrict y, const int *restrict x, int n) {
    for (int i = 0; i < n; i++) y[i] = x[n - 1 - i];
}
static int from[4096], to[4096];
int main(void) {
    for (int r = 0; r < 6000000; r++) few(a + (r & 2047), b + (r & 1023), 3 + (r & 3), r);
    for (int r = 0; r < 40000; r++) copied(to, from, size);
    printf("%d %d\\n", a[7], to[7]);
}
"""


@pytest.mark.slow
def test_what_runs_is_scalar(tmp_path: Path, tools: Toolchain) -> None:
    (tmp_path / "p.c").write_text(PROGRAM)
    program = from_files(["p.c"], ["-O3"], Run(directory=tmp_path), tmp_path)
    lake = Lake.open(tmp_path / "data", create=True)
    run = collect(program, tools, lake, Options(repeat=1, cachegrind=False), Progress())
    found = ask(
        lake, "SELECT loop, vector, missed FROM hotspots WHERE loop IS NOT NULL", runs=[run]
    )
    told = {row["loop"]: row for row in found.to_pylist()}
    assert told["few/1"]["vector"] and told["copied/1"]["vector"]
    assert not any("scalar" in words for words in told["copied/1"]["missed"] or [])
    assert "4.5 times an entry: what runs is scalar" in told["few/1"]["missed"][0]
