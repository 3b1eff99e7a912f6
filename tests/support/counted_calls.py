"""Programs whose calls run under all kinds of conditions, and copies that count them by hand."""

from __future__ import annotations

import re

#: Calls of `hot` in one-line conditions, loops and their heads, on shared lines, and in macros.
CONDITIONS = """\
#include <stdio.h>
#include <stdlib.h>
#define CALL(x) hot(x)
#define CHECK(x) do { if ((x) % 5 == 0) s ^= hot(x); } while (0)
#define TWICE(x) (hot(x) + hot((x) + 1))
#define PLUS(x) ((x) + 1)
#define WHEN(c, x) ((c) ? (x) : 7)
__attribute__((noinline)) static unsigned hot(unsigned x)
{
    for (int i = 0; i < 9; i++) x = x * 1664525u + (x >> 3);
    return x;
}
int main(int c, char **v)
{
    unsigned n = atoi(v[1]), s = n;
    for (unsigned i = 0; i < n; i++) {
        if (i % 10 == 0) s ^= hot(i);
        if (i % 10 != 0) s ^= hot(i);
        s += i % 100 == 0 ? hot(i) : 1;
        s += i % 4 == 0 ? hot(i) : hot(i + 1);
        if (i % 3 == 0 && hot(i) != 7) s++;
        if (i % 3 == 0 || hot(i) != 7) s++;
        for (unsigned j = hot(i) % 2; j < 3 + hot(i) * 0; j += 1 + hot(j) * 0) s++;
        for (int j = 0; j < 5; j++) s += hot(j);
        s += CALL(i);
        CHECK(i);
        s += TWICE(i);
        s += PLUS(hot(i));
        s += WHEN(i % 7 == 0, hot(i));
        s += PLUS(i) * WHEN(1, 2) + hot(i) + sizeof "é (";  s += i % 8 ? 1 : hot(i);
        switch (i % 6) { case 0: s += hot(i); break; case 1: s += hot(i); default: s ^= hot(1); }
        s += hot(hot(i));
        while (s % 3 == 0) { s += 1 + 3 * hot(s); if (s % 2) break; else s += 3 * hot(i); }
        if (i % 50 == 1) continue;
        s += hot(i);
    }
    printf("%u\\n", s);
    return 0;
}
"""

#: What has no place of its own in C++: loops over a range, ends of blocks, instances, arrays.
OBJECTS = """\
#include <cstdio>
#include <cstdlib>
#define APART __attribute__((noinline))
struct At {
    const unsigned *p;
    APART bool operator!=(const At &o) const { return p != o.p; }
    APART At &operator++() { ++p; return *this; }
    APART unsigned operator*() const { return *p; }
};
struct Row {
    unsigned v[10];
    APART At begin() const { return {v}; }
    APART At end() const { return {v + 10}; }
};
struct Guard {
    unsigned &x;
    APART Guard(unsigned &y) : x(y) { x++; }
    APART ~Guard() { x += 3; }
};
struct Cell {
    unsigned v;
    APART Cell() : v(rand() % 3) {}
};
template <class T> APART T heavy(T x) { for (int i = 0; i < 5; i++) x = x * 3 + 2; return x; }
template <class T> APART unsigned run(T x, unsigned n)
{
    unsigned s = 0;
    for (unsigned i = 0; i < n; i++)
        if (i % 4 == 0) s += (unsigned)heavy<T>(x + i);
    return s;
}
APART unsigned early(unsigned i, unsigned &t)
{
    Guard g(t);
    if (i % 3 == 0) return 5;
    if (i % 3 == 1) { Guard h(t); t ^= 5; }
    return t;
}
APART unsigned loud(unsigned x) { if (x == ~0u) throw x; return x + 1; }
APART unsigned quiet(unsigned x) noexcept { return loud(x); }
APART unsigned pointed(unsigned x)
{
    for (int i = 0; i < 200; i++) x = x * 1664525u + (x >> 3);
    return x;
}
int main(int c, char **v)
{
    unsigned n = atoi(v[1]), s = n;
    unsigned (*volatile through)(unsigned) = pointed;
    Row q; for (unsigned i = 0; i < 10; i++) q.v[i] = i;
    for (unsigned r = 0; r < n; r++) {
        for (unsigned x : q) s += x;
        s += early(r, s);
        Cell cells[4];
        s += cells[1].v + through(r) + through(s);
        s += pointed(r) + quiet(r);
        auto f = [&](unsigned y) { return y % 2 ? heavy<unsigned>(y) : 1u; };
        for (int k = 0; k < 3; k++) s += f(k + r);
    }
    s += run<unsigned>(2u, n) + run<double>(0.5, 3 * n);
    printf("%u\\n", s);
    return 0;
}
"""

Place = tuple[int, int]


def counting(text: str, name: str) -> tuple[str, list[Place]]:
    """The program with a counter at each call of `name` as written, printed after what it prints.

    Where each counter is: (line, column), both from 1, the column in bytes.
    """
    places: list[Place] = []

    def counted(match: re.Match[str]) -> str:
        before = text[: match.start()]
        line = before.count("\n") + 1
        column = len(before[before.rfind("\n") + 1 :].encode()) + 1
        places.append((line, column))
        return f"(ran_[{len(places) - 1}]++, {name})("

    body = re.sub(rf"(?<!unsigned )\b{name}\(", counted, text)
    told = 'for (int k_ = 0; k_ < N_; k_++) printf("%ld\\n", ran_[k_]); return 0;\n}\n'
    body = body.replace("return 0;\n}\n", told)
    head, _, rest = body.partition("__attribute__")
    counters = f"enum {{ N_ = {len(places)} }};\nstatic long ran_[N_];\n"
    return f"{head}{counters}__attribute__{rest}", places
