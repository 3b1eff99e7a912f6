"""Nothing is said of a loop that a column of its own row refutes: all rules, on rows of any kind."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from corr.compare import hypotheses
from corr.compare.difference import (
    LoopDiff,
    MnemonicChange,
    RemarkChange,
    RemarkChanges,
)
from corr.compare.judged import TimeRatio
from corr.compare.side import SIDE_COLUMNS, Side
from corr.timing.verdict import Verdict
from tests.compare.claims import CLAIMS, contradicted
from tests.compare.rule_cases import CASES, LOOP, Case, counted, explained, lay_all, tables_in

#: Columns that a row may have besides those of its case, and some of their values.
DRAWN = {
    "trip_count": (2.5, 4.5, 100.0, 5000.0),
    "vector_width": (None, 4, 16),
    "interleave": (None, 2, 4),
    "unroll": (None, 2, 8),
    "vector_share": (None, 0.0, 0.05, 0.9),
    "vector_bits": (0, 128, 512),
    "calls": (0, 1, 2, 5),
    "called": (0, 1, 2),
    "divided": (0, 1),
    "branches": (1, 2, 5),
    "selects": (0, 2),
    "undecided": (None, 0.0, 0.3),
    "gathers": (0, 2),
    "stalled": (0, 1),
    "forwarded": (0, 1),
    "stack_accesses": (0, 8, 20),
    "accessed": (1.0, 2.0, 5.0),
    "stride": (None, 8, 8192, 8200),
    "head": (0, 16),
    "cycles": (None, 2.0, 40.0),
    "iterations": (1000, 2000),
    "instructions": (5, 10, 80),
    "float_operations": (0, 4),
    "done": ([], ["loop-vectorize:Vectorized"]),
}
TIMES = (0.3, 0.85, 1.0, 1.15, 2.05)
ROWS_OF_A_CASE = 60


def drawn(case: Case, dice: random.Random) -> Case:
    """The case with other values in some columns of its sides."""
    sides = []
    for side in (case.a, case.b):
        some = dice.sample(sorted(DRAWN), 6)
        sides.append(side | {column: dice.choice(DRAWN[column]) for column in some})
    time = dice.choice((case.time, *TIMES))
    code = case.code or sides[0] != sides[1]
    return Case(case.rule, time, *sides, case.remarks, case.edits, (), code)


def as_loop(case: Case, key: str) -> LoopDiff:
    """What `corr diff` has of the row that `lay` writes."""
    verdict = "faster" if case.time < 0.9 else "slower" if case.time > 1.1 else "same"
    known = [counted(LOOP | side) for side in (case.a, case.b)]
    sides = [Side(**{c: v for c, v in row.items() if c in SIDE_COLUMNS}) for row in known]
    remark = RemarkChange("pass", "Passed", "Name", "words")
    return LoopDiff(
        *(key, "x.c:1", "f", "key", *sides),
        time=TimeRatio(case.time, case.time, case.time, Verdict(verdict)),
        remarks=RemarkChanges((remark,) if case.remarks else ()),
        mnemonics=(MnemonicChange("add", 1, 2),) if case.code else (),
    )


def rows(dice: random.Random) -> Iterator[Case]:
    for case in CASES:
        if not case.flags:
            yield case
            yield from (drawn(case, dice) for _ in range(ROWS_OF_A_CASE))


def test_every_rule_has_its_claims() -> None:
    assert set(CLAIMS) == {rule.name for rule in hypotheses.rules()}


def test_contradictions_are_told() -> None:
    for rule in hypotheses.rules():
        assert all(words.strip() for words in rule.contradictions), rule.name


@pytest.mark.parametrize("seed", range(3))
def test_no_row_contradicts_what_is_said_of_it(seed: int, tmp_path: Path) -> None:
    tables = tables_in(tmp_path)
    laid = {f"loop/{n}": case for n, case in enumerate(rows(random.Random(seed)))}
    lay_all(tables, laid)
    said = dict(zip(laid, explained(tables, *laid), strict=True))
    refuted = {
        (hypothesis.name, key)
        for key, found in said.items()
        for hypothesis in found
        if contradicted(as_loop(laid[key], key), hypothesis)
    }
    assert not refuted, [(name, laid[key]) for name, key in sorted(refuted)[:3]]
    # the test sees something: most rules speak of a row here
    assert len({h.name for found in said.values() for h in found}) > 35
