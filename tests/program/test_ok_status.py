"""A program whose right ending is not status 0: every command that runs it knows (--ok-status)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from corr.collect import again
from corr.lake.run_facts import RunFacts
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.program.model import Run
from tests.conftest import Corr
from tests.support.model_server import ModelServer, flags, source

#: Slow at -O0; `found` is 3.
SEARCH = """
#include <stdio.h>
static double a[4000];
int main(void) {
  int found = 0;
  for (int r = 0; r < 12000; r++)
    for (int i = 0; i < 4000; i++) a[i] = a[i] * 0.5 + i;
  for (int i = 0; i < 4000; i++) found += a[i] > 7992;
  printf("%.17g\\n", a[7]);
  return found;
}
"""


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    """A folder whose lake holds two runs of the program, collected with its own status."""
    folder = tmp_path_factory.mktemp("searched")
    (folder / "search.c").write_text(SEARCH)
    for label, level in (("slow", "-O0"), ("fast", "-O3")):
        options = ("--ok-status", "3", "--cachegrind", "--label", label, "--", level)
        done = corr("collect", "search.c", *options, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


def rows(folder: Path, query: str) -> list[dict[str, Any]]:
    return ask(Lake.open(folder / "data"), query).to_pylist()


def test_every_layer_that_runs_the_program_has_its_rows(searched: Path) -> None:
    query = "SELECT {} FROM {} JOIN (SELECT run_id, label FROM runs) USING (run_id) WHERE label = 'fast'"
    for table in ("samples", "execution", "execution_regions", "trips", "cachegrind"):
        assert rows(searched, query.format("count(*) AS n", table))[0]["n"] > 0, table
    assert len(rows(searched, query.format("kernel_count", "timings"))) == 5
    (clock,) = rows(searched, query.format("*", "counters") + " AND event = 'task-clock'")
    assert clock["value"] > 1 and clock["repetitions"] == 3 and clock["reason"] is None
    said = rows(searched, query.format("layer, what, fix", "problems"))
    assert not [p for p in said if "status" in p["what"] or "failed" in p["what"]]


def test_it_is_run_the_same_way_again(searched: Path) -> None:
    run = Lake.open(searched / "data").find("fast")
    assert run.facts.run_ok_status == (3,)
    assert again.rebuilt(run, ()).run.ok_status == (3,)
    kept = again.invocation(run)
    assert kept is not None and kept.ok_status == (3,)
    anew = again.invocation(run, (0, 3))
    assert anew is not None and anew.ok_status == (0, 3)


def test_runs_of_earlier_versions_end_with_0(searched: Path) -> None:
    run = Lake.open(searched / "data").find("fast")
    told = run.facts.to_json()
    del told["run_ok_status"], told["run_time_limit"]
    assert again.how_run(RunFacts.from_json(told)) == Run(directory=searched)


def test_two_runs_are_compared_and_timed_again(searched: Path, corr: Corr) -> None:
    done = corr("diff", "slow", "fast", "--remeasure", "--format", "json", cwd=searched)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["total"]["verdict"] == "faster"
    other = corr("diff", "slow", "fast", "--remeasure", "--ok-status", "5", cwd=searched)
    assert other.returncode == 1 and "could not be timed" in other.stderr


def test_two_builds_are_compared(searched: Path, corr: Corr) -> None:
    command = ("diff", "search.c", "--a=-O0", "--b=-O3", "--format", "json")
    done = corr(*command, "--ok-status", "3", cwd=searched)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["total"]["verdict"] == "faster"
    assert "exit status 3" in corr(*command, cwd=searched).stderr


def test_the_gate_times_again(searched: Path, corr: Corr) -> None:
    done = corr("check", "fast", "slow", cwd=searched)
    assert done.returncode == 1 and "was measured again, in turn" in done.stderr, done.stderr
    other = corr("check", "fast", "slow", "--ok-status", "5", cwd=searched)
    assert "could not be measured again" in other.stderr


def test_it_is_optimised_and_must_end_as_before(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "search.c").write_text(SEARCH)
    (tmp_path / "corr.toml").write_text("ok-status = [0, 3]\n")
    moves = [source("search.c", ("return found;", "return 0;")), flags("-O3")]
    entries = [{"reason": "scripted", "move": move} for move in moves]
    with ModelServer([{"candidates": entries}, "No more."]) as server:
        done = corr(
            *("optimize", "search.c", "--proposer", "llm", "--iterations", "1"),
            *("--candidates", "2", "--", "-O0"),
            cwd=tmp_path,
            **server.environment,
        )
    assert done.returncode == 0, done.stderr
    query = "SELECT outcome, detail FROM iterations WHERE role = 'proposal' ORDER BY candidate"
    other, faster = rows(tmp_path, query)
    assert other["outcome"] == "wrong output"
    assert "does not end with exit status 3, as the original does" in other["detail"]
    assert faster["outcome"] == "accepted"


def test_what_the_sanitizers_find_is_no_ending_of_the_program(tmp_path: Path, corr: Corr) -> None:
    """They end a program with status 1, which may be one of its own."""
    text = SEARCH.replace("return found;", "return 1;")
    (tmp_path / "search.c").write_text(text)
    edits = ("r < 12000", "r < 1200"), ("i < 4000; i++) found", "i < 4001; i++) found")
    beyond = source("search.c", *edits)
    with ModelServer([{"candidates": [{"reason": "scripted", "move": beyond}]}]) as server:
        done = corr(
            *("optimize", "search.c", "--ok-status", "1", "--proposer", "llm"),
            *("--iterations", "1", "--candidates", "1", "--", "-O0"),
            cwd=tmp_path,
            **server.environment,
        )
    assert done.returncode == 4, done.stderr
    (row,) = rows(tmp_path, "SELECT outcome, detail FROM iterations WHERE role = 'proposal'")
    assert row["outcome"] == "wrong output" and "sanitizer" in row["detail"]
