"""Why a value of clang's knob is faster: the joined layers of its build against the baseline's.

Both builds of a case are collected as `corr collect` does, and compared loop by loop as `corr diff`
does; what differs in loops that take time becomes rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from collectors.base.errors import CorrError
from collectors.base.toolchain import Toolchain
from corr.collect.options import Options
from corr.collect.run import Addition, collect
from corr.compare.diff import diff
from corr.compare.difference import LoopDiff
from corr.compare.side import Side
from corr.console.output import shown
from corr.console.progress import Progress
from corr.console.remark_words import readable
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from corr.program.model import Program, Run
from corr.search.building import Builds
from corr.search.cases import Case
from corr.search.outcome import Outcome, Result, Role
from corr.search.placeholders import filled
from corr.search.settings import Setting, baseline, environment, parsed
from corr.search.study import Study

Labels = tuple[tuple[str, str], ...]
#: Pairs of builds that are looked into, and remarks and loops of each that are told.
MOST_BUILDS, MOST_REMARKS, MOST_LOOPS = 3, 3, 3
#: A loop below this share of the samples of both builds tells nothing; neither does a change of
#: the time that is smaller than this.
LEAST_SHARE, LEAST_GAIN = 0.05, 0.95
#: Seconds of a case above which its layers are gathered without running it.
LONGEST = 5.0

#: What is told of a loop where it differs: a field of `Side`, and its name.
TOLD = (
    ("vector_width", "vector width"),
    ("interleave", "interleaving"),
    ("unroll", "unrolled by"),
    ("instructions", "instructions"),
    ("stack_accesses", "accesses to the stack (spills)"),
    ("mca_cycles", "model cycles a pass"),
    ("vector_bits", "bits of packed arithmetic"),
)


@dataclass(frozen=True)
class Gain:
    """A case that a setting makes faster."""

    case: Case
    setting: Setting
    result: Result


def gains(study: Study, cases: Sequence[Case], results: Sequence[Result]) -> list[Gain]:
    """The largest gains, of each program and setting one: that of the case that gains most."""
    by_name = {case.name: case for case in cases}
    found: dict[tuple[Labels, str], Gain] = {}
    won = [
        r
        for r in results
        if r.role == Role.value and r.outcome == Outcome.ok and r.ratio and r.ratio < LEAST_GAIN
        and (r.high is None or r.high < 1) and r.same_code_as is None
    ]  # fmt: skip
    for result in sorted(won, key=lambda r: r.ratio or 1.0):
        case = by_name[result.case_name]
        labels = tuple(sorted(case.labels.items()))
        gain = Gain(case, parsed(study, result.setting), result)
        found.setdefault((labels, result.setting), gain)
    best: dict[Labels, Gain] = {}
    for (labels, _setting), gain in found.items():
        best.setdefault(labels, gain)  # of each program the value that gains most
    return list(best.values())[:MOST_BUILDS]


def reasons(study: Study, builds: Builds, lake: Lake, won: Sequence[Gain]) -> list[dict[str, Any]]:
    """Rows of `search_reasons`. A build that cannot be collected has one that says so."""
    rows: list[dict[str, Any]] = []
    for gain in won:
        known = {
            "study": study.name, "case_name": gain.case.name, "setting": gain.setting.name,
        }  # fmt: skip
        try:
            sides = [
                _collected(study, builds, lake, gain, setting)
                for setting in (baseline(study), gain.setting)
            ]
            rows += [known | row for row in compared(lake, sides[0], sides[1])]
        except CorrError as error:
            rows.append(known | {"what": "not collected", "after": error.message})
    return rows


def _collected(study: Study, builds: Builds, lake: Lake, gain: Gain, setting: Setting) -> RunInfo:
    program = replace(builds.program(gain.case, setting), run=_run(study, gain.case, setting))
    seconds = gain.result.seconds_baseline or 0.0
    options = Options(repeat=1, run=seconds < LONGEST, cachegrind=False)
    label = f"{study.name}: {setting.name}"
    return _collect(program, builds.tools, lake, replace(options, label=label))


def _collect(program: Program, tools: Toolchain, lake: Lake, options: Options) -> RunInfo:
    return collect(program, tools, lake, options, Progress(), Addition(aside=True))


def _run(study: Study, case: Case, setting: Setting) -> Run:
    """How the case is run, as `corr collect` has it."""
    args = filled(study.run.args, case.fillings, shell=False) if study.run.args else ()
    return Run(
        args=args,
        env={**study.run.env, **environment(study, setting)},
        directory=study.folder,
        time_limit=study.run.time_limit,
        ok_status=tuple(study.run.ok_status),
    )


def compared(lake: Lake, a: RunInfo, b: RunInfo) -> Iterator[dict[str, Any]]:
    """What differs in the loops that take time, in the baseline and in the faster build."""
    found = ask(lake, "SELECT DISTINCT linkage, name FROM functions", runs=[a, b])
    names = dict(zip(*(found[c].to_pylist() for c in ("linkage", "name")), strict=True))
    loops = [loop for loop in diff(lake, a, b).loops if _weighty(loop)]
    for loop in sorted(loops, key=lambda loop: -loop.share)[:MOST_LOOPS]:
        place = {"loop": loop.key, "place": loop.place}
        for row in _of_loop(loop, names):
            yield place | row


def _weighty(loop: LoopDiff) -> bool:
    unknown = all(side.share is None for side in loop.sides)
    return loop.changed and (unknown or loop.share >= LEAST_SHARE)


def _of_loop(loop: LoopDiff, names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for hypothesis in loop.hypotheses[:1]:
        yield {"what": "cause", "after": hypothesis.says}
    for field, name in TOLD:
        before, after = (_told(side, field) for side in loop.sides)
        if before != after:
            yield {"what": name, "before": before, "after": after}
    for side, remarks in (("after", loop.remarks.appeared), ("before", loop.remarks.disappeared)):
        for remark in sorted(remarks, key=lambda r: r.weight)[:MOST_REMARKS]:
            yield {
                "what": f"remark of {remark.pass_name}",
                side: readable(remark.words or "", names),
            }
    for remark in sorted(loop.remarks.changed, key=lambda r: r.weight)[:MOST_REMARKS]:
        before, after = (readable(w or "", names) for w in (remark.words_a, remark.words_b))
        yield {"what": f"remark of {remark.pass_name}", "before": before, "after": after}


def _told(side: Side, field: str) -> str | None:
    value = getattr(side, field)
    return None if value is None else shown(value)
