"""Fuzzes loops that look ahead: `python -m tests.fuzz_ahead --seconds 60`.

Random loops that mostly do nothing (ends, choices, loops within, steps of two and more, pointers;
what they write may be what they read) are written anew. Each must leave behind what the original
does. The number that repeats a failure is printed and its program kept.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path

from corr.irregular.ahead import Ahead, Scan, scans_in
from corr.irregular.effects import Unsuitable
from tests.support.fuzzing import fuzz
from tests.support.irregular_programs import SANITIZED, functions_of, output, replaced

_ODD = ("pass-failed", "unused", "tautological-compare", "self-assign", "parentheses")
QUIET = tuple(f"-Wno-{name}" for name in _ODD)
FAST = ("-O3", "-march=native", "-ffp-contract=off", *QUIET)
CHECKED = (*SANITIZED, *QUIET)
_FRAME = """
#include <stdio.h>
#include <stdlib.h>
#define N 300
static T all[3 * N + 64];
static T word[8];
static unsigned total;
BODY
static void fill(unsigned seed)
{
    for (unsigned i = 0; i < 3 * N + 64; i++)
        all[i] = (T)(((seed = seed * 1664525u + 1013904223u) >> 9) % MANY);
    for (unsigned i = 0; i < 8; i++) word[i] = all[seed % N + i];
    total = seed % 1000;
}
static void show(const char *name, unsigned result)
{
    unsigned sum = result * 31 + total;
    for (unsigned i = 0; i < 3 * N; i++) sum = sum * 31 + (unsigned)all[i];
    printf("%s %u\\n", name, sum);
}
int main(void)
{
    static const int sizes[] = {0, 1, 3, 4, 5, 16, 17, 100, N - 20};
    for (unsigned k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        int n = sizes[k];
CALLS
    }
    return 0;
}
"""
_SHIFTS = ("N", "1", "0", "20")


class Batch:
    """Some random loops over elements of one type, made of one number."""

    def __init__(self, seed: int, functions: int = 10) -> None:
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.functions = functions
        self.type = self._of("int", "unsigned char", "double", "short", "long")
        self.index = "i"

    def check(self, folder: Path, *flags: str) -> str | None:
        """The program written anew, if it does not print what the original does; None if it does."""
        names = [f"f{number}" for number in range(self.functions)]
        calls = [
            f'fill({number}u + n); show("{name} {shift}", {name}(n, {m}, all, all + {shift}));'
            for number, name in enumerate(names)
            for shift in _SHIFTS
            for m in self._of(*"0134")
        ]
        text = _FRAME.replace("BODY", "\n".join(map(self._function, names)))
        text = text.replace("CALLS", "\n".join(calls))
        for word, instead in (("T", self.type), ("MANY", self._of("7", "40", "100"))):
            text = f"#define {word} {instead}\n{text}"
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
            scans = scans_in(functions, node)
            self.random.shuffle(scans)
            for scan in scans:
                if not isinstance(scan, Scan):
                    self.counts["left alone"] += 1
                    continue
                ahead = Ahead(functions, scan, self.random.choice((2, 4, 16)))
                start, end = ahead.span()
                if any(first <= end and start <= last for (first, last), _ in parts):
                    continue
                try:
                    parts.append(((start, end), ahead.code("Looks ahead.")))
                    self.counts["written anew"] += 1
                except Unsuitable:
                    self.counts["left alone"] += 1
        return replaced(functions, parts)

    # --- programs --------------------------------------------------------------------------

    def _of(self, *choices: str) -> str:
        return self.random.choice(choices)

    def _element(self) -> str:
        if self.index == "a":
            return self._of("*a", "*a", "a[0]", "*(a + 1)", "a[2]")
        at = self._of("i", "i", "i", "i + 1", "i + m", "2 + i", "i - 0")
        return f"{self._of('p', 'p', 'q')}[{at}]"

    def _question(self) -> str:
        element, number = self._element(), str(self.random.randrange(40))
        asked = [
            f"{element} == {number}",
            f"{element} > 37",
            f"{element} == word[{self._of('0', '1', 'm')}]",
            f"{element} == {self._element()}",
            f"{element} < (T)(r % 3)",
            f"{element} == c",
        ]
        if self.type != "double":
            asked += [
                f"((int){element} & 31) == {number}",
                f"(int){element} % {self._of('13', '(m + 2)')} == {self._of('0', '0', '5')}",
                f"!((int){element} % 7)",
            ]
        if self.index == "i":
            asked.append(f"{self._of('100', 'k')} % (i + 2) == 0")
            asked.append(f"k % (i + 1) {self._of('!=', '==')} 0")
        one = self._of(*asked)
        if self.random.random() < 0.3:
            return f"{one} {self._of('&&', '||')} {self._of(*asked)}"
        return one if self.random.random() < 0.85 else f"!({one})"

    def _effect(self) -> str:
        step = f"{self.index}++;" if self.random.random() < 0.5 else ""
        return self._of(
            f"r = r * 31 + (unsigned)({self.index} - {'p' if self.index == 'a' else '0'});",
            "r++;",
            f"{self._element()} = (T)(r % 40);",
            "total += r;",
            f"r += 3; {step}",
            "n--; r += 7;" if self.index == "i" else "end--; r += 7;",
            "m = (m + 1) % 4;",
        )

    def _statement(self) -> str:
        question = self._question()
        kind = self.random.random()
        if kind < 0.35:
            return f"if ({question}) {{ {self._effect()} }}"
        if kind < 0.45:
            return f"if ({question}) {self._of('break;', 'return r + 5;', 'break;')}"
        if kind < 0.6 and not self.stepped:
            return f"if ({question}) continue;"
        if kind < 0.7:
            return f"T c2 = {self._element()}; if (c2 == 3) {{ {self._effect()} }}"
        if kind < 0.9 and self.index == "i":
            return self._of(
                "int j; for (j = 0; j < m; j++) if (p[i + j] != word[j]) break; if (j == m) r += i;",
                "int j = 0; while (j < m && p[i + j] == word[j]) j++; if (j == m) r = r * 7 + i;",
                "int j = m; while (j > 0 && p[i + j - 1] == word[j - 1]) j--; if (j == 0) r++;",
                "for (l = 0; l < m; l++) if (q[i + l] == p[i]) { total += l; break; }",
            )
        other = f"else if ({self._question()}) {{ {self._effect()} }}"
        return f"if ({question}) {{ {self._effect()} }} {other}"

    def _function(self, name: str) -> str:
        self.index = self._of("i", "i", "a")
        self.stepped = self.random.random() < 0.4
        step, bound = "a++", "a < end"
        if self.index == "i":
            step = self._of("i++", "++i", "i += 1", "i += 2")
            bound = self._of("i < n", "i < n", "i <= n", "n > i", "i * i <= k")
        if self.random.random() < 0.3:
            bound += f" && {self._question()}"
        body = " ".join(f"{{ {self._statement()} }}" for _ in range(self.random.randrange(1, 3)))
        body = f"T c = {self._element()}; {body}"
        if self.stepped:
            loop = f"while ({bound}) {{ {body} {step}; }}"
        else:
            loop = f"for (; {bound}; {step}) {{ {body} }}"
        return (
            f"static unsigned {name}(int n, int m, T *p, T *q)\n{{\n"
            "    unsigned r = 0; int i = 0, l = 0, k = n * 90; T c = 1, *a = p, *end = p + n;\n"
            f"    {loop}\n    return r + i * 1000u + (unsigned)(a - p);\n}}"
        )


if __name__ == "__main__":
    sys.exit(fuzz(__doc__, "fuzz-ahead", Batch, lambda seed: CHECKED if seed % 2 else FAST))
