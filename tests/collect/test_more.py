"""A large program: what its collection leaves out, and has later, for the run that is there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from collectors.base.errors import CorrError
from collectors.base.toolchain import Toolchain
from corr.collect.built import LARGE
from corr.collect.more import add
from corr.collect.options import More
from corr.console.progress import Progress
from corr.lake.compact import compact
from corr.lake.sql import connect, rows
from corr.lake.store import Lake
from corr.program.counting import listed
from tests.support.command import Corr

#: Ten instructions of IR for each of these, that hardly run.
COLD = "\n".join(
    f"int cold{n}(int x) {{ for (int i = 0; i < 3; i++) x += x * {n} + i; return x; }}"
    for n in range(LARGE // 20)
)
MAIN = """\
#include <stdio.h>
static double hot(const double *a, int n) {
  double s = 0;
  for (int i = 0; i < n; i++)
    if (a[i] > 0.25) s += a[i];
  return s;
}
static double a[1000];
double far(int);
int main(void) {
  double s = 0;
  for (int i = 0; i < 1000; i++) a[i] = i * 1e-3;
  for (int k = 0; k < 100000; k++) { a[k % 1000] += 1e-9; s += hot(a, 1000); }
  printf("%g %g\\n", s, far(7));
  return 0;
}
"""
FAR = """\
#include "both.h"
extern inline double both(int);
double far(int n) { double s = 0; for (int i = 0; i < n; i++) s += i; return s + both(n); }
"""
#: Only the unit without hot code calls it; for the other, clang describes it as never run.
BOTH = """\
inline double both(int n)
{
  double s = 0;
  for (int i = 0; i < n; i++) s -= i;
  return s;
}
"""


@pytest.fixture(scope="module")
def folder(corr: Corr, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a program of two units; the hot loop is in one of them."""
    made = tmp_path_factory.mktemp("large")
    (made / "both.h").write_text(BOTH)
    (made / "large.c").write_text(MAIN + '#include "both.h"\n' + COLD)
    (made / "far.c").write_text(FAR)
    corr("collect", "large.c", "far.c", "--", "-O2", cwd=made)
    return made


@pytest.fixture
def lake(folder: Path, tmp_path: Path) -> Lake:
    """The same, to be changed."""
    shutil.copytree(folder, tmp_path / "copy")
    return Lake.open(tmp_path / "copy" / "data")


def asked(lake: Lake, query: str) -> list[dict[str, Any]]:
    return rows(connect(lake, [lake.find("last")]), query)


def told(lake: Lake, layer: str) -> list[str]:
    return [r["fix"] for r in asked(lake, f"FROM problems WHERE layer = '{layer}'")]


def trips(lake: Lake) -> dict[str, tuple[int | None, int | None]]:
    found = asked(lake, "SELECT loop_key, entries, iterations FROM trips")
    return {r["loop_key"]: (r["entries"], r["iterations"]) for r in found}


def test_what_is_costly_waits(folder: Path) -> None:
    lake = Lake.open(folder / "data")
    waiting = (("opcodes", "opcodes"), ("passes", "ir_changes"), ("cachegrind", "cachegrind"))
    for table, layer in waiting:
        assert asked(lake, f"SELECT count(*) AS n FROM {table}") == [{"n": 0}]
        assert any("--more" in fix for fix in told(lake, layer))


def test_the_simulation_would_need_another_build(folder: Path) -> None:
    lake = Lake.open(folder / "data")
    (said,) = asked(lake, "SELECT what FROM problems WHERE layer = 'cachegrind'")
    assert said["what"].endswith("and another build")


def test_hot_functions_count_exactly_and_others_not_at_all(folder: Path) -> None:
    counted = trips(Lake.open(folder / "data"))
    assert counted["hot/1"] == (100_000, 100_000_000)
    assert counted["main/2"] == (1, 100_000)
    assert counted["cold7/1"] == counted["far/1"] == counted["both/1"] == (None, None)


