"""Where the time goes, as blocks: program, function, loops from the outside in, lines.

Functions are those that the code was written in, by its inline frames, and not the ones that it
ended up in: a kernel that was inlined into main has its own block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from corr.console.short_names import short_name
from corr.report.listing import Asker, Row

#: Blocks below this share are not drawn, nor rows below so many.
LEAST_SHARE, MOST_ROWS = 0.004, 7
#: Height of a row, and how much of a character's width (in per cent of the whole) a label needs.
ROW_HEIGHT, CHARACTER = 30, 1.15

SQL = """\
SELECT s.loop, coalesce(l.function_name, f.name, s.function, s.symbol) AS function,
       CASE WHEN s.own THEN NULL ELSE s.object END AS object, s.file, s.line,
       sum(s.count) / (SELECT sum(count) FROM samples) AS share
FROM samples s LEFT JOIN loops l ON l.key = s.loop
LEFT JOIN functions f ON f.linkage = s.function
GROUP BY ALL ORDER BY share DESC, loop, file, line, function"""


@dataclass
class Block:
    """A part of the time, and the parts that it is made of."""

    name: str
    kind: str
    link: str = ""
    share: float = 0.0
    parts: dict[str, Block] = field(default_factory=dict)

    def part(self, name: str, kind: str, link: str = "") -> Block:
        return self.parts.setdefault(f"{kind} {name} {link}", Block(name, kind, link))


@dataclass(frozen=True)
class Drawn:
    """A block where it is drawn: left edge and width in per cent, row from the top."""

    left: float
    width: float
    row: int
    name: str
    kind: str
    share: float
    link: str

    @property
    def label(self) -> str:
        """The name as far as it fits; nothing where not even a few letters do."""
        room = int(self.width / CHARACTER)
        if room < 4:
            return ""
        return self.name if len(self.name) <= room else f"{self.name[: room - 1]}…"


@dataclass(frozen=True)
class Icicle:
    """The picture: its blocks, and what it says in a sentence."""

    blocks: Sequence[Drawn]
    says: str

    @property
    def height(self) -> int:
        return ROW_HEIGHT * (1 + max((b.row for b in self.blocks), default=0))


def gather(ask: Asker, program: str) -> Icicle | None:
    """The picture of a run; None where nothing was sampled."""
    whole = Block(program, "program", share=0.0)
    for row in ask.rows(SQL):
        _add(whole, row)
    if not whole.share:
        return None
    blocks = tuple(_drawn(whole, 0.0, 0))
    inside = max(whole.parts.values(), key=lambda b: b.share)
    hottest = inside
    while hottest.parts:
        inner = max(hottest.parts.values(), key=lambda b: b.share)
        if inner.share < 0.5 * hottest.share:
            break
        hottest = inner
    says = f"{inside.name} takes {100 * inside.share:.1f}% of the time"
    if hottest.share > 0.99 * inside.share:
        says += f", all of it in {hottest.name}" if hottest is not inside else ""
    else:
        says += f", {hottest.name} alone {100 * hottest.share:.1f}%"
    return Icicle(blocks, says)


def _add(whole: Block, row: Row) -> None:
    share = row["share"]
    at = whole
    at.share += share
    for name, kind, link in _path(row):
        at = at.part(name, kind, link)
        at.share += share


def _path(row: Row) -> Iterator[tuple[str, str, str]]:
    """The blocks that a sample lies in, from the outside in."""
    if row["object"]:
        yield row["object"].rsplit("/", 1)[-1], "library", ""
        if row["object"] != "[kernel]" and row["function"]:
            yield short_name(row["function"]), "function", ""
        return
    yield short_name(row["function"] or "[unknown]"), "function", ""
    if row["loop"]:
        function, _, path = row["loop"].rpartition("/")
        steps = path.split(".")
        for depth in range(1, len(steps) + 1):
            key = f"{function}/{'.'.join(steps[:depth])}"
            yield f"loop {'.'.join(steps[:depth])}", "loop", key
    if row["line"]:
        yield f"line {row['line']}", "line", f"{row['file']}:{row['line']}"


def _drawn(block: Block, left: float, row: int) -> Iterator[Drawn]:
    if block.share < LEAST_SHARE or row >= MOST_ROWS:
        return
    width = 100 * block.share
    name = f"{block.name} {width:.1f}%" if width >= 8 else block.name
    yield Drawn(left, width, row, name, block.kind, block.share, block.link)
    at = left
    for part in sorted(block.parts.values(), key=lambda b: (-b.share, b.name)):
        yield from _drawn(part, at, row + 1)
        at += 100 * part.share
