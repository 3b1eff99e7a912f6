"""The samples as a profile of speedscope (https://www.speedscope.app/file-format-schema.json)."""

from __future__ import annotations

from typing import Any

from corr import __version__
from corr.export.stacks import Frame, Kind, Profile

SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def speedscope(profile: Profile) -> dict[str, Any]:
    """One sampled profile; its weights are nanoseconds of CPU time, or cycles without a unit.

    The samples have no order in time: they stand from the hottest stack to the coldest.
    """
    numbers: dict[Frame, int] = {}
    samples = []
    weights = []
    for stack in profile.stacks:
        frames = [_box(frame) for frame in stack.frames]
        samples.append([numbers.setdefault(frame, len(numbers)) for frame in frames])
        weights.append(stack.period or stack.samples)
    sampled = {
        "type": "sampled",
        "name": f"{profile.program} ({profile.event})",
        "unit": "nanoseconds" if profile.in_ns else "none",
        "startValue": 0,
        "endValue": sum(weights),
        "samples": samples,
        "weights": weights,
    }
    return {
        "$schema": SCHEMA,
        "exporter": f"corr {__version__}",
        "name": profile.program,
        "activeProfileIndex": 0,
        "shared": {"frames": [_frame(frame) for frame in numbers]},
        "profiles": [sampled],
    }


def _box(frame: Frame) -> Frame:
    """A function is one box, whichever of its lines a sample fell on."""
    if frame.kind != Kind.function:
        return frame
    return Frame(frame.kind, frame.name, frame.file, origin=frame.origin)


def _frame(frame: Frame) -> dict[str, Any]:
    found: dict[str, Any] = {"name": frame.name}
    if frame.file:
        found["file"] = frame.file
    if frame.line:
        found["line"] = frame.line
    return found
