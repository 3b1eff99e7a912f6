"""What did not happen in the hot loops, as findings: for an editor's list of problems and SARIF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from corr.check.findings import FAILS, NOTE, Finding
from corr.check.formats import gcc as gcc_lines
from corr.check.formats import plain
from corr.lake.sql import connect, rows
from corr.lake.store import Lake, RunInfo

#: Remarks of `missed` from this weight on are rarely why a loop is slow.
RARELY = 9
#: A loop without a sample counts where the run has no samples at all.
REMARKS_SQL = """\
WITH hot AS (
    SELECT loop, share FROM sample_shares WHERE loop IS NOT NULL AND share >= $1
    UNION ALL
    SELECT key AS loop, NULL AS share FROM loops WHERE NOT EXISTS (FROM samples)
), said AS (
    SELECT w.loop, w.file, w.line, w."column", w.pass, w.name, w.words, w.tag,
           sum(w.count)::BIGINT AS count, min(m.weight) AS weight
    FROM remark_words w LEFT JOIN missed m
      ON m.run_id = w.run_id AND m.loop = w.loop AND m.pass = w.pass AND m.name = w.name
     AND m.words = w.words AND m.line IS NOT DISTINCT FROM w.line
    WHERE w.tag = 'Passed' OR m.weight IS NOT NULL
    GROUP BY w.loop, w.file, w.line, w."column", w.pass, w.name, w.words, w.tag
)
SELECT s.*, h.share, l.file AS loop_file, l.line AS loop_line, l."column" AS loop_column
FROM said s JOIN hot h USING (loop) LEFT JOIN loops l ON l.key = s.loop
WHERE $2 OR s.weight < $3
ORDER BY h.share DESC NULLS LAST, s.loop, s.weight NULLS LAST, s.file, s.line, s."column", s.pass,
         s.name, s.words"""
TABLES = ("sample_shares", "samples", "loops", "remark_words", "missed")


def findings(lake: Lake, run: RunInfo, *, share: float, everything: bool = False) -> list[Finding]:
    """Remarks of the loops with at least this share of the samples, the hottest loop first.

    Of a run without samples every loop counts. What most often costs time is a warning; with
    `everything` the rest and what was done come too, as notes.
    """
    connection = connect(lake, [run], TABLES)
    try:
        listed = rows(connection, REMARKS_SQL, share, everything, RARELY)
    finally:
        connection.close()
    return [_finding(row) for row in listed]


def _finding(row: Mapping[str, Any]) -> Finding:
    # a remark without a place stands at its loop
    placed = bool(row["file"] and row["line"])
    file, line, column = (
        (row["file"], row["line"], row["column"])
        if placed
        else (row["loop_file"], row["loop_line"], row["loop_column"])
    )
    costs = row["weight"] is not None and row["weight"] < RARELY
    share = f", {100 * row['share']:.1f} % of the time" if row["share"] is not None else ""
    return Finding(
        plain(f"{row['pass']}/{row['name']}"),
        FAILS if costs else NOTE,
        row["loop"],
        file,
        line,
        f"{row['words']}{share}",
        column or None,
        detail=f"{row['words']}\0{file}\0{line}\0{column}",
        evidence={"tag": row["tag"], "share": row["share"], "count": row["count"]},
    )


def gcc(findings: Sequence[Finding], run: RunInfo, folder: str, out: TextIO) -> None:
    """`file:line:column: warning: message (loop) [pass/Remark]`, as compilers write and editors
    read it; files are named from `folder` where they lie below it, else from the root.
    """
    import os
    from dataclasses import replace

    root = run.facts.root or ""

    def named(file: str | None) -> str | None:
        if not file:
            return file
        path = os.path.normpath(os.path.join(root, file))
        below = os.path.relpath(path, folder)
        return path if below.startswith("..") else below

    gcc_lines((replace(finding, file=named(finding.file)) for finding in findings), out)
