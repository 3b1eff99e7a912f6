"""What kinds of findings say of made-up instructions."""

from __future__ import annotations

import pytest

from tests.support import kind_rows
from tests.support.kind_rows import code, opened, place, said


def access(size: int, at: int, *, stores: bool = False, **more: object) -> dict[str, object]:
    """A load or a store of a member."""
    bytes_of = "store_bytes" if stores else "load_bytes"
    where = {"through": "rdx", "displacement": at, "step": 0, "moves": "constant"}
    return {"kind": "move", bytes_of: size, **where, **more}


@pytest.mark.parametrize(
    ("accesses", "found"),
    [
        ([access(2, 0, stores=True), access(2, 2, stores=True), access(4, 0)], 1),
        ([access(8, 0, stores=True), access(8, 4)], 1),  # straddles the end
        ([access(4, 0), access(2, 0, stores=True)], 1),  # by the next pass
        ([access(8, 0, stores=True), access(4, 0), access(4, 4)], 0),
        ([access(2, 0, stores=True), access(4, 0, stores=True), access(4, 0)], 0),
        ([access(2, 0, stores=True), access(4, 8)], 0),
        ([access(2, 0, stores=True, step=4), access(4, 4, step=4)], 0),  # never written before
    ],
)
def test_a_load_waits_for_stores_that_have_not_all_of_its_bytes(
    accesses: list[dict[str, object]], found: int
) -> None:
    tables = opened()
    place(tables, cycles=20.0, model_cycles=3.0)
    code(tables, *accesses)
    assert len(said(tables, "store_forward")) == found


@pytest.mark.parametrize(
    ("mask", "rss", "expected"),
    [
        ("$0xffc, %r8d", 1e8, []),
        ("$0xffffffc, %r8d", 1e8, [0.9]),
        ("$0xffffffc, %r8d", 1e6, [0.72]),
    ],
)
def test_what_the_first_cache_holds_is_not_anywhere_in_memory(
    mask: str, rss: float, expected: list[float]
) -> None:
    tables = opened()
    place(tables, cycles=20.0, model_cycles=3.0, computed_loads=1, indexed_loads=1)
    kind_rows.insert(tables, "timings", max_rss=int(rss))
    code(
        tables,
        {"kind": "logic", "mnemonic": "andl", "operands": mask},
        {
            **{"kind": "move", "mnemonic": "movzwl", "operands": "(%rdi,%r8), %r8d"},
            **{"load_bytes": 2, "through": "rdi+r8", "moves": "computed", "origin": "loaded"},
        },
    )
    assert [float(row["strength"]) for row in said(tables, "indirect")] == expected


@pytest.mark.parametrize(("cycles", "strength"), [(9.0, 0.66), (1.2, 0.85), (29.0, 0.85)])
def test_a_chain_that_explains_the_time_stands_before_an_early_exit(
    cycles: float, strength: float
) -> None:
    tables = opened()
    model = 1.0 if cycles < 2 else 10.0
    place(tables, cycles=cycles, model_cycles=model, bound="dependencies")
    for name in ("UnsupportedUncountableLoop", "CantComputeNumberOfIterations"):
        kind_rows.insert(
            tables, "remarks", loop="f/1", name=name, args=[], **{"pass": "loop-vectorize"}
        )
    assert {float(row["strength"]) for row in said(tables, "early_exit")} == {strength}


@pytest.mark.parametrize("rows", [0, 2])
def test_rows_by_pointers_are_no_index_that_could_be_sorted(rows: int) -> None:
    tables = opened()
    place(tables, cycles=9.0, model_cycles=2.0, computed_loads=2, indexed_loads=2, row_loads=rows)
    kind_rows.insert(tables, "loops", key="f/1", parent="f/0")
    walks = [row["says"] for row in said(tables, "stride")]
    assert [says.startswith("each pass goes on to another row") for says in walks] == [True] * (
        rows // 2
    )
    assert len(said(tables, "indirect")) == (rows == 0)


@pytest.mark.parametrize(("step", "found"), [(8, 1), (0, 0)])
def test_what_goes_to_one_place_is_no_scan(step: int, found: int) -> None:
    tables = opened()
    place(tables)
    carried = {"loop": "f/1", "name": "NonReductionValueUsedOutsideLoop", "args": []}
    kind_rows.insert(tables, "remarks", **carried)
    code(tables, access(8, 0, step=8), access(8, 0, stores=True, step=step))
    assert len(said(tables, "scan")) == found


@pytest.mark.parametrize(
    ("callee", "lanes", "bits", "words", "flags"),
    [
        ("floor@plt", 2, 512, "one instruction on this machine", "-march=native"),
        ("fmaf@plt", 1, 256, "one instruction on this machine", "-march=native"),
        ("floor@plt", 1, 128, "for which the loop cannot be vectorised", None),
        ("cbrt@plt", 1, 512, "for which the loop cannot be vectorised", None),
        ("cbrt@plt", 2, 512, "though the rest of the loop is vectorised", None),
        ("floor", 1, 512, "for which the loop cannot be vectorised", "-flto"),  # one of its own
    ],
)
def test_what_is_one_instruction_of_the_machine_is_no_function_to_write(
    callee: str, lanes: int, bits: int, words: str, flags: str | None
) -> None:
    tables = opened()
    place(tables, lanes=lanes, vector_width=lanes, machine_bits=bits, calls=True)
    kind_rows.insert(tables, "machine", name="vector", value=float(bits))
    code(tables, {"kind": "call", "operands": f"0x10 <{callee}>"})
    (row,) = said(tables, "call")
    assert words in row["says"] and row["flags"] == flags


