"""Arguments that nobody has seen: those that a program is measured with, with other numbers.

They are drawn after a proposal was made, so that it can know of them no more than of the program's
own inputs at some user's. What the original does with them is right, where it takes them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import partial

#: A word that is a number, or ends in one: `1000`, `-n1000`, `--size=1000`, `0.25`.
_NUMBER = re.compile(r"(-[A-Za-z]|--?[A-Za-z][\w-]*=|)(\d{1,9})(\.\d+)?")
#: The smallest number that is changed: 0 and 1 say yes and no.
LEAST = 2
#: Up to this a number becomes up to so many times as large (a radius, a count of rounds), above it
#: some times.
FEW, TIMES_FEW, TIMES = 64, 64, 16
#: Bytes that a program reads of which parts are tried.
MOST_READ = 32 << 20
#: What hardly takes time, and what no vector holds.
TINY, SMALLEST = 40, 8
#: So many are drawn below the numbers that are measured: as many as take this long, by the seconds
#: of a run.
BELOW, BELOW_SECONDS = (2, 6), 1.5
#: So many arguments are drawn above them, where a run is at most so long.
MOST_ABOVE, ABOVE_SECONDS = 3, 2.0


def has_numbers(args: Sequence[str]) -> bool:
    """An argument holds a number that can be another one."""
    return any(map(_split, args))


def below(args: Sequence[str], seconds: float, chance: random.Random) -> list[tuple[str, ...]]:
    """Arguments of which some numbers are smaller. A run with those that are given takes `seconds`.

    The smallest come first; sizes of other classes modulo 8, and what is next to the given ones.
    """
    few, many = BELOW
    number = max(few, min(many, round(BELOW_SECONDS / max(seconds, 1e-3))))
    ways: list[Callable[[int], int]] = [
        partial(_small, chance),
        lambda n: chance.randint(max(LEAST, n // 2), max(LEAST, n - 1)),
        lambda n: n - 1,
        lambda n: max(LEAST, n // 3 * 2 | 1),
        lambda n: n + 1 if n > FEW else n - 1,
    ]
    found = [_changed(args, way, chance) for way in ways[:number]]
    if any(int(split[1]) > FEW for split in map(_split, args) if split):
        found[1:1] = [tuple(_with(word, partial(_smallest, chance), chance) for word in args)]
    return _different(args, found)


def above(args: Sequence[str], seconds: float, chance: random.Random) -> list[tuple[str, ...]]:
    """Arguments of which one number is many times as large, and the others tiny, or smaller.

    So it takes no longer, mostly. None where a run takes long already.
    """
    places = [place for place, word in enumerate(args) if _split(word)]
    places = chance.sample(places, min(len(places), MOST_ABOVE if seconds <= ABOVE_SECONDS else 0))

    def more(n: int) -> int:
        most = TIMES_FEW if n <= FEW else TIMES
        return n * chance.randint(most // 2, most) + chance.randint(0, 7)

    found = [
        tuple(
            _with(word, more if place == chosen else partial(others, chance), chance)
            for place, word in enumerate(args)
        )
        for others in (_tiny, _small)
        for chosen in places
    ]
    return _different(args, found)


def at(args: Sequence[str], number: int) -> list[tuple[str, ...]]:
    """Arguments in which each larger number is this one, or the next."""
    found = [
        tuple(_with(word, partial(min, other), None) for word in args)
        for other in (number, number + 1)
    ]
    return _different(args, found)


def _small(chance: random.Random, n: int) -> int:
    return chance.randint(max(LEAST, n // 16), max(LEAST, n // 4))


def _smallest(chance: random.Random, n: int) -> int:
    return chance.randint(LEAST, SMALLEST) if n > FEW else n


def _tiny(chance: random.Random, n: int) -> int:
    return min(n, chance.randint(LEAST, TINY))


def readings(content: bytes, chance: random.Random) -> list[bytes]:
    """Parts of what a program reads as its input: some lines, none behind others, all in one."""
    lines = content.splitlines(keepends=True)
    if len(lines) < LEAST or b"\0" in content:
        return [content[: chance.randint(1, max(1, len(content) // 2))]]
    few = chance.randint(1, max(1, len(lines) // 4))
    first = chance.randrange(len(lines) // 2 + 1)
    some = lines[first : first + max(1, len(lines) // 2)]
    joined = b"".join(line.rstrip(b"\r\n") for line in lines[: chance.randint(LEAST, len(lines))])
    found = [b"".join(lines[:few]), b"".join(some).rstrip(b"\n"), joined + b"\n"]
    return [one for one in dict.fromkeys(found) if one != content]


def _changed(
    args: Sequence[str], way: Callable[[int], int], chance: random.Random
) -> tuple[str, ...]:
    """The arguments with some numbers changed in this way; one of them in any case."""
    places = [place for place, word in enumerate(args) if _split(word)]
    chosen = {chance.choice(places), *(p for p in places if chance.random() < 0.6)}
    return tuple(
        _with(word, way, chance) if place in chosen else word for place, word in enumerate(args)
    )


def _with(word: str, way: Callable[[int], int], chance: random.Random | None) -> str:
    found = _split(word)
    if found is None:
        return word
    before, number, fraction = found
    if fraction is None:
        return f"{before}{max(way(int(number)), 0)}"
    if chance is None:
        return word
    return f"{before}{float(number + fraction) * chance.uniform(0.3, 0.95):.6g}"


def _split(word: str) -> tuple[str, str, str | None] | None:
    found = _NUMBER.fullmatch(word)
    if found is None or (found[3] is None and int(found[2]) < LEAST):
        return None
    return found[1], found[2], found[3]


def _different(args: Sequence[str], found: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [one for one in dict.fromkeys(found) if one != tuple(args)]
