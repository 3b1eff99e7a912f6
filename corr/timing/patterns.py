"""Regular expressions that users write, by RE2: their time is linear in the text whatever they say.

Python's own would let `(a+)+$` run for as long as the universe is old.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from collectors.base.errors import UsageError
from collectors.base.foreign_text import one_line

#: Group that an expression is given whose group has no name.
VALUE = "value"
#: What may stand in an expression, as far as groups count: escapes, classes, parentheses.
_PARTS = re.compile(r"\\.|\[(?:\\.|\^\]|[^\]\\])+\]|\((?!\?)|\(\?P?<\w+>")


def groups_of(pattern: str, texts: Sequence[str]) -> list[dict[str, str] | None]:
    """The named groups of the first match in each text; None where there is none.

    Raises UsageError for what is no regular expression of RE2.
    """
    found = _extracted(pc.extract_regex, pa.array(texts, pa.string()), pattern)
    rows: list[dict[str, str] | None] = found.to_pylist()
    return rows


def spans_of(pattern: str, text: bytes) -> list[dict[str, tuple[int, int]]]:
    """Where the named groups of the first match in each line of a text begin and end.

    A line without a match has no row; a group that took no part in it has an empty span. Raises
    UsageError.
    """
    lines = pc.split_pattern(pa.array([text], pa.large_binary()), "\n").flatten()
    found = _extracted(pc.extract_regex_span, lines, pattern)
    lengths = pc.add(pc.binary_length(lines), 1)  # the line's end
    starts = pc.subtract(pc.cumulative_sum(lengths), lengths).filter(found.is_valid()).to_pylist()
    rows = found.filter(found.is_valid()).to_pylist()
    return [
        {name: _ends(start, span) for name, span in row.items()}
        for start, row in zip(starts, rows, strict=True)
    ]


def value_of(groups: Mapping[str, object]) -> str:
    """The name of the group that holds the value: `value`, or the first."""
    return VALUE if VALUE in groups else next(iter(groups))


def _ends(line: int, span: list[int] | None) -> tuple[int, int]:
    start, length = span or (0, 0)
    return line + start, line + start + length


def _extracted(extract: Callable[..., Any], texts: pa.Array, pattern: str) -> Any:
    try:
        return extract(texts, _named(pattern))
    except pa.ArrowInvalid as error:
        raise _refused(pattern, str(error)) from error


def matching(pattern: str, texts: Sequence[str]) -> list[bool]:
    """Whether each text has a match. Raises UsageError."""
    try:
        found = pc.match_substring_regex(pa.array(texts, pa.string()), pattern)
    except pa.ArrowInvalid as error:
        raise _refused(pattern, str(error)) from error
    listed: list[bool] = found.to_pylist()
    return listed


def _refused(pattern: str, said: str) -> UsageError:
    """What RE2 says of the expression, without that as Arrow was given it."""
    why = said.partition(_named(pattern))[0].rstrip(": ") or said
    return UsageError(
        f"{one_line(pattern, 80)}: {one_line(why, 160)}",
        "regular expressions are RE2's: no backreferences, no look-around",
    )


@cache
def _named(pattern: str) -> str:
    """The expression with names for its groups, as Arrow wants.

    The first group without a name becomes `(?P<value>…)`, if none is called so; the others keep
    nothing. Where no group has a name the whole match is the value.
    """
    groups = [part[0] for part in _PARTS.finditer(pattern) if part[0].startswith("(")]
    if not groups:
        return f"(?P<{VALUE}>{pattern})"
    nameless = not any(f"<{VALUE}>" in group for group in groups)

    def name(part: re.Match[str]) -> str:
        nonlocal nameless
        if part[0] != "(":
            return part[0]
        first, nameless = nameless, False
        return f"(?P<{VALUE}>" if first else "(?:"

    return _PARTS.sub(name, pattern)
