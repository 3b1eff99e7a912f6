"""A gate for continuous integration: what a new run lost against a baseline, loop by loop.

Pure: from a comparison, settings and a few facts to findings. Without timings only what the
compiler said and wrote is judged, so equal builds always give equal answers.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from corr.check.comparable import WHICH, not_compared, nothing_compared
from corr.check.facts import Code, Facts, Place
from corr.check.findings import (
    ABSENT,
    FAILS,
    NEW,
    NOTE,
    RULES,
    UNCHANGED,
    Finding,
    Report,
    known_rules,
    waive,
)
from corr.check.remarks import lost_callees, spills, vectoriser_reason
from corr.compare.diff import LISTED_SHARE
from corr.compare.difference import (
    SIDES,
    Diff,
    FunctionRemark,
    LoopDiff,
    RemarkChange,
    SideName,
)
from corr.compare.judged import TimeRatio
from corr.compare.remark_pairs import COPIES, POORER_COPIES, SILENT, UNTOLD
from corr.system.config import CheckSettings
from corr.timing.verdict import Verdict

#: What is said of a loop that only the baseline has, by how it was matched; whether it fails.
_GONE = {
    SILENT: (
        "the new record says nothing of the loop, which may have lost its vectors:"
        " nothing proves that it is gone",
        FAILS,
    ),
    POORER_COPIES: (
        "the function has no copy of the loop any more, and another copy is not vectorised",
        FAILS,
    ),
    COPIES: ("the function has no copy of the loop any more, others are vectorised", NOTE),
}
_UNTOLD = (
    "not vectorised, and may be a loop of the function that was: the sources are not known, so that"
    " loops are told apart by their places alone"
)


def check(
    difference: Diff,
    settings: CheckSettings,
    facts: Facts | None = None,
    *,
    remarks_only: bool = False,
    today: datetime.date | None = None,
) -> Report:
    """The gate's findings on a comparison. Raises UsageError for an unknown rule."""
    known_rules(settings.waivers)
    gate = _Gate(settings, facts or Facts(), remarks_only)
    findings = [finding for loop in difference.loops for finding in gate.loop(loop)]
    findings += gate.outside(difference.outside_loops)
    findings += gate.incomplete(difference)
    findings += nothing_compared(difference, gate.facts)
    if not remarks_only:
        findings += gate.whole(difference)
    findings, notes = waive(findings, settings.waivers, today or datetime.date.today())
    findings.sort(key=_order)
    left_out = not_compared(difference, [x for x in difference.loops if gate.gone(x)])
    notes = [*gate.doubts(), *left_out, *gate.notes(difference), *notes]
    return Report(difference.a, difference.b, remarks_only, findings, notes)


def may_be_slower(difference: Diff, report: Report, settings: CheckSettings) -> bool:
    """A slow-down was found or is likely, so that it is worth timing both builds in turn."""
    if any(finding.rule_id == "slower" for finding in report.failing):
        return True
    total = difference.total
    return (
        total is not None
        and total.time.verdict == Verdict.inconclusive
        and total.time.value > 1 + settings.slowdown
    )


