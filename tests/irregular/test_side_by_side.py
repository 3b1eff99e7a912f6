"""Searches side by side do what they did one after another, whatever the program is like."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from collectors.base import toolchain
from corr.irregular.side_by_side import SideBySide
from corr.optimize.moves.other_builds import kept
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


_CXX = """
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>
struct Node {
    int key, value;
    std::unique_ptr<Node> left, right;
};
class Tree {
public:
    void insert(int key, int value) {
        std::unique_ptr<Node> *at = &root_;
        while (*at)
            at = key < (*at)->key ? &(*at)->left : &(*at)->right;
        *at = std::make_unique<Node>(Node{key, value, nullptr, nullptr});
    }
    int depth(int key) const {
        const Node *node = root_.get();
        int levels = 0;
        for (; node; node = less(key, node->key) ? node->left.get() : node->right.get()) {
            if (node->key == key)
                return levels;
            levels++;
        }
        return -levels;
    }
    long all(const std::vector<int> &wanted) const {
        long sum = 0;
        for (size_t i = 0; i < wanted.size(); ++i)
            sum = (sum * 3 + depth(wanted[i])) % 100003;
        return sum;
    }
private:
    bool less(int a, int b) const { return a * sign_ < b * sign_; }
    std::unique_ptr<Node> root_;
    long sign_ = 1;
};
class Map {
public:
    explicit Map(size_t n) : heads_(n, nullptr) {}
    void add(uint64_t key) {
        pool_.push_back(std::make_unique<Entry>(Entry{key, heads_[key % heads_.size()]}));
        heads_[key % heads_.size()] = pool_.back().get();
    }
    bool has(uint64_t key) const {
        const Entry *entry = heads_[key % heads_.size()];
        while (entry && entry->key != key)
            entry = entry->next;
        return entry != nullptr;
    }
private:
    struct Entry { uint64_t key; Entry *next; };
    std::vector<Entry *> heads_;
    std::vector<std::unique_ptr<Entry>> pool_;
};
long f(const Tree &tree, const Map &map, const std::vector<int> &wanted, std::vector<int> &out) {
    long sum = 0;
    for (int key : wanted)
        if (map.has(key)) sum++;
    for (const auto &key : wanted) {
        int at = tree.depth(key);
        if (at < 0) continue;
        sum += at;
    }
    for (size_t i = 0; i < wanted.size(); i++)
        out[i] = tree.depth(wanted[i] + 1);
    return sum;
}
int main() {
    unsigned state = 1;
    auto any = [&] { state = state * 1664525u + 1013904223u; return int((state >> 8) % 500); };
    for (int n = 0; n < 60; n += 7) {
        Tree tree; Map map(17);
        std::vector<int> wanted, out(n);
        for (int i = 0; i < n; i++) { tree.insert(any(), i); map.add(any()); wanted.push_back(any()); }
        std::printf("%d %ld %ld", n, f(tree, map, wanted, out), tree.all(wanted));
        for (int x : out) std::printf(" %d", x);
        std::puts("");
    }
}
"""


def test_methods_and_ranges(tmp_path: Path) -> None:
    functions = functions_of(tmp_path, _CXX, "t.cpp", ("-O1", "-std=c++17"))
    assert len(lookups(functions)[0]) == 3
    written = side_by_side(functions, 8)
    flags = ("-std=c++17", "-O1", "-fsanitize=address,undefined", "-fno-access-control")
    assert output(tmp_path, written, "n.cpp", flags) == output(tmp_path, _CXX, "o.cpp", flags)


def test_a_method_within_its_class(tmp_path: Path) -> None:
    functions = functions_of(tmp_path, _CXX, "t.cpp", ("-O1", "-std=c++17"))
    written = side_by_side(functions, 4, "all")
    assert "tree." not in written.split("long all")[1].split("private")[0]
    assert output(tmp_path, written, "n.cpp") == output(tmp_path, _CXX, "o.cpp")


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


_REFERENCES = """
#include <cstdio>
#include <vector>
int total = 0;
static void f(const std::vector<int> &key, const int &limit, std::vector<int> &out) {
    for (size_t i = 0; i < out.size(); i++) {
        int at = (int)i;
        while (at < limit)
            at += key[at % key.size()] + 1;
        out[i] = at;
    }
}
static void g(const std::vector<int> &key, const int &limit, int n) {
    for (int i = 0; i < n; i++) {
        int at = i;
        while (at < limit)
            at += key[at % key.size()] + 1;
        total += at;
    }
}
int main() {
    std::vector<int> key{3, 1, 4, 1, 5, 9, 2, 6}, out(40, 30);
    f(key, out[3], out);
    for (int x : out) std::printf("%d ", x);
    total = 20;
    g(key, total, 12);
    std::printf("%d\\n", total);
}
"""


def test_a_reference_may_be_of_what_is_written(tmp_path: Path) -> None:
    functions = functions_of(tmp_path, _REFERENCES, "t.cpp")
    written = side_by_side(functions, 8)
    assert "&limit" in written
    assert output(tmp_path, written, "n.cpp") == output(tmp_path, _REFERENCES, "o.cpp")
    found, reasons = lookups(functions, "g")
    assert not found and "what is written may be what a search reads" in reasons


def test_what_restrict_promises(tmp_path: Path) -> None:
    loop = """
    for (int i = 0; i < n; i++) {
        int at = i;
        while (at > 2) at = from[at];
        to[from[i] % n] = at;
    }"""
    given = "int *restrict to, const int *from, int n"
    text = f"void f({given}) {{ {loop} }}\n"
    text += f"void g({given.replace('from', 'all')}) {{ const int *from = to + all[0]; {loop} }}\n"
    functions = functions_of(tmp_path, text, "t.c")
    assert lookups(functions)[0] and not lookups(functions, "g")[0]


def test_loops_of_directives_are_left(tmp_path: Path) -> None:
    text = """
void f(int n, const int *left, int *out, double *sums) {
#pragma omp parallel for
    for (int i = 0; i < n; i++) {
        int at = i;
        while (at > 2) at = left[at];
        sums[i] = at;
    }
}
"""
    assert lookups(functions_of(tmp_path, text, "t.c", ("-O1", "-fopenmp"))) == ([], [])
    functions = functions_of(tmp_path, text, "t.c")
    (found,) = lookups(functions)[0]
    new = SideBySide(functions, found, 8)
    start, end = new.span()
    written = text[:start] + new.code("Several at once.") + text[end:]
    both = kept(written, [(text[start:end], new.code("Several at once."))])
    assert "#ifdef _OPENMP" in both, "a build that obeys the directive finds its loop"
    (tmp_path / "both.c").write_text(both)
    clang = str(toolchain.find().path("clang"))
    for more in ((), ("-fopenmp",)):
        command = [clang, "-O1", "-Wall", "-Werror", *more, "-fsyntax-only", "both.c"]
        subprocess.run([*command, "-Wno-unknown-pragmas"], cwd=tmp_path, check=True)
