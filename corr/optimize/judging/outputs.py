"""Are two outputs the same? Bit for bit, or within a relative tolerance that is stated."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

#: Relative error of a number, against the largest of its array, where reordering is allowed.
TOLERANCE = 1e-6
_WHOLE = re.compile(rb"[-+]?\d+")
_NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf)")


@dataclass(frozen=True)
class Difference:
    """How two outputs differ; `error` is the largest relative error, 0 for equal bits."""

    ok: bool
    error: float | None
    detail: str = ""


def compare(
    reference: bytes, candidate: bytes | bytearray, tolerance: float | None, *, dump: bool
) -> Difference:
    """Compare a candidate's output with the reference's; `tolerance` None: equal bits.

    A dump holds arrays (see kernels/corr_harness.h); anything else is text, in which numbers may
    differ by the tolerance and nothing else may. Whole numbers never may.
    """
    if reference == candidate:
        return Difference(True, 0.0)
    if dump:
        return _arrays(reference, candidate, tolerance)
    return _text(reference, candidate, tolerance)


def _arrays(reference: bytes, candidate: bytes | bytearray, tolerance: float | None) -> Difference:
    try:
        ours, theirs = read_dump(reference), read_dump(candidate)
    except ValueError as reason:
        return Difference(False, None, f"not a dump: {reason}")
    if list(ours) != list(theirs):
        return Difference(False, None, f"arrays {list(theirs)} where {list(ours)} were expected")
    worst, detail, whole = 0.0, "", False
    for name, expected in ours.items():
        found = theirs[name]
        if expected.dtype != found.dtype or expected.shape != found.shape:
            return Difference(False, None, f"{name} has another type or length")
        error, at = _relative(expected, found)
        if error > worst or (error and not detail):
            worst = max(worst, error)
            detail = f"{name}[{at}]: {found[at]!r} where {expected[at]!r} was expected"
        whole = whole or bool(error and expected.dtype.kind == "i")
    if not detail:
        what = "equal numbers in other bits (NaN or a zero's sign)"
        return Difference(True, 0.0) if tolerance is not None else Difference(False, None, what)
    ok = tolerance is not None and worst <= tolerance and not whole
    return Difference(ok, worst, "" if ok else detail)


def _relative(expected: np.ndarray, found: np.ndarray) -> tuple[float, int]:
    """The largest difference over the array's largest magnitude, and where it is."""
    if not len(expected):
        return 0.0, 0
    one, other = expected.astype(float), found.astype(float)
    both_nan = np.isnan(one) & np.isnan(other)
    with np.errstate(invalid="ignore"):
        gap = np.abs(one - other)
    gap[both_nan | (one == other)] = 0.0
    gap[np.isnan(gap)] = np.inf
    finite = np.abs(one[np.isfinite(one)])
    scale = float(finite.max()) if len(finite) else 1.0
    at = int(np.argmax(gap))
    return float(gap[at]) / (scale or 1.0), at


def read_dump(content: bytes | bytearray) -> dict[str, np.ndarray]:
    """The arrays of a dump by name. Raises ValueError for anything else."""
    arrays: dict[str, np.ndarray] = {}
    at = 0
    while at < len(content):
        end = content.find(b"\n", at, at + 200)
        words = content[at:end].decode("ascii", "replace").split() if end >= 0 else []
        if len(words) != 3 or words[1] not in ("<f8", "<i4") or not words[2].isdigit():
            raise ValueError(f"no array at byte {at}")
        kind = np.dtype(words[1])
        size = int(words[2]) * kind.itemsize
        if end + 1 + size > len(content):
            raise ValueError(f"{words[0]} is cut short")
        arrays[words[0]] = np.frombuffer(content, kind, int(words[2]), end + 1)
        at = end + 1 + size
    return arrays


def _text(reference: bytes, candidate: bytes | bytearray, tolerance: float | None) -> Difference:
    line = next(
        (
            number
            for number, (a, b) in enumerate(
                zip(reference.splitlines(), candidate.splitlines(), strict=False), 1
            )
            if a != b
        ),
        min(reference.count(b"\n"), candidate.count(b"\n")) + 1,
    )
    where = f"the output differs from line {line} on"
    if tolerance is None or _NUMBER.sub(b"#", reference) != _NUMBER.sub(b"#", candidate):
        return Difference(False, None, where)
    words = [_NUMBER.findall(text) for text in (reference, candidate)]
    if any(a != b and _WHOLE.fullmatch(a) for a, b in zip(*words, strict=True)):
        return Difference(False, None, where)
    ours, theirs = (np.array([float(n) for n in found]) for found in words)
    error, _ = _relative(ours, theirs)
    return Difference(error <= tolerance, error, "" if error <= tolerance else where)
