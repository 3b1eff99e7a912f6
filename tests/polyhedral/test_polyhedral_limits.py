"""What is too hard, too large or not to be had: no hang, no crash, the text as it was."""

from __future__ import annotations

from pathlib import Path

import islpy as isl
import pytest

from corr.polyhedral import generate, legality, limits, rewrite, schedules
from corr.polyhedral.expand import expanded
from corr.polyhedral.expressions import NotAffine
from tests.support.polyhedral_programs import output, read, region
from tests.support.polyhedral_schedules import with_leaf

pytestmark = pytest.mark.slow

SUMS = (
    "void f(int n, int m, double *a, double *b) { for (int i = 0; i < n; i++)"
    " for (int j = 0; j < m; j++) { double t = a[j] * 2; b[i] = b[i] + t; } }"
)
#: main() refuses every allocation that is asked of it.
NO_MEMORY = """
#include <stdio.h>
#include <stdlib.h>
void *malloc(size_t size) { (void)size; return 0; }
"""


def reordered(text: str, folder: Path) -> str:
    """The text with its region's scalars expanded and its loops split."""
    scop = expanded(region(folder, text))
    assert any(a.local and a.dimensions for a in scop.arrays.values())
    tree = rewrite.distributed(scop, schedules.original(scop))
    start, end = scop.span
    file = text.encode()
    return (file[:start] + generate.code(scop, tree).encode() + file[end:]).decode()


@pytest.mark.parametrize("start", ["#include <stdio.h>\n", NO_MEMORY])
def test_without_memory_the_text_runs_as_it_was(start: str, tmp_path: Path) -> None:
    main = (
        "int main(void) { static double a[50], b[50]; char line[99];"
        " for (int i = 0; i < 50; i++) a[i] = i; f(40, 50, a, b);"
        ' snprintf(line, 99, "%a", b[39]); fputs(line, stderr); return b[39] != 2450; }\n'
    )
    output(tmp_path, reordered(f"{start}{SUMS}\n", tmp_path) + main, "-O1", "-fno-builtin-malloc")


def test_expanded_scalars_are_bounded(tmp_path: Path) -> None:
    """Forty times a million elements are not asked for."""
    text = reordered(f"{SUMS}\n", tmp_path)
    main = (
        "#include <stddef.h>\nstatic size_t most;"
        "void *malloc(size_t size) { if (size > most) most = size; return 0; }\n"
        "int main(void) { static double a[1000000], b[40]; f(1, 1000000, a, b); size_t one = most;"
        " f(40, 1000000, a, b); return !(one == 8000000 && most == one); }\n"
    )
    output(tmp_path, text + main, "-O1", "-fno-builtin-malloc")


def test_isl_gives_up_and_can_be_asked_again(tmp_path: Path) -> None:
    scop = region(tmp_path, SUMS + "\n")
    with pytest.raises(NotAffine, match="too hard"), limits.bounded("this", 10):
        schedules.automatic(scop, fuse=True)
    assert isl.DEFAULT_CONTEXT.get_max_operations() == 0
    assert schedules.automatic(scop, fuse=True)


def test_what_isl_cannot_tell_is_not_legal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scop = region(tmp_path, SUMS + "\n")
    tree = schedules.original(scop)
    monkeypatch.setattr(limits, "MOST", 10)
    with limits.bounded("the test", 10):
        assert not generate.legal(scop, tree)
    assert legality.legal(scop, tree)


def test_code_refuses_an_illegal_order(tmp_path: Path) -> None:
    text = "void f(int n, double *a) { for (int i = 1; i < n; i++) a[i] = a[i - 1]; }\n"
    scop = region(tmp_path, text)
    tree = schedules.original(scop)
    path, band = next(schedules.bands(tree))
    backwards = tuple(
        {k: {x: -v for x, v in form.items()} for k, form in row.items()} for row in band.rows
    )
    for turned in (
        with_leaf(tree, path, band, rows=backwards),
        with_leaf(tree, path, band, blocks=(4,), vector=0),
    ):
        with pytest.raises(NotAffine, match="turn a dependence round"):
            generate.code(scop, turned)


def test_nesting_beyond_reason_is_refused(tmp_path: Path) -> None:
    terms = " + ".join(["a[i]"] * 700)
    found, reasons = read(
        tmp_path, f"void f(int n, int *a) {{ for (int i = 0; i < n; i++) a[i] = {terms}; }}\n"
    )
    assert found == []
    assert reasons
