"""What the inliner reports, one record a decision, in the order in which it decided.

The columnar reader of `collectors.remarks` counts equal remarks and keeps one; here their order
tells which decision is which, so every record counts. Only the records that LLVM's own writer
makes are read: other text in the file is not of the inliner.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collectors.base.errors import CorrError

#: The passes that report: a driven inliner, LLVM's own, which also tells what had to be inlined.
DRIVEN, OWN = "inline-ml", "inline"
#: What is recorded of both, for `-opt-record-passes`.
BOTH = f"{OWN}({DRIVEN.removeprefix(OWN)})?"
_VALUE = r"""(?:'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|[^\n]*?)"""
_PLACE = rf"\{{ File: ({_VALUE}),\s+Line: (\d+),\s+Column: (\d+) \}}"
_HEAD = re.compile(
    rf"--- !(\w+)\nPass: +(\S+)\nName: +(\S+)\n(?:DebugLoc: +{_PLACE}\n)?"
    rf"Function: +({_VALUE})\n(?:Hotness: +\d+\n)?Args:\n"
)
_ARGUMENT = re.compile(rf"^  - ([\w.]+): +({_VALUE})$", re.MULTILINE)
_COST = re.compile(r"\(cost=(-?\d+|always|never)(?:, threshold=(-?\d+))?")
_SIMPLE = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|.)")
_ESCAPES = {"n": "\n", "t": "\t", "0": "\0", "e": "\x1b", "r": "\r", "a": "\a", "b": "\b"}


@dataclass(frozen=True)
class InlineRemark:
    """One report: what was decided of a call. Place and `chain` are None where it names none.

    `message` is the sentence that clang prints; of a driven inliner it is all numbers.
    """

    source: str
    name: str
    passed: bool
    caller: str
    callee: str
    file: str | None
    line: int | None
    column: int | None
    message: str
    features: tuple[tuple[str, str], ...] = ()

    @property
    def site(self) -> tuple[str, str, str | None, int | None, int | None]:
        """What tells calls apart, but for those that inlining made copies of."""
        return self.caller, self.callee, self.file, self.line, self.column

    @property
    def chain(self) -> str | None:
        _, found, after = self.message.partition(" at callsite ")
        return after.partition(";")[0] if found else None

    @property
    def mandatory(self) -> bool:
        """Nobody was asked: an attribute says so. These are inlined before all others."""
        return self.source == OWN and self.name == "AlwaysInline"

    @property
    def cost(self) -> int | None:
        match = _COST.search(self.message)
        return int(match[1]) if match and match[1] not in ("always", "never") else None

    @property
    def threshold(self) -> int | None:
        match = _COST.search(self.message)
        return int(match[2]) if match and match[2] else None


def read(path: Path) -> Iterator[InlineRemark]:
    """The inliners' reports in a YAML record. Empty where the compiler wrote none."""
    try:
        text = path.read_text("utf-8", "surrogateescape") if path.exists() else ""
    except OSError as error:
        raise CorrError(f"{path} cannot be read: {error.strerror}") from error
    for document in text.split("\n...\n"):
        head = _HEAD.match(document.lstrip("\n"))
        if not head or head[2] not in (DRIVEN, OWN):
            continue
        body = document.lstrip("\n")[head.end() :]
        arguments = [(key, _plain(value)) for key, value in _ARGUMENT.findall(body)]
        named = dict(reversed(arguments))
        if "Callee" in named:
            yield InlineRemark(
                head[2],
                head[3],
                head[1] == "Passed",
                _plain(head[7]),
                named["Callee"],
                _plain(head[4]) if head[4] else None,
                int(head[5]) if head[5] else None,
                int(head[6]) if head[6] else None,
                "".join(value for _, value in arguments),
                tuple(arguments[1:]) if head[2] == DRIVEN else (),
            )


def _plain(value: str) -> str:
    """A scalar of YAML without its quotes."""
    if value.startswith("'"):
        return value[1:-1].replace("''", "'")
    if value.startswith('"'):
        return _SIMPLE.sub(_escaped, value[1:-1])
    return value


def _escaped(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "xu" and len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPES.get(code, code)
