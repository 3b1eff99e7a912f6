"""What was tried before, typed; and what the run changed against the best one so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from corr.compare.difference import Diff, LoopDiff
from corr.console.output import shown
from corr.summary.budget import Variant
from corr.summary.markdown import clipped, render, sentence

#: How many of the best attempts come before the most recent ones.
BEST_FIRST = 3
#: Numbers of attempts that are shown, as the budget allows.
SHOWN = (3, 8, 20, 60)
DETAIL_LINES, DETAIL_LENGTH = 2, 200
#: Share of the samples from which a loop that changed is named.
HOT = 0.01
#: Passes whose remarks are numbers that differ in any two builds.
IGNORED = ("regalloc", "prologepilog", "asm-printer", "size-info", "stack-frame-layout")
LOOPS_COMPARED, REMARKS_SHOWN, MNEMONICS_SHOWN = 5, 3, 8


@dataclass(frozen=True)
class Attempt:
    """A change that was tried. `move` is one line, `detail` one or two; both are foreign text.

    `outcome` is a typed word: accepted, same, slower, wrong output, did not compile, did not
    parse, refused, crashed, timed out. `speedup` is over the best before it: 1.2 is faster.
    """

    iteration: int
    candidate: int
    move: str
    kind: str
    outcome: str
    detail: str = ""
    speedup: float | None = None


def ordered(history: Sequence[Attempt]) -> list[Attempt]:
    """The best accepted ones, then all others, most recent first."""
    recent = sorted(history, key=lambda a: (-a.iteration, -a.candidate))
    accepted = [a for a in recent if a.outcome == "accepted" and a.speedup is not None]
    best = sorted(accepted, key=lambda a: -(a.speedup or 0))[:BEST_FIRST]
    return best + [a for a in recent if not any(a is b for b in best)]


def counted(history: Sequence[Attempt]) -> str:
    """`12: 7 same, 3 refused, 2 accepted`."""
    counts = Counter(clipped(a.outcome, 30) for a in history)
    words = ", ".join(f"{n} {o}" for o, n in sorted(counts.items(), key=lambda i: (-i[1], i[0])))
    return f"{len(history)}: {words}" if history else "nothing"


def history_variants(history: Sequence[Attempt]) -> list[Variant]:
    """The history from a few attempts to all of them."""
    every = ordered(history)
    variants = []
    ranks = (1.7, 15.0, 23.0, 26.0)
    for number, rank in zip(SHOWN, ranks, strict=True):
        lines = "\n".join(line for a in every[:number] for line in _lines(a))
        left = every[number:]
        rest = f"{len(left)} more: {counted(left).split(': ', 1)[1]}" if left else ""
        text = render("history", counts=f"`{counted(history)}`", lines=lines, more=rest)
        variants.append(Variant(text, rank, f"{len(left)} earlier attempts" if left else ""))
        if not left:
            break
    return variants


def _lines(attempt: Attempt) -> list[str]:
    gain = f", {attempt.speedup:.3g}× as fast" if attempt.speedup is not None else ""
    number = f"{attempt.iteration}.{attempt.candidate}"
    kind, move = clipped(attempt.kind, 30), sentence(attempt.move, DETAIL_LENGTH)
    first = f"{number} {clipped(attempt.outcome, 30)}{gain} [{kind}] {move}"
    detail = [line for line in attempt.detail.splitlines() if line.strip()][:DETAIL_LINES]
    return [first, *(f"    {sentence(line, DETAIL_LENGTH)}" for line in detail)]


def delta_variants(difference: Diff) -> list[Variant]:
    """The comparison of the best run (a) with this one (b)."""
    changed = [loop for loop in difference.loops if loop.changed]
    loops = _weighty(changed)[:LOOPS_COMPARED]
    facts = {"best": difference.a, "total": difference.total}
    why = [line for loop in loops for line in (_loop_line(loop), *_because(loop))]
    whole = [
        line for loop in loops for line in (_loop_line(loop), *_because(loop), *_changes(loop))
    ]
    return [
        Variant(render("delta", **facts, lines=""), 1.5, "what changed against the best run"),
        Variant(render("delta", **facts, lines="\n".join(why)), 6.5, "remarks that flipped"),
        Variant(render("delta", **facts, lines="\n".join(whole)), 16),
    ]


def _weighty(loops: Sequence[LoopDiff]) -> Sequence[LoopDiff]:
    """Those that are hot on a side; all where nothing tells hot from cold."""
    if not any(loop.share for loop in loops):
        return loops
    return [loop for loop in loops if loop.share >= HOT]


def _loop_line(loop: LoopDiff) -> str:
    parts = []
    if loop.only_in:
        parts.append("only in the best run" if loop.only_in == "a" else "new")
    elif loop.time is not None:
        parts.append(f"time ×{loop.time.value:.2f} {loop.time.verdict}")
    columns = (
        *(("share", "percent"), ("vector_width", None), ("interleave", None), ("unroll", None)),
        *(("mca_cycles", None), ("bound", None), ("stack_accesses", None), ("iterations", "count")),
    )
    for name, style in columns:
        before, after = (shown(getattr(side, name), style) or "none" for side in loop.sides)
        if before != after:
            parts.append(f"{name.replace('_', ' ')} {before} → {after}")
    return f"{clipped(loop.key, 200)}: {clipped('; '.join(parts) or 'other code', 400)}"


def _because(loop: LoopDiff) -> list[str]:
    return [
        f"  because (strength {hypothesis.strength:.2g}): {sentence(hypothesis.says)}"
        for hypothesis in loop.hypotheses[:2]
    ]


def _changes(loop: LoopDiff) -> list[str]:
    lines = []
    for mark, changes in (("+", loop.remarks.appeared), ("-", loop.remarks.disappeared)):
        remarks = [
            f"{remark.pass_name}: {sentence(remark.words or '')}"
            for remark in changes
            if remark.pass_name not in IGNORED
        ]
        # the passes that decide most are early in `corr diff` too
        remarks.sort(key=lambda words: (not words.startswith(("loop-", "slp", "inline")), words))
        lines += [f"  {mark} {clipped(words, 300)}" for words in remarks[:REMARKS_SHOWN]]
        if len(remarks) > REMARKS_SHOWN:
            lines.append(f"  {mark} {len(remarks) - REMARKS_SHOWN} more remarks")
    moved = sorted(loop.mnemonics, key=lambda m: (-abs(m.count_b - m.count_a), m.mnemonic))
    if moved:
        counts = [f"{m.mnemonic} {m.count_a}→{m.count_b}" for m in moved[:MNEMONICS_SHOWN]]
        left = f", {len(moved) - MNEMONICS_SHOWN} more" if len(moved) > MNEMONICS_SHOWN else ""
        lines.append(f"  instructions: {clipped(', '.join(counts), 300)}{left}")
    return lines
