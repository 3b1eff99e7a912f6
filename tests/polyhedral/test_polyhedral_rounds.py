"""Rounds over a matrix, by one of its rows and columns in each, several at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.polyhedral import generate, schedules
from corr.polyhedral.expand import expanded
from corr.polyhedral.in_place import in_place
from corr.polyhedral.strips_of_rounds import in_strips
from tests.polyhedral.test_polyhedral_codegen import SANITIZED, SHOW
from tests.support.polyhedral_programs import outputs, region, variants
from tests.support.thirds import a_third

pytestmark = pytest.mark.slow
HEAD = "for (int k = 0; k < n; k++) for (int i = 0; i < n; i++)"
EACH = f"{HEAD} for (int j = 0; j < n; j++)"
#: the nest in a function of n and p[40][40], of `num`, which is int unless it says otherwise
ROUNDS = {
    "shortest paths": f"{EACH} p[i][j] = p[i][j] < p[i][k] + p[k][j] ? p[i][j] : p[i][k] + p[k][j];",
    "by a condition": f"{EACH} if (p[i][k] + p[k][j] < p[i][j]) p[i][j] = p[i][k] + p[k][j];",
    "no way at all": f"{EACH} if (p[i][k] != 7 && p[k][j] != 7 && p[i][k] + p[k][j] < p[i][j])"
    " p[i][j] = p[i][k] + p[k][j];",
    "a closure": f"{EACH} p[i][j] = p[i][j] % 2 || (p[i][k] % 3 && p[k][j] % 5);",
    "what is neither": f"{EACH} p[i][j] = (3 * p[i][j] + 5 * p[i][k] - 7 * p[k][j]) % 97;",
    "the corner too": f"{EACH} p[i][j] = (3 * p[i][j] + 5 * p[i][k] - 7 * p[k][j] + p[k][k]) % 97;",
    "a row alone": f"{EACH} p[i][j] = (p[i][j] + 3 * p[k][j]) % 97;",
    "a value of the row": HEAD + " { int c = p[i][k] % 31 + p[k][k] % 7;"
    " for (int j = 0; j < n; j++) p[i][j] = (p[i][j] + c * p[k][j]) % 97; }",
    "values of each": EACH + " { int c = p[i][k] * 3 + i; int d = p[k][j] % 11 + c;"
    " p[i][j] = (p[i][j] + d * c) % 97; }",
    "another matrix": EACH + " { p[i][j] = (p[i][j] + p[i][k] - p[k][j]) % 97;"
    " q[i][j] = (q[i][j] + q[i][k] * p[k][j] + r[k][j]) % 97; }",
    "of one side": "for (int k = 0; k < n; k++) for (int i = k; i < n; i++) for (int j = 0; j < i; j++)"
    " p[i][j] = (p[i][j] + p[i][k] - p[k][j]) % 97;",
    "of other rows": "for (int k = 1; k < n - 2; k++) for (int i = 0; i < n - 1; i++)"
    " for (int j = 2; j < n; j++) p[i][j - 1] = (p[i][j - 1] + p[i][k + 2] - p[k + 1][j - 1]) % 97;",
    "few rows": "for (int k = 0; k < n; k++) for (int i = 3; i < 5; i++) for (int j = 1; j < n; j++)"
    " p[i][j] = (p[i][j] + p[i][k] - p[k][j]) % 97;",
    "none of its own": HEAD + " if (i != k) { int g = p[i][k] % 7 + p[k][k] % 5;"
    " for (int j = 0; j < n; j++) p[i][j] = (p[i][j] - g * p[k][j]) % 97; }",
    "neither row nor column": HEAD + " { if (i == k) continue; for (int j = 0; j < n; j++) {"
    " if (j == k) continue; if (p[i][k] + p[k][j] < p[i][j]) p[i][j] = p[i][k] + p[k][j]; } }",
    "the way back": EACH + " { int last = q[i][k]; if (p[i][k] + p[k][j] < p[i][j]) {"
    " p[i][j] = p[i][k] + p[k][j]; q[i][j] = last; } }",
    "rows that there are": HEAD + " { if (p[i][k] % 2) continue;"
    " for (int j = 0; j < n; j++) p[i][j] |= p[k][j]; }",
    "above alone": "for (int k = 0; k < n; k++) for (int i = 0; i < k; i++) for (int j = 0; j < n; j++)"
    " p[i][j] = (p[i][j] + p[i][k] - p[k][j]) % 97;",
    "between others": "for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) p[i][j] = q[j][i];"
    f" {EACH} if (p[i][k] + p[k][j] < p[i][j]) p[i][j] = p[i][k] + p[k][j];"
    " for (int i = 0; i < n; i++) q[i][i] = p[i][i] + 1;",
    "twice": f"{EACH} p[i][j] = (3 * p[i][j] + p[i][k] - p[k][j]) % 97;"
    f" {EACH} p[i][j] = (p[i][j] + 5 * p[i][k] - 2 * p[k][j]) % 89;",
    "down the columns": "for (int k = 0; k < n; k++) for (int j = 0; j < n; j++) for (int i = 0; i < n;"
    " i++) p[i][j] = (p[i][j] + p[i][k] - p[k][j]) % 97;",
}
#: What only looks like it.
OTHERS = {
    "what is perhaps not there": f"{EACH} if (p[i][k] + p[k][j] < p[i][j]) {{"
    " p[i][j] = p[i][k] + p[k][j]; q[i][j] = q[i][k]; }",
    "two rows": f"{EACH} p[i][j] = (p[i][j] + p[k][j] - p[k + 1][j]) % 97;",
    "the other half": f"{EACH} p[i][j] = (p[i][j] + p[k][j] + p[j][k]) % 97;",
    "neighbours": f"{EACH} p[i][j] = (p[i][j] + p[k][j] + p[i][0]) % 97;",
    "downwards": "for (int k = n - 1; k >= 0; k--) for (int i = 0; i < n; i++)"
    " for (int j = 0; j < n; j++) p[i][j] = (p[i][j] + p[i][k] - p[k][j]) % 97;",
    "something behind": HEAD + " { for (int j = 0; j < n; j++) p[i][j] = (p[i][j] + p[k][j]) % 97;"
    " q[i][k] = p[i][k]; }",
    "a product": f"{EACH} q[i][j] = (q[i][j] + p[i][k] * p[k][j]) % 97;",
}
MAIN = """
  static int p[40][40], q[40][40], r[40][40];
  for (int n = 0; n <= 22; n += n < 5 ? 1 : 7) {
    for (int i = 0; i < 40; i++) for (int j = 0; j < 40; j++) {
      p[i][j] = (i * 31 + j * 17) % 101; q[i][j] = i * j % 53; r[i][j] = (i + 3 * j) % 29; }
    p[2][2] = -1; f(n, p, q, r);
    unsigned h = 7;
    for (int i = 0; i < 1600; i++) h = h * 31 + p[i / 40][i % 40] + 5 * q[i / 40][i % 40];
    printf("%u ", h);
  }
