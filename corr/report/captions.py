"""What a chart shows, said in a sentence: the caption that a reader needs no chart for.

Each takes the rows that the chart is drawn from, so that the two cannot disagree, and gives an
empty text where there is nothing to say; then the chart's title stands alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from collectors.base.foreign_text import one_line
from corr.console.output import shown
from corr.console.short_names import short_name

if TYPE_CHECKING:
    from corr.report.listing import Row
    from corr.report.trials import Trials

#: Counters that moved by less than this factor are told as unmoved.
MOVED = 1.05
#: Characters of a name.
LONGEST = 100


def counted(number: int, one: str, many: str) -> str:
    """A number with the word that goes with it."""
    return f"{number} {one if number == 1 else many}"


def said(name: str) -> str:
    """A name that somebody else gave, in one line."""
    return one_line(short_name(name), LONGEST)


def percent(share: float) -> str:
    """A share as tables have it."""
    return shown(share, "percent")


def times(trials: Trials) -> str:
    """What the best takes, and how many proposals were accepted."""
    proposals = trials.proposals
    accepted = sum(row["outcome"] == "accepted" for row in proposals)
    best = trials.best or trials.kept
    if not proposals:
        return ""
    if best is None or not best["relative_time"]:
        return f"None of {counted(len(proposals), 'proposal', 'proposals')} was accepted as faster"
    name = "The best" if trials.best else best["name"]
    were = "was" if accepted == 1 else "were"
    return (
        f"{name} takes {percent(best['relative_time'])} of the original's time;"
        f" {accepted} of {counted(len(proposals), 'proposal', 'proposals')} {were} accepted"
    )


def counters(trials: Trials, events: Sequence[str]) -> str:
    """The counter that moved most from the original to the last variant."""
    names = list(trials.variants.values())
    values = {(row["variant"], row["event"]): row["value"] for row in trials.counters.rows}
    moved = [
        (values[names[-1], event] / values[names[0], event], event)
        for event in events
        if values.get((names[0], event)) and values.get((names[-1], event))
    ]
    if not moved:
        return ""
    ratio, event = max(moved, key=lambda one: abs(math.log(one[0])))
    if 1 / MOVED < ratio < MOVED:
        return f"No counter moved by {100 * (MOVED - 1):.0f} % from the original to {names[-1]}"
    way = "fell" if ratio < 1 else "rose"
    return f"{event} {way} most from the original to {names[-1]}: to {percent(ratio)}"


def before_after(rows: Sequence[Row]) -> str:
    """What the best takes of each that was measured."""
    told = [f"{percent(row['ratio'])} of the {row['metric']}" for row in rows]
    if not told:
        return ""
    return f"The best takes {enumerated(told)}"


def gains(rows: Sequence[Mapping[str, Any]]) -> str:
    """How many proposals kept what they promised."""
    kept = sum(row["speedup"] >= row["expected"] for row in rows)
    return f"{kept} of {counted(len(rows), 'proposal', 'proposals')} gained what was expected"


def opcodes(rows: Sequence[Row], variants: Sequence[str]) -> str:
    """The opcode whose number changed most from the first variant to the last."""
    first, last = variants[0], variants[-1]
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        counts.setdefault(row["opcode"], {})[row["variant"]] = row["count"]
    changed = {name: by.get(last, 0) - by.get(first, 0) for name, by in counts.items()}
    name = max(changed, key=lambda one: abs(changed[one]))
    if not changed[name]:
        return f"No opcode has another count in {last} than in the {first}"
    by = counts[name]
    return f"{name} changed most: {by.get(first, 0)} in the {first}, {by.get(last, 0)} in {last}"


def passes(changes: Iterable[Row], loops: Sequence[str]) -> str:
    """Of the hottest loop that passes changed: how many did, and which made its function grow."""
    every = list(changes)
    for loop in loops:
        of_loop = [row for row in every if loop in (row["loops"] or ())]
        if not of_loop:
            continue
        told = f"Passes changed {said(loop)} {counted(len(of_loop), 'time', 'times')}"
        sized = [row for row in of_loop if row["before"] is not None and row["after"] is not None]
        most = max(sized, key=lambda row: row["after"] - row["before"], default=None)
        if most is None or most["after"] <= most["before"]:
            return told
        grew = f"its function grew most by {most['pass']}"
        return f"{told}; {grew}, from {most['before']} to {most['after']} instructions"
    return ""


def remarks(rows: Sequence[Row]) -> str:
    """The pass that missed most."""
    missed = sum(row["missed"] or 0 for row in rows)
    if not missed:
        return "No pass reports that it missed anything"
    most = max(rows, key=lambda row: row["missed"] or 0)
    return f"{most['pass']} missed the most: {most['missed']} of {missed} such remarks"


def roofline(rows: Sequence[Row]) -> str:
    """How much of its roof the hottest loop reaches."""
    hottest = max(rows, key=lambda row: row["share"])
    name = said(hottest["loop"])
    if not hottest["of_roof"]:
        return f"{name} reaches {shown(hottest['gflops'])} Gflop/s"
    return (
        f"{name} reaches {percent(hottest['of_roof'])} of its roof:"
        f" {shown(hottest['gflops'])} of {shown(hottest['roof'])} Gflop/s"
    )


def speedups(rows: Sequence[Mapping[str, Any]]) -> str:
    """The least and the largest speed-up over the first baseline."""
    kernels = [row for row in rows if row["what"] == "kernel"]
    if not kernels:
        return ""
    first = [row for row in kernels if row["baseline"] == kernels[0]["baseline"]]
    least, most = (pick(first, key=lambda row: row["speedup"]) for pick in (min, max))
    told = f"{said(most['kernel'])} gained most over {most['baseline']}, ×{most['speedup']:.2f}"
    if least is most:
        return told
    return f"{told}; {said(least['kernel'])} least, ×{least['speedup']:.2f}"


def modules(changes: Sequence[Mapping[str, Any]], way: str) -> str:
    """How many modules a way makes smaller, and by how much at most."""
    of_way = [row["change"] for row in changes if row["way"] == way]
    if not of_way:
        return ""
    smaller = sum(change < 0 for change in of_way)
    told = f"{said(way)} makes {smaller} of {counted(len(of_way), 'module', 'modules')} smaller"
    return f"{told}, by {percent(-min(of_way))} at most" if smaller else told


def enumerated(parts: Sequence[str]) -> str:
    """Parts as one says them one after another."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
