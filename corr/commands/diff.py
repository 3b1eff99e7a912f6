"""`corr diff`: what changed between two runs or two builds, loop by loop, and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corr.commands.options import (
    DataOption,
    EnvOption,
    FormatOption,
    OkStatusOption,
    RunArgsOption,
    StdinOption,
    TimeLimitOption,
)
from corr.console.output import Format, message

if TYPE_CHECKING:
    from corr.lake.store import Lake, RunInfo
    from corr.program.model import Run
    from corr.timing.interleave import Comparison

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


def register(app: typer.Typer) -> None:
    app.command("diff")(diff)


def diff(
    a: Annotated[str, typer.Argument(help="A run, or a source file.")],
    b: Annotated[
        str | None, typer.Argument(help="A run, or a second revision of the source.")
    ] = None,
    flags_a: Annotated[str | None, typer.Option("--a", help="Clang flags of a.")] = None,
    flags_b: Annotated[str | None, typer.Option("--b", help="Clang flags of b.")] = None,
    llvm_a: Annotated[str | None, typer.Option("--llvm-a", help="LLVM that builds a.")] = None,
    llvm_b: Annotated[str | None, typer.Option("--llvm-b", help="LLVM that builds b.")] = None,
    run_args: RunArgsOption = None,
    stdin: StdinOption = None,
    env: EnvOption = None,
    time_limit: TimeLimitOption = None,
    ok_status: OkStatusOption = None,
    remeasure: Annotated[
        bool, typer.Option("--remeasure", help="Time the binaries of two runs again, interleaved.")
    ] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Test the hypotheses that a flag can switch off.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also loops without a change.")] = False,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Compare two runs, or two builds made on the spot: `corr diff gemm.c --a -O2 --b -O3`.

    Builds made here are timed against each other in turn; the times of two earlier runs are
    compared with a wider margin, unless --remeasure times their binaries again.
    """
    from corr.commands.program import how_run
    from corr.compare.diff import diff as compare
    from corr.lake.store import Lake
    from corr.system.config import data_folder, load

    settings = load(Path.cwd())
    builds = any(x is not None for x in (flags_a, flags_b, llvm_a, llvm_b))
    if builds or _is_source(a):
        lake = Lake.open(data_folder(data, settings), create=True)
        sides = ((a, flags_a, llvm_a), (b or a, flags_b, llvm_b))
        how = how_run(settings, run_args, stdin, env, time_limit, ok_status)
        runs = _collect_both(lake, sides, how)
        measured: Comparison | None = _measure(*runs)
    else:
        lake = Lake.open(data_folder(data, settings))
        runs = lake.find(a), lake.find(b or "last")
        measured = _measure(*runs, ok_status) if remeasure else None
    result = compare(lake, *runs, measured)
    if confirm:
        from corr.compare.experiments import confirm_all

        confirm_all(lake, runs, result)
    _print(result, format, everything)


def _is_source(name: str) -> bool:
    from corr.program.model import C_SUFFIXES, CXX_SUFFIXES

    return Path(name).suffix in C_SUFFIXES | CXX_SUFFIXES


def _collect_both(
    lake: Lake,
    sides: tuple[tuple[str, str | None, str | None], tuple[str, str | None, str | None]],
    how: Run,
) -> tuple[RunInfo, RunInfo]:
    from collectors.base import toolchain
    from corr.collect.layers import Options
    from corr.collect.run import collect
    from corr.commands.options import words
    from corr.console.progress import Progress
    from corr.program.model import from_files

    runs = []
    for source, flags, llvm in sides:
        program = from_files([source], words(flags or "", "--a/--b"), how, Path.cwd())
        options = Options(repeat=3, cachegrind=False)
        runs.append(collect(program, toolchain.find(llvm), lake, options, Progress()))
    return runs[0], runs[1]


def _measure(a: RunInfo, b: RunInfo, ok_status: list[int] | None = None) -> Comparison:
    from collectors.base.errors import CorrError
    from corr.collect.again import invocation
    from corr.console.progress import Progress
    from corr.timing.interleave import interleave

    given = tuple(ok_status) if ok_status else None
    found = invocation(a, given), invocation(b, given)
    if found[0] is None or found[1] is None:
        raise CorrError(
            "a run kept no binary to measure again", "collect it without --no-artifacts"
        )
    with Progress() as progress, progress.step("timing both in turn"):
        return interleave(found[0], found[1])


