"""Searches that only compute are lanes of vectors: they do what they did one after another."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.irregular.as_vectors import AsVectors
from corr.irregular.effects import Unsuitable
from tests.support.irregular_programs import functions_of, output, side_by_side

pytestmark = pytest.mark.slow

_FRAME = """
#include <math.h>
#include <stdio.h>
enum { N = 100 };
static int out[N];
static double got[N];
BODY
int main(void)
{
    for (int n = 0; n <= N; n += n < 20 ? 1 : 40) {
        printf("%d %ld", n, f(n));
        for (int i = 0; i < n; i++) printf(" %d %a", out[i], got[i]);
        puts("");
    }
    return 0;
}
"""

_FORMS = {
    "escapes": """
static long f(int n) {
    for (int i = 0; i < n; i++) {
        double re = 0, im = 0, c = (i - 60) / 40.0;
        int turns;
        for (turns = 0; turns < 50; turns++) {
            double t = re * re - im * im + c;
            im = 2 * re * im + 0.1;
            re = t;
            if (re * re + im * im > 4.0)
                break;
        }
        out[i] = turns;
        got[i] = re;
    }
    return 0;
}""",
    "a function": """
static int turns_of(double c, int most) {
    double re = 0, im = 0;
    int turns = 0;
    while (turns < most) {
        double t = re * re - im * im + c;
        im = 2 * re * im + 0.1;
        re = t;
        if (sqrt(re * re + im * im) > 2.0)
            return turns;
        turns++;
    }
    return -1;
}
static long f(int n) {
    long sum = 0;
    for (int i = 0; i < n; i++) {
        out[i] = turns_of(i / 30.0 - 2, 40);
        sum += 3 * turns_of(0.25 + i / 1000.0, 30);
    }
    return sum;
}""",
    "whole numbers": """
static long f(int n) {
    long most = 0, where = 0;
    for (int i = 1; i < n; i++) {
        long x = i;
        int steps = 0;
        while (x != 1) {
            if (x % 2 == 0)
                x /= 2;
            else
                x = 3 * x + 1;
            steps++;
        }
        if (steps > most) { most = steps; where = i; }
        out[i] = steps;
    }
    return most * 1000 + where;
}""",
    "floats": """
static long f(int n) {
    for (int i = 0; i < n; i++) {
        float x = i + 1, guess = x / 2;
        int steps = 0;
        do {
            guess = (guess + x / guess) * 0.5f;
            steps++;
        } while (steps < 20 && fabsf(guess * guess - x) > x * 1e-5f);
        out[i] = steps;
        got[i] = guess;
    }
    return 0;
}""",
    "choices and ways out": """
static long f(int n) {
    for (int i = 0; i < n; i++) {
        double x = i * 0.37, sum = -0.0;
        long odd = i;
        for (int step = 0; step < 40 && x < 1e6; step++) {
            if (odd & 1) {
                sum += x;
                if (step > 20) {
                    odd = odd * 3 % 64;
                    break;
                }
            } else if (step % 5 == 3) {
                odd++;
                continue;
            } else
                sum -= x * 0.25;
            x = x < 3 ? x + 0.5 : x * 1.5;
            odd = (odd ^ 5) >> 1;
        }
        got[i] = sum;
        out[i] = (int)odd + (x > 10);
    }
    return 0;
}""",
}


@pytest.mark.parametrize("width", [4, 16])
@pytest.mark.parametrize("form", _FORMS)
def test_the_same_in_c(tmp_path: Path, form: str, width: int) -> None:
    text = _FRAME.replace("BODY", _FORMS[form])
    written = side_by_side(functions_of(tmp_path, text, "t.c"), width, how=AsVectors)
    assert f"ext_vector_type({width})" in written and "__builtin_reduce_or" in written
    assert output(tmp_path, written, "n.c") == output(tmp_path, text, "o.c")
    fast = ("-O3", "-march=native", "-ffp-contract=off")
    assert output(tmp_path, written, "n.c", fast) == output(tmp_path, text, "o.c", fast)


def test_in_cxx(tmp_path: Path) -> None:
    text = _FRAME.replace("BODY", _FORMS["escapes"].replace("int turns;", "int turns = 0;"))
    written = side_by_side(functions_of(tmp_path, text, "t.cpp"), 8, how=AsVectors)
    assert output(tmp_path, written, "n.cpp") == output(tmp_path, text, "o.cpp")


_REFUSED = {
    "reads memory": "while (x < 9) x += got[i];",
    "may trap": "while (x < 9) { x++; k = 100 / k; }",
    "is not for vectors": "while (x < 9) x += sin(x);",
    "of the lanes' width": "float s = 1; while (x < 9) { x++; s = s * 2; } got[i] = s;",
}


@pytest.mark.parametrize("why", _REFUSED)
def test_left_alone(tmp_path: Path, why: str) -> None:
    body = f"""
static long f(int n) {{
    for (int i = 0; i < n; i++) {{
        double x = i;
        int k = i + 1;
        {_REFUSED[why]}
        out[i] = x + k;
    }}
    return 0;
}}"""
    functions = functions_of(tmp_path, _FRAME.replace("BODY", body), "t.c")
    with pytest.raises(Unsuitable, match=why):
        side_by_side(functions, 8, how=AsVectors)
