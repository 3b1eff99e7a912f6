"""The correlated profile of a run as text, within a number of tokens.

It is what a person or a model reads to propose a change: the hot loops with all that every layer
says of them, the source with its heat, for changes to IR the IR, what changed against the best
run so far, and what was tried. The same run and history give the same bytes. Whatever comes from
the program, its tools or a model is quoted and cannot end its quotation.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from collectors.base.errors import UsageError
from collectors.base.table import Problem
from collectors.passes.stripped import from_artifacts, strip_ir
from corr.compare.diff import diff
from corr.console.short_names import short_name
from corr.findings.of_run import answers, of_run
from corr.lake.sql import connect
from corr.lake.store import Lake, RunInfo
from corr.summary.blocks import only_loops, shortened
from corr.summary.budget import LEAST_BUDGET, Level, Part, Variant, fit, part, tokens
from corr.summary.calls import calls
from corr.summary.facts import DETAIL_SHARE, Facts, Nest, Row, gather, heat, hot_lines, source
from corr.summary.history import Attempt, delta_variants, history_variants
from corr.summary.markdown import aligned, render
from corr.summary.source import CONTEXT, function_lines, listing

__all__ = ["Attempt", "Level", "Summary", "strip_ir", "summarise", "tokens"]

#: Columns of the table of a nest's loops.
COLUMNS = {
    "label": ("loop", None),
    "line": ("line", None),
    "share": ("share", "percent"),
    "entries": ("entered", "count"),
    "iterations": ("iterations", "count"),
    "trip_count": ("mean trips", "count"),
    "ns_per_iteration": ("ns/iteration", None),
    "vector": ("lanes x interleave", None),
    "simd_bits": ("simd bits", None),
    "unroll": ("unrolled by", None),
    "mca_cycles": ("model cycles", None),
}
#: How many remarks of each kind are shown, as the budget allows.
REMARKS = ((2, 0), (6, 4), (30, 15))
#: Instructions of a machine loop and lines of a file from which they are not shown.
MOST_INSTRUCTIONS, MOST_LINES = 300, 2000
#: Loops whose blocks are named before the IR.
MOST_NAMED = 8
REST = "the rest of the file"
#: How much later a part of the second nest comes than the same part of the first.
LATER = 6.0


@dataclass(frozen=True)
class Summary:
    """The text; its size in tokens, estimated and rather too high; and its hash."""

    text: str
    tokens: int
    sha256: str


def summarise(
    lake: Lake,
    run: RunInfo,
    *,
    budget: int = 6000,
    level: Level | str = Level.auto,
    loops: int = 3,
    loop: str | None = None,
    history: Sequence[Attempt] = (),
    best: RunInfo | None = None,
    ir: Mapping[str, str] | None = None,
    unmodelled: Sequence[Problem] = (),
    seen: Sequence[str] = (),
) -> Summary:
    """The profile of a run as Markdown of at most `budget` tokens.

    `level`: the kind of change that is to be proposed, which decides what comes first; `loops`:
    how many loop nests at most; `loop`: only the nest that holds this one; `best`: the run to
    compare with; `ir`: text of a module by linkage name of a function, in place of what the run
    kept; `unmodelled`: hot loops that corr cannot put in another order by itself; `seen`:
    what the check of outputs was found to see, a line each. Raises UsageError for a loop the run
    has not, a level there is not, or a tiny budget.
    """
    if level not in list(Level):
        raise UsageError(f"there is no level {level!r}", f"levels: {', '.join(Level)}")
    if budget < LEAST_BUDGET:
        raise UsageError(f"{budget} tokens are too few for a summary", f"at least {LEAST_BUDGET}")
    if loops < 1:
        raise UsageError("a summary shows at least one loop nest")
    connection = connect(lake, [run])
    try:
        facts = gather(connection, run, loops, loop)
        parts = [
            *_head(facts),
            *_answers(lake, run),
            *_delta(lake, best, run),
            *_loops(facts, Level(level)),
            *_sources(connection, facts, Level(level)),
            *_ir(facts, Level(level), run, ir),
            *calls(connection),
            *_unmodelled(unmodelled),
            *_seen(seen),
            *_history(history),
        ]
    finally:
        connection.close()
    text = fit(parts, budget)
    return Summary(text, tokens(text), hashlib.sha256(text.encode()).hexdigest())


def _head(facts: Facts) -> list[Part]:
    flags = facts.run.get("built_with") or "none"
    head = render("head", run=facts.run, time=facts.time, flags=flags)
    machine = render("circumstances", run=facts.run, machine=facts.machine)
    counters = render("counters", time=facts.time, missing=facts.time["missing"])
    few = render("counters", time=facts.time, missing=facts.time["missing"][:1])
    return [
        Part((Variant(head, 0),)),
        part("processor", Variant(machine, 1)),
        part("time and counters", Variant(few, 7, "what is not available"), Variant(counters, 12)),
    ]


def _answers(lake: Lake, run: RunInfo) -> list[Part]:
    """The answer first: what each hot place does with its time."""
    found = answers(of_run(lake, run))
    if not found:
        return []
    first = render("answers", findings=found[:1])
    return [
        part(
            "findings",
            Variant(first, 0.9, "findings"),
            Variant(render("answers", findings=found), 2.5),
        )
    ]


def _delta(lake: Lake, best: RunInfo | None, run: RunInfo) -> list[Part]:
    if best is None or best.run_id == run.run_id:
        return []
    return [part("comparison with the best run", *delta_variants(diff(lake, best, run)))]


def _unmodelled(problems: Sequence[Problem]) -> list[Part]:
    if not problems:
        return []
    text = render("unmodelled", problems=problems)
    return [part("loops that corr cannot reorder", Variant(text, 6))]


def _seen(lines: Sequence[str]) -> list[Part]:
    if not lines:
        return []
    return [part("what the check sees", Variant(render("seen", lines=lines), 6.5))]


def _history(history: Sequence[Attempt]) -> list[Part]:
    return [part("what was tried", *history_variants(history))] if history else []


# --- loops ---------------------------------------------------------------------------------------


def _loops(facts: Facts, level: Level) -> list[Part]:
    if not facts.nests:
        return [part("loops", Variant("\nThe run has no loops.\n", 1))]
    parts = [Part((Variant(render("loops_title", sampled=bool(facts.time["samples"])), 0),))]
    for number, nest in enumerate(facts.nests):
        parts += _nest(nest, number, level)
    parts.append(part("other loops", Variant(render("rest", facts=facts), 7.5)))
    return parts


def _nest(nest: Nest, number: int, level: Level) -> list[Part]:
    """The parts of one nest; those of later nests come after the same parts of the first."""
    later = LATER * number
    title = {"number": number + 1, "nest": nest}
    hot = render("nest_head", **title, table=aligned(nest.hot, COLUMNS))
    table = render("nest_head", **title, table=aligned(_that_ran(nest), COLUMNS))
    few = [Variant(hot, 0.2 + later, "outer loops")] if len(nest.hot) < len(nest.loops) else []
    head = part("a further nest" if number else "loops", *few, Variant(table, 2 + later))
    parts = [head]
    for row in nest.hot:
        parts += [replace(p, needs=head) for p in _layers(row, later, level)]
    return parts


def _that_ran(nest: Nest) -> Sequence[Row]:
    """The nest's loops without those that did not run; all where that is not known."""
    ran = [r for r in nest.loops if r["share"] or r["iterations"] or r is nest.loops[0]]
    return ran if len(ran) > 1 else nest.loops


