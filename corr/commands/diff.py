"""`corr diff`: what changed between two runs or two builds, loop by loop, and why."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corr.commands.diff_words import causes, headline, nothing_found, sum_of_rows
from corr.commands.experiments import BUDGET, BudgetTimeOption
from corr.commands.options import Built, DataOption, Ending, FormatOption, Given, with_options
from corr.console.output import Format, message, print_line
from corr.console.remark_words import readable

if TYPE_CHECKING:
    from corr.compare.difference import Diff, LoopDiff, RemarkChange
    from corr.compare.places import PlaceDiff
    from corr.experiment.swap import Swap

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
CALLS_SHOWN = 8


def register(app: typer.Typer) -> None:
    app.command("diff")(with_options(diff))


def diff(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="A [B]",
            help="Two runs; two revisions of a source; or the source, or the several, of one "
            "program that --a and --b are flags of. None with -p.",
        ),
    ] = None,
    flags_a: Annotated[str | None, typer.Option("--a", help="Clang flags of a.")] = None,
    flags_b: Annotated[str | None, typer.Option("--b", help="Clang flags of b.")] = None,
    llvm_a: Annotated[str | None, typer.Option("--llvm-a", help="LLVM that builds a.")] = None,
    llvm_b: Annotated[str | None, typer.Option("--llvm-b", help="LLVM that builds b.")] = None,
    rev_a: Annotated[
        str | None,
        typer.Option("--rev-a", metavar="REVISION", help="Git revision whose sources are a's."),
    ] = None,
    rev_b: Annotated[
        str | None,
        typer.Option("--rev-b", metavar="REVISION", help="That of b; else what the folder has."),
    ] = None,
    *,
    built: Built,
    given: Given,
    ending: Ending,
    remeasure: Annotated[
        bool, typer.Option("--remeasure", help="Time the binaries of two runs again, interleaved.")
    ] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Test hypotheses: build or run without the cause.")
    ] = False,
    bisect: Annotated[
        bool, typer.Option("--bisect", help="Find the pass invocation that changed a hot loop.")
    ] = False,
    swap: Annotated[
        bool,
        typer.Option("--swap", help="Measure each function's part: put it in the other build."),
    ] = False,
    budget_time: BudgetTimeOption = BUDGET,
    no_run: Annotated[
        bool,
        typer.Option("--no-run", help="Build both, run neither: only remarks and code, no times."),
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also loops without a change.")] = False,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Compare two runs, or two builds made on the spot: `corr diff gemm.c --a -O2 --b -O3`.

    Builds made here are timed against each other in turn; the times of two earlier runs are
    compared with a wider margin, unless --remeasure times their binaries again. With -p a build is
    compared with itself, --a and --b being added to its own flags. --rev-a and --rev-b build the
    sources of git revisions, with no checkout: `corr diff gemm.c --rev-a HEAD~3`. --no-run compares
    builds that nothing here executes (--target=...).
    """
    from collectors.base.errors import UsageError
    from corr.commands.program import how_run
    from corr.commands.sides import collect_both, is_source, programs_of_sides
    from corr.compare.diff import diff as compare
    from corr.lake.sql import ask
    from corr.lake.store import Lake
    from corr.system.config import data_folder, load

    settings = load(Path.cwd())
    given_names = names or []
    chosen = any(x is not None for x in (flags_a, flags_b, llvm_a, llvm_b, rev_a, rev_b))
    if bool(given_names) != (built.build_dir is None):
        what = "name two runs or a source file, or a build folder by -p"
        raise UsageError(what, "corr diff -p build --run './app' --b=-march=native")
    on_the_spot = chosen or not given_names or is_source(given_names[0])
    if no_run and (remeasure or confirm or swap):
        raise UsageError("--no-run: --remeasure, --confirm and --swap run both programs")
    if on_the_spot:
        lake = Lake.open(data_folder(data, settings), create=True)
        how = how_run(settings, given, ending)
        sides = (("--a", flags_a, rev_a), ("--b", flags_b, rev_b))
        programs = programs_of_sides(given_names, built, how, settings, llvm_a, sides)
        runs = collect_both(lake, programs, (llvm_a, llvm_b), executed=not no_run)
    else:
        if len(given_names) > 2:
            raise UsageError(f"{len(given_names)} runs: two are compared at a time")
        lake = Lake.open(data_folder(data, settings))
        runs = lake.find(given_names[0]), lake.find([*given_names, "last"][1])
    measured = None
    if (on_the_spot and not no_run) or remeasure:
        from corr.compare.remeasure import remeasure as timed_in_turn

        measured = timed_in_turn(*runs, ending.ok_status)
    difference = compare(lake, *runs, measured)
    if confirm:
        from corr.compare.experiments import confirm_all

        difference = confirm_all(lake, runs, difference)
        nodes: list[LoopDiff | PlaceDiff] = [*difference.loops, *difference.places]
        if all(h.confirmed is None for node in nodes for h in node.hypotheses):
            message(
                "--confirm: no cause that is told here can be switched off; see --swap, --bisect"
            )
    if bisect:
        from corr.compare.bisected import bisect_all

        difference = bisect_all(lake, runs, difference, budget_time)
    found = ask(lake, "SELECT DISTINCT linkage, name FROM functions", runs=list(runs))
    readable = dict(zip(*(found[c].to_pylist() for c in ("linkage", "name")), strict=True))
    parts = None
    if swap:
        from corr.experiment.swap import swap as divide

        parts = divide(lake, runs, budget_time, message)
    _print(difference, format, everything, readable, parts)


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
    from corr.compare.difference import HARDLY
    from corr.console.output import emit, emit_records

    if format != Format.table:
        import pyarrow as pa

        loops = [loop for loop in difference.loops if everything or loop.changed]
        emit(pa.Table.from_pylist([loop.to_json() for loop in loops]), format)
        return
    message(headline(difference))
    found, left = difference.rows()
    if everything:
        found = (*difference.loops, *(p for p in difference.places if p.share >= HARDLY))
    if not found:
        print_line(nothing_found(difference, left))
        return
    emit_records([_row(node, names, difference) for node in found], SHOWN, lambda row: row["notes"])
    if sentence := sum_of_rows(difference, found):
        print_line(sentence)
    _print_calls(difference, everything, names)
    if left and not everything:
        message(f"{left} more loops changed, all with hardly a part of the time: --all")


