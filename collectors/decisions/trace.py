"""The default heuristic's decisions in one module, as rows, and the proof that they are those.

The module is compiled twice: as it is, and with the default's own answers given through the
channel. Only where both objects are the same, byte for byte, is the trace what the compiler does.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from collectors.base import process
from collectors.base.process import Completed
from collectors.base.table import Problem
from collectors.decisions import inliner, remarks
from collectors.decisions.call_sites import Call
from collectors.decisions.chains import Chains
from collectors.decisions.host import Driven, Limits, drive
from collectors.decisions.inliner import DECISIONS
from collectors.decisions.remarks import InlineRemark

LAYER = "decisions"
#: Warnings that a compilation of IR, with flags of a compilation of source, gives.
_QUIET = ("-Wno-override-module", "-Wno-unused-command-line-argument")


@dataclass(frozen=True)
class Compilation:
    """A command that compiles one module; only where its object goes is left open.

    `frontend`: the command is `clang -cc1 …`, which spells some flags in another way.
    """

    argv: tuple[str | Path, ...]
    cwd: Path | None = None
    frontend: bool = True

    def to(self, output: Path, *more: str | Path) -> list[str | Path]:
        return [*self.argv, *_QUIET, *more, "-o", output]

    def recording(self, record: Path, passes: str) -> list[str | Path]:
        """Flags that make it write the remarks of some passes."""
        if self.frontend:
            flags = ["-opt-record-format", "yaml", "-opt-record-passes", f"^{passes}$"]
            return [*flags, "-opt-record-file", record]
        return [
            "-fsave-optimization-record=yaml",
            f"-foptimization-record-passes=^{passes}$",
            f"-foptimization-record-file={record}",
        ]


@dataclass
class Traced:
    """What became of a module: its decisions as rows of `decisions`, and how they were had.

    `identical`: the driven object is the plain one. Seconds of CPU time; `host_cpu` is part of
    `driven_cpu`. `known` counts the decisions with a chain, `confirmed` those that the compiler's
    own remark agrees with, of the `told` ones that it names.
    """

    module: str
    rows: pa.Table = field(default_factory=DECISIONS.empty)
    decisions: int = 0
    inlined: int = 0
    identical: bool = False
    plain_cpu: float = 0.0
    driven_cpu: float = 0.0
    host_cpu: float = 0.0
    known: int = 0
    told: int = 0
    confirmed: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def overhead(self) -> float | None:
        """Seconds of CPU time that driving took a decision, remarks and all."""
        return (self.driven_cpu - self.plain_cpu) / self.decisions if self.decisions else None

    def trouble(self, what: str, fix: str = "") -> Traced:
        self.problems.append(Problem(LAYER, self.module, what, fix))
        return self


def trace(
    compilation: Compilation,
    calls: Mapping[str, Sequence[Call]],
    folder: Path,
    module: str,
    limits: Limits | None = None,
) -> Traced:
    """Trace one module; files go to `folder`. What fails is a problem, and no rows.

    `calls` are those of the module's unoptimised IR, for the chains.
    """
    limits = limits or Limits()
    traced = Traced(module)
    plain, own = folder / "plain.o", folder / "plain.opt.yaml"
    record = compilation.recording(own, remarks.OWN)
    built = process.run(
        compilation.to(plain, *record), cwd=compilation.cwd, timeout=limits.seconds, limit=1 << 16
    )
    if built.timed_out:
        return traced.trouble(f"its compilation was {built.ending()}", "give it more seconds")
    if not built.ok:
        return traced.trouble(f"it does not compile: {said(built)}")
    object, reported = folder / "driven.o", folder / "driven.opt.yaml"
    more = [*inliner.flags(folder / "channel"), *compilation.recording(reported, remarks.BOTH)]
    driven = drive(
        compilation.to(object, *more),
        folder / "channel",
        inliner.default,
        stderr=folder / "driven.err",
        cwd=compilation.cwd,
        limits=limits,
    )
    if not driven.ok:
        return traced.trouble(f"the driven compiler failed: {driven.ending()}")
    traced.plain_cpu, traced.driven_cpu = built.cpu or 0.0, driven.cpu
    traced.host_cpu = driven.host_cpu
    traced.decisions, traced.inlined = len(driven.answers), sum(driven.answers)
    traced.identical = plain.read_bytes() == object.read_bytes()
    if not traced.identical:
        traced.trouble(
            "replaying the default gives another object: its decisions are not the compiler's own",
            "it is left out of training",
        )
    if driven.header is None:
        return traced
    return _described(traced, driven, list(remarks.read(reported)), own, calls)


def said(done: Completed) -> str:
    """The last that a compiler said, or how it ended."""
    return done.last_lines(3).split("PLEASE submit")[0].strip() or done.ending()


def _described(
    traced: Traced,
    driven: Driven,
    reports: Sequence[InlineRemark],
    own: Path,
    calls: Mapping[str, Sequence[Call]],
) -> Traced:
    assert driven.header is not None
    matrix = driven.header.matrix(driven.observations)
    names = driven.header.names
    default = matrix[:, names.index(inliner.DEFAULT)]
    chains = Chains(calls)
    of_default = _OwnRemarks(own)
    rows: list[dict[str, Any]] = []
    for report, values in _aligned(reports, names, matrix.tolist()):
        caller, callee, file, line, column = report.site
        if report.mandatory and report.chain:
            chains.inlined(caller, callee, report.chain)
        if values is None:
            continue
        chain = chains.decided(caller, callee, line, column, report.passed)
        same = of_default.next(report)
        if same and same.chain:
            traced.told += 1
            traced.confirmed += chain == same.chain
            chain = same.chain
        number = len(rows)
        rows.append(
            {
                "module": traced.module,
                "sequence": number,
                "caller": caller,
                "callee": callee,
                "file": file,
                "line": line,
                "column": column,
                "chain": chain,
                "inlined": bool(driven.answers[number]),
                "default_inlined": bool(default[number]),
                "cost": same.cost if same else None,
                "threshold": same.threshold if same else None,
                "features": list(zip(names, values, strict=True)),
            }
        )
        traced.known += chain is not None
    if len(rows) != traced.decisions:
        return traced.trouble(
            f"{traced.decisions} decisions, but remarks of {len(rows)}: they cannot be named"
        )
    traced.rows = DECISIONS.rows(rows)
    return traced


def _aligned(
    reports: Sequence[InlineRemark], names: Sequence[str], observations: Sequence[Sequence[int]]
) -> Iterator[tuple[InlineRemark, Sequence[int] | None]]:
    """Each report with the observation that it is about; None for a call that nobody asked of."""
    at = 0
    for report in reports:
        values = dict(report.features)
        if (
            at < len(observations)
            and values
            and all(
                values.get(name) == str(value)
                for name, value in zip(names, observations[at], strict=True)
            )
        ):
            yield report, observations[at]
            at += 1
        else:
            yield report, None


class _OwnRemarks:
    """The default inliner's remarks, each handed out once, in order among those of a call."""

    def __init__(self, record: Path) -> None:
        self._waiting: dict[tuple[object, ...], deque[InlineRemark]] = defaultdict(deque)
        for remark in remarks.read(record):
            self._waiting[*remark.site, remark.passed].append(remark)

    def next(self, report: InlineRemark) -> InlineRemark | None:
        waiting = self._waiting[*report.site, report.passed]
        return waiting.popleft() if waiting else None
