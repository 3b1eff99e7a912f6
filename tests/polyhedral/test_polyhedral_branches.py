"""Conditions of any kind: parts of a loop's range, data, what `continue` skips, loops that they guard."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.polyhedral.test_polyhedral_codegen import SANITIZED, SHOW
from tests.support.polyhedral_programs import outputs, read, variants
from tests.support.thirds import a_third

pytestmark = pytest.mark.slow
ROWS = "for (int i = 0; i < n; i++)"
ALONG = "for (int j = 0; j < n; j++)"
#: the body of a function of n, a[n], b[n] (int), d[40][40], e[40][40] (double), u[40][40] (bytes)
BODIES = {
    "all but one": f"{ROWS} if (i != 3) a[i] += b[i];",
    "one and the others": f"{ROWS} if (i == n - 2) a[i] = 1; else a[i] += b[i];",
    "either end": f"{ROWS} if (i < 2 || i > n - 3) a[i] = 0; else a[i] += b[i] * 2;",
    "the else of both": f"{ROWS} {ALONG} if (i > 2 && j > 3) d[i][j] = 1; else d[i][j] += e[j][i];",
    "not": f"{ROWS} if (!(i < 3 || i == 5)) a[i] -= b[i];",
    "all but the diagonal": f"{ROWS} {ALONG} if (i != j) d[i][j] += e[i][j]; else d[i][j] = e[j][i] / 2;",
    "skipped": f"{ROWS} {{ if (i == 4) continue; a[i] += b[i]; }}",
    "skipped at both ends": f"{ROWS} {{ a[i] ^= 3; if (i < 1 || i >= n - 1) continue;"
    " b[i] = a[i] + 2; if (i == 5) { b[i] = 7; continue; } a[i] = b[i]; }",
    "skipped by data": f"{ROWS} {{ if (a[i] % 3 == 0) continue; a[i] += b[i]; b[i] = a[i] / 2; }}",
    "or else": f"{ROWS} {{ if (a[i] > b[i]) {{ a[i] -= 5; continue; }} else b[i] -= 3; a[i] += b[i]; }}",
    "skipped within": f"{ROWS} {{ if (b[i] < 20) continue; {ALONG} {{ if (d[i][j] < 3) continue;"
    " d[i][j] -= e[j][i]; } a[i]++; }",
    "what it is about": f"{ROWS} if (a[i] > 20) {{ a[i] = 0; b[i] = 9; }}",
    "with an else": f"{ROWS} if (a[i] > 20) {{ a[i] = 0; b[i] = 9; }} else {{ a[i] += 40; b[i] = 3; }}",
    "asked again": f"{ROWS} if (a[i] > 20) {{ a[i] -= 15; b[i]++; if (a[i] > 20) {{ a[i] -= 9; b[i] = 7; }} }}",
    "asked again in the else": f"{ROWS} if (a[i] > 20) {{ a[i] -= 15; b[i]++; }} else {{ a[i] += 9;"
    " if (a[i] > 20) { a[i] = 1; b[i] -= 4; } else { a[i]++; b[i] += 6; } b[i] ^= 1; }",
    "a variable behind": f"{ROWS} if (a[i] > 20) {{ a[i] = -1; int t = b[i] + 2; b[i] = t * t % 7; }}",
    "a variable that changes": f"{ROWS} if (a[i] > 20) {{ int t = b[i]; a[i] = 3; if (t > 30) t = 30;"
    " b[i] = t; }",
    "a loop": f"{ROWS} if (a[i] > 20) {ALONG} d[i][j] += e[i][j];",
    "a loop or another": f"{ROWS} if (a[i] > 20) {ALONG} d[i][j] += e[i][j]; else {ALONG} d[i][j] = e[j][i];",
    "a loop that changes it": f"{ROWS} if (a[i] > 20) {{ {ALONG} a[j] = (a[j] + b[i]) % 50; }}",
    "loops in loops": f"{ROWS} {ALONG} if (d[i][j] > 2) for (int k = 0; k < n; k++)"
    " if (e[i][k] < 9) e[i][k] += d[i][j];",
    "a factor": f"for (int k = 0; k < n; k++) {ROWS} if (i != k) {{ double g = d[i][k] / (d[k][k] + 97);"
    f" {ALONG} d[i][j] -= g * d[k][j]; }}",
    "a row that is there": f"for (int k = 0; k < n; k++) {ROWS} if (u[i][k]) {ALONG} u[i][j] |= u[k][j];",
    "ways and the last step": f"for (int k = 0; k < n; k++) {ROWS} {ALONG} if (d[i][k] + d[k][j] < d[i][j])"
    " { d[i][j] = d[i][k] + d[k][j]; e[i][j] = e[i][k]; }",
    "none": f"for (int k = 0; k < n; k++) {ROWS} {{ double dik = d[i][k]; if (dik >= 11) continue;"
    f" {ALONG} {{ double t = dik + d[k][j]; if (t < d[i][j]) d[i][j] = t; }} }}",
    "narrow": f"{ROWS} {ALONG} {{ u[i][j] |= u[j][i] & 3; u[i][j] += 7; u[j][i] <<= 1; }}",
    "until it is there": "for (int i = 2; i != n + 2; i++) a[i] += b[i];"
    " for (int i = n + 2; i != 1; --i) b[i] = a[i - 1] * 3;",
    "until it never is": "if (n > 4) return; for (unsigned i = 1; i != (unsigned)n + 1; i++)"
    " a[i] += b[i];",
    "of both widths": f"float s = 0; {ROWS} {{ s += d[i][i]; d[i][0] = s; }}",
}
CXX = {
    "a temporary": "for (int k = 0; k < n; k++) for (int i = 0; i < n; i++) for (int j = 0; j < n; j++)"
    " d[i][j] = std::min(d[i][j], d[i][k] + d[k][j]);",
    "the larger": "for (int i = 1; i < n; i++) a[i] = std::max(a[i] - 3, std::min(b[i] * 2, a[i - 1]));",
}
#: What is not modelled, with what is said of it.
OTHERS = {
    f"{ROWS} {{ if (a[i] > 3) {{ if (b[i] > 3) continue; a[i] = 1; }} b[i] = 2; }}": "ContinueStmt",
    f"{ROWS} {{ if (a[i] > 3) break; b[i] = 2; }}": "BreakStmt",
    f"{ROWS} if (i % 2 == 0) a[i] = b[i / 2];": "not affine",
}
MAIN = """
  static int a[40], b[40]; static double d[40][40], e[40][40]; static unsigned char u[40][40];
  for (int n = 0; n <= 19; n += n < 6 ? 1 : 7) {
    for (int i = 0; i < 40; i++) { a[i] = i * 17 % 41; b[i] = i * 29 % 37; for (int j = 0; j < 40; j++) {
      d[i][j] = (i * 31 + j * 17) % 101 / 8.0; e[i][j] = (i * j % 53 - 9) / 4.0; u[i][j] = i * j % 5 == 1; } }
    f(n, a, b, d, e, u);
    unsigned h = 7; double g = 0;
    for (int i = 0; i < 40; i++) { h = h * 31 + a[i] + 7 * b[i]; for (int j = 0; j < 40; j++) {
      g = g * 0.75 + d[i][j] + 3 * e[i][j]; h = h * 31 + u[i][j]; } }
    printf("%u %a ", h, g);
  }