class _Gate:
    """The rules, under one choice of settings and of what counts as hot."""

    def __init__(self, settings: CheckSettings, facts: Facts, remarks_only: bool) -> None:
        self.settings, self.facts, self.remarks_only = settings, facts, remarks_only
        sides: tuple[SideName, ...] = ("a",) if remarks_only else SIDES
        self.shares: dict[SideName, Mapping[str, float]] = {
            side: shares for side in sides if (shares := facts.shares.get(side)) is not None
        }

    def loop(self, loop: LoopDiff) -> Iterator[Finding]:
        """The findings of one loop of the comparison."""
        if not self._hot(loop):
            return
        if loop.only_in == "a" and self._vectorised(loop, "a"):
            says, level = _GONE.get(loop.matched_by, ("the loop is gone from the source", NOTE))
            message = f"{says}; it was {self._vectors(loop, 'a')}"
            yield self._finding("lost-vectorization", loop, message, level=level, side="a")
        if loop.only_in == "b" and loop.matched_by == UNTOLD:
            yield self._finding("lost-vectorization", loop, _UNTOLD)
        if loop.only_in is None:
            yield from self._vectorisation(loop)
            yield from self._inlining(loop)
            yield from self._spills(loop)
            if not self.remarks_only:
                yield from self._time(loop)

    def gone(self, loop: LoopDiff) -> bool:
        """A hot loop that only the baseline has."""
        return loop.only_in == "a" and self._hot(loop)

    def outside(self, remarks: Iterable[FunctionRemark]) -> Iterator[Finding]:
        """Inlining lost in hot functions, outside their loops, where a remark says so."""
        functions: dict[str, list[RemarkChange]] = {}
        for outside in remarks:
            if outside.remark.by("inline"):
                functions.setdefault(outside.function, []).append(outside.remark)
        for function, changes in functions.items():
            share = _largest(shares.get(function) for shares in self.shares.values())
            if self.shares and share < self.settings.hot_share:
                continue
            for callee, reason in lost_callees(changes, calls_rose=False):
                place = self.facts.places.get("b", {}).get(f"({function}) {callee}")
                name = self.facts.names.get(callee, callee)
                yield Finding(
                    "lost-inlining",
                    FAILS,
                    function,
                    place.file if place else None,
                    place.line if place else None,
                    f"{name} is not inlined into {function} any more: {reason}",
                    detail=callee,
                )

    def incomplete(self, difference: Diff) -> Iterator[Finding]:
        """A record that is not whole, where something is missing in it that the other has."""
        for side, what in self.facts.incomplete.items():
            if missing := _missing(difference, side):
                message = (
                    f"the record of {WHICH[side]} is not whole ({what}), and {missing} of the"
                    " other run's are not in it: what they say cannot be compared"
                )
                yield Finding("incomplete-record", FAILS, "", None, None, message, detail=side)

    def doubts(self) -> list[str]:
        """What the two runs themselves lack."""
        incomplete = [
            f"the record of {WHICH[side]} is not whole: {what}"
            for side, what in self.facts.incomplete.items()
        ]
        return [*incomplete, *self.facts.notes]

    def whole(self, difference: Diff) -> Iterator[Finding]:
        """The program's own time."""
        total = difference.total
        if total is None or not self._comparable() or not self._too_slow(total.time):
            return
        message = (
            f"the whole program is slower: {total.seconds_a:.4g} s → "
            f"{total.seconds_b:.4g} s {total.clock}, {total.time}"
        )
        evidence = _evidence(total.time)
        hottest = max(difference.loops, key=lambda loop: loop.b.share or 0.0, default=None)
        if hottest is None or hottest.b.loop is None:
            yield Finding("slower", FAILS, "", None, None, message, evidence=evidence)
        else:
            # it belongs to no loop; the hottest one is where to begin to look
            finding = self._finding("slower", hottest, message, evidence=evidence)
            yield replace(finding, loop="", evidence=evidence)

    def notes(self, difference: Diff) -> list[str]:
        """What the gate could not judge."""
        if self.remarks_only:
            return []
        if not self._comparable():
            both = " and ".join(self.facts.conditions.get(side, "?") for side in SIDES)
            return [f"the runs were timed on different terms ({both}): times are not compared"]
        undecided = [
            loop.key
            for loop in difference.loops
            if loop.verdict == Verdict.inconclusive and self._hot(loop)
        ]
        notes = []
        if difference.total is None:
            notes.append("a run has no timings: times are not compared")
        elif difference.verdict == Verdict.inconclusive:
            interval = difference.total.time
            notes.append(
                f"the time of the whole program is inconclusive ({interval}): measure more"
            )
        if undecided:
            rest = f" and {len(undecided) - 3} more" if len(undecided) > 3 else ""
            notes.append(f"the time is inconclusive for {', '.join(undecided[:3])}{rest}")
        return notes

    def _hot(self, loop: LoopDiff) -> bool:
        least = self.settings.hot_share
        if not self.remarks_only:
            shares = (loop.side(side).share for side in self.shares)
            return not self.shares or _largest(shares) >= least
        # what the comparison lists for the new run's samples or counts alone must not be seen
        share = loop.a.share or 0.0
        changed = bool(loop.only_in or loop.code_changed or loop.remarks)
        if not self.shares:
            return changed
        return share >= least and (changed or share >= LISTED_SHARE)

    def _code(self, loop: LoopDiff, side: SideName) -> Code:
        return self.facts.code.get(side, {}).get(loop.side(side).loop or "", Code())

    def _vectorised(self, loop: LoopDiff, side: SideName) -> bool:
        return (loop.side(side).vector_width or 1) > 1 or self._code(loop, side).vectors

    def _vectors(self, loop: LoopDiff, side: SideName) -> str:
        width = loop.side(side).vector_width or 1
        if width > 1:
            return f"vectorised {width}x{loop.side(side).interleave or 1}"
        return f"vectorised with {self._code(loop, side).bits} bits"

    def _vectorisation(self, loop: LoopDiff) -> Iterator[Finding]:
        before, after = (self._vectorised(loop, side) for side in SIDES)
        reason = self.facts.reasons.get(loop.b.loop or "") or _reason(loop)
        because = f": {reason}" if reason else ""
        if before and not after:
            if not self._replaced(loop):
                was = self._vectors(loop, "a").removeprefix("vectorised ")
                message = f"not vectorised any more (was {was}){because}"
                yield self._finding("lost-vectorization", loop, message)
        elif before and self._narrower(loop):
            vectors = [self._vectors(loop, side) for side in SIDES]
            if vectors[0] == vectors[1]:
                vectors = [f"{self._code(loop, side).bits} bits" for side in SIDES]
            message = f"narrower vectors: {vectors[0]} → {vectors[1]}"
            yield self._finding("narrower-vectors", loop, message)
        elif after and not before:
            message = f"now {self._vectors(loop, 'b')}"
            yield self._finding("not-vectorized", loop, message, level=NOTE, state=ABSENT)
        elif not after and reason:
            message = f"not vectorised, as before{because}"
            yield self._finding("not-vectorized", loop, message, level=NOTE, state=UNCHANGED)
        unrolled = [side.unroll or 1 for side in loop.sides]
        if unrolled[0] > 1 >= unrolled[1] and before == after and not self._replaced(loop):
            message = f"not unrolled any more (was by {unrolled[0]})"
            yield self._finding("lost-unrolling", loop, message, level=NOTE)

    def _replaced(self, loop: LoopDiff) -> bool:
        """The new run has no code for the loop, or a call to memset and the like in its place."""
        if loop.a.instructions and not loop.b.instructions and "b" not in self.facts.without_code:
            return True
        idioms = ("loop-idiom", "loop-delete")
        return any(r.pass_name in idioms and r.tag == "Passed" for r in loop.remarks.appeared)

    def _narrower(self, loop: LoopDiff) -> bool:
        bits = [self._code(loop, side).bits for side in SIDES]
        lanes = [side.vector_width or 1 for side in loop.sides]
        at_once = [(side.vector_width or 1) * (side.interleave or 1) for side in loop.sides]
        fewer = lanes[0] > lanes[1] > 1 and at_once[0] > at_once[1]
        return fewer or (0 < bits[1] < bits[0] and lanes[1] <= lanes[0])

    def _inlining(self, loop: LoopDiff) -> Iterator[Finding]:
        calls = loop.a.calls, loop.b.calls
        rose = calls[0] is not None and calls[1] is not None and calls[1] > calls[0]
        called = self.facts.called
        names = None if called is None else called.get(loop.b.loop or "", frozenset())
        for callee, reason in lost_callees(loop.remarks, calls_rose=rose, called=names):
            message = f"{self.facts.names.get(callee, callee)} is not inlined any more: {reason}"
            yield self._finding("lost-inlining", loop, message, detail=callee)

    def _spills(self, loop: LoopDiff) -> Iterator[Finding]:
        stack = [side.stack_accesses or 0 for side in loop.sides]
        size = [side.instructions or 1 for side in loop.sides]
        evidence = {"stack_accesses": stack, "instructions": size}
        if allocated := spills(loop.remarks):
            before, after = allocated
            # the cost counts executions, so that unrolling what spilled before is no new spill
            if after.count > before.count and after.cost > 1.01 * before.cost:
                message = (
                    f"new spills: {before.count} → {after.count} spills and reloads in the loop"
                )
                yield self._finding("new-spills", loop, message, evidence=evidence)
        elif stack[1] >= 2 * max(stack[0], 1) and stack[1] / size[1] > stack[0] / size[0]:
            message = f"new accesses to the stack in the loop: {stack[0]} → {stack[1]}"
            yield self._finding("new-spills", loop, message, evidence=evidence)

    def _time(self, loop: LoopDiff) -> Iterator[Finding]:
        if loop.time is not None and self._comparable() and self._too_slow(loop.time):
            message = f"slower: {loop.time}"
            if loop.cost is not None:
                message += f", {loop.cost:+.3g} s a run"
            evidence = _evidence(loop.time) | {"cost": loop.cost}
            yield self._finding("slower", loop, message, evidence=evidence)

    def _too_slow(self, time: TimeRatio) -> bool:
        return time.verdict == Verdict.slower and time.value > 1 + self.settings.slowdown

    def _comparable(self) -> bool:
        return len(set(self.facts.conditions.values())) < 2

    def _finding(
        self,
        rule: str,
        loop: LoopDiff,
        message: str,
        *,
        level: str = FAILS,
        state: str = NEW,
        side: SideName = "b",
        detail: str = "",
        evidence: Mapping[str, Any] | None = None,
    ) -> Finding:
        place = self.facts.places.get(side, {}).get(loop.side(side).loop or "")
        if place is None:
            file, _, line = (loop.side(side).place or loop.place).rpartition(":")
            place = Place(file, int(line))
        context: dict[str, Any] = {}
        if not self.remarks_only:
            context["share"] = [loop.a.share, loop.b.share]
        for name in ("vector_width", "interleave", "unroll"):
            values = [getattr(side, name) for side in loop.sides]
            if values[0] != values[1]:
                context[name] = values
        return Finding(
            rule,
            level,
            loop.key,
            place.file,
            place.line,
            message,
            place.column,
            state,
            detail=detail,
            evidence=context | dict(evidence or {}),
        )


