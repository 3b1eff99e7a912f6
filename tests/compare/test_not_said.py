"""Sentences of `corr diff` that facts beside them refute: said otherwise, or not at all."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from corr.compare.judged import Hypothesis
from tests.compare.rule_cases import (
    LICM,
    VECTOR,
    VECTORISED,
    Case,
    explained,
    insert,
    lay,
    lost,
    tables_in,
)


@pytest.fixture
def tables(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    return tables_in(tmp_path)


def said(tables: duckdb.DuckDBPyConnection, case: Case) -> dict[str, Hypothesis]:
    """What is said of a loop that is as the case has it, by the names of the rules."""
    lay(tables, case, "x/1")
    return {h.name: h for h in explained(tables, "x/1")[0]}


def test_a_constant_of_double_makes_no_elements_of_double(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    a, b = {"float_operations": 4}, {"float_operations": 1, "double_operations": 4}
    found = said(tables, Case("", 2.8, a=a, b=b | {"conversions": 6, "converts": 6}))
    assert "conversions" in found and "element_width" not in found


def test_checked_accesses_beside_vectors(tables: duckdb.DuckDBPyConnection) -> None:
    thrown = "0x1070 <_ZSt24__throw_out_of_range_fmtPKcz@plt>"
    insert(tables, "instructions", run_id="run b", loop="x/1", kind="call", operands=thrown)
    found = said(tables, Case("", 1.3, a=VECTOR, b=VECTOR | {"branches": 9}))
    assert "no vectors" not in found["checks_added"].says


def test_a_recurrence_of_the_source_is_no_overlap(tables: duckdb.DuckDBPyConnection) -> None:
    insert(tables, "said_in_b", loop="x/1", element="out[k - 1]", wraps=False)
    found = said(tables, lost("", "CantIdentifyArrayBounds"))
    assert "vectorisation_lost_aliasing" not in found
    assert "(out[k - 1])" in found["vectorisation_lost_dependence"].says


@pytest.mark.parametrize(
    ("wraps", "stored", "expected"),
    [(True, False, "i may wrap around"), (False, False, None), (True, True, None)],
)
def test_a_loop_that_only_its_condition_ends_is_not_left_early(
    tables: duckdb.DuckDBPyConnection, wraps: bool, stored: bool, expected: str | None
) -> None:
    insert(tables, "said_in_b", loop="x/1", counter="i", wraps=wraps)
    case = lost("", "UnsupportedUncountableLoop")
    again = (("b", "licm", "Missed", LICM, "failed to move load"),) if stored else ()
    found = said(tables, Case("", 3.0, a=VECTOR, remarks=(*case.remarks, *again)))
    hypothesis = found.get("vectorisation_lost_control_flow")
    assert (hypothesis is None) == (expected is None)
    assert hypothesis is None or (expected or "") in hypothesis.says


def test_no_longer_vectorised_beside_vectors(tables: duckdb.DuckDBPyConnection) -> None:
    case = lost("", "CFGNotUnderstood")
    found = said(tables, Case("", 3.0, a=VECTOR, b=VECTOR, remarks=case.remarks))
    assert not [h.says for h in found.values() if "no longer vectorised" in h.says]


def test_other_steps_are_other_code(tables: duckdb.DuckDBPyConnection) -> None:
    """A number in an instruction is no other instruction, and yet the code is not the same."""
    sides = {"a": {"stride": 16640, "sparsity": 1040.0}, "b": {"stride": 16384, "sparsity": 1024.0}}
    assert "machine" not in said(tables, Case("", 1.5, **sides, code=False))


@pytest.mark.parametrize(("more", "words"), [(2, "multiplications"), (0, "divider")])
def test_what_takes_the_place_of_a_division(
    tables: duckdb.DuckDBPyConnection, more: int, words: str
) -> None:
    if more:
        insert(tables, "diff_mnemonics", loop="x/1", mnemonic="imulq", count_a=1, count_b=1 + more)
    says = said(tables, Case("", 0.3, a={"divisions": 1}))["division_removed"].says
    assert words in says and ("multiplications" in says) == bool(more)


def test_where_code_lies_is_not_told_beside_a_cause(tables: duckdb.DuckDBPyConnection) -> None:
    for run, faults in (("run a", 200.0), ("run b", 50000.0)):
        insert(tables, "counters", run_id=run, event="page-faults", value=faults)
    found = said(tables, Case("", 1.7, a={"head": 16}, b={"head": 48}, code=False))
    assert "fresh_memory" in found and found["layout"].strength < 0.5


@pytest.mark.parametrize(("share", "words"), [(0.393, "for 22 times as long"), (0.01, "hardly")])
def test_a_large_part_of_a_short_run_is_no_rare_call(
    tables: duckdb.DuckDBPyConnection, share: float, words: str
) -> None:
    key = "(library memmove)"
    numbers = {"samples_a": 32, "samples_b": 704, "share_a": share, "share_b": 0.926}
    insert(tables, "diff_places", kind="library", name="memmove", loop=key, **numbers)
    insert(tables, "diff_times", loop=key, time_ratio=21.9, verdict="slower", cost=0.067)
    ((found,),) = explained(tables, key)
    assert found.name == "library_calls" and words in found.says


def test_a_library_that_was_not_read_is_no_call_into_a_library(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    """One build has the function in the program itself: only where it is kept differs."""
    key = "(library _Z6smoothv)"
    numbers = {"samples_a": 0, "samples_b": 704, "share_b": 0.84}
    insert(tables, "diff_places", kind="library", name="_Z6smoothv", loop=key, **numbers)
    insert(tables, "diff_times", loop=key, cost=0.3)
    insert(tables, "instructions", run_id="run a", symbol="_Z6smoothv", kind="move")
    tables.execute("CREATE TEMP TABLE own AS SELECT * FROM functions")
    tables.execute("DROP VIEW IF EXISTS functions; ALTER TABLE own RENAME TO functions")
    insert(tables, "functions", run_id="run a", linkage="_Z6smoothv", name="smooth()")
    ((found,),) = explained(tables, key)
    assert "could not be read" in found.says and "hardly" not in found.says


def test_vectors_that_are_there_are_told_so(tables: duckdb.DuckDBPyConnection) -> None:
    found = said(tables, Case("", 0.25, b=VECTOR, remarks=(("b", *VECTORISED),)))
    assert "4 elements at a time" in found["vectorised"].says
