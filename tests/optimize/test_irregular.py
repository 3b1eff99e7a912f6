"""Searches and branches of hot functions are found by what was seen, proposed and judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.optimize import hot_irregular
from corr.optimize.hot_irregular import find
from corr.program.model import Run, from_files
from tests.support.command import Corr
from tests.support.gemm_proposals import rows

pytestmark = pytest.mark.slow

PROGRAM = """\
#include <stdio.h>
#include <stdlib.h>
struct node { int key, count; struct node *left, *right; };
static unsigned state = 1;
static int any(void) { return (int)((state = state * 1664525u + 1013904223u) >> 8); }
static struct node *added(struct node *root, struct node *one)
{
    struct node **at = &root;
    while (*at)
        at = one->key < (*at)->key ? &(*at)->left : &(*at)->right;
    *at = one;
    return root;
}
static int count_of(const struct node *at, int key)
{
    while (at) {
        if (at->key == key)
            return at->count;
        at = key < at->key ? at->left : at->right;
    }
    return 0;
}
static long look_up(const struct node *root, const int *keys, int n)
{
    long sum = 0;
    for (int i = 0; i < n; i++)
        sum += count_of(root, keys[i]);
    return sum;
}
static int below(const int *from, int *to, int n, int limit)
{
    int kept = 0;
    for (int i = 0; i < n; i++) {
        if (from[i] < limit)
            to[kept++] = from[i];
        if (from[i] == -1)
            kept = 0;
    }
    return kept;
}
static int place_of(const int *keys, int n, int key)
{
    for (int i = 0; i < n; i++)
        if (keys[i] == key)
            return i;
    return -1;
}
int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 200000;
    struct node *nodes = calloc(n, sizeof *nodes), *root = NULL;
    int *keys = malloc(n * sizeof *keys), *kept = malloc(n * sizeof *kept);
    long sum = 0;
    for (int i = 0; i < n; i++) {
        nodes[i].key = any();
        nodes[i].count = i % 100;
        root = added(root, &nodes[i]);
        keys[i] = i % 2 ? nodes[i].key : any();
    }
    for (int round = 0; round < 4; round++)
        sum = sum * 3 + look_up(root, keys, n);
    for (int round = 0; round < 1000; round++)
        sum += place_of(keys, n, keys[round * 97 % n]) + place_of(keys, n, -round);
    for (int round = 0; round < 100; round++)
        sum += kept[below(keys, kept, n, 8000000 + round) - 1];
    printf("%ld\\n", sum);
    return 0;
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "find.c").write_text(PROGRAM)
    return tmp_path


def test_found_by_what_was_seen(folder: Path, corr: Corr, tools: Toolchain) -> None:
    done = corr("collect", "find.c", cwd=folder)
    assert done.returncode == 0, done.stderr
    lake = Lake.open(folder / "data")
    run = lake.find("last")
    program = from_files(["find.c"], ["-O3"], Run(directory=folder), folder)
    found = find(lake, run, program, tools)
    (lookup,) = (one for one in found.lookups if one.function == "look_up")
    assert lookup.lookup.call is not None
    loops = ask(lake, "SELECT function, share FROM hotspots WHERE loop IS NOT NULL", (), [run])
    shares = {row["function"]: row["share"] for row in loops.to_pylist()}
    searched, both = shares["count_of"], shares["count_of"] + shares.get("look_up", 0)
    assert searched - 1e-6 <= lookup.share <= both + 1e-6
    (scan,) = found.scans
    assert scan.function == "place_of" and scan.odds is not None and scan.odds < 0.001
    assert scan.trips is not None and scan.trips > 1000 and scan.share > 0.05
    old, new = scan.edit(32, "Looks ahead.")
    assert old in PROGRAM and "i += 32" in new and "4095" in new
    (branch,) = (b for b in found.branches if b.function == "below")
    assert "limit" in PROGRAM.splitlines()[branch.line - 1], "the other is never taken"
    assert 0.4 < branch.odds <= 0.5 and branch.wrong > 100 * 80_000


@pytest.mark.timed
def test_proposed_and_kept(folder: Path, corr: Corr) -> None:
    options = ("--iterations", "1", "--candidates", "16", "--learn", "off")
    done = corr("optimize", "find.c", "--proposer", "rules", *options, cwd=folder)
    assert done.returncode in (0, 4), done.stderr
    tried = {row["rule"]: row for row in rows(folder)}
    for rule in ("searches side by side", "looking ahead", "branch-free"):
        assert tried[rule]["outcome"] in ("accepted", "same", "slower", "inconclusive"), tried[rule]
    if done.returncode == 0:
        patch = (folder / "find.optimized" / "changes.patch").read_text()
        assert "Rewritten by corr" in patch


def test_a_tree_that_nobody_has_seen_costs_its_place_alone(
    folder: Path, corr: Corr, tools: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert corr("collect", "find.c", cwd=folder).returncode == 0
    lake = Lake.open(folder / "data")
    program = from_files(["find.c"], ["-O3"], Run(directory=folder), folder)

    def strange(*_: object) -> None:
        raise KeyError("inner")

    monkeypatch.setattr(hot_irregular, "found_in", strange)
    found = find(lake, lake.find("last"), program, tools)
    assert found.lookups == () and found.problems
    assert all("not looked at: KeyError: 'inner'" in problem.what for problem in found.problems)