def _layers(row: Row, later: float, level: Level) -> list[Part]:
    parts = [part("model", Variant(render("loop_facts", row=row), 3.2 + later))]
    if row["missed"] or row["done"]:
        ranks = (0.4, 8.0, 21.0)
        variants = [
            Variant(_remarks(row, *numbers), rank + later, "remarks")
            for numbers, rank in zip(REMARKS, ranks, strict=True)
        ]
        parts.append(part("remarks", *variants[:-1], replace(variants[-1], cut="")))
    model = row["model"]
    if model:
        parts.append(part("memory steps", Variant(render("loop_code", row=row), 6 + later)))
    if row["passes"]:
        parts.append(part("passes", Variant(render("passes", row=row), 19 + later)))
    weighty = row["share"] is None or row["share"] >= DETAIL_SHARE
    if model and weighty and len(model["code"]) <= MOST_INSTRUCTIONS:
        text = render("machine_code", row=row, lines=_machine_code(model["code"]))
        sooner = 9.5 if level == Level.ir else 20
        parts.append(part("machine code", Variant(text, sooner + later)))
    return parts


def _remarks(row: Row, missed: int, done: int) -> str:
    lines = []
    for mark, found, most in (("-", row["missed"], missed), ("+", row["done"], done)):
        for remark in found[:most]:
            times = f" ({remark['count']}×)" if remark["count"] > 1 else ""
            place = f", line {remark['line']}" if remark["line"] else ""
            lines.append(f"{mark} {remark['pass']}{place}: {remark['words']}{times}")
        if len(found) > most:
            lines.append(f"{mark} {len(found) - most} more")
    return render("remarks", label=row["label"], lines="\n".join(lines))


