"""Where the time goes, as blocks: program, function, loops from the outside in, lines.

Functions are those that the code was written in, by its inline frames, and not the ones that it
ended up in: a kernel that was inlined into main has its own block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from collectors.base.foreign_text import one_line
from corr.console.short_names import short_name
from corr.report.captions import enumerated, percent
from corr.report.listing import Asker, Row

#: Blocks below this share are not drawn, nor rows below so many.
LEAST_SHARE, MOST_ROWS = 0.004, 7
ROW_HEIGHT = 30
#: Characters of a line of source.
LONGEST = 120
#: One function that takes as much of the time is told alone; else as many as take this part.
MOST_OF_IT, TOLD_PART, MOST_TOLD = 0.6, 0.66, 4

SQL = """\
SELECT s.loop, coalesce(l.function_name, f.name, s.function, s.symbol) AS function,
       CASE WHEN s.own THEN NULL ELSE s.object END AS object, s.file, s.line,
       sum(s.count) / (SELECT sum(count) FROM samples) AS share
FROM samples s LEFT JOIN loops l ON l.key = s.loop
LEFT JOIN functions f ON f.linkage = s.function
GROUP BY ALL ORDER BY share DESC, loop, file, line, function"""
LOOPS_SQL = "SELECT key, line FROM loops"
SOURCE_SQL = """\
SELECT file, line, any_value(text) AS text FROM source SEMI JOIN samples USING (file, line)
GROUP BY file, line"""


@dataclass
class Block:
    """A part of the time, and the parts that it is made of.

    `link` is the loop's key, or the place of a line.
    """

    name: str
    kind: str
    link: str = ""
    share: float = 0.0
    parts: dict[str, Block] = field(default_factory=dict)

    def part(self, name: str, kind: str, link: str = "") -> Block:
        return self.parts.setdefault(f"{kind} {name} {link}", Block(name, kind, link))

    @property
    def largest(self) -> Block | None:
        """The part that takes most."""
        return max(self.parts.values(), key=lambda b: b.share, default=None)


@dataclass(frozen=True)
class Drawn:
    """A block where it is drawn: left edge and width in per cent, row from the top.

    `leads` is where on the page it leads to, without what the links of a kernel begin with.
    """

    left: float
    width: float
    row: int
    name: str
    kind: str
    share: float
    link: str
    leads: str


@dataclass(frozen=True)
class Icicle:
    """The picture: its blocks, and what it says in a sentence."""

    blocks: Sequence[Drawn]
    says: str

    @property
    def height(self) -> int:
        return ROW_HEIGHT * (1 + max((b.row for b in self.blocks), default=0))


def gather(ask: Asker, program: str, *, with_source: bool = True) -> Icicle | None:
    """The picture of a run; None where nothing was sampled. Lines have their text, if any."""
    whole = Block(program, "program", share=0.0)
    lines = {row["key"]: row["line"] for row in ask.rows(LOOPS_SQL)}
    source = ask.rows(SOURCE_SQL) if with_source else []
    texts = {(row["file"], row["line"]): one_line(row["text"] or "", LONGEST) for row in source}
    for row in ask.rows(SQL):
        _add(whole, row, lines, texts)
    if not whole.share:
        return None
    return Icicle(tuple(_drawn(whole, 0.0, 0)), _says(whole))


def _says(whole: Block) -> str:
    """Which functions take most of the time, and of a single one which place in it."""
    functions = sorted(whole.parts.values(), key=lambda b: -b.share)
    first = functions[0]
    if first.share < MOST_OF_IT:
        told, taken = [first], first.share
        for one in functions[1:MOST_TOLD]:
            if taken >= TOLD_PART:
                break
            told.append(one)
            taken += one.share
        if len(told) > 1:
            names, shares = [b.name for b in told], [percent(b.share) for b in told]
            return f"{enumerated(names)} take {percent(taken)} of the time: {enumerated(shares)}"
    inmost = first
    while (inner := inmost.largest) and inner.share >= 0.5 * inmost.share:
        inmost = inner
    says = f"{first.name} takes {percent(first.share)} of the time"
    if inmost is first:
        return says
    place = inmost.link if inmost.kind == "line" else inmost.name
    if inmost.share > 0.99 * first.share:
        return f"{says}, all of it in {place}"
    return f"{says}, {place} alone {percent(inmost.share)}"


def _add(
    whole: Block, row: Row, lines: Mapping[str, int], texts: Mapping[tuple[str, int], str]
) -> None:
    share = row["share"]
    at = whole
    at.share += share
    for name, kind, link in _path(row, lines, texts):
        at = at.part(name, kind, link)
        at.share += share


def _path(
    row: Row, lines: Mapping[str, int], texts: Mapping[tuple[str, int], str]
) -> Iterator[tuple[str, str, str]]:
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
            name = f"loop at {lines[key]}" if key in lines else f"loop {'.'.join(steps[:depth])}"
            yield name, "loop", key
    if row["line"]:
        text = texts.get((row["file"], row["line"]), "")
        name = f"{row['line']}: {text}" if text else f"line {row['line']}"
        yield name, "line", f"{row['file']}:{row['line']}"


def _leads(block: Block) -> str:
    """To the loop or line; of a function to where most of its time goes."""
    inmost = block
    while not inmost.link and (inner := inmost.largest):
        inmost = inner
    if block.kind == "program" or not inmost.link:
        return ""
    key = "loop" if inmost.kind == "loop" else "line"
    return f"{key}={quote(inmost.link, safe='')}"


def _drawn(block: Block, left: float, row: int) -> Iterator[Drawn]:
    if block.share < LEAST_SHARE or row >= MOST_ROWS:
        return
    width = 100 * block.share
    leads = _leads(block)
    yield Drawn(left, width, row, block.name, block.kind, block.share, block.link, leads)
    at = left
    for part in sorted(block.parts.values(), key=lambda b: (-b.share, b.name)):
        yield from _drawn(part, at, row + 1)
        at += 100 * part.share
