"""x86's instructions against somebody else's answers: LLVM's tables, and Intel syntax's sizes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from collectors.machine_code import instructions
from collectors.machine_code.x86 import X86_64
from collectors.machine_code.x86_operands import without_prefixes
from tests.support.machine_code import distinct, loads_and_stores

REGISTER = r"%(zmm|ymm|xmm|k)\d+|%r(?:[abcd]x|si|di|bp|\d+)\b|%(?:e(?:[abcd]x|si|di|bp)|r\d+d)\b"
FLAGS = ("-O3 -mavx2 -mfma", "-O3 -mavx512f -mavx512vl -mavx512dq -mavx512bw", "-O3", "-O0")
SHIPPED = Path(__file__).resolve().parents[2] / "kernels"
KERNELS = ("floyd_warshall.c", "hash_join.c", "particles.cpp")
SIZES = {"byte": 1, "word": 2, "dword": 4, "qword": 8, "tbyte": 10, "xmmword": 16}
SIZES |= {"ymmword": 32, "zmmword": 64}


@pytest.fixture(scope="module")
def binaries(tools: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Shipped kernels for several processors, and a program of LLVM's."""
    folder = tmp_path_factory.mktemp("binaries")
    found = [tools.path("llvm-mca").resolve()]
    for number, flags in enumerate(FLAGS):
        for name in KERNELS:
            out = folder / f"{name}{number}"
            tool = tools.path("clang++" if name.endswith("pp") else "clang")
            source = SHIPPED / name
            subprocess.run([tool, *flags.split(), source, "-lm", "-o", out], check=True)
            found.append(out)
    return found


def test_loads_and_stores_are_llvms(binaries: list[Path], tools: Toolchain, tmp_path: Path) -> None:
    every = (
        row[1:]
        for path in binaries
        for f in instructions.disassemble(path, tools, "#")
        for row in f.rows
    )
    code = list(distinct(every, REGISTER).values())
    assert len(code) > 600
    checked = 0
    for (mnemonic, operands), load, store in loads_and_stores(
        code, X86_64, tools, tmp_path, "-mcpu=znver4"
    ):
        prefixes, name, _ = without_prefixes(mnemonic, operands)
        meaning = X86_64.meaning(mnemonic, operands)
        found = meaning.load_bytes > 0, meaning.store_bytes > 0
        # LLVM orders prefetches and traps like accesses, and leaves out what string instructions do
        if meaning.kind in ("prefetch", "trap", "fence", "other") or re.fullmatch(
            "(movs|stos|lods|cmps|scas)[bwlq]", name
        ):
            continue
        # it takes a masked store for one that reads, and forgets one that extracts
        if re.fullmatch("v(p?maskmov.*|extract[fi]32x8)", name) and meaning.store_bytes:
            continue
        assert found == (load, store), (mnemonic, operands, prefixes)
        checked += 1
    assert checked > 0.95 * len(code)


def test_sizes_are_those_of_intel_syntax(binaries: list[Path], tools: Toolchain) -> None:
    """`qword ptr [rdi]`: the other syntax names the size of a memory operand."""
    checked, seen = 0, set()
    for path in binaries:
        code = [row for f in instructions.disassemble(path, tools, "#") for row in f.rows]
        sizes = intel_sizes(path, tools)
        for address, mnemonic, operands in code:
            meaning = X86_64.meaning(mnemonic, operands)
            accessed = {meaning.load_bytes, meaning.store_bytes} - {0}
            if address in sizes and accessed and meaning.kind not in ("gather", "scatter"):
                assert accessed == {sizes[address]}, (mnemonic, operands)
                checked += 1
                seen.add(mnemonic)
    assert checked > 4000 and len(seen) > 80


def intel_sizes(path: Path, tools: Toolchain) -> dict[int, int]:
    """Size of the only memory operand of each instruction; of a gather that of an element."""
    command = [tools.path("llvm-objdump"), "-d", "--no-show-raw-insn", "-M", "intel", path]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    sizes = {}
    for address, rest in re.findall(r"^ *([0-9a-f]+):\s+(.*)$", text, re.MULTILINE):
        named = re.findall(r"(\w+) ptr ", rest)
        if len(named) == 1 and named[0] in SIZES:
            sizes[int(address, 16)] = SIZES[named[0]]
    return sizes
