"""Calls that take much of the time because they are calls: hot callees that were not inlined.

What the run says of them (remarks, samples, code) chooses the callees; the compiler, asked for its
decisions once more, tells each call by its inline chain, by which a plain clang replays it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collectors.base.errors import CorrError
from collectors.base.process import run
from collectors.base.scratch import scratch
from collectors.base.table import Problem
from collectors.base.toolchain import Toolchain
from collectors.decisions import call_sites, inliner, trace
from collectors.decisions.host import Limits
from collectors.decisions.replay import SiteDecision
from collectors.decisions.trace import Compilation
from collectors.sandbox.confined import compiler_limits
from corr.console.short_names import short_name
from corr.lake.sql import connect, rows
from corr.lake.store import Lake, RunInfo
from corr.optimize.moves.inlining import HIGHEST, MOST_CALLS, Inlining
from corr.optimize.proposal import Outcome, Proposal, Situation, Trial
from corr.optimize.variant import Variant
from corr.program.build import Builder
from corr.program.model import Unit

#: Share of the time in a callee from which its calls are looked at, and how many of such.
LEAST_SHARE, MOST_CALLEES = 0.02, 6
#: Calls of one callee that are tried one by one, where all at once did not pay.
MOST_SINGLE = 4
#: Seconds that asking a compiler for the decisions of one unit may take.
_SECONDS = 120.0
#: What part of a callee's time inlining it is thought to save.
_SAVES = 0.2
_HOT = """
    WITH missed AS (
        SELECT DISTINCT unit, file, line, "column",
               list_filter(args, lambda a: a.key = 'Callee')[1].value AS callee
        FROM remarks WHERE pass = 'inline' AND tag = 'Missed' AND line > 0
    )
    SELECT m.unit, s.callee, any_value(s.callee_name) AS name,
           greatest(coalesce(sum(s.callee_share), 0), max(s.most_share)) AS share,
           max(s.cost) AS cost, max(s.threshold) AS threshold
    FROM call_sites s JOIN missed m ON m.callee = s.callee AND m.file = s.file
     AND m.line = s.line AND m."column" IS NOT DISTINCT FROM s."column"
    WHERE s.kept > 0 AND s.cost > s.threshold
    GROUP BY m.unit, s.callee HAVING share >= ? ORDER BY share DESC, m.unit, s.callee LIMIT ?
