"""What is shown of a compiler that refused a program, and the advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.program.refused import compiler_advice, compiler_words, linker_advice

OLD = """#include <stdio.h>
void declared();
work(n) int n; { return n + missing(n); }
int main(void) { char c = "text"; printf("%d\\n", work(1)); return 0; }
"""


def test_errors_alone_are_shown(corr, tmp_path: Path) -> None:
    (tmp_path / "old.c").write_text(OLD)
    done = corr("collect", "old.c", "--", "-O1", "-Wall", cwd=tmp_path)
    assert done.returncode == 1
    assert "error: " in done.stderr and "warning: " not in done.stderr
    assert "errors generated" in done.stderr
    flags = done.stderr.rsplit("-- ", 1)[1].split()
    assert (
        "-Wno-error=implicit-int" in flags and "-Wno-error=implicit-function-declaration" in flags
    )
    again = corr("collect", "old.c", "--", *flags, cwd=tmp_path)
    assert "implicit" not in again.stderr.split("→")[0]  # what remains is another matter


def test_what_a_compiler_says_that_crashes_stays() -> None:
    said = "clang: error while loading\nStack dump:\n0. Program\nPLEASE submit a bug report"
    assert compiler_words(said) == "clang: error while loading\nStack dump:\n0. Program"


def test_where_it_was_included_stays_with_an_error() -> None:
    said = (
        "In file included from a.c:1:\n./w.h:1:2: warning: odd\n    1 | odd\n"
        "In file included from a.c:2:\n./e.h:3:4: error: bad\n    3 | bad\n"
        "./e.h:1:1: note: here\n1 warning and 1 error generated."
    )
    assert compiler_words(said).splitlines() == [
        "In file included from a.c:2:", "./e.h:3:4: error: bad", "    3 | bad",
        "./e.h:1:1: note: here", "1 warning and 1 error generated.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("a.c:1:1: fatal error: 'omp.h' file not found", "the folder of omp.h"),
        ("a.c:1:1: error: x is odd [-Werror,-Wodd]", "-Wno-error=odd"),
        ("a.c:1:1: error: expected ';'", ""),
        ("a.c:1:1: warning: x is odd [-Wodd]", ""),
    ],
)
def test_advice_for_sources(said: str, advice: str) -> None:
    found = compiler_advice(said)
    assert advice in found if advice else found == ""


@pytest.mark.parametrize(
    ("symbol", "flag"),
    [("omp_get_max_threads", "-fopenmp"), ("pthread_create", "-pthread"), ("gzopen", "-lz")],
)
def test_advice_for_symbols(symbol: str, flag: str) -> None:
    assert flag in linker_advice(f"a.o: undefined reference to `{symbol}'")
    assert flag in linker_advice(f"ld.lld: error: undefined symbol: {symbol}")
    assert linker_advice("undefined reference to `own'") == ""


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("/usr/bin/ld: unrecognised emulation mode: aarch64linux", "--no-run"),
        ("ld.lld: error: a.o is incompatible with elf64-x86-64", "--no-run"),
        ("main.o: file not recognized: file format not recognized", "-fuse-ld=lld"),
    ],
)
def test_what_to_do_about_what_a_linker_cannot_read(said: str, words: str) -> None:
    assert words in linker_advice(said)
