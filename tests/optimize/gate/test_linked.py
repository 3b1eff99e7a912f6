"""The gate for linked programs: what comes, what goes, and what the loader is told."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from corr.optimize import gate
from corr.optimize.judging.order import Judge
from corr.optimize.judging.ruling import Case, Stop
from corr.optimize.moves.source import Source
from corr.optimize.proposal import Outcome, Proposal
from corr.optimize.variant import Variant
from corr.program.model import Run, from_files
from tests.support.gate_program import rules
from tests.support.places import ROOT

TIMED = """\
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
double table[64];
/*TOP*/
__attribute__((noinline)) static double seconds(void)
{
    /*CLOCK*/
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}
__attribute__((constructor)) static void early(void) { table[0] = getpid(); }
__attribute__((noinline)) static double work(int n)
{
    double sum = 0.0;
    double *copy = malloc(n * sizeof *copy);
    memcpy(copy, table, n * sizeof *copy);
    for (int i = 0; i < n; i++)
        sum += sqrt(copy[i]);
    free(copy);
    return sum;
}
int main(int argc, char **argv)
{
    double start = seconds(), sum = work(argc + 16);
    fprintf(stderr, "kernel_seconds %.9f\\n", seconds() - start);
    if (getenv("DUMP"))
        fwrite(&sum, sizeof sum, 1, stdout);
    printf("%g\\n", sum);
    printf("done\\n");
    fflush(stdout);
    return write(1, "\\n", 1) != 1;
}
"""
CLOCK = "    clock_gettime(CLOCK_MONOTONIC, &now);\n"


def built(clang: str, text: str, out: Path, *flags: str) -> Path:
    language = "c++" if "iostream" in text else "c"
    folder = out.with_suffix(".folder")
    folder.mkdir(exist_ok=True)
    source = folder / ("program.cpp" if language == "c++" else "program.c")  # it names constructors
    source.write_text(text)
    libraries = ("-lstdc++", "-lm") if language == "c++" else ("-lm",)
    argv = [clang, "-O2", "-w", *flags, source, "-o", out, *libraries]
    subprocess.run(argv, check=True)
    return out


def said(clang: str, folder: Path, after: str, *flags: str, before: str = TIMED) -> str:
    """What the gate says of a program in place of another, in a line."""
    assert after != before or flags, "the attack changes nothing"
    honest = built(clang, before, folder / "honest")
    found = gate.objects(honest, built(clang, after, folder / "changed", *flags))
    return " | ".join(map(str, found))


GONE = {
    "clock_gettime": (CLOCK, "    now.tv_sec = now.tv_nsec = 0;\n"),
    "printf": ('    printf("%g\\n", sum);\n    printf("done\\n");\n', ""),
    "fwrite": ("        fwrite(&sum, sizeof sum, 1, stdout);\n", "        return 1;\n"),
    "getenv": ('getenv("DUMP")', "argv[3]"),
    "fflush": ("    fflush(stdout);\n", ""),
    "write": ('write(1, "\\n", 1) != 1', "0"),
}


@pytest.mark.parametrize("name", GONE)
def test_what_tells_the_time_or_puts_out_may_not_vanish(
    name: str, clang: str, tmp_path: Path
) -> None:
    text = TIMED.replace("/*CLOCK*/", "static long calls;")
    if name == "fwrite":  # printing to another stream is of the same kind
        text = text.replace('fprintf(stderr, "kernel_seconds %.9f\\n", seconds() - start)', "0")
        text = text.replace("double start = seconds(), sum", "double sum")
    assert f"{name} is not called" in said(clang, tmp_path, text.replace(*GONE[name]), before=text)


def test_a_clock_of_its_own(clang: str, tmp_path: Path) -> None:
    """Before the include, as the text of a static function that the header then declares."""
    own = "#define clock_gettime mine\nstatic int mine(int a, struct timespec *b) { return 0; }"
    found = said(clang, tmp_path, TIMED.replace("/*TOP*/", own))
    assert "clock_gettime is not called or read any more" in found
    linked = "int clock_gettime(clockid_t a, struct timespec *b) { b->tv_sec = 0; return 0; }"
    found = said(clang, tmp_path, TIMED.replace("/*TOP*/", linked))
    assert "clock_gettime is defined by the change" in found
    weak = TIMED.replace("/*TOP*/", "__attribute__((weak)) " + linked)
    assert "is defined by the change" in said(clang, tmp_path, weak)


AS_IT_IS_LOADED = {
    "another constructor": (
        "constructor",
        ("static void early(void) {", "static void other(void) {"),
    ),
    "a constructor more": (
        "constructor",
        ("/*TOP*/", '__attribute__((constructor)) static void f(void) { puts("early"); }'),
    ),
    "a destructor": (
        "constructor",
        ("/*TOP*/", '__attribute__((destructor)) static void f(void) { puts("late"); }'),
    ),
    "code in .init": (
        "constructor",
        ("/*TOP*/", '__attribute__((section(".init"), used)) static void f(void) { }'),
    ),
    "a section": (
        "section",
        ("/*TOP*/", '__attribute__((section("secret"), used)) static const int f[4] = {1};'),
    ),
    "code that is chosen": (
        "symbol",
        (
            "/*TOP*/",
            "static int g(void) { return 1; } static void *r(void) { return g; }"
            ' __attribute__((ifunc("r"), used)) static int f(void);',
        ),
    ),
    "a variable of a thread": (
        "variable",
        ("/*CLOCK*/", "static _Thread_local int calls; if (calls++) return calls;"),
    ),
}


@pytest.mark.parametrize("name", AS_IT_IS_LOADED)
def test_what_runs_before_main_or_is_placed(name: str, clang: str, tmp_path: Path) -> None:
    rule, edit = AS_IT_IS_LOADED[name]
    honest = built(clang, TIMED, tmp_path / "honest")
    after = built(clang, TIMED.replace(*edit), tmp_path / "changed")
    assert rule in rules(gate.objects(honest, after))


LINKED = {
    "a path of libraries": ("-Wl,-rpath,/tmp/evil",),
    "a library": ("-Wl,--no-as-needed", "-ldl", "-lresolv"),
    "a loader": ("-Wl,--dynamic-linker,/tmp/evil.so",),
    "another start": ("-Wl,-e,work",),
    "a stack that is code": ("-Wl,-z,execstack",),
    "an auditor": ("-Wl,--audit,evil.so",),
    "no names": ("-s",),
}


@pytest.mark.parametrize("flags", LINKED.values(), ids=LINKED.keys())
def test_what_the_loader_is_told(flags: tuple[str, ...], clang: str, tmp_path: Path) -> None:
    assert said(clang, tmp_path, TIMED, *flags)


def test_code_that_may_be_written(clang: str, tmp_path: Path) -> None:
    honest = built(clang, TIMED, tmp_path / "honest")
    with honest.open("rb") as stream:
        headers = list(ELFFile(stream).iter_segments())
    data = bytearray(honest.read_bytes())
    for number, header in enumerate(headers):
        if header["p_type"] == "PT_LOAD" and header["p_flags"] == 6:
            data[64 + 56 * number + 4] = 7
    (tmp_path / "changed").write_bytes(data)
    assert rules(gate.objects(honest, tmp_path / "changed")) == {"section"}


STREAMS = """\
#include <chrono>
#include <iostream>
#include <string>
#include <vector>
/*TOP*/
int main(int argc, char **)
{
    auto start = std::chrono::steady_clock::now();
    std::vector<double> v(argc + 99, 0.5);
    std::string text = "sum ";
    double sum = 0.0;
    for (double x : v) sum += x;
    std::cerr << (std::chrono::steady_clock::now() - start).count() << std::endl;
    std::cout << text << sum << '\\n';
}
"""
STEADY = """\
std::chrono::steady_clock::time_point std::chrono::steady_clock::now() noexcept { return {}; }
"""


def test_the_clock_and_the_streams_of_cxx(clang: str, tmp_path: Path) -> None:
    found = said(clang, tmp_path, STREAMS.replace("/*TOP*/", STEADY), before=STREAMS)
    assert "steady_clock3nowEv is defined by the change" in found
    silent = STREAMS.replace("std::cerr <<", "(void)").replace(" << std::endl", "")
    silent = silent.replace("std::cout << text << sum << '\\n'", '(void)(text == "")')
    assert "is not called or read any more" in said(clang, tmp_path, silent, before=STREAMS)


LEVELS = (("-O2",), ("-O3", "-march=native"), ("-O3", "-fno-builtin"), ("-O3", "-fno-vectorize"))


@pytest.mark.parametrize("text", [TIMED, STREAMS], ids=["C", "C++"])
def test_what_the_compiler_folds_is_no_matter(text: str, clang: str, tmp_path: Path) -> None:
    """Calls that become instructions, or other calls, under other flags."""
    for number, flags in enumerate(LEVELS):
        built(clang, text, tmp_path / f"level{number}", *flags)
    some = [tmp_path / f"level{number}" for number in range(len(LEVELS))]
    for one in some:
        for other in some:
            assert gate.objects(one, other) == [], (one.name, other.name)


HONEST = {
    "no copy": "double *copy = table;",
    "on the stack": "double copy[64]; __builtin_memcpy(copy, table, sizeof copy);",
    "aligned": "double *copy = aligned_alloc(64, 512); memmove(copy, table, n * sizeof *copy);",
}


@pytest.mark.parametrize("copy", HONEST.values(), ids=HONEST.keys())
def test_memory_comes_and_goes(copy: str, clang: str, tmp_path: Path) -> None:
    start, end = TIMED.index("    double *copy"), TIMED.index("    for (int i")
    text = TIMED[:start] + copy + "\n" + TIMED[end:]
    if copy != HONEST["aligned"]:
        text = text.replace("    free(copy);\n", "")
    assert said(clang, tmp_path, text.replace("sqrt(copy[i])", "copy[i] * 0.5")) == ""


def test_kernels_that_ship_with_corr_under_other_flags(clang: str, tmp_path: Path) -> None:
    flags = ("-O3", "-march=native", "-fopenmp", "-fopenmp-version=60")
    for name in ("gemm", "correlation", "nussinov"):
        text = (ROOT / "kernels" / f"{name}.c").read_text()
        include = f"-I{ROOT / 'kernels'}"
        before = built(clang, text, tmp_path / name, include)
        same = built(clang, text, tmp_path / f"{name}-same", include, *flags)
        after = built(clang, text, tmp_path / f"{name}-native", include, *flags, "-funroll-loops")
        assert gate.objects(same, after) == []
        assert {str(r).split(": ")[1].split()[0] for r in gate.objects(before, after)} <= {
            "libomp.so.5"
        }


@pytest.mark.parametrize("cut", [0, 3, 20, 63, 64, 200, 5000, -9, -300])
def test_a_cut_program_is_refused(cut: int, clang: str, tmp_path: Path) -> None:
    whole = built(clang, TIMED, tmp_path / "whole")
    part = tmp_path / "part"
    part.write_bytes(whole.read_bytes()[:cut])
    assert rules(gate.objects(whole, part)) == {"object"}
    assert rules(gate.objects(part, whole)) == {"object"}


@pytest.mark.parametrize(("flags", "outcome"), [(("-O3",), None), (("-O1",), Outcome.refused)])
def test_what_flags_alone_bring_in_is_theirs(
    flags: tuple[str, ...],
    outcome: Outcome | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The original under -O3 imports what the candidate does; under -O1 the candidate brings it."""
    (tmp_path / "p.c").write_text("int main(void) { return 0; }\n")
    original = Variant(from_files(["p.c"], [], Run(directory=tmp_path), tmp_path))
    compared: list[str] = []

    def objects(before: Path, _after: Path, _known: object) -> list[gate.Refusal]:
        compared.append(before.name)
        return [] if before.name == "-O3" else [gate.Refusal("symbol", 0, "is called")]

    monkeypatch.setattr(gate, "objects", objects)
    builds: Any = SimpleNamespace(build=lambda variant: Path("".join(variant.flags) or "plain"))
    judge = Judge(builds, builds, builds, original)
    moved = replace(original, flags=flags, moves=(Source("p.c", (("0", "00"),)),))
    case = Case(Proposal((), "why", "llm"), original, builds, original, moved, binary=tmp_path)
    found = judge.linked(case)
    assert (found.outcome if isinstance(found, Stop) else None) == outcome
    assert compared == ["plain", "".join(flags)]
