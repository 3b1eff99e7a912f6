"""The difference between two texts of one function, without the noise of renumbered values.

Two steps. `align` pairs the lines that are equal when local names are hidden; `renamed` then
gives the new text the old text's names wherever a pair says what corresponds to what. Any such
renaming is one-to-one, so the result means the same; what still differs is the change.
"""

from __future__ import annotations

import difflib
import itertools
import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

from collectors.passes.text import Line, numbered

CONTEXT = 3
#: Characters of JSON that one change may take; a longer diff is cut and says so.
DIFF_LIMIT = 200_000
#: Lines × lines up to which a gap without a unique line is compared exactly.
EXACT_LIMIT = 60_000

Pair = tuple[int, int]


def align(old: Sequence[str], new: Sequence[str]) -> list[Pair]:
    """Pairs of equal elements, rising on both sides: lines unique on both sides are the anchors."""
    pairs: list[Pair] = []
    work = [(0, len(old), 0, len(new))]
    while work:
        a, b, c, d = work.pop()
        while a < b and c < d and old[a] == new[c]:
            pairs.append((a, c))
            a, c = a + 1, c + 1
        while a < b and c < d and old[b - 1] == new[d - 1]:
            b, d = b - 1, d - 1
            pairs.append((b, d))
        if a == b or c == d:
            continue
        anchors = _anchors(old, new, (a, b, c, d))
        if anchors:
            pairs += anchors
            edges = [(a - 1, c - 1), *anchors, (b, d)]
            work += [
                (p + 1, r, q + 1, s)
                for (p, q), (r, s) in itertools.pairwise(edges)
                if p + 1 < r and q + 1 < s
            ]
        elif (b - a) * (d - c) <= EXACT_LIMIT:
            match = difflib.SequenceMatcher(None, old[a:b], new[c:d], autojunk=False)
            for i, j, size in match.get_matching_blocks():
                pairs += [(a + i + k, c + j + k) for k in range(size)]
    pairs.sort()
    return pairs


def _anchors(
    old: Sequence[str], new: Sequence[str], window: tuple[int, int, int, int]
) -> list[Pair]:
    """Lines, else groups of three lines, that occur once on each side, in the same order."""
    a, b, c, d = window
    for width in (1, 3):
        left = _once(old, a, b, width)
        right = _once(new, c, d, width)
        both = sorted((i, right[key]) for key, i in left.items() if key in right)
        if both:
            return _rising(both)
    return []


def _once(keys: Sequence[str], start: int, end: int, width: int) -> dict[Any, int]:
    seen: dict[Any, int] = {}
    for i in range(start, end - width + 1):
        key = keys[i] if width == 1 else tuple(keys[i : i + width])
        seen[key] = -1 if key in seen else i
    return {key: i for key, i in seen.items() if i >= 0}


def _rising(pairs: list[Pair]) -> list[Pair]:
    """The longest run of pairs that rises on the right side too (patience sorting)."""
    tops: list[int] = []
    heads: list[int] = []
    back: list[int] = []
    for n, (_, j) in enumerate(pairs):
        at = bisect_left(tops, j)
        if at == len(tops):
            tops.append(j)
            heads.append(n)
        else:
            tops[at], heads[at] = j, n
        back.append(heads[at - 1] if at else -1)
    chain: list[Pair] = []
    n = heads[-1]
    while n >= 0:
        chain.append(pairs[n])
        n = back[n]
    return chain[::-1]


def gaps(pairs: list[Pair], old: int, new: int) -> Iterator[tuple[int, int, int, int]]:
    """The stretches (old from, old to, new from, new to) between the pairs."""
    i = j = 0
    for p, q in [*pairs, (old, new)]:
        if p > i or q > j:
            yield i, p, j, q
        i, j = p + 1, q + 1


def matched(old: list[Line], new: list[Line]) -> list[Pair]:
    """Corresponding lines: equal with numbers hidden, else equal with all names hidden."""
    pairs = align([line.key for line in old], [line.key for line in new])
    more: list[Pair] = []
    for a, b, c, d in gaps(pairs, len(old), len(new)):
        if a < b and c < d:
            inner = align([x.shape for x in old[a:b]], [x.shape for x in new[c:d]])
            more += [(a + i, c + j) for i, j in inner]
    return sorted(pairs + more)


def renamed(
    old: list[Line], new: list[Line], pairs: list[Pair], fresh: Iterator[int]
) -> list[Line]:
    """The new lines under the old lines' names; `fresh` gives numbers no name has used yet."""
    names = _correspondence(old, new, pairs)
    partner = {j: i for i, j in pairs}
    result: list[Line] = []
    for j, line in enumerate(new):
        if not line.names:
            result.append(line)
            continue
        wanted = []
        for name in line.names:
            if name not in names:
                names[name] = _fresh(name, fresh)
            wanted.append(names[name])
        want = tuple(wanted)
        i = partner.get(j)
        if i is not None and old[i].names == want and old[i].shape == line.shape:
            result.append(old[i])
        else:
            result.append(line.renamed(want))
    return result


def _fresh(name: str, fresh: Iterator[int]) -> str:
    if name.startswith("%bb."):
        return f"%bb.{next(fresh)}"
    return f"%{next(fresh)}" if numbered(name) else name


