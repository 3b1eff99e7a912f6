"""What the `llm` proposer is asked about, and the replies that it keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.lake.run_facts import RunFacts
from corr.lake.store import Lake, RunInfo
from corr.optimize.llm.cache import ReplyCache
from corr.optimize.proposal import Situation
from corr.optimize.variant import Variant
from corr.program.model import Run, from_files
from tests.support.llm_proposer import MATMUL, SUMMARY


@pytest.fixture
def situation(tmp_path: Path, tools: Toolchain) -> Situation:
    (tmp_path / "matmul.c").write_text(MATMUL)
    program = from_files(["matmul.c"], ["-O3"], Run(directory=tmp_path), tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    lake = Lake.open(tmp_path / "data", create=True)
    name = "20260101T000000.000000-0000"
    run = RunInfo(name, lake.runs / name, RunFacts())
    return Situation(lake, run, Variant(program), SUMMARY, (), tools, scratch, 1, 3)


@pytest.fixture
def cache(situation: Situation) -> ReplyCache:
    return ReplyCache.of(situation.lake.root)
