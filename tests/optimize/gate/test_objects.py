"""What the compiler made is compared with the original's: what comes, what goes, what changes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from corr.optimize import gate
from tests.optimize.gate.programs import CXX, LOOP, C, in_c

MAIN = """\
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
double out[64];
int main(int argc, char **argv)
{
"""


def program(body: str, top: str = "") -> str:
    return MAIN.replace("double out", f"{top}double out") + body + "    return 0;\n}\n"


def linked(clang: str, text: str, out: Path, *flags: str, language: str = "c") -> Path:
    source = out.with_suffix(f".{language}")
    source.write_text(text)
    argv = [clang, "-O2", "-w", *flags, source, "-o", out, "-lm"]
    if language == "cpp":
        argv.insert(1, "-std=c++20")
    subprocess.run(argv, check=True)
    return out


PRINT = '    for (int i = 0; i < argc; i++) printf("%d %s\\n", i, argv[i]);\n'
LINES = '    for (int i = 0; i < argc; i++) printf("%s\\n", argv[i]);\n'
LETTERS = '    for (int i = 0; i < argc; i++) printf("%c", argc);\n'
SUM = "    for (int i = 0; i < 64; i++) out[i] += i * argc;\n"
#: What an optimisation brings by itself: before, after.
HONEST = {
    "printf of a line": (PRINT, LINES),
    "printf of a character": (PRINT, LETTERS),
    "fprintf without a format": (
        '    fprintf(stderr, "%d\\n", argc); puts("x");\n',
        '    fprintf(stderr, "none\\n"); puts("x");\n',
    ),
    "a loop that becomes memset": (PRINT + SUM, PRINT + "    memset(out, argc, sizeof out);\n"),
    "a loop that becomes memcpy": (
        PRINT + SUM,
        PRINT + SUM + "    memcpy(out, argv, 64 * sizeof(double) / argc);\n",
    ),
    "memory functions that go": (
        PRINT + "    memcpy(out, argv[0], argc); memset(out, argc, argc);\n",
        PRINT + "    out[0] = out[1] = 0;\n",
    ),
    "sqrt in line": (PRINT + "    out[0] = sqrt(argc);\n", PRINT + "    out[0] = sqrt(4.0);\n"),
    "mathematics that is not used": (
        PRINT + "    out[0] = exp(argc) + cbrt(argc);\n",
        PRINT + "    out[0] = pow(argc, 3);\n",
    ),
    "memory on the stack": (
        PRINT + "    double *p = malloc(argc); out[0] = p[0]; free(p);\n",
        PRINT + "    double p[9]; p[0] = argc; out[0] = p[0];\n",
    ),
    "memory where there was none": (
        PRINT,
        PRINT + "    double *p = malloc(argc); p[0] = argc; out[0] += p[argc]; free(p);\n",
    ),
    "texts in memory": (
        PRINT + "    out[0] = strlen(argv[0]) + strcmp(argv[0], argv[1]) + atoi(argv[0]);\n",
        PRINT,
    ),
    "failures that cannot be": (
        PRINT + '    if (argc > 9) { fprintf(stderr, "no\\n"); exit(1); }\n    assert(argc > 0);\n',
        PRINT,
    ),
    "a constant table": (
        PRINT,
        PRINT + "    static const int t[] = {1, 2, 5}; out[0] = t[argc];\n",
    ),
}
CLOCK = "    struct timespec t; clock_gettime(0, &t); out[0] = t.tv_nsec;\n"
GONE = {
    "the clock": (PRINT + CLOCK, PRINT, "clock_gettime", "what is timed would not be there"),
    "the time": (PRINT + "    out[0] = time(NULL);\n", PRINT, "time", "what is timed"),
    "processor time": (PRINT + "    out[0] = clock();\n", PRINT, "clock", "what is timed"),
    "one of two clocks": (
        PRINT + CLOCK + "    out[0] += clock();\n",
        PRINT + "    out[0] = clock();\n",
        "clock_gettime",
        "what is timed",
    ),
    "what is printed": (PRINT, SUM, "printf", "by which it is checked"),
    "what is printed, for an error": (
        PRINT,
        '    if (argc > 9) fprintf(stderr, "%d\\n", argc);\n',
        "printf",
        "by which it is checked",
    ),
    "what is written to a file": (
        '    FILE *f = fopen(argv[0], "w"); fprintf(f, "%d", argc); fclose(f);\n',
        SUM,
        "fopen",
        "by which it is checked",
    ),
    "what is written": ("    write(1, argv, argc);\n", SUM, "write", "by which it is checked"),
    "what is read": (PRINT + "    fread(out, 1, 9, stdin);\n", PRINT, "fread", "what it reads"),
    "the environment": (
        PRINT + '    out[0] = *getenv("HOME");\n',
        PRINT,
        "getenv",
        "what it reads",
    ),
    "random inputs": (PRINT + "    out[0] = rand();\n", PRINT, "rand", "part of the program"),
    "a pause": (PRINT + "    usleep(argc);\n", PRINT, "usleep", "what is timed"),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_optimisation_brings_passes(name: str, clang: str, tmp_path: Path) -> None:
    old, new = (program(body) for body in HONEST[name])
    before = linked(clang, old, tmp_path / "before")
    assert gate.objects(before, linked(clang, new, tmp_path / "after", "-O3")) == []
    before = linked(clang, old, tmp_path / "before.o", "-c")
    assert gate.objects(before, linked(clang, new, tmp_path / "after.o", "-O3", "-c")) == []


@pytest.mark.parametrize("name", GONE)
def test_what_is_not_there_any_more_is_refused(name: str, clang: str, tmp_path: Path) -> None:
    old, new, symbol, words = GONE[name]
    before = linked(clang, program(old), tmp_path / "before")
    found = gate.objects(before, linked(clang, program(new), tmp_path / "after"))
    (refusal, *_) = [one for one in found if f"after: {symbol} " in one.what]
    assert refusal.rule == "vanished"
    assert "is not called or read any more, as the original does" in refusal.what
    assert words in refusal.what


CHANGED = {
    "a clock of its own": (
        "struct timespec;\n"
        "static int clock_gettime(int a, struct timespec *b) { return ((int *)b)[2] = 0; }\n",
        "",
        {"symbol"},
        "clock_gettime is defined by the change; the original takes it from a library",
    ),
    "a new import": ("", "    getppid();\n", {"symbol"}, "getppid is called or read"),
    "a weak function": ("", "", {"symbol"}, "solve is weak and not global any more"),
    "a hidden function": ("", "", {"symbol"}, "solve is hidden and not default any more"),
    "a variable for a function": ("", "", {"symbol"}, "solve is of the kind OBJECT and not FUNC"),
    "code before main": (
        '__attribute__((constructor)) static void f(void) { puts("x"); }\n',
        "",
        {"constructor"},
        ".init_array holds more",
    ),
    "code after main": (
        '__attribute__((destructor)) static void f(void) { puts("x"); }\n',
        "",
        {"constructor"},
        ".fini_array holds more",
    ),
    "an ifunc": (
        "static int g(void) { return 1; } static void *r(void) { return g; }\n"
        'int chosen(void) __attribute__((ifunc("r")));\n',
        "    out[0] += chosen();\n",
        {"symbol"},
        "chosen is chosen when the program is loaded",
    ),
    "a section of its own": (
        '__attribute__((section("mine"), used)) static const int p = 1;\n',
        "",
        {"section"},
        "mine is a section",
    ),
    "a variable that lasts": (
        "",
        "    static int calls; out[calls++] = 1;\n",
        {"variable"},
        "calls is new and keeps its value",
    ),
}
SOLVE = "{used} double solve(double x) {{ return x * out[0]; }}\n"


@pytest.mark.parametrize("name", CHANGED)
def test_what_is_changed_is_refused(name: str, clang: str, tmp_path: Path) -> None:
    top, body, wanted, words = CHANGED[name]
    solve = {
        "a weak function": SOLVE.format(used="__attribute__((weak))"),
        "a hidden function": SOLVE.format(used='__attribute__((visibility("hidden")))'),
        "a variable for a function": "const double solve = 1;\n",
    }.get(name, SOLVE.format(used=""))
    old = program(PRINT + CLOCK) + SOLVE.format(used="")
    own_clock = "clock_gettime" in top
    new = program(PRINT + CLOCK + body, "" if own_clock else top) + solve
    new = top + new if own_clock else new
    before = linked(clang, old, tmp_path / "before.o", "-c", "-fno-inline")
    after = linked(clang, new, tmp_path / "after.o", "-c", "-fno-inline")
    found = gate.objects(before, after)
    assert {refusal.rule for refusal in found} & wanted, found
    assert words in " ".join(refusal.what for refusal in found)
    assert all("; allowed: " in refusal.what for refusal in found)


LINKS = {
    "a library": ("-Wl,--no-as-needed,-lresolv", "libresolv.so.2 is a library"),
    "a search path": ("-Wl,-rpath,/opt/elsewhere", "/opt/elsewhere is a place where libraries"),
    "another loader": ("-Wl,--dynamic-linker=/opt/loader", "/opt/loader loads the program"),
    "a stack that runs": ("-Wl,-z,execstack", "may be both written and run"),
}


@pytest.mark.parametrize("name", LINKS)
def test_how_it_is_loaded_stays(name: str, clang: str, tmp_path: Path) -> None:
    flag, words = LINKS[name]
    before = linked(clang, program(PRINT), tmp_path / "before")
    found = gate.objects(before, linked(clang, program(PRINT), tmp_path / "after", flag))
    assert words in " ".join(refusal.what for refusal in found)


def test_what_is_said_of_the_original_is_foreign_text_too(clang: str, tmp_path: Path) -> None:
    odd = linked(clang, program(PRINT), tmp_path / "odd", "-Wl,--dynamic-linker=/opt/\x1b[31mred")
    (found,) = gate.objects(odd, linked(clang, program(PRINT), tmp_path / "plain"))
    assert "\x1b" not in found.what and "[31mred" in found.what


def test_a_program_without_positions_keeps_its_streams(clang: str, tmp_path: Path) -> None:
    text = program('    fprintf(stdout, "%d\\n", argc);\n')
    before = linked(clang, text, tmp_path / "before")
    after = linked(clang, text, tmp_path / "after", "-no-pie", "-fno-pic")
    assert gate.objects(before, after) == []


def test_the_programs_themselves(clang: str, clangxx: str, tmp_path: Path) -> None:
    before = linked(clang, C, tmp_path / "before")
    after = linked(clang, in_c(LOOP.replace("i++", "++i")), tmp_path / "after", "-O3", "-fopenmp")
    assert gate.objects(before, after) == []
    before = linked(clangxx, CXX, tmp_path / "before++", language="cpp")
    text = CXX.replace("sum += one.energy();", "sum += one.mass * 0.5;")
    after = linked(clangxx, text, tmp_path / "after++", "-O3", language="cpp")
    assert gate.objects(before, after) == []
    text = CXX.replace("auto start = std::chrono::steady_clock::now();", "").replace(
        "std::chrono::steady_clock::now() < start", "0"
    )
    found = gate.objects(before, linked(clangxx, text, tmp_path / "timeless", language="cpp"))
    assert [one.rule for one in found] == ["vanished"]
    assert "chrono" in found[0].what


def test_damaged_files_raise_nothing(clang: str, tmp_path: Path) -> None:
    before = linked(clang, C, tmp_path / "before.o", "-c")
    data = before.read_bytes()
    broken = tmp_path / "broken.o"
    for at in range(0, len(data), 11):
        broken.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        assert isinstance(gate.objects(before, broken), list)
        broken.write_bytes(data[:at])
        assert isinstance(gate.objects(before, broken), list)
