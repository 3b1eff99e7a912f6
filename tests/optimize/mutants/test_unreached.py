"""Exits that no run came to have to stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.lake.store import Lake
from corr.optimize.mutants import unreached
from corr.optimize.variant import Variant
from corr.program.model import Run, from_files
from tests.support.command import Corr

TEXT = """#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
static int sum(const int *a, int n) {
    int s = 0;
    for (int i = 0; i < n; i++) {
        if (a[i] < 0) return -1; /* für nichts */
        s += a[i];
    }
    return s;
}
int main(int argc, char **argv) {
    int n = argc > 1 ? atoi(argv[1]) : 100000;
    int *a = malloc(n * sizeof *a);
    if (!a) { perror("a"); return 1; }
    for (int i = 0; i < n; i++) a[i] = i % 7;
    int s = sum(a, n);
    if (s < 0) {
        fprintf(stderr, "%d\\n", s);
        exit(3);
    }
    printf("%d\\n", s);
    return 0;
}
"""
ALTERED = {
    "another status": ("return 1;", "return 0;"),
    "no message": ('perror("a"); ', ""),
    "no error": ("        exit(3);\n", ""),
    "silent": ('fprintf(stderr, "%d\\n", s);', ";"),
}
KEPT = {
    "a result in other words": ("if (a[i] < 0) return -1;", "if (a[i] < 0) { s = -1; break; }"),
    "another loop": ("        s += a[i];", "        s = s + a[i];"),
    "in other words": (
        "if (a[i] < 0) return -1;",
        "if (__builtin_expect(a[i] < 0, 0))\n return  -1;",
    ),
    "what was reached": ("    return 0;", "    return s < 0;"),
}


NEVER = """#include <stdio.h>
#include <stdlib.h>
#define LEAST 0
static int twice(int a) { return 2 * a; }
static int never(int a)
{
    return a < LEAST ? -a : a; /* nobody asks */
}
int main(int argc, char **argv) {
    int sum = 0;
    for (int i = 0; i < 100000; i++) sum += argc > 5 ? never(i) : twice(i) % 7;
    printf("%d\\n", sum + (argv == 0));
    return 0;
}
"""


@pytest.mark.parametrize(
    ("old", "new", "refused"),
    [
        ("a < LEAST ? -a : a", "-a", True),
        ("never(int a)", "never(const int a)", False),
        ("return a < L", "return  a < L", False),
        ("return 2 * a", "return a + a", False),
    ],
)
def test_a_function_that_never_ran_stays(
    tmp_path: Path, corr: Corr, old: str, new: str, refused: bool
) -> None:
    (tmp_path / "a.c").write_text(NEVER)
    done = corr("collect", "a.c", "--repeat", "1", "--no-cachegrind", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lake = Lake.open(tmp_path / "data")
    original = Variant(from_files(["a.c"], [], Run(directory=tmp_path), tmp_path))
    never = unreached.functions(lake, lake.find("last"), original)
    (path,) = never
    said = unreached.left_out(never, original.with_text(path, NEVER.replace(old, new)))
    assert bool(said) == refused and (not refused or "function" in said)


@pytest.fixture(scope="module")
def program(
    tmp_path_factory: pytest.TempPathFactory, corr: Corr
) -> tuple[Variant, unreached.Exits]:
    folder = tmp_path_factory.mktemp("unreached")
    (folder / "a.c").write_text(TEXT)
    done = corr("collect", "a.c", cwd=folder)
    assert done.returncode == 0, done.stderr
    lake = Lake.open(folder / "data")
    original = Variant(from_files(["a.c"], [], Run(directory=folder), folder))
    return original, unreached.exits(lake, lake.find("last"), original)


@pytest.mark.parametrize("name", [*ALTERED, *KEPT])
def test_what_may_not_go(name: str, program: tuple[Variant, unreached.Exits]) -> None:
    original, exits = program
    (path,) = exits
    old, new = (ALTERED | KEPT)[name]
    assert TEXT.count(old) == 1
    said = unreached.left_out(exits, original.with_text(Path(path), TEXT.replace(old, new)))
    assert bool(said) == (name in ALTERED), said
    assert not said or "a.c" in said


def test_other_files_are_their_own(program: tuple[Variant, unreached.Exits]) -> None:
    original, exits = program
    assert unreached.left_out(exits, original) == ""
    assert unreached.left_out({}, original.with_text(next(iter(exits)), "")) == ""