def _correspondence(old: list[Line], new: list[Line], pairs: list[Pair]) -> dict[str, str]:
    """New name to old name, one-to-one. Names that both texts define keep their meaning."""
    stays = _stable(new)
    names = {name: name for name in stays}
    taken = set(stays)

    def pair(a: Line, b: Line) -> None:
        # A `define` line introduces its arguments; other lines only their results.
        count = len(a.names) if a.text.startswith("define ") else min(a.defines, b.defines)
        for was, now in zip(a.names[:count], b.names[:count], strict=False):
            if now not in names and was not in taken and _alike(was, now):
                names[now] = was
                taken.add(was)

    for i, j in pairs:
        pair(old[i], new[j])
    for a, b, c, d in gaps(pairs, len(old), len(new)):
        for i, j in _likely(old[a:b], new[c:d]):
            pair(old[a + i], new[c + j])
    for i, j in pairs:  # what the text uses and does not define, as in a loop's print
        if old[i].shape == new[j].shape:
            for was, now in zip(old[i].names, new[j].names, strict=True):
                if now not in names and was not in taken and _alike(was, now):
                    names[now] = was
                    taken.add(was)
    return names


def _alike(was: str, now: str) -> bool:
    return was.startswith("%bb.") == now.startswith("%bb.")


def _stable(lines: list[Line]) -> set[str]:
    """The names in the lines that a mere reprint does not change."""
    machine = any(n.startswith("%bb.") for line in lines[:3] for n in line.names)
    found: set[str] = set()
    for line in lines:
        for name in line.names:
            if not name.startswith("%bb.") if machine else not numbered(name):
                found.add(name)
    return found


def _likely(old: list[Line], new: list[Line]) -> Iterator[Pair]:
    """Definitions rewritten in place: the same opcode in the same order."""
    start = 0
    for j, line in enumerate(new):
        if not line.defines:
            continue
        for i in range(start, min(len(old), start + 50)):
            if old[i].defines and _kind(old[i]) == _kind(line):
                yield i, j
                start = i + 1
                break


def _kind(line: Line) -> str:
    if line.label is not None:
        return ":"
    return line.opcode or line.shape


def equal_pairs(old: list[Line], new: list[Line], pairs: list[Pair]) -> list[Pair]:
    """The pairs whose lines are equal in every letter after renaming."""
    return [(i, j) for i, j in pairs if old[i] is new[j] or old[i].text == new[j].text]


def hunks(
    old: list[Line],
    new: list[Line],
    stretches: list[tuple[int, int, int, int]],
    old_loops: Sequence[str | None],
    new_loops: Sequence[str | None],
) -> Iterator[dict[str, Any]]:
    """Hunks with three lines of context; line numbers count from 1. `loop` is a key or None."""
    groups: list[list[tuple[int, int, int, int]]] = []
    for stretch in stretches:
        if groups and stretch[0] - groups[-1][-1][1] <= 2 * CONTEXT:
            groups[-1].append(stretch)
        else:
            groups.append([stretch])
    for group in groups:
        first, last = group[0], group[-1]
        lead = min(CONTEXT, first[0], first[2])
        tail = min(CONTEXT, len(old) - last[1], len(new) - last[3])
        i, j = first[0] - lead, first[2] - lead
        lines: list[dict[str, Any]] = []
        start = (i + 1, j + 1)
        for a, b, c, d in [*group, (last[1] + tail,) * 2 + (last[3] + tail,) * 2]:
            for k in range(a - i):
                lines.append({"op": " ", "text": new[j + k].text, "loop": new_loops[j + k]})
            lines += [{"op": "-", "text": old[k].text, "loop": old_loops[k]} for k in range(a, b)]
            lines += [{"op": "+", "text": new[k].text, "loop": new_loops[k]} for k in range(c, d)]
            i, j = b, d
        yield {"old_start": start[0], "new_start": start[1], "lines": lines}


def to_json(found: Iterator[dict[str, Any]], limit: int = DIFF_LIMIT) -> str:
    """The hunks as JSON of about `limit` characters; the hunk that is cut has `truncated: true`."""
    kept: list[str] = []
    room = limit
    for hunk in found:
        text = _compact(hunk)
        if len(text) > room:
            kept.append(_compact(_cut(hunk, room)))
            break
        kept.append(text)
        room -= len(text)
    return "[" + ",".join(kept) + "]"


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _cut(hunk: dict[str, Any], room: int) -> dict[str, Any]:
    lines = []
    for line in hunk["lines"]:
        room -= len(_compact(line)) + 1
        if room < 0:
            break
        lines.append(line)
    return {**hunk, "lines": lines, "truncated": True}


def unified(diff: str, name: str = "function") -> str:
    """A stored diff as a plain unified diff; a cut one ends with a line that says so."""
    out = [f"--- {name} (before)", f"+++ {name} (after)"]
    for hunk in json.loads(diff):
        lines = hunk["lines"]
        olds = sum(line["op"] != "+" for line in lines)
        news = sum(line["op"] != "-" for line in lines)
        old_start = hunk["old_start"] if olds else hunk["old_start"] - 1
        new_start = hunk["new_start"] if news else hunk["new_start"] - 1
        out.append(f"@@ -{old_start},{olds} +{new_start},{news} @@")
        out += [line["op"] + line["text"] for line in lines]
        if hunk.get("truncated"):
            out.append("\\ The rest of this diff was cut")
    return "\n".join(out) + "\n"
