"""Moves for whole programs: a profile of their runs, all files at once, the allocator's settings."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from collectors.base.errors import CompileError
from collectors.base.toolchain import Toolchain
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.optimize.build_and_run import Builds
from corr.optimize.gate.refusal import Refused
from corr.optimize.inputs import Input
from corr.optimize.moves import from_record
from corr.optimize.moves.flags import Flags
from corr.optimize.moves.whole_program import Allocator, LinkTime, Profile
from corr.optimize.request import BASELINES, WHOLE
from corr.optimize.training import NO_PROFILE, Training, chosen
from corr.optimize.variant import Move, Variant
from corr.program.model import Run, from_files
from tests.support.command import Corr

KEEP = ("glibc.malloc.trim_threshold=17179869184", "glibc.malloc.mmap_max=0")
MIX = "unsigned mix(unsigned x, unsigned k) { return (x ^ (x >> 3)) + k; }\n"
#: Calls a function of another file in its hot loop, and prints how long that took.
MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
unsigned mix(unsigned, unsigned);
static unsigned a[4096];
int main(int argc, char **argv) {
  unsigned k = argc > 1 ? atoi(argv[1]) : 7;
  clock_t began = clock();
  for (int r = 0; r < 12000; r++)
    for (int i = 0; i < 4096; i++) a[i] = mix(a[i], k + i);
  printf("checksum %u\\n", a[5] ^ a[4000]);
  printf("elapsed %.6f s\\n", (double)(clock() - began) / CLOCKS_PER_SEC);
  return 0;
}
"""
CMAKE = """
cmake_minimum_required(VERSION 3.20)
project(mixer C)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
add_executable(mixer main.c mix.c)
"""


@pytest.fixture()
def builds(tmp_path: Path, tools: Toolchain) -> Builds:
    """A program that writes a profile, or none where its argument is 1, ready to be built."""
    (tmp_path / "p.c").write_text(
        "#include <unistd.h>\n#include <stdio.h>\n"
        'int main(int c, char **v) { puts("done"); if (c > 1) { fflush(stdout); _exit(0); } }\n'
    )
    program = from_files(["p.c"], ["-O2"], Run(directory=tmp_path), tmp_path)
    return Builds(program, tools, tmp_path / "builds")


@pytest.mark.parametrize(
    "move", [Profile(), LinkTime("thin"), Allocator(KEEP)], ids=lambda move: move.kind
)
def test_moves_come_back_from_their_records(move: Move) -> None:
    assert from_record(json.loads(json.dumps(move.record()))) == move


@pytest.mark.parametrize(
    ("flags", "env", "move", "why"),
    [
        ((), {}, LinkTime("fast"), "full or thin"),
        (("-flto",), {}, LinkTime(), "already"),
        (("-fprofile-use=x",), {}, Profile(), "profile of its own"),
        ((), {"GLIBC_TUNABLES": "x"}, Allocator(KEEP), "of its own"),
        ((), {}, Allocator(("glibc.malloc.check=3",)), "allocator"),
        ((), {}, Allocator(("glibc.malloc.top_pad=1:glibc.rtld.nns=4",)), "allocator"),
        ((), {}, Allocator(("LD_PRELOAD=/x",)), "allocator"),
    ],
)
def test_what_is_refused(
    flags: tuple[str, ...], env: dict[str, str], move: Move, why: str, tmp_path: Path
) -> None:
    (tmp_path / "p.c").write_text("int main(void) { return 0; }")
    program = from_files(["p.c"], ["-O2", *flags], Run(env=env), tmp_path)
    with pytest.raises(Refused, match=why):
        move.apply(Variant(program))


def test_baselines_are_known_again_by_their_words() -> None:
    words = [baseline.words for baseline in (*BASELINES, *WHOLE)]
    assert len(set(words)) == len(words)
    assert "-O3 -march=native profile-guided -flto=full" in words


def test_trained_on_what_is_not_timed_where_there_is_such() -> None:
    timed, other = Input("as measured"), Input("arguments 5", ("5",))
    assert chosen((other, timed), timed) == (other,)
    assert chosen((timed,), timed) == (timed,)
    small = Input("MINI dataset", flags=("-DMINI",))
    assert chosen((small, timed), timed) == (timed,), "it is another program"