"""


def function(nest: str) -> str:
    return f"void f(int n, int p[40][40], int q[40][40], int r[40][40]) {{\n  {nest}\n}}"


@pytest.mark.parametrize("name", a_third([*ROUNDS, *OTHERS]))
def test_the_same_is_computed(tmp_path: Path, name: str) -> None:
    whole = f"{SHOW}\n{function((ROUNDS | OTHERS)[name])}\n"
    functions = variants(tmp_path, whole, 16, seed=11)
    assert len(functions) > 3
    wanted, *others = outputs(tmp_path, whole, functions, MAIN, *SANITIZED)
    for text, other in zip(functions[1:], others, strict=True):
        assert other == wanted, text


@pytest.mark.parametrize("name", [*ROUNDS, *OTHERS])
def test_rounds_are_known(tmp_path: Path, name: str) -> None:
    scop = expanded(in_place(region(tmp_path, function((ROUNDS | OTHERS)[name]) + "\n")))
    found = list(in_strips(scop, 3))
    assert bool(found) == (name in ROUNDS)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9, 30])
@pytest.mark.parametrize(
    "name", ["what is neither", "values of each", "another matrix", "of one side"]
)
def test_strips_of_any_size(tmp_path: Path, name: str, size: int) -> None:
    text = function(ROUNDS[name])
    scop = expanded(in_place(region(tmp_path, text + "\n")))
    (strips,) = in_strips(scop, size)
    new = generate.code(strips, schedules.original(strips))
    start, end = scop.span
    whole = f"{SHOW}\n{text}\n"
    wanted, other = outputs(
        tmp_path, whole, [text, text[:start] + new + text[end:]], MAIN, *SANITIZED
    )
    assert other == wanted, new
