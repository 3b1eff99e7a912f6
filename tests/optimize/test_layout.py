"""BOLT lays a program's code out by counts of its own runs; what it computes stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collectors.base.elf import opened
from collectors.base.errors import CompileError
from collectors.base.toolchain import Toolchain
from corr.optimize.build_and_run import Builds
from corr.optimize.gate.refusal import Refused
from corr.optimize.inputs import Input
from corr.optimize.layout import NO_COUNTS
from corr.optimize.moves import from_record
from corr.optimize.moves.whole_program import Layout, LinkTime, Profile
from corr.optimize.training import Training
from corr.optimize.variant import Variant
from corr.program.model import Run, from_files

#: What seldom runs lies in the middle of what often does; 1 as an argument: leaves no counts.
PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static __attribute__((noinline)) unsigned rare(unsigned x) { return x * 2654435761u >> 7; }
static __attribute__((noinline)) unsigned often(unsigned x)
{
    if (__builtin_expect(x % 1000 == 0, 1))
        return rare(x) + 1;
    return x + 3;
}
int main(int argc, char **argv)
{
    unsigned sum = 0;
    for (unsigned i = 1; i < 200000; i++)
        sum += often(i);
    printf("%u\\n", sum);
    if (argc > 1 && atoi(argv[1]) == 1) {
        fflush(stdout);
        _exit(0);
    }
    return 0;
}
"""


@pytest.fixture()
def builds(tmp_path: Path, tools: Toolchain) -> Builds:
    if not tools.has("llvm-bolt"):
        pytest.skip(f"llvm-bolt is not installed (apt-get install bolt-{tools.major})")
    (tmp_path / "p.c").write_text(PROGRAM)
    program = from_files(["p.c"], ["-O2"], Run(directory=tmp_path), tmp_path)
    return Builds(program, tools, tmp_path / "builds")


def code(path: Path) -> set[str]:
    with opened(path) as elf:
        return {section.name for section in elf.iter_sections()}


def test_the_move_comes_back_from_its_record() -> None:
    assert from_record(json.loads(json.dumps(Layout().record()))) == Layout()


def test_what_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.c").write_text(PROGRAM)
    program = from_files(["p.c"], ["-O2"], Run(), tmp_path)
    with pytest.raises(Refused, match="already"):
        Layout().apply(Layout().apply(Variant(program)))
    with pytest.raises(Refused, match="cannot be moved"):
        Layout().apply(Variant(from_files(["p.c"], ["-O2", "-static"], Run(), tmp_path)))


def test_it_goes_with_the_other_moves_for_programs(tmp_path: Path) -> None:
    (tmp_path / "p.c").write_text(PROGRAM)
    start = Variant(from_files(["p.c"], ["-O2"], Run(), tmp_path))
    one, other = (
        Layout().apply(LinkTime().apply(start)),
        LinkTime().apply(Layout().apply(start)),
    )
    assert set(one.link) == set(other.link) == {"-fuse-ld=lld", "-Wl,--emit-relocs"}
    assert one.laid_out and not one.trained and Profile().apply(one).trained


def test_the_code_is_in_another_order_and_computes_the_same(builds: Builds) -> None:
    given = Input("as measured")
    builds.training = Training((given, Input("arguments 5", ("5",))))
    original = Variant(builds.program)
    plain, laid_out = builds.build(original), builds.build(Layout().apply(original))
    assert ".bolt.org.text" in code(laid_out) and ".bolt.org.text" not in code(plain)
    assert not builds.identical(plain, laid_out)
    outputs = [bytes(builds.run(b, given, "stdout").output) for b in (plain, laid_out)]
    assert outputs[0] == outputs[1] != b""
    assert b"often" in builds.layouts.counts[laid_out]


def test_a_run_that_leaves_no_counts_is_said_to(builds: Builds) -> None:
    builds.training = Training((Input("arguments 1", ("1",)),))
    with pytest.raises(CompileError, match=NO_COUNTS.split(":")[0]):
        builds.build(Layout().apply(Variant(builds.program)))
