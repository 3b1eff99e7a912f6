"""The SQLite amalgamation, the large C program of the benchmarks, from the npm registry."""

from __future__ import annotations

from pathlib import Path

from bench.npm import CACHE, unpacked

PACKAGE = "better-sqlite3@12"
DRIVER = r"""
#include "sqlite3.h"
#include <stdio.h>
int main(void) {
  sqlite3 *db;
  if (sqlite3_open(":memory:", &db)) return 1;
  const char *work =
      "CREATE TABLE t (a INTEGER PRIMARY KEY, b, c); BEGIN;"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
      " INSERT INTO t SELECT i, (i * 7919) % 10007, 'x' || i FROM n; COMMIT;"
      "CREATE INDEX tb ON t (b); SELECT sum(a), count(DISTINCT c) FROM t WHERE b > 100;"
      "SELECT b, count(*) FROM t GROUP BY b ORDER BY 2 DESC LIMIT 5;";
  int failed = sqlite3_exec(db, work, 0, 0, 0) != SQLITE_OK;
  printf("%d\n", sqlite3_total_changes(db));
  sqlite3_close(db);
  return failed;
}
"""


def fetch() -> Path:
    """A folder with sqlite3.c, sqlite3.h and driver.c, fetched once with `npm pack`."""
    folder = CACHE / "sqlite"
    if not (folder / "driver.c").exists():
        unpacked(PACKAGE, (f"deps/sqlite3/{name}" for name in ("sqlite3.c", "sqlite3.h")), folder)
        (folder / "driver.c").write_text(DRIVER)
    return folder
