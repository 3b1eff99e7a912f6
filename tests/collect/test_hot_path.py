"""A loop that holds another, hardly entered, is modelled by the way that its passes take."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.lake.sql import connect, rows
from corr.lake.store import Lake
from tests.support.command import Corr

PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
enum { N = 4096 };
static unsigned next[N], key[N];
static unsigned text[N];
__attribute__((noinline)) static unsigned walk(unsigned at, unsigned wanted, unsigned turns) {
  unsigned found = 0;
  for (unsigned t = 0; t < turns; t++) {
    at = next[at];
    if (key[at] == wanted) {
      for (unsigned k = 0; k < at % 64; k++)
        found += text[(at + k) % N] ^ found << 3;
      found += at * 17 ^ t;
    }
  }
  return found;
}
int main(void) {
  for (unsigned i = 0; i < N; i++)
    next[i] = (i * 5 + 1) % N, key[i] = i % 1000, text[i] = i * i;
  printf("%u\\n", walk(1, 7, 60000000));
  return 0;
}
"""


def test_a_loop_round_another_is_modelled(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "walk.c").write_text(PROGRAM)
    done = corr("collect", "walk.c", "--no-cachegrind", "--", "-O2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lake = Lake.open(tmp_path / "data")
    connection = connect(lake, [lake.find("last")])
    (found,) = rows(
        connection,
        "SELECT l.innermost, l.instructions AS whole, m.instructions, m.cycles_per_iteration,"
        " m.bound FROM machine_loops l JOIN mca m USING (run_id, machine_loop)"
        " WHERE l.loop = 'walk/1' ORDER BY l.samples DESC LIMIT 1",
    )
    assert not found["innermost"]
    assert found["instructions"] <= 12 < found["whole"]
    assert found["cycles_per_iteration"] == pytest.approx(5, abs=3)
    # the rows of instructions stay one an address
    (twice,) = rows(
        connection,
        "SELECT count(*) - count(DISTINCT address) AS more FROM mca_instructions",
    )
    assert twice["more"] == 0
    (place,) = rows(
        connection, "SELECT branches, instructions FROM hot_places WHERE loop = 'walk/1'"
    )
    assert place["instructions"] == found["instructions"]
