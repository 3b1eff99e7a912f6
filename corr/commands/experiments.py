"""What experiments showed, printed; their options. `corr diff` and `corr why` share it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corr.console.output import Format, emit, emit_records, message, print_line
from corr.console.short_names import short_name

if TYPE_CHECKING:
    from corr.experiment.effects import Effect
    from corr.experiment.swap import Part, Swap
    from corr.lake.store import Lake, RunInfo

#: Seconds that experiments may take where nobody says.
BUDGET = 120.0
BudgetTimeOption = Annotated[
    float, typer.Option("--budget-time", min=1, help="Seconds that experiments may take.")
]
PARTS = {
    "seconds": ("part", None),
    "interval": ("99 %", None),
    "share": ("of it", None),
    "what": ("what b has instead of a", None),
}
PASSES = {
    "worth": ("without it", None),
    "interval": ("99 %", None),
    "pass": ("pass", None),
    "invocations": ("invocations", None),
}
#: Functions of a part that are named.
NAMED = 3
#: Passes that do nothing to the code, of which the names are printed.
IDLE_NAMED = 12


def print_swap(swap: Swap, names: Mapping[str, str], format: Format) -> None:
    """The parts of a difference, and what they leave of it; as rows in formats other than table."""
    if format != Format.table:
        import pyarrow as pa

        emit(pa.Table.from_pylist([part.to_json() for part in swap.parts]), format)
        return
    whole = swap.whole
    print_line(f"\n── measured: parts of b put in a ({swap.clock}; a takes {swap.seconds_a:.4g} s)")
    print_line(f"the whole difference, as linked here: {_seconds(whole)} ({_interval(whole)})")
    if swap.why:
        print_line(swap.why)
    if not swap.parts:
        return
    divided = whole.seconds if swap.steady else 0.0
    if not swap.steady and not whole.none:
        print_line("it is not known well enough to tell shares of it: measure on an idle machine")
    emit_records([_part(part, divided, names) for part in swap.parts], PARTS, _why)
    if swap.rest is None:
        return
    if swap.adds_up:
        print_line(f"the parts add up, within ±{_half(swap.rest):.3g} s")
    else:
        print_line(
            f"the parts do not add up: {_seconds(swap.rest)} ({_interval(swap.rest)}) come of them"
            " together (one depends on another, or on where code lies), or of no function"
        )


def _part(part: Part, whole: float, names: Mapping[str, str]) -> dict[str, Any]:
    effect = part.effect
    named = [short_name(names.get(name, name)) for name in part.functions[:NAMED]]
    more = len(part.functions) - len(named)
    listed = ", ".join(named) + (f" and {more} more" if more > 0 else "")
    what = {
        "file": f"all of {part.file}",
        "function": f"{listed} in {part.file}",
        "others": f"every other function that differs: {listed}",
    }[part.kind]
    return {
        "seconds": _seconds(effect) if effect else None,
        "interval": _interval(effect) if effect else None,
        "share": f"{100 * effect.seconds / whole:.0f}%" if effect and whole else None,
        "what": what,
        "why": part.why,
    }


def _why(row: Mapping[str, Any]) -> list[str]:
    return [row["why"]] if row["why"] else []


def _seconds(effect: Effect) -> str:
    return f"{effect.seconds:+.4f} s"


def _interval(effect: Effect) -> str:
    return f"{effect.low:+.4f} to {effect.high:+.4f}"


def _half(effect: Effect) -> float:
    return (effect.high - effect.low) / 2


def print_ablation(
    lake: Lake, run: RunInfo, facts: dict[str, Any], seconds: float, format: Format
) -> None:
    """What each pass is worth to the hottest loop of a place. Raises UsageError without a loop."""
    from collectors.base.errors import UsageError
    from corr.experiment.ablation import ablate
    from corr.experiment.effects import SPENT
    from corr.experiment.places import place_of

    loops = sorted(facts["loops"], key=lambda loop: -(loop["share"] or 0.0))
    if not loops:
        raise UsageError(f"{facts['asked']}: no loop is there", "`corr hotspots` lists the loops")
    key = loops[0]["loop"]
    found = ablate(run, place_of(lake, run, key), seconds, message)
    if format == Format.json:
        json.dump({"loop": key, **found.to_json()}, sys.stdout, indent=1)
        print_line()
        return
    print_line(f"{short_name(key)} at {loops[0]['place']}: what each optimisation is worth to it")
    rows = [
        {
            "worth": _worth(p.effect, p.percent),
            "interval": f"{p.percent[1]:+.0f} to {p.percent[2]:+.0f}" if p.percent else None,
            "pass": p.name,
            "invocations": p.invocations,
            "notes": _pass_notes(p.why, p.instead, p.other_output),
        }
        for p in found.passes
        if not (p.same_code or p.why == SPENT)
    ]
    emit_records(rows, PASSES, lambda row: row["notes"])
    idle = [p.name for p in found.passes if p.same_code]
    print_line(f"0, as the code is the same without them: {_some(idle) or 'none'}")
    if left := [p.name for p in found.passes if p.why == SPENT]:
        print_line(f"not measured, as {SPENT}: {_some(left)}")


def _some(names: Sequence[str]) -> str:
    more = len(names) - IDLE_NAMED
    return ", ".join(names[:IDLE_NAMED]) + (f" and {more} more (--format json)" if more > 0 else "")


def _worth(effect: Effect | None, percent: tuple[float, float, float] | None) -> str | None:
    if effect is None or percent is None:
        return None
    return "0" if effect.none else f"{percent[0]:+.0f}%"


def _pass_notes(why: str | None, instead: str | None, other_output: bool) -> list[str]:
    notes = [why] if why else []
    if instead:
        notes.append(f"it hurts here: {instead}")
    if other_output:
        notes.append("the program prints something else without it")
    return notes