def _print(result: dict[str, Any], format: Format, everything: bool) -> None:
    import json

    from corr.console.output import emit, emit_records

    if format == Format.json:
        json.dump(result, sys.stdout, indent=1, default=str)
        print()
        return
    loops = [e for e in result["loops"] if everything or e["changed"]]
    weighty = [e for e in loops if everything or _weighty(e)]
    if format != Format.table:
        import pyarrow as pa

        emit(pa.Table.from_pylist(loops), format)
        return
    message(_headline(result))
    if not loops:
        print("no change")
        return
    emit_records([_row(e) for e in weighty], SHOWN, lambda row: row["notes"])
    if len(weighty) < len(loops):
        message(f"{len(loops) - len(weighty)} more loops changed, all with hardly a sample: --all")


def _weighty(entry: dict[str, Any]) -> bool:
    """Hot on a side, or there is nothing that tells hot from cold."""
    shares = [entry[side]["share"] for side in "ab"]
    return (shares == [None, None] and entry["cost"] is None) or max(
        s or 0 for s in shares
    ) >= 0.002


def _headline(result: dict[str, Any]) -> str:
    a, b, total = result["a"], result["b"], result["total"]
    lines = [
        f"{side}: {run['program']} · {run['compiler']} · {' '.join(run['flags'] or [])}"
        f" · {run['run_id']}"
        for side, run in (("a", a), ("b", b))
    ]
    if total["verdict"]:
        how = "in turn" if total["interleaved"] else "at different times"
        lines.append(
            f"{total['clock']}: {total['seconds_a']:.4g} s → {total['seconds_b']:.4g} s, "
            f"×{total['time_ratio']:.3f} (99 %: {total['time_low']:.3f}–{total['time_high']:.3f}): "
            f"{total['verdict']}; {total['repetitions'][0]} and {total['repetitions'][1]} "
            f"repetitions {how}"
        )
        if total["verdict"] == "inconclusive":
            lines.append("  → --remeasure times both in turn until it is decided")
    return "\n".join(lines) + "\n"


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    from corr.console.output import shown
    from corr.console.short_names import short_name

    a, b = entry["a"], entry["b"]

    def both(name: str, style: str | None = None) -> str | None:
        one, other = (shown(side[name], style) or "–" for side in (a, b))
        return None if one == other == "–" else one if one == other else f"{one} → {other}"

    vectors = [
        f"{s['vector_width'] or 1}x{s['interleave'] or 1}" if s["vector_width"] else "–"
        for s in (a, b)
    ]
    time = entry["time_ratio"]
    return {
        "cost": f"{entry['cost']:+.3f} s" if entry["cost"] is not None else None,
        "verdict": f"only in {entry['only_in']}" if entry["only_in"] else entry["verdict"],
        "time": f"×{time:.2f}" if time is not None else None,
        "where": entry["place"],
        "name": short_name(entry["loop"]),
        "share": both("share", "percent"),
        "vector": None if vectors == ["–", "–"] else " → ".join(dict.fromkeys(vectors)),
        "unroll": both("unroll"),
        "mca": both("mca_cycles"),
        "iterations": both("iterations", "count"),
        "notes": _notes(entry),
    }


def _importance(remark: dict[str, Any]) -> tuple[int, int]:
    """Remarks of the passes that most often decide come first."""
    from corr.compare.diff import PASSES_BY_WEIGHT

    name = remark["pass"]
    weight = PASSES_BY_WEIGHT.index(name) if name in PASSES_BY_WEIGHT else len(PASSES_BY_WEIGHT)
    return weight, -len(remark["words_b"] or remark["words_a"] or "")


def _notes(entry: dict[str, Any]) -> list[str]:
    notes = [
        f"⇒ {'perhaps ' if h['strength'] < WEAK else ''}{h['says']}"
        + ("" if h["confirmed"] is None else f" [{h['confirmed']}]")
        for h in entry["hypotheses"][:HYPOTHESES_SHOWN]
    ]
    for mark, change in (("+", "appeared"), ("-", "disappeared")):
        rows = sorted(entry[f"remarks_{change}"], key=_importance)
        notes += [f"{mark} {r['pass']}: {r['words']}" for r in rows[:REMARKS_SHOWN]]
        if len(rows) > REMARKS_SHOWN:
            notes.append(f"{mark} {len(rows) - REMARKS_SHOWN} more")
    for r in sorted(entry["remarks_changed"], key=_importance)[:REMARKS_SHOWN]:
        notes.append(f"~ {r['pass']}: {r['words_a']} → {r['words_b']}")
    return notes
