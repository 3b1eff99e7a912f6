"""Loops that run without the checks that find something near their ends only do what they did."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.irregular.borders.loops import Bordered, Borders, bordered_in
from corr.irregular.effects import Unsuitable
from tests.support.irregular_programs import SANITIZED, functions_of, output, replaced

pytestmark = pytest.mark.slow

QUIET = ("-Wno-sign-compare", "-Wno-unused", "-Wno-tautological-compare")
_FRAME = """
#include <stdio.h>
#include <stdlib.h>
enum { MOST = 400 };
typedef struct { int w, h; int *data; } image;
static int in[MOST], out[MOST];
static long total;
#define CLAMP(v, lo, hi) ((v) < (lo) ? (lo) : (v) > (hi) ? (hi) : (v))
BODY
int main(void)
{
    unsigned state = 7;
    for (int n = 0; n < 20; n++)
        for (int r = -1; r < 6; r++) {
            for (int i = 0; i < MOST; i++) {
                in[i] = (int)((state = state * 1664525u + 1013904223u) >> 24);
                out[i] = 0;
            }
            image one = {n, n, in};
            total = 0;
            f(&one, n, r);
            for (int i = 0; i < MOST; i++) total = total * 31 % 1000003 + out[i];
            printf("%d %d %ld\\n", n, r, total);
        }
    return 0;
}
"""

#: What stands inside, and no longer does.
FORMS = {
    "a clamp of the text": (
        """
        static int clamp(int v, int lo, int hi) { return v < lo ? lo : v > hi ? hi : v; }
        static void f(const image *im, int n, int r) {
            for (int x = 0; x < n; x++)
                for (int d = -r; d <= r; d++) out[x] += in[clamp(x + d, 0, n - 1)];
        }""",
        "in[x + d]",
        "",
    ),
    "a macro": (
        """
        static void f(const image *im, int n, int r) {
            for (int x = 0; x < n; x++)
                for (int d = -r; d <= r; d++) { int at = CLAMP(x + d, 0, im->w - 1); out[x] += in[at]; }
        }""",
        "int at = x + d;",
        "",
    ),
    "an accessor": (
        """
        static int get(const image *im, int x, int y)
        {
            if (x < 0 || y < 0) return 0;
            if (x >= im->w || y >= im->h) return 0;
            return im->data[y * im->w + x];
        }
        static void f(const image *im, int n, int r) {
            for (int y = 0; y < im->h; y++)
                for (int x = 0; x < im->w; x++)
                    out[y * n + x] = get(im, x - 1, y) + get(im, x + 1, y) + get(im, x, y - 1);
        }""",
        "im->data[y * im->w + (x - 1)]",
        "",
    ),
    "an accessor that puts right": (
        """
        static int get(const image *im, int x) {
            if (x < 0) x = 0;
            if (x > im->w - 1) x = im->w - 1;
            return im->data[x];
        }
        static void f(const image *im, int n, int r) {
            for (int x = 0; x < n; x++)
                for (int d = 0; d < 3; d++) out[x] += get(im, x + d);
        }""",
        "out[x] += im->data[x + d]",
        "",
    ),
    "remainders": (
        """
        static void f(const image *im, int n, int r) {
            for (int i = 0; i < n; i++) out[i] = in[(i + 1) % n] - in[(i + n - 1) % n];
        }""",
        "out[i] = in[i + 1] - in[i - 1]",
        "",
    ),
    "remainders of unsigned numbers": (
        """
        static void f(const image *im, int m, int r) {
            unsigned n = m;
            for (unsigned i = 0; i < n; i++) out[i] = in[(i + 1) % n] - in[(i + n - 1) % n];
        }""",
        "out[i] = in[i + 1] - in[i - 1]",
        "",
    ),
    "neighbours by choice": (
        """
        static void f(const image *im, int n, int r) {
            for (int i = 0; i < n; i++) {
                int left = i == 0 ? n - 1 : i - 1, right = i == n - 1 ? 0 : i + 1;
                out[i] = in[left] + in[right] * (i > 0 && in[i] > 3 ? 2 : 1);
            }
        }""",
        "int left = i - 1, right = i + 1;",
        "",
    ),
    "what is passed over": (
        """
        static void f(const image *im, int n, int r) {
            for (int i = 0; i < n; i++)
                for (int d = -2; d <= 2; d++) {
                    if (i + d < 0 || i + d >= n) continue;
                    out[i] += in[i + d];
                }
        }""",
        "for (int d = -2; d <= 2; d++) {\n                    out[i] += in[i + d];",
        "",
    ),
    "variables of before": (
        """
        static void f(const image *im, int n, int r) {
            int x, d, at;
            for (x = 0; x < n; x++)
                for (d = -r; d <= r; d++) {
                    at = x + d;
                    if (at < 0) at = 0; else if (at >= n) at = n - 1;
                    out[x] += in[at];
                }
            total = x + (n > 0 && r >= 0 ? at : 0);
        }""",
        "at = x + d;\n",
        "",
    ),
    "a size of containers": (
        """
        #include <vector>
        #include <algorithm>
        static void f(const image *im, int n, int r) {
            std::vector<int> v(in, in + n), w(n);
            for (int i = 0; i < (int)v.size(); i++)
                w[i] = v[std::max(i - 1, 0)] + v[std::min(i + 1, (int)v.size() - 1)];
            std::copy(w.begin(), w.end(), out);
        }""",
        "w[i] = v[i - 1] + v[i + 1]",
        "pp",
    ),
    "a method": (
        """
        #include <algorithm>
        struct grid {
            int w; const int *cells;
            int at(int x) const { x = std::max(0, std::min(x, w - 1)); return cells[x]; }
        };
        static void f(const image *im, int n, int r) {
            grid g{n, in};
            for (int i = 0; i < n; i++) out[i] = g.at(i + r) + g.at(i - 1);
        }""",
        "out[i] = g.cells[i + r] + g.cells[i - 1]",
        "pp",
    ),
}


def _apart(folder: Path, text: str, end: str = "") -> tuple[str, list[str]]:
    """The program with the borders of f's loops apart, and why other loops have none."""
    functions = functions_of(folder, text, f"t.c{end}")
    node = functions.get("f")
    assert node is not None
    parts, reasons = [], []
    for one in bordered_in(functions, node):
        if isinstance(one, Bordered):
            borders = Borders(functions, one)
            try:
                parts.append((borders.span(), borders.code("Nothing is found inside.")))
            except Unsuitable as why:
                reasons.append(str(why))
        else:
            reasons.append(one[1])
    return replaced(functions, parts), reasons


