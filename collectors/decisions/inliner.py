"""The inliner: the flags that let it be driven, and the table of what it decided."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from collectors.base.errors import ToolMissing
from collectors.base.table import BOOL, INT, LINE, STRING, Table, column
from collectors.base.toolchain import INSTALL_LLVM, Toolchain
from collectors.decisions.channel import Header
from collectors.decisions.host import Advise

#: The feature that tells what the default heuristic would do.
DEFAULT = "inlining_default"
COST, THRESHOLD = "cost_estimate", "threshold"
#: What earlier versions send as the default's decision is another feature's value.
OLDEST_LLVM = 22
#: The module may grow to so many times its size before LLVM stops all inlining: never, in effect.
UNBOUNDED = 1000.0
#: While policies are searched, one that inlines everything must end.
SEARCHING = 6.0

DECISIONS = Table(
    "decisions",
    "each question of whether to inline a call, in the order in which it was decided",
    pa.schema(
        [
            column("module", STRING, "translation unit"),
            column("sequence", INT, "number of the decision in its module, from 0"),
            column("caller", STRING, "linkage name of the function that has the call then"),
            column("callee", STRING, "linkage name of the function called"),
            column("file", STRING, "source file of the call, NULL without debug information"),
            column("line", LINE, "source line of the call"),
            column("column", LINE, "source column of the call"),
            column(
                "chain",
                STRING,
                "the call by the inlining that brought it there: a:1:2 @ b:3:4, lines counted from"
                " the function's own; NULL where it is not known",
            ),
            column("inlined", BOOL, "what was decided"),
            column("default_inlined", BOOL, "what LLVM's heuristic would have decided there"),
            column("cost", INT, "cost that the default heuristic reports, NULL if it gives none"),
            column("threshold", INT, "threshold that it compares the cost with"),
            column("features", pa.map_(STRING, INT), "what the decision could go by, by name"),
        ]
    ),
)


def check(toolchain: Toolchain) -> None:
    """Raise ToolMissing where this LLVM cannot be driven faithfully."""
    if toolchain.major < OLDEST_LLVM:
        raise ToolMissing(
            f"driving the inliner needs LLVM {OLDEST_LLVM}; this is {toolchain.version}",
            INSTALL_LLVM,
        )


def flags(base: Path, growth: float = UNBOUNDED) -> list[str]:
    """Flags of `clang -cc1` (or clang) that let a host at `base` decide what is inlined."""
    options = (
        "-enable-ml-inliner=release",
        f"-inliner-interactive-channel-base={base}",
        "-inliner-interactive-include-default",
        f"-ml-advisor-size-increase-threshold={growth:g}",
    )
    return [word for option in options for word in ("-mllvm", option)]


def default(header: Header) -> Advise:
    """Decides as LLVM's own heuristic would."""
    at = next(t.offset for t in header.features if t.name == DEFAULT)

    def advise(observation: bytes) -> int:
        return observation[at]  # a truth value in little-endian order

    return advise
