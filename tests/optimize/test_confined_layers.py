"""A variant that a model wrote has its measured layers too, and is never run outside the sandbox."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from collectors.measured import execution, samples, timings
from collectors.sandbox.invocation import ConfinedInvocation
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.optimize.confined_run import ConfinedRun
from corr.optimize.surroundings import Surroundings
from corr.program.build import Builder
from corr.program.model import Run, from_files
from tests.support.command import Corr
from tests.support.gemm_proposals import EDIT, kernel, rows
from tests.support.model_server import ModelServer, proposals, source

#: Says where it runs by how long its kernel claims to take, and by a file that it leaves there.
TELLS = """#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv) {
  volatile unsigned sum = 0;
  for (unsigned i = 0; i < 60000000; i++) sum += i;
  FILE *mark = fopen(argv[1], "w");
  if (mark) fclose(mark);
  FILE *times = fopen(getenv("CORR_TIMES") ? getenv("CORR_TIMES") : "/dev/null", "a");
  fprintf(times, "kernel_seconds %d.5\\n", getenv("HOME") != 0 || getuid() != 65534);
  return fclose(times);
}
"""


@pytest.fixture
def builder(tmp_path: Path, tools: Toolchain) -> Builder:
    (tmp_path / "tells.c").write_text(TELLS)
    run = ConfinedRun.of(Run((str(tmp_path / "mark"),), directory=tmp_path), Surroundings())
    program = from_files(["tells.c"], ["-O1", "-g"], run, tmp_path)
    (tmp_path / "built").mkdir()
    return Builder(program, tools, tmp_path / "built")


@pytest.fixture
def invocation(builder: Builder) -> ConfinedInvocation:
    found = builder.program.run.invocation(builder.executable())
    assert isinstance(found, ConfinedInvocation)
    return found


def test_it_is_timed_in_the_sandbox(invocation: ConfinedInvocation, tmp_path: Path) -> None:
    table, problems = timings.measure(invocation, 2)
    assert table["kernel_seconds"].to_pylist() == [0.5, 0.5], problems
    assert timings.trial(invocation).ok
    assert not (tmp_path / "mark").exists()


def test_perf_samples_it_from_outside(invocation: ConfinedInvocation, tmp_path: Path) -> None:
    table, problems = samples.record(invocation, tmp_path / "perf")
    if not len(table) and problems:
        pytest.skip(problems[0].what)
    own = table.filter([name == str(invocation.binary) for name in table["object"].to_pylist()])
    assert sum(own["count"].to_pylist()) > 0.5 * sum(table["count"].to_pylist())
    assert "main" in own["symbol"].to_pylist()
    assert not (tmp_path / "mark").exists()


def test_its_counts_come_out_of_the_sandbox(
    builder: Builder, tools: Toolchain, tmp_path: Path
) -> None:
    missing = execution.missing_runtime(tools)
    if missing is not None:
        pytest.skip(missing.what)
    builder.executable()
    confined = builder.program.run.invocation(builder.variant("instrumented", execution.FLAGS))
    tables, problems = execution.run(confined, tools, tmp_path / "counts")
    assert 60_000_001 in tables["execution"]["count"].to_pylist(), problems
    assert not (tmp_path / "mark").exists()


@pytest.mark.timed
def test_the_next_prompt_and_the_lake_have_the_loops_of_a_models_best(
    tmp_path: Path, corr: Corr
) -> None:
    kernel(tmp_path)
    replies = [proposals(source("gemm.c", EDIT)), proposals(source("gemm.c", EDIT))]
    with ModelServer(replies) as server:
        order = ("--run-args", "--size 300", "--iterations", "2", "--candidates", "1")
        command = ("optimize", "gemm.c", *order, "--proposer", "llm", "--level", "source")
        done = corr(*command, cwd=tmp_path, **server.environment)
        prompts = [server.prompt(n) for n in range(len(server.requests))]
    first = rows(tmp_path)[0]
    assert first["outcome"] == "accepted", done.stderr
    assert len(prompts) >= 2 and "time: not measured" not in prompts[1]
    assert json.loads(first["moves"])[0]["kind"] == "source"
    lake = Lake.open(tmp_path / "data")
    run = first["run_id"]
    counts = {
        name: ask(lake, f"SELECT count(*) AS n FROM {name} WHERE run_id = ?", [run]).to_pylist()
        for name in ("timings", "execution", "trips")
    }
    assert all(found[0]["n"] for found in counts.values()), counts
    of_samples = "SELECT sum(count) AS n FROM samples WHERE run_id = ? AND own"
    found = ask(lake, of_samples, [run]).to_pylist()
    told = ask(lake, "SELECT what FROM problems WHERE run_id = ? AND layer = 'samples'", [run])
    assert found[0]["n"] or told.to_pylist()
