"""What a hot machine loop does in each pass: how its memory accesses move, and its instructions.

Address steps are read off the code, for x86-64 as llvm-objdump prints it (AT&T syntax): a register
that only constants are added to moves by their sum. For other processors nothing is said.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MEMORY = re.compile(r"(-?0x[0-9a-f]+|-?\d+)?\((%\w+)?(?:,(%\w+)(?:,(\d))?)?\)")
_REGISTER = re.compile(r"^%(\w+)$")
_NO_ACCESS = re.compile(r"^(lea|nop|prefetch)")
_NO_WRITE = re.compile(r"^(cmp|test|push|j|nop|v?u?comis|bt[lqw]?$|prefetch)")
_CALL_CLOBBERED = ("rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11")
_PART = re.compile(r"^[er]?([abcd])[xlh]$|^[er]?(si|di|bp|sp)l?$|^(r\d+)[dwb]?$")

#: How an address register moves in a pass where that is not a number of bytes.
AT_RUN_TIME, COMPUTED = "at run time", "computed"
Step = int | str


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

    A row has `mnemonic`, `operands`, `line`, and `may_load` and `may_store` of the model.
    """
    steps = _register_steps(code)
    found: dict[tuple[Any, ...], int] = defaultdict(int)
    for row in code:
        access = _MEMORY.search(row["operands"] or "")
        if access is None or _NO_ACCESS.match(row["mnemonic"]):
            continue
        base, index = _canonical(access[2]), _canonical(access[3])
        if base in ("rip", "rsp"):
            continue
        step = _combined(steps.get(base, 0), steps.get(index, 0), int(access[4] or 1))
        kind = _kind(row)
        through = (base, index) if isinstance(step, int) else None
        found[row["line"], kind, _width(row), through, step] += 1
    return [
        Stream(line, kind, count, width, step)
        for (line, kind, width, _, step), count in found.items()
    ]


def instruction_mix(code: Sequence[Mapping[str, Any]], most: int = 10) -> str:
    """The mnemonics with their counts, most frequent first: `4 mulsd, 2 addsd`."""
    counted = Counter(str(row["mnemonic"]) for row in code)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    words = ", ".join(f"{count} {name}" for name, count in ordered[:most])
    left = sum(count for _, count in ordered[most:])
    return f"{words}, {left} others" if left else words


def stack_accesses(code: Sequence[Mapping[str, Any]]) -> int:
    """Accesses relative to the stack pointer: spilled values and local variables."""
    return sum("(%rsp" in (row["operands"] or "") for row in code)


_UNITS = (
    ("Div", "divider"),
    ("AGU|Load|Ld", "load unit"),
    ("St", "store unit"),
    ("FP", "floating-point or vector unit"),
    ("ALU", "integer unit"),
)


def bound_words(row: Mapping[str, Any]) -> str:
    """What limits a machine loop by its model, as one says it."""
    bound, busy = str(row["bound"]), row["bound_pressure"]
    if bound == "dependencies":
        allow = f"; its resources alone would allow {busy:.4g}" if busy is not None else ""
        return f"bound by a chain of dependent instructions (latency, not throughput{allow})"
    if bound == "dispatch width":
        return "bound by the number of instructions (dispatch width)"
    unit = next((words for word, words in _UNITS if re.search(word, bound)), "execution unit")
    return f"bound by the {unit} {bound}" + (f", busy {busy:.4g} cycles" if busy else "")


def _register_steps(code: Sequence[Mapping[str, Any]]) -> dict[str | None, Step]:
    steps: dict[str | None, Step] = {}
    for row in code:
        for register, step in _writes(row["mnemonic"], row["operands"] or ""):
            before = steps.get(register, 0)
            if COMPUTED in (before, step):
                steps[register] = COMPUTED
            elif isinstance(before, int) and isinstance(step, int):
                steps[register] = before + step
            else:
                steps[register] = AT_RUN_TIME
    moving = {register for register, step in steps.items() if step}
    for row in code:  # a distance that itself changes in the loop is no fixed distance
        match = re.fullmatch(r"%(\w+), %(\w+)", row["operands"] or "")
        if match and re.match(r"(add|sub)q$", row["mnemonic"]) and _whole(match[1]) in moving:
            steps[_whole(match[2])] = COMPUTED
    return steps


def _writes(mnemonic: str, operands: str) -> list[tuple[str | None, Step]]:
    """The general registers that an instruction changes, and by how much."""
    if mnemonic.startswith("call"):
        return [(name, COMPUTED) for name in _CALL_CLOBBERED]
    if _NO_WRITE.match(mnemonic):
        return []
    written: list[tuple[str | None, Step]] = []
    parts = re.split(r", (?![^(]*\))", operands)
    if re.match(r"i?(mul|div)[lq]$", mnemonic) and len(parts) == 1:
        written = [("rax", COMPUTED), ("rdx", COMPUTED)]
    target = _REGISTER.match(parts[-1])
    if target is None:
        return written
    register = _whole(target[1])
    constant = re.match(r"^\$(-?)0x([0-9a-f]+)$", parts[0])
    if mnemonic in ("incq", "decq"):
        return [(register, 1 if mnemonic == "incq" else -1)]
    if mnemonic in ("addq", "subq") and constant:
        value = int(constant[2], 16) * (-1 if constant[1] else 1)
        return [(register, value if mnemonic == "addq" else -value)]
    if mnemonic in ("addq", "subq") and _REGISTER.match(parts[0]):
        return [(register, AT_RUN_TIME)]
    shifted = re.fullmatch(r"(-?)0x([0-9a-f]+)\(%(\w+)\)", parts[0])
    if mnemonic == "leaq" and shifted and _whole(shifted[3]) == register:
        return [(register, int(shifted[2], 16) * (-1 if shifted[1] else 1))]
    return [*written, (register, COMPUTED)]


def _combined(base: Step, index: Step, scale: int) -> Step:
    for kind in (COMPUTED, AT_RUN_TIME):
        if kind in (base, index):
            return kind
    assert isinstance(base, int) and isinstance(index, int)
    return base + scale * index


def _kind(row: Mapping[str, Any]) -> str:
    for word in ("gather", "scatter"):
        if word in row["mnemonic"]:
            return word
    if row["may_load"] and row["may_store"]:
        return "update"
    return "store" if row["may_store"] else "load"


def _width(row: Mapping[str, Any]) -> int:
    mnemonic, operands = row["mnemonic"], row["operands"]
    widened = re.match(r"mov[sz]([bwl])[wlq]$", mnemonic)
    scalar = re.search(r"s([sd])$|^v?mov([dq])$", mnemonic)
    if scalar and "xmm" in operands:
        return 8 if scalar[0].endswith(("sd", "q")) else 4
    for register, width in (("%zmm", 64), ("%ymm", 32), ("%xmm", 16)):
        if register in operands:
            return width
    letter = widened[1] if widened else mnemonic[-1]
    return {"q": 8, "l": 4, "w": 2, "b": 1}.get(letter, 8)


def _canonical(register: str | None) -> str | None:
    return _whole(register[1:]) if register else None


def _whole(name: str) -> str:
    """The 64-bit register that a name is part of; vector registers are themselves."""
    match = _PART.match(name)
    if match is None:
        return name
    return f"r{match[1]}x" if match[1] else f"r{match[2]}" if match[2] else match[3]
