"""Findings as lines of text: numbered sentences, folded to a width."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from corr.findings.of_run import Finding

#: Nobody reads longer lines of prose.
WIDEST = 100


def lines(findings: Sequence[Finding], width: int | None = None) -> Iterator[str]:
    """A numbered sentence a finding; of several it is told which is first."""
    if not findings:
        yield "no sample fell on a place of its own: there is nothing to say"
    for number, finding in enumerate(findings, start=1):
        mark = f"{number}. " if len(findings) > 1 else ""
        yield from folded(mark + finding.sentence, width, " " * len(mark))


def detailed(
    finding: Finding, width: int | None = None, short: Mapping[str, str] = MappingProxyType({})
) -> Iterator[str]:
    """What carries a finding, and the command that would test it.

    `short` are names that mean one loop, by its own, which may have hundreds of characters.
    """
    loop = finding.loop or ""
    written, asked = (name.replace("'", "''") for name in (loop, short.get(loop, "")))
    for one in finding.evidence:
        rows = one.rows.replace(f"'{written}'", f"resolve('{asked}')") if asked else one.rows
        yield from folded(f"- {one.says}: {rows}", width, "    ", "  ")
    yield from folded(f"test: {finding.test}", width, "    ", "  ")
    yield from folded(f"refuted if {finding.refuted_by}", width, "    ", "  ")


def folded(text: str, width: int | None, indent: str = "", first: str = "") -> list[str]:
    """The text in lines of at most `width`; whole where there is none."""
    if width is None:
        return [first + text]
    return textwrap.wrap(
        text, min(width, WIDEST), initial_indent=first, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
