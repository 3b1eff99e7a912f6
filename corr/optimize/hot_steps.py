"""Steps of shift registers that take the time: those that a table can stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corr.irregular.tables import Steps, tables_in
from corr.optimize.hot_nests import HotLoop
from corr.optimize.hot_parts import HotPart, known, share_of
from corr.polyhedral.clang_ast import Functions


@dataclass(frozen=True)
class HotSteps(HotPart):
    """A loop of eight steps, one for each bit."""

    steps: Steps

    @property
    def function(self) -> str:
        """The function that it is in."""
        name: str = self.steps.function["name"]
        return name

    def edit(self, says: str) -> tuple[str, str]:
        """The old text and the new one. Raises Unsuitable."""
        with known():
            return self.replaced(
                self.steps.span(self.functions), self.steps.code(self.functions, says)
            )


def steps_of(
    functions: Functions, label: str, name: str, loops: Sequence[HotLoop], least: float
) -> list[HotSteps]:
    """Those of a function that have such a share of the time.

    That of the loop round them: the compiler writes out the eight steps.
    """
    function = functions.get(name)
    found = []
    for one in tables_in(functions, function) if function is not None else ():
        if isinstance(one, Steps):
            share = share_of(functions, label, [one.within], loops)
            if share >= least:
                found.append(HotSteps(label, functions, share, one.loop, one))
    return found
