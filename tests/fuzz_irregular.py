"""Fuzzes searches side by side and branch-free code: `python -m tests.fuzz_irregular --seconds 60`.

Random functions with searches (while, for and do loops, functions, breaks, early ends, results along
arrays that may overlap what is read) and with branches (choices in choices, exchanges, steps, places
that are there only if a branch is taken) are written anew. Each must leave behind what the original
does. The number that repeats a failure is printed and its program kept.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections import Counter
from pathlib import Path

from corr.irregular.as_vectors import AsVectors
from corr.irregular.branch_free import BranchFree, branches
from corr.irregular.edits import place
from corr.irregular.effects import Unsuitable
from corr.irregular.lookups import Lookup
from corr.irregular.side_by_side import SideBySide
from corr.polyhedral.clang_ast import Functions
from tests.support.fuzzing import fuzz
from tests.support.irregular_programs import SANITIZED, functions_of, lookups, output, replaced

#: What random programs are warned of, though it is no fault in them.
_ODD = (
    "constant-logical-operand",
    "tautological-compare",
    "parentheses",
    "self-assign",
    "unused",
    "xor-used-as-pow",
    "int-in-bool-context",
)
QUIET = tuple(f"-Wno-{name}" for name in _ODD)
FAST = ("-O2", "-march=native", "-ffp-contract=off", *QUIET)
CHECKED = (*SANITIZED, *QUIET)
_FRAME = """
#include <stdio.h>
#include <stdlib.h>
#define N 97u
static unsigned all[4 * N];
static double x[2 * N], y[2 * N];
static unsigned total;
static void swap(unsigned *one, unsigned *other) { unsigned t = *one; *one = *other; *other = t; }
BODY
static void fill(unsigned seed)
{
    for (unsigned i = 0; i < 4 * N; i++)
        all[i] = (seed = seed * 1664525u + 1013904223u) >> (i % 3 ? 9 : 25);
    for (unsigned i = 0; i < N; i++)
        x[i] = (int)all[i] % 50 / 4.0, y[i] = all[i + N] % 7 ? -0.0 : 2.5;
    total = seed;
}
static void show(const char *name, unsigned result)
{
    unsigned sum = result * 31 + total;
    for (unsigned i = 0; i < 4 * N; i++) sum = sum * 31 + all[i];
    printf("%s %u", name, sum);
    for (unsigned i = 0; i < N; i += 9) printf(" %a %a", x[i], y[i]);
    puts("");
}
int main(void)
{
    static const unsigned sizes[] = {0, 1, 7, 8, 9, 40, N};
    for (unsigned k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        unsigned n = sizes[k];
CALLS
    }
    return 0;
}
"""
#: Where the second array begins: apart from the first, or shifted by so many elements.
_SHIFTS = ("2 * N", "1", "0", "N - 3")


class Batch:
    """Some random functions of each kind, made of one number."""

    def __init__(self, seed: int, functions: int = 4) -> None:
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.functions = functions
        self.kind = "double"

    def check(self, folder: Path, *flags: str) -> str | None:
        """The program written anew, if it does not print what the original does; None if it does."""
        names = [f"f{number}" for number in range(3 * self.functions)]
        bodies, calls = [], []
        for number, name in enumerate(names):
            kind = (self._branches, self._search, self._numbers)[number % 3]
            bodies.append(kind(name))
            for shift in _SHIFTS:
                calls.append(f"fill({number}u);")
                calls.append(f'show("{name} {shift}", {name}(n, all, all + {shift}));')
        text = _FRAME.replace("BODY", "\n".join(bodies)).replace("CALLS", "\n".join(calls))
        written = self._anew(folder, text, names)
        original = output(folder, text, "o.c", flags)
        return None if output(folder, written, "n.c", flags) == original else written

    def _anew(self, folder: Path, text: str, names: list[str]) -> str:
        functions = functions_of(folder, text, "t.c")
        parts: list[tuple[tuple[int, int], str]] = []
        for name in names:
            found, reasons = lookups(functions, name)
            for one in found:
                parts.append(self._at_once(functions, one))
            self.counts["searches left alone"] += len(reasons)
            node = functions.get(name)
            assert node is not None
            for branch in branches(functions, node):
                start, end = place(branch.node)
                if any(first <= start and end <= last for (first, last), _ in parts):
                    continue
                try:
                    free = BranchFree(functions, branch)
                    parts.append((free.span(), free.code("No branch.")))
                    self.counts["branches"] += 1
                except Unsuitable:
                    self.counts["branches left alone"] += 1
        return replaced(functions, parts)

    def _at_once(self, functions: Functions, one: Lookup) -> tuple[tuple[int, int], str]:
        """A lookup with several searches at once, as vectors where that can be."""
        with contextlib.suppress(Unsuitable):
            vectors = AsVectors(functions, one, self.random.choice((4, 8)))
            found = vectors.span(), vectors.code("Vectors.")
            self.counts["vectors"] += 1
            return found
        written = SideBySide(functions, one, self.random.choice((2, 3, 8)))
        self.counts["searches"] += 1
        return written.span(), written.code("Several.")

    # --- programs --------------------------------------------------------------------------

    def _of(self, *choices: str) -> str:
        return self.random.choice(choices)

    def _value(self, names: tuple[str, ...], depth: int = 2) -> str:
        """A whole number."""
        if depth == 0 or self.random.random() < 0.3:
            number = str(self.random.randrange(1, 40))
            return self._of(*names, *names, number, f"p[{self._of(*names)} % N]")
        one, other = (self._value(names, depth - 1) for _ in range(2))
        operator = self._of("+", "-", "*", "^", "&", "/", "%", "<<")
        if operator in ("/", "%"):
            return f"({one} {operator} (({other}) | 1u))"
        return f"({one} << (({other}) & 7u))" if operator == "<<" else f"({one} {operator} {other})"

    def _asks(self, names: tuple[str, ...]) -> str:
        one, other = self._value(names, 1), self._value(names, 1)
        test = f"{one} {self._of('<', '>', '!=', '==', '<=')} {other}"
        more = self.random.random()
        if more < 0.2:
            return f"{test} {self._of('&&', '||')} {self._value(names, 1)}"
        return f"({one}) & 3u" if more < 0.35 else test

    def _branches(self, name: str) -> str:
        names = ("i", "k", "v")
        body = "\n".join(self._choice(names, 2) for _ in range(self.random.randrange(1, 4)))
        return f"""
