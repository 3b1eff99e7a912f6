"""Each rule of `corr diff` by itself, on small tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from corr.compare import hypotheses
from corr.compare.difference import Hypothesis
from corr.lake.sql import connect
from corr.lake.store import Lake
from corr.system.shipped_files import shipped


def test_rules_are_complete() -> None:
    for rule in hypotheses.rules():
        assert rule.says and rule.refuted_by and rule.source, rule.name
        assert rule.confirm is None or rule.confirm.startswith(("a: -", "b: -", "{side}: -")), (
            rule.name
        )


#: What both sides of a loop have unless a case says otherwise.
LOOP = {
    "place": "x.c:1",
    "depth": 1,
    "share": 0.9,
    "samples": 1000,
    "entries": 10,
    "iterations": 1000,
    "trip_count": 100.0,
    "mca_cycles": 4.0,
    "bound": "dispatch width",
    "ipc": 2.0,
    "vector_bits": 0,
    "machine_loops": 1,
    "instructions": 10,
    **dict.fromkeys(("stack_accesses", "calls", "divisions", "selects", "gathers"), 0),
    **dict.fromkeys(("atomics", "fmas", "prefetches", "float_operations"), 0),
    "double_operations": 0,
    "branches": 1,
    "memory_accesses": 2,
    "sparsity": 1.0,
}


@dataclass(frozen=True, eq=False)
class Case:
    """A loop for which a rule must speak: how a and b differ, and by how much its time moved.

    Remarks are (side, pass, tag, name, words), edits (side, text, in the loop), flags (side, flag).
    """

    rule: str
    time: float = 1.0
    a: dict = field(default_factory=dict)
    b: dict = field(default_factory=dict)
    remarks: tuple[tuple[str, str, str, str, str], ...] = ()
    edits: tuple[tuple[str, str, bool], ...] = ()
    flags: tuple[tuple[str, str], ...] = ()
    code: bool = True


VECTOR = {"vector_bits": 128, "vector_width": 4, "interleave": 2}
VECTORISED = ("loop-vectorize", "Passed", "Vectorized", "vectorized loop")


def lost(rule: str, reason: str, **more: object) -> Case:
    why = ("b", "loop-vectorize", "Analysis", reason, f"loop not vectorized: {reason}")
    return Case(rule, 4.0, a=VECTOR, remarks=(("a", *VECTORISED), why), **more)  # type: ignore[arg-type]


INLINED = ("inline", "Passed", "Inlined", "'f' inlined into 'g'")
LICM = "LoadWithLoopInvariantAddressInvalidated"
RESTRICT = ("a", "void kernel(int *restrict to)", False)

CASES = (
    Case("vectorised", 0.25, b=VECTOR, remarks=(("b", *VECTORISED),)),
    Case(
        "vector_body_not_reached",
        1.2,
        b={"vector_width": 16, "interleave": 2, "trip_count": 4.5},
        remarks=(("b", *VECTORISED),),
    ),
    lost("vectorisation_lost_float_order", "CantReorderFPOps"),
    lost("vectorisation_lost_call", "CantVectorizeLibcall", b={"calls": 1}),
    lost("vectorisation_lost_dependence", "UnsafeDep"),
    lost("vectorisation_lost_aliasing", "CantIdentifyArrayBounds"),
    lost("vectorisation_lost_aliasing", "UnsafeDep", edits=(RESTRICT,)),
    lost("vectorisation_lost_control_flow", "CFGNotUnderstood"),
    lost("vectorisation_lost_cost_model", "VectorizationNotBeneficial"),
    Case(
        "vectorisation_off",
        4.0,
        a=VECTOR,
        remarks=(("a", *VECTORISED),),
        edits=(("b", "#pragma clang loop vectorize(disable)", False),),
    ),
    Case("wider_vectors", 0.5, a=VECTOR, b={**VECTOR, "vector_bits": 256, "vector_width": 8}),
    Case(
        "wider_vectors_no_gain", 1.0, a=VECTOR, b={**VECTOR, "vector_bits": 512, "vector_width": 16}
    ),
    Case(
        "fast_math",
        0.25,
        a={"double_operations": 4},
        b={**VECTOR, "double_operations": 4},
        flags=(("b", "-ffast-math"),),
        remarks=(
            ("a", "loop-vectorize", "AnalysisFPCommute", "CantReorderFPOps", "cannot reorder"),
            ("b", *VECTORISED),
        ),
    ),
    Case("register_pressure", 1.3, b={"stack_accesses": 20, "interleave": 8}),
    Case(
        "unrolled",
        0.7,
        b={"unroll": 8},
        remarks=(("b", "loop-unroll", "Passed", "PartialUnrolled", "unrolled by 8"),),
    ),
    Case("inlined", 0.3, a={"calls": 1}, remarks=(("b", *INLINED),)),
    Case("inlining_lost", 3.0, b={"calls": 1}, remarks=(("a", *INLINED),)),
    Case("calls_added", 3.0, b={"calls": 1}),
    Case(
        "subnormal_data",
        2.0,
        a={"float_operations": 2},
        b={"float_operations": 2},
        edits=(("b", "state[i] = s + 1e-39f;", True),),
        code=False,
    ),
    Case(
        "hoisted",
        0.8,
        remarks=(
            ("a", "licm", "Missed", LICM, "failed to move load"),
            ("b", "licm", "Passed", "Hoisted", "hoisting load"),
        ),
    ),
    Case("load_not_hoisted", 1.2, remarks=(("b", "licm", "Missed", LICM, "failed to move load"),)),
    Case(
        "library_call",
        b={"instructions": 2},
        remarks=(("b", "loop-idiom", "Passed", "ProcessLoopStridedStore", "into memset"),),
    ),
    Case(
        "deleted",
        b={"instructions": None},
        remarks=(("b", "loop-delete", "Passed", "Invariant", "Loop deleted"),),
    ),
    Case("division_removed", 0.2, a={"divisions": 1}),
    Case("division_added", 5.0, b={"divisions": 1}),
    Case("branches_to_selects", 0.3, a={"branches": 3}, b={"selects": 2}),
    Case("selects_to_branches", 3.0, a={"selects": 2}, b={"branches": 3}),
    Case("work", 2.0, b={"iterations": 2000}, code=False),
    Case("element_width", 2.0, a={"float_operations": 4}, b={"double_operations": 4}),
    Case("access_pattern", 5.0, b={"sparsity": 1000.0}),
    Case("indirect_access", 5.0, edits=(("b", "sum += x[order[i]];", True),)),
    Case("indirect_access", 5.0, b={"gathers": 1}),
    Case(
        "interchanged",
        0.2,
        remarks=(("b", "loop-interchange", "Passed", "Interchanged", "Loop interchanged"),),
    ),
    Case("tiled", 0.3, b={"depth": 3}),
    Case("atomics", 6.0, b={"atomics": 1}),
    Case("volatile_access", 1.5, edits=(("b", "static volatile int count;", False),)),
    Case("fused", 0.6, b={"fmas": 4}),
    Case("fused", 1.3, b={"fmas": 4, "mca_cycles": 12.0, "bound": "dependencies"}),
    Case("dependency_chain", 0.3, a={"mca_cycles": 12.0, "bound": "dependencies"}),
    Case(
        "slp_vectorised",
        0.4,
        b={"vector_bits": 128},
        remarks=(("b", "slp-vectorizer", "Passed", "StoresVectorized", "Stores SLP vectorized"),),
    ),
    Case("prefetched", 0.6, b={"prefetches": 1}),
    Case("runtime_checks", 1.2, b={"selects": 2, "branches": 3}, edits=(RESTRICT,)),
    Case(
        "denormals",
        0.4,
        a={"float_operations": 2},
        b={"float_operations": 2},
        flags=(("b", "-mdaz-ftz"),),
        code=False,
    ),
    Case(
        "alignment",
        1.5,
        a=VECTOR,
        b=VECTOR,
        edits=(("b", "int *start = buffer + 1;", False),),
        code=False,
    ),
    Case("off_critical_path", 1.0, b={"instructions": 12}),
    Case("back_end", 1.4, b={"instructions": 12}),
    Case("machine", 1.4, code=False),
)


@pytest.fixture
def tables(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    return tables_in(tmp_path)


def tables_in(folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection with the tables of a comparison of two runs that have nothing."""
    connection = connect(Lake.open(folder / "data", create=True), [])
    connection.execute("CREATE TEMP TABLE sides (side VARCHAR, run_id VARCHAR)")
    connection.execute("INSERT INTO sides VALUES ('a', 'run a'), ('b', 'run b')")
    for name in ("runs", "passes", "instructions", "loops"):
        connection.execute(f"CREATE TEMP TABLE given AS SELECT * FROM {name}")
        connection.execute(f"ALTER TABLE given RENAME TO {name}")
    connection.execute(
        "CREATE TEMP TABLE loop_pairs (key_a VARCHAR, key_b VARCHAR, matched_by VARCHAR)"
    )
    for path in sorted((shipped("queries") / "diff").glob("*.sql")):
        connection.execute(path.read_text())
    connection.execute(
        "CREATE TEMP TABLE diff_times (loop VARCHAR, time_ratio DOUBLE, verdict VARCHAR,"
        " cost DOUBLE, code_changed BOOLEAN, remarks_changed BOOLEAN, listed BOOLEAN)"
    )
    return connection


