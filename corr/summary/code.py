"""What a hot machine loop does in each pass: how its memory accesses move, and its instructions."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collectors.machine_code.address_steps import AT_RUN_TIME, COMPUTED, Step


@dataclass(frozen=True)
class Stream:
    """Accesses through the same registers: how many, how wide (bytes), how they move in a pass."""

    line: int | None
    kind: str
    count: int
    width: int
    step: Step

    def words(self) -> str:
        """A clause: `line 21: 2 loads of 8 bytes, which move 16 bytes (dense)`."""
        plural = "s" if self.count > 1 else ""
        width = f"{self.width} byte{'s' if self.width > 1 else ''}"
        what = f"{self.count} {self.kind}{plural} of {width}"
        return f"line {self.line if self.line else 'unknown'}: {what}, {self._moves()}"

    def _moves(self) -> str:
        if self.step == AT_RUN_TIME:
            return "moving by a distance known only at run time (such as a row)"
        if self.step == COMPUTED:
            return "at an address computed or loaded anew"
        assert isinstance(self.step, int)
        used = self.count * self.width
        if self.step == 0:
            return "at the same address in every pass"
        if abs(self.step) <= used:
            return f"moving {self.step} bytes (dense)"
        return f"moving {self.step} bytes, using {used} of them"


def stream_words(found: Sequence[Stream]) -> list[str]:
    """A clause a kind of stream, in order of first use; equal ones counted."""
    counted = Counter(stream.words() for stream in found)
    return [f"{words} ({n}×)" if n > 1 else words for words, n in counted.items()]


def streams(code: Sequence[Mapping[str, Any]]) -> list[Stream]:
    """The memory accesses of a machine loop but for constants and the stack, in address order.

    A row has these columns of `instructions`: line, kind, load_bytes, store_bytes, stack, through,
    moves, step.
    """
    found: dict[tuple[Any, ...], int] = defaultdict(int)
    for row in code:
        if row["through"] is None or row["moves"] is None or row["stack"]:
            continue
        step = row["moves"] if row["step"] is None else row["step"]
        through = row["through"] if isinstance(step, int) else None
        width = max(row["load_bytes"], row["store_bytes"])
        found[row["line"], _kind(row), width, through, step] += 1
    return [
        Stream(line, kind, count, width, step)
        for (line, kind, width, _, step), count in found.items()
    ]


def _kind(row: Mapping[str, Any]) -> str:
    if row["kind"] in ("gather", "scatter"):
        return str(row["kind"])
    if row["load_bytes"] and row["store_bytes"]:
        return "update"
    return "store" if row["store_bytes"] else "load"


def instruction_mix(code: Sequence[Mapping[str, Any]], most: int = 10) -> str:
    """The mnemonics with their counts, most frequent first: `4 mulsd, 2 addsd`."""
    counted = Counter(str(row["mnemonic"]) for row in code)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    words = ", ".join(f"{count} {name}" for name, count in ordered[:most])
    left = sum(count for _, count in ordered[most:])
    return f"{words}, {left} others" if left else words


_UNITS = (
    ("Div", "divider"),
    ("AGU|Load|Ld", "load unit"),
    ("St", "store unit"),
    ("FP", "floating-point or vector unit"),
    ("ALU", "integer unit"),
)


def bound_briefly(bound: str) -> str:
    """What limits a machine loop in a word or two; a unit of the processor by what it does."""
    if bound in ("dependencies", "dispatch width"):
        return bound
    return f"{_unit(bound)} {bound}"


def _unit(bound: str) -> str:
    return next((words for word, words in _UNITS if re.search(word, bound)), "execution unit")


def bound_words(row: Mapping[str, Any]) -> str:
    """What limits a machine loop by its model, as one says it."""
    bound, busy = str(row["bound"]), row["bound_pressure"]
    if bound == "dependencies":
        allow = f"; its resources alone would allow {busy:.4g}" if busy is not None else ""
        return f"bound by a chain of dependent instructions (latency, not throughput{allow})"
    if bound == "dispatch width":
        return "bound by the number of instructions (dispatch width)"
    return f"bound by the {_unit(bound)} {bound}" + (f", busy {busy:.4g} cycles" if busy else "")
