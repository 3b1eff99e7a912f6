"""What of two runs the gate compares at all: to compare nothing is not to find nothing."""

from __future__ import annotations

from collections.abc import Iterator

from corr.check.facts import Facts
from corr.check.findings import FAILS, Finding
from corr.compare.difference import SIDES, Diff, LoopDiff, SideName

WHICH: dict[SideName, str] = {"a": "the baseline", "b": "the new run"}
#: Share of the baseline's time from which on a loop that the new run has not is spoken of.
SPOKEN_OF = 0.05


def nothing_compared(difference: Diff, facts: Facts) -> Iterator[Finding]:
    """A finding where no loop is in both runs, and the source is no reason for it."""
    matched = difference.matched
    if matched is None or matched.both:
        return
    programs = _two_programs(difference)
    if facts.placeless:
        whose = " and ".join(WHICH[side] for side in SIDES if side in facts.placeless)
        message = (
            f"nothing can be compared: no remark of {whose} names the place of a loop; build with"
            " line tables (-gline-tables-only, rustc -C debuginfo=1) and import the record again"
        )
    elif programs:
        message = (
            f"nothing can be compared: the runs are of two programs ({programs}), without a loop in"
            " common"
        )
    else:
        return
    yield Finding("nothing-compared", FAILS, "", None, None, message)


def not_compared(difference: Diff, gone: list[LoopDiff]) -> Iterator[str]:
    """What has to be said of what was left out; `gone` are hot loops that only the baseline has."""
    matched = difference.matched
    if matched is not None and (programs := _two_programs(difference)) and matched.both:
        yield (
            f"the runs are of two programs ({programs}): {matched.both} of the baseline's"
            f" {matched.a} loops are in both, and only those are compared"
        )
    if matched is not None and matched.a and not matched.both:
        yield f"none of the baseline's {matched.a} loops is in the new run"
    for loop in gone:
        share = loop.a.share or 0.0
        if share >= SPOKEN_OF:
            yield (
                f"{loop.key}, {share:.0%} of the baseline's time, is not in the new run: nothing of"
                " it is compared"
            )


def _two_programs(difference: Diff) -> str | None:
    """The names of two programs; None for one, or where a name is not known."""
    a, b = difference.a.program, difference.b.program
    return f"{a} and {b}" if a and b and a != b else None