def insert(connection: duckdb.DuckDBPyConnection, table: str, **values: object) -> None:
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" for _ in values)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))


def lay(connection: duckdb.DuckDBPyConnection, case: Case, loop: str) -> None:
    """Write a case into the tables as the loop of that name."""
    verdict = "faster" if case.time < 0.9 else "slower" if case.time > 1.1 else "same"
    sides = {f"{k}_a": v for k, v in (LOOP | case.a).items()}
    sides |= {f"{k}_b": v for k, v in (LOOP | case.b).items()}
    insert(connection, "diff_loops", loop=loop, function="f", key_a=loop, key_b=loop, **sides)
    insert(
        connection,
        "diff_times",
        loop=loop,
        time_ratio=case.time,
        verdict=verdict,
        code_changed=case.code,
        remarks_changed=bool(case.remarks),
    )
    for side, pass_, tag, name, words in case.remarks:
        change = "disappeared" if side == "a" else "appeared"
        facts = {"loop": loop, "change": change, "pass": pass_, "tag": tag, "name": name}
        insert(
            connection,
            "diff_remarks",
            in_loop=True,
            **facts,
            **{f"words_{side}": words, f"row_{side}": "x.c:1"},
        )
        insert(connection, "remark_facts", side=side, words=words, fact=f"remarks {side}", **facts)
        if change == "appeared" and pass_ == "loop-vectorize" and name != "Vectorized":
            insert(
                connection,
                "vectorisation_lost",
                loop=loop,
                lost="remarks a",
                reason=name,
                words=words,
                fact="remarks b",
            )
    for side, text, in_loop in case.edits:
        insert(
            connection,
            "edits",
            loop=loop,
            side=side,
            text=text,
            in_loop=in_loop,
            fact=f"source {side}: {text}",
        )
    for side, flag in case.flags:
        insert(connection, "flag_edits", side=side, flag=flag, fact=f"runs {side}: flag {flag}")


def explained(connection: duckdb.DuckDBPyConnection, *loops: str) -> list[tuple[Hypothesis, ...]]:
    return list(hypotheses.explain(connection, loops).values())


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
    lay(tables, Case("", 1.0, a={"calls": 1}, b={"calls": 5, "unroll": 4}), "x/1")
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
    tables.execute("DROP VIEW d")
    insert(
        tables,
        "instructions",
        run_id="run b",
        kind="call",
        operands="0x1030 <pthread_create@plt>",
    )
    assert explained(tables, "x/1")[0][0].name == "false_sharing"


def test_every_rule_has_a_test_of_its_own() -> None:
    apart = {"unoptimised", "unswitched", "false_sharing"}
    assert {rule.name for rule in hypotheses.rules()} == {case.rule for case in CASES} | apart