def test_a_trained_variant_is_built_with_its_profile(builds: Builds) -> None:
    original = Variant(builds.program)
    builds.training = Training((Input("as measured"),))
    trained = Profile().apply(original)
    assert builds.build(trained) != builds.build(original)
    profile = builds.profile(trained)
    assert profile
    assert builds.profile(original) is None
    merged = Profile().apply(LinkTime().apply(original))
    assert builds.build(merged).is_file() and builds.profile(merged) == profile
    # where the program runs is part of what it is
    kept = Allocator(KEEP).apply(original)
    assert not builds.identical(builds.build(kept), builds.build(original))


def test_a_run_that_leaves_no_profile_is_said_to(builds: Builds) -> None:
    builds.training = Training((Input("arguments 1", ("1",)),))
    with pytest.raises(CompileError, match=NO_PROFILE.split(":")[0]):
        builds.build(Profile().apply(Variant(builds.program)))


@pytest.mark.timed
def test_a_project_of_two_files(tmp_path: Path, corr: Corr, tools: Toolchain) -> None:
    """Files at once, with a profile; the time it prints of itself does not count as its output."""
    (tmp_path / "mix.c").write_text(MIX)
    (tmp_path / "main.c").write_text(MAIN)
    (tmp_path / "CMakeLists.txt").write_text(CMAKE)
    configure = ["cmake", "-B", "b", f"-DCMAKE_C_COMPILER={tools.path('clang')}"]
    subprocess.run([*configure, "-DCMAKE_BUILD_TYPE=Release"], cwd=tmp_path, check=True)
    subprocess.run(["cmake", "--build", "b"], cwd=tmp_path, check=True)
    done = corr(
        *("optimize", "-p", "b", "--run", "./b/mixer", "--input", "5", "--proposer", "rules"),
        *("--iterations", "1", "--candidates", "3"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "not compared: numbers of stdout (elapsed # s)" in done.stderr
    assert "baseline -O3 -flto=full: ×" in done.stderr
    assert "baseline -O3 -march=native profile-guided -flto=full: ×" in done.stderr
    query = "SELECT kind, outcome, speedup FROM iterations WHERE role = 'proposal'"
    rows = ask(Lake.open(tmp_path / "data"), query).to_pylist()
    won = [row for row in rows if row["outcome"] == "accepted"]
    assert won[0] == rows[0] and won[0]["speedup"] > 1.5, "a baseline comes first"
    assert won[-1]["kind"].endswith("profile+lto")
    folder = tmp_path / "mixer.optimized"
    facts = json.loads((folder / "result.json").read_text())
    assert facts["profile_guided"] and "program.profdata" in facts["files"]
    for argument in ((), ("train",)):
        subprocess.run([folder / "build.sh", *argument], check=True, capture_output=True)
        said = subprocess.run([folder / "mixer"], check=True, capture_output=True, text=True)
        plain = subprocess.run([tmp_path / "b" / "mixer"], capture_output=True, text=True)
        assert said.stdout.splitlines()[0] == plain.stdout.splitlines()[0]
    assert {path.name for path in folder.iterdir()} == {
        *("build.sh", "result.json", "program.profdata", "mixer"),
    }


def test_settings_of_the_allocator_reach_the_program(builds: Builds) -> None:
    kept = Allocator(KEEP).apply(Variant(builds.program))
    (builds.folder.parent / "p.c").write_text(
        "#include <stdlib.h>\n#include <stdio.h>\n"
        'int main(void) { puts(getenv("GLIBC_TUNABLES") ? getenv("GLIBC_TUNABLES") : "none"); }\n'
    )
    given = Input("as measured", env={})
    assert builds.run(builds.build(kept), given, "stdout").output == f"{':'.join(KEEP)}\n".encode()
    plain = builds.build(Variant(builds.program))
    assert builds.run(plain, given, "stdout").output == b"none\n"
    assert dict(kept.program_in(builds.folder).run.env) == {"GLIBC_TUNABLES": ":".join(KEEP)}


def test_a_move_of_flags_comes_before_the_link(builds: Builds) -> None:
    variant = LinkTime().apply(Flags(("-O3",)).apply(Variant(builds.program)))
    assert variant.flags == ("-O3", "-flto=full")
    assert variant.program_in(builds.folder).link_flags[-1] == "-fuse-ld=lld"
