"""Alive2's word on two versions of a function, where its `alive-tv` is installed."""

from __future__ import annotations

import re

from collectors.base import process, toolchain
from collectors.base.foreign_text import one_line
from collectors.base.scratch import scratch
from collectors.sandbox.confined import compiler_limits
from corr.optimize.guarantee import Guarantee
from corr.optimize.moves.ir_function import function_text

TOOL = "alive-tv"
#: Seconds for the whole comparison, and milliseconds for each question to its solver.
TIME_LIMIT = 120.0
SOLVER_LIMIT = 20_000
_COUNT = re.compile(r"^  (\d+) (correct|incorrect|failed-to-prove|Alive2|errors?)\b", re.MULTILINE)
_LABEL = re.compile(r'^\s*("[^"]*"|[-\w$.]+):', re.MULTILINE)
_TARGET = re.compile(r'\blabel\s+%("[^"]*"|[-\w$.]+)')


def installed() -> bool:
    """`alive-tv` is on this machine."""
    return toolchain.other(TOOL) is not None


def alive(
    before: str, after: str, function: str, time_limit: float = TIME_LIMIT
) -> tuple[Guarantee, str]:
    """How far Alive2 can show that `after` refines `before`, two modules, and what it said.

    `unknown` without the tool, when it gives up, and for a function with loops that it finds no
    fault with: it follows a loop for a bounded number of iterations only. Raises Refused where a
    module does not define the function.
    """
    loops = has_loop(function_text(before, function)) or has_loop(function_text(after, function))
    tool = toolchain.other(TOOL)
    if tool is None:
        return Guarantee.unknown, f"{TOOL} is not installed"
    with scratch("alive") as folder:
        paths = [folder / name for name in ("before.ll", "after.ll")]
        for path, text in zip(paths, (before, after), strict=True):
            path.write_text(text, "utf-8", "surrogateescape")
        options = (f"--func={function}", f"--smt-to={SOLVER_LIMIT}")
        answer = process.run([*compiler_limits(), tool, *options, *paths], timeout=time_limit)
    if answer.timed_out:
        return Guarantee.unknown, f"{TOOL} was {answer.ending()}"
    return verdict(answer.stdout.decode("utf-8", "replace"), loops)


def verdict(output: str, loops: bool) -> tuple[Guarantee, str]:
    """What `alive-tv` printed, as a guarantee.

    Its closing summary counts; the text before it repeats the functions, names and all, and so
    may say anything.
    """
    text, found, summary = output.rpartition("\nSummary:\n")
    counts = {kind: int(number) for number, kind in _COUNT.findall(summary)}
    errors = [line for line in text.splitlines() if line.startswith("ERROR: ")]
    said = one_line(errors[-1].removeprefix("ERROR: "), 200) if errors else ""
    if not found or not {"correct", "incorrect"} <= set(counts):
        return Guarantee.unknown, f"{TOOL} gave no summary" + (f": {said}" if said else "")
    others = sum(number for kind, number in counts.items() if kind != "correct")
    if counts["incorrect"]:
        return Guarantee.refuted, f"{TOOL}: {said or 'does not verify'}"
    if counts["correct"] != 1 or others:
        return Guarantee.unknown, f"{TOOL} could not decide" + (f": {said}" if said else "")
    if loops:
        return Guarantee.unknown, f"{TOOL} found no fault, but looks at few iterations of a loop"
    return Guarantee.proved, f"{TOOL}: correct"


def has_loop(text: str) -> bool:
    """The function may have a loop: a branch to a block above it, or to one that has no label."""
    defined: dict[str, int] = {}
    for found in _LABEL.finditer(text):
        defined.setdefault(found[1], found.start())
    return any(defined.get(found[1], -1) < found.start() for found in _TARGET.finditer(text))
