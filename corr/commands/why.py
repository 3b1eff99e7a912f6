"""`corr why`: everything every layer knows of a line, a loop or a function, on one screen."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corr.commands.experiments import BUDGET, BudgetTimeOption
from corr.commands.options import DataOption, FormatOption, PlaceArgument, open_lake
from corr.console.call_words import sentence
from corr.console.line_words import hot_stretches, source_text
from corr.console.output import Format, emit_records, message, print_line, shown
from corr.console.remark_words import readable, spoken
from corr.console.short_names import short_name

if TYPE_CHECKING:
    from corr.lake.store import Lake, RunInfo

PASSES_SHOWN = 12
REMARKS_SHOWN = 15
CALLS_SHOWN = 6
CALLERS_SHOWN = 4
ANSWERS_SHOWN = 2
LINES_ELSEWHERE = 8
LOOPS_SHOWN = 8
OUTSIDE_SHOWN = 10
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
    ir: Annotated[
        bool,
        typer.Option("--ir", help="Show what each pass changed; trace them if they were not."),
    ] = False,
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
    from corr.lake.answers import kept

    if format not in (Format.table, Format.json):
        raise UsageError("corr why prints as table or json", "use `corr sql` for the rest")
    lake = open_lake(data)
    info = lake.find(run)

    def ask() -> dict[str, Any]:
        from corr.why import of_run

        return of_run(lake, info, place)

    answer = kept(info, f"what all layers say of {place}", ask)
    facts = answer["facts"]
    if ablate:
        from corr.commands.experiments import print_ablation

        print_ablation(lake, info, facts, budget_time, format)
        return
    if ir and not facts["passes"] and _trace_passes(lake, info, facts):
        answer = kept(info, f"what all layers say of {place}", ask)
        facts = answer["facts"]
    if ir or asm:
        _add_code(lake, info, facts, ir, asm)
    if format == Format.json:
        json.dump(facts, sys.stdout, indent=1)
        print_line()
    else:
        facts["answers"] = _answers(lake, info, facts) if facts["called_places"] else []
        _print(facts, answer["names"], imported=info.facts.kind == "import")


def _answers(lake: Lake, run: RunInfo, facts: dict[str, Any]) -> list[str]:
    """What is said of the hot places that are called from here."""
    from corr.findings.of_run import about, answers, of_run

    found = about(of_run(lake, run), (), called=facts["called_places"])
    return [f.sentence for f in answers(found, ANSWERS_SHOWN)]


def _add_code(lake: Lake, run: RunInfo, facts: dict[str, Any], ir: bool, asm: bool) -> None:
    """Add what each pass changed, and the instructions of the machine loops, where wanted."""
    from corr.lake.place_code import ir_diffs, machine_code
    from corr.why import connect

    connection = connect(lake, run)
    if ir:
        facts["ir"] = ir_diffs(connection, tuple(loop["loop"] for loop in facts["loops"]))
    if asm:
        facts["asm"] = [
            {**loop, "code": machine_code(connection, loop["machine_loop"])}
            for loop in _worth_showing(facts["machine_loops"])
        ]


def _trace_passes(lake: Lake, run: RunInfo, facts: dict[str, Any]) -> bool:
    """Trace the passes over the functions of a place, for the run; False, and why, where it
    cannot be done.
    """
    from collectors.base import toolchain
    from collectors.base.errors import CorrError
    from corr.collect.more import add
    from corr.collect.options import More
    from corr.console.progress import Progress
    from corr.system.config import load

    if not facts["functions"]:
        return False
    try:
        tools = toolchain.find(load(Path.cwd()).llvm)
        add(run, [More.passes], tools, lake, Progress(), facts["functions"])
    except CorrError as error:
        fix = f"\n  → {error.fix}" if error.fix else ""
        message(f"corr: the passes cannot be traced: {error.message}{fix}")
        return False
    return True


def _worth_showing(loops: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The machine loops that were sampled; the first one if none was."""
    return [m for m in loops if m["samples"]] or loops[:1]


def _print(facts: dict[str, Any], names: Mapping[str, str], *, imported: bool) -> None:
    _time(facts)
    _callers(facts, names)
    _called(facts, names)
    _source(facts, imported=imported)
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
    if "asm" in facts and not facts["asm"]:
        print_line("no machine loop lies here: it was unrolled, or runs as part of another's")


def _title(text: str) -> None:
    print_line(f"\n── {text}")


