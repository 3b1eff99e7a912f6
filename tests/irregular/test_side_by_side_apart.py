"""Searches side by side in C++, through references, and where promises and directives matter."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from collectors.base import toolchain
from corr.irregular.side_by_side import SideBySide
from corr.optimize.moves.both_texts import kept
from tests.support.irregular_programs import functions_of, lookups, output, side_by_side

pytestmark = pytest.mark.slow

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
