"""Branches that become choices do what they did, and touch no other memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.irregular_programs import branch_free, functions_of, output, why_not

pytestmark = pytest.mark.slow

_FRAME = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { N = 300 };
static int a[N], b[N], c[N];
static double x[N], y[N];
static unsigned char bytes[N];
static long total;
struct pair { int key; double value; };
static struct pair pairs[N];
BODY
int main(void)
{
    unsigned state = 7;
    for (int i = 0; i < N; i++) {
        state = state * 1664525u + 1013904223u;
        a[i] = (int)(state >> 9) % 1000 - 300;
        b[i] = i;
        x[i] = a[i] / 8.0;
        y[i] = a[i] % 3 ? -0.0 : 1.5;
        bytes[i] = (unsigned char)(state >> 13);
        pairs[i] = (struct pair){a[i], x[i]};
    }
    printf("%ld\\n", f(N));
    for (int i = 0; i < N; i++)
        printf("%d %d %d %a %a %d %d %a\\n", a[i], b[i], c[i], x[i], y[i], bytes[i],
               pairs[i].key, pairs[i].value);
    printf("%ld\\n", total);
    return 0;
}
"""

_FORMS = {
    "a function that exchanges": """
static void swap(int *one, int *other) { int kept = *one; *one = *other; *other = kept; }
static void exchange(double *one, double *other)
{
    double kept;
    kept = *one;
    *one = *other;
    *other = kept;
}
static long f(int n) {
    int swapped = 0;
    for (int j = 0; j + 1 < n; j++) {
        if (a[j] > a[j + 1]) {
            swap(&a[j], &a[j + 1]);
            swapped = 1;
        }
        if (x[j] < x[j + 1])
            exchange(x + j, x + j + 1);
    }
    return swapped;
}""",
    "filter into a place that is just large enough": """
static long f(int n) {
    int count = 0, k = 0;
    for (int i = 0; i < n; i++) count += a[i] < 100;
    int *kept = malloc(count * sizeof *kept);
    for (int i = 0; i < n; i++)
        if (a[i] < 100)
            kept[k++] = a[i];
    memcpy(c, kept, count * sizeof *kept);
    free(kept);
    return k;
}""",
    "partition": """
static long f(int n) {
    int store = 0, pivot = a[n / 2];
    for (int i = 0; i < n; i++) {
        if (a[i] < pivot) {
            int kept = a[i];
            a[i] = a[store];
            a[store] = kept;
            store++;
        }
    }
    return store;
}""",
    "merge": """
static long f(int n) {
    int i = 0, j = n / 2, k = 0;
    while (i < n / 2 && j < n) {
        if (a[i] <= a[j])
            c[k++] = a[i++];
        else
            c[k++] = a[j++];
    }
    return i * 1000 + j;
}""",
    "the larger child": """
static long f(int n) {
    int at = 0, moving = 0;
    for (;;) {
        int child = 2 * at + 1;
        if (child >= n)
            break;
        if (child + 1 < n && a[child] < a[child + 1])
            child++;
        b[at] = a[child];
        at = child;
        moving++;
    }
    return moving;
}""",
    "an element that is there only if it is taken": """
static long f(int n) {
    long sum = 0;
    for (int i = 0; i < n; i++) {
        int *p = a[i] > 0 ? &b[i] : 0;
        if (p != 0)
            sum += *p * 2;
        else
            sum -= 1;
    }
    return sum;
}""",
    "divisions that may not be done": """
static long f(int n) {
    long sum = 0;
    for (int i = 0; i < n; i++) {
        if (a[i] % 7 != 0)
            sum += 1000 / (a[i] % 7);
        if (b[i] > 5) {
            c[i] = 100;
            c[i] /= b[i];
            c[i] += (a[i] & 15) << (b[i] % 5);
        }
    }
    return sum;
}""",
    "zeros with a sign": """
static long f(int n) {
    double sum = -0.0;
    for (int i = 0; i < n; i++) {
        if (a[i] > 5000)
            sum += x[i];
        if (a[i] < 0) {
            y[i] += x[i];
            y[i]++;
        } else {
            x[i] = -x[i];
        }
    }
    x[0] = sum;
    return 0;
}""",
    "choices in choices": """
static long f(int n) {
    long words = 0, lines = 0;
    int inside = 0;
    for (int i = 0; i < n; i++) {
        if (bytes[i] < 60) {
            inside = 0;
            if (bytes[i] < 10)
                lines++;
        } else if (!inside) {
            inside = 1;
            words++;
            if (bytes[i] & 4) {
                c[words] = bytes[i];
                if (a[i] / (bytes[i] & 4) > 10)
                    total += 2;
            } else {
                c[words] -= 1;
            }
        } else
            total--;
    }
    return words * 1000 + lines;
}""",
    "a condition that is a number": """
static long f(int n) {
    int odd = 0, k = 0;
    const char *last = "none";
    for (int i = 0; i < n; i++) {
        if (a[i] & 6) {
            odd++;
            c[k++] = i;
            last = "one";
        }
    }
    return odd + k + last[0];
}""",
    "members and a global": """
static long f(int n) {
    for (struct pair *p = pairs; p < pairs + n; p++)
        if (p->key > 50 || p->value < -3.0) {
            p->value = p->value * 0.5 + p->key;
            p->key -= 3;
            total += p->key;
        }
    return 0;
}""",
    "numbers that are not as wide": """
static long f(int n) {
    unsigned char small = 250;
    short most = -32000;
    for (int i = 0; i < n; i++) {
        if (a[i] > 10) {
            small++;
            bytes[i] += 200;
            bytes[i]++;
        }
        if (a[i] > most)
            most = a[i];
    }
    return small * 100000 + most;
}""",
}


