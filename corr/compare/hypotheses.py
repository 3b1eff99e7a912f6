"""Why a loop changed: each rule is a file of queries/hypotheses, a query over the comparison.

A file opens with `-- says:`, `-- refuted-by:`, `-- source:` and perhaps `-- confirm:` (flags that
switch the suspected cause off in the build that has it, after `a:` or `b:`). Its query returns
`loop`, `strength` (0 to 1) and `evidence` (a list of texts, each naming its table), and may
return values that the `says` text names in braces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from collectors.base.errors import CorrError
from corr.compare.difference import Hypothesis
from corr.system.shipped_files import shipped

_HEADER = re.compile(r"^-- (says|refuted-by|source|confirm): (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Rule:
    """A hypothesis that the comparison may support."""

    name: str
    says: str
    refuted_by: str
    source: str
    confirm: str | None
    sql: str


def rules() -> Iterator[Rule]:
    """The rules that ship with corr, in the order of their names."""
    for path in sorted((shipped("queries") / "hypotheses").glob("*.sql")):
        text = path.read_text()
        header = dict(_HEADER.findall(text))
        yield Rule(
            path.stem,
            header["says"],
            header["refuted-by"],
            header["source"],
            header.get("confirm"),
            text,
        )


def explain(
    connection: duckdb.DuckDBPyConnection, loops: Iterable[str]
) -> dict[str, tuple[Hypothesis, ...]]:
    """The hypotheses of each of these loops, strongest first. Raises CorrError for a broken rule.

    `connection` has the tables of queries/diff, and `diff_times` with what the times say.
    """
    by_loop: dict[str, list[Hypothesis]] = {key: [] for key in loops}
    connection.execute(
        "CREATE TEMP VIEW d AS SELECT l.*, t.* EXCLUDE (loop) FROM diff_loops l"
        " JOIN diff_times t USING (loop)"
    )
    for rule in rules():
        try:
            answers = connection.sql(rule.sql).to_arrow_table().to_pylist()
        except duckdb.Error as error:
            raise CorrError(f"the hypothesis {rule.name} is broken: {error}") from error
        for row in answers:
            if row["loop"] in by_loop:
                by_loop[row["loop"]].append(_hypothesis(rule, row))
    return {
        key: tuple(sorted(hypotheses, key=lambda h: (-h.strength, h.name)))
        for key, hypotheses in by_loop.items()
    }


def _hypothesis(rule: Rule, row: dict[str, Any]) -> Hypothesis:
    values = {name: _rounded(value) for name, value in row.items()}
    return Hypothesis(
        rule.name,
        rule.says.format_map(values),
        round(float(row["strength"]), 3),
        tuple(row["evidence"]),
        rule.refuted_by,
        rule.source,
        rule.confirm and rule.confirm.format_map(values),
    )


def _rounded(value: Any) -> Any:
    return f"{value:.3g}" if isinstance(value, float) else value
