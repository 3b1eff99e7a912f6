"""Expanded scalars that need no memory: each value is used where it was computed, and nowhere else.

A scalar that a loop's body computes for itself has an element for each iteration, so that no order
is forbidden for its sake. Where all statements that use it stay together, the element is a variable
of the body, one for each place of a block and lane of a vector.
(Array contraction: Lefebvre and Feautrier, Parallel Computing 24, 1998; Alias, Baray and Darte,
LCTES 2007.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corr.polyhedral.scop import Scop
from corr.polyhedral.syntax import Branch, Loop, Node, Step


def contracted(scop: Scop, nodes: Sequence[Node]) -> set[str]:
    """The arrays of which every body that names one has all uses, of the same iteration."""
    perhaps = {s.target.array for s in scop.statements if s.guard is not None}
    found = {name: _users(scop, name) for name in sorted(scop.transient - perhaps)}
    for steps in bodies(nodes):
        for name, users in list(found.items()):
            here = [step for step in steps if step.statement.name in users]
            if not here:
                continue
            loops = here[0].statement.loops
            places = {
                tuple(tuple(sorted(step.arguments[loop].items())) for loop in loops)
                for step in here
            }
            if len(here) != len(users) or len(places) != 1:
                del found[name]
    return set(found)


def _users(scop: Scop, array: str) -> set[str]:
    return {s.name for s in scop.statements if any(a.array == array for a in s.accesses)}


def bodies(nodes: Sequence[Node]) -> Iterator[list[Step]]:
    """The statements that are written one after another, with nothing between them."""
    for group in grouped(nodes):
        if isinstance(group, list):
            yield group
        elif isinstance(group, Branch):
            yield from bodies(group.then)
            yield from bodies(group.otherwise)
        else:
            yield from bodies(group.body)


def grouped(nodes: Sequence[Node]) -> Iterator[list[Step] | Loop | Branch]:
    """Loops and branches, and the statements between them together."""
    steps: list[Step] = []
    for node in nodes:
        if isinstance(node, Step):
            steps.append(node)
            continue
        if steps:
            yield steps
        steps = []
        yield node
    if steps:
        yield steps
