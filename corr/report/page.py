"""The HTML file: one page, everything in it, nothing asked of anybody, no foreign text as markup.

Style and script stand in the page and are named by their hashes in its content-security policy, so
nothing else is ever run. Facts that are shown by need are compressed JSON in base64, which cannot
end the element that it stands in. Everything else goes through jinja's escaping.
"""

from __future__ import annotations

import base64
import datetime
import gzip
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from corr.console.output import shown
from corr.console.short_names import short_name
from corr.report.ink import COLOURS

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "report"
SCRIPTS = ("core.js", "panel.js", "source.js", "tables.js", "live.js")

#: A symbol beside each outcome, so that it is not told by its colour alone.
SYMBOLS = {
    "accepted": ("✓", "good"),
    "faster": ("✓", "good"),
    "same": ("≈", "plain"),
    "inconclusive": ("?", "plain"),
    "slower": ("▼", "warn"),
    "refused": ("✚", "bad"),
    "original": ("◆", "plain"),
}
FAILED = ("✖", "bad")


@dataclass(frozen=True)
class Chunk:
    """Data that the script reads by need: compressed, in base64."""

    id: str
    text: str


#: Where a name or a place may be broken; the number of a loop stays with its function.
_BREAK = re.compile(r"(?<=::)|(?<=[(<,])|(?<=/)(?!\d[\d.]*$)|(?=:\d)")
#: A line, library or part of the kernel before the name of a function.
_PLACE = re.compile(r"(?:[^<(]*?:\d+|[^<(\s]+\.so[.\d]*|\[[^\]]*\]) ")


def chunk(id: str, value: Any) -> Chunk:
    """A value as a chunk. A text is taken as it is, anything else as JSON."""
    text = value if isinstance(value, str) else json_text(value)
    return Chunk(id, base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode())


def json_text(value: Any) -> str:
    """JSON that every reader takes: a number that is none is null."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False, default=str)
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"), default=str)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value


@cache
def environment() -> Environment:
    """The templates of the pages: everything is escaped unless it is ours."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "shown": shown,
        "raw": lambda value: json_text(value),
        "enc": lambda text: quote(str(text), safe=""),
        "symbol": lambda outcome: SYMBOLS.get(str(outcome), FAILED),
        "size": size,
        "moment": moment,
        "times": lambda value: f"{value:.0f}" if value >= 10 else f"{value:.{1 + (value < 2)}f}",
        "named": short_name,
        "placed": _placed,
        "breakable": breakable,
        "first_up": lambda text: text[:1].upper() + text[1:],
    }
    made.globals["is_number"] = lambda v: isinstance(v, int | float) and not isinstance(v, bool)
    return made


def _placed(text: str) -> str:
    """A function as people say it, after the place that it may come with."""
    place = _PLACE.match(text)
    at = place.end() if place else 0
    return text[:at] + short_name(text[at:])


def breakable(text: str) -> str:
    """A name that may be broken where one would: after what parts it, and never within a word."""
    from markupsafe import Markup, escape

    return Markup("<wbr>").join(escape(part) for part in _BREAK.split(str(text)))


def render(template: str, **facts: Any) -> str:
    """A part of a page, as markup that is safe."""
    return environment().get_template(template).render(**facts)


def document(title: str, body: str, chunks: Sequence[Chunk] = (), *, served: bool = False) -> str:
    """A whole page. `body` is markup of ours; `served`: it may ask the server it comes from."""
    from markupsafe import Markup

    style, script = _style(), _script()
    connect = "connect-src 'self'; " if served else ""
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        f"{connect}img-src data:; base-uri 'none'; form-action 'none'"
    )
    return render(
        "page.html.j2",
        title=title,
        policy=policy,
        style=Markup(style),  # noqa: S704 - ours, and no element can be ended in it
        script=Markup(script),  # noqa: S704
        body=Markup(body),  # noqa: S704 - came out of templates that escape
        chunks=chunks,
        served=served,
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _style() -> str:
    light, dark = (
        "".join(f"--c-{name}:{pair[which]};" for name, pair in COLOURS.items()) for which in (0, 1)
    )
    bars = "".join(f".w{n}{{--w:{100 * n / 20:g}%}}" for n in range(21))
    themes = (
        f":root{{{light}}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}"
        f":root[data-theme=dark]{{{dark}}}"
        f"@media print{{:root:root{{{light}}}}}"
    )
    return themes + bars + (TEMPLATES / "style.css").read_text()


@cache
def _script() -> str:
    parts = "\n".join((TEMPLATES / name).read_text() for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


def size(number: float) -> str:
    """Bytes as one says them."""
    for unit, each in (("MB", 1e6), ("kB", 1e3)):
        if number >= each:
            return f"{number / each:.3g} {unit}"
    return f"{number:.0f} bytes"


def moment(value: str | None) -> str:
    """A time in ISO form as one says it: `28 Nov 2026, 03:15`."""
    try:
        return f"{datetime.datetime.fromisoformat(str(value)):%-d %b %Y, %H:%M}"
    except ValueError:
        return str(value or "not known")
