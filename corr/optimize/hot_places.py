"""What the rules can rewrite of a program's hot places: loop nests, and irregular loops."""

from __future__ import annotations

from dataclasses import dataclass, replace

from collectors.base.table import Problem
from collectors.base.toolchain import Toolchain
from corr.lake.store import Lake, RunInfo
from corr.optimize import hot_inside, hot_irregular, hot_nests
from corr.optimize.hot_irregular import Irregular
from corr.optimize.hot_nests import HotNests, Nest
from corr.program.model import Program


@dataclass(frozen=True)
class Hot:
    """Both kinds; and nests that are there once loops are written anew."""

    nests: HotNests
    irregular: Irregular
    inside: tuple[Nest, ...] = ()

    @property
    def all_nests(self) -> HotNests:
        """The nests, those inside of loops last."""
        return replace(self.nests, modelled=(*self.nests.modelled, *self.inside))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why other places are neither."""
        found = self.irregular.lookups
        left = (p for p in self.nests.problems if not any(one.covers(p.where) for one in found))
        return (*left, *self.irregular.problems)


def find(lake: Lake, run: RunInfo, program: Program, toolchain: Toolchain, *, by_name: bool) -> Hot:
    """The hot places of a run of this program. `by_name`: see `hot_nests.find`."""
    nests = hot_nests.find(lake, run, program, toolchain, sizes_by_name=by_name)
    irregular = hot_irregular.find(lake, run, program, toolchain)
    return Hot(nests, irregular, tuple(hot_inside.find(irregular.borders)))