@pytest.mark.parametrize(
    ("shift", "moves", "searches"),
    [
        ("%r11", "computed", True),
        ("$0x1, %r11", "computed", True),
        ("$0x7, %r11", "computed", False),
        ("%r11", "constant", False),
    ],
)
def test_a_search_by_halves_is_not_left_at_any_element(
    shift: str, moves: str, *, searches: bool
) -> None:
    tables = opened()
    place(tables, bound="dependencies", model_cycles=2.0, work_cycles=1.0)
    uncounted = {"pass": "loop-vectorize", "name": "CantComputeNumberOfIterations"}
    words = [{"key": "String", "value": "loop not vectorized: could not determine its iterations"}]
    kind_rows.insert(
        tables, "remarks", loop="f/1", tag="AnalysisFPCommute", args=words, **uncounted
    )
    code(
        tables,
        {"kind": "arithmetic", "mnemonic": "shrq", "operands": shift},
        access(4, 0, moves=moves, through="rax+4*r11"),
    )
    assert len(said(tables, "early_exit")) == (not searches)
    (chain,) = said(tables, "dependence")
    assert ("several keys" in chain["helps"]) == searches


@pytest.mark.parametrize(
    ("accesses", "words"),
    [
        ([access(8, 0), access(8, 0), access(8, 0, stores=True)], "loaded 2 times in each pass"),
        ([access(8, 0), access(8, 0, stores=True)], "loaded and stored in each pass"),
        ([access(8, 0)], "a value that never changes"),
    ],
)
def test_a_member_that_is_loaded_again_after_each_store_is_one_that_may_be_overlapped(
    accesses: list[dict[str, object]], words: str
) -> None:
    tables = opened()
    place(tables, stores=4)
    for name in ("LoadWithLoopInvariantAddressInvalidated", "CantIdentifyArrayBounds"):
        kind_rows.insert(tables, "remarks", loop="f/1", name=name, tag="Missed", args=[])
    code(tables, *accesses, access(1, 0, stores=True, through="rcx", step=None, moves="computed"))
    (row,) = said(tables, "aliasing")
    assert words in row["says"]


def test_a_total_in_memory_that_nothing_overlaps_is_none() -> None:
    tables = opened()
    place(tables)
    name = "LoadWithLoopInvariantAddressInvalidated"
    kind_rows.insert(tables, "remarks", loop="f/1", name=name, tag="Missed", args=[])
    code(tables, access(8, 0), access(8, 0, stores=True))
    assert said(tables, "aliasing") == []


@pytest.mark.parametrize(
    ("step", "round_"), [(4096, True), (8192, True), (4160, False), (512, False)]
)
def test_rows_a_round_distance_apart_are_to_be_padded(step: int, *, round_: bool) -> None:
    tables = opened()
    place(tables, sparsity=step / 8, trip_count=512.0)
    kind_rows.insert(tables, "loops", key="f/1", parent="f", file="f.c", line=3, end_line=4)
    code(tables, access(8, 0, step=step))
    (row,) = said(tables, "stride")
    assert ("bytes apart" in row["says"]) == ("pad the rows" in row["helps"]) == round_


@pytest.mark.parametrize(("turns", "told"), [(512.0, True), (513.0, False), (64.0, False)])
def test_rows_whose_distance_only_the_run_tells_may_be_round(turns: float, *, told: bool) -> None:
    tables = opened()
    place(tables, far_accesses=1, trip_count=turns)
    kind_rows.insert(tables, "loops", key="f/1", parent="f", file="f.c", line=3, end_line=4)
    code(tables, access(8, 0, step=None, moves="at run time"))
    (row,) = said(tables, "stride")
    assert ("a power of two apart" in row["helps"]) == told


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("    r[i] = c[i] ? in[i] : r[i];", True),
        ("    r[i] = c[i] ? r[i] : in[i];", True),
        ("    r[i] = c[i] ? in[i] : 0;", False),
        ("    if (r[i] == 3) r[i - 1] = in[i] ? 1 : 2;", False),
    ],
)
def test_a_store_of_what_was_there_is_what_keeps_vectors_away(text: str, *, kept: bool) -> None:
    tables = opened()
    place(tables)
    kind_rows.insert(tables, "loops", key="f/1", file="f.c", line=3, end_line=4)
    kind_rows.insert(tables, "source", file="f.c", line=4, text=text)
    said_so = "loop not vectorized: unsafe dependent memory operations in loop, the same as accessed at f.c:4:0"
    args = [{"key": "String", "value": said_so}]
    remark = {"pass": "loop-vectorize", "name": "UnsafeDep", "tag": "AnalysisAliasing"}
    kind_rows.insert(tables, "remarks", loop="f/1", args=args, **remark)
    (row,) = said(tables, "not_vectorised")
    assert ("stays as it is" in row["says"]) == ("store only where" in row["helps"]) == kept
    assert ":0" not in row["says"] and "line 4" in row["says"]
