"""The view of loops that only a comparison of their index ends, on heads of loops as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.lake.sql import connect
from corr.lake.store import Lake

#: The text of a loop; its counter and whether it may wrap around. None: it is no such loop.
LOOPS = {
    "for (unsigned i = 0; i <= w; i += step) out[i] = in[i];": ("i", True),
    "for (idx i = 0; i <= w; i += step) out[i] = in[i];": ("i", True),
    "for (unsigned i = 0; i < n; i++) out[i] = in[i];": ("i", True),
    "for (int i = 0; i <= w; i += step) out[i] = in[i];": ("i", False),
    "for (size_t i = 0; i < n; ++i) { out[i] = in[i]; }": ("i", False),
    "for (idx i = 0; i < n; i++) out[i] = in[i];": ("i", False),
    "for (int i = 0; i < im->w; i++) im->data[i] *= 2;": ("i", False),
    "for (unsigned i = 0; i < n; i++) if (p[i] < 0) break;": None,
    "for (unsigned i = 0; i < n; i++) if (p[i] < 0) return i;": None,
    "for (unsigned i = 0; i < n; i++) { i += p[i]; }": None,
    "for (unsigned i = 0; i < n && p[i]; i++) s += p[i];": None,
    "for (unsigned i = 0; i < size(p); i++) s += p[i];": None,
    "for (int i = n; i; i = next[i]) s++;": None,
    "while (i < n) s += p[i++];": None,
}


@pytest.mark.parametrize("text", list(LOOPS))
def test_what_ends_a_loop(text: str, tmp_path: Path) -> None:
    connection = connect(Lake.open(tmp_path / "data", create=True), [])
    for table in ("loops", "source"):
        connection.execute(f"CREATE TEMP TABLE given AS SELECT * FROM {table}")
        connection.execute(f"ALTER TABLE given RENAME TO {table}")
    around = "for (int r = 0; r < 9; r++) "
    connection.execute(
        'INSERT INTO loops (run_id, key, file, line, "column", end_line)'
        " VALUES ('r', 'f/1', 'x.c', 3, ?, 3)",
        [len(around) + 1],
    )
    connection.execute(
        "INSERT INTO source (run_id, file, line, text) VALUES ('r', 'x.c', 3, ?)", [around + text]
    )
    found = connection.execute("SELECT counter, wraps FROM counted_loops").fetchall()
    connection.close()
    expected = LOOPS[text]
    assert found == ([] if expected is None else [expected])
