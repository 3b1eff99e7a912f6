"""Why a loop changed: each rule is a file of queries/hypotheses, a query over the comparison.

A file opens with `-- says:`, `-- refuted-by:`, `-- source:`, perhaps `-- expects:` (faster, slower
or same, or an expression that gives one of them), `-- contradicted-by: WORDS | CONDITION` (of the
row of `d`; several, if need be) and `-- confirm:` (what switches the suspected cause off in the
build that has it, after `a:` or `b:`). Its query returns `loop`, `strength` (0 to 1) and `evidence`
(a list of texts, each naming its table), and may return values that the `says` text names in
braces.

Nothing is said of a loop where a condition holds that contradicts it, or whose time moved against
what the rule expects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from collectors.base.errors import CorrError
from corr.compare.judged import Hypothesis
from corr.console.remark_words import readable
from corr.system.shipped_files import shipped

_HEADER = re.compile(r"^-- (says|refuted-by|source|confirm|expects|about): (.*)$", re.MULTILINE)
_CONTRADICTION = re.compile(r"^-- contradicted-by: (.*?) \| (.*)$", re.MULTILINE)
#: What a rule may expect of the time.
EXPECTED = ("faster", "slower", "same")
_AGAINST_TIME = {
    "faster": "the loop takes longer in b",
    "slower": "the loop takes less time in b",
    "same": "the loop's time differs",
}


@dataclass(frozen=True)
class Rule:
    """A hypothesis that the comparison may support."""

    name: str
    says: str
    refuted_by: str
    source: str
    confirm: str | None
    expects: str | None
    about: str
    contradictions: Mapping[str, str]
    sql: str

    @property
    def expected(self) -> str:
        """An expression for what it expects of the time."""
        if self.expects in EXPECTED:
            return f"'{self.expects}'"
        return self.expects or "NULL"

    @property
    def query(self) -> str:
        """Its rows that nothing contradicts, each with what it expects."""
        against = " OR ".join(f"coalesce({sql}, false)" for sql in self.contradictions.values())
        return f"""
            SELECT rule.* EXCLUDE (strength), {self.expected} AS expected,
                   weighed(strength, d.verdict, expected) AS strength
            FROM ({self.sql}
            ) rule JOIN {self.about} d USING (loop)
            WHERE NOT ({against or "false"})
              AND NOT against(expected, d.verdict, d.time_ratio)"""


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
            header.get("expects"),
            header.get("about", "d"),
            dict(_CONTRADICTION.findall(text)),
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
    connection.execute(
        "CREATE TEMP VIEW p AS SELECT l.*, t.* EXCLUDE (loop) FROM diff_places l"
        " JOIN diff_times t USING (loop)"
    )
    names = dict(connection.sql("SELECT linkage, name FROM functions").fetchall())
    for rule in rules():
        try:
            answers = connection.sql(rule.query).to_arrow_table().to_pylist()
        except duckdb.Error as error:
            raise CorrError(f"the hypothesis {rule.name} is broken: {error}") from error
        for row in answers:
            if row["loop"] in by_loop:
                by_loop[row["loop"]].append(_hypothesis(rule, row, names))
    return {
        key: tuple(sorted(hypotheses, key=lambda h: (-h.strength, h.name)))
        for key, hypotheses in by_loop.items()
    }


def _hypothesis(rule: Rule, row: dict[str, Any], names: Mapping[str, str]) -> Hypothesis:
    values = {name: _rounded(value) for name, value in row.items()}
    return Hypothesis(
        rule.name,
        readable(rule.says.format_map(values), names),
        round(float(row["strength"]), 3),
        tuple(row["evidence"]),
        rule.refuted_by,
        rule.source,
        rule.confirm and rule.confirm.format_map(values),
        contradicted_by=tuple(_contradictions(rule, row["expected"])),
    )


def _contradictions(rule: Rule, expected: str | None) -> Iterator[str]:
    """The facts that would contradict it, as a reader may look them up."""
    if expected is not None:
        yield _AGAINST_TIME[expected]
    yield from rule.contradictions


def _rounded(value: Any) -> Any:
    return f"{value:.3g}" if isinstance(value, float) else value
