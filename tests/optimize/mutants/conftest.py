"""A workshop for a small program: its mutants, as programs that run."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize.build_and_run import Builds
from corr.optimize.mutants.flow import Flow
from corr.optimize.mutants.kinds import KINDS
from corr.optimize.mutants.module import Module, Workshop
from corr.optimize.mutants.region import Mutation, Region, chosen
from tests.support.variants import variant_of


class Breaker:
    """One function of a program, broken in each way; `output` is what a broken one prints."""

    def __init__(self, folder: Path, tools: Toolchain, text: str, suffix: str = ".c") -> None:
        self.variant = variant_of(folder, {f"a{suffix}": text})
        self.builds = Builds(self.variant.program, tools, folder / "builds")
        scratch = folder / "scratch"
        scratch.mkdir()
        self.workshop = Workshop(self.variant, tools, scratch)
        self.module: Module = self.workshop.module(self.variant.program.units[0])

    def region(self, function: str, root: str | None = "1", trips: float | None = None) -> Region:
        found = self.module.function(function)
        assert found is not None
        loops = tuple(found.loops(root)) if root is not None else ()
        known = {loop.path: trips for loop in loops if trips is not None}
        return Region(found, Flow(found), loops, known)

    def mutations(self, kind: str, region: Region) -> list[Mutation]:
        return chosen(region, kind, list(KINDS[kind](region)))

    def output(self, mutation: Mutation | None) -> str:
        text = self.module.changed(mutation.edits if mutation is not None else {})
        binary = self.builds.build(self.workshop.variant_of(self.module, text))
        return subprocess.run([binary], capture_output=True, text=True, timeout=10).stdout.strip()


@pytest.fixture
def breaker(tmp_path: Path, tools: Toolchain) -> Callable[..., Breaker]:
    return lambda text, suffix=".c": Breaker(tmp_path, tools, text, suffix)
