"""What `corr check` found: its rules, findings and report, and the waivers of findings."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from collectors.base.errors import UsageError
from corr.system.config import Waiver

if TYPE_CHECKING:
    from corr.compare.difference import ComparedRun

#: Each rule's id, which never changes, with what it says. The order is that of the listing.
RULES = {
    "lost-vectorization": "A loop that was vectorised is not any more.",
    "nothing-compared": "The two runs have nothing in common that can be compared.",
    "incomplete-record": "A record of remarks is not whole, and something is only in the other.",
    "slower": "A loop, or the whole program, is significantly slower.",
    "lost-inlining": "A call that was inlined is not any more.",
    "new-spills": "The registers of a loop do not suffice any more.",
    "narrower-vectors": "A loop is vectorised with fewer lanes.",
    "lost-unrolling": "A loop that was unrolled is not any more.",
    "not-vectorized": "A loop is not vectorised, as before.",
}
FAILS, NOTE = "warning", "note"
NEW, UNCHANGED, ABSENT = "new", "unchanged", "absent"


@dataclass(frozen=True)
class Finding:
    """One observation. It fails the gate if it is new, no note, and not waived."""

    rule_id: str
    level: str
    loop: str
    file: str | None
    line: int | None
    message: str
    column: int | None = None
    state: str = NEW
    waived: bool = False
    waiver: str | None = None
    #: What tells apart findings of one rule in one loop, such as the callee.
    detail: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fails(self) -> bool:
        return self.state == NEW and self.level == FAILS and not self.waived


@dataclass(frozen=True)
class Report:
    """All findings, failing ones first, and what has to be said beside them."""

    baseline: ComparedRun
    new: ComparedRun
    remarks_only: bool
    findings: list[Finding]
    notes: list[str]

    @property
    def failing(self) -> list[Finding]:
        return [f for f in self.findings if f.fails]


def known_rules(waivers: Iterable[Waiver]) -> None:
    """Raise UsageError for a waiver of a rule that there is not."""
    for waiver in waivers:
        if waiver.rule not in RULES:
            near = difflib.get_close_matches(waiver.rule, RULES, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the rules: {', '.join(RULES)}"
            raise UsageError(f"check.waivers: there is no rule {waiver.rule!r}", hint)


def waive(
    findings: list[Finding], waivers: Iterable[Waiver], today: datetime.date
) -> tuple[list[Finding], list[str]]:
    """Findings with their waivers applied, and notes on waivers that are over or not needed."""
    notes = []
    for waiver in waivers:
        what = f"{waiver.rule} in {waiver.loop}"
        matched = [
            i
            for i, f in enumerate(findings)
            if f.rule_id == waiver.rule and fnmatchcase(f.loop, waiver.loop) and f.level == FAILS
        ]
        if not matched:
            notes.append(f"the waiver of {what} matches nothing: it can go")
        elif waiver.until is not None and waiver.until < today:
            notes.append(f"the waiver of {what} expired on {waiver.until} ({waiver.reason})")
            for i in matched:
                message = f"{findings[i].message} [its waiver expired on {waiver.until}]"
                findings[i] = replace(findings[i], message=message)
        else:
            for i in matched:
                findings[i] = replace(
                    findings[i], waived=True, waiver=waiver.reason, state=UNCHANGED
                )
    return findings, notes
