"""Fuzzes loops whose borders are apart: `python -m tests.fuzz_borders --seconds 60`.

Random filters (clamped and wrapped indices, tests of bounds, by macros, functions, choices and
`if`s; counters of all types; radii larger than what they are applied to, and below 0) run without
checks away from their ends. Each must leave behind what the original does. The number that repeats
a failure is printed and its program kept.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path

from corr.irregular.borders.loops import Bordered, Borders, bordered_in
from corr.irregular.effects import Unsuitable
from tests.support.fuzzing import fuzz
from tests.support.irregular_programs import SANITIZED, functions_of, output, replaced

_ODD = ("unused", "tautological-compare", "sign-compare", "parentheses", "pass-failed")
QUIET = tuple(f"-Wno-{name}" for name in _ODD)
FAST = ("-O3", "-ffp-contract=off", *QUIET)
CHECKED = (*SANITIZED, *QUIET)
_FRAME = """
#include <stdio.h>
#include <stdlib.h>
#define CLAMP(v, lo, hi) ((v) < (lo) ? (lo) : (v) > (hi) ? (hi) : (v))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
typedef struct { int w, h; T *data; } image;
static T all[4096], out[4096];
static unsigned total;
static int clamp(int v, int lo, int hi) { return v < lo ? lo : v > hi ? hi : v; }
static int least(int a, int b) { if (a < b) return a; return b; }
static int wrap(int v, int n) { return v < 0 ? v + n : v >= n ? v - n : v; }
static T get(const image *in, int x, int y)
{
    if (x < 0) x = 0;
    if (y < 0) y = 0;
    if (x >= in->w) x = in->w - 1;
    if (y > in->h - 1) y = in->h - 1;
    return in->data[y * in->w + x];
}
static T at(const T *p, int x, int n) { if (x < 0 || x >= n) return 3; return p[x]; }
BODY
static void fill(unsigned seed)
{
    for (unsigned i = 0; i < 4096; i++) {
        all[i] = (T)((seed = seed * 1664525u + 1013904223u) >> 25);
        out[i] = 0;
    }
    total = 0;
}
static void show(const char *name, unsigned sum)
{
    sum += total;
    for (unsigned i = 0; i < 1200; i++) sum = sum * 31 + (unsigned)out[i] + (unsigned)all[i];
    printf("%s %u\\n", name, sum);
}
int main(void)
{
    static const int sizes[] = {0, 1, 2, 3, 5, 8, 17};
    for (unsigned k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        int n = sizes[k];
CALLS
    }
    return 0;
}
"""


class Batch:
    """Some random filters over elements of one type, made of one number."""

    def __init__(self, seed: int, functions: int = 8) -> None:
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.functions = functions
        self.type = self._of("int", "unsigned char", "double", "short")

    def check(self, folder: Path, *flags: str) -> str | None:
        """The program written anew, if it does not print what the original does; None if it does."""
        names = [f"f{number}" for number in range(self.functions)]
        calls = [
            f'fill({number}u + n); show("{name} {m} {r}", {name}(n, {m}, {r}, &(image)'
            f"{{n, {m}, all}}, all, out));"
            for number, name in enumerate(names)
            for m in ("1", "4", "11")
            for r in ("-1", "0", "1", "2", "6", "20")
        ]
        text = _FRAME.replace("BODY", "\n".join(map(self._function, names)))
        text = f"#define T {self.type}\n" + text.replace("CALLS", "\n".join(calls))
        written = self._anew(folder, text, names)
        try:
            original = output(folder, text, "o.c", flags)
        except AssertionError:  # it reads beyond its arrays by itself
            self.counts["no programs"] += 1
            return None
        return None if output(folder, written, "n.c", flags) == original else written

    def _anew(self, folder: Path, text: str, names: list[str]) -> str:
        functions = functions_of(folder, text, "t.c")
        parts: list[tuple[tuple[int, int], str]] = []
        for name in names:
            node = functions.get(name)
            assert node is not None
            for one in bordered_in(functions, node):
                if not isinstance(one, Bordered):
                    self.counts["left alone"] += 1
                    continue
                borders = Borders(functions, one)
                start, end = borders.span()
                if any(first <= end and start <= last for (first, last), _ in parts):
                    continue
                try:
                    parts.append(((start, end), borders.code("Nothing is found inside.")))
                    self.counts["written anew"] += 1
                except Unsuitable:
                    self.counts["left alone"] += 1
        return replaced(functions, parts)

    # --- programs --------------------------------------------------------------------------

    def _of(self, *choices: str) -> str:
        return self.random.choice(choices)

    def _index(self, name: str, of: str, moved: str, size: str) -> str:
        """A statement after which `name` is an index below `size`, or the iteration is over."""
        at = self._of(f"{of} + {moved}", f"{moved} + {of}", f"{of} - {moved}", of, f"{of} + 2")
        if self.random.random() < 0.15:
            at = f"2 * {of} + {moved}"
        top = f"{size} - 1"
        ways = [
            f"int {name} = clamp({at}, 0, {top});",
            f"int {name} = CLAMP({at}, 0, {top});",
            f"int {name} = MAX(0, MIN({at}, {top}));",
            f"int {name} = least({at}, {top}); if ({name} < 0) {name} = 0;",
            f"int {name} = {at}; if ({name} < 0) {name} = 0; else if ({name} >= {size}) {name} = {top};",
            f"int {name} = {at}; if ({name} < 0) {name} = 0; if ({name} > {top}) {name} = {top};",
            f"int {name} = {at} < 0 ? 0 : {at} >= {size} ? {top} : {at};",
            f"int {name} = {at}; if ({name} < 0 || {name} >= {size}) continue;",
            f"int {name} = {at}; if (!({name} >= 0 && {name} < {size})) continue;",
            f"int {name} = {at}; if ((unsigned)({name}) >= (unsigned){size}) continue;",
            f"int {name} = (({at}) % {size} + {size}) % {size};",
            f"int {name} = ({at} + 40 * {size}) % {size};",
            f"int {name} = wrap({of} + 1, {size});",
            f"int {name} = {of} == 0 ? {top} : {of} - 1;",
            f"int {name} = {of} == {top} ? 0 : {of} + 1;",
            f"k = {at}; if (k < 0) k = 0; if (k >= {size}) k = {top}; int {name} = k;",
            f"int {name} = {at}; if ({name} < 0) {{ total++; {name} = 0; }} if ({name} >= {size}) continue;",
        ]  # fmt: skip
        return self._of(*ways)

    def _value(self, x: str, y: str) -> str:
        return self._of(
            f"p[{y} * n + {x}]",
            f"p[{y} * n + {x}]",
            f"get(in, {x} + d, {y} - d)",
            f"get(in, {x} - 1, {y})",
            f"at(p, {x} + e, n)",
            f"({x} > 0 ? p[{x} - 1] : p[0])",
            f"({x} >= r && {x} < n - r && p[{x}] > 3 ? 2 : 1)",
        )

    def _function(self, name: str) -> str:
        type_ = self._of("int", "int", "int", "unsigned", "long", "unsigned long", "short")
        outer = "for (int y = 0; y < m; y++)" if self.random.random() < 0.8 else ""
        loop = self._of(
            f"for ({type_} x = 0; x < n; x++)",
            f"for ({type_} x = 0; x < n; ++x)",
            f"for ({type_} x = 1; x <= n - 1; x++)"
            if "un" not in type_
            else "for (x = 0; x < n; x++)",
            "for (x = 0; x < n; x++)",
            "for (x = 0; x < in->w; x++)",
            f"for ({type_} x = 0; x + 0 < n; x++)",
        )
        inner = self._of("", "for (d = -r; d <= r; d++)", "for (int d = -1; d < 2; d++)")
        more = self._of("", "for (int e = 0; e <= d + r; e++)", "for (int e = -1; e <= 1; ++e)")
        x, y = self._index("ix", "x", "d", "n"), self._index("iy", "y", "e", "m")
        effect = self._of(
            f"s += {self._value('ix', 'iy')};",
            f"s += {self._value('ix', 'iy')}; c++;",
            f"if (ix != x) s += {self._value('ix', 'iy')}; else c += 2;",
            f"s = s * 0.5 + {self._value('ix', '0')}; total += ix;",
        )
        body = f"{x} {y} {effect}"
        if inner or more:
            body = f"{inner} {more} {{ {body} }}"
        else:
            body = f"do {{ {body} }} while (0);" if "continue" in body else body
        after = self._of(
            "o[y * n + x] = s / (c + 1);",
            "o[x] = s;",
            "total = total * 7 + (unsigned)s;",
            "((T *)p)[y * n + x] = s;" if self.type != "double" else "o[x] += s;",
        )
        rest = self._of("", "", "r ^= 1;", "n -= x == 5;", "if (x > 14) return 5;", "k += x;")
        return (
            f"static unsigned {name}(int n, int m, int r, const image *in, const T *p, T *o)\n{{\n"
            f"    int y = 0, d = 1, e = -1, k = 0, x = 0;\n    {outer}\n    {loop} {{\n"
            f"        {'int' if self.type != 'double' else 'double'} s = 0; int c = 0;\n"
            f"        {body}\n        {after} {rest}\n    }}\n"
            f"    return x + 10 * k + 100u * total + r + d;\n}}"
        )


if __name__ == "__main__":
    sys.exit(fuzz(__doc__, "fuzz-borders", Batch, lambda seed: CHECKED if seed % 2 else FAST))
