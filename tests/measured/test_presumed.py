"""Counts of generated sources stand where their directives say."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa

from collectors.measured.execution import EXECUTION, EXECUTION_REGIONS
from collectors.measured.presumed import places, presumed
from tests.support.command import Corr

GENERATED = """/* made of scan.y */
#include <stdio.h>
#line 40 "scan.y"
long walk(long n) {
  long s = 0;
  for (long i = 0; i < n; i++)
    s = s * 3 + i;
  return s;
}
#line 10 "scan.c"
int main(void) {
  printf("%ld\\n", walk(30000000));
}
"""


def test_where_lines_are_presumed_to_be(tmp_path: Path) -> None:
    path = tmp_path / "scan.c"
    path.write_text(GENERATED + '# 7 "/abs/\\"odd\\".h" 1 3\nint x;\n#line 9\nint y;\n')
    found = places(path, tmp_path / "build")
    assert found[1] == (str(path), 2)
    assert found[3:5] == [(str(tmp_path / "build/scan.y"), n) for n in (40, 41)]
    assert found[10] == (str(tmp_path / "build/scan.c"), 10)
    assert found[14] == ('/abs/"odd".h', 7) and found[16] == ('/abs/"odd".h', 9)
    path.write_text("int x; /* #line 7 */\n#define A # 1\n")
    assert places(path, tmp_path) == [] == places(tmp_path / "none.c", tmp_path)


def test_lines_that_come_together_count_once(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_text('#line 5 "a.y"\nint a;\n#line 5 "a.y"\nint b;\nint c;\n')
    rows = [{"file": str(path), "line": n, "count": c} for n, c in ((2, 3), (4, 8), (5, None))]
    rows.append({"file": "/other.c", "line": 2, "count": 1})
    tables = {
        EXECUTION.name: pa.Table.from_pylist(rows, schema=EXECUTION.schema),
        EXECUTION_REGIONS.name: EXECUTION_REGIONS.empty(),
    }
    found = presumed(tables, {})[EXECUTION.name].to_pylist()
    made_of = str(tmp_path / "a.y")
    assert [(r["file"], r["line"], r["count"]) for r in found] == [
        (made_of, 5, 8),
        (made_of, 6, None),
        ("/other.c", 2, 1),
    ]


def test_a_loop_of_a_generated_file_is_counted(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "scan.c").write_text(GENERATED)
    (tmp_path / "scan.y").write_text("\n" * 41 + "for (long i = 0; i < n; i++)\n")
    done = corr("collect", "scan.c", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    asked = "SELECT loop, place, iterations FROM hotspots WHERE loop IS NOT NULL"
    (row,) = json.loads(corr("sql", asked, "--format", "json", cwd=tmp_path).stdout)
    assert row == {"loop": "walk/1", "place": "scan.y:42", "iterations": 30_000_000}
