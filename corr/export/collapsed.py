"""Collapsed stacks, the input of flamegraph.pl, inferno and most other flame graphs.

A line a stack: frames from the outermost on with `;` between them, a space, the samples.
"""

from __future__ import annotations

from collectors.base.foreign_text import visible
from corr.export.stacks import Profile


def collapsed(profile: Profile) -> str:
    """The stacks of a profile, a line each."""
    sums: dict[str, int] = {}
    for stack in profile.stacks:
        line = ";".join(_plain(frame.name) for frame in stack.frames)
        sums[line] = sums.get(line, 0) + stack.samples
    return "".join(f"{line} {count}\n" for line, count in sums.items())


def _plain(name: str) -> str:
    """A name that neither ends a line nor a frame."""
    return visible(name).replace(";", ":") or "[unknown]"