@pytest.mark.parametrize("name", FORMS)
def test_same_output_without_checks(name: str, tmp_path: Path) -> None:
    body, wanted, end = FORMS[name]
    text = _FRAME.replace("BODY", body)
    written, reasons = _apart(tmp_path, text, end)
    assert wanted in written, (reasons, written)
    flags = (*SANITIZED, *QUIET)
    assert output(tmp_path, written, f"n.c{end}", flags) == output(
        tmp_path, text, f"o.c{end}", flags
    )


#: Loops that are left as they are, and a word of the reason.
LEFT = {
    "its counter is set": "for (int x = 0; x < n; x++) { if (x > 0) out[x] = in[x - 1]; x += r > 4; }",
    "it may end": "for (int x = 0; x < n; x++) { if (x + r < 0) break; out[x] = in[x]; }",
    "its bound changes": "for (int x = 0; x < n; x++) { if (x > 0) out[x] = in[x - 1]; n -= x == 9; }",
    "what it is held against changes": "for (int x = 0; x < n; x++) { if (x >= r) out[x] = 1; r++; }",
    "a name is used twice": (
        "for (int x = 0; x < n; x++) { if (x > r) out[x] = 1; { int r = 3; total += r; } }"
    ),
    "it is kept": "for (int x = 0; x < n; x++) { static int k = 0; if (x > 0) out[x] = k++; }",
    "data decide": "for (int x = 0; x < n; x++) if (in[x] > r) out[x] = 1;",
    "a directive is at it": (
        "_Pragma(\"clang loop unroll(disable)\") for (int x = 0; x < n; x++) if (x > 2) out[x] = r;"
    ),
    "it is volatile": "for (volatile int x = 0; x < n; x++) if (x > 2) out[x] = r;",
    "its bound is volatile": "volatile int k = n; for (int x = 0; x < k; x++) if (x > 2) out[x] = r;",
    "it jumps": "for (int x = 0; x < n; x++) { if (x > 2) goto on; out[x] = 1; on: total++; }",
    "it is the diagonal": "for (int y = 0; y < n; y++) for (int x = 0; x < y; x++) if (x != y) out[x] = 1;",
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT)
def test_loops_that_are_left_alone(name: str, tmp_path: Path) -> None:
    body = f"static void f(const image *im, int n, int r) {{ {LEFT[name]} }}"
    text = _FRAME.replace("BODY", body)
    written, reasons = _apart(tmp_path, text)
    assert written == text, written
    assert reasons or name == "a directive is at it"


def test_numbers_that_wrap_round_are_asked_for(tmp_path: Path) -> None:
    """`x - 1` of an unsigned x is no index where x is 0; nor is npos smaller than anything."""
    body = """
    static void f(const image *im, int m, int r) {
        unsigned n = m;
        size_t none = r < 2 ? (size_t)-1 : (size_t)r;
        for (unsigned x = 0; x < n; x++) {
            if (x - 1 < n) out[x] += in[x - 1];
            if (x < none) out[x] += 3;
            if (none > (size_t)x + 2) out[x] += 5;
        }
        for (size_t x = 0; x < (size_t)m; x++)
            if (!(x < none)) out[x] += 7;
        for (unsigned char x = 0; x < m; x++)
            if ((unsigned char)(x + 250) > 3) out[x] += 11;
    }"""
    text = _FRAME.replace("BODY", body)
    written, _ = _apart(tmp_path, text)
    assert written != text
    flags = (*SANITIZED, *QUIET)
    assert output(tmp_path, written, "n.c", flags) == output(tmp_path, text, "o.c", flags)


def test_where_sums_wrap_by_order_nothing_is_known(tmp_path: Path) -> None:
    text = _FRAME.replace("BODY", FORMS["what is passed over"][0])
    functions = functions_of(tmp_path, text, "t.c", ("-O1", "-fwrapv"))
    node = functions.get("f")
    assert node is not None
    assert not any(isinstance(one, Bordered) for one in bordered_in(functions, node))


def test_bytes_that_could_be_sizes_are_no_reason_to_stop_but_to_say_so(tmp_path: Path) -> None:
    body = """
    typedef struct { int w; unsigned char *data; } bytes;
    static void f(const image *im, int n, int r) {
        unsigned char room[40] = {0};
        bytes b = {n, room}, *p = &b;
        for (int x = 0; x < p->w; x++) if (x + 1 < p->w) p->data[x] = (unsigned char)in[x + 1];
        for (int x = 0; x < n; x++) out[x] = room[x];
    }"""
    functions = functions_of(tmp_path, _FRAME.replace("BODY", body), "t.c")
    node = functions.get("f")
    assert node is not None
    found = [one for one in bordered_in(functions, node) if isinstance(one, Bordered)]
    assert found and all(one.inside.memory for one in found)
