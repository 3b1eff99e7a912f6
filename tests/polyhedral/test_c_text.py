"""Generated C is printed as a person would write it, and computes what it did."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from collectors.base import toolchain
from corr.polyhedral.c_text import Unknown, parsed
from corr.polyhedral.tidy import tidied

WHOLE = ("c0", "c1__j", "p_n", "end3", "low1", "(-7)", "0", "1", "32", "64")
FLOATS = ("x", "y", "v[1]", "2.5", "1e-3", "3")


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("((a * b) + c)", "a * b + c"),
        ("(a * (b + c))", "a * (b + c)"),
        ("(a - (b - c))", "a - (b - c)"),
        ("((a - b) - c)", "a - b - c"),
        ("(a / (b * c))", "a / (b * c)"),
        ("(-(-a))", "-(-a)"),
        ("((a < b) ? (c + d) : (e ? f : g))", "a < b ? c + d : (e ? f : g)"),
        ("((double)((a + b)))", "(double)(a + b)"),
        ("(*(corr_f64x8 *)&A[(i)][(j + 8)])", "*(corr_f64x8 *)&A[i][j + 8]"),
        ("((corr_f64x4){a[0], (b + 1), c, d})", "(corr_f64x4){a[0], b + 1, c, d}"),
        ("sqrt((a + b))", "sqrt(a + b)"),
        ("((a && b) || c)", "(a && b) || c"),
        ("((a + b) << 2)", "(a + b) << 2"),
        ("(s->a.cells[(i)] * 2.50e-3)", "s->a.cells[i] * 2.50e-3"),
        ("(!(a == b))", "!(a == b)"),
        ("0x1.8p3", "0x1.8p3"),
    ],
)
def test_brackets_stand_where_they_are_needed(source: str, printed: str) -> None:
    assert str(parsed(source)) == printed
    assert str(parsed(printed)) == printed


@pytest.mark.parametrize(
    "source", ["a +", "(a", "a b", "(real)(a)", "a = b", "a[1", '"a"', "{1}", ""]
)
def test_what_is_not_understood_is_left_alone(source: str) -> None:
    with pytest.raises(Unknown):
        parsed(source)
    line = f"    x = {source};"
    assert tidied([line]) == [line]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "for (long c0 = (0); c0 <= ((p_n + (-1)) - 0); c0 += 1) {",
            "for (long c0 = 0; c0 <= p_n - 1; c0++) {",
        ),
        ("a[((32 * c1) + 31) - (c1)][(c0)] = (v1 * (v2));", "a[31 * c1 + 31][c0] = v1 * v2;"),
        (
            "const long end1 = __builtin_elementwise_min((long)(((c0) + 3)), (long)((c0 + 5)));",
            "const long end1 = c0 + 3;",
        ),
        (
            "long c1 = __builtin_elementwise_max((long)(0), (long)((p_n - 4)));",
            "long c1 = __builtin_elementwise_max((long)0, p_n - 4);",
        ),
        ("if ((c0 <= (c0 + 3)) && (c1 < p_n)) {", "if (c1 < p_n) {"),
        (
            "if ((32 * c2) <= __builtin_elementwise_min((long)((32 * c2) + 31), (long)((c3 - 1)))) {",
            "if (32 * c2 <= c3 - 1) {",
        ),
        ("if ((a[c0] > 0.5)) b[(c0)] = (b[c0] + 1);", "if (a[c0] > 0.5) b[c0] += 1;"),
        ("const double v3 = ((2 * 3) * x);", "const double v3 = 6 * x;"),
        ("for (; (c0 + 7) <= end4; c0 += 8) {", "for (; c0 + 7 <= end4; c0 += 8) {"),
        ("x = (y + (z + 1.0));", "x = y + (z + 1.0);"),
    ],
)
def test_lines(line: str, shown: str) -> None:
    assert tidied([line]) == [shown]


def test_a_condition_that_always_holds_is_left_out_unless_there_is_another_way() -> None:
    lines = ["if (c0 <= c0 + 1) {", "    x = 1;", "}"]
    assert tidied(lines) == ["{", "    x = 1;", "}"]
    assert tidied([*lines, "else {", "    x = 2;", "}"])[0] == lines[0]
    nested = ["for (long c1 = 0; c1 <= 3; c1 += 1) {", *(f"    {line}" for line in lines), "}"]
    assert tidied(nested) == ["for (long c1 = 0; c1 <= 3; c1++) {", "    x = 1;", "}"]


def whole(rng: random.Random, depth: int) -> str:
    """A sum of 64-bit numbers as the code of an order has them."""
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(WHOLE)
    one, other = whole(rng, depth - 1), whole(rng, depth - 1)
    kind = rng.choice(["+", "-", "*", "min", "max", "shift", "floor", "long"])
    if kind in ("min", "max"):
        return f"__builtin_elementwise_{kind}((long)({one}), (long)({other}))"
    if kind == "*":
        return f"({rng.choice(['2', '32', '(-3)'])} * {one})"
    if kind == "shift":
        return f"((long)({one}) >> 5)"
    if kind == "floor":
        return f"({one} / 64)"
    return f"(long)({one})" if kind == "long" else f"({one} {kind} {other})"


def floating(rng: random.Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.1:
        return rng.choice(FLOATS)
    one, other = floating(rng, depth - 1), floating(rng, depth - 1)
    kind = rng.choice(["+", "-", "*", "/", "-1", "?", "call", "index"])
    if kind == "-1":
        return f"(-{one})"
    if kind == "?":
        return f"(({one} <= {other}) ? {one} : ({other}))"
    if kind == "call":
        return f"__builtin_sqrt(({one}))"
    if kind == "index":
        return f"v[(({whole(rng, 1)}) - ({whole(rng, 1)})) & 3]"
    return f"({one} {kind} {other})"


def condition(rng: random.Random) -> str:
    sides = [
        f"({whole(rng, 2)}) {rng.choice(['<=', '<', '>=', '>'])} ({whole(rng, 2)})" for _ in "12"
    ]
    return f"({sides[0]}) && ({sides[1]})"


@pytest.mark.slow
def test_random_expressions_have_the_values_that_they_had(tmp_path: Path) -> None:
    """Each of three kinds, written with all brackets and tidied, in one program of clang's."""
    rng = random.Random(3)
    lines = [f"long r = {whole(rng, 4)};" for _ in range(150)]
    lines += [f"double r = {floating(rng, 4)};" for _ in range(150)]
    lines += [f"long r = {condition(rng)};" for _ in range(100)]
    shorter = tidied(lines)
    assert sum(len(b) < len(a) for a, b in zip(lines, shorter, strict=True)) > 300
    body = []
    for line, short in zip(lines, shorter, strict=True):
        kind = "%a" if line.startswith("double") else "%ld"
        body.append(f'{{ {line} printf("{kind} ", r); }} {{ {short} printf("{kind}\\n", r); }}')
    heads = [
        "#include <stdio.h>",
        "static void all(long c0, long c1__j, long p_n, long end3, long low1, double x, double y) {",
        "double v[4] = {x, y, x * y, 0.1};",
        *body,
        "}",
        "int main(void) { all(1, 2, 3, 4, 5, 0.3, 7); all(40, -9, 1000, 77, 13, -2.5, 1e6);",
        " all(-100, 64, 31, 32, 33, 1e-9, -4); return 0; }",
    ]
    source = tmp_path / "all.c"
    source.write_text("\n".join(heads))
    clang = str(toolchain.find().path("clang"))
    flags = ["-O1", "-w", "-ffp-contract=off", "-fwrapv"]
    subprocess.run([clang, *flags, str(source), "-lm", "-o", str(tmp_path / "all")], check=True)
    out = subprocess.check_output([str(tmp_path / "all")], text=True).splitlines()
    assert len(out) == 3 * len(lines)
    for number, line in enumerate(out):
        one, other = line.split()
        assert one == other or "nan" in line, (
            lines[number % len(lines)],
            shorter[number % len(lines)],
        )