"""
KEPT = "int a[40], int b[40], double d[40][40], double e[40][40], unsigned char u[40][40]"


def function(body: str) -> str:
    return f"void f(int n, {KEPT}) {{\n  {body}\n}}"


@pytest.mark.parametrize("name", a_third([*BODIES, *CXX]))
def test_the_same_is_computed(tmp_path: Path, name: str) -> None:
    body = BODIES.get(name) or CXX[name]
    head = "#include <algorithm>\n" if name in CXX else ""
    whole = f"{head}{SHOW}\n{function(body)}\n"
    file = "t.cpp" if name in CXX else "t.c"
    functions = variants(tmp_path, whole, 12, seed=3, name=file)
    assert len(functions) > 2, read(tmp_path, whole, name=file)[1]
    run = "run.cpp" if name in CXX else "run.c"
    wanted, *others = outputs(tmp_path, whole, functions, MAIN, *SANITIZED, name=run)
    for text, other in zip(functions[1:], others, strict=True):
        assert other == wanted, text


@pytest.mark.parametrize("name", [*BODIES, *CXX])
def test_the_whole_is_one_region(tmp_path: Path, name: str) -> None:
    body = BODIES.get(name) or CXX[name]
    head = "#include <algorithm>\n" if name in CXX else ""
    file = "t.cpp" if name in CXX else "t.c"
    (found,), _ = read(tmp_path, f"{head}{function(body)}\n", name=file)
    assert found.text.strip().endswith(body[-20:])


@pytest.mark.parametrize("body", list(OTHERS))
def test_what_is_not_modelled_is_said(tmp_path: Path, body: str) -> None:
    found, reasons = read(tmp_path, function(body) + "\n")
    assert not found and any(OTHERS[body] in reason for reason in reasons)
