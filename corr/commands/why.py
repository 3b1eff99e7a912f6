"""`corr why`: everything every layer knows of a line, a loop or a function, on one screen."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corr.commands.experiments import BUDGET, BudgetTimeOption
from corr.commands.options import DataOption, FormatOption, PlaceArgument, open_lake
from corr.console.call_words import sentence
from corr.console.output import Format, emit_records, print_line, shown
from corr.console.remark_words import readable, spoken
from corr.console.short_names import short_name

if TYPE_CHECKING:
    pass

PASSES_SHOWN = 12
REMARKS_SHOWN = 15
CALLS_SHOWN = 6
CALLERS_SHOWN = 4
#: Calls with less than this share of the time or code in question are left to `corr decisions`.
LEAST_WEIGHT = 0.01
#: Passes whose remarks most often say why a loop takes its time, and those that only count.
DECIDING = (
    *("loop-vectorize", "slp-vectorizer", "regalloc", "licm", "loop-unroll"),
    *("loop-interchange", "gvn"),
)
STATISTICS = frozenset({"asm-printer", "prologepilog", "size-info", "stack-frame-layout"})


def register(app: typer.Typer) -> None:
    app.command("why")(why)


def why(
    place: PlaceArgument,
    run: Annotated[str, typer.Option("--run", help="The run to ask.")] = "last",
    ir: Annotated[bool, typer.Option("--ir", help="Show what each pass changed.")] = False,
    asm: Annotated[
        bool, typer.Option("--asm", help="Show the machine loop with samples and latencies.")
    ] = False,
    ablate: Annotated[
        bool,
        typer.Option("--ablate", help="Leave each pass out on the function, and time that."),
    ] = False,
    budget_time: BudgetTimeOption = BUDGET,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Print what every layer says of a place, in order of depth.

    With --ablate, what each optimisation is worth to the place's hottest loop is measured instead:
    the program is built without the pass on that function, and timed in turn with itself.
    """
    from collectors.base.errors import UsageError
    from corr.lake.sql import connect, function_names
    from corr.why import ir_diffs, machine_code
    from corr.why import why as explain

    if format not in (Format.table, Format.json):
        raise UsageError("corr why prints as table or json", "use `corr sql` for the rest")
    lake = open_lake(data)
    connection = connect(lake, [lake.find(run)])
    facts = explain(connection, place)
    if ablate:
        from corr.commands.experiments import print_ablation

        print_ablation(lake, lake.find(run), facts, budget_time, format)
        return
    keys = tuple(loop["loop"] for loop in facts["loops"])
    if ir:
        facts["ir"] = ir_diffs(connection, keys)
    if asm:
        facts["asm"] = [
            {**loop, "code": machine_code(connection, loop["machine_loop"])}
            for loop in _worth_showing(facts["machine_loops"])
        ]
    if format == Format.json:
        json.dump(facts, sys.stdout, indent=1, default=str)
        print_line()
    else:
        _print(facts, function_names(connection))


