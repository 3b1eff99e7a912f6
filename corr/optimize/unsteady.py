"""Numbers that differ from run to run of the original, as the time that a program says it took.

    several runs of the original → which numbers of which lines differ → these are blanked in every
    output before it is compared, the original's and a candidate's

A line is known by its text around the numbers and their units, and by how many such lines stand
before it: a rate may have another prefix, or another comma, in the next run (`980,100 lookups/s`).
Where one number that differs is a time by its words (`elapsed 0.31 s`, `1.2 GB/s`), all such
numbers are blanked: printed to few digits, a time may be the same in all runs by chance.
That what is left still shows a wrong result is not assumed: programs broken on purpose must be
found out by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

#: Decimal, or an address; with commas between the thousands.
_NUMBER = re.compile(
    rb"0x[0-9a-fA-F]+|[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|\b(?:nan|inf)\b)"
)
_THOUSANDS = re.compile(rb"(?<![\w.,])[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w,])")
_GROUPED = re.compile(_THOUSANDS.pattern + rb"|" + _NUMBER.pattern)
_COMMA = re.compile(rb"(?<=\d),(?=\d)")
#: What follows a number that is a time, a rate, or a share of one; what stands before it.
_UNIT = re.compile(
    rb"[ \t]*[(\[]?(?:[munp\xb5]?s|(?:m|u|n|micro|milli|nano)?sec(?:ond)?s?|min(?:ute)?s?|cycles"
    rb"|ticks|[kKMGT]?(?:i?B|b|flops?|FLOPS?|flop|FLOP|ops|Hz)?(?:/|p)s(?:ec)?|[kKMGT]?FLOPS|x"
    rb"|[\w.]{1,20}/s(?:ec(?:ond)?)?)(?![\w/])"
)
_BEFORE = re.compile(
    rb"(?:time|times|elapsed|seconds?|secs?|took|wall|cpu|user|sys|real|duration|speed|rate"
    rb"|throughput|performance|bandwidth|fom|[kmg]?flop/?s|latency|date|clock|cycles|runtime)"
    rb"[^\d\n]{0,24}$",
    re.IGNORECASE,
)
_MEASURED = re.compile(rb"#" + _UNIT.pattern)
#: A line with a time of day or a date: all its numbers.
_DATE = re.compile(rb"\b(?:\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d)\b")
#: Longer lines are looked at from their beginning only, for what stands before a number.
_CONTEXT = 60
#: Shapes of lines whose times are remembered.
MOST_SHAPES = 10_000
BLANK = b"?"
#: What lines of numbers alone are made of.
_BARE = b"0123456789.+-eE, \t\r"


@dataclass(frozen=True)
class Unsteady:
    """Which numbers of a text are not compared.

    `places` are lines by their text and their turn among lines of that text, each with the numbers
    of it; `times`: numbers that are times by their words, too; `grouped`: in this text numbers have
    commas between the thousands, and there are no others within words.
    """

    places: frozenset[tuple[bytes, int, int]] = frozenset()
    times: bool = False
    grouped: bool = False
    #: Lines as they are told of, by their text: with their units.
    words: frozenset[tuple[bytes, bytes]] = frozenset()

    def blanked(self, text: bytes) -> bytes:
        """The text without these numbers."""
        seen: dict[bytes, int] = {}
        return b"\n".join(self._line(line, seen) for line in text.split(b"\n"))

    def _line(self, line: bytes, seen: dict[bytes, int]) -> bytes:
        if not (self._of_bare_numbers or line.translate(None, _BARE)):
            return line  # a table of nothing but numbers: none is a time by its words
        shape = _shape(line, self._number)
        turn = seen.get(shape, 0)
        seen[shape] = turn + 1
        times = self._times(line, shape)
        if shape not in self._shapes and not any(times):
            return line
        numbers = list(self._number.finditer(line))
        left_out = [
            (shape, turn, n) in self.places or (shape, -1, n) in self.places or times[n]
            for n in range(len(numbers))
        ]
        if not any(left_out):
            return line
        parts, at = [], 0
        for match, blank in zip(numbers, left_out, strict=True):
            parts += [line[at : match.start()], BLANK if blank else match[0]]
            at = match.end()
            if blank and (unit := _UNIT.match(line, at)):
                at = unit.end()
        return b" ".join(b"".join([*parts, line[at:]]).split())  # aligned to a width of its own

    def _times(self, line: bytes, shape: bytes) -> tuple[bool, ...]:
        """Which numbers of a line are left out as times: by its words, the same for each shape."""
        if not self.times:
            return (False,) * shape.count(b"#")
        if _DATE.search(line) or b"#" in line:  # the shape does not say all
            return tuple(_is_time(line, match) for match in self._number.finditer(line))
        if shape not in self._known:
            if len(self._known) >= MOST_SHAPES:
                self._known.clear()
            self._known[shape] = tuple(_is_time(line, m) for m in self._number.finditer(line))
        return self._known[shape]

    @property
    def _number(self) -> re.Pattern[bytes]:
        return _GROUPED if self.grouped else _NUMBER

    @cached_property
    def _known(self) -> dict[bytes, tuple[bool, ...]]:
        return {}

    @cached_property
    def _shapes(self) -> frozenset[bytes]:
        return frozenset(shape for shape, _, _ in self.places)

    @cached_property
    def _of_bare_numbers(self) -> bool:
        """A line of nothing but numbers is among the places."""
        return any(not shape.translate(None, b"#, ") for shape, _, _ in self.places)

    def __or__(self, other: Unsteady) -> Unsteady:
        times, grouped = self.times or other.times, self.grouped or other.grouped
        return Unsteady(self.places | other.places, times, grouped, self.words | other.words)

    def leaves(self, text: bytes) -> bool:
        """Something of a text is left that a wrong result may show in: a number, or a word."""
        rest = self.blanked(text)
        return rest != text and bool(_NUMBER.search(rest))

    def told(self) -> str:
        """Which numbers they are, in words."""
        words = dict(sorted(self.words))
        shapes = dict.fromkeys(shape for shape, _, _ in sorted(self.places))
        lines = [words.get(shape, shape).decode("utf-8", "replace") for shape in shapes]
        return "; ".join(lines[:3]) + ("; …" if len(lines) > 3 else "")


def unsteady(texts: Sequence[bytes]) -> Unsteady | None:
    """What differs between outputs of the original on one input; None if it is not numbers only."""
    lines = [text.split(b"\n") for text in texts]
    if len({len(one) for one in lines}) != 1:
        return None
    grouped = all(map(_is_grouped, texts))
    number = _GROUPED if grouped else _NUMBER
    places: set[tuple[bytes, int, int]] = set()
    words: dict[bytes, bytes] = {}
    turns: dict[bytes, int] = {}
    times = False
    for same in zip(*lines, strict=True):
        shape = _shape(same[0], number)
        turn = turns.get(shape, 0)
        turns[shape] = turn + 1
        if len(set(same)) == 1:
            continue
        if any(_shape(line, number) != shape for line in same[1:]):
            return None
        rows = [list(number.finditer(line)) for line in same]
        for at, found in enumerate(zip(*rows, strict=True)):
            if len({one[0] for one in found}) > 1:
                places.add((shape, turn, at))
                words.setdefault(shape, _words(same[0], number))
                times = times or _is_time(same[0], found[0])
    everywhere = frozenset(_everywhere(places, turns))
    return Unsteady(everywhere, times, grouped, frozenset(words.items()))


def _is_grouped(text: bytes) -> bool:
    """Every comma between digits stands before thousands."""
    commas = len(_COMMA.findall(text))
    return commas == sum(one.count(b",") for one in _THOUSANDS.findall(text))


def _everywhere(
    places: set[tuple[bytes, int, int]], turns: dict[bytes, int]
) -> Iterator[tuple[bytes, int, int]]:
    """Places, those of every line of a text as one: another input may print more such lines."""
    counts: dict[tuple[bytes, int], int] = {}
    for shape, _, number in places:
        counts[shape, number] = counts.get((shape, number), 0) + 1
    for shape, turn, number in places:
        every = turns[shape] > 1 and counts[shape, number] == turns[shape]
        yield shape, -1 if every else turn, number


def _shape(line: bytes, number: re.Pattern[bytes]) -> bytes:
    """A line's text around its numbers and their units."""
    return _MEASURED.sub(b"# _", _words(line, number))


def _words(line: bytes, number: re.Pattern[bytes]) -> bytes:
    return b" ".join(number.sub(b" # ", line).split())


def _is_time(line: bytes, number: re.Match[bytes]) -> bool:
    if _UNIT.match(line, number.end()):
        return True
    before = line[max(0, number.start() - _CONTEXT) : number.start()]
    return bool(
        _BEFORE.search(before) or _DATE.search(line, max(0, number.start() - 12), number.end() + 12)
    )