@pytest.mark.parametrize("form", _FORMS)
def test_the_same_in_c(tmp_path: Path, form: str) -> None:
    text = _FRAME.replace("BODY", _FORMS[form])
    written = branch_free(functions_of(tmp_path, text, "t.c"))
    assert "taken" in written
    assert output(tmp_path, written, "n.c") == output(tmp_path, text, "o.c")
    fast = ("-O3", "-march=native", "-ffp-contract=off")
    assert output(tmp_path, written, "n.c", fast) == output(tmp_path, text, "o.c", fast)


_CXX = """
#include <cstdio>
#include <utility>
#include <vector>
int f(std::vector<double> &v, int &swaps) {
    double pivot = v.back();
    int i = -1;
    for (int j = 0; j + 1 < (int)v.size(); j++)
        if (v[j] <= pivot) {
            i++;
            std::swap(v[i], v[j]);
            swaps++;
        }
    return i;
}
int main() {
    std::vector<double> v;
    unsigned state = 1;
    for (int i = 0; i < 100; i++) { state = state * 1664525u + 1013904223u; v.push_back(state >> 20); }
    int swaps = 0;
    std::printf("%d", f(v, swaps));
    for (double x : v) std::printf(" %g", x);
    std::printf(" %d\\n", swaps);
}
"""


def test_swap_and_references(tmp_path: Path) -> None:
    written = branch_free(functions_of(tmp_path, _CXX, "t.cpp"))
    assert "std::swap" not in written
    assert output(tmp_path, written, "n.cpp") == output(tmp_path, _CXX, "o.cpp")


def test_the_compiler_makes_no_branch_of_it_again(tmp_path: Path) -> None:
    from tests.support.irregular_programs import toolchain

    text = _FRAME.replace("BODY", _FORMS["filter into a place that is just large enough"])
    written = branch_free(functions_of(tmp_path, text, "t.c"))
    (tmp_path / "n.c").write_text(written)
    clang = toolchain.find().path("clang")
    import subprocess

    command = [str(clang), "-O3", "-emit-llvm", "-S", "n.c", "-o", "-"]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "select i1" in made and "store volatile ptr" in made


_REFUSED = {
    "changes what it asks": ("if (a[i]++ > 3) b[i] = 1;", "does more than ask"),
    "calls": ('if (a[i] > 3) puts("");', "it calls puts"),
    "two assignments": ("if (a[i] > 3) b[i] = c[i] = 1;", "assigns twice"),
    "structures": ("if (a[i] > 3) pairs[i] = pairs[0];", "copied"),
    "volatile": ("volatile int v = 0; if (a[i] > 3) v = 1;", "volatile"),
}


@pytest.mark.parametrize("form", _REFUSED)
def test_left_alone(tmp_path: Path, form: str) -> None:
    statement, why = _REFUSED[form]
    text = f"static long f(int n) {{ for (int i = 0; i < n; i++) {{ {statement} }} return 0; }}"
    reasons = why_not(functions_of(tmp_path, _FRAME.replace("BODY", text), "t.c"))
    assert any(why in reason for reason in reasons), reasons
