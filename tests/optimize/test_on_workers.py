"""Candidates timed by Dask's workers: pairs of other processes, one of which is killed."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest

from collectors.base.errors import CorrError
from collectors.base.toolchain import Toolchain
from corr.optimize import on_workers
from corr.optimize.build_and_run import Builds, Run
from corr.optimize.inputs import Input
from corr.optimize.judging.speed import Contest, Failed
from corr.optimize.moves.flags import Flags
from corr.optimize.on_workers import Crew
from corr.optimize.surroundings import surroundings
from corr.optimize.variant import Variant
from corr.program.model import Run as How
from corr.program.model import from_files
from corr.timing.interleave import Limits
from corr.timing.verdict import Verdict
from corr.workers import hosts
from corr.workers.hosts import Hosts
from tests.support.command import Corr

#: Reads a file that it is given, prints what it computed, and takes some hundredths of a second.
SUMS = """#include <stdio.h>
int main(void) {
  unsigned sum = 0, n = 0;
  FILE *file = fopen("count.txt", "r");
  if (!file || fscanf(file, "%u", &n) != 1) return 3;
  for (unsigned i = 0; i < n; i++) sum = sum * 3 + (i ^ sum >> 7);
  printf("%u\\n", sum);
  return 0;
}
"""


@pytest.fixture
def contest(tmp_path: Path, tools: Toolchain) -> Contest:
    place = tmp_path / "place"
    place.mkdir()
    (place / "sums.c").write_text(SUMS)
    (place / "count.txt").write_text("60000000\n")
    program = from_files(["sums.c"], ["-O2"], How(directory=place), place)
    builds = Builds(program, tools, tmp_path / "builds")
    builds.surroundings = surroundings(place, ["count.txt"], [], tmp_path / "given")
    return Contest(builds, Input("as measured"), own_clock=False, output="stdout")


def crew_of(tmp_path: Path) -> Crew:
    client = hosts.connected(str(tmp_path / "scheduler.json"))
    client.wait_for_workers(2, timeout=60)
    return Crew(hosts.hosts(client))


def test_pairs_are_run_by_workers_and_judged_here(
    cluster: list[subprocess.Popen[bytes]], contest: Contest, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    builds = contest.builds
    slow = Variant(builds.program)
    fast = Flags(("-O3", "-march=native")).apply(slow)
    slower = builds.build(Flags(("-O0",)).apply(slow))
    binary = builds.build(fast)
    builds.crew = crew = crew_of(tmp_path)
    seen: list[bytes | bytearray] = []

    def accept(run: Run) -> str:
        seen.append(run.output)
        return ""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("nothing is run on this machine by this process")

    monkeypatch.setattr(Builds, "run", never)
    timed = contest.compare(slower, binary, Limits(5, 9, 60.0), accept)
    assert timed.verdict == Verdict.faster and sum(crew.measured.values()) >= 5
    assert len(set(map(bytes, seen))) == 1 and seen[0].strip().isdigit()
    with pytest.raises(Failed, match="another sum"):
        contest.compare(slower, binary, Limits(5, 9, 60.0), lambda _: "another sum")
    # a worker that is killed costs its pair
    cluster[1].send_signal(signal.SIGKILL)
    timed = contest.compare(slower, binary, Limits(5, 5, 60.0), accept)
    assert len(timed.series.a) == 5
    crew.hosts.client.close()


def test_what_a_host_lacks_is_no_fault_of_the_candidate(
    cluster: list[subprocess.Popen[bytes]], contest: Contest, tmp_path: Path
) -> None:
    assert cluster
    builds = contest.builds
    binary = builds.build(Variant(builds.program))
    builds.crew = crew = crew_of(tmp_path)
    around = builds.surroundings
    missing = tmp_path / "nowhere.txt"
    builds.surroundings = type(around)(around.cwd, around.places, (missing,))
    with pytest.raises(CorrError, match=r"has no .*nowhere\.txt"):
        contest.compare(binary, binary)
    crew.hosts.client.close()


def test_workers_of_another_kind_time_nothing() -> None:
    with pytest.raises(CorrError, match="the workers are another processor"):
        Crew(Hosts(None, "another processor, 3 cores", ("tcp://a",), timers=True))


def test_the_commands(cluster: list[subprocess.Popen[bytes]], tmp_path: Path, corr: Corr) -> None:
    crew_of(tmp_path).hosts.client.close()  # both are there
    done = corr("doctor", "--workers", "scheduler.json", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert len(rows) == len(cluster) - 1
    assert all(r["measures"] and r["timer"] and r["llvm"] and r["load"] >= 0 for r in rows)
    done = corr("doctor", "--workers", "scheduler.json", cwd=tmp_path)
    assert "tcp://127.0.0.1" in done.stdout


@pytest.mark.parametrize("filters", [True, False])
def test_files_stay_in_their_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filters: bool
) -> None:
    """Also by a Python whose tarfile has no filters yet, as Debian 12 has."""
    if not filters:
        monkeypatch.delattr(tarfile, "tar_filter", raising=False)
    for name, fits in (("data/in.txt", True), ("../out.txt", False)):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            entry = tarfile.TarInfo(name)
            entry.size = 2
            archive.addfile(entry, io.BytesIO(b"ok"))
        (target := tmp_path / str(fits)).mkdir()
        if fits:
            on_workers._unpack(packed.getvalue(), target)
            assert (target / name).read_text() == "ok"
            continue
        with pytest.raises((CorrError, tarfile.TarError)):
            on_workers._unpack(packed.getvalue(), target)
        assert not (tmp_path / "out.txt").exists()