static unsigned {name}(unsigned n, unsigned *p, unsigned *q)
{{
    unsigned k = 0, v = 1;
    double d = -0.0;
    const unsigned *sure = n > 50 ? p : 0;
    for (unsigned i = 0; i < n; i++) {{
        {body}
        if (sure != 0)
            v += *sure;
        k %= N - 1;
    }}
    x[3] += d;
    return k * 7 + v;
}}"""

    def _choice(self, names: tuple[str, ...], depth: int) -> str:
        then = " ".join(self._move(names, depth) for _ in range(self.random.randrange(1, 4)))
        text = f"if ({self._asks(names)}) {{ {then} }}"
        if self.random.random() < 0.5:
            other = self._choice(names, depth - 1) if depth and self.random.random() < 0.3 else ""
            text += f" else {other or '{ ' + self._move(names, 0) + ' }'}"
        return text

    def _move(self, names: tuple[str, ...], depth: int) -> str:
        if depth and self.random.random() < 0.2:
            return self._choice(names, depth - 1)
        value = self._value(names)
        return self._of(
            f"q[k++ % N] = {self._value(('i', 'v'))};",
            f"q[k] {self._of('+=', '=', '^=', '*=')} {value};",
            f"q[i] /= ({value}) | 1u;",
            f"v {self._of('+=', '=', '-=', '^=')} {value};",
            "v++;",
            "total++;",
            "k++;",
            f"x[i] {self._of('+=', '=', '-=')} y[k] * 0.5;",
            "d += x[i];",
            "d++;",
            "swap(&q[i], &q[k]);",
            "swap(q + k, q + i);",
            f"{{ unsigned t{depth} = q[i]; q[i] = p[k]; p[k] = t{depth} + {value}; }}",
        )

    def _search(self, name: str) -> str:
        names = ("at", "steps", "i")
        found = self.random.random() < 0.35
        step = f"at = p[{self._value(names, 1)} % N];"
        inside = [step, *(self._inside(names) for _ in range(self.random.randrange(3)))]
        leave = f"if ({self._asks(names)}) {self._of('break;', 'continue;')}"
        if self.random.random() < 0.5:
            inside.insert(self.random.randrange(len(inside) + 1), leave)
        limit = self.random.randrange(1, 12)
        test = f"steps++ < {limit} && ({self._asks(names)})"
        body = " ".join(inside)
        loop = self._of(
            f"while ({test}) {{ {body} }}",
            f"for (; {test}; e += at) {{ {body} }}",
            f"do {{ {body.replace('continue;', 'break;')} }} while ({test});",
        )
        late = self._of(
            "q[i] = at + e;",
            "q[i] = at; total += steps;",
            "x[at % N] += steps;",
            f"if ({self._asks(names)}) continue; total = total * 3 + at;",
            "if (steps > most) { most = steps; total += i; }",
        )
        start = self._value(("i",), 1)
        if found:
            ask = f"if ({self._asks(names)}) return at * 3 + e;"
            body = body.replace("continue;", "break;")
            return f"""
static unsigned s{name}(const unsigned *p, unsigned at, unsigned i)
{{
    unsigned steps = 0, e = 0;
    while ({test}) {{ {body} {ask} }}
    return e + steps;
}}
static unsigned {name}(unsigned n, unsigned *p, unsigned *q)
{{
    unsigned most = 0;
    for (unsigned i = 0; i < n; i++) {{
        unsigned r = s{name}(p, {start}, i);
        {self._of("q[i] = r;", "total = total * 5 + r;", "if (r > most) most = r;")}
    }}
    return most;
}}"""
        skip = f"if ({self._asks(('i',))}) continue;" if self.random.random() < 0.3 else ""
        return f"""
