"""A loop for each rule of `corr diff`, as rows of small tables in which the rule must speak."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from corr.compare import circumstances, hypotheses
from corr.compare.judged import Hypothesis
from corr.lake.sql import connect
from corr.lake.store import Lake
from corr.system.shipped_files import shipped

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
    **dict.fromkeys(("atomics", "fmas", "prefetches", "conversions", "float_operations"), 0),
    **dict.fromkeys(("forwarded", "stalled", "far_loads", "chased"), 0),
    **{"done": [], "accessed": 2.0, "vector_share": None, "undecided": None},
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
    Case("calls_removed", 0.3, a={"calls": 1}),
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
    Case("selects_to_branches", 3.0, a={"selects": 2}, b={"branches": 3, "undecided": 0.4}),
    Case("work", 2.0, b={"iterations": 2000}, code=False),
    Case("element_width", 2.0, a={"float_operations": 4}, b={"double_operations": 4}),
    Case("conversions", 1.5, b={"conversions": 6, "float_operations": 4, "double_operations": 1}),
    Case("access_pattern", 5.0, b={"sparsity": 1000.0}),
    Case("indirect_access", 5.0, edits=(("b", "sum += x[order[i]];", True),)),
    Case("indirect_access", 5.0, b={"gathers": 1}, edits=(("b", "sum += x[next(i)];", True),)),
    Case(
        "gathers_no_gain",
        1.3,
        b={**VECTOR, "gathers": 2, "instructions": 60},
        remarks=(("b", *VECTORISED),),
    ),
    Case("store_forwarding", 2.0, b={"stalled": 1}),
    Case("store_forwarding", 1.5, b={"forwarded": 1}),
    Case("pointer_chase", 4.0, b={"chased": 1}),
    Case("set_conflicts", 3.0, a={"stride": 8256}, b={"stride": 8192}),
    Case(
        "set_conflicts",
        3.0,
        edits=(
            ("a", "static float x[4096 + 16], y[4096];", False),
            ("b", "static float x[4096], y[4096];", False),
        ),
        code=False,
    ),
    Case(
        "branch_data",
        3.0,
        a={"undecided": 0.5, "branches": 2, "branch_line": 7},
        b={"undecided": 0.5, "branches": 2, "branch_line": 7},
        edits=(("a", "qsort(x, n, sizeof *x, ascending);", False),),
        code=False,
    ),
    Case("profile_guided", 0.8, b={"calls": 1}, flags=(("b", "-fprofile-use=p.profdata"),)),
    Case("instrumented", 2.0, b={"instructions": 30}, flags=(("b", "-fsanitize=address"),)),
    Case("layout", 1.3, a={"head": 0}, b={"head": 48}, code=False),
    Case(
        "subnormal_data",
        2.5,
        a={"float_operations": 2, "cycles": 3.0, "model_cycles": 2.5},
        b={"float_operations": 2, "cycles": 30.0, "model_cycles": 2.5},
        code=False,
    ),
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


def tables_in(folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection with the tables of a comparison of two runs that have nothing."""
    connection = connect(Lake.open(folder / "data", create=True), [])
    connection.execute("CREATE TEMP TABLE sides (side VARCHAR, run_id VARCHAR)")
    connection.execute("INSERT INTO sides VALUES ('a', 'run a'), ('b', 'run b')")
    for name in ("runs", "passes", "instructions", "loops", "counters"):
        connection.execute(f"CREATE TEMP TABLE given AS SELECT * FROM {name}")
        connection.execute(f"ALTER TABLE given RENAME TO {name}")
    connection.execute(
        "CREATE TEMP TABLE loop_pairs (key_a VARCHAR, key_b VARCHAR, matched_by VARCHAR)"
    )
    circumstances.store(connection, [])
    for path in sorted((shipped("queries") / "diff").glob("*.sql")):
        connection.execute(path.read_text())
    connection.execute(
        "CREATE TEMP TABLE diff_times (loop VARCHAR, time_ratio DOUBLE, verdict VARCHAR,"
        " cost DOUBLE, code_changed BOOLEAN, remarks_changed BOOLEAN)"
    )
    return connection


def insert(connection: duckdb.DuckDBPyConnection, table: str, **values: object) -> None:
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" for _ in values)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values.values()))


def counted(side: dict) -> dict:
    """A side with what its numbers imply, unless it says otherwise."""
    factors = (side.get(name) or 1 for name in ("vector_width", "interleave", "unroll"))
    elements = math.prod(factors)
    implied = {
        **{"called": side["calls"], "divided": side["divisions"], "elements": elements},
        **{"jumped": side["branches"] / elements, "spilled": side["stack_accesses"] / elements},
        "work": (side["instructions"] or 0) / elements,
    }
    return LOOP | implied | side


def lay(connection: duckdb.DuckDBPyConnection, case: Case, loop: str) -> None:
    """Write a case into the tables as the loop of that name."""
    lay_all(connection, {loop: case})


def lay_all(connection: duckdb.DuckDBPyConnection, cases: Mapping[str, Case]) -> None:
    """Write cases into the tables as loops, by name."""
    tables: dict[str, list[dict[str, object]]] = {}
    for loop, case in cases.items():
        for table, row in rows_of(case, loop):
            tables.setdefault(table, []).append(row)
    for table, rows in tables.items():
        columns = {name: None for row in rows for name in row}
        given = pa.table({name: [row.get(name) for row in rows] for name in columns})
        connection.register("laid", given)
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM laid")
        connection.unregister("laid")


def rows_of(case: Case, loop: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The rows of a case as the loop of that name, each with its table."""
    verdict = "faster" if case.time < 0.9 else "slower" if case.time > 1.1 else "same"
    sides = {f"{k}_a": v for k, v in counted(LOOP | case.a).items()}
    sides |= {f"{k}_b": v for k, v in counted(LOOP | case.b).items()}
    yield "diff_loops", {"loop": loop, "function": "f", "key_a": loop, "key_b": loop, **sides}
    yield (
        "diff_times",
        {
            "loop": loop,
            "time_ratio": case.time,
            "verdict": verdict,
            "code_changed": case.code,
            "remarks_changed": bool(case.remarks),
        },
    )
    for side, pass_, tag, name, words in case.remarks:
        change = "disappeared" if side == "a" else "appeared"
        facts = {"loop": loop, "change": change, "pass": pass_, "tag": tag, "name": name}
        place = {f"words_{side}": words, f"row_{side}": "x.c:1"}
        yield "diff_remarks", {"in_loop": True, **facts, **place}
        yield "remark_facts", {"side": side, "words": words, "fact": f"remarks {side}", **facts}
        if change == "appeared" and pass_ == "inline":
            yield "newly_inlined", {"loop": loop, "callee": "f", "fact": "remarks b"}
        if change == "appeared" and pass_ == "loop-vectorize" and name != "Vectorized":
            lost = {"loop": loop, "lost": "remarks a", "reason": name, "words": words}
            yield "vectorisation_lost", {**lost, "fact": "remarks b"}
    for side, text, in_loop in case.edits:
        edit = {"loop": loop, "side": side, "text": text, "in_loop": in_loop}
        yield "edits", {**edit, "fact": f"source {side}: {text}"}
    for side, flag in case.flags:
        yield "flag_edits", {"side": side, "flag": flag, "fact": f"runs {side}: flag {flag}"}


def explained(connection: duckdb.DuckDBPyConnection, *loops: str) -> list[tuple[Hypothesis, ...]]:
    return list(hypotheses.explain(connection, loops).values())
