"""Which loop of one build is which of another: by key, by source where the forest changed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collectors.source_loops.statements import SIMILAR, likeness

#: Loops of a side that are compared by text at most.
MOST_COMPARED = 400
#: How a pair is matched that only one side has: the other's source has no such loop.
ONLY_A, ONLY_B = "only in a", "only in b"
_TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|\S")


@dataclass(frozen=True)
class LoopPair:
    """A loop of a and the loop of b that it became; None where a side has none."""

    key_a: str | None
    key_b: str | None
    matched_by: str


@dataclass(frozen=True)
class LoopText:
    """What pairing needs of a loop: `path` is its position in its function, `text` its source."""

    key: str
    function: str
    path: str
    text: str


def pair_loops(a: Sequence[LoopText], b: Sequence[LoopText]) -> list[LoopPair]:
    """Pair the loops of two builds; every loop is in exactly one pair.

    A function whose forest is the same on both sides keeps its keys. In one whose forest changed,
    and among functions that only one side has, equal and then similar source text decides.
    """
    forests = _forest(a), _forest(b)
    pairs: list[LoopPair] = []
    rest_a: list[LoopText] = []
    rest_b: list[LoopText] = []
    for function in dict.fromkeys([*forests[0], *forests[1]]):
        in_a, in_b = (forest.get(function, {}) for forest in forests)
        if in_a.keys() == in_b.keys():
            pairs += [LoopPair(in_a[p].key, in_b[p].key, "key") for p in in_a]
        else:
            rest_a += in_a.values()
            rest_b += in_b.values()
    return pairs + _by_text(rest_a, rest_b)


def _forest(loops: Sequence[LoopText]) -> Mapping[str, dict[str, LoopText]]:
    """The loops of each function, by their position in it."""
    forest: dict[str, dict[str, LoopText]] = defaultdict(dict)
    for loop in loops:
        forest[loop.key.rsplit("/", 1)[0]][loop.path] = loop
    return forest


def _by_text(a: list[LoopText], b: list[LoopText]) -> list[LoopPair]:
    tokens = {id(loop): _TOKEN.findall(loop.text) for loop in (*a, *b)}
    scored = []
    for x in a[:MOST_COMPARED]:
        for y in b[:MOST_COMPARED]:
            score = _similarity(x, y, tokens[id(x)], tokens[id(y)])
            if score >= SIMILAR:
                scored.append((score, x, y))
    scored.sort(key=lambda s: -s[0])
    taken: set[int] = set()
    pairs = []
    for score, x, y in scored:
        if id(x) in taken or id(y) in taken:
            continue
        taken |= {id(x), id(y)}
        pairs.append(LoopPair(x.key, y.key, f"source ({min(score, 1):.0%} alike)"))
    pairs += [LoopPair(x.key, None, ONLY_A) for x in a if id(x) not in taken]
    pairs += [LoopPair(None, y.key, ONLY_B) for y in b if id(y) not in taken]
    return pairs


def _similarity(x: LoopText, y: LoopText, tx: list[str], ty: list[str]) -> float:
    """Share of equal tokens, with a little for the same function and the same place in it."""
    score = likeness(tx, ty)
    return score and score + 0.02 * (x.function == y.function) + 0.01 * (x.path == y.path)
