"""Conditions that the loops round them imply are left out; others are written as one would.

    for (long i = 1; i <= n - 1; i++) {        for (long i = 1; i < n; i++) {
        if (0 <= i - 1) {                →         s = 0;
            s = 0;                             }
        }
    }

What is known at a line are sums of whole numbers that are not below 0, of the heads of the loops
and conditions round it, and of bounds that are declared before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import reduce

from corr.polyhedral.c_text import Tree, Unknown, parsed
from corr.polyhedral.tidy import Linear, added, closing, flat, linear, scaled, sum_of

_FOR = re.compile(
    r"for \((?:(?:long )?(?P<name>\w+) = (?P<start>.*))?; (?P<until>.*); (?P<step>.*)\)(?: \{)?\Z"
)
_DECLARED = re.compile(r"(?P<const>const )?long (?P<name>\w+) = (?P<value>.*);\Z")
_UPWARDS = re.compile(r"(\w+)(?:\+\+| \+= \w+)\Z")
_SET = re.compile(r"(?:.*[ *])?(\w+) [-+*/]?= ")
_IF = "if ("
#: What is known of how many lines is taken together.
MOST_TOGETHER = 4


def without_implied(lines: Sequence[str]) -> list[str]:
    """The lines without conditions that hold anyway; a block that is left of one stays."""
    found = list(lines)
    known: list[list[Linear]] = [[]]
    for at, line in enumerate(lines):
        text = line.lstrip(" ")
        indent = line[: len(line) - len(text)]
        if text.startswith("}"):
            known.pop()
        here: list[Linear] = []
        try:
            if text.startswith(_IF):
                followed = _followed_by_else(lines, at)
                text, here = _branch(text, known[-1], keep=followed)
            elif head := _FOR.match(text):
                here = list(_head(head))
                text = text.replace(f"; {head['until']}; ", f"; {_natural(head['until'])}; ")
            elif declared := _DECLARED.match(text):
                known[-1] = _apart(known[-1], declared["name"]) + list(_value(declared))
            elif changed := _SET.match(text):
                known[-1] = _apart(known[-1], changed[1])
        except (Unknown, RecursionError, ValueError):
            here = []
        found[at] = indent + text
        if line.endswith("{"):
            known.append(known[-1] + here)
    return found


def _followed_by_else(lines: Sequence[str], at: int) -> bool:
    line = lines[at]
    indent = line[: len(line) - len(line.lstrip(" "))]
    if not line.endswith("{"):
        return at + 1 < len(lines) and lines[at + 1].startswith(indent + "else")
    end = next((n for n in range(at + 1, len(lines)) if lines[n] == indent + "}"), len(lines))
    return end + 1 < len(lines) and lines[end + 1].startswith(indent + "else")


def _branch(text: str, known: list[Linear], *, keep: bool) -> tuple[str, list[Linear]]:
    """An `if` without what is known; what is known where it holds. `keep`: it has an else."""
    end = closing(text, len(_IF) - 1)
    parts = list(_conjuncts(parsed(text[len(_IF) : end])))
    rest = text[end + 1 :].strip()
    asked = [part for part in parts if not _holds(part, known)]
    here = [one for part in parts for one in _needs(part) or ()]
    if not asked and not keep:
        return rest, here
    kept = asked or parts
    condition = reduce(lambda a, b: Tree("binary", "&&", (a, b)), map(_as_written, kept))
    return f"if ({condition}) {rest}", here


def _conjuncts(tree: Tree) -> Iterator[Tree]:
    if tree.kind == "binary" and tree.text == "&&":
        for part in tree.parts:
            yield from _conjuncts(part)
    else:
        yield tree


def _needs(tree: Tree) -> list[Linear] | None:
    """What is not below 0 where a comparison holds; None of what is no such comparison."""
    if tree.kind != "binary" or tree.text not in ("<=", "<", ">=", ">"):
        return None
    low, high = tree.parts if tree.text in ("<=", "<") else reversed(tree.parts)
    slack: Linear = {None: -1} if tree.text in ("<", ">") else {}
    found = []
    for one in flat(low, "max"):
        for other in flat(high, "min"):
            forms = linear(one), linear(other)
            if forms[0] is None or forms[1] is None:
                return None
            found.append(added(added(forms[1], scaled(forms[0], -1)), slack))
    return found


def _holds(condition: Tree, known: Sequence[Linear]) -> bool:
    needs = _needs(condition)
    return needs is not None and all(_implied(need, known) for need in needs)


def _implied(need: Linear, known: Sequence[Linear], most: int = MOST_TOGETHER) -> bool:
    """It is not below 0 as some that are known are not, taken together."""
    left = next((name for name, count in need.items() if name is not None and count), None)
    if left is None:
        return need.get(None, 0) >= 0
    return most > 0 and any(
        _implied(added(need, scaled(one, -1)), known, most - 1)
        for one in known
        if one.get(left, 0) == need[left]
    )


def _apart(known: Sequence[Linear], name: str) -> list[Linear]:
    """What is known of other variables."""
    word = re.compile(rf"\b{name}\b")
    return [one for one in known if not any(key and word.search(str(key)) for key in one)]


def _head(head: re.Match[str]) -> Iterator[Linear]:
    """What holds in a loop that counts upwards."""
    upwards = _UPWARDS.match(head["step"])
    if head["name"] and upwards and upwards[1] == head["name"]:
        yield from _at_least(head["name"], head["start"])
    for part in _conjuncts(parsed(head["until"])):
        yield from _needs(part) or ()


def _value(declared: re.Match[str]) -> Iterator[Linear]:
    """What holds after a declaration; what is no constant only grows, as loops do that share it."""
    yield from _at_least(declared["name"], declared["value"])
    if declared["const"]:
        yield from _at_most(declared["name"], declared["value"])


def _at_least(name: str, value: str) -> Iterator[Linear]:
    return iter(_needs(Tree("binary", "<=", (parsed(value), Tree("atom", name)))) or ())


def _at_most(name: str, value: str) -> Iterator[Linear]:
    return iter(_needs(Tree("binary", "<=", (Tree("atom", name), parsed(value)))) or ())


# --- as one would write it --------------------------------------------------------------------


def _natural(condition: str) -> str:
    parts = map(_as_written, _conjuncts(parsed(condition)))
    return str(reduce(lambda a, b: Tree("binary", "&&", (a, b)), parts))


def _as_written(tree: Tree) -> Tree:
    """`0 <= i - 1` as `i >= 1`, `i <= n - 1` as `i < n`."""
    needs = _needs(tree)
    if needs is None or len(needs) != 1 or tree.text not in ("<=", "<"):
        return tree
    left, right = map(linear, tree.parts)
    if left is None or right is None:
        return tree
    terms: Linear = {name: count for name, count in right.items() if name is not None}
    if set(left) <= {None} and terms:
        number: Linear = {None: left.get(None, 0) - right.get(None, 0)}
        sign = ">=" if tree.text == "<=" else ">"
        return Tree("binary", sign, (sum_of(terms), sum_of(number)))
    if tree.text == "<=" and right.get(None, 0) == -1 and terms:
        return Tree("binary", "<", (tree.parts[0], sum_of(terms)))
    return tree
