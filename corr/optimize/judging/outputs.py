"""Are two outputs the same? Bit for bit, or within a relative tolerance that is stated.

What a difference is said to be names its place and its size, never a value that the candidate put
out: the words go to a model's server, and a hostile program would send by them what it read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from collectors.base.foreign_text import one_line
from collectors.sandbox.places import Entry
from corr.optimize.observed import STDERR, Observed

#: Relative error of a number, against the largest of its array, where reordering is allowed.
TOLERANCE = 1e-6
#: What the harness notes of each repetition: it tells bits apart, and cannot be off by a little.
DIGESTS = "repetitions.digests"
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_WHOLE = re.compile(rb"[-+]?\d+")
_NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf)")


@dataclass(frozen=True)
class Difference:
    """How two outputs differ; `error` is the largest relative error, 0 for equal bits."""

    ok: bool
    error: float | None
    detail: str = ""


def compare_observed(
    reference: Observed, candidate: Observed, tolerance: float | None, *, dump: bool
) -> Difference:
    """Compare all that counts of two runs: how they end, what they print, what they write."""
    if reference == candidate:
        return Difference(True, 0.0)
    if reference.status != candidate.status:
        what = f"it does not end with exit status {reference.status}, as the original does"
        return Difference(False, None, what)
    found = [
        compare(text, candidate.printed[name], tolerance, dump=dump and name != STDERR)
        for name, text in reference.printed.items()
    ]
    found += _files(reference.files, candidate.files, tolerance)
    bad = next((difference for difference in found if not difference.ok), None)
    errors = [difference.error or 0.0 for difference in found]
    return bad if bad is not None else Difference(True, max(errors, default=0.0))


def _files(
    reference: Mapping[str, Entry], candidate: Mapping[str, Entry], tolerance: float | None
) -> Iterator[Difference]:
    """Each file that either wrote; only the original's are named."""
    for name, entry in reference.items():
        shown, other = one_line(name, 80), candidate.get(name)
        if other is None:
            yield Difference(False, None, f"it does not write {shown}")
        elif other.kind != entry.kind:
            yield Difference(False, None, f"{shown} is no {entry.kind}")
        elif entry.kind != "file" or not is_text(entry.content):
            yield _bits(entry.content, other.content, shown)
        else:
            found = compare(entry.content, other.content, tolerance, dump=False)
            detail = found.detail.replace("the output", shown) if found.detail else ""
            yield replace(found, detail=detail)
    if candidate.keys() - reference.keys():
        yield Difference(False, None, "it writes files that the original does not write")


def is_text(content: bytes) -> bool:
    """Numbers may be read from it: it is UTF-8 without control characters, but for white space."""
    if _CONTROL.search(content):
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _bits(reference: bytes, candidate: bytes, name: str) -> Difference:
    """Binary files are equal, or they are not."""
    if reference == candidate:
        return Difference(True, 0.0)
    shorter = min(len(reference), len(candidate))
    one, other = (np.frombuffer(content, np.uint8, shorter) for content in (reference, candidate))
    unequal = one != other
    at = int(np.argmax(unequal)) if unequal.any() else shorter
    return Difference(False, None, f"{name} differs from byte {at} on")


def compare(
    reference: bytes | bytearray,
    candidate: bytes | bytearray,
    tolerance: float | None,
    *,
    dump: bool,
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


def _arrays(
    reference: bytes | bytearray, candidate: bytes | bytearray, tolerance: float | None
) -> Difference:
    try:
        ours, theirs = read_dump(reference), read_dump(candidate)
    except ValueError as reason:
        return Difference(False, None, f"not a dump: {reason}")
    if list(ours) != list(theirs):
        return Difference(False, None, f"other arrays than {', '.join(ours)}")
    worst, detail, whole = 0.0, "", False
    for name, expected in ours.items():
        found = theirs[name]
        if name == DIGESTS and tolerance is not None:
            continue  # the sums stand beside them
        if expected.dtype != found.dtype or expected.shape != found.shape:
            return Difference(False, None, f"{name} has another type or length")
        error, at = _relative(expected, found)
        if error > worst or (error and not detail):
            worst = max(worst, error)
            detail = f"{name}[{at}] differs, by {error:.0e} of the largest"
            if name == DIGESTS:
                first = int(np.argmax(expected != found)) // 2 + 1
                detail = f"the outputs of repetition {first} of {len(found) // 2} differ"
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
    one = expected.astype(float)
    gap = _gap(one, found.astype(float))
    at = int(np.argmax(gap))
    return float(gap[at]) / _scale(one), at


def _gap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Differences of numbers; two that are no numbers differ by nothing, one of them by all."""
    both_nan = np.isnan(one) & np.isnan(other)
    with np.errstate(invalid="ignore"):
        gap: np.ndarray = np.abs(one - other)
    gap[both_nan | (one == other)] = 0.0
    gap[np.isnan(gap)] = np.inf
    return gap


def _scale(numbers: np.ndarray) -> float:
    finite = np.abs(numbers[np.isfinite(numbers)])
    return float(finite.max() if len(finite) else 1.0) or 1.0


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
            raise ValueError(f"the array at byte {at} is cut short")
        arrays[words[0]] = np.frombuffer(content, kind, int(words[2]), end + 1)
        at = end + 1 + size
    return arrays


def _text(
    reference: bytes | bytearray, candidate: bytes | bytearray, tolerance: float | None
) -> Difference:
    """Text around the numbers must be the same, and whole numbers; others may be rounded.

    A printed number may be off by one unit of its last digit: both may have been rounded there.
    """
    if tolerance is None or _NUMBER.sub(b"#", reference) != _NUMBER.sub(b"#", candidate):
        return Difference(False, None, _first_line(reference, candidate))
    ours, theirs = _NUMBER.findall(reference), _NUMBER.findall(candidate)
    one, other = (np.array([float(n) for n in found]) for found in (ours, theirs))
    gap = _gap(one, other)
    scale = _scale(one)
    worst = 0.0
    for at, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if a == b:
            continue
        off = float(gap[at])
        if _WHOLE.fullmatch(a) or off > max(tolerance * scale, _unit(a), _unit(b)):
            return Difference(False, off / scale, _first_line(reference, candidate))
        worst = max(worst, off / scale)
    return Difference(True, worst)


def _unit(number: bytes) -> float:
    """One unit of a printed number's last digit, and a little for the way it is read."""
    mantissa, _, exponent = number.lower().partition(b"e")
    digits = len(mantissa.partition(b".")[2])
    try:
        return 1.0001 * 10.0 ** (int(exponent or 0) - digits)
    except (OverflowError, ValueError):
        return 0.0


def _first_line(reference: bytes | bytearray, candidate: bytes | bytearray) -> str:
    """Where texts begin to differ; never what stands there."""
    pairs = zip(reference.splitlines(), candidate.splitlines(), strict=False)
    line = next(
        (number for number, (a, b) in enumerate(pairs, 1) if a != b),
        min(reference.count(b"\n"), candidate.count(b"\n")) + 1,
    )
    return f"the output differs from line {line} on"
