"""Arguments that nobody has seen: those that a program is measured with, with other numbers.

They are drawn after a proposal was made, so that it can know of them no more than of the program's
own inputs at some user's. What the original does with them is right, where it takes them.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Sequence
from functools import partial

#: Another number in place of one.
Way = Callable[[random.Random, int], int]
#: A word that is a number, or ends in one: `1000`, `-n1000`, `--size=1000`, `0.25`.
_NUMBER = re.compile(r"(-[A-Za-z]|--?[A-Za-z][\w-]*=|)(-?\d{1,18})(\.\d+)?")
#: The smallest number that is made smaller or larger: 0 and 1 mostly say yes and no.
LEAST = 2
#: What another number in place of such a one is up to; how many numbers become negative.
MODEST, MOST_NEGATIVE = 30, 4
#: Up to this a number becomes up to so many times as large (a radius, a count of rounds), above it
#: some times.
FEW, TIMES_FEW, TIMES = 64, 64, 16
#: The first bytes of what a program reads, of which parts are tried; and of which some are altered:
#: one of so many.
MOST_READ, MOST_ALTERED = 32 << 20, 4 << 20
EACH_BYTE = 40
#: So many other words are tried in place of one.
MOST_WORDS = 3
#: What no whole number of 32 bits holds, signed or not, and how long a range there is.
BEYOND, LONG_RANGE = (1 << 31, 1 << 32), 1000
#: By how many powers of ten a fraction becomes enormous.
MAGNITUDES = (3, 9)
#: Bytes that texts seldom have.
RARE = bytes([*range(128, 256, 7), 0, 9, 13, *b"{[@`~AZaz09.-"])
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
    if any(int(split[2]) > FEW for split in map(_split, args) if split):
        found[1:1] = [tuple(_with(word, partial(_smallest, chance), chance) for word in args)]
    return _different(args, found)


def above(args: Sequence[str], seconds: float, chance: random.Random) -> list[tuple[str, ...]]:
    """Arguments of which one number is many times as large, and the others tiny, or smaller.

    So it takes no longer, mostly. None where a run takes long already.
    """
    places = [place for place, word in enumerate(args) if _split(word)]
    places = chance.sample(places, min(len(places), MOST_ABOVE if seconds <= ABOVE_SECONDS else 0))
    found = [
        _one_apart(args, chosen, more, others, chance)
        for more, others in ((_many_times, _tiny), (_many_times, _small), (_larger, _small))
        for chosen in places
    ]
    return _different(args, found)


def unusual(args: Sequence[str], chance: random.Random) -> list[tuple[str, ...]]:
    """Arguments in which a number is negative, or nothing, or 0 and 1 are others.

    Two beside each other, which may be the ends of a range, are beyond 32 bits, too. With an
    enormous fraction, digits are seen that were behind what is printed.
    """
    yes_or_no = [abs(_value(word)) < LEAST for word in args]
    found = [
        tuple(
            _with(word, partial(_modest if apart else _small, chance), chance, apart)
            for word, apart in zip(args, yes_or_no, strict=True)
        )
    ]
    places = [place for place, word in enumerate(args) if _NUMBER.fullmatch(word)]
    for chosen in chance.sample(places, min(len(places), MOST_NEGATIVE)):
        found.append(_one_apart(args, chosen, _negative, _small, chance))
        found.append(_one_apart(args, chosen, lambda _, n: int(n != 1), _small, chance))
    for place in places:
        if "." in args[place]:
            found.append(_one_apart(args, place, _enormous, _small, chance))
    for first, second in itertools.pairwise(places):
        low = chance.choice(BEYOND) + chance.randint(0, MODEST)
        ends = {first: low, second: low + chance.randint(LEAST, LONG_RANGE)}
        found.append(
            tuple(
                _with(word, partial(_end, ends.get(at)), chance, at in ends)
                for at, word in enumerate(args)
            )
        )
    return _different(args, found)


def _one_apart(
    args: Sequence[str],
    chosen: int,
    way: Way,
    others: Way,
    chance: random.Random,
) -> tuple[str, ...]:
    """Arguments of which one is changed in a way, and the others in another."""
    return tuple(
        _with(word, partial(way if place == chosen else others, chance), chance, place == chosen)
        for place, word in enumerate(args)
    )


def _many_times(chance: random.Random, n: int) -> int:
    most = TIMES_FEW if abs(n) <= FEW else TIMES
    return n * chance.randint(most // 2, most) + chance.randint(0, 7)


def _larger(chance: random.Random, n: int) -> int:
    return n + chance.randint(abs(n) // 20 + 1, abs(n) + 1)


def _negative(chance: random.Random, n: int) -> int:
    return -chance.randint(1, max(MODEST, abs(n) // 8))


def _enormous(chance: random.Random, n: int) -> int:
    return int(n * 10 ** chance.randint(*MAGNITUDES))


def _negated(_: random.Random, n: int) -> int:
    return -n


def _huge(chance: random.Random, _: int) -> int:
    return chance.choice((1, -1)) * chance.randint(1 << 26, (1 << 31) - 1)


def _end(chosen: int | None, n: int) -> int:
    return min(n, TINY) if chosen is None else chosen


def _modest(chance: random.Random, _: int) -> int:
    return chance.randint(LEAST, MODEST)


def at(args: Sequence[str], number: int) -> list[tuple[str, ...]]:
    """Arguments in which each larger number is this one, or the next."""
    found = [
        tuple(_with(word, partial(min, other), None) for word in args)
        for other in (number, number + 1)
    ]
    return _different(args, found)


def _small(chance: random.Random, n: int) -> int:
    sign = -1 if n < 0 else 1
    return sign * chance.randint(max(LEAST, abs(n) // 16), max(LEAST, abs(n) // 4))


def _smallest(chance: random.Random, n: int) -> int:
    return chance.randint(LEAST, SMALLEST) if n > FEW else n


def _tiny(chance: random.Random, n: int) -> int:
    return min(n, chance.randint(LEAST, TINY))


def readings(content: bytes, chance: random.Random) -> list[bytes]:
    """Of what a program reads as its input parts, and parts that are altered.

    Nothing, some lines, none behind others, all in one; other numbers, bytes that are rare.
    """
    lines = content.splitlines(keepends=True)
    if len(lines) < LEAST or b"\0" in content:
        return [b"", content[: chance.randint(1, max(1, len(content) // 2))]]
    few = chance.randint(1, max(1, len(lines) // 4))
    first = chance.randrange(len(lines) // 2 + 1)
    some = lines[first : first + max(1, len(lines) // 2)]
    joined = b"".join(line.rstrip(b"\r\n") for line in lines[: chance.randint(LEAST, len(lines))])
    found = [b"", b"".join(lines[:few]), b"".join(some).rstrip(b"\n"), joined + b"\n"]
    part = b"".join(some)[:MOST_ALTERED]
    found += [_other_numbers(content[:MOST_ALTERED], *how, chance) for how in ALTERED]
    found.append(_other_bytes(part, chance))
    return [one for one in dict.fromkeys(found) if one != content]


def _other_numbers(content: bytes, each: int, ways: Sequence[Way], chance: random.Random) -> bytes:
    """One of so many numbers of a text becomes another, in one of some ways.

    But for its first, which may say how many follow.
    """
    first = True

    def other(found: re.Match[bytes]) -> bytes:
        nonlocal first
        if first or chance.randrange(each):
            first = False
            return found[0]
        value = int(found[0][:18])
        return str(chance.choice(ways)(chance, value)).encode()

    return re.sub(rb"(?<![\w.])-?\d+(?![\w.])", other, content)


def _other_bytes(content: bytes, chance: random.Random) -> bytes:
    """Some bytes of a text become such as texts seldom have; where lines end stays."""
    altered = bytearray(content)
    for at in range(chance.randrange(EACH_BYTE), len(altered), EACH_BYTE):
        if altered[at] != ord("\n"):
            altered[at] = chance.choice(RARE)
    return bytes(altered)


def words(
    args: Sequence[str], known: Sequence[str], chance: random.Random
) -> list[tuple[str, ...]]:
    """Arguments in which a word that the program's text has is another one of its words."""
    found = []
    for place, word in enumerate(args):
        others = [other for other in known if other != word]
        if word in known and others and not _NUMBER.fullmatch(word):
            for other in chance.sample(others, min(len(others), MOST_WORDS)):
                found.append((*args[:place], other, *args[place + 1 :]))
    return found