def _missing(difference: Diff, side: SideName) -> str:
    """How many loops and remarks of the other side this one has not; nothing for none."""
    other, change = ("b", "appeared") if side == "a" else ("a", "disappeared")
    loops = sum(loop.only_in == other for loop in difference.loops)
    remarks = sum(len(getattr(loop.remarks, change)) for loop in difference.loops)
    remarks += sum(outside.change == change for outside in difference.outside_loops)
    counts = ((loops, "loop"), (remarks, "remark"))
    return " and ".join(f"{n} {what}{'s' * (n != 1)}" for n, what in counts if n)


def _largest(values: Iterable[float | None]) -> float:
    return max((value or 0.0 for value in values), default=0.0)


def _reason(loop: LoopDiff) -> str | None:
    for remark in (*loop.remarks.appeared, *loop.remarks.changed):
        if remark.by("loop-vectorize") and remark.tag != "Passed":
            return vectoriser_reason(remark.words_b or "")
    return None


def _evidence(time: TimeRatio) -> dict[str, Any]:
    return {"time_ratio": time.value, "time_low": time.low, "time_high": time.high}


def _order(finding: Finding) -> tuple[bool, bool, int, str, int, str, str]:
    """Failing ones first, then waived ones, by rule and place."""
    place = finding.file or "", finding.line or 0, finding.loop, finding.detail
    return not finding.fails, not finding.waived, list(RULES).index(finding.rule_id), *place
