"""Searches side by side do what they did one after another, whatever the program is like."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.irregular_programs import functions_of, lookups, output, side_by_side

pytestmark = pytest.mark.slow

#: Nodes in arrays, a chain through them, and numbers to look up; `f` is called on them.
_FRAME = """
#include <stdio.h>
#include <stdlib.h>
enum { NONE = -1, N = 203 };
struct node { int key, value; struct node *left, *right; };
static int key[N], left[N], right[N], wanted[N], out[N], next[N];
static struct node nodes[N];
static unsigned state = 1;
static int any(int n) { state = state * 1664525u + 1013904223u; return (int)((state >> 8) % n); }
static void build(void)
{
    for (int i = 0; i < N; i++) {
        key[i] = any(500), wanted[i] = any(500), left[i] = right[i] = NONE, next[i] = i - 1;
        nodes[i] = (struct node){key[i], any(100), 0, 0};
    }
    for (int i = 1; i < N; i++) {
        int at = 0;
        for (;;) {
            int *to = key[i] < key[at] ? &left[at] : &right[at];
            if (*to == NONE) { *to = i; break; }
            at = *to;
        }
    }
    for (int i = 0; i < N; i++) {
        if (left[i] != NONE) nodes[i].left = &nodes[left[i]];
        if (right[i] != NONE) nodes[i].right = &nodes[right[i]];
    }
}
BODY
int main(void)
{
    build();
    for (int n = 0; n <= N; n += n < 20 ? 1 : 61) {
        long sum = f(n);
        printf("%d %ld", n, sum);
        for (int i = 0; i < n; i++) printf(" %d", out[i]);
        puts("");
    }
    return 0;
}
"""

_FORMS = {
    "while": """
static long f(int n) {
    for (int i = 0; i < n; i++) {
        int best = NONE, at = 0;
        while (at != NONE) {
            if (key[at] <= wanted[i]) { best = key[at]; at = right[at]; }
            else at = left[at];
        }
        out[i] = best;
    }
    return 0;
}""",
    "pointers that may overlap": """
static long g(int n, const int *key, const int *wanted, int *out) {
    long sum = 0;
    for (int i = 0; i < n; i++) {
        int at = 0, steps = 0;
        while (at != NONE && key[at] != wanted[i]) {
            at = wanted[i] < key[at] ? left[at] : right[at];
            steps++;
        }
        out[i] = at;
        sum += steps;
    }
    return sum;
}
static long f(int n) { return g(n, key, wanted, out); }""",
    "what is written is what others read": """
static long f(int n) {
    int *parent = next;
    for (int i = 0; i < N; i++) next[i] = i == 0 ? 0 : (i * 7 + n) % i;
    long sum = 0;
    for (int i = 1; i < n; i++) {
        int root = i, steps = 0;
        while (parent[root] != root) { root = parent[root]; steps++; }
        parent[i] = root;
        sum += root * 3 + steps;
    }
    for (int i = 0; i < n; i++) out[i] = next[i];
    return sum;
}""",
    "each reads what the last one wrote": """
static long f(int n) {
    int *cell = out;
    long sum = 0;
    for (int i = 0; i < N; i++) out[i] = 0;
    for (int i = 1; i < n; i++) {
        int at = i - 1, seen = 0;
        while (at >= 0 && at > i - 4) { seen = seen * 3 + cell[at]; at--; }
        cell[i] = (seen + i) % 1000;
        sum += seen;
    }
    return sum;
}""",
    "variables from outside": """
static long f(int n) {
    int at, steps, i;
    long sum = 0;
    for (i = 0; i < n; ++i) {
        steps = 0;
        for (at = 0; at != NONE; at = wanted[i] < key[at] ? left[at] : right[at])
            steps++;
        out[i] = steps;
        sum += at + steps;
    }
    return sum * 1000 + i;
}""",
    "break and continue": """
static long f(int n) {
    long sum = 0;
    for (int i = 0; i < n; i++) {
        int found = 0, odd = 0;
        for (int at = 0; at != NONE; at = wanted[i] < key[at] ? left[at] : right[at]) {
            if (key[at] == wanted[i]) {
                found = 1;
                break;
            }
            if (key[at] % 2 == 0)
                continue;
            odd++;
        }
        if (!found)
            continue;
        sum += odd * 7 + i;
        out[i] = odd;
    }
    return sum;
}""",
    "skipped before the search": """
static long f(int n) {
    long sum = 0;
    for (int i = 0; i < n; i++) {
        const int want = wanted[i];
        if (want % 3 == 0)
            continue;
        int at = 0;
        while (at != NONE && key[at] != want)
            at = want < key[at] ? left[at] : right[at];
        sum += at;
    }
    return sum;
}""",
    "do": """
static long f(int n) {
    long most = 0, where = 0;
    for (long i = 1; i < n; i++) {
        long x = i;
        int steps = 0;
        do {
            if (x % 2 == 0) x /= 2;
            else x = 3 * x + 1;
            steps++;
        } while (x != 1);
        if (steps > most) { most = steps; where = i; }
    }
    return most * 1000 + where;
}""",
    "a function": """
