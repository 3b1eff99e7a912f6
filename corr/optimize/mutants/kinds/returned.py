"""A function returns another number: for hot functions without a loop, as recursive ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

from corr.optimize.mutants.kinds.stores import REAL, WHOLE, other
from corr.optimize.mutants.region import Mutation, Region

_RETURN = re.compile(rf"^  ret ({'|'.join((*REAL, *WHOLE))}) (\S+?)(,.*)?$")


def changed(region: Region) -> Iterator[Mutation]:
    """Each number that the function returns is another. What `main` returns is left alone."""
    if region.loops or region.function.known.name == "main":
        return
    for _, instruction in region.instructions():
        found = _RETURN.match(region.line(instruction.number))
        if found is not None:
            kind, value, rest = found.groups()
            if region.called and kind in WHOLE:
                continue
            new = [*other(kind, value, "%corr.value"), f"  ret {kind} %corr.value{rest or ''}"]
            edits = {instruction.number: new}
            yield Mutation(edits, instruction.number, "the value returned is changed")