def _changed(
    args: Sequence[str], way: Callable[[int], int], chance: random.Random
) -> tuple[str, ...]:
    """The arguments with some numbers changed in this way; one of them in any case."""
    places = [place for place, word in enumerate(args) if _split(word)]
    chosen = {chance.choice(places), *(p for p in places if chance.random() < 0.6)}
    return tuple(
        _with(word, way, chance) if place in chosen else word for place, word in enumerate(args)
    )


def _with(
    word: str, way: Callable[[int], int], chance: random.Random | None, always: bool = False
) -> str:
    """The word with another number: of a fraction it is as many times as large as of a thousand.

    `always`: also where it is 0 or 1.
    """
    found = _NUMBER.fullmatch(word) if always else _split(word)
    if found is None:
        return word
    before, number, fraction = found[1], found[2], found[3]
    if fraction is None:
        return f"{before}{way(int(number))}"
    if chance is None:
        return word
    return f"{before}{float(number + fraction) * way(1000) / 1000:.6g}"


def _value(word: str) -> int:
    """The whole number that a word holds; that of a fraction, or none, is another than 0 and 1."""
    found = _NUMBER.fullmatch(word)
    return int(found[2]) if found and found[3] is None else LEAST


def _split(word: str) -> re.Match[str] | None:
    found = _NUMBER.fullmatch(word)
    return None if found is None or abs(_value(word)) < LEAST else found


def _different(args: Sequence[str], found: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [one for one in dict.fromkeys(found) if one != tuple(args)]


#: Which numbers of a text become others, one of so many, and how: modestly, in their signs, wildly.
ALTERED: Sequence[tuple[int, Sequence[Way]]] = (
    (5, (_larger, _small, _modest)),
    (2, (_negated,)),
    (5, (_huge, _many_times, _negative)),
)
