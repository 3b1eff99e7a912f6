"""A small program, ready to be judged with other texts in place of its own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from collectors.base.toolchain import Toolchain
from corr.optimize.build_and_run import Builds
from corr.optimize.judging.checked import Checked
from corr.optimize.prepare_original import Original, prepare
from corr.optimize.request import Order
from corr.optimize.variant import Variant
from corr.program.model import Run, from_files
from tests.support.places import ROOT


class Judged:
    """`text` as a.c in `folder`, prepared. `said` is what the reader was told."""

    def __init__(
        self,
        folder: Path,
        tools: Toolchain,
        text: str,
        *,
        run: dict[str, Any] | None = None,
        builds: Path | None = None,
        **order: Any,
    ) -> None:
        self.source = folder / "a.c"
        self.source.write_text(text)
        if "corr_harness.h" in text:
            shutil.copy(ROOT / "kernels" / "corr_harness.h", folder)
        self.text = text
        self.said: list[str] = []
        how = Run(directory=folder, **(run or {}))
        program = from_files(["a.c"], ["-O1"], how, folder)
        place = builds or folder.with_name(f"{folder.name}-builds")
        self.builds = Builds(program, tools, place, bare=order.get("bare", False))
        self.original: Original = prepare(self.builds, Order(**order), self.said.append)

    def with_text(self, old: str, new: str) -> Variant:
        """The program with another text in place of one."""
        assert self.text.count(old) == 1
        return self.original.variant.with_text(self.source, self.text.replace(old, new))

    def check(self, old: str, new: str) -> Checked:
        """The same, checked on all inputs."""
        return self.checked(self.with_text(old, new))

    def checked(self, variant: Variant) -> Checked:
        return self.original.verifier.check(variant, self.builds.build(variant))

    def timed(self, old: str, new: str) -> str:
        """What is wrong with a timed run of it; empty if nothing is."""
        variant = self.with_text(old, new)
        accept = self.original.verifier.accepts(variant, self.original.contest.repeat)
        assert accept is not None
        contest = replace(self.original.contest, own_clock=False)
        run = self.builds.run(
            self.builds.build(variant),
            contest.given,
            contest.output,
            repeat=contest.repeat,
            look=contest.look,
        )
        return accept(run)
