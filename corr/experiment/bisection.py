"""Which pass invocation gave code a property: halved down to one, without timing anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from collectors.base.scratch import scratch
from corr.experiment.invocations import Compilation
from corr.experiment.places import Place
from corr.lake.store import RunInfo

Property = Literal["vectors", "calls", "spills"]

_DEFINE = re.compile(r'^define [^\n]*?@(?:"([^"]*)"|([-\w$.]+))\([^\n]*\n', re.MULTILINE)
_VECTOR = re.compile(r"^  [^;\n]*<(?:vscale x )?\d+ x [\w.]+>[^\n]*!dbg !(\d+)", re.MULTILINE)
_CALL = re.compile(
    r'^  [^;\n]*\b(?:call|invoke) [^\n]*?@(?!llvm\.)(?:"[^"]*"|[-\w$.]+)\([^\n]*!dbg !(\d+)',
    re.MULTILINE,
)
_LOCATION = re.compile(r"^!(\d+) = (?:distinct )?!DILocation\(line: (\d+)", re.MULTILINE)
_SPILL = re.compile(r"-byte (?:Folded )?(?:Spill|Reload)")
_LABEL = re.compile(r'^(?:"([^"\n]*)"|([\w.$]+)):', re.MULTILINE)


@dataclass(frozen=True)
class Bisected:
    """The invocation that decides: `side` has the property by it.

    `before` and `after`: the count (vector instructions, calls, spills) without and with it.
    """

    side: str
    what: Property
    pass_name: str
    number: int
    of: int
    functions: tuple[str, ...]
    before: int
    after: int
    builds: int

    @property
    def says(self) -> str:
        counted = {
            "vectors": "vector instructions of the loop",
            "calls": "calls in the loop",
            "spills": "spills and reloads of the function",
        }[self.what]
        where = f" on {', '.join(self.functions)}" if self.functions else ""
        return (
            f"{self.side}: {self.pass_name}{where}, invocation {self.number:,} of {self.of:,}:"
            f" {counted} {self.before} → {self.after}"
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def bisect(run: RunInfo, side: str, place: Place, wanted: Property) -> Bisected | None:
    """The first invocation with which the code is as the whole compilation makes it.

    Of what has the property to some degree on the way, the step that passes half of it counts.
    None if the passes that can be left out do not decide. Raises CorrError.
    """
    with scratch("bisection") as folder:
        compilation = Compilation.of_run(run, place.file, folder)
        listed = compilation.whole(folder / "whole.o")
        found = _Halving(compilation, place, wanted).find(len(listed))
    if found is None:
        return None
    number, before, after, builds = found
    one = listed[number - 1]
    names = one.functions
    return Bisected(side, wanted, one.name, number, len(listed), names, before, after, builds)


class _Halving:
    def __init__(self, compilation: Compilation, place: Place, wanted: Property) -> None:
        self.compilation = compilation
        self.place = place
        self.wanted = wanted
        self.counts: dict[int, int] = {}

    def find(self, last: int) -> tuple[int, int, int, int] | None:
        first, final = self.count(0), self.count(last)
        if first == final:
            return None
        # what loops are turned into comes and goes on the way: half of the way counts
        has = _beyond((first + final) / 2, upwards=final > first)
        low, high = 0, last
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if has(self.count(middle)) else (middle, high)
        return high, self.count(low), self.count(high), len(self.counts)

    def count(self, last: int) -> int:
        if last not in self.counts:
            out = self.compilation.folder / "up_to"
            self.compilation.up_to(last, out, *_OUTPUT[self.wanted])
            text = out.read_text("utf-8", "surrogateescape")
            self.counts[last] = _COUNTS[self.wanted](text, self.place)
        return self.counts[last]


def _beyond(limit: float, *, upwards: bool) -> Callable[[int], bool]:
    return (lambda count: count > limit) if upwards else (lambda count: count < limit)


#: Vectors and calls are seen in the IR, spills in assembly.
_OUTPUT: dict[Property, tuple[str, ...]] = {
    "vectors": ("-g", "-S", "-emit-llvm"),
    "calls": ("-g", "-S", "-emit-llvm"),
    "spills": ("-g0", "-S"),
}


def vectors(module: str, place: Place) -> int:
    """Vector instructions of the loop's lines."""
    return _on_lines(module, place, _VECTOR)


def calls(module: str, place: Place) -> int:
    """Calls of functions on the loop's lines."""
    return _on_lines(module, place, _CALL)


def _on_lines(module: str, place: Place, kind: re.Pattern[str]) -> int:
    lines = {number: int(line) for number, line in _LOCATION.findall(module)}
    first, last = place.lines
    return sum(
        first <= lines.get(number, 0) <= last
        for body in _bodies(module, place)
        for number in kind.findall(body)
    )


def _bodies(module: str, place: Place) -> Iterator[str]:
    for found in _DEFINE.finditer(module):
        if (found[1] or found[2]) in place.functions:
            yield module[found.end() : module.find("\n}\n", found.end())]


def spills(assembly: str, place: Place) -> int:
    """Spills and reloads of the functions, as the comments of the assembly say."""
    count, inside = 0, False
    for line in assembly.splitlines():
        if label := _LABEL.match(line):
            name = label[1] or label[2]
            if not name.startswith(".L"):
                inside = name in place.functions
        elif inside and _SPILL.search(line):
            count += 1
    return count


_COUNTS: dict[Property, Callable[[str, Place], int]] = {
    "vectors": vectors,
    "calls": calls,
    "spills": spills,
}
