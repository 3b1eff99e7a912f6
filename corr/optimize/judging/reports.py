"""What a sanitizer found, in words of our own: its report comes out of a hostile program's stderr.

compiler-rt/lib/asan/asan_errors.h and lib/ubsan/ubsan_checks.inc have the kinds. Whatever else
stands in a report (addresses, values, names) may be what the program chose to print there.
"""

from __future__ import annotations

import re

_ADDRESS = (
    *("heap-buffer-overflow", "stack-buffer-overflow", "global-buffer-overflow"),
    *("dynamic-stack-buffer-overflow", "stack-buffer-underflow", "container-overflow"),
    *("heap-use-after-free", "stack-use-after-return", "stack-use-after-scope"),
    *("use-after-poison", "intra-object-overflow", "attempting double-free"),
    *("attempting free on address which was not malloc()-ed", "alloc-dealloc-mismatch"),
    *("stack-overflow", "negative-size-param", "calloc-overflow", "allocation-size-too-big"),
    *("out-of-memory", "param-overlap", "SEGV", "FPE", "ILL", "BUS"),
)
_UNDEFINED = (
    *("signed integer overflow", "unsigned integer overflow", "division by zero"),
    *("shift exponent", "left shift of", "out of bounds", "misaligned address", "null pointer"),
    *("applying non-zero offset", "pointer index expression", "insufficient space"),
    *("execution reached", "is outside the range", "not a valid value", "negation of"),
    *("variable length array bound", "non-null", "incorrect function type", "alignment"),
)
_LINE = re.compile(rb"(AddressSanitizer: |runtime error: )([^\n]{0,300})")


def sanitizer_report(stderr: bytes) -> str:
    """The first report in a program's stderr, as the kind that it is of; empty without one."""
    found = _LINE.search(stderr)
    if found is None:
        return ""
    address = found[1].startswith(b"Address")
    text = found[2].decode("ascii", "replace")
    kind = next((kind for kind in (_ADDRESS if address else _UNDEFINED) if kind in text), "")
    name = "address sanitizer" if address else "undefined-behaviour sanitizer"
    return f"{name}: {kind or 'an error'}"


def first_error(message: str) -> str:
    """The line of a compiler's report that says what is wrong."""
    lines = [x for x in message.splitlines() if "error:" in x] or message.splitlines()
    return lines[0].strip()
