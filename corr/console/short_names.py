"""C++ names as people say them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

#: Operators whose names hold brackets; the longest first.
_OPERATOR = re.compile(
    r"\boperator\s*(<=>|<<=|>>=|->\*|<<|>>|<=|>=|->|<|>|\(\)|\[\])(?=\s?[<(&)>,/@]|$)"
)
#: Letters that no name has stand for those brackets meanwhile.
_PLAIN, _HIDDEN = "<>()[]-", "\1\2\3\4\5\6\7"
_HIDE, _SHOW = str.maketrans(_PLAIN, _HIDDEN), str.maketrans(_HIDDEN, _PLAIN)
#: Where in its unit a static function stands, and which loop of it: `@lib/two parts.c`, `/1.2`.
_SUFFIX = re.compile(r"(?:@[^<>()]*)?(?:/[\d.]+)?$")
_OPENING = {">": "<", ")": "("}


def short_name(name: str, keep_arguments: bool = False) -> str:
    """A C++ name as one says it: without parameter lists, and without template arguments."""
    kept = name.replace("(anonymous namespace)::", "")
    if "<" not in kept and "(" not in kept:
        return kept
    at = _SUFFIX.search(kept)
    suffix = at[0] if at else ""
    body = _OPERATOR.sub(_hidden, kept[: len(kept) - len(suffix)])
    text = _outside(body, "<" if keep_arguments else "<(")
    if not keep_arguments:
        # what Rust has in brackets may be a part of the path: <Vec<i32>>::push, total::<f64>
        text = re.sub(r"(?:::)+", "::", text).strip(":")
        text = _last_word(re.sub(r" (?:const|volatile|&&?)(?= |::|$)", "", text).strip())
    return text.translate(_SHOW) + suffix


def distinct_names(names: Iterable[str]) -> dict[str, str]:
    """Each name as one says it; with its arguments, or whole, where two would be the same."""
    left = list(dict.fromkeys(names))
    said: dict[str, str] = {}
    for shorten in (short_name, lambda name: short_name(name, keep_arguments=True), str):
        count = Counter(map(shorten, left))
        said |= {name: shorten(name) for name in left if count[shorten(name)] == 1}
        left = [name for name in left if name not in said]
    return said


def _hidden(operator: re.Match[str]) -> str:
    return f"operator{operator[1].translate(_HIDE)}"


def _outside(text: str, dropped: str) -> str:
    """The text without what stands in these brackets.

    A `>` closes only a `<`: within parentheses it compares.
    """
    out: list[str] = []
    opened: list[str] = []
    deep = 0
    arrow = False
    for char in text:
        if char in "<(":
            opened.append(char)
            deep += char in dropped
            shown = char not in dropped and not deep
        elif char in _OPENING and not (char == ">" and arrow):
            deep_before = deep
            deep -= _close(opened, _OPENING[char], dropped)
            shown = _OPENING[char] not in dropped and not deep_before
        else:
            shown = not deep
        arrow = char == "-"
        if shown:
            out.append(char)
    return "".join(out)


def _close(opened: list[str], opening: str, dropped: str) -> int:
    """Close the bracket; how many that are dropped were closed with it."""
    if opening not in opened or (opening == "<" and opened[-1] != "<"):
        return 0
    closed = 0
    while opened:
        last = opened.pop()
        closed += last in dropped
        if last == opening:
            break
    return closed


def _last_word(text: str) -> str:
    """The name without the type that a template's function returns."""
    operator = re.search(r'\boperator(?:""|) ', text)  # operator new, a conversion, a literal
    if operator:
        return text[text.rfind(" ", 0, operator.start()) + 1 :]
    return text.rsplit(" ", 1)[-1]


def with_short_names(functions: pa.Table) -> pa.Table:
    """Rows of the table `functions` with the column `short`: each name as one says it."""
    import pyarrow as pa

    names = [short_name(name) for name in functions["name"].to_pylist()]
    return functions.append_column("short", pa.array(names, pa.string()))