def _worth_showing(loops: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The machine loops that were sampled; the first one if none was."""
    return [m for m in loops if m["samples"]] or loops[:1]


def _print(facts: dict[str, Any], names: Mapping[str, str]) -> None:
    _time(facts)
    _callers(facts, names)
    _source(facts)
    _remarks(facts, names)
    _calls(facts)
    _passes(facts, names)
    _model(facts, names)
    for change in facts.get("ir", ()):
        print_line(
            f"\n{change['sequence']} {change['stage']} {change['pass']} on {change['function']}"
        )
        print_line(change["diff"].rstrip())
    for loop in facts.get("asm", ()):
        _asm(loop)


def _title(text: str) -> None:
    print_line(f"\n── {text}")


def _time(facts: dict[str, Any]) -> None:
    samples = facts["samples"]
    where = facts["asked"]
    print_line(where)
    if samples["share"] is not None:
        share = f"{100 * samples['share']:.1f}% of {samples['total']} {samples['event']} samples"
        print_line(f"time: {share}")
    for loop in facts["loops"]:
        parts = [f"{short_name(loop['loop'])} at {loop['place']}, depth {loop['depth']}"]
        if loop["share"] is not None:
            parts.append(f"{100 * loop['share']:.1f}% of the time")
        for name, words in (("vector", "vector {}"), ("unroll", "unrolled by {}")):
            if loop[name]:
                parts.append(words.format(loop[name]))
        print_line("loop: " + " · ".join(parts))
    for trip in facts["executions"]:
        if trip["iterations"] is not None:
            mean = (
                f", {shown(trip['mean_trip_count'], 'count')} at a time" if trip["entries"] else ""
            )
            entered = f"{short_name(trip['loop'])} entered {shown(trip['entries'], 'count')}×"
            ran = f"body ran {shown(trip['iterations'], 'count')}×{mean}"
            print_line(f"executions: {entered}, {ran}")
        else:
            print_line(f"executions: {short_name(trip['loop'])}: not known ({trip['reason']})")
    if facts["cachegrind"]:
        numbers = (f"{v:,} {k.replace('_', ' ')}" for k, v in facts["cachegrind"].items() if v)
        print_line("cachegrind: " + ", ".join(numbers))


def _callers(facts: dict[str, Any], names: Mapping[str, str]) -> None:
    for row in facts["callers"][:CALLERS_SHOWN]:
        print_line(f"{100 * row['part']:.0f}% {readable(row['says'], names)}")
    if len(facts["callers"]) > CALLERS_SHOWN:
        print_line(f"  {len(facts['callers']) - CALLERS_SHOWN} more callers: --format json")


def _source(facts: dict[str, Any]) -> None:
    if not facts["source"] and facts["file"]:
        print_line(f"source: {facts['file']} was not found when the run was collected")
    if not facts["source"]:
        return
    _title("source")
    total = facts["samples"]["total"] or None
    rows = [
        {
            "share": (row["samples"] or 0) / total if total and row["samples"] else None,
            "executions": row["executions"],
            "line": row["line"],
            "text": row["text"],
        }
        for row in facts["source"]
    ]
    columns = {"share": ("time", "percent"), "executions": ("runs", "count")}
    emit_records(rows, columns | {"line": ("line", None), "text": ("", None)})


def _remarks(facts: dict[str, Any], names: Mapping[str, str]) -> None:
    remarks = sorted(facts["remarks"], key=_importance)
    if not remarks:
        return
    _title("what the compiler said")
    marks = {"Passed": "+", "Missed": "-", "Failure": "!"}
    for row in remarks[:REMARKS_SHOWN]:
        times = f" ({row['count']}×)" if row["count"] > 1 else ""
        place = f"{row['line']}:{row['column']}" if row["line"] else ""
        words = readable(row["words"], names)
        print_line(f"{marks.get(row['tag'], '·')} {row['pass']} {place}: {words}{times}")
    if len(remarks) > REMARKS_SHOWN:
        print_line(f"  {len(remarks) - REMARKS_SHOWN} more: --format json")


def _importance(row: dict[str, Any]) -> tuple[int, bool]:
    """What decides most comes first, with its reason; calls and statistics last."""
    source = row["pass"]
    bare = row["words"].strip() == "loop not vectorized"
    if source in STATISTICS:
        return len(DECIDING) + 2, bare
    if source == "inline" and row["tag"] == "Passed":
        return len(DECIDING) + 1, bare
    return DECIDING.index(source) if source in DECIDING else len(DECIDING), bare


def _calls(facts: dict[str, Any]) -> None:
    """What the inliner decided here; of a loop only where it may matter."""
    weighty = [row for row in facts["calls"] if row["weight"] >= LEAST_WEIGHT or facts["line"]]
    if not weighty:
        return
    _title("calls here, and what the inliner decided")
    for row in weighty[:CALLS_SHOWN]:
        print_line(f"{row['place']} {short_name(row['callee_name'])}: {sentence(row)}")
    if len(weighty) > CALLS_SHOWN:
        print_line(f"  {len(weighty) - CALLS_SHOWN} more: corr decisions")


def _passes(facts: dict[str, Any], names: Mapping[str, str]) -> None:
    passes = facts["passes"]
    if not passes:
        return
    _title(f"what the passes did ({len(passes)} changes)")
    columns = {
        "sequence": ("#", None),
        "stage": ("stage", None),
        "pass": ("pass", None),
        "function": ("in", None),
        "change": ("instructions", None),
    }
    for row in passes:
        before, after = row["instructions_before"], row["instructions_after"]
        row["function"] = spoken(row["function"], names)
        row["change"] = f"{'–' if before is None else before} → {'–' if after is None else after}"
    weighty = [p for p in passes if p["instructions_before"] != p["instructions_after"]]
    emit_records(weighty[:PASSES_SHOWN], columns)
    left = len(passes) - len(weighty[:PASSES_SHOWN])
    if left:
        print_line(f"  {left} more, --ir shows each")


def _model(facts: dict[str, Any], names: Mapping[str, str]) -> None:
    loops = _worth_showing(facts["machine_loops"])
    if not loops:
        return
    _title("machine loops and what the model expects (no caches, no branch misses)")
    rows = [
        {
            **m,
            "at": f"{m['machine_loop']:x}",
            "symbol": spoken(m["symbol"], names),
            "calls": "call: 100 cycles assumed" if m["calls"] else None,
        }
        for m in loops
    ]
    columns = {
        "at": ("at", None),
        "symbol": ("in", None),
        "samples": ("samples", "count"),
        "instructions": ("instructions", None),
        "vector_bits": ("vector bits", None),
        "cycles_per_iteration": ("cycles", None),
        "block_rthroughput": ("resources alone", None),
        "ipc": ("IPC", None),
        "bound": ("bound by", None),
        "calls": ("", None),
    }
    emit_records(rows, columns)


def _asm(loop: dict[str, Any]) -> None:
    _title(f"machine loop {loop['machine_loop']:x} in {loop['symbol']}")
    columns = {
        "samples": ("samples", "count"),
        "latency": ("latency", None),
        "at": ("at", None),
        "text": ("instruction", None),
        "where": ("source", None),
    }
    for row in loop["code"]:
        row["at"] = f"{row['address']:x}"
        row["text"] = f"{row['mnemonic']} {row['operands']}"
        row["where"] = f"{row['file'].rsplit('/', 1)[-1]}:{row['line']}" if row["line"] else None
    emit_records(loop["code"], columns)