def test_what_does_not_count_is_not_said_to_have_run_never(folder: Path) -> None:
    lake = Lake.open(folder / "data")
    for table in ("execution", "execution_regions"):
        assert not asked(lake, f"FROM {table} WHERE file = 'both.h'")
    assert {r["function"] for r in asked(lake, "FROM execution_regions")} == {"main", "hot"}


def test_more_gives_what_a_full_collection_has(lake: Lake, tools: Toolchain) -> None:
    run = lake.find("last")
    before = {table: len(run.table(table) or ()) for table in ("samples", "remarks", "loops")}
    add(run, list(More)[:3], tools, lake, Progress())
    assert {table: len(run.table(table) or ()) for table in before} == before
    assert trips(lake)["hot/1"] == (100_000, 100_000_000)
    assert trips(lake)["far/1"] == (1, 7) and trips(lake)["cold7/1"] == (0, 0)
    assert trips(lake)["both/1"] == (1, 7)
    lines = asked(lake, "SELECT count FROM execution WHERE line = 5 AND file = 'large.c'")
    assert lines == [{"count": 100_000_000}]
    (opcodes,) = asked(lake, "SELECT count(DISTINCT function) AS n FROM opcodes")
    assert opcodes["n"] > LARGE // 20
    assert asked(lake, "SELECT 1 FROM ir_changes WHERE list_contains(loops, 'hot/1') LIMIT 1")
    for layer in ("opcodes", "execution"):
        assert not any("--more" in fix for fix in told(lake, layer))
    record = json.loads((run.folder / "run.json").read_text())
    (problems,) = asked(lake, "SELECT count(*) AS n FROM problems")
    assert record["problems"] == problems["n"]


def test_why_traces_the_passes_of_the_place_it_shows(lake: Lake, corr: Corr) -> None:
    where = lake.root.parent
    shown = corr("why", "hot/1", "--ir", cwd=where).stdout
    assert "on hot" in shown and "\n-" in shown and "\n+" in shown
    traced = asked(lake, "SELECT DISTINCT function FROM passes")
    assert [r["function"] for r in traced] == ["hot"]
    corr("why", "far/1", "--ir", cwd=where)
    traced = asked(lake, "SELECT DISTINCT function FROM passes ORDER BY function")
    assert [r["function"] for r in traced] == ["far", "hot"]
    assert any("--more" in fix for fix in told(lake, "ir_changes"))  # of all the others


def test_a_changed_source_is_not_mixed_in(lake: Lake, tools: Toolchain, corr: Corr) -> None:
    source = lake.root.parent / "far.c"
    run = lake.find("last")
    facts = json.loads((run.folder / "run.json").read_text())
    facts["root"] = str(source.parent)
    for unit in facts["sources"]:
        unit["directory"] = str(source.parent)
    (run.folder / "run.json").write_text(json.dumps(facts))
    source.write_text(FAR.replace("s += i", "s += 2 * i"))
    with pytest.raises(CorrError, match="changed since"):
        add(lake.find("last"), [More.passes], tools, lake, Progress())
    refused = corr("collect", "--more", "opcodes", "last", cwd=source.parent)
    assert refused.returncode == 1 and "far.c changed since" in refused.stderr


def test_a_compacted_run_is_left_as_it_is(lake: Lake, tools: Toolchain) -> None:
    compact(lake)
    with pytest.raises(CorrError, match="compacted"):
        add(lake.find("last"), [More.opcodes], tools, lake, Progress())


def test_a_list_names_functions_and_what_is_made_of_them() -> None:
    text = listed(["hot", "kernel.omp_outlined", "_Z1fv"])
    assert "function:hot=allow" in text and "function:kernel=allow" in text
    assert "function:kernel.*=allow" in text and "function:main=allow" in text
    assert text.endswith("default:skip\n") and ".omp_outlined" not in text