def _print_calls(difference: Diff, everything: bool, names: Mapping[str, str]) -> None:
    """Calls that the inliner decided otherwise, and what their callees take."""
    from corr.compare.difference import HARDLY
    from corr.console.short_names import short_name

    found = [c for c in difference.calls if everything or c.share >= HARDLY]
    if not found:
        return
    print_line("calls that the inliner decided otherwise:")
    for call in found if everything else found[:CALLS_SHOWN]:
        name = short_name(names.get(call.callee, call.name))
        print_line(f"  {call.b.place}  {name}: {call.a.words} → {call.b.words}")
    if len(found) > CALLS_SHOWN and not everything:
        print_line(f"  {len(found) - CALLS_SHOWN} more: --all")


def _both(node: LoopDiff | PlaceDiff, column: str, style: str | None = None) -> str | None:
    """What both sides have in a column; once, where it is the same."""
    return _pair([getattr(side, column) for side in node.sides], style)


def _pair(values: Sequence[Any], style: str | None = None) -> str | None:
    from corr.console.output import shown

    before, after = (shown(value, style) or "–" for value in values)
    if before == after:
        return None if before == "–" else before
    return f"{before} → {after}"


def _row(node: LoopDiff | PlaceDiff, names: Mapping[str, str], difference: Diff) -> dict[str, Any]:
    from corr.compare.difference import LoopDiff
    from corr.console.short_names import short_name

    row: dict[str, Any] = {
        "cost": f"{node.cost:+.3f} s" if node.cost is not None else None,
        "verdict": node.verdict,
        "time": f"×{node.time.value:.2f}" if node.time else None,
        "where": node.place,
        "share": _both(node, "share", "percent"),
        "notes": causes(node, difference),
    }
    if node.with_callees:
        those = ", ".join(short_name(names.get(name, name)) for name in node.with_callees)
        row["notes"].append(f"with {those}, which samples moved from or to: one row")
    if isinstance(node, LoopDiff):
        row["notes"] += _notes(node, names)
        return row | _of_loop(node)
    row["name"] = short_name(names.get(node.name, node.name))
    called = [side.called for side in node.sides if side.called]
    if called and not node.hypotheses:
        row["notes"].append(readable(called[-1], names))
    return row


def _of_loop(loop: LoopDiff) -> dict[str, Any]:
    """The columns that only a loop has."""
    from corr.console.short_names import short_name

    vectors = [
        f"{side.vector_width}x{side.interleave or 1}" if side.vector_width else "–"
        for side in loop.sides
    ]
    return {
        "verdict": f"only in {loop.only_in}" if loop.only_in else loop.verdict,
        "name": short_name(loop.key),
        "vector": None if vectors == ["–", "–"] else " → ".join(dict.fromkeys(vectors)),
        "unroll": _both(loop, "unroll"),
        # of an iteration: builds differ in how many a pass makes
        "mca": _pair(
            [s.mca_cycles and s.elements and s.mca_cycles / s.elements for s in loop.sides]
        ),
        "iterations": _both(loop, "iterations", "count"),
    }


def _importance(remark: RemarkChange) -> tuple[int, int]:
    """Remarks of the passes that most often decide come first."""
    return remark.weight, -len(remark.words_b or remark.words_a or "")


def _notes(loop: LoopDiff, names: Mapping[str, str]) -> list[str]:
    notes = [f"▸ {bisected.says}" for bisected in loop.bisected]
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
        if before != after:  # else it differs in what is not shown, as a mangled name
            notes.append(f"~ {remark.pass_name}: {before} → {after}")
    return notes
