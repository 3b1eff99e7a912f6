"""Machine code for the tests: objects of small C files, and what llvm-mca says of instructions."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from collectors.base.toolchain import Toolchain
from collectors.machine_code import instructions, lines
from collectors.machine_code.isa import InstructionSet

#: Loops whose floating-point operations, and bytes read and written, are known for each element.
LOOPS = """
typedef unsigned long size_t;
void axpy(double *restrict y, const double *restrict x, double a, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] += a * x[i];
}
void axpy_float(float *restrict y, const float *restrict x, float a, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] += a * x[i];
}
void quotient(double *restrict y, const double *restrict x, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = 1 / x[i];
}
void square_root(float *restrict y, const float *restrict x, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = __builtin_sqrtf(x[i]) - 2;
}
void polynomial(double *restrict y, const double *restrict x, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = (x[i] * x[i] + 3) * x[i] - x[i];
}
void widened(double *restrict y, const int *restrict x, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = x[i];
}
void narrowed(float *restrict y, const double *restrict x, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = (float)x[i];
}
void copied(double *restrict y, const double *restrict x, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = -x[i];
}
void shifted(int *restrict y, const int *restrict x, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = x[i] << 3;
}
"""
#: Of each: operations, bytes read, bytes written for an element.
COSTS = {
    **{"axpy": (2, 16, 8), "axpy_float": (2, 8, 4), "quotient": (1, 8, 8)},
    **{"square_root": (2, 4, 4), "polynomial": (4, 8, 8), "widened": (0, 4, 8)},
    **{"narrowed": (0, 8, 4), "copied": (0, 8, 8), "shifted": (0, 4, 4)},
}


def disassembled(
    tools: Toolchain, folder: Path, source: str, *flags: str
) -> instructions.Disassembly:
    """The machine code of one C file, as an object file has it."""
    path, binary = folder / "code.c", folder / "code.o"
    path.write_text(source)
    command: list[str | Path] = [
        tools.path("clang"),
        "-O3",
        "-g",
        "-w",
        "-fno-math-errno",
        *flags,
        "-c",
        path,
        "-o",
        binary,
    ]
    subprocess.run(command, check=True)
    return instructions.collect(binary, lines.read(binary)[0], tools)


def distinct(listings: Iterable[tuple[str, str]], register: str) -> dict[str, tuple[str, str]]:
    """Instructions that differ in more than numbers; `register` matches those that are alike."""
    found: dict[str, tuple[str, str]] = {}
    for mnemonic, operands in listings:
        text = re.sub(r" ?<[^>]*>", "", operands)
        shape = re.sub(register, r"\1", re.sub(r"0x[0-9a-f]+", "N", f"{mnemonic} {text}"))
        found.setdefault(shape, (mnemonic, text))
    return found


def loads_and_stores(
    code: list[tuple[str, str]], of: InstructionSet, tools: Toolchain, folder: Path, *model: str
) -> Iterator[tuple[tuple[str, str], bool, bool]]:
    """Each instruction that llvm-mca knows, and whether by LLVM's tables it loads and stores."""
    mark = of.comment
    for start in range(0, len(code), 250):  # the time is quadratic in the number of regions
        listing = folder / "oracle.s"
        listing.write_text(
            "".join(
                f"{mark} LLVM-MCA-BEGIN {n}\n\t{of.assembly(*code[n])}\n{mark} LLVM-MCA-END\n"
                for n in range(start, min(start + 250, len(code)))
            )
        )
        options = ("-iterations=1", "-all-views=false", "-instruction-info", "-json")
        tolerant = "-skip-unsupported-instructions=any"
        command: list[str | Path] = [
            tools.path("llvm-mca"),
            f"-mtriple={of.triple}",
            *model,
            *options,
            tolerant,
        ]
        done = subprocess.run([*command, listing], capture_output=True, text=True, timeout=120)
        for region in json.loads(done.stdout)["CodeRegions"]:
            found = region.get("InstructionInfoView", {}).get("InstructionList", [])
            if found:
                load, store = (any(i[k] for i in found) for k in ("mayLoad", "mayStore"))
                yield code[int(region["Name"])], load, store
