"""A gate for continuous integration: what a new run lost against a baseline, loop by loop.

Pure: from the result of `corr.compare.diff`, settings and a few facts to findings. Without timings
only what the compiler said and wrote is judged, so equal builds always give equal answers.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

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
from corr.system.config import CheckSettings

#: `diff` lists loops without a change from this share of the samples on.
LISTED_SHARE = 0.005
_INLINED = re.compile(r"^'(?P<callee>.+?)' (?:not |will not be )?inlined into '")
_SPILLS = re.compile(r"(?<![\w.+])(\d+) (?:folded )?(?:spills|reloads)\b")
_SPILL_COST = re.compile(r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?) total (?:folded )?(?:spills|reloads) cost")


@dataclass(frozen=True)
class Place:
    """Where a loop stands in the source."""

    file: str
    line: int
    column: int | None = None


@dataclass(frozen=True)
class Code:
    """Arithmetic of a loop's machine code: widest packed register, packed and scalar counts."""

    bits: int = 0
    packed: int = 0
    scalar: int = 0

    @property
    def vectors(self) -> bool:
        """Mostly packed: an odd packed instruction among scalar ones makes no vector loop."""
        return self.bits > 0 and self.packed >= self.scalar


@dataclass(frozen=True)
class Facts:
    """What the gate needs to know of two runs beside their diff; `a` is the baseline.

    `shares`: samples by function, None for a run without samples. `reasons`: why the loops of the
    new run are not vectorised. `names`: plain names of mangled callees. `conditions`: what
    the runs were timed on and with.
    """

    places: Mapping[str, Mapping[str, Place]] = field(default_factory=dict)
    code: Mapping[str, Mapping[str, Code]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[str, Mapping[str, float] | None] = field(default_factory=dict)
    conditions: Mapping[str, str] = field(default_factory=dict)


def check(
    result: Mapping[str, Any],
    settings: CheckSettings,
    facts: Facts | None = None,
    *,
    remarks_only: bool = False,
    today: datetime.date | None = None,
) -> Report:
    """The gate's findings on the result of a diff. Raises UsageError for an unknown rule."""
    known_rules(settings.waivers)
    gate = _Gate(settings, facts or Facts(), remarks_only)
    found = [f for entry in result["loops"] for f in gate.loop(entry)]
    found += gate.outside(result["outside_loops"])
    if not remarks_only:
        found += gate.whole(result)
    order = list(RULES)
    found, notes = waive(found, settings.waivers, today or datetime.date.today())
    found.sort(key=lambda f: (not f.fails, not f.waived, order.index(f.rule_id), _place_key(f)))
    return Report(result["a"], result["b"], remarks_only, found, gate.notes(result) + notes)


class _Gate:
    """The rules, under one choice of settings and of what counts as hot."""

    def __init__(self, settings: CheckSettings, facts: Facts, remarks_only: bool) -> None:
        self.settings, self.facts, self.remarks_only = settings, facts, remarks_only
        sides = "a" if remarks_only else "ab"
        self.shares = {s: shares for s in sides if (shares := facts.shares.get(s)) is not None}

    def loop(self, entry: Mapping[str, Any]) -> Iterator[Finding]:
        """The findings of one loop of the diff."""
        if not self._hot(entry):
            return
        if entry["only_in"] == "a":
            if self._vectorised(entry, "a"):
                said = f"the loop is gone from the source; it was {self._vectors(entry, 'a')}"
                yield self._finding("lost-vectorization", entry, said, level=NOTE, side="a")
            return
        if entry["only_in"] is None:
            yield from self._vectorisation(entry)
            yield from self._inlining(entry)
            yield from self._spills(entry)
            if not self.remarks_only:
                yield from self._time(entry)

    def outside(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
        """Inlining lost in hot functions, outside their loops, where a remark says so."""
        functions: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            if _of("inline", row):
                functions.setdefault(row["loop"][1:-1], []).append(row)
        for function, changed in functions.items():
            if self.shares and self._most(s.get(function) for s in self.shares.values()) < (
                self.settings.hot_share
            ):
                continue
            for callee, reason in _lost_callees(changed, calls_rose=False):
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

    def whole(self, result: Mapping[str, Any]) -> Iterator[Finding]:
        """The program's own time."""
        total = result["total"]
        if self._comparable() and self._too_slow(total):
            said = (
                f"the whole program is slower: {total['seconds_a']:.4g} s → "
                f"{total['seconds_b']:.4g} s {total['clock']}, {_interval(total)}"
            )
            evidence = {k: total[k] for k in ("time_ratio", "time_low", "time_high")}
            hottest = max(result["loops"], key=lambda e: e["b"]["share"] or 0.0, default=None)
            if hottest is None or hottest["b"]["loop"] is None:
                yield Finding("slower", FAILS, "", None, None, said, evidence=evidence)
            else:
                # it belongs to no loop; the hottest one is where to begin to look
                found = self._finding("slower", hottest, said, evidence=evidence)
                yield replace(found, loop="", evidence=evidence)

    def notes(self, result: Mapping[str, Any]) -> list[str]:
        """What the gate could not judge."""
        if self.remarks_only:
            return []
        if not self._comparable():
            both = " and ".join(self.facts.conditions.get(s, "?") for s in "ab")
            return [f"the runs were timed on different terms ({both}): times are not compared"]
        total = result["total"]
        undecided = [
            e["loop"] for e in result["loops"] if e["verdict"] == "inconclusive" and self._hot(e)
        ]
        notes = []
        if total["verdict"] is None:
            notes.append("a run has no timings: times are not compared")
        if total["verdict"] == "inconclusive":
            notes.append(
                f"the time of the whole program is inconclusive ({_interval(total)}): measure more"
            )
        if undecided:
            more = f" and {len(undecided) - 3} more" if len(undecided) > 3 else ""
            notes.append(f"the time is inconclusive for {', '.join(undecided[:3])}{more}")
        return notes

    def _hot(self, entry: Mapping[str, Any]) -> bool:
        least = self.settings.hot_share
        if not self.remarks_only:
            return not self.shares or self._share(entry) >= least
        # what the diff lists for the new run's samples or counts alone must not be seen
        share = entry["a"]["share"] or 0.0
        changed = entry["only_in"] or entry["code_changed"] or any(_remarks(entry))
        if not self.shares:
            return bool(changed)
        return share >= least and bool(changed or share >= LISTED_SHARE)

    def _share(self, entry: Mapping[str, Any]) -> float:
        return self._most(entry[side]["share"] for side in self.shares)

    @staticmethod
    def _most(values: Iterable[float | None]) -> float:
        return max((v or 0.0 for v in values), default=0.0)

    def _code(self, entry: Mapping[str, Any], side: str) -> Code:
        return self.facts.code.get(side, {}).get(entry[side]["loop"], Code())

    def _vectorised(self, entry: Mapping[str, Any], side: str) -> bool:
        return (entry[side]["vector_width"] or 1) > 1 or self._code(entry, side).vectors

    def _vectors(self, entry: Mapping[str, Any], side: str) -> str:
        width = entry[side]["vector_width"] or 1
        if width > 1:
            return f"vectorised {width}x{entry[side]['interleave'] or 1}"
        return f"vectorised with {self._code(entry, side).bits} bits"

    def _vectorisation(self, entry: Mapping[str, Any]) -> Iterator[Finding]:
        before, after = (self._vectorised(entry, s) for s in "ab")
        reason = self.facts.reasons.get(entry["b"]["loop"]) or _reason(entry)
        because = f": {reason}" if reason else ""
        if before and not after:
            if not _replaced(entry):
                was = self._vectors(entry, "a")
                said = f"not vectorised any more (was {was.removeprefix('vectorised ')}){because}"
                yield self._finding("lost-vectorization", entry, said)
        elif before and self._narrower(entry):
            shown = [self._vectors(entry, s) for s in "ab"]
            if shown[0] == shown[1]:
                shown = [f"{self._code(entry, s).bits} bits" for s in "ab"]
            said = f"narrower vectors: {shown[0]} → {shown[1]}"
            yield self._finding("narrower-vectors", entry, said)
        elif after and not before:
            said = f"now {self._vectors(entry, 'b')}"
            yield self._finding("not-vectorized", entry, said, level=NOTE, state=ABSENT)
        elif not after and reason:
            said = f"not vectorised, as before{because}"
            yield self._finding("not-vectorized", entry, said, level=NOTE, state=UNCHANGED)
        unrolled = [(entry[s]["unroll"] or 1) for s in "ab"]
        if unrolled[0] > 1 >= unrolled[1] and before == after and not _replaced(entry):
            said = f"not unrolled any more (was by {unrolled[0]})"
            yield self._finding("lost-unrolling", entry, said, level=NOTE)

    def _narrower(self, entry: Mapping[str, Any]) -> bool:
        bits = [self._code(entry, s).bits for s in "ab"]
        lanes = [entry[s]["vector_width"] or 1 for s in "ab"]
        at_once = [n * (entry[s]["interleave"] or 1) for n, s in zip(lanes, "ab", strict=True)]
        fewer = lanes[0] > lanes[1] > 1 and at_once[0] > at_once[1]
        return fewer or (0 < bits[1] < bits[0] and lanes[1] <= lanes[0])

    def _inlining(self, entry: Mapping[str, Any]) -> Iterator[Finding]:
        calls = [entry[s]["calls"] for s in "ab"]
        rose = None not in calls and calls[1] > calls[0]
        rows = [r for change in _remarks(entry) for r in change if _of("inline", r)]
        for callee, reason in _lost_callees(rows, calls_rose=rose):
            said = f"{self.facts.names.get(callee, callee)} is not inlined any more: {reason}"
            yield self._finding("lost-inlining", entry, said, detail=callee)

    def _spills(self, entry: Mapping[str, Any]) -> Iterator[Finding]:
        rows = [r for change in _remarks(entry) for r in change if _of("regalloc", r)]
        stack = [entry[s]["stack_accesses"] or 0 for s in "ab"]
        size = [entry[s]["instructions"] or 1 for s in "ab"]
        evidence = {"stack_accesses": stack, "instructions": size}
        before, after = (_spilled(r[f"words_{s}"] for r in rows) for s in "ab")
        if rows:
            # the cost counts executions, so that unrolling what spilled before is no new spill
            if after[0] > before[0] and after[1] > 1.01 * before[1]:
                said = f"new spills: {before[0]} → {after[0]} spills and reloads in the loop"
                yield self._finding("new-spills", entry, said, evidence=evidence)
        elif stack[1] >= 2 * max(stack[0], 1) and stack[1] / size[1] > stack[0] / size[0]:
            said = f"new accesses to the stack in the loop: {stack[0]} → {stack[1]}"
            yield self._finding("new-spills", entry, said, evidence=evidence)

    def _time(self, entry: Mapping[str, Any]) -> Iterator[Finding]:
        if self._comparable() and self._too_slow(entry):
            said = f"slower: {_interval(entry)}"
            if entry["cost"] is not None:
                said += f", {entry['cost']:+.3g} s a run"
            evidence = {k: entry[k] for k in ("time_ratio", "time_low", "time_high", "cost")}
            yield self._finding("slower", entry, said, evidence=evidence)

    def _too_slow(self, timed: Mapping[str, Any]) -> bool:
        return timed["verdict"] == "slower" and timed["time_ratio"] > 1 + self.settings.slowdown

    def _comparable(self) -> bool:
        return len(set(self.facts.conditions.values())) < 2

    def _finding(
        self,
        rule: str,
        entry: Mapping[str, Any],
        message: str,
        *,
        level: str = FAILS,
        state: str = NEW,
        side: str = "b",
        detail: str = "",
        evidence: Mapping[str, Any] | None = None,
    ) -> Finding:
        place = self.facts.places.get(side, {}).get(entry[side]["loop"])
        if place is None:
            file, _, line = (entry[side]["place"] or entry["place"]).rpartition(":")
            place = Place(file, int(line))
        known = {"share": [entry[s]["share"] for s in "ab"]} if not self.remarks_only else {}
        known |= {
            name: [entry[s][name] for s in "ab"]
            for name in ("vector_width", "interleave", "unroll")
            if entry["a"][name] != entry["b"][name]
        }
        where = (entry["loop"], place.file, place.line)
        shown = known | dict(evidence or {})
        return Finding(
            rule, level, *where, message, place.column, state, detail=detail, evidence=shown
        )


def _remarks(entry: Mapping[str, Any]) -> Iterator[list[Mapping[str, Any]]]:
    for change in ("appeared", "disappeared", "changed"):
        yield entry[f"remarks_{change}"]


def _of(name: str, remark: Mapping[str, Any]) -> bool:
    return bool(remark["pass"] == name)


def _reason(entry: Mapping[str, Any]) -> str | None:
    for row in (*entry["remarks_appeared"], *entry["remarks_changed"]):
        if _of("loop-vectorize", row) and row["tag"] != "Passed":
            return vectorizer_reason(row["words_b"])
    return None


def vectorizer_reason(words: str) -> str:
    """A remark of the vectoriser without the words that they all begin with."""
    return words.removeprefix("loop not vectorized: ").strip()


def _replaced(entry: Mapping[str, Any]) -> bool:
    """The new run has no code for the loop, or a call to memset and the like in its place."""
    if entry["a"]["instructions"] and not entry["b"]["instructions"]:
        return True
    idioms = ("loop-idiom", "loop-delete")
    return any(r["pass"] in idioms and r["tag"] == "Passed" for r in entry["remarks_appeared"])


def callees(remarks: Iterable[Mapping[str, Any]]) -> set[str]:
    """The functions that remarks of the inliner speak of, under the compiler's names."""
    texts = [r[f"words_{side}"] for r in remarks if _of("inline", r) for side in "ab"]
    return {found["callee"] for t in texts if t and (found := _INLINED.match(t))}


def _lost_callees(
    rows: Iterable[Mapping[str, Any]], *, calls_rose: bool
) -> Iterator[tuple[str, str]]:
    """Callees inlined in a and not in b, with the reason that the inliner gives.

    Where it gives none, the callee may just not be called any more: then a rise of the machine
    code's calls has to say that it is.
    """
    inlined: dict[str, dict[str, None]] = {"a": {}, "b": {}}
    missed: dict[str, str] = {}
    for row in rows:
        for side in "ab":
            words = row[f"words_{side}"]
            found = _INLINED.match(words) if words else None
            if found and row["tag"] == "Passed":
                inlined[side][found["callee"]] = None
            elif found and side == "b":
                missed[found["callee"]] = words.partition(" because ")[2] or words
    for callee in inlined["a"]:
        if callee not in inlined["b"] and (calls_rose or callee in missed):
            yield callee, missed.get(callee, "the compiler gives no reason").strip()


def _spilled(texts: Iterable[str | None]) -> tuple[int, float]:
    """Number of spills and reloads in the register allocator's remarks, and their cost."""
    count, cost = 0, 0.0
    for text in texts:
        count += sum(int(n) for n in _SPILLS.findall(text or ""))
        cost += sum(float(n) for n in _SPILL_COST.findall(text or ""))
    return count, cost


def _interval(timed: Mapping[str, Any]) -> str:
    low, high = timed["time_low"], timed["time_high"]
    return f"×{timed['time_ratio']:.2f} (99 %: {low:.2f}–{high:.2f})"


def _place_key(finding: Finding) -> tuple[str, int, str, str]:
    return finding.file or "", finding.line or 0, finding.loop, finding.detail
