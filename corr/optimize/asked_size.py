"""What was best on a smaller data set, on the size that was asked for: right, and the fastest?

Up to here everything was of the smaller size (search_size.py). Now the few that did best there run
once each on the asked one, their outputs compared with the original's, and then the fastest with
tiles and blocks of other sizes: a small data set lies in a cache whatever they are. The fastest of
all is checked as everything is that is kept, and measured in turn with the original and the
baselines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from collectors.base.errors import CompileError, CorrError
from corr.optimize.build_and_run import Builds
from corr.optimize.guarantee import Guarantee
from corr.optimize.judging.references import References
from corr.optimize.judging.speed import Contest, Failed, Tell
from corr.optimize.prepare_original import Original
from corr.optimize.variant import Variant

#: Variants that are tried on the asked size, and how much slower than the best one may have been.
MOST, NEAR = 4, 1.6
#: Runs as long as the original's that checking the best and three pairs are; seconds for building
#: and checking, and their share of a budget at most.
RUNS_OF_BEST = 7
CHECKS, OF_CHECKS = 20.0, 0.15
#: What another size must take of the best one's time, to be gone on from.
FINER = 0.98


@dataclass(frozen=True)
class Contender:
    """A variant that was timed on the smaller size: its time over the original's there.

    `guarantee` and `basis` of one that was accepted; the others were not checked on all inputs yet.
    """

    time: float
    variant: Variant
    guarantee: Guarantee = Guarantee.unknown
    basis: str = ""

    @property
    def kind(self) -> str:
        """What it is but for numbers and flags: of a rewritten nest, its statements' order.

        One that is tiled over time is no faster where all lies in a cache, and is tried for that.
        """
        moves = [move for move in self.variant.moves if move.kind != "flags"]
        said = "; ".join(move.describe().partition(",")[0] for move in moves)
        return re.sub(r"\d+", "#", said)


#: Variants like one, with other sizes of blocks or tiles.
Near = Callable[[Variant], Iterator[Variant]]
Timed = tuple[float, Contender]


@dataclass(frozen=True)
class Asked:
    """The original and the best variant on the asked size; None where none is right and faster."""

    original: Original
    best: Contender | None


def contenders(found: Sequence[Contender]) -> list[Contender]:
    """Of all that was timed the fastest of each kind, but of the best kind two; the best first."""
    ranked = sorted(found, key=lambda one: one.time)
    chosen: list[Contender] = []
    for one in ranked:
        alike = sum(other.kind == one.kind for other in chosen)
        best = not chosen or one.kind == chosen[0].kind
        if alike < 1 + best and one.time <= NEAR * ranked[0].time and one.time < 1:
            chosen.append(one)
    return chosen[:MOST]


def original_of(small: Original, builds: Builds) -> Original:
    """The original on the asked size; from now on `builds` makes everything so. May raise."""
    builds.size = ()
    binary = builds.build(small.variant)
    inputs = small.verifier.inputs
    inputs = replace(inputs, visible=(inputs.timed,))
    references = References(builds, inputs, small.variant)
    asked = small.asked
    if asked is not None and asked.evidence == inputs.evidence:
        references.known(inputs.timed, asked.reference)
    verifier = small.verifier.of(references, small.verifier.patience)
    contest = replace(small.contest, repeat=None)
    return replace(small, binary=binary, contest=contest, verifier=verifier, asked=None)


def settled(
    small: Original,
    builds: Builds,
    found: Sequence[Contender],
    right: Callable[[Contender], Contender | None],
    tell: Tell,
    near: Near = lambda _: iter(()),
) -> Asked:
    """The best on the asked size. `right` checks, on the smaller one, what was not accepted there.

    `near` has other sizes for the fastest. Raises CorrError where the original fails; OutOfTime.
    """
    smaller = builds.size
    original = original_of(small, builds)
    timed: list[Timed] = []
    for one in found:
        if timed and _late(small, builds):
            tell("  there is no time to try more of them")
            break
        seconds = _seconds(original.contest, original, one, tell)
        if seconds is not None:
            timed.append((seconds, one))
            tell(f"  on the asked size {seconds:.3g} s: {_words(one.variant)}")
    if timed:
        timed += _finer(small, original, min(timed, key=_time), near, tell)
    for _, one in sorted(timed, key=_time):
        builds.size = smaller
        sure = one if one.basis else right(one)
        builds.size = ()
        if sure is not None and _is_right(original, sure, tell):
            return Asked(original, replace(sure, basis=f"{sure.basis}; and on the asked size"))
    return Asked(original, None)


def _finer(
    small: Original, original: Original, best: Timed, near: Near, tell: Tell
) -> Iterator[Timed]:
    """The fastest with other sizes, from each that is faster on to those near it."""
    builds, tried = original.contest.builds, {best[1].variant.moves}
    spare = builds.budget.share(CHECKS, OF_CHECKS)
    fastest: Timed | None = best
    while fastest is not None:
        best, fastest = fastest, None
        for variant in near(best[1].variant):
            if variant.moves in tried:
                continue
            if _late(small, builds, spare):
                break
            tried.add(variant.moves)
            one = Contender(best[1].time, variant)
            seconds = _seconds(original.contest, original, one, tell)
            if seconds is not None and seconds < FINER * best[0]:
                fastest = seconds, one
                tell(f"  on the asked size {seconds:.3g} s: {_words(variant)}")
                yield fastest
                break
    if len(tried) > 1:
        tell(f"  other sizes of blocks and tiles tried there: {len(tried) - 1}")


def _time(timed: Timed) -> float:
    return timed[0]


def _late(small: Original, builds: Builds, spare: float = 0.0) -> bool:
    """What is left is needed to check and measure the best."""
    assert small.asked is not None
    return builds.budget.left < RUNS_OF_BEST * small.asked.seconds + spare


def _seconds(contest: Contest, original: Original, one: Contender, tell: Tell) -> float | None:
    """What it takes on the asked size; None where it is not right there."""
    builds = contest.builds
    try:
        accept = original.verifier.accepts(one.variant)
        return contest.once_seconds(contest.once(builds.build(one.variant), accept=accept))
    except (CompileError, Failed, CorrError) as error:
        tell(f"  on the asked size not right: {str(error).splitlines()[0]}: {_words(one.variant)}")
        return None


def _is_right(original: Original, one: Contender, tell: Tell) -> bool:
    """Its output on the asked size, with other memory than its own, is the original's."""
    binary = original.contest.builds.build(one.variant)
    checked = original.verifier.check(one.variant, binary, quick=True)
    if checked.outcome is not None:
        tell(f"  on the asked size not right: {checked.detail}: {_words(one.variant)}")
    return checked.outcome is None


def _words(variant: Variant) -> str:
    return variant.moves[-1].describe() if variant.moves else "original"
