"""What an AArch64 instruction is: by hand, by loops of known cost, and against LLVM's tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.base.toolchain import Toolchain
from collectors.machine_code import instruction_sets, instructions, isa, loop_bodies, mca
from collectors.machine_code.aarch64 import AARCH64
from collectors.machine_code.control_flow import BRANCH, FALL, INDIRECT, JUMP, STOP
from collectors.machine_code.isa import Write
from tests.machine_code.test_x86 import check_costs
from tests.support.machine_code import LOOPS, disassembled, distinct, loads_and_stores

MEANING = AARCH64.meaning
TARGET = "--target=aarch64-linux-gnu"
#: Calls, a jump table, pairs, atomics, byte and half-word accesses, lanes, structures, constants.
SHAPES = """
typedef unsigned long size_t;
typedef unsigned char byte;
int go(int);
int table(const byte *p, size_t n) {
  int s = 0;
  for (size_t i = 0; i < n; i++)
    switch (p[i]) {
    case 0: s += go(1); break; case 1: s *= 5; break; case 2: s ^= p[i + 1]; break;
    case 3: s -= go(9); break; case 4: s = ~s; break; case 5: s <<= 2; break;
    case 6: s = go(s); break; case 7: s /= 3; break; case 8: s = -s; break; case 9: return s;
    }
  return s;
}
long counter; short halves[64];
void add(long n) { __atomic_fetch_add(&counter, n, __ATOMIC_SEQ_CST); }
int swap(int *p, int a, int b) { return __sync_bool_compare_and_swap(p, a, b); }
void mix(short *a, const byte *b, const signed char *c, size_t n) {
  for (size_t i = 0; i < n; i++) a[i] = b[3 * i] + c[2 * i] + halves[i & 63];
}
struct pair { double re, im; };
void conjugate(struct pair *p, size_t n) {
  for (size_t i = 0; i < n; i++) { p[i].im = -p[i].im; p[i].re *= 0.25; }
}
void spread(float *y, const float *x, const int *at, size_t n) {
  for (size_t i = 0; i < n; i++) y[at[i]] += x[i] > 0 ? x[i] : -2 * x[i];
}
double horner(double x) { double r = 0.5; for (int i = 0; i < 9; i++) r = r * x + 1.5; return r; }
"""


@pytest.mark.parametrize(
    ("text", "flops", "load", "store"),
    [
        ("ldp q1, q4, [x9, #-0x10]", 0, 32, 0),
        ("stp x29, x30, [sp, #-0x30]!", 0, 0, 16),
        ("ldpsw x0, x1, [x2]", 0, 8, 0),
        ("ldr d1, [x10], #0x8", 0, 8, 0),
        ("ldrsw x1, [x0, w1, sxtw #2]", 0, 4, 0),
        ("ldrb w1, [x0]", 0, 1, 0),
        ("ldurh w1, [x0, #-0x2]", 0, 2, 0),
        ("ldr x0, 0x1000 <f+0x40>", 0, 8, 0),
        ("str wzr, [x0]", 0, 0, 4),
        ("stlxr w0, x1, [x2]", 0, 0, 8),
        ("ldaxr w0, [x2]", 0, 4, 0),
        ("ldadd x0, x1, [x2]", 0, 8, 8),
        ("ldaddalh w0, w1, [x2]", 0, 2, 2),
        ("casal w0, w1, [x2]", 0, 4, 4),
        ("casp x0, x1, x2, x3, [x4]", 0, 16, 16),
        ("ld1 { v0.2d, v1.2d }, [x0], #32", 0, 32, 0),
        ("ld4 { v0.16b - v3.16b }, [x0]", 0, 64, 0),
        ("ld1 { v0.s }[1], [x0]", 0, 4, 0),
        ("ld1r { v0.4s }, [x1]", 0, 4, 0),
        ("st2 { v0.4s, v1.4s }, [x0]", 0, 0, 32),
        ("ld1d { z0.d }, p0/z, [x0, x1, lsl #3]", 0, 16, 0),
        ("ld1b { z0.d }, p0/z, [x0]", 0, 2, 0),
        ("ld1rqd { z0.d }, p0/z, [x0]", 0, 16, 0),
        ("prfm pldl1keep, [x0]", 0, 0, 0),
        ("fmadd d1, d0, d1, d2", 2, 0, 0),
        ("fmla v1.2d, v2.2d, v0.d[0]", 4, 0, 0),
        ("fmla z0.s, p0/m, z1.s, z2.s", 8, 0, 0),
        ("fcmla v0.4s, v1.4s, v2.4s, #90", 8, 0, 0),
        ("bfdot v0.4s, v1.8h, v2.8h", 16, 0, 0),
        ("fadd v0.8h, v1.8h, v2.8h", 8, 0, 0),
        ("faddp v0.2d, v1.2d, v2.2d", 2, 0, 0),
        ("faddp d0, v1.2d", 1, 0, 0),
        ("fmaxnmv s0, v1.4s", 3, 0, 0),
        ("fdiv v0.2s, v1.2s, v2.2s", 2, 0, 0),
        ("fneg v0.2d, v1.2d", 0, 0, 0),
        ("scvtf d0, x1", 0, 0, 0),
        ("fcmp d0, #0.0", 0, 0, 0),
        ("madd x0, x1, x2, x3", 0, 0, 0),
    ],
)
def test_operations_and_bytes(text: str, flops: int, load: int, store: int) -> None:
    meaning = MEANING(*text.split(" ", 1))
    assert (meaning.flops, meaning.load_bytes, meaning.store_bytes) == (flops, load, store)


@pytest.mark.parametrize(
    ("text", "kind", "packed", "bits", "element"),
    [
        ("fadd d0, d1, d2", isa.ARITHMETIC, False, 0, "f64"),
        ("fadd v0.4s, v1.4s, v2.4s", isa.ARITHMETIC, True, 128, "f32"),
        ("add v0.8b, v1.8b, v2.8b", isa.ARITHMETIC, True, 64, "i8"),
        ("add x0, x1, x2", isa.ARITHMETIC, None, 0, None),
        ("fmla z0.d, p0/m, z1.d, z2.d", isa.FMA, True, 128, "f64"),
        ("fsqrt s0, s1", isa.DIVISION, False, 0, "f32"),
        ("udiv x0, x1, x2", isa.DIVISION, None, 0, None),
        ("cmeq v0.4s, v1.4s, v2.4s", isa.COMPARE, True, 128, "i32"),
        ("fcmp d0, d1", isa.COMPARE, False, 0, "f64"),
        ("cmp x0, x1", isa.COMPARE, None, 0, None),
        ("fcvtzs w0, d1", isa.CONVERT, False, 0, "f64"),
        ("fcvtzs v0.4s, v1.4s", isa.CONVERT, True, 128, "i32"),
        ("scvtf v0.2d, v1.2d", isa.CONVERT, True, 128, "f64"),
        ("sxtw x0, w1", isa.CONVERT, None, 0, None),
        ("csel x0, x1, x2, lt", isa.SELECT, None, 0, None),
        ("bsl v0.16b, v1.16b, v2.16b", isa.SELECT, None, 128, None),
        ("zip1 v0.4s, v1.4s, v2.4s", isa.SHUFFLE, None, 128, None),
        ("movi v0.2d, #0000000000000000", isa.MOVE, None, 128, None),
        ("ldr q0, [x0]", isa.MOVE, None, 128, None),
        ("ldr d0, [x0]", isa.MOVE, None, 0, None),
        ("ld1d { z0.d }, p0/z, [x0, z1.d, lsl #3]", isa.GATHER, None, 128, None),
        ("st1w { z0.s }, p0, [x0, z1.s, uxtw #2]", isa.SCATTER, None, 128, None),
        ("swpal x0, x1, [x2]", isa.ATOMIC, None, 0, None),
        ("adrp x8, 0x11000", isa.ADDRESS, None, 0, None),
        ("dmb ish", isa.FENCE, None, 0, None),
        ("mrs x0, TPIDR_EL0", isa.MOVE, None, 0, None),
    ],
)
def test_kinds(text: str, kind: str, packed: bool | None, bits: int, element: str | None) -> None:
    meaning = MEANING(*text.split(" ", 1))
    found = (meaning.kind, meaning.packed, meaning.vector_bits, meaning.element)
    assert found == (kind, packed, bits, element)


@pytest.mark.parametrize(
    ("text", "transfer", "target"),
    [
        ("b.ne 0x24 <f+0x24>", BRANCH, 0x24),
        ("cbz x2, 0x78 <f+0x78>", BRANCH, 0x78),
        ("tbnz w0, #0x3, 0x40", BRANCH, 0x40),
        ("b 0x50 <f+0x50>", JUMP, 0x50),
        ("br x8", INDIRECT, None),
        ("ret ", STOP, None),
        ("brk #0x1", STOP, None),
        ("bl 0x100 <g>", FALL, None),
        ("blr x8", FALL, None),
        ("bic x0, x1, x2", FALL, None),
    ],
)
def test_where_it_goes(text: str, transfer: int, target: int | None) -> None:
    meaning = MEANING(*text.split(" ", 1))
    assert (meaning.transfer, meaning.target) == (transfer, target)


@pytest.mark.parametrize(
    ("text", "writes"),
    [
        ("add x8, x8, #0x10", [Write("x8", 16)]),
        ("subs x8, x8, #0x1, lsl #12", [Write("x8", -4096)]),
        ("add x8, x8, x9, lsl #3", [Write("x8", by="x9")]),
        ("add x8, x9, #0x10", [Write("x8")]),
        ("ldr d1, [x10], #0x8", [Write("x10", 8), Write("d1")]),
        ("str d1, [x10, #-0x8]!", [Write("x10", -8)]),
        ("ld1 { v0.2d, v1.2d }, [x0], x2", [Write("x0", by="x2"), Write("v0"), Write("v1")]),
        ("stxr w0, x1, [x2]", [Write("x0")]),
        ("ldadd x0, x1, [x2]", [Write("x1")]),
        ("cmp x0, x1", []),
        ("cmeq v0.4s, v1.4s, v2.4s", [Write("v0")]),
        ("cbz x2, 0x78", []),
    ],
)
def test_registers_that_move(text: str, writes: list[Write]) -> None:
    assert AARCH64.writes(*text.split(" ", 1)) == writes


@pytest.mark.parametrize("flags", ["", "-march=armv9-a", "-mcpu=neoverse-n1 -fno-unroll-loops"])
def test_loops_of_known_cost(tools: Toolchain, tmp_path: Path, flags: str) -> None:
    """Of vectors whose length is not known, elements are counted as if they had 128 bits."""
    found = disassembled(tools, tmp_path, LOOPS, TARGET, "-ffreestanding", *flags.split())
    assert instruction_sets.of_binary(tmp_path / "code.o") is AARCH64 and found.problems == []
    code, loops = found.instructions.to_pylist(), found.machine_loops.to_pylist()
    if "armv9" in flags:  # a step is then a number of vectors
        assert {row["vector_bits"] for row in loops} >= {128}
        return
    check_costs(code, loops)
    assert {row["vector_bits"] for row in loops} == {128, None}


def test_loads_and_stores_are_llvms(tools: Toolchain, tmp_path: Path) -> None:
    listings = []
    for flags in ("-O3", "-O3 -march=armv9-a", "-O2 -march=armv8.2-a+fp16", "-O0"):
        disassembled(tools, tmp_path, LOOPS + SHAPES.split("\n", 2)[2], TARGET, *flags.split())
        functions = instructions.disassemble(tmp_path / "code.o", tools, "//")
        listings += [row[1:] for function in functions for row in function.rows]
    code = list(distinct(listings, r"\b([wxbhsdqvzp])\d+").values())
    checked = set()
    model = ("-mcpu=neoverse-v2", "-mattr=+all")
    for row, load, store in loads_and_stores(code, AARCH64, tools, tmp_path, *model):
        meaning = MEANING(*row)
        if meaning.kind in ("fence", "prefetch", "other"):
            continue  # LLVM orders them like accesses
        # LLVM takes both halves of an exclusive pair for loads and stores
        if "xr" in row[0] and row[0][:2] in ("ld", "st"):
            assert load and store and meaning.load_bytes + meaning.store_bytes
        else:
            assert (meaning.load_bytes > 0, meaning.store_bytes > 0) == (load, store), row
        checked.add(row[0])
    assert len(checked) > 80


def test_machine_loops_and_jump_tables(tools: Toolchain, tmp_path: Path) -> None:
    found = disassembled(tools, tmp_path, SHAPES, TARGET, "-O1")
    (table,) = [row for row in found.machine_loops.to_pylist() if row["symbol"] == "table"]
    code = [r for r in found.instructions.to_pylist() if r["machine_loop"] == table["machine_loop"]]
    assert table["innermost"] and {"call", "jump", "branch"} <= {row["kind"] for row in code}
    assert {row["mnemonic"] for row in code if row["kind"] == "call"} == {"bl"}
    assert any(row["stack"] for row in found.instructions.to_pylist() if row["symbol"] == "table")
    assert not any(row["stack"] for row in found.instructions.to_pylist() if row["symbol"] == "mix")
    lines = {row["line"] for row in code}
    assert lines >= {8, 9, 10, 11}


def test_the_model_is_of_the_target(tools: Toolchain, tmp_path: Path) -> None:
    found = disassembled(tools, tmp_path, LOOPS, TARGET)
    code = loop_bodies.by_machine_loop(found.instructions)
    first = {min(code): code[min(code)]}
    summary, details, problems = mca.collect(first, {}, tools, tmp_path, AARCH64, "neoverse-n1")
    assert summary["cpu"].to_pylist() == ["neoverse-n1"] and problems == []
    assert len(details) == len(first[min(code)])
    cpu = mca.named_cpu(["-O3", "-mcpu=neoverse-v2+nosve"], AARCH64)
    if instruction_sets.of_host() is not AARCH64:
        assert cpu == "neoverse-v2"
        summary, _, problems = mca.collect(first, {}, tools, tmp_path, AARCH64)
        assert summary["cpu"].to_pylist() == ["generic"] and "-mcpu=" in problems[0].fix


def test_other_instruction_sets_are_said_not_to_be_read(tools: Toolchain, tmp_path: Path) -> None:
    found = disassembled(tools, tmp_path, LOOPS, "--target=riscv64-linux-gnu")
    assert instruction_sets.of_binary(tmp_path / "code.o") is None
    assert len(found.machine_loops) == 0
    assert len(found.instructions) > 50
    assert set(found.instructions["kind"].to_pylist()) == {None}
    assert any("RISC-V" in problem.what for problem in found.problems)


@given(st.text(max_size=12), st.text(alphabet="[](){}#!,/. -+0123456789abcdefwxvzpsl", max_size=40))
def test_foreign_text_is_no_error(mnemonic: str, operands: str) -> None:
    for name in (mnemonic, "ldr", "ld1d", "stp", "add", "fmaxnmv", "casp", "b.ne"):
        assert MEANING(name, operands).kind in isa.KINDS
        AARCH64.writes(name, operands)
        AARCH64.stack_registers([(name, operands)])
