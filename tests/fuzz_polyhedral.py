"""Fuzzes the reordering of loops: `python -m tests.fuzz_polyhedral --seconds 60`.

Random affine programs (nests of depth one to three, triangles, loops that run down, scalars,
subscripts that fold two dimensions into one, unsigned loops, conditions on iterators and on data with
all that they may guard, the larger of two numbers, rounds over a matrix, products with rows) are put
in random legal orders with random blocks, vectors and
tiles. Each must compute, to the last bit, what the text does, at several sizes, none and one among
them, and on arrays that overlap. The number that repeats a failure is printed and its program kept.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from collectors.base import toolchain
from corr.polyhedral.clang_ast import Functions, extent
from corr.polyhedral.extract import regions
from corr.program.model import Run, from_files
from tests.support.fuzzing import fuzz
from tests.support.polyhedral_programs import output
from tests.support.polyhedral_schedules import rewritten

FAST = ("-O1", "-march=native")
SANITIZED = ("-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
PARAMETERS = (
    "int n, int m, double *A, double *B, double C[n + 8][n + 8], int *D, float *E, double z,"
    " double *F"
)
#: (n, m), and by how many elements B begins after A; the arrays are apart but for those.
CALLS = ((0, 0, 0), (1, 1, 0), (2, 3, 0), (5, 4, 0), (8, 8, 0), (9, 7, 0), (9, 9, 3), (18, 13, 0))
MAIN = """
#include <stdio.h>
#include <string.h>
static double memory[2000]; static int whole[200]; static float single[200];
static unsigned long hash(const void *data, int bytes) {
    unsigned long h = 1469598103934665603u;
    for (int i = 0; i < bytes; i++) h = (h ^ ((const unsigned char *)data)[i]) * 1099511628211u;
    return h;
}
static void fill(void) {
    for (int i = 0; i < 2000; i++) memory[i] = (i * 7919 % 97) / 8.0 - 5;
    for (int i = 0; i < 200; i++) { whole[i] = i * 31 % 17 - 8; single[i] = whole[i] / 4.0f; }
}
"""


@dataclass
class Writer:
    """Writes one random function."""

    random: random.Random
    depth: int = 0
    count: int = 0
    scalars: tuple[str, ...] = ()
    #: Arrays that are written: few, so that orders are free.
    written: str = "CCAB"
    #: Of the loops' variables, and how F's rows are written.
    type: str = "int"
    width: str = "w"
    named: bool = False
    #: How many of the assignments are such that may come in any order.
    updates: float = 0.1

    def function(self, name: str) -> str:
        """A function of a few nests."""
        self.written = self.random.choice(("C", "A", "CA", "CCAB", "F", "FF", "CF"))
        self.type = self.random.choice(
            ("int",) * 6 + ("long", "unsigned long", "unsigned long", "unsigned")
        )
        self.width = self.random.choice(("w", "w", "(n + 8)"))
        self.updates = self.random.choice((0.1, 0.1, 0.5, 0.9))
        body = "".join(self.nest((), 1) for _ in range(self.random.choice((1, 1, 2))))
        start = "double s = z; const int w = n + 8; long q = 5;"
        end = self.random.choice(("s", "s", "s + q"))
        return f"void {name}({PARAMETERS}) {{ {start}\n{body}    A[0] = {end};\n}}\n"

    def nest(self, loops: tuple[str, ...], level: int) -> str:
        pad = "    " * level
        if not loops and self.random.random() < 0.2:
            return self.of_three_loops()
        if len(loops) == 3 or (loops and self.random.random() < 0.45):
            return self.statements(loops, level)
        inner = f"i{self.count}"
        self.count += 1
        low = self.random.choice(["0", "0", "1", *loops, *(f"{x} + 1" for x in loops)])
        high = self.random.choice(["n", "n", "m", "n - 1", *loops, *(f"n - {x}" for x in loops)])
        if self.type in ("unsigned long", "unsigned"):  # n - 1 of them would be large
            low, high = self.random.choice(("0", "1", *loops)), self.random.choice("nm")
        head = f"for ({self.type} {inner} = {low}; {inner} < {high}; {inner}++)"
        if self.type == "int" and self.random.random() < 0.2:
            head = f"for (int {inner} = {high} - 1; {inner} >= {low}; {inner}--)"
        parts = [self.nest((*loops, inner), level + 1)]
        if self.random.random() < 0.15:
            tests = (self.test((*loops, inner)), f"{self.element((*loops, inner))} < 0.25")
            parts.insert(0, f"{pad}    if ({self.random.choice(tests)}) continue;\n")
        if self.random.random() < 0.35:
            parts.insert(self.random.choice((0, 1)), self.statements((*loops, inner), level + 1))
        scalars = self.scalars
        if self.random.random() < 0.25:
            name = f"t{self.count}"
            parts.insert(0, f"{pad}    double {name} = {self.value((*loops, inner))};\n")
            self.scalars = (*scalars, name)
            parts.append(self.statement((*loops, inner), level + 1))
        self.scalars = scalars
        return f"{pad}{head} {{\n{''.join(parts)}{pad}}}\n"

    def statements(self, loops: tuple[str, ...], level: int) -> str:
        count = self.random.choice((1, 1, 2, 3))
        return "".join(self.statement(loops, level) for _ in range(count))

    def statement(self, loops: tuple[str, ...], level: int) -> str:
        pad, kind = "    " * level, self.random.random()
        if kind < 0.12:
            text = f"{pad}if ({self.test(loops)})\n    {self.statement(loops, level)}"
            if self.random.random() < 0.3:
                text = f"{pad}if ({self.test(loops)}) {{ {self.assignment(loops)} }}"
                text += f" else {{ {self.assignment(loops)} {self.assignment(loops)} }}\n"
            return text
        if kind < 0.15:
            return f"{pad}{self.guarded(loops)}\n"
        if kind < 0.2:
            return f"{pad}if ({self.value(loops)} > 0.5) {self.assignment(loops)}\n"
        if kind < 0.3 and self.type != "unsigned" and not self.named:
            self.named = True  # once: then it is what it was given
            return f"{pad}{{ q = {self.folded(loops)}; F[q] += F[q] * z; }}\n"
        return f"{pad}{self.assignment(loops)}\n"

    def guarded(self, loops: tuple[str, ...]) -> str:
        """Several statements, a variable or a loop under a condition on data."""
        condition = f"{self.element(loops)} < {self.random.choice(('0.5', 'z', '-1.0'))}"
        parts = [self.assignment(loops) for _ in range(2)]
        kind = self.random.random()
        if kind < 0.3:
            inner = f"i{self.count}"
            self.count += 1
            within = (*loops, inner)
            parts[0] = f"for ({self.type} {inner} = 0; {inner} < n; {inner}++)"
            parts[0] += f" {self.assignment(within)}"
        elif kind < 0.6:
            name = f"t{self.count}"
            self.count += 1
            parts.insert(1, f"double {name} = {self.value(loops)};")
            parts.append(f"{self.element(loops, self.written)} += {name} * 0.5;")
        elif kind < 0.8:
            parts.insert(1, f"if ({condition}) {self.assignment(loops)}")
        text = f"if ({condition}) {{ {' '.join(parts)} }}"
        if self.random.random() < 0.4:
            text += f" else {{ {self.assignment(loops)} }}"
        return text

    def of_three_loops(self) -> str:
        """Rounds over a matrix, or a product with the rows of an array."""
        k, i, j = (f"i{self.count + at}" for at in range(3))
        self.count += 3
        heads = [
            f"for ({self.type} {x} = 0; {x} < {self.random.choice('nnm')}; {x}++)"
            for x in (k, i, j)
        ]
        own, row, column = f"C[{i}][{j} + 1]", f"C[{k}][{j} + 1]", f"C[{i}][{k} + 2]"
        value = self.random.choice(
            (
                f"{own} < {row} + {column} ? {own} : {row} + {column}",
                f"0.5 * {own} + 0.25 * {column} - z * 0.25 * {row}",
                f"{own} * 0.5 + {row} * 0.25 + C[{k}][{k} + 2] * 0.125",
            )
        )
        if self.random.random() < 0.4:
            value = f"0.5 * {own} + 0.125 * A[{k}] * F[{j} * w + {k}]"
            heads = [heads[1], heads[2], heads[0]]
        left_out = self.random.choice(("", "", f"if ({i} != {k}) "))
        guard = self.random.choice(("", "", f"if ({column} > -2) "))
        return f"    {' '.join(heads)} {left_out}{guard}{own} = {value};\n"

    def update(self, loops: tuple[str, ...]) -> str:
        """The larger or the smaller of two whole numbers, written in one of many ways."""
        target, other = self.whole(loops), f"{self.whole(loops)} + {self.random.choice(loops)} % 9"
        one, two = (target, other) if self.random.random() < 0.5 else (other, target)
        first, second = (one, two) if self.random.random() < 0.7 else (two, one)
        compared = self.random.choice(("<", "<=", ">", ">="))
        return f"{target} = {one} {compared} {two} ? {first} : {second};"

    def assignment(self, loops: tuple[str, ...]) -> str:
        if self.random.random() < self.updates:
            return self.update(loops)
        if self.random.random() < 0.1:
            value = f"{self.whole(loops)} + {self.random.choice(loops)} - D[1] / 3"
            return f"D[{self.index(loops)}] = ({value}) % 1000;"
        if self.random.random() < 0.1:
            return f"E[{self.index(loops)}] = E[{self.index(loops)}] * 0.5f + {self.whole(loops)};"
        operator = self.random.choice(("=", "=", "+=", "-="))
        target = self.element(loops, self.written)
        if self.random.random() < 0.12:
            target = "s"
        if self.random.random() < 0.1 and self.type != "unsigned":
            place = f"k{self.count}"
            return f"{{ const long {place} = {self.folded(loops)}; F[{place}] {operator} F[{place}] * z; }}"
        return f"{target} {operator} {self.value(loops)};"

    def value(self, loops: tuple[str, ...]) -> str:
        found = [self.term(loops) for _ in range(self.random.choice((1, 2, 2, 3)))]
        text = self.random.choice((" + ", " - ")).join(found)
        if self.random.random() < 0.1:
            text = f"({self.term(loops)} < {self.term(loops)} ? {text} : {self.term(loops)})"
        return text

    def term(self, loops: tuple[str, ...]) -> str:
        factor = self.random.choice(("0.5", "0.25", "z", "z * 0.25", ""))
        what = self.random.choice(
            [self.element(loops)] * 5 + ["s", *self.scalars, f"E[{self.index(loops)}]"]
        )
        return f"{factor} * {what}" if factor else what

    def test(self, loops: tuple[str, ...]) -> str:
        one = self.random.choice(loops)
        other = self.random.choice((*loops, "2", "m", f"n - {one}"))
        text = f"{one} {self.random.choice(('<', '<=', '>', '>=', '==', '!='))} {other}"
        if self.random.random() < 0.2:
            text = f"{text} {self.random.choice(('&&', '||'))} {self.random.choice(loops)} > 1"
        return f"!({text})" if self.random.random() < 0.1 else text

    def folded(self, loops: tuple[str, ...]) -> str:
        row = self.index(loops)
        if self.type == "unsigned":  # whose products may wrap round
            row = f"(unsigned long)({row})"
        return f"({row}) * {self.width} + {self.index(loops)}"

    def element(self, loops: tuple[str, ...], arrays: str = "CCABF") -> str:
        array = self.random.choice(arrays)
        if array == "F":
            return f"F[{self.folded(loops)}]"
        if array == "C":
            return f"C[{self.index(loops)}][{self.index(loops)}]"
        return f"{array}[{self.index(loops, wide=True)}]"

    def whole(self, loops: tuple[str, ...]) -> str:
        return f"D[{self.index(loops)}]"

    def index(self, loops: tuple[str, ...], *, wide: bool = False) -> str:
        """A subscript that stays in 0 .. n + 7 (or, `wide`, a little farther)."""
        one, offset = self.random.choice(loops), self.random.choice((2, 2, 2, 1, 0, 3, 4))
        kind = self.random.random()
        if kind < 0.06:
            return str(offset)
        if kind < 0.12:
            return f"n - {one} + {offset}"
        if wide and kind < 0.25:
            return f"{one} + {self.random.choice(loops)} + {offset}"
        if wide and kind < 0.32:
            return f"2 * {one} + {offset}"
        return f"{one} + {offset}"


def caller(number: int, names: list[str]) -> str:
    """C that calls a function as it is written and reordered, and prints a hash for each call."""
    calls = []
    for n, m, shift in CALLS:
        b = f"memory + {100 + shift}" if shift else "memory + 300"
        arguments = f"{n}, {m}, memory + 100, {b}, (double (*)[{n + 8}])(memory + 600), "
        arguments += "whole + 50, single + 50, 0.75, memory + 1300"
        calls.append(
            f'fill(); each({arguments}); printf("%lx ", hash(memory, sizeof memory)'
            " ^ hash(whole, sizeof whole) ^ hash(single, sizeof single));"
        )
    lines = [
        f'static void run_{number}(__typeof__(&{names[0]}) each) {{ {" ".join(calls)} puts(""); }}'
    ]
    lines += [f"#define RUN_{number} " + " ".join(f"run_{number}({name});" for name in names)]
    return "\n".join(lines) + "\n"


@dataclass
class Batch:
    """Random functions, each as it is written and in other orders, in one program."""

    seed: int
    functions: int = 6
    orders: int = 5

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.texts = [Writer(self.random).function(f"g{k}") for k in range(self.functions)]
        self.counts: Counter[str] = Counter()

    def program(self, folder: Path) -> tuple[str, list[list[str]]]:
        """The program, and for each function its definitions, the original first."""
        source = folder / "t.c"
        source.write_text("".join(self.texts))
        program = from_files(["t.c"], FAST, Run(), folder)
        functions = Functions(program, program.units[0], toolchain.find())
        parts, definitions = [MAIN], []
        for number in range(self.functions):
            name = f"g{number}"
            found = list(self._definitions(functions, name))
            self.counts["functions"] += 1
            self.counts["orders"] += len(found) - 1
            names = [name]
            parts.append(found[0])
            for at, text in enumerate(found[1:], 1):
                names.append(f"{name}_{at}")
                parts.append(f"#define {name} {name}_{at}\n{text}\n#undef {name}\n")
            parts.append(caller(number, names))
            definitions.append(found)
        runs = " ".join(f"RUN_{k}" for k in range(self.functions))
        return "".join([*parts, f"int main(void) {{ {runs} }}\n"]), definitions

    def _definitions(self, functions: Functions, name: str) -> Iterator[str]:
        found, reasons = regions(functions, name)
        self.counts["refused"] += bool(reasons)
        self.counts["folded"] += any(a.folded for scop in found for a in scop.arrays.values())
        node = functions.get(name)
        assert node is not None
        start, end = extent(node) or (0, 0)
        text = functions.text
        yield text[start:end].decode() + "\n"
        for scop in found:
            for new in rewritten(scop, self.random, self.orders):
                first, last = scop.span
                yield (text[start:first] + new.encode() + text[last:end]).decode() + "\n"

    def check(self, folder: Path, *flags: str) -> str | None:
        """The first definition whose output is not the original's; None if there is none."""
        text, definitions = self.program(folder)
        lines = output(folder, text, *flags).splitlines()
        for found in definitions:
            mine, lines = lines[: len(found)], lines[len(found) :]
            for definition, line in zip(found, mine, strict=True):
                if line != mine[0]:
                    return f"{found[0]}\n{definition}"
        return None


if __name__ == "__main__":
    sys.exit(
        fuzz(__doc__, "fuzz-polyhedral", Batch, lambda seed: SANITIZED if seed % 4 == 3 else FAST)
    )
