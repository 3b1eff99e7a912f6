"""Loops with borders are found by their heat, proposed and kept, with the nests inside of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.lake.store import Lake
from corr.optimize import hot_inside
from corr.optimize.hot_irregular import find
from corr.program.model import Run, from_files
from tests.support.command import Corr
from tests.support.gemm_proposals import rows

pytestmark = pytest.mark.slow

PROGRAM = """\
#include <stdio.h>
#include <stdlib.h>
typedef struct { int w, h; unsigned char *data; } image;
static int get(const image *of, int x, int y)
{
    if (x < 0) x = 0;
    if (y < 0) y = 0;
    if (x >= of->w) x = of->w - 1;
    if (y >= of->h) y = of->h - 1;
    return of->data[y * of->w + x];
}
static void blur(const image *in, int *out, int w, int h, int radius)
{
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            int sum = 0;
            for (int j = -radius; j <= radius; j++)
                for (int i = -radius; i <= radius; i++)
                    sum += get(in, x + i, y + j);
            out[y * w + x] = sum;
        }
}
int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 500;
    image one = {n, n, malloc((size_t)n * n)};
    int *out = malloc((size_t)n * n * sizeof *out);
    unsigned state = 1;
    for (int i = 0; i < n * n; i++)
        one.data[i] = (state = state * 1664525u + 1013904223u) >> 24;
    unsigned long sum = 0;
    for (int k = 1; k < 6; k++) {
        blur(&one, out, n, n, k);
        for (int i = 0; i < n * n; i++)
            sum = sum * 31 + out[i];
    }
    printf("%lu\\n", sum);
    return 0;
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "blur.c").write_text(PROGRAM)
    return tmp_path


def test_what_is_inside_is_modelled(folder: Path, corr: Corr, tools: Toolchain) -> None:
    assert corr("collect", "blur.c", cwd=folder).returncode == 0
    lake = Lake.open(folder / "data")
    program = from_files(["blur.c"], ["-O3"], Run(directory=folder), folder)
    (loop,) = find(lake, lake.find("last"), program, tools).borders
    assert loop.function == "blur" and loop.share > 0.5
    assert "int x = 0" in PROGRAM.splitlines()[loop.line - 1]
    assert not loop.trusted, "out could lie where the image's width is, as far as types tell"
    ((old, new),) = loop.apart().edits
    assert old in PROGRAM and "in->data[(y + j) * in->w + (x + i)]" in new
    nests = list(hot_inside.find([loop]))
    assert nests and all(nest.on == (loop.apart(),) and not nest.trusted for nest in nests)
    assert any(len(s.loops) == 3 for nest in nests for s in nest.scop.statements)


@pytest.mark.timed
def test_proposed_and_kept(folder: Path, corr: Corr) -> None:
    options = ("--iterations", "1", "--candidates", "4", "--learn", "off")
    done = corr("optimize", "blur.c", "--proposer", "rules", *options, cwd=folder)
    assert done.returncode in (0, 4), done.stderr
    tried = {row["rule"]: row for row in rows(folder)}
    for rule in ("borders apart", "nest side by side"):
        assert tried[rule]["outcome"] in ("accepted", "same", "slower", "inconclusive"), tried[rule]
    if done.returncode == 0:
        patch = (folder / "blur.optimized" / "changes.patch").read_text()
        assert "its checks find nothing" in patch
