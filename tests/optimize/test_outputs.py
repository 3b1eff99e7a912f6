"""Outputs compared: bits, last printed digits, and words that give no value away."""

from __future__ import annotations

import numpy as np
import pytest

from corr.optimize.judging.outputs import TOLERANCE, compare
from corr.optimize.judging.reports import sanitizer_report


def text(reference: str, candidate: str, tolerance: float | None = TOLERANCE) -> bool:
    return compare(reference.encode(), candidate.encode(), tolerance, dump=False).ok


def dump(**arrays: np.ndarray) -> bytes:
    return b"".join(
        f"{name} {a.dtype.str} {len(a)}\n".encode() + a.tobytes() for name, a in arrays.items()
    )


@pytest.mark.parametrize(
    ("reference", "candidate", "same"),
    [
        ("a 1.25\n", "a 1.25\n", True),
        ("0.12 7.46\n", "0.13 7.46\n", True),  # a unit of the last digit, far beyond 1e-6
        ("0.12 7.46\n", "0.14 7.46\n", False),
        ("1.2e-05\n", "1.3e-05\n", True),
        ("1.2e-05\n", "1.4e-05\n", False),
        ("1.2e+05 1.0\n", "1.3e+05 1.0\n", True),
        ("-0.00\n", "0.00\n", True),
        ("0.3333333333333333\n", "0.3333333334000000\n", True),  # within 1e-6
        ("0.3333333333333333\n", "0.3334333333333333\n", False),
        ("12\n", "13\n", False),  # a whole number is not rounded
        ("12 1.50\n", "12 1.51\n", True),
        ("x 1.5\n", "y 1.5\n", False),
        ("1.5\n", "1.5\n1.5\n", False),
        ("1.5\n", "nan\n", False),
        ("nan\n", "nan\n", True),
        ("inf 1.0\n", "inf 1.0\n", True),
        ("", "1.0\n", False),
        ("1.0\n", "", False),
        ("1e999\n", "2e999\n", True),  # both infinite as they are read
        ("0x1p3\n", "0x1p4\n", False),
    ],
)
def test_printed_numbers(reference: str, candidate: str, same: bool) -> None:
    assert text(reference, candidate) is same
    assert text(reference, candidate, None) is (reference == candidate)


def test_what_is_said_of_a_difference_holds_no_value() -> None:
    """A secret in place of a result, of an array's name, and behind the arrays."""
    secret = 0.31337313373133731337
    right = dump(C=np.array([1.0, 2.0]), D=np.array([3], np.int32))
    wrong = [
        dump(C=np.array([1.0, secret]), D=np.array([3], np.int32)),
        dump(C=np.array([1.0, 2.0]), D=np.array([31337], np.int32)),
        dump(hunter2=np.array([1.0, 2.0]), D=np.array([3], np.int32)),
        dump(C=np.array([1.0, 2.0])) + b"hunter2 <f8 31337\n",
        b"hunter2",
        dump(C=np.array([1.0, 2.0]), D=np.array([3], np.int32)) + b"hunter2",
    ]
    for candidate in wrong:
        found = compare(right, candidate, TOLERANCE, dump=True)
        assert not found.ok and found.detail
        assert not [w for w in ("31337", "hunter2", "0.313") if w in found.detail], found.detail
    found = compare(b"ok 1.0\n", b"ok 0.31337\nhunter2", TOLERANCE, dump=False)
    assert found.detail == "the output differs from line 1 on"


def test_where_and_how_much_is_said() -> None:
    right = dump(C=np.array([1.0, 4.0, 2.0]))
    found = compare(right, dump(C=np.array([1.0, 4.0, 2.4])), TOLERANCE, dump=True)
    assert found.detail == "C[2] differs, by 1e-01 of the largest"


@pytest.mark.parametrize(
    ("stderr", "said"),
    [
        (b"", ""),
        (b"==2==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x7d43 at pc 0x55 bp",
         "address sanitizer: heap-buffer-overflow"),
        (b"/x/a.c:2:58: runtime error: signed integer overflow: 2147483647 + 1 cannot",
         "undefined-behaviour sanitizer: signed integer overflow"),
        (b"runtime error: hunter2 31337", "undefined-behaviour sanitizer: an error"),
        (b"AddressSanitizer: hunter2", "address sanitizer: an error"),
        (b"hunter2 ERROR error: 31337", ""),
    ],
)  # fmt: skip
def test_a_sanitizer_s_report_is_told_in_our_words(stderr: bytes, said: str) -> None:
    assert sanitizer_report(stderr) == said
