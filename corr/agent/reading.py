"""Tools that only read: each asks the lake anew, and answers within a number of tokens."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import duckdb

from collectors.base.errors import UsageError
from corr.agent.budget import fitting, plain
from corr.agent.results import Answer, Difference, Explanation, Facts, Gate, Page, Text
from corr.findings.of_run import LEAST_SHARE, Finding, about, answers, of_run
from corr.lake import called_from, names, resolve_in_sql
from corr.lake.sql import ask, connect, query
from corr.lake.store import Lake, RunInfo
from corr.summary.budget import LEAST_BUDGET, tokens
from corr.system.config import CheckSettings
from corr.why import resolve, why

#: Seconds that a statement may take.
LONGEST_QUERY = 30.0
#: What can be cut to a page; anything else is asked as it is, and refused where it would change.
_PAGED = re.compile(r"\s*\(*\s*(SELECT|FROM|WITH|VALUES|DESCRIBE|SHOW)\b", re.IGNORECASE)


def runs(lake: Lake, offset: int, limit: int) -> Page:
    """The runs, newest first."""
    listed = [
        {"run": name, **{key: entry.facts.get(key) for key in _OF_RUN}}
        for name, entry in reversed(lake.listing().items())
        if entry is not None
    ]
    return page(listed[offset : offset + limit + 1], offset, limit, 4000)


_OF_RUN = ("program", "label", "kind", "started", "flags", "wall", "kernel_seconds", "problems")


def hotspots(lake: Lake, run: str, offset: int, limit: int, most: int) -> Page:
    """Loops, hottest first."""
    info = lake.find(run)
    found = ask(lake, "FROM hotspots LIMIT ? OFFSET ?", [limit + 1, offset], [info])
    return page(found.to_pylist(), offset, limit, most, info.run_id)


def sql(lake: Lake, statement: str, run: str | None, offset: int, limit: int, most: int) -> Page:
    """The rows of one SELECT, a page of them. Raises UsageError for anything else."""
    info = [lake.find(run)] if run else None
    asked = statement.strip().rstrip(";")
    if _PAGED.match(asked):
        asked = f"FROM ({asked}\n) LIMIT {limit + 1:d} OFFSET {offset:d}"
    connection = connect(lake, info)
    late = threading.Timer(LONGEST_QUERY, connection.interrupt)
    late.start()
    try:
        resolve_in_sql.define(connection, asked)
        found = query(connection, asked).to_pylist()
    except duckdb.InterruptException as error:
        raise _too_long() from error
    except UsageError as error:
        if "interrupt" in error.message.lower():
            raise _too_long() from error
        raise
    finally:
        late.cancel()
        connection.close()
    return page(found[: limit + 1], offset, limit, most, info[0].run_id if info else None)


def _too_long() -> UsageError:
    return UsageError(
        f"the statement took more than {LONGEST_QUERY:.0f} s and was ended",
        "join on run_id and loop, and narrow it by run=",
    )


def page(
    rows: Sequence[dict[str, Any]], offset: int, limit: int, most: int, run: str | None = None
) -> Page:
    """The rows (one more than a page, where there are more) cut to limit and tokens."""
    kept = fitting(rows[:limit], most)
    more = len(rows) > len(kept)
    note = (
        "cut to the number of tokens; ask on with next_offset" if len(kept) < limit and more else ""
    )
    return Page(kept, offset, offset + len(kept) if more else None, run, note)


def answer(finding: Finding) -> Answer:
    """A finding as a tool answers it."""
    found = plain(finding.to_json())
    names = Answer.__dataclass_fields__.keys()
    return Answer(**{name: found[name] for name in names})


def explain(lake: Lake, run: str, place: str | None, everything: bool, limit: int) -> Explanation:
    """The answer first. Raises UsageError for a place that the run knows nothing of."""
    info = lake.find(run)
    found = of_run(lake, info, 0.0 if place else LEAST_SHARE)
    if place:
        with contextlib.closing(connect(lake, [info])) as connection:
            resolved = resolve(connection, place)
            called = called_from.hot_places(connection, resolved.caller())
            written = names.written(connection, resolved.functions)
            found = about(found, resolved.loops, place, written, called)
    chosen = answers(found, limit)
    shown = {f.id for f in chosen}
    listed = [f for f in found if f.id in shown] if everything else list(chosen)
    return Explanation(info.run_id, info.facts.program, [answer(f) for f in listed])


def place(lake: Lake, run: str, where: str) -> Facts:
    """Everything that every layer knows of a place."""
    info = lake.find(run)
    with contextlib.closing(connect(lake, [info])) as connection:
        return Facts(info.run_id, where, plain(why(connection, where)))


def source(lake: Lake, run: str, where: str, context: int) -> Text:
    """The lines of a place as they were compiled, each with its share of the time."""
    info = lake.find(run)
    with contextlib.closing(connect(lake, [info])) as connection:
        facts = why(connection, where)
        lines = facts["source"]
        if not lines:
            raise UsageError(f"the run has no source of {where}", "collect it where its files are")
        first, last, file = lines[0]["line"], lines[-1]["line"], lines[0]["file"]
        around = query(
            connection,
            "SELECT s.line, s.text, h.share FROM source s LEFT JOIN (SELECT file, line,"
            " sum(count) / (SELECT sum(count) FROM samples) AS share FROM samples GROUP BY ALL) h"
            " USING (file, line) WHERE s.file = ? AND s.line BETWEEN ? AND ? ORDER BY s.line",
            [file, first - context, last + context],
        ).to_pylist()
    told = [f"{file}"]
    for row in around[:400]:
        share = f"{100 * row['share']:5.1f}%" if row["share"] else " " * 6
        told.append(f"{share} {row['line']:5d}|{row['text']}")
    text = "\n".join(told)
    return Text(info.run_id, text, tokens(text))


def summary(lake: Lake, run: str, budget: int, level: str) -> Text:
    """The profile of a run as Markdown."""
    from corr.summary.summarise import summarise

    info = lake.find(run)
    found = summarise(lake, info, budget=max(budget, LEAST_BUDGET), level=level)
    return Text(info.run_id, found.text, found.tokens)


def diff(lake: Lake, a: str, b: str, limit: int) -> Difference:
    """Two runs, loop by loop, with why."""
    from corr.compare.diff import diff as compare

    one, other = lake.find(a), lake.find(b)
    found = compare(lake, one, other)
    changed = [loop for loop in found.loops if loop.changed]
    total = plain(found.total.to_json()) if found.total else None
    listed = fitting([loop.to_json() for loop in changed[:limit]], 6000)
    return Difference(one.run_id, other.run_id, total, listed, len(changed) - len(listed))


def check(lake: Lake, baseline: str, new: str) -> Gate:
    """Whether the new run lost an optimisation or is slower; its times are not taken again."""
    from corr.check.facts import gather
    from corr.check.rules import check as judge
    from corr.compare.diff import diff as compare

    pair = lake.find(baseline), lake.find(new)
    executed = all(run.facts.wall is not None for run in pair)
    difference = compare(lake, *pair, explain=False)
    facts = gather(lake, pair, difference, remarks_only=not executed)
    report = judge(difference, CheckSettings(), facts, remarks_only=not executed)
    listed = fitting([asdict(finding) for finding in report.findings], 4000)
    a, b = pair
    return Gate(a.run_id, b.run_id, not report.failing, listed, list(report.notes))


def known(lake: Lake, run: str) -> RunInfo:
    """A run by any of its names. Raises UsageError."""
    return lake.find(run)
