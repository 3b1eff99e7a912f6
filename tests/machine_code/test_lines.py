"""The line table equals llvm-dwarfdump's reading of it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from collectors.machine_code import lines

KERNELS = Path(__file__).resolve().parents[2] / "kernels"
ROW = re.compile(r"^0x([0-9a-f]+)\s+(\d+)\s+(\d+)\s+(\d+)\s+\d+\s+\d+(?:\s+\d+)?\s*(.*)$")
NAME = re.compile(r'name: (?:.*?= )?"(.*)"')
INDEX = re.compile(r"dir_index: (\d+)")


def dwarfdump(binary: Path) -> list[tuple[int, str, int, int, bool, bool]]:
    """(address, base name, line, column, is_stmt, end_sequence) as llvm-dwarfdump prints them."""
    tool = binary.parent / "llvm-dwarfdump"
    text = subprocess.run(
        [str(tool), "--debug-line", str(binary)], check=True, capture_output=True, text=True
    ).stdout
    rows, names, first = [], [], 1
    for line in text.splitlines():
        if line.lstrip().startswith("version:"):
            names, first = [], 0 if int(line.split()[-1]) >= 5 else 1
        elif match := NAME.search(line):
            names.append(os.path.basename(match[1]))
        elif match := ROW.match(line):
            flags = match[5].split()
            rows.append(
                (int(match[1], 16), names[int(match[4]) - first], int(match[2]), int(match[3]))
                + (("is_stmt" in flags, False) if "end_sequence" not in flags else (None, True))
            )
    return rows


@pytest.mark.parametrize("dwarf", ["-gdwarf-4", "-gdwarf-5"])
@pytest.mark.parametrize("kernel", ["gemm.c", "particles.cpp"])
def test_equal_to_dwarfdump(tools: Toolchain, tmp_path: Path, kernel: str, dwarf: str) -> None:
    binary = tmp_path / "program"
    compiler = tools.path("clang++" if kernel.endswith("pp") else "clang")
    source = KERNELS / kernel
    command = [compiler, "-O2", "-g", dwarf, source, "-lm", "-o", binary]
    subprocess.run([str(c) for c in command], check=True)
    tool = Path(os.path.realpath(tools.path("clang"))).parent / "llvm-dwarfdump"
    (tmp_path / "llvm-dwarfdump").symlink_to(tool)
    table, problems = lines.read(binary)
    assert problems == []
    ours = [
        (r["address"], os.path.basename(r["file"]), r["line"], r["column"])
        + (r["is_stmt"], r["end_sequence"])
        for r in table.to_pylist()
    ]
    assert ours == dwarfdump(binary)
    assert str(source) in set(table["file"].to_pylist())


def test_stripped_and_broken(tools: Toolchain, tmp_path: Path) -> None:
    binary = tmp_path / "program"
    source = str(KERNELS / "gemm.c")
    subprocess.run([str(tools.path("clang")), "-O2", source, "-s", "-o", str(binary)], check=True)
    table, (problem,) = lines.read(binary)
    assert len(table) == 0 and "no line table" in problem.what and "-g" in problem.fix
    (tmp_path / "broken").write_bytes(b"\x7fELF\x02\x01\x01" + b"\xff" * 100)
    table, (problem,) = lines.read(tmp_path / "broken")
    assert len(table) == 0 and "cannot be read" in problem.what
