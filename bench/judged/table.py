"""What was judged, as a page of the documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.judged.sessions import REFUSALS, Judged
from bench.judged.subjects import SUBJECTS

PAGE = Path(__file__).parent.parent.parent / "docs" / "judged.md"
HEAD = """# Candidates that were judged

Written by `make judged`: candidates of which it is known whether they are right, each proposed by a model's server and judged
in a session of `corr optimize`. The wrong ones are mostly faster, so that there is something to gain by taking them. None of them
may be accepted, and no honest one refused; whether an honest one is faster is for the clock, and it may be the same, slower, or not told.
Those of one program share a session, so an honest one is compared with the best of those before it; what is slower
than that has been compared on one input only. Programs and edits: `bench/judged/`.
"""

RULED = """## Right, but ruled out

These compute the same, and the gate takes none of their kind from a model, right or wrong: a macro can rename what the harness
calls, an `#if` can tell the build that is checked from another, a variable that lives on can keep a result, and a race may be
right for as long as it is looked at. Each refusal says what is allowed instead.
"""


def page(judged: Sequence[Judged]) -> str:
    """The whole page."""
    parts = [
        HEAD,
        f"**{numbers(judged)}**\n",
        _programs(judged),
        "## Wrong\n",
        _rows([one for one in judged if one.group.wrong], told=True),
        "## Honest\n",
        _rows([j for j in judged if not (j.group.wrong or j.candidate.ruled_out)], told=False),
        RULED,
        _rows([one for one in judged if one.candidate.ruled_out], told=True),
    ]
    return "\n".join(parts)


def with_section(page: str, title: str, words: str) -> str:
    """The page with a section at its end; others that were written by themselves stay."""
    before, _, _ = page.partition(f"\n{title}\n")
    return f"{before}\n{title}\n{words}"


def section(page: str, title: str) -> str:
    """What stands in a section at the end of a page; empty without one."""
    return page.partition(f"\n{title}\n")[2]


def numbers(judged: Sequence[Judged]) -> str:
    """How many went the wrong way."""
    wrong = [one for one in judged if one.group.wrong]
    honest = [one for one in judged if not one.group.wrong and not one.candidate.ruled_out]
    ruled = [one for one in judged if one.candidate.ruled_out]
    accepted = sum(one.outcome == "accepted" for one in wrong)
    refused = sum(one.outcome in REFUSALS for one in honest)
    text = f"{len(wrong)} wrong: {accepted} accepted. {len(honest)} honest: {refused} refused."
    without = sum(not one.outcome for one in judged)
    text += f" Without an outcome: {without}." if without else ""
    return text + (f" Right but ruled out: {len(ruled)}." if ruled else "")


def _programs(judged: Iterable[Judged]) -> str:
    names = dict.fromkeys(one.group.program for one in judged)
    return "".join(f"- `{SUBJECTS[name].file}`: {SUBJECTS[name].what}\n" for name in names)


def _rows(judged: Iterable[Judged], told: bool) -> str:
    """`told`: with what corr said of it."""
    head = ["candidate", "kind", "program", "outcome", *(["what was said"] if told else [])]
    lines = [_line(head), _line(["---"] * len(head))]
    for one in sorted(judged, key=lambda j: (j.candidate.kind, j.group.program)):
        outcome = one.outcome or "no outcome"
        cells = [one.candidate.name, one.candidate.kind, SUBJECTS[one.group.program].file]
        cells.append(outcome if one.right else f"**{outcome}**")
        lines.append(_line([*cells, *([_short(one.detail)] if told else [])]))
    return "".join(lines)


def _short(detail: str, most: int = 90) -> str:
    """The first words of a detail, as a cell."""
    words = " ".join(detail.split()).replace("|", "\\|")
    return words if len(words) <= most else words[:most].rsplit(" ", 1)[0] + " …"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"
