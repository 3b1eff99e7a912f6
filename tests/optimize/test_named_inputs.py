"""Inputs that a user names: arguments, and files that are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.optimize.proposal import Outcome
from tests.support.command import Corr
from tests.support.judged import Judged

WORDS = """#include <ctype.h>
#include <stdio.h>
int main(void) {
    long words = 0, longest = 0, length = 0;
    int c;
    while ((c = getchar()) != EOF) {
        if (isspace(c)) { words += length > 0; length = 0; }
        else length++;
        longest = length > longest ? length : longest;
    }
    printf("%ld %ld\\n", words, longest);
    return 0;
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("held_out", [False, True])
def test_a_file_that_is_read(held_out: bool, tools: Toolchain, tmp_path: Path) -> None:
    given, other = tmp_path / "in.txt", tmp_path / "other.txt"
    given.write_text("one two three\n" * 4000)
    other.write_text("a" * 5000 + " b\n")
    line = ("<", str(other))
    named = {"held_out" if held_out else "inputs": (line,)}
    judged = Judged(tmp_path, tools, WORDS, run={"stdin": given}, **named)
    assert judged.check("long words", "long  words").outcome is None
    found = judged.check("length++;", "length += length < 1024;")
    assert found.outcome == Outcome.wrong_output and "other.txt" in found.detail


@pytest.mark.slow
def test_parts_of_what_is_read_are_tried(tools: Toolchain, tmp_path: Path) -> None:
    given = tmp_path / "in.txt"
    given.write_text("one two three\n" * 4000)
    judged = Judged(tmp_path, tools, WORDS, run={"stdin": given})
    assert not any("takes no input" in said for said in judged.said)
    assert judged.check("long words", "long  words").guarantee == "tested"
    for old, new in (
        ("length++;", "length += length < 6;"),
        ('printf("%ld %ld\\n", words, longest);', 'printf("%ld %ld\\n", 12000L, longest);'),
    ):
        found = judged.check(old, new)
        assert found.outcome is not None and "in.txt" in found.detail, (new, found.basis)


def test_a_file_that_is_not_there(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "f.c").write_text(WORDS)
    for line in ("< nothing.txt", "1 <", "< f.c 2"):
        done = corr("optimize", "f.c", "--input", line, "--proposer", "rules", cwd=tmp_path)
        assert done.returncode == 2 and "ARGS < FILE" in done.stderr, (line, done.stderr)


NAMES = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static char name[4000][40];
static int by_name(const void *a, const void *b) { return strcmp(a, b); }
int main(int argc, char **argv) {
    FILE *f = fopen(argv[1], "r");
    if (!f) { perror(argv[1]); return 1; }
    int n = 0;
    while (n < 4000 && fgets(name[n], 40, f)) n++;
    fclose(f);
    qsort(name, n, 40, by_name);
    unsigned long all = 0;
    for (int i = 0; i < n; i++)
        for (const char *c = name[i]; *c; c++) all = all * 31 + *c;
    printf("%d %lu\\n", n, all);
    return 0;
}
"""


@pytest.mark.slow
def test_parts_of_a_file_that_an_argument_names(tools: Toolchain, tmp_path: Path) -> None:
    text = "".join(f"name {i * 7919 % 3000:05d} {i}\n" for i in range(3000))
    (tmp_path / "rows.csv").write_text(text)
    judged = Judged(tmp_path, tools, NAMES, run={"args": ("rows.csv",)})
    same = judged.check("return strcmp(a, b);", "return strncmp(a, b, 40);")
    assert same.outcome is None and same.guarantee == "tested", same.detail
    found = judged.check("int n = 0;\n", "int n = 0;\n    if (0) n = 1;\n")
    assert found.outcome is None, found.detail
    found = judged.check('printf("%d %lu\\n", n, all);', 'printf("%d %lu\\n", 3000, all);')
    assert found.outcome is not None and "of rows.csv" in found.detail, found.basis
