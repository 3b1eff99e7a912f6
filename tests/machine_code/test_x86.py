"""What an x86 instruction is: by hand, and by what loops of known cost add up to."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.base.toolchain import Toolchain
from collectors.machine_code import isa
from collectors.machine_code.control_flow import FALL, INDIRECT, STOP
from collectors.machine_code.x86 import X86_64
from tests.support.machine_code import COSTS, LOOPS, disassembled

MEANING = X86_64.meaning


@pytest.mark.parametrize(
    ("text", "flops", "load", "store"),
    [
        ("vfmadd231pd (%rax), %zmm1, %zmm2", 16, 64, 0),
        ("vfmadd231pd %ymm0, %ymm1, %ymm2", 8, 0, 0),
        ("vfmadd213ss (%rax), %xmm1, %xmm2", 2, 4, 0),
        ("vfmaddsub231ps %ymm0, %ymm1, %ymm2", 16, 0, 0),
        ("vfmaddpd %xmm0, %xmm1, %xmm2, %xmm3", 4, 0, 0),
        ("vdpbf16ps %zmm0, %zmm1, %zmm2", 64, 0, 0),
        ("vfmulcph %xmm0, %xmm1, %xmm2", 24, 0, 0),
        ("mulsd (%rcx,%rax,8), %xmm0", 1, 8, 0),
        ("addps %xmm0, %xmm1", 4, 0, 0),
        ("haddps %xmm0, %xmm1", 4, 0, 0),
        ("vhaddpd %ymm0, %ymm1, %ymm2", 4, 0, 0),
        ("dpps $0xf1, %xmm0, %xmm1", 7, 0, 0),
        ("vdpps $0x31, %ymm0, %ymm1, %ymm2", 6, 0, 0),
        ("dppd $0x1, %xmm0, %xmm1", 0, 0, 0),
        ("vaddpd (%rax){1to8}, %zmm1, %zmm2", 8, 8, 0),
        ("vaddph (%rax), %zmm1, %zmm2 {%k1} {z}", 32, 64, 0),
        ("vdivpd %ymm0, %ymm1, %ymm2", 4, 0, 0),
        ("vsqrtsd (%rdi), %xmm1, %xmm2", 1, 8, 0),
        ("faddl (%rdi)", 1, 8, 0),
        ("fiadds (%rdi)", 1, 2, 0),
        ("fmulp %st, %st(1)", 1, 0, 0),
        ("fstpt (%rdi)", 0, 0, 10),
        ("cvtsi2sd %eax, %xmm0", 0, 0, 0),
        ("cvtsi2sdl (%rax), %xmm0", 0, 4, 0),
        ("cvtps2pd (%rax), %xmm0", 0, 8, 0),
        ("vcvtpd2ps (%rax), %ymm0", 0, 64, 0),
        ("vcvtpd2psy (%rax), %xmm0", 0, 32, 0),
        ("cvtpd2ps (%rax), %xmm0", 0, 16, 0),
        ("vcvtps2ph $0x4, %ymm0, (%rdi)", 0, 0, 16),
        ("vpmovzxbd (%rdi), %zmm0", 0, 16, 0),
        ("vpmovqb %zmm0, (%rdi)", 0, 0, 8),
        ("vcvtdq2pd (%rax){1to8}, %zmm0", 0, 4, 0),
        ("ucomisd %xmm1, %xmm0", 0, 0, 0),
        ("vbroadcastsd (%rax), %zmm2", 0, 8, 0),
        ("vbroadcastf32x4 (%rax), %zmm2", 0, 16, 0),
        ("vpbroadcastb (%rax), %ymm2", 0, 1, 0),
        ("movddup (%rax), %xmm0", 0, 8, 0),
        ("vmovddup (%rax), %ymm0", 0, 32, 0),
        ("movapd %xmm0, (%rdi)", 0, 0, 16),
        ("movsd %xmm0, (%rdi)", 0, 0, 8),
        ("movhps %xmm0, (%rdi)", 0, 0, 8),
        ("pmaxsd (%rdi), %xmm0", 0, 16, 0),
        ("pabsd (%rdi), %xmm0", 0, 16, 0),
        ("vpslld (%rdi), %ymm0, %ymm1", 0, 16, 0),
        ("vpslld $0x3, (%rdi), %zmm1", 0, 64, 0),
        ("vgatherdpd (%rax,%ymm1,8), %zmm0 {%k1}", 0, 64, 0),
        ("vpgatherqd %xmm2, (%rax,%ymm1,4), %xmm0", 0, 16, 0),
        ("vpscatterqd %ymm0, (%rax,%zmm1,4) {%k1}", 0, 0, 32),
        ("kmovw (%rdi), %k1", 0, 2, 0),
        ("movzbl (%rdi), %eax", 0, 1, 0),
        ("movslq (%rdi), %rax", 0, 4, 0),
        ("movq (%rdi), %rax", 0, 8, 0),
        ("movb $0x0, (%rdi)", 0, 0, 1),
        ("addq %rax, (%rdi)", 0, 8, 8),
        ("incl 0x4(%rdi)", 0, 4, 4),
        ("cmpl $0x0, (%rdi)", 0, 4, 0),
        ("testb $0x1, (%rdi)", 0, 1, 0),
        ("setl (%rdi)", 0, 0, 1),
        ("cmovll (%rdi), %eax", 0, 4, 0),
        ("movq %fs:0x28, %rax", 0, 8, 0),
        ("movl 0x601040, %eax", 0, 4, 0),
        ("pushq %rax", 0, 0, 8),
        ("pushq (%rax)", 0, 8, 8),
        ("popq %rax", 0, 8, 0),
        ("rep movsq (%rsi), %es:(%rdi)", 0, 8, 8),
        ("stosb %al, %es:(%rdi)", 0, 0, 1),
        ("lock addl $0x1, (%rdi)", 0, 4, 4),
        ("cmpxchg16b (%rdi)", 0, 16, 16),
        ("callq *0x8(%rax)", 0, 8, 0),
        ("callq 0x1234 <f>", 0, 0, 0),
        ("jmpq *(%rax,%rcx,8)", 0, 8, 0),
        ("jne 0x1234", 0, 0, 0),
        ("leaq (%rdi,%rax,8), %rcx", 0, 0, 0),
        ("nopw %cs:(%rax,%rax)", 0, 0, 0),
        ("prefetcht0 (%rdi)", 0, 0, 0),
    ],
)
def test_operations_and_bytes(text: str, flops: int, load: int, store: int) -> None:
    meaning = MEANING(*text.split(" ", 1))
    assert (meaning.flops, meaning.load_bytes, meaning.store_bytes) == (flops, load, store)


@pytest.mark.parametrize(
    ("text", "kind", "packed", "bits", "element"),
    [
        ("addsd %xmm0, %xmm1", isa.ARITHMETIC, False, 0, "f64"),
        ("vaddps %ymm0, %ymm1, %ymm2", isa.ARITHMETIC, True, 256, "f32"),
        ("paddd %mm0, %mm1", isa.ARITHMETIC, True, 64, "i32"),
        ("vfmadd231pd %zmm0, %zmm1, %zmm2", isa.FMA, True, 512, "f64"),
        ("divss %xmm0, %xmm1", isa.DIVISION, False, 0, "f32"),
        ("idivl %ecx", isa.DIVISION, None, 0, None),
        ("addq $0x8, %rax", isa.ARITHMETIC, None, 0, None),
        ("faddp %st, %st(1)", isa.ARITHMETIC, None, 0, "f80"),
        ("cvttsd2si (%rdi), %eax", isa.CONVERT, False, 0, "f64"),
        ("vcvtdq2pd %xmm0, %ymm0", isa.CONVERT, True, 256, "f64"),
        ("pslld $0x3, %xmm0", isa.ARITHMETIC, True, 128, "i32"),
        ("pcmpeqb %xmm0, %xmm1", isa.COMPARE, True, 128, "i8"),
        ("ucomisd %xmm0, %xmm1", isa.COMPARE, False, 0, "f64"),
        ("vpdpbusd %ymm0, %ymm1, %ymm2", isa.ARITHMETIC, True, 256, "i32"),
        # zero, all ones, a sign: what scalar code does with whole registers
        ("xorps %xmm0, %xmm0", isa.MOVE, None, 128, None),
        ("vpcmpeqd %xmm1, %xmm1, %xmm1", isa.MOVE, None, 128, None),
        ("vpternlogd $0xff, %zmm0, %zmm0, %zmm0", isa.MOVE, None, 512, None),
        ("cmpunordpd %xmm0, %xmm0", isa.COMPARE, True, 128, "f64"),
        ("xorps 0xe(%rip), %xmm0", isa.LOGIC, None, 128, "f32"),
        ("andps (%rdi,%rax), %xmm0", isa.LOGIC, True, 128, "f32"),
        ("vandps 0xe(%rip), %ymm0, %ymm1", isa.LOGIC, True, 256, "f32"),
        ("pand %xmm0, %xmm1", isa.LOGIC, True, 128, None),
        ("movups (%rdi), %xmm0", isa.MOVE, None, 128, None),
        ("movsd (%rdi), %xmm0", isa.MOVE, None, 0, None),
        ("vpmovsxbq 0x1491(%rip), %xmm20", isa.MOVE, None, 128, None),
        ("shufps $0x0, %xmm0, %xmm1", isa.SHUFFLE, None, 128, None),
        ("blendps $0x1, %xmm0, %xmm1", isa.SHUFFLE, None, 128, None),
        ("pblendvb %xmm0, %xmm1, %xmm2", isa.SELECT, None, 128, None),
        ("vmovapd %zmm1, %zmm0 {%k1}", isa.SELECT, None, 512, None),
        ("cmovlq %rax, %rcx", isa.SELECT, None, 0, None),
        ("setb %al", isa.SELECT, None, 0, None),
        ("lock ", isa.ATOMIC, None, 0, None),
        ("xchgq %rax, (%rdi)", isa.ATOMIC, None, 0, None),
        ("xchgq %rax, %rcx", isa.ARITHMETIC, None, 0, None),
        ("xchgw %ax, %ax", isa.NOP, None, 0, None),
        ("lock cmpxchgq %rcx, (%rdi)", isa.ATOMIC, None, 0, None),
        ("cmpxchgq %rcx, (%rdi)", isa.ARITHMETIC, None, 0, None),
        ("prefetchnta (%rdi)", isa.PREFETCH, None, 0, None),
        ("mfence ", isa.FENCE, None, 0, None),
        ("endbr64 ", isa.NOP, None, 0, None),
        ("cpuid ", isa.OTHER, None, 0, None),
    ],
)
def test_kinds(text: str, kind: str, packed: bool | None, bits: int, element: str | None) -> None:
    meaning = MEANING(*text.split(" ", 1))
    found = (meaning.kind, meaning.packed, meaning.vector_bits, meaning.element)
    assert found == (kind, packed, bits, element)


@pytest.mark.parametrize(
    ("mnemonic", "operands", "transfer", "target"),
    [
        ("jne", "0x1234 <f+0x10>", 1, 0x1234),
        ("loop", "0x1234", 1, 0x1234),
        ("jmp", "0x1234 <f+0x10>", 2, 0x1234),
        ("jmpq", "*%rax", INDIRECT, None),
        ("notrack", "jmpq\t*(%rax,%rcx,8)", INDIRECT, None),
        ("retq", "", STOP, None),
        ("rep", "retq", STOP, None),
        ("ud2", "", STOP, None),
        ("callq", "0x1234 <f>", FALL, None),
        ("lock", "addq\t%rax, (%rdi)", FALL, None),
        ("addq", "%rax, %rcx", FALL, None),
    ],
)
def test_where_it_goes(mnemonic: str, operands: str, transfer: int, target: int | None) -> None:
    meaning = MEANING(mnemonic, operands)
    assert (meaning.transfer, meaning.target) == (transfer, target)


@pytest.mark.parametrize(
    "flags", ["", "-mavx2 -mfma", "-mavx512f -mprefer-vector-width=512", "-m32"]
)
def test_loops_of_known_cost(tools: Toolchain, tmp_path: Path, flags: str) -> None:
    """Vector bodies, unrolled or not, and remainders: operations and bytes for each element."""
    found = disassembled(tools, tmp_path, LOOPS, *flags.split(), "-msse2")
    check_costs(found.instructions.to_pylist(), found.machine_loops.to_pylist())
    widths = {row["vector_bits"] for row in found.machine_loops.to_pylist()}
    widest = 512 if "avx512" in flags else 256 if "avx2" in flags else 128
    assert max(bits or 0 for bits in widths) == widest


def check_costs(code: list[dict], loops: list[dict]) -> None:
    """Each innermost loop does for an element what its C says, however many elements a pass has."""
    seen = set()
    for loop in loops:
        body = [row for row in code if row["machine_loop"] == loop["machine_loop"]]
        streams = [row for row in body if row["step"]]
        flops = sum(row["flops"] for row in body)
        load, store = (sum(row[f"{k}_bytes"] for row in streams) for k in ("load", "store"))
        each, read, written = COSTS[loop["symbol"]]
        elements = store / written
        assert elements >= 1
        assert (flops, load) == (each * elements, read * elements), loop
        seen.add(loop["symbol"])
    assert seen == set(COSTS)


@given(st.text(max_size=12), st.text(alphabet="%$(),*{}#-+ 0123456789abcdefrsxyz:", max_size=40))
def test_foreign_text_is_no_error(mnemonic: str, operands: str) -> None:
    for name in (mnemonic, "dpps", "vpmovqb", "vgatherdpd", "cvtps2pd", "lock", "leaq", "addq"):
        assert MEANING(name, operands).kind in isa.KINDS
        X86_64.writes(name, operands)