def _time(facts: dict[str, Any]) -> None:
    samples = facts["samples"]
    where = facts["asked"]
    print_line(where)
    if samples["share"] is not None:
        share = f"{100 * samples['share']:.1f}% of {samples['total']} {samples['event']} samples"
        print_line(f"time: {share}")
    hot = _worth_naming(facts["loops"])
    for loop in hot:
        _loop(loop)
    if len(hot) < len(facts["loops"]):
        print_line(f"  {len(facts['loops']) - len(hot)} more loops: --format json")
    for row in facts["outside"][:OUTSIDE_SHOWN]:
        name = short_name(row["function"], keep_arguments=len(facts["outside"]) > 1)
        share = f"{100 * row['share']:.1f}% of the time"
        print_line(f"outside loops: {name} at {row['place']} · {share}")
    if len(facts["outside"]) > OUTSIDE_SHOWN:
        print_line(f"  {len(facts['outside']) - OUTSIDE_SHOWN} more: --format json")
    named = {loop["loop"] for loop in hot}
    for trip in facts["executions"]:
        if trip["loop"] in named or not named:
            _trip(trip)
    if facts["cachegrind"]:
        numbers = (f"{v:,} {k.replace('_', ' ')}" for k, v in facts["cachegrind"].items() if v)
        print_line("cachegrind: " + ", ".join(numbers))


def _worth_naming(loops: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of many loops, as a function with all that is inlined has them, those that were sampled."""
    if len(loops) <= LOOPS_SHOWN:
        return loops
    hottest = sorted(loops, key=lambda loop: -(loop["share"] or 0))[:LOOPS_SHOWN]
    return [loop for loop in hottest if loop["share"]] or hottest


def _loop(loop: dict[str, Any]) -> None:
    depth = f", depth {loop['depth']}" if loop["depth"] else ""
    parts = [f"{short_name(loop['loop'])} at {loop['place']}{depth}"]
    if loop["share"] is not None:
        parts.append(f"{100 * loop['share']:.1f}% of the time")
    for name, words in (("vector", "vector {}"), ("unroll", "unrolled by {}")):
        if loop[name]:
            parts.append(words.format(loop[name]))
    print_line("loop: " + " · ".join(parts))


def _trip(trip: dict[str, Any]) -> None:
    name = short_name(trip["loop"])
    ran = f"body ran {shown(trip['iterations'], 'count')}×"
    if trip["iterations"] is None:
        print_line(f"executions: {name}: not known ({trip['reason']})")
    elif trip["entries"] is None:
        print_line(f"executions: {name}: {ran} ({trip['reason']})")
    else:
        mean = f", {shown(trip['mean_trip_count'], 'count')} at a time" if trip["entries"] else ""
        print_line(f"executions: {name} entered {shown(trip['entries'], 'count')}×, {ran}{mean}")


def _callers(facts: dict[str, Any], names: Mapping[str, str]) -> None:
    for row in facts["callers"][:CALLERS_SHOWN]:
        print_line(f"{100 * row['part']:.0f}% {readable(row['says'], names)}")
    if (more := len(facts["callers"]) - CALLERS_SHOWN) > 0:
        print_line(f"  {more} more callers: --format json")


def _called(facts: dict[str, Any], names: Mapping[str, str]) -> None:
    """What the place calls, whose time is not its own."""
    for row in facts["called"][:CALLERS_SHOWN]:
        name = spoken(row["callee"], names)
        print_line(f"calls: {name} · {100 * row['share']:.1f}% of the time")
    for text in facts.get("answers", ()):
        print_line(text)


def _source(facts: dict[str, Any], *, imported: bool) -> None:
    if not facts["source"] and facts["file"]:
        place = f"{facts['file']}:{facts['line']}" if facts.get("line") else facts["file"]
        done = "imported, below its --root" if imported else "collected"
        missing = f"is no line that was there when the run was {done}"
        outside = "is kept by no run: only the program's own files are"
        print_line(f"source: {place} {outside if facts['file'][0] == '/' else missing}")
    if not facts["source"]:
        return
    _title("source")
    total = facts["samples"]["total"] or None
    rows = [
        {
            "share": (row["samples"] or 0) / total if total and row["samples"] else None,
            "executions": row["executions"],
            "line": row["line"],
            "text": source_text(row["text"]),
        }
        for row in facts["source"]
    ]
    columns: dict[str, tuple[str, str | None]] = {"share": ("time", "percent")}
    columns |= {"executions": ("runs", "count"), "line": ("line", None), "text": ("", None)}
    emit_records(hot_stretches(rows), columns)
    _elsewhere(facts, total)


def _elsewhere(facts: dict[str, Any], total: int | None) -> None:
    """Lines of what is inlined into the place, where they have a part of its time."""
    least = LEAST_WEIGHT * facts["samples"]["samples"]
    rows = [
        {
            "share": row["share"],
            "place": f"{row['file']}:{row['line']}",
            "function": short_name(row["function"]),
            "text": source_text(row["text"]).strip(),
        }
        for row in facts["elsewhere"][:LINES_ELSEWHERE]
        if total and row["samples"] >= least
    ]
    if rows:
        _title("and lines of what is inlined there")
        columns: dict[str, tuple[str, str | None]] = {"share": ("time", "percent")}
        columns |= {"place": ("where", None), "function": ("in", None), "text": ("", None)}
        emit_records(rows, columns)


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
