"""A program whose functions and loops have the names that are hardest to print and to paste."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

CPP = """\
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <vector>
#include <sys/mman.h>
#define KEEP __attribute__((noinline))
using Numbers = std::vector<double>;
struct Money {
    double cents;
    KEEP Money &operator+=(const Numbers &more) {
        for (double one : more) cents += one * 0.5;
        return *this;
    }
    KEEP explicit operator bool() const {
        double left = cents + 10000;
        while (left > 1.0) left *= 0.999;
        return left > 0.5;
    }
};
KEEP bool operator<(const Money &a, const Numbers &b) {
    int below = 0;
    for (double one : b) below += a.cents < one;
    return below & 1;
}
KEEP bool operator>(const Money &a, const Numbers &b) {
    int above = 0;
    for (double one : b) above += a.cents > one * 1.5;
    return above & 1;
}
KEEP Money &operator<<(Money &to, const Numbers &from) {
    for (double one : from) to.cents = to.cents * 0.5 + one;
    return to;
}
namespace {
struct Shelf {
    KEEP double sum(const Numbers &n) const {
        double total = 0;
        for (double one : n) total += one / 3.0;
        return total;
    }
    KEEP static double sum(const std::vector<int> &n) {
        double total = 0;
        for (int one : n) total += one / 3.0;
        return total;
    }
};
KEEP int hidden(std::vector<int> &n) {
    int seen = 0;
    for (int &one : n) { seen ^= one * 31; one += seen & 3; }
    return seen;
}
} // namespace
namespace deep::down {
template <bool Big, typename T> struct Walk {
    template <typename F> KEEP static T over(const std::vector<T> &values, F f) {
        T total = 0;
        for (const T &value : values) total += f(value) * (Big ? 2 : 1);
        return total;
    }
};
template <bool (*Compare)(const Money &, const Numbers &)>
KEEP int count(const std::vector<Money> &m, const Numbers &n) {
    int yes = 0;
    for (const Money &one : m) yes += Compare(one, n);
    return yes;
}
} // namespace deep::down
KEEP double weighted(const Numbers &n, double by) {
    return std::accumulate(n.begin(), n.end(), 0.0, [by](double a, double b) { return a * 0.9 + b * by; });
}
KEEP double plain(const Numbers &n) { return std::accumulate(n.begin(), n.end(), 0.0); }
KEEP int by_text(const std::vector<int> &n) {
    auto each = [&](int limit) __attribute__((noinline)) {
        int seen = 0;
        for (int one : n) seen += one % limit;
        return seen;
    };
    return each(7) + each(9);
}
double tokens(const char *text, int length);
extern "C" int one_work(const int *, int), two_work(const int *, int);
static int compare_ints(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main() {
    Numbers n(9000, 1.25);
    std::vector<int> whole(9000, 3);
    std::vector<Money> purse(20, Money{3.0});
    std::vector<char> text(9000, 'a');
    for (int i = 0; i < 9000; i++) { whole[i] = (i * 7919) % 10007; text[i] = "ab 1"[i & 3]; }
    Money m{1.0};
    Shelf shelf;
    double total = 0;
    for (int t = 0; t < 150; t++) {
        m += n; total += bool(m); total += m < n; total += m > n; m << n;
        total += shelf.sum(n) + Shelf::sum(whole) + hidden(whole);
        total += deep::down::Walk<(3 > 2), double>::over(n, [](double x) { return x * x; });
        total += deep::down::Walk<false, int>::over(whole, [](int x) { return x + 1; });
        total += deep::down::count<&operator> >(purse, n) + deep::down::count<operator< >(purse, n);
        for (double by : {0.1, 0.2, 0.3, 0.5, 0.7}) total += weighted(n, by);
        total += plain(n) + by_text(whole) + tokens(text.data(), (int)text.size());
        total += one_work(whole.data(), 9000) + two_work(whole.data(), 9000);
        std::vector<int> copy(whole);
        qsort(copy.data(), copy.size(), sizeof(int), compare_ints);
        char *page = (char *)mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (int i = 0; i < 1 << 20; i += 4096) page[i] = 1;
        total += page[8192] + copy[5];
        munmap(page, 1 << 20);
    }
    printf("%g\\n", total + m.cents);
}
#line 40 "lexer.re"
static int kind(char c) { return c == ' ' ? 0 : c >= 'a' ? 1 : 2; }
KEEP double tokens(const char *text, int length)
{
    int state = 0, found = 0;

    // the scanner
    //
    for (int i = 0; i < length; i++) {
        int next = kind(text[i]);
        found += next != state;
        state = next;
    }
    return found;
}
"""
#: Two files that have static functions of the same names: one with a loop, one without.
C = """\
static __attribute__((noinline)) int mix(const int *a, int n) {
    int x = 0;
    for (int i = 0; i < n; i++) x = x * 31 + a[i];
    return x;
}
static __attribute__((noinline)) int step(int a, int b) {
    int c = a / (b | 1);
    c += b / (c | 1);
    return c + a / (c | 3);
}
static __attribute__((noinline)) int spin(int n) {
    int turns = 0;
again:
    turns ^= n * 31;
    if (n & 1) {
        n = n * 3 + 1;
        goto again;
    }
    n >>= 1;
    if (n > 1) goto again;
    return turns;
}
int NAME(const int *a, int n) {
    int s = mix(a, n);
    for (int i = 0; i < n; i += 9) s ^= spin(i);
    for (int i = 0; i < n; i++) s = step(s, i);
    return s;
}
"""
_PLACE = r"[^\s()]+:\d+"
_CALLER = re.compile(rf"\bin (?P<name>[^\d\s](?:(?! in ).)*?) \((?P<place>{_PLACE})\)")
_VIA = re.compile(r"\b(?:called by|under) (\S+) in ")


def write(folder: Path) -> tuple[str, ...]:
    """The program's files."""
    texts = {"nasty.cpp": CPP}
    texts |= {f"{n}.c": C.replace("NAME", f"{n}_work") for n in ("one", "two")}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return tuple(texts)


def in_hotspots(printed: str) -> set[str]:
    """Where, loops, functions, callers and what they called, of a table of hotspots."""
    found: set[str] = set()
    for line in printed.splitlines():
        if re.match(r"\s*[\d.]+%  ", line):
            cells = re.split(r"\s{2,}", line.strip())
            found |= {cells[1], cells[2]}
        found |= in_words(line)
    return found


def in_words(line: str) -> set[str]:
    """Callers, their places and what they called, of a sentence."""
    callers = {name for match in _CALLER.finditer(line) for name in match.group("name", "place")}
    return callers | set(_VIA.findall(line))


def in_sentences(printed: str) -> set[str]:
    """The places that `corr explain` begins its sentences with, and what they name."""
    found = {m[1] for m in re.finditer(r"^(?:\d+\. )?(\S+), [\d.]+ %:", printed, re.MULTILINE)}
    found |= {name for line in printed.splitlines() for name in in_words(line)}
    return found | set(re.findall(r"outside any loop of (\S+?)(?:,| )", printed))


def in_decisions(printed: str) -> set[str]:
    """Places and callees of a table of decisions."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in printed.splitlines()]
    return {cell for row in rows if re.match(r"[\d.]+%$", row[0]) for cell in row[1:3]}


def in_summary(printed: str) -> set[str]:
    """The names of loops in a summary, short and in full."""
    titles = re.findall(r"^### \d+\. `([^`]+)`", printed, re.MULTILINE)
    return {*titles, *re.findall(r"in full `([^`]+)`", printed)}


def in_why(printed: str) -> set[str]:
    """The names and places that `corr why` begins with."""
    found = {n for m in re.finditer(r"^(?:loop|outside loops): (.+?) at ([^,·]+)", printed, re.M) for n in m.groups()}  # fmt: skip
    found |= set(re.findall(r"^executions: (.+?) entered", printed, re.MULTILINE))
    return {name.strip() for name in found}


def in_report(page: str) -> set[str]:
    """What the links of a report's page are to."""
    return {
        unquote(name) for name in re.findall(r'href="#(?:[^"]*&)?(?:loop|line)=([^"&]+)"', page)
    }
