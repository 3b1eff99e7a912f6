"""Where an attribute goes, and what the compiler makes of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.lake.store import Lake
from corr.policy import hot_calls
from corr.policy.attributes import Mark, marked, patch
from corr.policy.hot_calls import Search
from corr.policy.modules import code_of
from corr.program.model import Program, Run, Unit


def marks(text: str, inlined: bool = False) -> tuple[str, list[Mark]]:
    """The text without its `@`, and a mark where each stood."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        column = line.find("@")
        while column >= 0:
            found.append(Mark(number, column + 1, inlined))
            line = line.replace("@", "", 1)
            column = line.find("@")
    return text.replace("@", ""), found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("void g(){ x = @f(1); }", "void g(){ # x = f(1); }"),
        ("{ a; @f(1); }", "{ a; # f(1); }"),
        ("{ for (;;) y += h(@f(2)); }", "{ for (;;) # y += h(f(2)); }"),
        ("{ if (a)\n    x = @f(1);\n  else\n    x = @f(2); }", "{ if (a)\n    # x = f(1);\n  else\n    # x = f(2); }"),
        ("{ case 3: @f(1); }", "{ case 3: # f(1); }"),
        ("{ x = a ? @f(1) : @f(2); }", "{ # x = a ? f(1) : f(2); }"),
        ('{ p("; {"); /* ; */ x = @f(1); }', '{ p("; {"); /* ; */ # x = f(1); }'),
        ("{ return @f(1) + @f(2); }", "{ # return f(1) + f(2); }"),
        ("{ (void)h(1), @f(2); }", "{ # (void)h(1), f(2); }"),
    ],
)  # fmt: skip
def test_it_stands_before_the_statement(source: str, expected: str) -> None:
    text, found = marks(source)
    assert marked(text, found) == expected.replace("# ", "[[clang::noinline]] ")


@pytest.mark.parametrize(
    "source", ["{ if (@f(1)) g(); }", "{ for (i = @f(0); ;) g(); }", "{ while (@f(i)) ; }"]
)
def test_heads_of_statements_have_no_place_for_it(source: str) -> None:
    text, found = marks(source)
    assert marked(text, found) is None or "for (" in source


def test_one_statement_cannot_be_both() -> None:
    text = "{ x = f(1) + g(2); }"
    assert marked(text, [Mark(1, 7, True), Mark(1, 14, False)]) is None
    assert marked(text, [Mark(9, 1, True)]) is None


@pytest.mark.slow
def test_the_patch_is_one_that_git_applies(tmp_path: Path) -> None:
    before = "int a;\nvoid g() { x = f(1); }\nint b;\n"
    after = marked(before, [Mark(2, 16, True)])
    assert after is not None
    (tmp_path / "a.c").write_text(before)
    (tmp_path / "p").write_text(patch("a.c", before, after))
    subprocess.run(["git", "apply", "p"], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "a.c").read_text() == after


def test_attributes_in_the_sources_decide_as_tables_do(
    ten_calls_lake: Path, tools: Toolchain, tmp_path: Path
) -> None:
    lake = Lake.open(ten_calls_lake / "data")
    calls = hot_calls.hot_calls(lake, lake.find("last"))
    churns = [call for call in calls if call.callee == "churn"]
    chew = [call for call in calls if call.callee == "chew"][:1]
    unit = Unit(ten_calls_lake / "calls.c", ten_calls_lake, ("-O2",))
    how = Run(("3",), directory=ten_calls_lake)
    program = Program("calls", (unit,), ("-lm",), how, ten_calls_lake)
    search = Search(program, tools, tmp_path / "builds", None)
    kept = [*churns[:2], *chew]
    made = search._as_patch(kept)
    assert made is not None
    text, built = made
    assert text.count("[[clang::always_inline]]") == 2 and text.count("[[clang::noinline]]") == 1
    assert "\n-        sum ^= churn(v, 4096, r);" in text
    assert search._output(built) == search._output(search._original)
    # what is kept from being inlined is so in either way, and the code the same
    made = search._as_patch(chew)
    assert made is not None
    tables = search._build("tables", chew)
    assert code_of(made[1]).hash == code_of(tables).hash != code_of(search._original).hash
