"""Each idiom on small texts: what becomes of them, and which are left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from corr.optimize.gate import source
from corr.optimize.idioms import containers, copies, invariants, streams, strings
from corr.optimize.idioms.spelling import Spelling, as_edit
from corr.optimize.moves.source import edited

Written = Callable[[Spelling], str | None]
MAIN = "#include <iostream>\nint main() {\n"


def referenced(spelling: Spelling) -> str | None:
    places = copies.by_reference(spelling)
    return spelling.with_changes({c for _, put in places for c in put}) if places else None


@pytest.mark.parametrize(
    ("write", "before", "after"),
    [
        (streams.unflushed, "std::cout << x << std::endl;", r"std::cout << x << '\n';"),
        (streams.unflushed, "using namespace std;\nf << 1 << endl << 2;", None),
        (streams.unlocked, "int c = getchar();", "int c = getchar_unlocked();"),
        (streams.unlocked, "std::putchar(c); fputc(c, f);", "putchar_unlocked(c); fputc_unlocked(c, f);"),
        (strings.appended, "std::string s; s = s + c;", "std::string s; s += c;"),
        (strings.appended, 'std::string s; s = s + f(a, b) + "," + w[i];',
         'std::string s; s += f(a, b); s += ","; s += w[i];'),
        (strings.measured_once, "for (int i = 0; i < strlen(s); i++) n += s[i];",
         "{ const unsigned long length_1 = strlen(s);\nfor (int i = 0; i < length_1; i++) n += s[i]; }"),
        (strings.measured_once, "  while (i < strlen(s) && s[i] != c) i++;",
         "  { const unsigned long length_1 = strlen(s);\n  while (i < length_1 && s[i] != c) i++; }"),
        (strings.measured_once, "for (int i = 0; i < strlen(s); i++) s[i] = toupper(s[i]);",
         "{ const unsigned long length_1 = strlen(s);\n"
         "for (int i = 0; i < length_1; i++) s[i] = toupper(s[i]); }"),
        (containers.hashed, "#include <map>\nstd::map<int, long> m;",
         "#include <unordered_map>\n#include <map>\nstd::unordered_map<int, long> m;"),
        (referenced, "int f(std::string s) { return s.size(); }",
         "static int f(const std::string& s) { return s.size(); }"),
        (referenced, "int f(const std::vector<std::pair<int, int>> v, int n) { return v.size(); }",
         "static int f(const std::vector<std::pair<int, int>>& v, int n) { return v.size(); }"),
        (referenced, "struct Board { int at[64]; };\nint f(Board b) { Board c; return b.at[3]; }",
         "struct Board { int at[64]; };\nstatic int f(const Board& b) { Board c; return b.at[3]; }"),
        (referenced, "void g() { for (auto x : all) use(x); }",
         "void g() { for (const auto& x : all) use(x); }"),
        (referenced, "void g() { for (auto [a, b] : all) use(a, b); }",
         "void g() { for (const auto& [a, b] : all) use(a, b); }"),
        (referenced, "namespace n {\nint f(std::string s, std::string t);\ninline int g(std::string s) {}\n}",
         "namespace n {\nstatic int f(const std::string& s, const std::string& t);\n"
         "inline int g(const std::string& s) {}\n}"),
        (referenced, "struct A { int f(std::string s) { return 1; } };",
         "struct A { int f(const std::string& s) { return 1; } };"),
        (referenced, "auto f = [](std::string s) { return s.size(); };",
         "auto f = [](const std::string& s) { return s.size(); };"),
    ],
)  # fmt: skip
def test_it_is_written_otherwise(write: Written, before: str, after: str | None) -> None:
    if after is None:
        after = before.replace("endl", r"'\n'")
    assert write(Spelling(before)) == after


@pytest.mark.parametrize(
    ("write", "text"),
    [
        (streams.unflushed, "my::endl; cout << endl;"),  # which endl nobody knows
        (streams.unflushed, "std::cout << std::flush;"),
        (streams.unsynchronised, MAIN + 'std::cout << 1; printf("2"); }'),
        (streams.unsynchronised, "#include <cstdio>\nint main() { return 0; }"),
        (streams.unlocked, "std::thread t(f); getchar();"),
        (streams.unlocked, "in.getc();"),
        (streams.unlocked, "mine::getc(f);"),
        (strings.appended, "int s; s = s + c;"),
        (strings.appended, "std::string s; s = s + s2 + s;"),
        (strings.appended, "std::string s; s = s + a + (b == c ? d : s);"),
        (strings.appended, "std::string s; s = s + a << 2;"),
        (strings.appended, "std::string s; if (x) s = s + a + b;"),
        (strings.appended, "std::string s; { int s; s = s + a; }"),
        (strings.measured_once, "for (int i = 0; i < strlen(s); i++) s[i] = 0;"),
        (strings.measured_once, "for (int i = 0; i < strlen(s); i++) change(s);"),
        (strings.measured_once, "while (strlen(s) > 3) s++;"),
        (strings.measured_once, "for (int i = 0; i < strlen(s); i++) *s = f(i);"),
        (containers.hashed, "std::map<int, int> m; m.lower_bound(3);"),
        (containers.hashed, "mine::map<int, int> m;"),
        (referenced, "struct A { virtual int f(std::string s) { return 1; } };"),
        (referenced, "void f(std::string& s); void g(std::string* s);"),
        (referenced, "std::string s(a, b); std::vector<int> v(n);"),
        (referenced, "void f(std::string s = {});"),
        (referenced, "int A::f(std::string s) { return s.size(); }"),
        (referenced, 'extern "C" int f(std::string s) { return s.size(); }'),
    ],
)
def test_it_is_left_alone(write: Written, text: str) -> None:
    assert write(Spelling(text)) is None


MEAN = """static double mean(const double *a, int n) {
    double s = 0;
    for (int i = 0; i < n; i++) s += a[i];
    return s / n;
}
static long total;
static int next(void) { return (int)++total; }
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "double f(const double *a, int n) {\n    double v = 0;\n"
            "    for (int i = 0; i < n; i++) v += (a[i] - mean(a, n)) * (a[i] - mean(a, n));\n}",
            "double f(const double *a, int n) {\n    double v = 0;\n"
            "    { const double mean_1 = mean(a, n);\n"
            "    for (int i = 0; i < n; i++) v += (a[i] - mean_1) * (a[i] - mean_1); }\n}",
        ),
        (
            "int g(const double *a, int n) { int i = 0; while (i < mean(a, 3)) i++; return i; }",
            "int g(const double *a, int n) { int i = 0; { const double mean_1 = mean(a, 3);\n"
            "while (i < mean_1) i++; } return i; }",
        ),
    ],
)
def test_what_is_the_same_each_time_is_asked_once(before: str, after: str) -> None:
    assert invariants.asked_once(Spelling(MEAN + before)) == MEAN + after


