"""`corr check` on executed runs: slow-downs, measured again, and what it does without times."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from corr.lake.run_ids import new_run_id
from tests.support.check_runs import collect, found, invoke

pytestmark = pytest.mark.timed

SLOW = """\
#include <stdio.h>
static float a[4096], b[4096];
static int x[4096];
__attribute__((noinline)) double hot(int n) {
  double s = 1;
#ifdef TWICE
  n *= 3;
#endif
  for (int i = 0; i < n; i++) s = s * 0.5 + 1.0 / (s + i);
  return s;
}
#ifdef TWICE
#define restrict
#endif
__attribute__((noinline)) void cold(int n, float *restrict o, const float *restrict v, const int *restrict at) {
  for (int i = 0; i < n; i++) {
    float t = v[at[i]];
    o[i] = ((t * t + 3.0f) * t + 1.0f) * t + t / (t + 2.0f);
  }
}
int main(void) { cold(4096, a, b, x); printf("%g %g\\n", hot(9000000), a[7]); }
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory, corr) -> Path:
    """Two executed runs: the second does the hot work three times and loses vectors in cold code."""
    folder = tmp_path_factory.mktemp("slow")
    (folder / "slow.c").write_text(SLOW)
    collect(corr, folder, "slow.c", "base", run=True)
    collect(corr, folder, "slow.c", "slow", "-DTWICE", run=True)
    return folder


def test_slower(executed: Path) -> None:
    rows = found(executed, "base", "slow", code=1)
    assert {rule for rule, *_ in rows} == {"slower"}, "what is cold does not count"
    assert {loop for _, loop, _ in rows} >= {"hot/1"}
    assert any("the whole program is slower" in message for *_, message in rows)
    again = invoke("base", "slow", cwd=executed)
    assert "note: the slow-down was measured again, in turn" in again.stderr
    # the limit is the user's, and so is what is hot
    assert found(executed, "base", "slow", "--threshold", "9", code=0) == []
    cold = found(executed, "base", "slow", "--threshold", "9", "--hot-share", "0", code=1)
    assert [row[:2] for row in cold] == [("lost-vectorization", "cold/1")]


def test_a_slow_down_by_a_busy_machine_is_measured_again(executed: Path) -> None:
    """The baseline's times made three times shorter: the same binary, so no slow-down."""
    from corr.lake.store import Lake

    opened = Lake.open(executed / "data")
    run = opened.find("base")
    quick = new_run_id()
    shutil.copytree(run.folder, run.folder.with_name(quick))
    try:
        facts = json.loads((run.folder / "run.json").read_text()) | {"label": "quick"}
        (opened.runs / quick / "run.json").write_text(json.dumps(facts | {"run_id": quick}))
        for path in (opened.runs / quick).glob("*.parquet"):
            table = pq.read_table(path)
            ids = pa.array([quick] * len(table), pa.string())
            table = table.set_column(0, "run_id", ids)
            if path.name == "timings.parquet":
                wall = pc.divide(table["wall"], 3)
                table = table.set_column(table.schema.get_field_index("wall"), "wall", wall)
            pq.write_table(table, path)
        assert found(executed, "quick", "base", "--no-remeasure", code=1)
        assert found(executed, "quick", "base", code=0) == []
    finally:
        shutil.rmtree(opened.runs / quick)


def test_remarks_only_sees_no_time_and_knows_what_the_baseline_found_hot(executed: Path) -> None:
    assert found(executed, "base", "slow", "--remarks-only", code=0) == []
    args = ("base", "slow", "--remarks-only", "--hot-share", "0", "--format", "json")
    first, second = (invoke(*args, cwd=executed).stdout for _ in range(2))
    assert first == second and '"share"' not in first and "cold/1" in first
