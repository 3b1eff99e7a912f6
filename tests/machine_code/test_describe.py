"""How addresses move in a machine loop, and which accesses are the stack's."""

from __future__ import annotations

import pytest

from collectors.machine_code.aarch64 import AARCH64
from collectors.machine_code.address_steps import AT_RUN_TIME, COMPUTED, CONSTANT
from collectors.machine_code.describe import DESCRIBED, describe
from collectors.machine_code.isa import InstructionSet
from collectors.machine_code.x86 import X86_32, X86_64


def described(code: str, of: InstructionSet = X86_64, inner: bool = True) -> list[dict]:
    """The columns of a loop's instructions, which are given a line each."""
    rows = [(*line.strip().split(" ", 1), "")[:2] for line in code.strip().splitlines()]
    columns = describe(
        rows, [of.meaning(*row) for row in rows], [16] * len(rows), {16} if inner else set(), of
    )
    assert list(columns) == [field.name for field in DESCRIBED]
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


@pytest.mark.parametrize(
    ("code", "through", "moves", "step"),
    [
        ("movsd 0x8(%rdi), %xmm0\n addq $0x10, %rdi", "rdi", CONSTANT, 16),
        ("movsd (%rdi), %xmm0\n subq $-0x80, %rdi", "rdi", CONSTANT, 128),
        ("movsd (%rdi), %xmm0\n addq $0x8, %rdi\n decq %rdi", "rdi", CONSTANT, 7),
        ("movsd (%rdi,%rax,8), %xmm0\n incq %rax", "rdi+8*rax", CONSTANT, 8),
        ("movsd (%rdi,%rax,8), %xmm0\n addl $0x2, %eax", "rdi+8*rax", CONSTANT, 16),
        ("movsd (,%rax,8), %xmm0\n incq %rax", "8*rax", CONSTANT, 8),
        ("movsd (%rdi), %xmm0\n leaq 0x20(%rdi), %rdi", "rdi", CONSTANT, 32),
        ("movsd (%rdi), %xmm0\n incq %rax", "rdi", CONSTANT, 0),
        ("movsd (%rdi), %xmm0\n addq %rcx, %rdi", "rdi", AT_RUN_TIME, None),
        ("movsd (%rdi), %xmm0\n leaq (%rdi,%rcx), %rdi", "rdi", AT_RUN_TIME, None),
        ("movsd (%rdi), %xmm0\n addq %rcx, %rdi\n incq %rcx", "rdi", COMPUTED, None),
        ("movsd (%rdi), %xmm0\n movq 0x8(%rdi), %rdi", "rdi", COMPUTED, None),
        ("movsd (%rdi), %xmm0\n callq 0x10 <f>", "rdi", COMPUTED, None),
        ("movsd (%rbx), %xmm0\n callq 0x10 <f>", "rbx", CONSTANT, 0),
        ("movsd (%rdi), %xmm0\n cmpq $0x8, %rdi\n testq %rdi, %rdi", "rdi", CONSTANT, 0),
        ("movsd (%rax), %xmm0\n idivq %rcx", "rax", COMPUTED, None),
        ("movsd (%rax), %xmm0\n lock cmpxchgq %rcx, (%rdx)", "rax", COMPUTED, None),
        ("rep movsq (%rsi), %es:(%rdi)", "rdi", CONSTANT, 8),
        ("movsd 0x1234(%rip), %xmm0", None, None, None),
        ("leaq (%rdi,%rax), %rcx\n incq %rdi", None, None, None),
    ],
)
def test_how_an_address_moves(
    code: str, through: str | None, moves: str | None, step: int | None
) -> None:
    first = described(code)[0]
    assert (first["through"], first["moves"], first["step"]) == (through, moves, step)


def test_calls_keep_other_registers_in_32_bits() -> None:
    code = "movsd (%edi), %xmm0\n calll 0x10 <f>"
    assert described(code, X86_32)[0]["step"] == 0
    assert described(code, X86_64)[0]["moves"] == COMPUTED


def test_only_innermost_loops_are_followed() -> None:
    """In another the inner loop's instructions, which may change the register, are not seen."""
    code = "movsd (%rdi), %xmm0\n addq $0x10, %rdi"
    assert described(code, inner=False)[0]["moves"] is None


def test_the_stack_is_what_the_function_says() -> None:
    frame = "movq %rsp, %rbp\n movl -0x4(%rbp), %eax\n movl (%rsp), %eax\n leaq -0x8(%rbp), %rdi"
    assert [row["stack"] for row in described(frame)] == [False, True, True, False]
    none = "movl -0x4(%rbp,%rax,4), %eax\n pushq %rbx\n movl (%rsp), %eax"
    assert [row["stack"] for row in described(none)] == [False, True, True]
    arm = "mov x29, sp\n ldr w0, [x29, #0x10]\n str x0, [sp, #-0x10]!\n ldr x0, [x19]"
    assert [row["stack"] for row in described(arm, AARCH64)] == [False, True, True, False]


def test_writing_back_moves_the_address() -> None:
    code = "ldr d0, [x0], #0x8\n str d0, [x1, x2, lsl #3]\n add x2, x2, #0x1\n ldr d1, [x3, #0x8]!"
    rows = described(code, AARCH64)
    assert [(r["through"], r["step"]) for r in rows if r["through"]] == [
        ("x0", 8),
        ("x1+8*x2", 8),
        ("x3", 8),
    ]
