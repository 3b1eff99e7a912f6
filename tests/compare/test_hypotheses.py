"""Each rule of `corr diff` by itself, on small tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from corr.compare import hypotheses
from corr.compare.judged import Hypothesis
from corr.system.shipped_files import shipped
from tests.compare.rule_cases import CASES, Case, explained, insert, lay, tables_in


def test_rules_are_complete() -> None:
    for rule in hypotheses.rules():
        assert rule.says and rule.refuted_by and rule.source, rule.name
        assert rule.confirm is None or CONFIRM.match(rule.confirm), rule.name


#: A side, and flags or (@) another way to run it.
CONFIRM = re.compile(r"(a|b|\{side\}): [-@]")


@pytest.fixture
def tables(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    return tables_in(tmp_path)


SAME = "same/1"


class Said(NamedTuple):
    changed: tuple[Hypothesis, ...]
    same: tuple[Hypothesis, ...]


def said_of(cases: Iterable[Case], folder: Path) -> dict[Case, Said]:
    """What is said of each case, in a comparison that has them all and a loop that did not change."""
    tables = tables_in(folder)
    loops = {f"changed/{number}": case for number, case in enumerate(cases, 1)}
    for loop, case in loops.items():
        lay(tables, case, loop)
    lay(tables, Case("", code=False), SAME)
    *changed, same = explained(tables, *loops, SAME)
    return {case: Said(found, same) for case, found in zip(loops.values(), changed, strict=True)}


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> dict[Case, Said]:
    """Side by side, as the loops of a program are."""
    cases = [case for case in CASES if not case.flags]
    return said_of(cases, tmp_path_factory.mktemp("together"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_rule_speaks_where_it_must_only(
    case: Case, together: dict[Case, Said], tmp_path: Path
) -> None:
    # flags are those of the whole build: a case that has some stands alone
    said = said_of([case], tmp_path)[case] if case.flags else together[case]
    assert case.rule == said.changed[0].name, [(h.name, h.strength) for h in said.changed]
    assert said.changed[0].evidence and "None" not in said.changed[0].says
    assert case.rule not in {h.name for h in said.same}


@pytest.mark.parametrize(("time", "cycles"), [(0.6, 12.0), (1.3, 2.0)])
def test_no_credit_to_fusing_against_the_model(
    tables: duckdb.DuckDBPyConnection, time: float, cycles: float
) -> None:
    """A longer chain makes nothing faster, a shorter one nothing slower."""
    side = {"fmas": 4, "mca_cycles": cycles, "bound": "dependencies"}
    lay(tables, Case("", time, b=side), "x/1")
    (said,) = explained(tables, "x/1")
    assert "fused" not in {h.name for h in said}


def test_copies_of_a_call_are_no_more_calls(tables: duckdb.DuckDBPyConnection) -> None:
    """Unrolled by four, a loop has its call four times, and once for what is left over."""
    copied = {"calls": 5, "called": 1, "unroll": 4}
    lay(tables, Case("", 1.0, a={"calls": 1}, b=copied), "x/1")
    (said,) = explained(tables, "x/1")
    assert "calls_added" not in {h.name for h in said}


def test_unoptimised(tables: duckdb.DuckDBPyConnection) -> None:
    insert(tables, "runs", run_id="run a", flags=["-O2"])
    insert(tables, "runs", run_id="run b", flags=["-O2", "-O0"])
    lay(tables, Case("", 9.0, b={"stack_accesses": 7}), "x/1")
    ((first, *_),) = explained(tables, "x/1")
    assert first.name == "unoptimised" and first.says.startswith("b is built without")


def test_unswitched(tables: duckdb.DuckDBPyConnection) -> None:
    insert(
        tables,
        "passes",
        run_id="run b",
        unit="x.c",
        sequence=7,
        function="f",
        **{"pass": "SimpleLoopUnswitchPass"},
        changed=True,
    )
    lay(tables, Case("", 0.8, b={"machine_loops": 2, "instructions": 18}), "x/1")
    ((first, *_),) = explained(tables, "x/1")
    assert first.name == "unswitched" and "x.c:7" in first.evidence[0]


def test_false_sharing_needs_threads(tables: duckdb.DuckDBPyConnection) -> None:
    edits = (("a", "struct { long value; char padding[120]; } counters[2];", False),)
    lay(tables, Case("", 3.0, edits=edits, code=False), "x/1")
    assert "false_sharing" not in {h.name for h in explained(tables, "x/1")[0]}
    tables.execute("DROP VIEW d; DROP VIEW p")
    insert(
        tables,
        "instructions",
        run_id="run b",
        kind="call",
        operands="0x1030 <pthread_create@plt>",
    )
    assert explained(tables, "x/1")[0][0].name == "false_sharing"


def test_what_was_asked_for_comes_before_any_cause(tables: duckdb.DuckDBPyConnection) -> None:
    insert(tables, "run_edits", what="arguments", says="arguments 300 in a, 600 in b")
    lay(tables, Case("", 2.0, b={"iterations": 2000}, code=False), "x/1")
    (said,) = explained(tables, "x/1")
    assert [h.name for h in said][:2] == ["other_run", "work"]
    assert said[0].says.endswith("arguments 300 in a, 600 in b")


FAULTS = "(kernel page faults)"


def place(
    tables: duckdb.DuckDBPyConnection, kind: str, name: str, cost: float, before: int = 100
) -> str:
    """Lay a place outside loops that took so many seconds more in b, ten times as long."""
    key = f"({kind} {name})"
    samples = {"samples_a": before, "samples_b": 1000, "called_b": "called in f (x.c:9), 90 %"}
    insert(tables, "diff_places", kind=kind, name=name, loop=key, **samples)
    insert(tables, "diff_times", loop=key, time_ratio=10.0, verdict="slower", cost=cost)
    return key


def test_memory_asked_of_the_kernel(tables: duckdb.DuckDBPyConnection) -> None:
    for run, faults in (("run a", 200.0), ("run b", 50000.0)):
        insert(tables, "counters", run_id=run, event="page-faults", value=faults)
    place(tables, "kernel", "page faults", 0.3)
    lay(tables, Case("", 2.0, code=False), "x/1")
    kernel, loop = explained(tables, FAULTS, "x/1")
    assert [h.name for h in kernel] == ["page_faults"] and "f (x.c:9)" in kernel[0].says
    assert loop[0].name == "fresh_memory" and "50000 faults in b" in loop[0].says


def test_as_many_faults_are_no_cause(tables: duckdb.DuckDBPyConnection) -> None:
    for run in ("run a", "run b"):
        insert(tables, "counters", run_id=run, event="page-faults", value=50000.0)
    place(tables, "kernel", "page faults", 0.3)
    assert explained(tables, FAULTS) == [()]


def test_time_in_the_allocator(tables: duckdb.DuckDBPyConnection) -> None:
    asked, other = (
        place(tables, "library", "malloc, free", 0.2),
        place(tables, "library", "memcpy", 0.2),
    )
    ((said,), nothing) = explained(tables, asked, other)
    assert said.name == "allocator" and said.says.startswith("b spends") and not nothing


def test_time_in_the_kernel_and_in_what_only_one_build_calls(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    written = place(tables, "kernel", "input and output", 0.3)
    called = place(tables, "library", "__random", 0.2, before=3)
    ((kernel,), (library,)) = explained(tables, written, called)
    assert kernel.name == "system_calls"
    assert kernel.says.startswith("b spends more time in the kernel for input and output, called")
    assert library.name == "library_calls" and library.says.endswith("called in f (x.c:9), 90 %")


def test_exceptions_that_only_one_build_throws(tables: duckdb.DuckDBPyConnection) -> None:
    thrown, other = (place(tables, "library", n, 0.2, before=3) for n in ("_Unwind_Find_FDE", "g"))
    by = "called by _ZSt24__throw_invalid_argumentPKc in read (x.cpp:9), 97 %"
    tables.execute("UPDATE diff_places SET called_b = ? WHERE loop = ?", [by, thrown])
    (said, nothing) = explained(tables, thrown, other)
    assert said[0].name == "exceptions" and said[0].says.startswith("b throws exceptions")
    assert "read (x.cpp:9)" in said[0].says and nothing[0].name == "library_calls"


def test_functions_that_wait_and_functions_behind_pointers(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    """An exchange is an atomic operation; what is called by its name is behind no pointer."""
    pushed = place(tables, "function", "push", 0.2)
    behind, named = (place(tables, "function", name, 0.2, before=3) for name in ("f", "g"))
    for run in ("run a", "run b"):
        kind = "move" if run == "run a" else "atomic"
        insert(
            tables, "instructions", run_id=run, symbol="push", kind=kind, operands="%eax, (%rdi)"
        )
    insert(
        tables, "instructions", run_id="run b", symbol="main", kind="call", operands="*0x18(%rbx)"
    )
    insert(tables, "instructions", run_id="run b", symbol="main", kind="call", operands="0x10 <g>")
    through = place(tables, "function", "handler", 0.2, before=3)
    frames = [{"function": "std_function", "file": "f.h", "line": 1, "column": 1}]
    frames.append({**frames[0], "function": "apply"})
    of_apply = {"symbol": "main", "kind": "call", "operands": "*0x28(%rsp)", "frames": frames}
    insert(tables, "instructions", run_id="run b", **of_apply)
    tables.execute("DROP VIEW callers")
    tables.execute(
        "CREATE TABLE callers (run_id TEXT, loop TEXT, function TEXT, caller TEXT, count INT)"
    )
    for name in ("f", "g"):
        insert(tables, "callers", run_id="run b", function=name, caller="main", count=900)
    insert(tables, "callers", run_id="run b", function="handler", caller="apply", count=900)
    (first, second, nothing, third) = explained(tables, pushed, behind, named, through)
    assert third[0].name == "called_by_pointer", "apply is inlined into main"
    assert first[0].name == "function_atomics" and first[0].says.startswith("b has 1 more atomic")
    assert second[0].name == "called_by_pointer" and second[0].says.startswith("b calls it through")
    assert not nothing


def test_checks_of_bounds(tables: duckdb.DuckDBPyConnection) -> None:
    insert(
        tables,
        "instructions",
        run_id="run b",
        loop="x/1",
        kind="call",
        operands="0x1070 <_ZSt24__throw_out_of_range_fmtPKcz@plt>",
    )
    lay(tables, Case("", 4.0, b={"branches": 9}), "x/1")
    assert explained(tables, "x/1")[0][0].name == "checks_added"


def test_every_rule_has_a_test_of_its_own() -> None:
    apart = {"unoptimised", "unswitched", "false_sharing", "other_run"}
    apart |= {"page_faults", "fresh_memory", "allocator", "system_calls", "library_calls"}
    apart |= {"function_atomics", "called_by_pointer", "checks_added", "exceptions"}
    apart |= {"container"}  # among the planted causes
    assert {rule.name for rule in hypotheses.rules()} == {case.rule for case in CASES} | apart


def test_data_are_others_only_where_something_says_so(tables: duckdb.DuckDBPyConnection) -> None:
    """With the same input, an edit elsewhere in the program makes no data."""
    side = {"undecided": 0.5, "branches": 2, "branch_line": 7}
    insert(tables, "edited_files", side="b", run_id="run b", file="x.c")
    lay(tables, Case("", 1.5, a=side, b=side, code=False), "x/1")
    (said,) = explained(tables, "x/1")
    assert [h.name for h in said] == ["machine"] and "around the loop did change" in said[0].says
    tables.execute("DROP VIEW d; DROP VIEW p")
    insert(tables, "run_edits", what="input", says="another standard input")
    assert "branch_data" in {h.name for h in explained(tables, "x/1")[0]}


def inlined(tables: duckdb.DuckDBPyConnection) -> list[tuple[str, ...]]:
    """What is newly inlined, by the statements that ask when two runs are compared."""
    text = (shipped("queries") / "diff" / "40_evidence.sql").read_text()
    for name in ("loop_calls", "newly_inlined"):
        begun = f"CREATE TEMP TABLE {name} AS\n"
        tables.execute(f"DROP TABLE {name}; {begun}{text.partition(begun)[2].partition(';')[0]}")
    return tables.execute("SELECT loop, callee FROM newly_inlined ORDER BY ALL").fetchall()


def test_what_both_builds_inline_or_a_never_called_is_not_newly_inlined(
    tables: duckdb.DuckDBPyConnection,
) -> None:
    tables.execute("DROP VIEW remark_words; CREATE TABLE remark_words (run_id TEXT, pass TEXT,"
                   " tag TEXT, words TEXT, count INT)")  # fmt: skip
    insert(tables, "diff_loops", loop="x/1", key_a="x/1", key_b="x/1")
    passed = {"pass": "inline", "tag": "Passed"}
    for callee, sides in (("kept", "ab"), ("dropped", "b"), ("called", "b")):
        words = f"'{callee}' inlined into 'x' with (cost=5)"
        for side in sides:
            insert(tables, "remark_words", run_id=f"run {side}", words=words, count=1, **passed)
        fact = {"side": "b", "change": "appeared", "name": "Inlined", "words": words}
        insert(tables, "remark_facts", loop="x/1", fact="remarks b", **fact, **passed)
    assert inlined(tables) == [("x/1", "called"), ("x/1", "dropped")], "what a calls is not known"
    call = {"loop": "x/1", "kind": "call", "operands": "0x1070 <called>"}
    insert(tables, "instructions", run_id="run a", **call)
    assert inlined(tables) == [("x/1", "called")]