def _machine_code(rows: Sequence[Row]) -> str:
    columns = {
        "samples": ("samples", "count"),
        "latency": ("latency", None),
        "text": ("instruction", None),
        "line": ("line", None),
    }
    return aligned([r | {"text": f"{r['mnemonic']} {r['operands']}"} for r in rows], columns)


# --- source and IR -------------------------------------------------------------------------------


def _sources(connection: duckdb.DuckDBPyConnection, facts: Facts, level: Level) -> list[Part]:
    """The functions that hold the nests, and those that hot code in them was inlined from."""
    parts: list[Part] = []
    shown: list[tuple[str, tuple[int, int] | None]] = []
    for number, nest in enumerate(facts.nests):
        first, hot = nest.loops[0], nest.hottest
        extent = (first["line"], max(row["end_line"] for row in nest.loops))
        core = (hot["line"], hot["end_line"])
        places = [(first["file"], extent, core, first["function_name"])]
        for row in hot_lines(connection, nest):
            line = (row["line"], row["line"])
            places.append((row["file"], line, line, row["function"]))
        for at, (file, place, core, name) in enumerate(places):
            if any(f == file and s and s[0] <= place[0] and place[1] <= s[1] for f, s in shown):
                continue
            later = LATER * number + 0.1 * at
            lines = source(connection, file)
            if len(lines) < place[1]:
                missing = part("source", Variant(render("no_source", file=file), 0.6 + later))
                parts += [missing] if (file, None) not in shown else []
                shown.append((file, None))
                continue
            function = function_lines(lines, *place)
            shown.append((file, function or place))
            listed = Listed(file, name, lines, heat(connection, file), core, place, function)
            parts.append(_source(listed, later, level, whole_file=not parts))
    return parts


@dataclass(frozen=True)
class Listed:
    """A place in a source file that is to be shown: its hottest lines, all, and the function."""

    file: str
    name: str | None
    lines: Sequence[str]
    heat: Mapping[int, float]
    core: tuple[int, int]
    place: tuple[int, int]
    function: tuple[int, int] | None


def _source(listed: Listed, later: float, level: Level, *, whole_file: bool) -> Part:
    """The lines of the place, then the function around them, then perhaps the file."""
    around = (listed.place[0] - CONTEXT, listed.place[1] + CONTEXT)
    name = short_name(listed.name) if listed.name else ""

    def show(what: str, lines: tuple[int, int], rank: float, cut: str) -> Variant:
        text = listing(listed.lines, lines, listed.heat)
        return Variant(
            render("source", file=listed.file, function=name, what=what, lines=text), rank, cut
        )

    variants = [show("lines of", listed.core, 0.6 + later, "most of the source")]
    if listed.place != listed.core:
        variants.append(show("lines of", listed.place, 3.0 + later, "the rest of functions"))
    if level != Level.flags:
        whole = 5.5 if level in (Level.schedule, Level.pragma) else 7.8
        if listed.function is not None:
            variants.append(show("function", listed.function, whole + later, REST))
        else:
            variants.append(show("lines around", around, whole + later, REST))
        if whole_file and len(listed.lines) <= MOST_LINES and level != Level.ir:
            variants.append(show("file of", (1, len(listed.lines)), 30, ""))
    return part("source", *variants[:-1], replace(variants[-1], cut=""))


def _ir(facts: Facts, level: Level, run: RunInfo, given: Mapping[str, str] | None) -> list[Part]:
    """At level ir, the optimised IR of the function whose code holds the hottest loop."""
    if level != Level.ir or not facts.nests:
        return []
    row = facts.nests[0].hottest
    function = (row["model"] or {}).get("symbol") or row["function"]
    if given is not None:
        found = strip_ir(given.get(function, ""), function)
        reason = "no IR of it was given"
    else:
        found = from_artifacts(run.artifacts, function)
        reason = "the run kept no optimised module that defines it, or one too large"
    if found is None:
        text = render("no_ir", function=function, reason=reason)
        return [part("IR", Variant(text, 0.5))]
    short = shortened(found, facts.numbers.get(row["unit"], {}))
    loops = _that_ran(facts.nests[0])
    hot, nest = [row["number"]], [r["number"] for r in facts.nests[0].loops]
    steps = (
        (only_loops(short, hot, bodies=True), 0.5, "IR outside the innermost body"),
        (only_loops(short, hot), 3.5, "IR outside the hot loop"),
        (only_loops(short, nest), 4.5, "IR outside the hot nest"),
        (short, 8.5, ""),
    )
    named = [(f"L{r['number']}.1", r["line"]) for r in loops[:MOST_NAMED]]
    variants = [
        Variant(render("ir", function=function, loops=named, text=text), rank, cut)
        for text, rank, cut in steps
        if re.search(r"^L\d+\.", text, re.MULTILINE) or not cut
    ]
    return [part("IR", *variants)]
