"""A program whose loops walk memory in every way, and how tests read a summary's Markdown."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from markdown_it import MarkdownIt

from corr.lake.store import Lake, RunInfo

EVIL = "` `` ````\n# Injected heading\n<b>injected</b> | \x1b[31minjected\u202e"


WALKS = r"""
/* ```
# Injected heading of a comment
``` ```` <b>injected</b> */
static void walks(double *restrict out, const double (*restrict a)[128], const int *restrict at,
                  const double *restrict b, long rows, long step)
{
    for (long i = 0; i < rows; i++) /* `````injected */
        out[0] += a[i][5];
#pragma clang loop vectorize(disable) unroll(disable)
    for (long i = 0; i < rows; i++) {
        out[i] = b[at[i]]; // ~~~ ``` injected
    }
#pragma clang loop vectorize(disable) unroll(disable)
    for (long i = 0; i < rows; i++)
        out[i] += b[i * step];
}
extern double *p, *q; extern int *r; extern double (*s)[128];
int main(int argc, char **argv) { walks(p, s, r, q, argc, argc + 1); return 0; }
double *p, *q; int *r; double (*s)[128];
"""


def changed(lake: Lake, run: RunInfo, target: Path, **tables: Callable[[Any], Any]) -> RunInfo:
    """A copy of a run in a lake of its own, its rows passed through functions."""
    folder = target / "data" / "runs" / run.run_id
    shutil.copytree(run.folder, folder, ignore=shutil.ignore_patterns("artifacts"))
    shutil.copy(lake.root / "corr-lake.json", target / "data")
    for name, function in tables.items():
        path = folder / f"{name}.parquet"
        table = pq.read_table(path)
        made = [function(row) for row in table.to_pylist()]
        pq.write_table(pa.Table.from_pylist(made, table.schema), path)
    return Lake.open(target / "data").find(run.run_id)


def blocks(text: str) -> list[str]:
    """The contents of the fenced blocks."""
    return [t.content for t in MarkdownIt("commonmark").parse(text) if t.type == "fence"]


def table(text: str, first: str) -> list[dict[str, str]]:
    """The rows of the first aligned table whose first heading is `first`; right-aligned cells."""
    for block in blocks(text):
        lines = block.splitlines()
        if not lines[0].startswith(first):
            continue
        ends = [(m.group(), m.end()) for m in re.finditer(r"\S+(?: \S+)*", lines[0])]
        found = []
        for line in lines[1:]:
            name = line.split("  ")[0]
            cells = {m.end(): m.group() for m in re.finditer(r"\S+", line)}
            found.append({first: name} | {h: cells.get(end, "") for h, end in ends[1:]})
        return found
    raise AssertionError(f"no table of {first}")