@pytest.mark.parametrize(
    "text",
    [
        "void f(double *a, int n) { for (int i = 0; i < n; i++) a[i] -= mean(a, n); }",
        "double f(const double *a, int n) { double v = 0; for (; n > 0; n--) v += mean(a, n); return v; }",
        "double f(const double *a, int n) { double v = 0;"
        " for (int i = 0; i < n; i++) v += mean(a, i); return v; }",
        "double f(const double *a, int n) { double v = 0;"
        " for (int i = 0; i < n; i++) { int m = i / 2; v += mean(a, m); } return v; }",
        "double f(const double *a, int n) { double v = 0;"
        " for (int i = 0; i < n; i++) v += mean(a, n) * next(); return v; }",
        "double f(const double *a, int n) { double v = 0; for (int i = 0; i < n; i++) v += next(); return v; }",
        "double f(double *a, int n) { double v = 0, *p = a;"
        " for (int i = 0; i < n; i++) { *p = 1; v += mean(a, n); } return v; }",
        "double f(double *a, int n, double &v) { for (int i = 0; i < n; i++) v += mean(a, n); return v; }",
        "double f(double *a, int n) { for (int i = 0; i < n; i++) total += mean(a, n); return total; }",
        "double f(const double *a, int n) { double v = 0;"
        " for (int i = 0; i < n; i++) { std::cin >> n; v += mean(a, n); } return v; }",
        "double f(int n) { double v = 0, w = 0, *p = &v;"
        " for (int i = 0; i < n; i++) { v += 1; w += mean(p, 1); } return w; }",
        "volatile int stop; double f(const double *a, int n) { double v = 0;"
        " for (int i = 0; i < n; i++) v += mean(a, n); return v; }",
    ],
)
def test_what_may_differ_is_asked_each_time(text: str) -> None:
    assert invariants.asked_once(Spelling(MEAN + text)) is None


def test_what_other_files_know_is_left_alone() -> None:
    assert referenced(Spelling("int f(std::string s);", frozenset(["f"]))) is None
    assert streams.unlocked(Spelling("getchar();", frozenset(["pthread_create"]))) is None
    assert containers.hashed(Spelling("std::map<int, int> m;", frozenset(["map"]))) is None
    text = f"{MAIN}std::cin >> n; }}"
    assert streams.unsynchronised(Spelling(text, frozenset(["printf"]))) is None
    assert streams.unsynchronised(Spelling(text)) == (
        "#include <iostream>\nint main() {\n    std::ios_base::sync_with_stdio(false);\n"
        "    std::cin.tie(nullptr);\nstd::cin >> n; }"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("a\nb\na\nb\nc\n", "a\nb\na\nB\nc\n"),
        ("a\n", "new\na\n"),
        ("x\ny\nx\n", "x\ny\nx\nz\n"),
        ("a\nb\nc\nd\n", "A\nb\nc\nD\n"),
    ],
)
def test_the_edit_makes_the_text(before: str, after: str) -> None:
    old, new = as_edit(before, after)
    assert before.count(old) == 1
    assert edited(before, ((old, new),), "t.c") == after


GATED = {
    "t.c": (
        "#include <stdio.h>\nint main(void) { int c; while ((c = getchar()) != EOF) putchar(c); }",
        streams.unlocked,
    ),
    "t.cpp": (f"{MAIN}    int n = 0;\n    std::cin >> n;\n}}", streams.unsynchronised),
}


@pytest.mark.parametrize("name", GATED)
def test_the_gate_lets_it_pass_where_the_original_has_such_streams(name: str) -> None:
    before, write = GATED[name]
    after = write(Spelling(before))
    assert after is not None
    assert source(before, after, name) == []
    without = (
        before.replace("getchar()", "3")
        .replace("putchar(c)", "c")
        .replace("std::cin >> n", "n = 1")
    )
    foreign = after if name == "t.c" else after.replace("    std::cin >> n;\n", "    n = 1;\n")
    assert source(without, foreign, name) != []
