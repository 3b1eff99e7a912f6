"""`corr diff`: what changed between two runs or two builds, loop by loop, and why."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corr.commands.experiments import BUDGET, BudgetTimeOption
from corr.commands.options import Built, DataOption, Ending, FormatOption, Given, with_options
from corr.console.output import Format, message, print_line
from corr.console.remark_words import readable

if TYPE_CHECKING:
    from corr.compare.difference import Diff, LoopDiff, RemarkChange
    from corr.experiment.swap import Swap
    from corr.lake.store import Lake, RunInfo
    from corr.program.model import Program

SHOWN = {
    "cost": ("cost", None),
    "verdict": ("verdict", None),
    "time": ("time b/a", None),
    "where": ("where", None),
    "name": ("loop", None),
    "share": ("share", None),
    "vector": ("vector", None),
    "unroll": ("unroll", None),
    "mca": ("mca", None),
    "iterations": ("iterations", None),
}
REMARKS_SHOWN = 3
HYPOTHESES_SHOWN = 2
#: A hypothesis weaker than this is a fallback, and printed as one.
WEAK = 0.3
#: Share of the samples below which a loop is counted but not shown.
HARDLY = 0.002


def register(app: typer.Typer) -> None:
    app.command("diff")(with_options(diff))


def diff(
    a: Annotated[str | None, typer.Argument(help="A run, or a source file; with -p none.")] = None,
    b: Annotated[
        str | None, typer.Argument(help="A run, or a second revision of the source.")
    ] = None,
    flags_a: Annotated[str | None, typer.Option("--a", help="Clang flags of a.")] = None,
    flags_b: Annotated[str | None, typer.Option("--b", help="Clang flags of b.")] = None,
    llvm_a: Annotated[str | None, typer.Option("--llvm-a", help="LLVM that builds a.")] = None,
    llvm_b: Annotated[str | None, typer.Option("--llvm-b", help="LLVM that builds b.")] = None,
    *,
    built: Built,
    given: Given,
    ending: Ending,
    remeasure: Annotated[
        bool, typer.Option("--remeasure", help="Time the binaries of two runs again, interleaved.")
    ] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Test the hypotheses that a flag can switch off.")
    ] = False,
    bisect: Annotated[
        bool, typer.Option("--bisect", help="Find the pass invocation that changed a hot loop.")
    ] = False,
    swap: Annotated[
        bool,
        typer.Option("--swap", help="Measure each function's part: put it in the other build."),
    ] = False,
    budget_time: BudgetTimeOption = BUDGET,
    everything: Annotated[bool, typer.Option("--all", help="Also loops without a change.")] = False,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Compare two runs, or two builds made on the spot: `corr diff gemm.c --a -O2 --b -O3`.

    Builds made here are timed against each other in turn; the times of two earlier runs are
    compared with a wider margin, unless --remeasure times their binaries again. With -p a CMake
    build is compared with itself, --a and --b being added to its own flags.
    """
    from collectors.base.errors import UsageError
    from corr.commands.options import ClangFlags, words
    from corr.commands.program import how_run, program_of
    from corr.compare.diff import diff as compare
    from corr.lake.sql import ask
    from corr.lake.store import Lake
    from corr.system.config import data_folder, load

    settings = load(Path.cwd())
    chosen = any(x is not None for x in (flags_a, flags_b, llvm_a, llvm_b))
    if (a is None) != (built.build_dir is not None):
        what = "name two runs or a source file, or a build folder by -p"
        raise UsageError(what, "corr diff -p build --run './app' --b=-march=native")
    on_the_spot = chosen or a is None or _is_source(a)
    if on_the_spot:
        lake = Lake.open(data_folder(data, settings), create=True)
        how = how_run(settings, given, ending)
        programs = []
        for name, text, option in ((a, flags_a, "--a"), (b or a, flags_b, "--b")):
            flags = ClangFlags(tuple(words(text or "", option)))
            named = None if name is None else [name]
            programs.append(program_of(named, built, flags, how, settings))
        runs = _collect_both(lake, programs, (llvm_a, llvm_b))
    else:
        assert a is not None, "a run"
        lake = Lake.open(data_folder(data, settings))
        runs = lake.find(a), lake.find(b or "last")
    measured = None
    if on_the_spot or remeasure:
        from corr.compare.remeasure import remeasure as timed_in_turn

        measured = timed_in_turn(*runs, ending.ok_status)
    difference = compare(lake, *runs, measured)
    if confirm:
        from corr.compare.experiments import confirm_all

        difference = confirm_all(lake, runs, difference)
    if bisect:
        from corr.compare.bisected import bisect_all

        difference = bisect_all(lake, runs, difference, budget_time)
    found = ask(lake, "SELECT DISTINCT linkage, name FROM functions", runs=list(runs))
    names = dict(zip(*(found[c].to_pylist() for c in ("linkage", "name")), strict=True))
    parts = None
    if swap:
        from corr.experiment.swap import swap as divide

        parts = divide(lake, runs, budget_time, message)
    _print(difference, format, everything, names, parts)


def _is_source(name: str) -> bool:
    from corr.program.model import C_SUFFIXES, CXX_SUFFIXES

    return Path(name).suffix in C_SUFFIXES | CXX_SUFFIXES


