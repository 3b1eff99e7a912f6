"""The gate for object files: what got past the text is seen in what was built."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from corr.optimize import gate
from tests.support.gate_program import HONEST, PROGRAM, changed, rules


def built(clang: str, text: str, out: Path, *flags: str) -> Path:
    source = out.with_suffix(".c")
    source.write_text(text)
    subprocess.run([clang, "-O2", "-w", *flags, "-c", source, "-o", out], check=True)
    return out


OBJECT_ATTACKS = {
    "imported": 'int system(const char *); static void f(void) { system("true"); }',
    "exported": "int clock_gettime(int a, void *b) { return 0; }",
    "cache": "static int f(void) { static int calls; return calls++; }",
    "thread local": "static _Thread_local int calls; static int f(void) { return calls++; }",
    "common": "__attribute__((common)) int calls; static int f(void) { return calls++; }",
    "constructor": '__attribute__((constructor)) static void f(void) { puts("early"); }',
    "init array": '__attribute__((section(".init_array"), used)) static void (*const f)(void) = (void (*)(void))main;',
    "ifunc": 'static int g(void) { return 1; } static void *r(void) { return g; } int f(void) __attribute__((ifunc("r")));',
}


@pytest.mark.parametrize("top", OBJECT_ATTACKS.values(), ids=OBJECT_ATTACKS.keys())
def test_what_got_past_the_text_is_seen_in_the_object(top: str, clang: str, tmp_path: Path) -> None:
    text = PROGRAM + "int f();\n" if "int f(" in top else PROGRAM
    before = built(clang, PROGRAM, tmp_path / "before.o")
    used = text.replace("return sum;", "return sum + (long)&f;" if " f(" in top else "return sum;")
    head = used.replace("static double work", "int main(void);\n" + top + "\nstatic double work")
    after = built(clang, head, tmp_path / "after.o")
    assert gate.objects(before, after)


def test_honest_objects_pass(clang: str, tmp_path: Path) -> None:
    before = built(clang, PROGRAM, tmp_path / "before.o")
    for number, loop in enumerate(HONEST.values()):
        after = built(clang, changed(loop), tmp_path / f"{number}.o", "-O3", "-fopenmp")
        assert gate.objects(before, after, {"data"}) == []


def test_a_file_that_is_no_object_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.o").write_text("BC")
    assert rules(gate.objects(tmp_path / "a.o", tmp_path / "a.o")) == {"object"}
