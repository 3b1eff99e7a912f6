"""Loops that look ahead do what they did: ends, choices, loops within, remainders, pointers, C++."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.irregular.ahead import Ahead, Scan, scans_in
from corr.polyhedral.clang_ast import Functions
from tests.support.irregular_programs import SANITIZED, functions_of, output, replaced

pytestmark = pytest.mark.slow

_QUIET = ("-Wno-pass-failed",)
_MAIN = """
int main(void)
{
    static int a[2000];
    static char text[5001];
    unsigned seed = 1;
    for (int i = 0; i < 2000; i++) a[i] = (int)((seed = seed * 1103515245u + 12345u) >> 8) % 900 + 1;
    for (int i = 0; i < 5000; i++)
        text[i] = "abcdefghijklmnopqrstuvwxyz    \\n\\""[((seed = seed * 1103515245u + 12345u) >> 8) % 32];
    for (int r = 0; r < 400; r++) {
        unsigned n = (seed = seed * 1103515245u + 12345u) >> 8;
        printf("%ld\\n", f(a, text, r % 50 ? 2000 : r / 50, (int)(n % 1000)));
    }
    return 0;
}
"""
_LOOPS = {
    "a number in an array": "for (int i = 0; i < n; i++) if (a[i] == x) return i; return -1;",
    "the smallest": """
        int at = 0, least = 1 << 20;
        for (int i = 0; i < n; i++) { int now = a[i]; if (now < least) { least = now; at = i; } }
        return at;""",
    "a word in a text": """
        long count = 0;
        int m = x % 4;
        for (int i = 0; i <= n - m; i++) {
            int j;
            for (j = 0; j < m; j++)
                if (t[i + j] != t[x + j]) break;
            if (j == m) count += i;
        }
        return count;""",
    "the same by while": """
        long count = 0;
        int m = x % 5, i = 0;
        while (i <= n - m) {
            int j = 0;
            while (j < m && t[i + j] == t[x + j]) j++;
            if (j == m) count += i;
            i++;
        }
        return count;""",
    "a prime": "x += 2; for (int i = 2; i * i <= x; i++) if (x % i == 0) return 0; return x;",
    "odd divisors": """
        unsigned long v = (unsigned long)x * 12345677ul + 1;
        for (unsigned long i = 3; i * i <= v; i += 2) if (!(v % i)) return (long)i;
        return 1;""",
    "divisors that are counted": """
        long count = 0;
        for (int i = 1; i <= x; i++) if (x % i == 0) count += i;
        return count;""",
    "lines and quotes": """
        const char *p = t, *end = t + n;
        long lines = 0, quotes = 0;
        while (p < end) { if (*p == '\\n') lines++; else if (*p == '"') quotes++; p++; }
        return lines * 1000 + quotes;""",
    "as long as the text is": """
        long count = 0;
        for (unsigned long i = 0; i < strlen(t); i++) if (t[i] == 'q') count += i;
        return count;""",
    "to the end of a line": """
        const char *p = t + x, *end = t + n + 1000;
        while (p < end && *p != '\\n' && *p != '"') p++;
        return p - t;""",
    "what is written is read again": """
        long count = 0;
        for (int i = 0; i < n; i++) if (a[i] == x) { if (i + 40 < n) a[i + 40] = x; count++; }
        return count;""",
    "the end moves": """
        long last = 0;
        for (int i = 0; i < n; i++) if (a[i] > 890) { n -= 10; last = i; }
        return last;""",
    "what is equal": """
        long count = 0;
        int i, j;
        for (i = 0; i < n / 8; i++)
            for (j = i + 1; j < n / 8; j++) if (a[i] == a[j]) { count++; break; }
        return count;""",
}


def _anew(functions: Functions, width: int, function: str = "f") -> str:
    """The text with each loop that can be looking ahead, the outermost of those in one another."""
    node = functions.get(function)
    assert node is not None
    parts: list[tuple[tuple[int, int], str]] = []
    for scan in scans_in(functions, node):
        if not isinstance(scan, Scan):
            continue
        ahead = Ahead(functions, scan, width)
        start, end = ahead.span()
        if not any(first <= start and end <= last for (first, last), _ in parts):
            parts.append(((start, end), ahead.code("Looks ahead.")))
    assert parts
    return replaced(functions, parts)


@pytest.mark.parametrize("width", [4, 32])
@pytest.mark.parametrize("loop", list(_LOOPS))
def test_it_does_the_same(loop: str, width: int, tmp_path: Path) -> None:
    head = "#include <stdio.h>\n#include <string.h>\nstatic long f(int *a, const char *t, int n, int x)\n{\n"
    text = f"{head}{_LOOPS[loop]}\n}}\n{_MAIN}"
    anew = _anew(functions_of(tmp_path, text, "t.c"), width)
    for flags in (SANITIZED, ("-O3", "-march=native", "-ffp-contract=off")):
        original = output(tmp_path, text, "o.c", (*flags, *_QUIET))
        assert output(tmp_path, anew, "n.c", (*flags, *_QUIET)) == original


def test_nothing_is_read_behind_the_page_of_what_is_read(tmp_path: Path) -> None:
    """The text ends where its page does, before one that nobody may read, and n says more."""
    text = """
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
static long f(const char *t, long n, int x)
{
    for (long i = 0; i < n; i++)
        if (t[i] == x)
            return i;
    return -1;
}
int main(void)
{
    char *pages = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(pages + 4096, 4096, PROT_NONE);
    memset(pages, 'a', 4095);
    pages[4095] = 'b';
    long sum = 0;
    for (int i = 0; i < 4096; i++)
        sum += f(pages + i, 1 << 20, 'b');
    printf("%ld\\n", sum);
    return 0;
}
"""
    anew = _anew(functions_of(tmp_path, text, "t.c"), 64)
    assert "4095" in anew
    for flags in (("-O3", "-march=native"), ("-O1",)):
        assert output(tmp_path, anew, "n.c", (*flags, *_QUIET)) == f"{4095 * 4096 // 2}\n"


def test_cxx(tmp_path: Path) -> None:
    text = """
