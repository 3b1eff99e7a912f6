"""The lines of a new order as a person would write them.

    tidy(lines) → no bracket too many, sums of sizes and loops' variables put together, conditions
    that always hold left out, each bound once; the loops' own names (loop_names.py) in the end

What is computed in floating point stays as it is, and so does a line that is not understood.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce

from corr.polyhedral.c_text import Tree, Unknown, parsed

#: Names of 64-bit whole numbers in generated code: loops' variables, bounds, parameters.
_WHOLE = re.compile(r"(?:(?:c|low|high|end|each)\d+\w*|p_\w+)\Z")
_LITERAL = re.compile(r"(\d+)\Z")
_EXTREME = re.compile(r"__builtin_elementwise_(min|max)\Z")
_FOR = re.compile(
    r"for \((?P<type>long )?(?:(?P<name>\w+) = (?P<start>.*))?; "
    r"(?P<until>.*); (?P<step>.*)\)(?P<rest> \{)?\Z"
)
_IF = re.compile(r"if \(")
_DECLARED = re.compile(r"((?:const |unsigned |signed )*(?:\w+)(?: \*+)? ?)?(\w+)\Z")
#: Whole numbers up to this are of type int.
_LARGEST = (1 << 31) - 1

Linear = dict[Tree | None, int]


def tidied(lines: Sequence[str]) -> list[str]:
    """The lines, each tidied."""
    found = [_line(line) for line in lines]
    for at, line in enumerate(found):
        if line.strip() == "{" and line != lines[at]:  # a condition that always holds
            end = _end(found, at)
            if end is None or found[end + 1 : end + 2] == [line.replace("{", "else {")]:
                found[at] = lines[at]
    return unwrapped(found)


def _end(lines: Sequence[str], at: int) -> int | None:
    """Where the block ends that a line opens; None if that is not found."""
    end = _closed(lines[at])
    return next((n for n in range(at + 1, len(lines)) if lines[n] == end), None)


def unwrapped(lines: list[str]) -> list[str]:
    """Blocks that are all that is in another one are that one."""
    found, at = list(lines), 0
    while at + 1 < len(found):
        outer, inner = found[at], found[at + 1]
        if outer.endswith("{") and inner.strip() == "{":
            end = _end(found, at + 1)
            if end is not None and found[end + 1] == _closed(outer):
                body = [line.removeprefix("    ") for line in found[at + 2 : end]]
                found[at + 1 : end + 1] = body
                continue
        at += 1
    return found


def _closed(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" "))] + "}"


def _line(line: str) -> str:
    text = line.lstrip(" ")
    indent = line[: len(line) - len(text)]
    try:
        return indent + _tidied(text)
    except (Unknown, RecursionError, ValueError):
        return line


def _tidied(text: str) -> str:
    loop = _FOR.match(text)
    if loop is not None:
        start = (
            f"{loop['type'] or ''}{loop['name']} = {_expression(loop['start'])}"
            if loop["name"]
            else ""
        )
        step = re.sub(r"^(\w+) \+= 1$", r"\1++", loop["step"])
        return f"for ({start}; {_expression(loop['until'])}; {step}){loop['rest'] or ''}"
    if _IF.match(text):
        return _branch(text)
    if text.endswith(";") and " = " in text:
        target, value = _split(text[:-1])
        if not _DECLARED.match(target):
            target = _expression(target)
        return _assignment(target, _simple(parsed(value)))
    return text


def _assignment(target: str, value: Tree) -> str:
    """`r = r + v` as `r += v`."""
    if value.kind == "binary" and value.text in ("+", "-", "*", "/"):
        first, second = value.parts
        if str(first) == target:
            return f"{target} {value.text}= {second};"
    return f"{target} = {value};"


def _branch(text: str) -> str:
    """`if (…) {` or `if (…) statement`."""
    end = closing(text, 3)
    condition, rest = _simple(parsed(text[4:end])), text[end + 1 :].strip()
    holds = _holds(condition)
    if rest == "{":
        return "{" if holds else f"if ({condition}) {{"
    return _tidied(rest) if holds else f"if ({condition}) {_tidied(rest)}"


def closing(text: str, opening: int) -> int:
    depth = 0
    for at in range(opening, len(text)):
        depth += (text[at] == "(") - (text[at] == ")")
        if depth == 0:
            return at
    raise Unknown(text)


def _split(text: str) -> tuple[str, str]:
    """What stands before and after the assignment."""
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if depth == 0 and text.startswith(" = ", at):
            return text[:at], text[at + 3 :]
    raise Unknown(text)


def _expression(source: str) -> str:
    return str(_simple(parsed(source)))


# --- whole numbers ----------------------------------------------------------------------------


def _simple(tree: Tree) -> Tree:
    """The same value; what is a sum of whole numbers in the shortest form."""
    parts = tuple(map(_simple, tree.parts))
    tree = Tree(tree.kind, tree.text, parts)
    if tree.kind == "cast" and tree.text == "long" and _is_long(parts[0]):
        return parts[0]
    if tree.kind == "call" and (extreme := _EXTREME.match(str(parts[0]))):
        return _extreme(tree, extreme[1])
    if tree.kind == "binary" and tree.text in ("<=", "<", ">=", ">"):
        return _comparison(tree)
    if tree.kind == "binary" and tree.text == "&&":
        return _both(tree)
    form = linear(tree) if tree.kind in ("binary", "unary") else None
    return tree if form is None else sum_of(form)


def linear(tree: Tree) -> Linear | None:
    """A sum of whole numbers, each so many times; None of what is no such sum."""
    if tree.kind == "atom":
        literal = _LITERAL.match(tree.text)
        if literal is not None:
            return {None: int(literal[1])} if int(literal[1]) <= _LARGEST else None
        return {tree: 1} if _WHOLE.match(tree.text) else None
    if tree.kind == "unary" and tree.text == "-":
        form = linear(tree.parts[0])
        return None if form is None else scaled(form, -1)
    if tree.kind == "cast" and tree.text == "long":
        return linear(tree.parts[0])
    if tree.kind == "binary" and tree.text in ("+", "-", "*"):
        left, right = map(linear, tree.parts)
        if left is None or right is None:
            return None
        if tree.text == "*":
            if set(left) <= {None}:
                return scaled(right, left.get(None, 0))
            if set(right) <= {None}:
                return scaled(left, right.get(None, 0))
            return {tree: 1}
        return added(left, right if tree.text == "+" else scaled(right, -1))
    return {tree: 1} if _is_long(tree) else None


def _is_long(tree: Tree) -> bool:
    """A value of type long of names that are so, and literals."""
    if tree.kind == "atom":
        return bool(_WHOLE.match(tree.text))
    if tree.kind == "call":
        return bool(_EXTREME.match(str(tree.parts[0]))) and any(map(_is_long, tree.parts[1:]))
    if tree.kind == "unary":
        return tree.text == "-" and _is_long(tree.parts[0])
    if tree.kind == "cast":
        return tree.text == "long" and _is_whole(tree.parts[0])
    if tree.kind == "binary" and tree.text in ("<<", ">>"):
        return _is_long(tree.parts[0]) and _is_whole(tree.parts[1])
    if tree.kind == "binary" and tree.text in ("+", "-", "*", "/", "%"):
        return all(map(_is_whole, tree.parts)) and any(map(_is_long, tree.parts))
    return False


def _is_whole(tree: Tree) -> bool:
    return _is_long(tree) or (tree.kind == "atom" and bool(_LITERAL.match(tree.text)))


def scaled(form: Linear, factor: int) -> Linear:
    return {name: count * factor for name, count in form.items()}


def added(one: Linear, other: Linear) -> Linear:
    total = dict(one)
    for name, count in other.items():
        total[name] = total.get(name, 0) + count
    return total


def sum_of(form: Linear) -> Tree:
    """A form as C: what is added first, then numbers, then what is taken away."""
    terms = [(name, count) for name, count in form.items() if name is not None and count]
    number = form.get(None, 0)
    if abs(number) > _LARGEST or any(abs(count) > _LARGEST for _, count in terms):
        raise Unknown(str(form))
    plus = [_times(name, count) for name, count in terms if count > 0]
    minus = [_times(name, -count) for name, count in terms if count < 0]
    if number > 0 or not (plus or minus or number):
        plus.append(_number(number))
    elif number < 0:
        minus.append(_number(-number))
    if not plus:
        plus = [Tree("unary", "-", (minus.pop(0),))]
    total = reduce(lambda a, b: Tree("binary", "+", (a, b)), plus)
    return reduce(lambda a, b: Tree("binary", "-", (a, b)), minus, total)


def _number(value: int) -> Tree:
    return Tree("atom", str(value))


def _times(name: Tree, count: int) -> Tree:
    return name if count == 1 else Tree("binary", "*", (_number(count), name))


def _difference(one: Tree, other: Tree) -> int | None:
    """What the first is more than the other, where that is known."""
    forms = linear(one), linear(other)
    if forms[0] is None or forms[1] is None:
        return None
    left = added(forms[0], scaled(forms[1], -1))
    if any(count for name, count in left.items() if name is not None):
        return None
    return left.get(None, 0)


# --- bounds and conditions --------------------------------------------------------------------


def flat(tree: Tree, name: str) -> list[Tree]:
    """What the least, or greatest, is taken of."""
    if tree.kind == "call" and str(tree.parts[0]) == f"__builtin_elementwise_{name}":
        return [one for part in tree.parts[1:] for one in flat(part, name)]
    if tree.kind == "cast" and tree.text == "long":
        return flat(tree.parts[0], name)
    return [tree]


def _extreme(tree: Tree, name: str) -> Tree:
    """The least, or greatest, of what no other is known to be beyond."""
    sign = 1 if name == "min" else -1
    kept: list[Tree] = []
    for one in flat(tree, name):
        if not _is_whole(one) and not (one.kind == "unary" and linear(one) is not None):
            return tree
        gaps = [_difference(one, other) for other in kept]
        if any(gap is not None and sign * gap >= 0 for gap in gaps):
            continue
        kept = [k for k, gap in zip(kept, gaps, strict=True) if gap is None] + [one]
    if len(kept) == 1:
        return kept[0]
    called = Tree("atom", f"__builtin_elementwise_{name}")
    typed = [one if _is_long(one) else Tree("cast", "long", (one,)) for one in kept]
    return reduce(lambda a, b: Tree("call", "", (called, a, b)), typed)


def _comparison(tree: Tree) -> Tree:
    """`a <= min(b, c)` as what of it does not hold anyway."""
    left, right = tree.parts
    low, high = (left, right) if tree.text in ("<=", "<") else (right, left)
    slack = 1 if tree.text in ("<", ">") else 0
    lows, highs = flat(low, "max"), flat(high, "min")
    if not all(map(_is_known, (*lows, *highs))):
        return tree
    asked = []
    for one in lows:
        for other in highs:
            gap = _difference(other, one)
            if gap is not None and gap >= slack:
                continue
            sign = "<" if slack else "<="
            asked.append(Tree("binary", sign, (one, other)))
    if len(asked) == len(lows) * len(highs):
        return tree
    return reduce(lambda a, b: Tree("binary", "&&", (a, b)), asked) if asked else _number(1)


def _is_known(tree: Tree) -> bool:
    return linear(tree) is not None


def _both(tree: Tree) -> Tree:
    one, other = tree.parts
    if _holds(one):
        return other
    return one if _holds(other) else tree


def _holds(tree: Tree) -> bool:
    return tree.kind == "atom" and tree.text == "1"
