"""A policy's decisions as something that needs no host: tables that a plain clang replays.

The policy is driven once; where it decided otherwise than LLVM would have, the call is written
down by its inline chain. The plain compiler with that table must give the same object, byte for
byte, or the module counts as not exportable, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from collectors.base import process
from collectors.base.errors import CorrError
from collectors.base.scratch import scratch
from collectors.decisions import call_sites, inliner, remarks, replay
from collectors.decisions.chains import Chains
from collectors.decisions.host import Driven, drive
from collectors.decisions.replay import SiteDecision
from collectors.decisions.trace import said
from corr.policy.corpus import Module
from corr.policy.modules import Builds
from corr.policy.policies import Policy


@dataclass(frozen=True)
class Exported:
    """A module's table, or why there is none. `decisions` were taken, `other` not as by default.

    `rest` is what the compiler is told to do with calls that are not listed.
    """

    module: str
    decisions: int = 0
    other: int = 0
    table: str = ""
    rest: str = "Original"
    refused: str = ""


def export(builds: Builds, module: Module, policy: Policy) -> Exported:
    """Drive a policy through a module and write its decisions down."""
    with scratch("policy") as folder:
        try:
            return _export(builds, module, policy, folder)
        except CorrError as error:
            return Exported(module.name, refused=error.message)


@dataclass(frozen=True)
class Decided:
    """What a policy decided in a module: how many calls, of those with a place which how.

    `other` are those that LLVM would have decided otherwise; `lost` counts calls without a place.
    """

    decisions: int = 0
    named: tuple[SiteDecision, ...] = ()
    other: tuple[SiteDecision, ...] = ()
    lost: int = 0


def decided(builds: Builds, module: Module, policy: Policy) -> Decided:
    """Drive a policy through a module. Raises CorrError where the compiler fails."""
    with scratch("policy") as folder:
        return _decided(builds, module, policy, folder, folder / "driven.o")


def _export(builds: Builds, module: Module, policy: Policy, folder: Path) -> Exported:
    object = folder / "driven.o"
    told = _decided(builds, module, policy, folder, object)
    if not told.decisions:
        return Exported(module.name)
    found = Exported(module.name, told.decisions, len(told.other))
    if doubled := replay.contradictions(told.named):
        why = f"{len(doubled)} copies of calls cannot be told apart, and are decided differently"
        return _refused(found, why)
    # what is not listed is the default's, or else not inlined: one of them gives the same object
    ways = ((told.other, "Original"), ([s for s in told.named if s.inlined], "NeverInline"))
    for listed, rest in ways:
        text = replay.text(dict.fromkeys(listed))
        if all(site.sound for site in listed) and _same(builds, module, text, rest, object, folder):
            return Exported(module.name, found.decisions, found.other, text, rest)
    lost = told.lost
    why = f"{lost} calls have no known place" if lost else "the replayed object is another one"
    return _refused(found, why)


def _decided(builds: Builds, module: Module, policy: Policy, folder: Path, object: Path) -> Decided:
    compilation = builds.compilation(module)
    record, base = folder / "driven.yaml", folder / "channel"
    driven = drive(
        compilation.to(object, *inliner.flags(base), *compilation.recording(record, remarks.BOTH)),
        base,
        policy.advisor,
        stderr=folder / "err",
        limits=builds.limits,
    )
    if not driven.ok:
        raise CorrError(f"the driven compiler failed: {driven.ending()}")
    if driven.header is None:
        return Decided()
    calls = call_sites.read(builds.corpus.bitcode(module), builds.toolchain)
    sites, lost = _sites(driven, list(remarks.read(record)), Chains(calls))
    default = inliner.default(driven.header)
    size = driven.header.size
    asked = [driven.observations[n * size : (n + 1) * size] for n in range(len(driven.answers))]
    other = tuple(
        site
        for site, answer, seen in zip(sites, driven.answers, asked, strict=True)
        if site is not None and answer != default(bytes(seen))
    )
    named = tuple(site for site in sites if site is not None)
    return Decided(len(driven.answers), named, other, lost)


def _refused(found: Exported, why: str) -> Exported:
    return Exported(found.module, found.decisions, found.other, refused=why)


def _sites(
    driven: Driven, reports: Sequence[remarks.InlineRemark], chains: Chains
) -> tuple[list[SiteDecision | None], int]:
    """The call of each decision, None where it is not known, and how many are not."""
    sites: list[SiteDecision | None] = []
    for report in reports:
        if report.mandatory and report.chain:
            chains.inlined(report.caller, report.callee, report.chain)
        if report.source != remarks.DRIVEN:
            continue
        caller, callee, _, line, column = report.site
        chain = chains.decided(caller, callee, line, column, report.passed)
        number = len(sites)
        answer = number < len(driven.answers) and bool(driven.answers[number])
        sites.append(SiteDecision(caller, callee, chain, answer) if chain else None)
    if len(sites) != len(driven.answers):
        raise CorrError(f"{len(driven.answers)} decisions, but remarks of {len(sites)}")
    return sites, sites.count(None)


def _same(builds: Builds, module: Module, text: str, rest: str, object: Path, folder: Path) -> bool:
    table, output = folder / "table", folder / "replayed.o"
    table.write_text(text, "utf-8", "surrogateescape")
    more = replay.flags(table, rest=rest) if text or rest != "Original" else []
    argv = builds.compilation(module).to(output, *more)
    done = process.run(argv, timeout=builds.limits.seconds, limit=1 << 16)
    if not done.ok and done.returncode < 0:
        raise CorrError(f"the replaying compiler failed: {said(done)}")
    return done.ok and output.read_bytes() == object.read_bytes()
