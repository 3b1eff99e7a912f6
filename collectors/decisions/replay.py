"""Decisions as a table that any clang replays, with no host beside it.

LLVM's replay inliner reads remarks: a call by its callee and its chain, and whether it was
inlined. What is not listed is decided as LLVM would, so a table of the differences is enough. It
needs the places that debug information gives: `-gline-tables-only` changes no code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from collectors.base.foreign_text import visible

#: What the flags need of the build.
DEBUG = "-gline-tables-only"


@dataclass(frozen=True, order=True)
class SiteDecision:
    """Whether the call of `callee` at `chain` is inlined."""

    caller: str
    callee: str
    chain: str
    inlined: bool

    @property
    def line(self) -> str:
        """As the compiler reads it, which is as it would say it."""
        verb = "inlined" if self.inlined else "will not be inlined"
        return f"replay:1:1: '{self.callee}' {verb} into '{self.caller}' at callsite {self.chain};"

    @property
    def sound(self) -> bool:
        """The line says what it means to: the names hold nothing that LLVM reads otherwise."""
        foreign = (self.caller, self.callee, self.chain)
        plain = all(text and visible(text) == text and "'" not in text for text in foreign)
        return plain and ";" not in self.chain and " at callsite " not in "".join(foreign)


def flags(table: Path, *, rest: str = "Original") -> list[str]:
    """Flags that make clang, or `clang -cc1`, replay a table.

    Calls that it does not list are decided as LLVM would (`Original`), or `NeverInline`.
    """
    options = (
        f"-cgscc-inline-replay={table}",
        "-cgscc-inline-replay-scope=Module",
        "-cgscc-inline-replay-format=LineColumnDiscriminator",
        f"-cgscc-inline-replay-fallback={rest}",
    )
    return [word for option in options for word in ("-mllvm", option)]


def text(decisions: Iterable[SiteDecision]) -> str:
    """The table's text, a decision a line."""
    return "".join(f"{decision.line}\n" for decision in decisions)


def contradictions(decisions: Iterable[SiteDecision]) -> list[SiteDecision]:
    """Decisions whose call is decided otherwise, too: copies that a table cannot tell apart."""
    said: dict[tuple[str, str], bool] = {}
    found = []
    for decision in decisions:
        if said.setdefault((decision.callee, decision.chain), decision.inlined) != decision.inlined:
            found.append(decision)
    return found
