"""What computed addresses are made of: lists, indices, sums through copies of registers."""

from __future__ import annotations

import pytest

from collectors.machine_code.aarch64 import AARCH64
from collectors.machine_code.isa import InstructionSet
from collectors.machine_code.x86 import X86_64
from tests.machine_code.test_describe import described

_CASES = [
    # a list, the next node first in another register
    ("movl 0x10(%r15), %eax\n movq (%r15), %rbx\n movq %rbx, %r15", "itself", None),
    # the same unrolled twice
    ("movq (%rax), %rax\n movq (%rax), %rax\n incl %ecx", "itself", None),
    # a tree: one of two loads
    ("leaq 8(%rax), %rcx\n leaq 16(%rax), %rdx\n cmovlq %rdx, %rcx\n movq (%rcx), %rax", "itself", None),
    ("movslq (%rdi,%rcx,4), %rax\n movsd (%rsi,%rax,8), %xmm0\n incq %rcx", "loaded", None),
    ("movq (%rdi,%rcx,8), %rax\n movsd 0x8(%rax), %xmm0\n incq %rcx", "loaded", None),
    # loaded in the pass before
    ("movsd (%rsi,%rax,8), %xmm0\n movslq (%rdi,%rcx,4), %rax\n incq %rcx", "loaded", None),
    ("imulq %rdx, %rax\n movzbl (%rsi,%rax), %ecx", "numbers", None),
    # what is taken back from the stack was put there
    ("movq 0x8(%rsp), %rax\n movsd (%rax), %xmm0", "numbers", None),
    # down by four bytes, through copies
    ("leaq -0x1(%rdx), %rax\n movl (%rcx,%rdx,4), %esi\n movq %rax, %rdx", None, -4),
    ("movq %rdx, %rax\n movl (%rcx,%rax,4), %esi\n incq %rdx", None, 4),
    ("movq %rdx, %rax\n addq $0x10, %rdx\n movl (%rax), %esi\n movq %rdx, %rcx", None, 16),
]  # fmt: skip


@pytest.mark.parametrize(("code", "origin", "step"), _CASES)
def test_x86(code: str, origin: str | None, step: int | None) -> None:
    _has(code, X86_64, origin, step)


@pytest.mark.parametrize(
    ("code", "origin"),
    [
        ("ldr x0, [x0, #8]\n add x1, x1, #1", "itself"),
        ("ldr w8, [x1], #4\n ldr d0, [x2, x8, lsl #3]", "loaded"),
        ("mul x0, x0, x3\n ldrb w4, [x5, x0]", "numbers"),
    ],
)
def test_aarch64(code: str, origin: str) -> None:
    _has(code, AARCH64, origin, None)


def test_a_gather_of_what_is_counted_has_no_index() -> None:
    counted = "vpaddq %zmm1, %zmm0, %zmm0\n vgatherqpd (%rdi,%zmm0,8), %zmm2 {%k1}"
    loaded = "vmovdqu64 (%rsi,%rax,8), %zmm0\n addq $8, %rax\n " + counted.split("\n ")[1]
    assert described(counted)[-1]["origin"] == "numbers"
    assert described(loaded)[-1]["origin"] == "loaded"


def _has(code: str, of: InstructionSet, origin: str | None, step: int | None) -> None:
    loads = [r for r in described(code, of) if r["load_bytes"] and not r["stack"]]
    row = next((r for r in loads if r["origin"]), loads[-1])
    assert (row["origin"], row["step"]) == (origin, step)