static unsigned {name}(unsigned n, unsigned *p, unsigned *q)
{{
    unsigned most = 0;
    for (unsigned i = 0; i < n; i++) {{
        {skip}
        unsigned at = {start}, steps = 0, e = i;
        {loop}
        {late}
    }}
    return most;
}}"""

    def _numbers(self, name: str) -> str:
        """A search that only computes."""
        real, whole = ("double", "long") if self.random.random() < 0.7 else ("float", "int")
        self.kind = real
        limit = self.random.randrange(1, 30)
        body = " ".join(self._step(2) for _ in range(self.random.randrange(1, 5)))
        ask = self._compares()
        ends = self.random.random() < 0.4
        leave = f"if ({self._compares()}) {'return w + (int)r;' if ends else 'break;'}"
        if self.random.random() < 0.6:
            body = f"{leave} {body}" if self.random.random() < 0.5 else f"{body} {leave}"
        if ends and "return" not in body:
            body += f" {leave}"
        inside = f"if ({self._compares()}) continue;" if self.random.random() < 0.3 else ""
        loop = self._of(
            f"for (t = 0; t < {limit} && ({ask}); t++) {{ {inside} {body} }}",
            f"while (t < {limit} && ({ask})) {{ t++; {inside} {body} }}",
            f"do {{ {body} t++; }} while (t < {limit} && ({ask}));",
        )
        start = f"{real} r = i / 4.0f - 3, s = c; {whole} w = i % 7; int t = 0;"
        if ends:
            return f"""
static int s{name}(int i, {real} c)
{{
    {start}
    {loop}
    return t - (int)s;
}}
static unsigned {name}(unsigned n, unsigned *p, unsigned *q)
{{
    int sum = 0;
    for (int i = 0; i < (int)n; i++) {{
        sum += s{name}(i, n / 8.0f) % 1000;
        q[i] = sum;
    }}
    return sum;
}}"""
        return f"""
static unsigned {name}(unsigned n, unsigned *p, unsigned *q)
{{
    const {real} c = n / 16.0f;
    for (int i = 0; i < (int)n; i++) {{
        {start}
        {loop}
        x[i] = r; y[i] = s;
        q[i] = t + (unsigned)w;
    }}
    return 0;
}}"""

    def _real(self, depth: int = 2) -> str:
        if depth == 0 or self.random.random() < 0.3:
            return self._of("r", "s", "c", "r", "s", "0.5f", "t", "2")
        one, other = self._real(depth - 1), self._real(depth - 1)
        return self._of(
            f"({one} + {other})",
            f"({one} - {other})",
            f"({one} * 0.5f * {other})",
            f"({one} / (1 + {other} * {other}))",
            f"({one} < {other} ? {other} : {one})",
            f"(-{one})",
        )

    def _compares(self) -> str:
        one = self._of(
            f"{self._real(1)} {self._of('<', '>', '<=', '!=')} {self._real(1)}",
            f"w {self._of('<', '>', '==')} {self.random.randrange(9)}",
            f"(w & {self.random.randrange(1, 8)})",
            "w % 3 == 1",
            "!(t & 1)",
        )
        more = self.random.random()
        return f"({one} {self._of('&&', '||')} t < 9)" if more < 0.3 else one

    def _step(self, depth: int) -> str:
        if depth and self.random.random() < 0.3:
            other = f"else {{ {self._step(depth - 1)} }}" if self.random.random() < 0.5 else ""
            leave = self._of("", "", "break;", f"if ({self._compares()}) break;")
            return f"if ({self._compares()}) {{ {self._step(depth - 1)} {leave} }} {other}"
        return self._of(
            f"r = {self._real()};",
            f"s {self._of('+=', '-=')} {self._real(1)} * 0.25f;",
            f"{{ {self.kind} h = {self._real()}; s = r; r = h / 4; }}",
            f"w = (w * 3 + {self.random.randrange(5)}) % 64;",
            "w++;",
            f"w {self._of('^=', '|=', '&=')} {self.random.randrange(1, 64)};",
            "w >>= 1;",
        )

    def _inside(self, names: tuple[str, ...]) -> str:
        return self._of(
            f"e = e * 3 + {self._value(names, 1)};",
            f"if ({self._asks(names)}) e ^= at; else steps++;",
            f"{{ unsigned t = p[at % N]; e += t * {self._value(names, 1)}; }}",
            "for (unsigned h = 0; h < 3; h++) e += p[(at + h) % N];",
        )


if __name__ == "__main__":
    sys.exit(fuzz(__doc__, "fuzz-irregular", Batch, lambda seed: CHECKED if seed % 2 else FAST))
