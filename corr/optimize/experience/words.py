"""Places of a kind of evidence, in words."""

from __future__ import annotations

from collections.abc import Sequence

from collectors.base.foreign_text import one_line
from corr.optimize.experience.seen import BOUND, REMARK

#: Programs that are named.
MOST_NAMED = 3
#: The places at which each kind of finding holds.
PLACES = {
    "aliasing": "loops whose stores may change what they read",
    "atomic": "loops with an atomic operation",
    "bits": "loops that take one bit at a time",
    "branch": "loops that branch on data",
    "call": "loops that call",
    "calls": "small functions that are called again and again",
    "container": "nodes of the standard library",
    "conversions": "loops that convert numbers to double and back",
    "copies": "objects that are copied or moved about",
    "dependence": "loops whose iterations wait for the one before",
    "dispatch": "interpreters",
    "division": "loops that divide",
    "early_exit": "loops that may be left from within",
    "exceptions": "exceptions that are thrown and caught",
    "false_sharing": "threads that write side by side",
    "float_order": "loops that wait for an addition",
    "indirect": "loops that read in the order of an index",
    "library": "time in a library",
    "long_double": "loops in long double",
    "memory": "loops that wait for memory",
    "narrow": "loops whose vectors are narrower than the machine's",
    "near_roof": "loops that are as quick as their instructions allow",
    "not_vectorised": "loops that are not vectorised",
    "overlap": "loops whose vectors are for other arrays",
    "page_faults": "time in the kernel for memory",
    "pointer_chase": "lists that are followed",
    "scan": "loops of running values",
    "setup": "programs that take their time outside what they time",
    "short_trips": "loops that turn a few times only",
    "shuffles": "loops whose vectors are rearranged",
    "spills": "loops that need more registers than there are",
    "store_forward": "loads that wait for a narrower store",
    "streams": "streams that are kept in step with C's",
    "stride": "loops that walk down columns",
    "subnormal": "loops over very small numbers",
    "system_calls": "time in system calls",
    "too_short": "runs too short to be sampled",
    "unknown": "places that no layer explains",
    "unoptimised": "files that are compiled without optimisation",
    "virtual_calls": "calls through pointers to several functions",
    "waiting": "threads that wait for one another",
    "widened": "loops whose narrow elements are widened",
}


def places(evidence: str) -> str:
    """Where a kind of evidence is seen."""
    if evidence.startswith(BOUND):
        return f"loops bound by {one_line(evidence.removeprefix(BOUND), 40)}"
    if evidence.startswith(REMARK):
        return f"loops with the remark {one_line(evidence.removeprefix(REMARK), 60)}"
    return PLACES.get(evidence, f"places of the kind {one_line(evidence, 40)}")


def programs(names: Sequence[str]) -> str:
    """Some programs by name, and how many there are besides."""
    named = ", ".join(one_line(name, 40) for name in names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named
