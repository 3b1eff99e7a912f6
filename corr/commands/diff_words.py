"""What `corr diff` says in sentences: of the whole, of what its rows explain, of a row's causes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corr.compare.difference import Diff, LoopDiff, Total
    from corr.compare.places import PlaceDiff

HYPOTHESES_SHOWN = 2
#: A hypothesis weaker than this is a fallback, and printed as one.
WEAK = 0.3
#: What is weaker than this is not printed beside another.
BESIDE = 0.5


def headline(difference: Diff) -> str:
    """The two runs, what they were asked for, and how long the whole took on each side."""
    from corr.timing.verdict import DRIFT_MARGIN

    lines = []
    moved = difference.a.revision != difference.b.revision
    for side, run in (("a", difference.a), ("b", difference.b)):
        # of what was imported, nothing but its label is known
        built = (run.compiler, run.built_with) if run.compiler else (run.label,)
        parts = (run.program, *built, *([] if run.compiler else ["compiler not known"]), run.run_id)
        commit, dirty, _ = (run.revision or "").partition("-dirty")
        at = f" · at {commit[:10]}{' with changes' if dirty else ''}" if moved and commit else ""
        lines.append(f"{side}: {' · '.join(part for part in parts if part)}{at}")
    if difference.asked:
        lines.append("the runs were not asked for the same, which comes before any cause:")
        lines += [f"  {circumstance.says}" for circumstance in difference.asked]
    if difference.same_output is False and not difference.asked:
        lines.append("the two print different results: they do not compute the same")
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
            lines.append(f"  → {_to_decide(total)}")
        elif _leans(total):
            lines.append(
                f"  → times taken apart may differ by {DRIFT_MARGIN:.0%} for nothing: "
                "--remeasure times both in turn"
            )
    return "\n".join(lines) + "\n"


def _to_decide(total: Total) -> str:
    """What would decide it: timing in turn, or, where that was done, a machine that is idle."""
    if not total.interleaved:
        return "--remeasure times both in turn until it is decided"
    return "timed in turn, and still not decided: give it more to do, or measure on an idle machine"


def sum_of_rows(difference: Diff, found: Sequence[LoopDiff | PlaceDiff]) -> str | None:
    """How much of the whole difference the rows are; None where that is not known."""
    whole, total = difference.cost, difference.total
    if whole is None or total is None:
        return None
    if difference.verdict not in ("faster", "slower"):
        if _leans(total):
            return f"the whole differs by {whole:+.3g} s, which only times taken in turn can tell"
        if difference.verdict == "same":
            return f"the whole differs by {whole:+.3g} s: no difference to explain"
        return f"the whole differs by {whole:+.3g} s, which is not decided"
    told = sum(node.cost or 0.0 for node in found)
    text = f"the rows explain {told:+.3g} of {whole:+.3g} s"
    sampled = not total.interleaved or abs(told - whole) <= 0.1 * abs(whole)
    return text if sampled else f"{text}; the rest is in places that each have hardly a part of it"


def nothing_found(difference: Diff, left: int) -> str:
    """Said in place of rows: `left` loops changed, none where the time goes."""
    from corr.timing.verdict import Verdict

    total = difference.total
    said = "no change where the time goes" if left else "no change"
    if total is None or total.time.verdict == Verdict.same:
        return said
    if total.time.low <= 1 <= total.time.high:
        return said
    decided = total.time.verdict in (Verdict.faster, Verdict.slower)
    text = "the time differs" if decided else "undecided; the times may differ"
    where = " where the time goes" if left else ""
    text += f", and no instructions or remarks of the loops{where} do"
    if difference.sources_differ:
        text += ": the sources do, so constants, sizes or data may be why"
    return text


def _leans(total: Total) -> bool:
    """It is the same as far as times taken apart can tell, and yet one of them took longer."""
    if total.interleaved or total.time.verdict != "same":
        return False
    return total.time.low > 1 or total.time.high < 1


def _hardly_counts(node: LoopDiff | PlaceDiff, difference: Diff) -> bool:
    """Nothing is decided of its time, and it is next to nothing of what the whole differs by."""
    timed = difference.total is not None and node.cost is not None
    return timed and node.verdict in ("inconclusive", None) and not difference.noticeable(node)


def causes(node: LoopDiff | PlaceDiff, difference: Diff) -> list[str]:
    """Why its time changed; where it did not, or hardly counts, what changed all the same."""
    mark = "⇒"
    if node.verdict == "same":
        mark = "≈ no difference in time:"
    elif _hardly_counts(node, difference):
        mark = "≈ no difference that is decided:"
    return [
        f"{mark} {'perhaps ' if hypothesis.strength < WEAK else ''}{hypothesis.says}"
        + ("" if hypothesis.confirmed is None else f" [{hypothesis.confirmed}]")
        for place, hypothesis in enumerate(node.hypotheses[:HYPOTHESES_SHOWN])
        if place == 0 or hypothesis.strength >= BESIDE or hypothesis.confirmed
    ]
