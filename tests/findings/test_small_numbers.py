"""When numbers below the normal range are accused, on made-up rows."""

from __future__ import annotations

import pytest

from tests.support import kind_rows

#: What the processor was asked: whether there were any, and the times with and without.
NOT_ASKED, NONE, NO_GAIN, GAIN = None, (False, None, None), (True, 1.0, 0.98), (True, 1.0, 0.5)


@pytest.mark.parametrize(
    ("asked", "place", "expected"),
    [
        (GAIN, {}, 0.96),
        (GAIN, {"cycles": 1.0}, 0.96),  # the model has more than it takes: the division's
        (NO_GAIN, {"cycles": 20.0}, None),
        (NONE, {"cycles": 20.0}, None),
        (NOT_ASKED, {"cycles": 20.0, "lanes": 2}, 0.4),
        (NOT_ASKED, {"cycles": 6.0, "lanes": 2}, None),
        # what it stores the next iteration may load
        (NOT_ASKED, {"cycles": 20.0}, None),
        (NOT_ASKED, {"cycles": 20.0, "lanes": 2, "trip_count": 8.0}, None),
    ],
)
def test_they_are_accused_where_they_were_met(
    asked: tuple[bool, float, float] | None, place: dict[str, object], expected: float | None
) -> None:
    tables = kind_rows.opened()
    kind_rows.place(tables, **place)
    kind_rows.code(tables, {"kind": "arithmetic", "flops": 1})
    if asked is not None:
        seen, as_it_is, flushed = asked
        kind_rows.insert(tables, "subnormals", seen=seen, as_it_is=as_it_is, flushed=flushed)
    found = [round(float(row["strength"]), 3) for row in kind_rows.said(tables, "subnormal")]
    assert found == ([] if expected is None else [expected])
