"""What the rules can rewrite of a program's hot places: loop nests, and irregular loops."""

from __future__ import annotations

from dataclasses import dataclass

from collectors.base.table import Problem
from collectors.base.toolchain import Toolchain
from corr.lake.store import Lake, RunInfo
from corr.optimize import hot_irregular, hot_nests
from corr.optimize.hot_irregular import Irregular
from corr.optimize.hot_nests import HotNests
from corr.program.model import Program


@dataclass(frozen=True)
class Hot:
    """Both kinds."""

    nests: HotNests
    irregular: Irregular

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why other places are neither."""
        found = self.irregular.lookups
        left = (p for p in self.nests.problems if not any(one.covers(p.where) for one in found))
        return (*left, *self.irregular.problems)


def find(lake: Lake, run: RunInfo, program: Program, toolchain: Toolchain, *, by_name: bool) -> Hot:
    """The hot places of a run of this program. `by_name`: see `hot_nests.find`."""
    nests = hot_nests.find(lake, run, program, toolchain, sizes_by_name=by_name)
    return Hot(nests, hot_irregular.find(lake, run, program, toolchain))
