"""Directives for single hot loops, from what their remarks and the machine model say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from corr.lake.sql import ask
from corr.optimize.inputs import outside_kernel
from corr.optimize.moves.pragma import Pragma
from corr.optimize.proposal import Proposal, Situation

#: Loops looked at, and the share of the time from which one counts.
MOST_LOOPS = 4
LEAST_SHARE = 0.05


def proposals(situation: Situation) -> Iterator[Proposal]:
    """Unrolling, interleaving and vector width for hot innermost loops, one at a time.

    Their lines are those of the program that was measured; the best may be another by now.
    """
    measured = situation.measured or situation.best
    query = """
        SELECT loop, place, share, vector, unroll FROM hotspots
        WHERE place IS NOT NULL AND loop IS NOT NULL AND share >= ?
        ORDER BY share DESC LIMIT ?
    """
    found = ask(situation.lake, query, (LEAST_SHARE, MOST_LOOPS), [situation.run]).to_pylist()
    outside = outside_kernel(situation.best.program)
    for row in found:
        if row["loop"].rpartition("/")[0] in outside:
            continue
        file, _, line = row["place"].rpartition(":")
        for directive, reason in _directives(row):
            yield Proposal(
                (Pragma(file, int(line), (f"#pragma clang loop {directive}",)),),
                reason,
                "rules",
                1.05,
                row["loop"],
                shown=measured,
                trusted=True,
            )


def _directives(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if row["vector"]:
        yield "interleave_count(4)", "vectorised, but with few chains in flight"
        yield "vectorize_width(4)", "a narrower vector has less left over at the end"
        return
    yield "unroll_count(4)", "four iterations at once leave room for the scheduler"
    if row["unroll"]:
        yield "unroll(disable)", "unrolled by the compiler: spills, or short trips"
    else:
        yield "unroll_count(8)", "eight iterations at once"
