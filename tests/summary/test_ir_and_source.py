"""What a summary shows of IR, source and the machine's caches."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from collectors.base import process
from collectors.base.toolchain import Toolchain
from collectors.passes.text import ir_line
from corr.lake.sql import connect, rows
from corr.lake.store import Lake
from corr.program import machine
from corr.summary.blocks import only_loops, shortened
from corr.summary.source import function_lines
from corr.summary.summarise import strip_ir


def test_stripped_ir_is_the_function_still(gemm: Lake, tools: Toolchain, tmp_path: Path) -> None:
    run = gemm.find("a")
    module = (run.folder / "artifacts" / "gemm.opt.ll").read_text()
    whole = module[module.index("define internal void @run(") :]
    whole = whole[: whole.index("\n}\n") + 2]
    keys = {
        row["number"]: row["key"]
        for row in rows(connect(gemm, [run]), "SELECT number, key FROM loops")
    }
    stripped = strip_ir(module, "run")
    assert stripped is not None and not re.search(r"!|#\d|; preds|#dbg|noundef", stripped)
    short = shortened(stripped, keys)
    assert len(short) < 0.7 * len(stripped) < 0.5 * len(whole)
    for text in (stripped, short):
        assert opcodes(text) == opcodes(whole)
        path = tmp_path / "module.ll"
        path.write_text(module.replace(whole, text))
        done = process.run([tools.path("clang"), "-w", "-c", path, "-o", tmp_path / "module.o"])
        assert done.ok, done.last_lines()
    number = next(n for n, key in keys.items() if key == "kernel_gemm/1.1.1")
    inner = only_loops(short, [number], bodies=True)
    assert "fmul double" in inner and f"L{number}.1:" in inner and "; … " in inner
    assert strip_ir(module, "no_such_function") is None


def opcodes(text: str) -> Counter[str]:
    lines = filter(None, map(ir_line, text.splitlines()))
    return Counter(line.opcode for line in lines if line.opcode)


@pytest.mark.parametrize(
    ("text", "loop", "function"),
    [
        ("void f(int n)\n{\n  for (;;) {\n  }\n}\n", (3, 4), (1, 5)),
        ("namespace x {\nclass A {\n  void g()\n  {\n    for (;;);\n  }\n};\n}\n", (5, 5), (3, 6)),
        ("int a;\nint f() { // }\n  char c = '}'; /* } */\n  for (;;);\n}\n", (4, 4), (2, 5)),
        ("#define M { {\nint f() {\n  g([](int i) {\n    for (;;);\n  });\n}\n", (4, 4), (2, 6)),
        ('extern "C" {\nint f(void) {\n  for (;;);\n}\n}\n', (3, 3), (2, 4)),
        ("int f() {\n#if 1\n  if (1) {\n#else\n  if (2) {\n#endif\n  for (;;);\n  }\n}\n", (7, 7), None),
        ("}\nint f() {\n  for (;;);\n}\n", (3, 3), None),
    ],
)  # fmt: skip
def test_function_around_a_loop(
    text: str, loop: tuple[int, int], function: tuple[int, int] | None
) -> None:
    assert function_lines(text.split("\n"), *loop) == function


def test_caches_of_the_machine(tmp_path: Path) -> None:
    for index, level, kind, size, shared in (
        (0, 1, "Data", "48K", "0"),
        (1, 1, "Instruction", "32K", "0"),
        (2, 3, "Unified", "32M", "0-3,8-11"),
        (3, 2, "Unified", "1024K", "0,4"),
    ):
        folder = tmp_path / f"index{index}"
        folder.mkdir()
        for name, value in (
            ("level", level), ("type", kind), ("size", size),
            ("coherency_line_size", 64), ("shared_cpu_list", shared),
        ):  # fmt: skip
            (folder / name).write_text(f"{value}\n")
    (tmp_path / "index9").mkdir()
    assert machine.caches(tmp_path) == [
        {"level": 1, "bytes": 49152, "line": 64, "shared_by": 1},
        {"level": 2, "bytes": 1 << 20, "line": 64, "shared_by": 2},
        {"level": 3, "bytes": 32 << 20, "line": 64, "shared_by": 8},
    ]
    assert machine.caches(tmp_path / "nowhere") == []
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nflags\t\t: sse2 avx avx2\n")
    assert machine.vector_bits(info) == 256
    assert machine.vector_bits(tmp_path / "none") is None
