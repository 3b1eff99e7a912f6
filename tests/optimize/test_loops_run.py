"""New loops that never run are not what a gain is of: a trap in them shows whether they do."""

from __future__ import annotations

import pytest

from corr.optimize.judging.loops_run import trapped

OLD = "for (i = 0; i < n; i++)\n    a[i] = b[i];"


@pytest.mark.parametrize(
    ("new", "traps"),
    [
        (OLD, 0),
        ("{ for (int k = 0; k < n; k++) { a[k] = b[k]; } }", 1),
        (f"if (apart) {{ for (k = 0; k < n; k++) {{ a[k] = b[k]; }} }} else {{ {OLD} }}", 1),
        ("do { x(); } while (y); while (z) { x(); }", 2),
        ('/* for (;;) { } */ s = "for (;;) { }";', 0),
        ("for (;;) if (x) { y(); }", 0),
        ("for (int k = f({1, 2}); k < n; k++) { for (;;) { } }", 2),
    ],
)
def test_new_loops_have_traps(new: str, traps: int) -> None:
    found = trapped(OLD, new)
    assert found.count("__builtin_trap();") == traps
    assert found.replace(" __builtin_trap();", "") == new