static const struct node *find(const struct node *at, int key) {
    if (key == 13)
        return 0;
    while (at) {
        if (at->key == key)
            return at;
        at = key < at->key ? at->left : at->right;
    }
    return 0;
}
static long f(int n) {
    long sum = 0;
    const struct node *root = nodes;
    for (int i = 0; i < n; i++) {
        const struct node *hit = find(root, wanted[i] + i % 2);
        if (hit) sum += hit->value;
        out[i] = hit ? hit->key : NONE;
    }
    return sum;
}""",
    "a function in a condition": """
static int lower(const int *a, int n, int x) {
    int low = 0, high = n;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (a[middle] < x) low = middle + 1;
        else high = middle;
    }
    return low;
}
static long f(int n) {
    static int sorted[N];
    for (int i = 0; i < N; i++) sorted[i] = 5 * i;
    long count = 0;
    for (unsigned i = 0; i + 1 <= (unsigned)n; i++)
        if (lower(sorted, N, wanted[i]) % 2)
            count += i;
    return count;
}""",
    "numbers alone": """
static long f(int n) {
    for (int i = 0; i <= n - 1; i++) {
        double re = 0, im = 0, c = (i - 100) / 80.0;
        int turns;
        for (turns = 0; turns < 50; turns++) {
            double t = re * re - im * im + c;
            im = 2 * re * im + 0.1;
            re = t;
            if (re * re + im * im > 4.0)
                break;
        }
        out[i] = turns;
    }
    return 0;
}""",
    "a stack of its own": """
static long f(int n) {
    long sum = 0;
    for (int i = 0; i < n; i++) {
        int stack[64], top = 0, seen = 0;
        stack[top++] = 0;
        while (top > 0) {
            int at = stack[--top];
            seen++;
            if (left[at] != NONE && key[at] >= wanted[i] - 20) stack[top++] = left[at];
            if (right[at] != NONE && key[at] <= wanted[i] + 20) stack[top++] = right[at];
        }
        sum += seen;
    }
    return sum;
}""",
    "switch": """
static long f(int n) {
    long sum = 0;
    for (int i = 0; i < n; i++) {
        int at = i, seen = 0;
        while (at > 0) {
            switch (key[at] % 3) {
            case 0: seen += 1; break;
            case 1: seen += 5; break;
            default: seen ^= 3;
            }
            at = next[at] / 2;
        }
        sum = (sum * 3 + seen) % 100003;
    }
    return sum;
}""",
}


@pytest.mark.parametrize("width", [2, 8])
@pytest.mark.parametrize("form", _FORMS)
def test_the_same_in_c(tmp_path: Path, form: str, width: int) -> None:
    text = _FRAME.replace("BODY", _FORMS[form])
    functions = functions_of(tmp_path, text, "t.c")
    written = side_by_side(functions, width, "g" if "long g(" in text else "f")
    assert f"< {width}" in written
    assert output(tmp_path, written, "n.c") == output(tmp_path, text, "o.c")


_REFUSED = {
    "writes to memory": "int at = 0; while (at < n) { out[at] = 1; at++; }",
    "left from within": "int at = 0; while (at != NONE) at = left[at]; if (at) break;",
    "what the one before it leaves": "int at = last; while (at != NONE) at = left[at]; last = at + i;",
    "may be what a search reads": "int at = 0; while (at != NONE) at = left[at]; p[p[i]] = at;",
    "which it calls, writes": "int at = 0; while (at != NONE) at = left[at]; sum += any(at + 2);",
    "is used before": "int at = 3; sum += at; at = 0; while (at != NONE) at = left[at]; sum += at;",
    "its variable is changed": "int at = 0; while (at != NONE) at = left[at]; i += 1;",
    "kept from one iteration": "static int at; while (at != NONE) at = left[at]; sum += at;",
    "volatile": "volatile int at = 0; while (at != NONE) at = left[at]; sum += at;",
    "with something done": "sum++; if (key[i] == 3) continue; int at = 0; while (at != NONE) at = left[at];",
}


@pytest.mark.parametrize("why", _REFUSED)
def test_left_alone(tmp_path: Path, why: str) -> None:
    body = f"""
static long f(int n) {{
    long sum = 0;
    int last = 0, *p = out;
    for (int i = 0; i < n; i++) {{
        {_REFUSED[why]}
    }}
    return sum + last + p[0];
}}"""
    functions = functions_of(tmp_path, _FRAME.replace("BODY", body), "t.c")
    found, reasons = lookups(functions)
    assert not found
    assert any(why in reason for reason in reasons), reasons


def test_an_end_that_the_loop_itself_writes(tmp_path: Path) -> None:
    body = """
static int *last = &wanted[0];
static long f(int n) {
    *last = n;
    for (int i = 0; i < *last; i++) {
        int at = 0;
        while (at != NONE) at = left[at];
        wanted[i + 1] = at;
    }
    return 0;
}"""
    found, reasons = lookups(functions_of(tmp_path, _FRAME.replace("BODY", body), "t.c"))
    assert not found and any("end may be written" in reason for reason in reasons), reasons
