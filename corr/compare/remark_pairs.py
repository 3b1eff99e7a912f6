"""Which loop of one build is which of another, where only remarks tell of loops.

Their numbers follow whichever loops happen to have a remark, so that they say nothing: file, line,
column and function do, and where the sources differ, the statement that stands there.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from collectors.source_loops.statements import (
    SIMILAR,
    Same,
    Statement,
    likeness,
    same_statements,
    statements,
)
from corr.compare.loop_pairs import ONLY_A, ONLY_B, LoopPair

#: The place is the same; whether the source is, is not known.
PLACE_ALONE = "place alone"
#: Only a has it, and nothing proves that it is gone: b says nothing of it, or has copies of it in
#: other functions, all of them vectorised or not.
SILENT, COPIES, POORER_COPIES = "no remark in b", "copies in b", "poorer copies in b"
#: Only b has it, and it may be one of a's that was vectorised.
UNTOLD = "only in b, or moved"
#: Loops that are looked for in other files at most.
_MOST_MOVED = 200
Place = tuple[int, int]


@dataclass(frozen=True)
class PlacedLoop:
    """A loop as remarks tell it; `vectorised` by what they say."""

    key: str
    function: str
    file: str
    line: int
    column: int
    vectorised: bool = False

    @property
    def place(self) -> tuple[str, int, int]:
        return self.file, self.line, self.column


@dataclass(frozen=True)
class Landing:
    """Where a place of a's file is in b's (None: nowhere) and how that is known."""

    place: Place | None
    how: str


class Texts:
    """A file on both sides; a text is None where it is not known."""

    def __init__(self, a: str | None, b: str | None) -> None:
        self.a, self.b = a, b

    @property
    def known(self) -> bool:
        return self.a is not None and self.b is not None

    @cached_property
    def in_a(self) -> Mapping[Place, Statement]:
        return _by_place(self.a)

    @cached_property
    def in_b(self) -> Mapping[Place, Statement]:
        return _by_place(self.b)

    @cached_property
    def _same(self) -> Same:
        return same_statements(list(self.in_a.values()), list(self.in_b.values()))

    @cached_property
    def _reached(self) -> Set[Place]:
        return {(s.line, s.column) for s, _ in self._same.became.values()}

    @cached_property
    def _lines(self) -> Mapping[int, int]:
        """Lines of a that stand in b, too."""
        a, b = ((text or "").splitlines() for text in (self.a, self.b))
        blocks = difflib.SequenceMatcher(None, a, b).get_matching_blocks()
        return {x.a + i + 1: x.b + i + 1 for x in blocks for i in range(x.size)}

    def landing(self, place: Place) -> Landing:
        if not self.known:
            return Landing(place, PLACE_ALONE)
        if self.a == self.b:
            return Landing(place, "place")
        if statement := self.in_a.get(place):
            after, score = self._same.became.get(statement, (None, 0.0))
            if after is None:
                return Landing(None, ONLY_A if self._same.complete else SILENT)
            how = "source" if score == 1.0 else f"source ({score:.0%} alike)"
            return Landing((after.line, after.column), how)
        if line := self._lines.get(place[0]):
            return Landing((line, place[1]), "place")
        return Landing(place, PLACE_ALONE)

    def loses(self, place: Place) -> bool:
        """Whether a statement of a is in b's text no more; so is all of a file that is gone."""
        return self.b is None or self.landing(place).how == ONLY_A

    def gains(self, place: Place) -> bool:
        """Whether a statement of b was not in a's text; so is all of a file that is new."""
        if self.a is None or self.b is None or self.a == self.b:
            return self.a is None
        return place not in self._reached


def _by_place(text: str | None) -> Mapping[Place, Statement]:
    return {(s.line, s.column): s for s in statements(text or "")}


def pair_places(
    a: Sequence[PlacedLoop],
    b: Sequence[PlacedLoop],
    texts_a: Mapping[str, str],
    texts_b: Mapping[str, str],
) -> list[LoopPair]:
    """Pair the loops of two builds; every loop is in exactly one pair."""
    files = {
        file: Texts(texts_a.get(file), texts_b.get(file))
        for file in {loop.file for loop in (*a, *b)}
    }
    landings = {loop: files[loop.file].landing((loop.line, loop.column)) for loop in a}
    left = dict.fromkeys(b)
    at: dict[tuple[str, int, int], list[PlacedLoop]] = defaultdict(list)
    for loop in b:
        at[loop.place].append(loop)

    def there(loop: PlacedLoop) -> list[PlacedLoop]:
        place = landings[loop].place
        return at.get((loop.file, *place), []) if place else []

    paired: dict[PlacedLoop, tuple[PlacedLoop, str]] = {}

    def pair(found: Iterable[tuple[PlacedLoop, PlacedLoop, str]]) -> None:
        for x, y, how in found:
            if x not in paired and y in left:
                paired[x] = (y, how)
                del left[y]

    pair((x, y, landings[x].how) for x in a for y in there(x) if y.function == x.function)
    other = ((x, y, f"{landings[x].how}, in another function") for x in a for y in there(x))
    pair(other)
    gone = [x for x in a if x not in paired and files[x.file].loses((x.line, x.column))]
    new = [y for y in left if files[y.file].gains((y.line, y.column))]
    pair(_moved(gone, new, files))
    pairs = [LoopPair(x.key, y.key, how) for x, (y, how) in paired.items()]
    alone = [x for x in a if x not in paired]
    changed = [t for t in files.values() if t.b is not None and t.a != t.b]
    lost = any(landings[x].how == ONLY_A for x in alone)
    written = {s.tokens for texts in changed for s in texts.in_b.values()} if lost else set()
    for x in alone:
        statement = _statement(files[x.file].in_a, x) if landings[x].how == ONLY_A else None
        proven = statement is not None and statement.tokens not in written
        pairs.append(LoopPair(x.key, None, _why_only_a(there(x), proven=proven)))
    doubtful = {x.function for x in a if x.vectorised and landings[x].how == PLACE_ALONE}
    pairs += [LoopPair(None, y.key, _why_only_b(y, files[y.file], doubtful)) for y in left]
    return pairs


def _moved(
    a: Sequence[PlacedLoop], b: Sequence[PlacedLoop], files: Mapping[str, Texts]
) -> Iterator[tuple[PlacedLoop, PlacedLoop, str]]:
    """Loops that went to another file, most alike first."""
    texts_a = {x: _statement(files[x.file].in_a, x) for x in a[:_MOST_MOVED]}
    texts_b = {y: _statement(files[y.file].in_b, y) for y in b[:_MOST_MOVED]}
    scored = [
        (likeness(before.tokens, after.tokens), x, y)
        for x, before in texts_a.items()
        for y, after in texts_b.items()
        if before and after and x.file != y.file
    ]
    for score, x, y in sorted(scored, key=lambda s: -s[0]):
        if score >= SIMILAR:
            yield x, y, f"source ({score:.0%} alike)"


def _statement(found: Mapping[Place, Statement], loop: PlacedLoop) -> Statement | None:
    return found.get((loop.line, loop.column))


def _why_only_a(copies: Sequence[PlacedLoop], *, proven: bool) -> str:
    if copies:
        return COPIES if all(c.vectorised for c in copies) else POORER_COPIES
    return ONLY_A if proven else SILENT


def _why_only_b(loop: PlacedLoop, texts: Texts, doubtful: set[str]) -> str:
    doubt = not loop.vectorised and not texts.known and loop.function in doubtful
    return UNTOLD if doubt else ONLY_B
