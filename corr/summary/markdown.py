"""Markdown of untrusted text: what is quoted stays inside its code span or its fenced block."""

from __future__ import annotations

import functools
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collectors.base.foreign_text import cut, one_line, visible
from corr.console.output import emit_records, shown
from corr.console.short_names import short_name

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
_TICKS = re.compile(r"`+")


def quoted(text: object, longest: int = 200) -> str:
    """A code span on one line, control characters visible, that no text can end early."""
    plain = clipped(str(text), longest) or " "
    ticks = "`" * (max((len(t) for t in _TICKS.findall(plain)), default=0) + 1)
    pad = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{ticks}{pad}{plain}{pad}{ticks}"


def fenced(text: str, language: str = "text") -> str:
    """A fenced block, its fence longer than any run of backticks inside it.

    `text` may hold lines of foreign text; `language` is always ours.
    """
    lines = [visible(line, keep="\t").rstrip() for line in text.strip("\n").split("\n")]
    longest = max((len(t) for line in lines for t in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])


def clipped(text: str, longest: int) -> str:
    """Foreign text as one visible line of at most `longest` characters, spaces as they are."""
    # what visible() makes of a character may be longer, never shorter
    return cut(visible(text[: longest + 1]), longest)


def sentence(text: str, longest: int = 300) -> str:
    """Foreign words as one visible line, runs of white space as one space."""
    return one_line(text, longest)


def labels(keys: Sequence[str]) -> dict[str, str]:
    """A short name for each loop's key; the key itself where the short name is another's too."""
    short = {key: short_name(key) for key in keys}
    count = Counter(short.values())
    return {key: name if count[name] == 1 else key for key, name in short.items()}


def aligned(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, tuple[str, str | None]]
) -> str:
    """Rows as aligned text, empty columns left out."""
    out = io.StringIO()
    emit_records(rows, columns, out=out)
    return out.getvalue().rstrip("\n")


def _size(number: int) -> str:
    for unit, size in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if number >= size and number % size == 0:
            return f"{number // size} {unit}"
    return f"{number} bytes"


@functools.cache
def template() -> Template:
    """The parts of the summary, a macro each."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - Markdown; foreign text goes through the filters
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "quoted": quoted,
        "fenced": fenced,
        "shown": shown,
        "sentence": sentence,
        "size": _size,
    }
    return environment.get_template("summary.md.j2")


def render(macro: str, **facts: Any) -> str:
    """One part, ending in a newline; all but the items of a list begin with an empty line."""
    text = str(getattr(template().module, macro)(**facts)).strip("\n") + "\n"
    return text if text.startswith(("- ", "# ")) else "\n" + text
