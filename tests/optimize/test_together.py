"""Candidates of one reply are for the program of the prompt, and later ones go on top where they can."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize.gate.refusal import Refused
from corr.optimize.judging.together import merged
from corr.optimize.moves.flags import Flags
from corr.optimize.moves.pragma import Pragma
from corr.optimize.moves.source import Source
from corr.optimize.variant import Move, Variant
from corr.program.model import Run, from_files
from tests.support.command import Corr
from tests.support.gemm_proposals import EDIT, FAST, LOOPS, kernel, rows
from tests.support.model_server import ModelServer, flags, pragma, proposals, source

PROGRAM = """\
static double a[64], b[64];
static void first(int n)
{
    for (int i = 0; i < n; i++)
        a[i] += 1.0;
}

static void second(int n)
{
    for (int i = 0; i < n; i++)
        b[i] += 2.0;
}
int main(void)
{
    first(64);
    second(64);
    return a[3] + b[3] != 3.0;
}
"""
FIRST = Source(
    "p.c",
    (("        a[i] += 1.0;", "    {\n        double x = a[i];\n        a[i] = x + 1.0;\n    }"),),
)
SECOND = Source("p.c", (("        b[i] += 2.0;", "        b[i] = 2.0 + b[i];"),))
ANEW = "static void first(int n)\n{\n    double *p = a;\n    while (n--)\n        *p++ += 1.0;\n}"


@pytest.fixture
def shown(tmp_path: Path) -> Variant:
    (tmp_path / "p.c").write_text(PROGRAM)
    return Variant(from_files(["p.c"], ["-O1"], Run(directory=tmp_path), tmp_path))


def both(shown: Variant, one: Move, other: Move, tools: Toolchain, folder: Path) -> Variant:
    """The second move, for what was shown, on top of the first."""
    folder = folder / "scratch"
    folder.mkdir()
    return merged(shown, other.apply(shown), one.apply(shown), [other], tools, folder)


def text(variant: Variant) -> str:
    return variant.text(variant.program.units[0].source)


def test_edits_of_two_functions_go_together(
    shown: Variant, tools: Toolchain, tmp_path: Path
) -> None:
    found = both(shown, FIRST, SECOND, tools, tmp_path)
    assert "x + 1.0" in text(found) and "2.0 + b[i]" in text(found)
    assert found.moves == (FIRST, SECOND)


def test_a_line_is_the_one_that_was_meant(shown: Variant, tools: Toolchain, tmp_path: Path) -> None:
    found = both(
        shown, FIRST, Pragma("p.c", 10, ("#pragma clang loop unroll_count(4)",)), tools, tmp_path
    )
    assert "unroll_count(4)\n    for (int i = 0; i < n; i++)\n        b[i]" in text(found)
    assert isinstance(found.moves[1], Pragma) and found.moves[1].line == 13


def test_flags_go_on_top_of_anything(shown: Variant, tools: Toolchain, tmp_path: Path) -> None:
    found = both(shown, FIRST, Flags(("-O3",)), tools, tmp_path)
    assert found.flags == ("-O3",) and "x + 1.0" in text(found)


@pytest.mark.parametrize("other", [
    Source("p.c", (("        a[i] += 1.0;", "        a[i] = 1.0 + a[i];"),)),
    Source("p.c", function="first", text=ANEW),
    Pragma("p.c", 4, ("#pragma clang loop unroll_count(4)",)),
], ids=["an edit", "a function anew", "a loop that is gone"])  # fmt: skip
def test_what_would_undo_the_best_is_tried_by_itself(
    shown: Variant, other: Move, tools: Toolchain, tmp_path: Path
) -> None:
    loop = "    for (int i = 0; i < n; i++)\n        a[i] += 1.0;"
    one = Source("p.c", ((loop, "    for (int i = n; i-- > 0;)\n        a[i] += 1;"),))
    assert other.apply(shown).moves == (other,)
    with pytest.raises(Refused):
        both(shown, one, other, tools, tmp_path)


LINES = (Path(__file__).parents[2] / "kernels" / "gemm.c").read_text().split("\n")
INNER = 1 + LINES.index("            for (int k = 0; k < n; k++)")
OTHER = "        double *restrict row = C[i];\n" + FAST.replace("C[i][j]", "row[j]")
OUTER = EDIT[0].split("\n", 1)[0] + "\n"


@pytest.mark.timed
@pytest.mark.long
def test_one_reply_is_judged_by_the_program_of_its_prompt(tmp_path: Path, corr: Corr) -> None:
    """The first is accepted; a line, an edit and flags after it are still for what was shown."""
    reply = proposals(
        source("gemm.c", EDIT),
        pragma("gemm.c", INNER, "clang loop unroll_count(2)"),
        source("gemm.c", (EDIT[0], f"{OUTER.rstrip()} {{\n{OTHER}    }}\n")),
        source("gemm.c", (LOOPS, LOOPS.replace("beta;", "beta + 1;"))),
        flags("-O3"),
    )
    kernel(tmp_path)
    with ModelServer([reply]) as server:
        order = ("--run-args", "--size 300", "--iterations", "1", "--candidates", "5")
        command = ("optimize", "gemm.c", *order, "--proposer", "llm")
        done = corr(*command, cwd=tmp_path, **server.environment)
    found = [(row["outcome"], row["detail"] or "") for row in rows(tmp_path)]
    assert found[0] == ("accepted", ""), done.stderr
    outcomes = [outcome for outcome, _ in found]
    assert not {"refused", "did not compile"} & set(outcomes), found
    assert outcomes[1] in ("slower", "same") and "by itself" in found[1][1], found
    assert outcomes[2] in ("same", "inconclusive", "accepted", "slower")
    assert "by itself, not on top of the best so far" in found[2][1], found
    assert outcomes[3] == "wrong output"
    assert outcomes[4] == "same" and "by itself" not in found[4][1], found
    moves = [json.loads(row["moves"]) for row in rows(tmp_path)]
    assert [len(move) for move in moves] == [1, 1, 1, 1, 2]