def _collect_both(
    lake: Lake, programs: Sequence[Program], llvms: tuple[str | None, str | None]
) -> tuple[RunInfo, RunInfo]:
    from collectors.base import toolchain
    from corr.collect.options import Options
    from corr.collect.run import collect
    from corr.console.progress import Progress

    options = Options(repeat=3, cachegrind=False)
    a, b = (
        collect(program, toolchain.find(llvm), lake, options, Progress())
        for program, llvm in zip(programs, llvms, strict=True)
    )
    return a, b


def _print(
    difference: Diff,
    format: Format,
    everything: bool,
    names: Mapping[str, str],
    parts: Swap | None = None,
) -> None:
    import json

    from corr.commands.experiments import print_swap

    if format == Format.json:
        found = difference.to_json() | ({"swap": parts.to_json()} if parts else {})
        json.dump(found, sys.stdout, indent=1, default=str)
        print_line()
        return
    if format != Format.table and parts is not None:
        print_swap(parts, names, format)
        return
    _print_loops(difference, format, everything, names)
    if parts is not None:
        print_swap(parts, names, format)


def _print_loops(
    difference: Diff, format: Format, everything: bool, names: Mapping[str, str]
) -> None:
    from corr.console.output import emit, emit_records

    loops = [loop for loop in difference.loops if everything or loop.changed]
    if format != Format.table:
        import pyarrow as pa

        emit(pa.Table.from_pylist([loop.to_json() for loop in loops]), format)
        return
    message(_headline(difference))
    if not loops:
        print_line("no change")
        return
    weighty = [loop for loop in loops if everything or _weighty(loop)]
    emit_records([_row(loop, names) for loop in weighty], SHOWN, lambda row: row["notes"])
    if len(weighty) < len(loops):
        message(f"{len(loops) - len(weighty)} more loops changed, all with hardly a sample: --all")


def _weighty(loop: LoopDiff) -> bool:
    """Hot on a side, or there is nothing that tells hot from cold."""
    unknown = loop.cost is None and all(side.share is None for side in loop.sides)
    return unknown or loop.share >= HARDLY


def _headline(difference: Diff) -> str:
    lines = []
    for side, run in (("a", difference.a), ("b", difference.b)):
        built = f"{run.compiler or 'compiler not known'} · {' '.join(run.flags or [])}"
        lines.append(f"{side}: {run.program} · {built} · {run.run_id}")
    if total := difference.total:
        how = "in turn" if total.interleaved else "at different times"
        time = total.time
        lines.append(
            f"{total.clock}: {total.seconds_a:.4g} s → {total.seconds_b:.4g} s, "
            f"×{time.value:.3f} (99 %: {time.low:.3f}–{time.high:.3f}): "
            f"{time.verdict}; {total.repetitions[0]} and {total.repetitions[1]} "
            f"repetitions {how}"
        )
        if time.verdict == "inconclusive":
            lines.append("  → --remeasure times both in turn until it is decided")
    return "\n".join(lines) + "\n"


def _row(loop: LoopDiff, names: Mapping[str, str]) -> dict[str, Any]:
    from corr.console.output import shown
    from corr.console.short_names import short_name

    def both(name: str, style: str | None = None) -> str | None:
        before, after = (shown(getattr(side, name), style) or "–" for side in loop.sides)
        if before == after:
            return None if before == "–" else before
        return f"{before} → {after}"

    vectors = [
        f"{side.vector_width}x{side.interleave or 1}" if side.vector_width else "–"
        for side in loop.sides
    ]
    return {
        "cost": f"{loop.cost:+.3f} s" if loop.cost is not None else None,
        "verdict": f"only in {loop.only_in}" if loop.only_in else loop.verdict,
        "time": f"×{loop.time.value:.2f}" if loop.time else None,
        "where": loop.place,
        "name": short_name(loop.key),
        "share": both("share", "percent"),
        "vector": None if vectors == ["–", "–"] else " → ".join(dict.fromkeys(vectors)),
        "unroll": both("unroll"),
        "mca": both("mca_cycles"),
        "iterations": both("iterations", "count"),
        "notes": _notes(loop, names),
    }


def _importance(remark: RemarkChange) -> tuple[int, int]:
    """Remarks of the passes that most often decide come first."""
    return remark.weight, -len(remark.words_b or remark.words_a or "")


def _notes(loop: LoopDiff, names: Mapping[str, str]) -> list[str]:
    notes = [
        f"⇒ {'perhaps ' if hypothesis.strength < WEAK else ''}{hypothesis.says}"
        + ("" if hypothesis.confirmed is None else f" [{hypothesis.confirmed}]")
        for hypothesis in loop.hypotheses[:HYPOTHESES_SHOWN]
    ]
    notes += [f"▸ {bisected.says}" for bisected in loop.bisected]
    for mark, remarks in (("+", loop.remarks.appeared), ("-", loop.remarks.disappeared)):
        weightiest = sorted(remarks, key=_importance)[:REMARKS_SHOWN]
        notes += [
            f"{mark} {remark.pass_name}: {readable(remark.words or '', names)}"
            for remark in weightiest
        ]
        if len(remarks) > REMARKS_SHOWN:
            notes.append(f"{mark} {len(remarks) - REMARKS_SHOWN} more")
    for remark in sorted(loop.remarks.changed, key=_importance)[:REMARKS_SHOWN]:
        before, after = (readable(w or "", names) for w in (remark.words_a, remark.words_b))
        notes.append(f"~ {remark.pass_name}: {before} → {after}")
    return notes