#include <cstdio>
#include <string>
#include <vector>
struct Words {
    std::vector<int> ids;
    std::string text;
    long place_of(int id) const {
        for (size_t i = 0; i < ids.size(); ++i)
            if (ids[i] == id)
                return (long)i;
        return -1;
    }
    size_t blanks_in() const {
        size_t count = 0;
        for (size_t i = 0; i < text.size(); i++) {
            const char c = text[i];
            if (c == ' ')
                count++;
        }
        return count;
    }
};
int main()
{
    Words w;
    for (int i = 0; i < 1000; i++) { w.ids.push_back(i * 7 % 1009); w.text += i % 11 ? 'x' : ' '; }
    long sum = 0;
    for (int i = 0; i < 1100; i++) sum = sum * 3 % 100003 + w.place_of(i);
    std::printf("%ld %zu\\n", sum, w.blanks_in());
}
"""
    functions = functions_of(tmp_path, text, "t.cpp", ("-O1", "-std=c++17"))
    original = output(tmp_path, text, "o.cpp")
    for name in ("place_of", "blanks_in"):
        assert (
            output(tmp_path, _anew(functions, 16, name), "n.cpp", (*SANITIZED, *_QUIET)) == original
        )


_LEFT_ALONE = {
    "every iteration counts": "long s = 0; for (int i = 0; i < n; i++) { s += a[i]; if (a[i] == x) break; } return s;",
    "no bound": "int i = 0; while (a[i] != x && a[i] < 899) i++; return i;",
    "elements that are far apart": "for (int i = 0; i < n; i += 2) if (a[i] == x) return i; return 0;",
    "an index that is read": "for (int i = 0; i < n; i++) if (a[a[i]] == x) return i; return 0;",
    "what is volatile": "volatile int *v = a; for (int i = 0; i < n; i++) if (v[i] == x) return i; return 0;",
    "steps that are left out": "int i = 0; while (i < n) { if (a[i] == x) continue; i++; } return i;",
    "downwards": "for (int i = n - 1; i >= 0; i--) if (a[i] == x) return i; return 0;",
    "what may not be there": "for (int i = 0; i < n; i++) if (a[i] == x || t[i] == 'q') return i; return 0;",
}


@pytest.mark.parametrize("loop", list(_LEFT_ALONE))
def test_left_alone(loop: str, tmp_path: Path) -> None:
    text = f"long f(int *a, const char *t, int n, int x)\n{{\n{_LEFT_ALONE[loop]}\n}}\n"
    functions = functions_of(tmp_path, text, "t.c")
    node = functions.get("f")
    assert node is not None
    assert all(isinstance(one, tuple) and one[1] for one in scans_in(functions, node))


_REFERENCES = {
    "int &e = v[i]; if (e == x) n--; e = 7;": False,
    "const int &e = v[i]; if (e == x) return i;": True,
    "auto &e = v[i]; if (e == x) { e = 7; s++; }": True,
    "int k = v[i]; int &e = k; e++; if (k == x) return i;": False,
    "if (v.at(i) == x) return i;": False,
    "if (v[i] == x) s.push_back('a');": True,
}


@pytest.mark.parametrize("body", list(_REFERENCES))
def test_references(body: str, tmp_path: Path) -> None:
    text = f"""#include <string>
#include <vector>
int f(std::vector<int> &v, std::string &t, int n, int x)
{{
    std::string s;
    for (int i = 0; i < n; i++) {{ {body.replace("s++", "s += 'a'")} }}
    return s.size();
}}
"""
    functions = functions_of(tmp_path, text, "t.cpp", ("-O1", "-std=c++17"))
    node = functions.get("f")
    assert node is not None
    (one,) = scans_in(functions, node)
    assert isinstance(one, Scan) == _REFERENCES[body], one


@pytest.mark.parametrize("directive", ["#pragma clang loop unroll_count(4)", "#pragma omp simd"])
def test_nothing_comes_between_a_directive_and_its_loop(directive: str, tmp_path: Path) -> None:
    loop = "for (int i = 0; i < n; i++) if (a[i] == x) s = i;"
    text = f"int f(int *a, int n, int x)\n{{\nint s = 0;\n{directive}\n{loop}\nreturn s;\n}}\n"
    functions = functions_of(tmp_path, text, "t.c", ("-O1", "-fopenmp"))
    node = functions.get("f")
    assert node is not None and scans_in(functions, node) == []
