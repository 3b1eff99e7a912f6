"""`corr policy improve` on Dask's workers: the same code as here, by other processes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from collectors.base.errors import CorrError
from collectors.base.toolchain import Toolchain
from corr.policy.corpus import Corpus
from corr.policy.ledger import Ledger, Trial
from corr.policy.modules import Builds
from corr.policy.on_workers import Compilers
from corr.policy.policies import COST, Policy
from corr.program.model import Run
from corr.workers import hosts
from corr.workers.pairs import Asked, Here, There
from tests.support.command import Corr

EAGER = Policy("margin", 22, (COST, "callee_users"), 900.0, (), (0.0, -500.0))


def test_code_is_as_large_as_here_and_a_lost_worker_costs_nothing(
    cluster: list[subprocess.Popen[bytes]], corpus_folder: Path, tools: Toolchain, tmp_path: Path
) -> None:
    client = hosts.connected(str(tmp_path / "scheduler.json"))
    client.wait_for_workers(2, timeout=60)
    others = Compilers.of(client, tools.version)
    assert others.threads == 2
    builds = Builds(Corpus.open(corpus_folder / "corpus"), tools)
    here, there = Ledger(tmp_path / "a", builds), Ledger(tmp_path / "b", builds, None, others)
    module = builds.corpus.modules[0]
    trials = [
        Trial(("-mllvm", "-inline-threshold=0")),
        Trial(policy=EAGER.text(), advisor=EAGER.advisor),
        Trial(("-no-such-flag",)),
    ]
    expected = [here.text(module, trial) for trial in trials]
    assert expected[0] and expected[1] and expected[2] is None
    cluster[1].kill()
    assert [there.text(module, trial) for trial in trials] == expected
    assert here.compiled == there.compiled == 3
    with pytest.raises(CorrError, match="no worker has LLVM 99"):
        Compilers.of(client, "99")
    client.close()


def test_pairs_are_timed_by_workers(cluster: list[subprocess.Popen[bytes]], tmp_path: Path) -> None:
    assert cluster
    client = hosts.connected(str(tmp_path / "scheduler.json"))
    client.wait_for_workers(2, timeout=60)
    there = There(hosts.hosts(client))
    assert there.width == 2
    short, long = (tmp_path / name for name in ("short", "long"))
    for path, seconds in ((short, 0.01), (long, 0.3)):
        path.write_text(f"#!/bin/sh\nsleep {seconds}\n")
        path.chmod(0o755)
    run = Run(directory=tmp_path)
    asked = [Asked(short, long), Asked(short, long, turned=True)]
    for timer in (Here(), there):
        for a, b in timer.pairs(run, asked):
            assert b.wall > 0.3 > a.wall
    long.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(CorrError, match="could not be timed"):
        there.pairs(run, asked)
    client.close()


def test_the_command_finds_the_same(
    cluster: list[subprocess.Popen[bytes]], improved_folder: Path, tmp_path: Path, corr: Corr
) -> None:
    hosts.connected(str(tmp_path / "scheduler.json")).close()
    assert cluster
    folder = tmp_path / "work"
    shutil.copytree(improved_folder, folder)
    before = json.loads((folder / "corpus/policy/result.json").read_text())
    for name in ("result.json", "trials.jsonl"):
        (folder / "corpus/policy" / name).unlink()
    words = ("policy", "improve", "corpus", "--flips", "4", "--workers", "../scheduler.json")
    done = corr(*words, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "corpus/policy/result.json").read_text()) == before
