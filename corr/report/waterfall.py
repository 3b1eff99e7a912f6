"""From the time of a to the time of b, loop by loop: steps that add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corr.compare.difference import Diff, LoopDiff
from corr.report.captions import enumerated

#: Loops that have a step of their own; the others and what lies outside are one.
MOST_STEPS = 8
#: Steps below this share of the longer time are not drawn alone.
LEAST = 0.002
#: Loops that the caption tells.
MOST_TOLD = 2


@dataclass(frozen=True)
class Step:
    """A bar from `left`, `width` long, in per cent of the picture. `seconds`: what it adds."""

    name: str
    kind: str
    seconds: float
    left: float
    width: float
    loop: str | None = None


def steps(difference: Diff) -> list[Step]:
    """The whole of a, what each loop adds or saves, the rest, and the whole of b."""
    total = difference.total
    if total is None:
        return []
    longest = max(total.seconds_a, total.seconds_b)
    changed = [loop for loop in difference.loops if abs(loop.cost or 0) >= LEAST * longest]
    told = sorted(changed, key=lambda loop: -abs(loop.cost or 0))[:MOST_STEPS]
    rest = total.seconds_b - total.seconds_a - sum(loop.cost or 0 for loop in told)
    parts: list[tuple[str, float, LoopDiff | None]] = [
        (one.place, one.cost or 0, one) for one in told
    ]
    parts.append(("everything else", rest, None))
    return _placed(total.seconds_a, total.seconds_b, parts)


def says(found: Sequence[Step]) -> str:
    """What b takes more or less than a, and the loops that make most of it."""
    if not found:
        return ""
    whole = found[-1].seconds - found[0].seconds
    loops = [step for step in found if step.loop]
    told = "b takes as long as a"
    if whole:
        told = f"b takes {seconds(whole)} {'more' if whole > 0 else 'less'} than a"
    parts = [
        f"{one.name} {'costs' if one.seconds > 0 else 'saves'} {seconds(one.seconds)}"
        for one in loops[:MOST_TOLD]
    ]
    return f"{told}: {enumerated(parts)}" if parts else told


def seconds(value: float) -> str:
    """A difference of times, without its sign."""
    return f"{abs(value):.3g} s"


def _placed(a: float, b: float, parts: Sequence[tuple[str, float, LoopDiff | None]]) -> list[Step]:
    level, levels = a, [a, b]
    for _, seconds, _ in parts:
        level += seconds
        levels.append(level)
    most = max(levels) or 1.0
    found = [Step("a", "whole", a, 0.0, 100 * a / most)]
    level = a
    for name, seconds, loop in parts:
        low, high = sorted((max(level, 0.0), max(level + seconds, 0.0)))
        kind = "more" if seconds > 0 else "less"
        found.append(
            Step(
                name,
                kind,
                seconds,
                100 * low / most,
                100 * (high - low) / most,
                loop.key if loop else None,
            )
        )
        level += seconds
    return [*found, Step("b", "whole", b, 0.0, 100 * b / most)]