"""


@dataclass(frozen=True)
class HotCallee:
    """A function of a unit that is still called, and has much of the time; what LLVM said of it."""

    unit: str
    callee: str
    name: str
    share: float
    cost: int
    threshold: int

    @property
    def reason(self) -> str:
        return (
            f"{self.share:.0%} of the time lies in {short_name(self.name)}, which is not inlined:"
            f" cost {self.cost} of {self.threshold}"
        )


def hot_callees(lake: Lake, found: RunInfo) -> list[HotCallee]:
    """The callees of a run that were too costly to inline, hottest first."""
    if found.table("remarks") is None or found.table("samples") is None:
        return []
    connection = connect(lake, [found], only=["call_sites", "remarks"])
    return [HotCallee(**row) for row in rows(connection, _HOT, LEAST_SHARE, MOST_CALLEES)]


class InlineSearch:
    """Proposals for hot callees: all of them, each, single calls of one; then thresholds by file.

    `told` is called with the trial of each proposal before the next one is asked for.
    """

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._accepted = False
        #: what was accepted
        self.kept: list[Inlining] = []

    def told(self, trial: Trial | None) -> None:
        self._accepted = trial is not None and trial.outcome == Outcome.accepted

    def proposals(self) -> Iterator[Proposal]:
        """The next one is chosen when the trial of the last is known."""
        situation = self._situation
        hot = hot_callees(situation.lake, situation.run)
        sites = self._sites(hot) if hot else {}
        known = [one for one in hot if sites.get((one.unit, one.callee))]
        if len(known) > 1:
            moves = [_moved(one, sites) for one in known]
            share = sum(one.share for one in known)
            reason = f"{share:.0%} of the time lies in {len(known)} functions that are not inlined"
            yield from self._tried(tuple(moves), reason, share)
            if self._accepted:
                return
        for one in known:
            calls = sites[one.unit, one.callee]
            yield from self._tried((_moved(one, sites),), one.reason, one.share)
            if not self._accepted and len(calls) > 1:
                for site in calls[:MOST_SINGLE]:
                    part = one.share / len(calls)
                    yield from self._tried((Inlining(one.unit, (site,)),), one.reason, part)
        if hot and not self.kept:
            yield from self._thresholds(hot)

    def _tried(self, moves: tuple[Inlining, ...], reason: str, share: float) -> Iterator[Proposal]:
        expected = 1 / (1 - _SAVES * min(share, 1.0))
        yield Proposal(moves, reason, "rules", expected, trusted=True)
        if self._accepted:
            self.kept += moves

    def _thresholds(self, hot: Sequence[HotCallee]) -> Iterator[Proposal]:
        """Each file with a threshold that its hot callees stay below."""
        limits: dict[str, int] = {}
        for one in hot:
            limits[one.unit] = min(max(limits.get(one.unit, 0), one.cost + 1), HIGHEST)
        moves = tuple(Inlining(unit, threshold=limit) for unit, limit in limits.items())
        reason = "with this threshold the hot functions of the file are inlined, and others like it"
        yield from self._tried(moves, reason, sum(one.share for one in hot))

    def _sites(self, hot: Sequence[HotCallee]) -> dict[tuple[str, str], list[SiteDecision]]:
        """The calls to be inlined, by unit and callee; what cannot be asked for is noted."""
        situation, found = self._situation, dict[tuple[str, str], list[SiteDecision]]()
        for label in dict.fromkeys(one.unit for one in hot):
            try:
                decided = decisions(situation.best, label, situation.toolchain)
            except CorrError as error:
                what = f"its calls are not known: {error.message.splitlines()[0]}"
                situation.note(Problem("decisions", label, what, error.fix))
                continue
            for one in hot:
                if one.unit == label:
                    found[label, one.callee] = otherwise(decided, one.callee)
        return found


def _moved(one: HotCallee, sites: Mapping[tuple[str, str], Sequence[SiteDecision]]) -> Inlining:
    """All calls of a callee that were kept, inlined."""
    return Inlining(one.unit, tuple(sites[one.unit, one.callee]))


def otherwise(decided: Sequence[Mapping[str, Any]], callee: str) -> list[SiteDecision]:
    """The calls of a function that were kept, to be inlined: those with a chain."""
    sites: dict[tuple[str, str], SiteDecision] = {}
    for row in decided:
        if row["callee"] != callee or row["chain"] is None:
            continue
        site = SiteDecision(row["caller"], callee, row["chain"], True)
        sites.pop((callee, site.chain), None)
        if not row["inlined"] and site.sound:  # the last decision of a call counts
            sites[callee, site.chain] = site
    return list(sites.values())[:MOST_CALLS]


def decisions(variant: Variant, label: str, toolchain: Toolchain) -> list[dict[str, Any]]:
    """What the inliner decides in a unit of a variant, without a profile. Raises CorrError."""
    inliner.check(toolchain)
    with scratch("decisions") as folder:
        program = variant.program_in(folder)
        units = {program.label(unit): unit for unit in program.units}
        unit = units.get(label)
        if unit is None or unit.ir is not None:
            raise CorrError(f"{label} is not compiled from its source")
        return _decided(Builder(program, toolchain, folder), unit, folder, label)


def _decided(builder: Builder, unit: Unit, folder: Path, label: str) -> list[dict[str, Any]]:
    argv = builder.argv(unit)
    front = folder / "frontend.ll"
    command = [
        *compiler_limits(),
        *argv,
        "-g",
        "-Xclang",
        "-disable-llvm-passes",
        "-S",
        "-emit-llvm",
    ]
    done = run([*command, unit.source, "-o", front], cwd=unit.directory, timeout=_SECONDS)
    if not done.ok:
        raise CorrError(f"{label} does not compile: {done.last_lines(2)}")
    calls = call_sites.parse(front.read_text("utf-8", "surrogateescape"))
    compilation = Compilation((*argv, "-g", "-c", unit.source), unit.directory, frontend=False)
    traced = trace.trace(compilation, calls, folder, label, Limits(seconds=_SECONDS))
    if traced.rows.num_rows == 0 and traced.problems:
        raise CorrError(traced.problems[0].what, traced.problems[0].fix)
    found: list[dict[str, Any]] = traced.rows.to_pylist()
    return found
