"""The gate for IR: what reaches beyond the process, calls what it is given, or must be made."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from corr.optimize import gate
from tests.optimize.gate.counting import is_linear, lines_run

MODULE = """\
@stdout = external global ptr
@own = internal global ptr null
@sink = internal global double 0.0
@.str = private constant [3 x i8] c"%g\\00"
define internal i32 @order(ptr %a, ptr %b) {
  ret i32 0
}
define internal void @each(ptr %f, i64 %n) {
  call void %f(i64 %n)
  ret void
}
define internal void @work(ptr %a, i64 %n) {
entry:
  %stream = load ptr, ptr @stdout, align 8
  %r = call i32 (ptr, ptr, ...) @fprintf(ptr %stream, ptr @.str, double 1.0)
  %f = load ptr, ptr @own, align 8
  %w = call i64 @fwrite(ptr %a, i64 8, i64 %n, ptr %f)
  call void @qsort(ptr %a, i64 %n, i64 8, ptr @order)
  %m = call ptr @mmap(ptr null, i64 %n, i32 3, i32 34, i32 -1, i64 0)
  call void @each(ptr %f, i64 1)
  %x = load volatile double, ptr @sink, align 8
  store volatile double %x, ptr @sink, align 8
  %o = atomicrmw add ptr @own, i64 1 seq_cst, align 8
  fence seq_cst
  call void @llvm.memset.p0.i64(ptr %a, i8 0, i64 8, i1 true)
  ret void
}
declare i32 @fprintf(ptr, ptr, ...)
declare i64 @fwrite(ptr, i64, i64, ptr)
declare void @qsort(ptr, i64, i64, ptr)
declare ptr @mmap(ptr, i64, i32, i32, i32, i64)
declare i32 @mprotect(ptr, i64, i32)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1 immarg)
"""
WORK = MODULE[MODULE.index("define internal void @work") : MODULE.index("declare i32 @fprintf")]


def said(text: str) -> str:
    assert text != WORK
    return " | ".join(refusal.what for refusal in gate.ir(MODULE, text, "work"))


def more(*lines: str) -> str:
    return WORK.replace("  ret void\n", "".join(f"  {line}\n" for line in lines) + "  ret void\n")


def test_the_module_is_one(clang: str, tmp_path: Path) -> None:
    for number, text in enumerate(
        (WORK, more(*(line for lines in ADDED.values() for line in lines[:-1])))
    ):
        source = tmp_path / f"{number}.ll"
        source.write_text(MODULE.replace(WORK, text))
        argv = [clang, "-w", "-c", source, "-o", tmp_path / "out.o"]
        assert subprocess.run(argv).returncode == 0


ADDED = {
    "more pages": (
        "%m1 = call ptr @mmap(ptr null, i64 %n, i32 7, i32 34, i32 -1, i64 0)",
        "@mmap is called with other arguments",
    ),
    "pages once more": (
        "%m2 = call ptr @mmap(ptr null, i64 %n, i32 3, i32 34, i32 -1, i64 0)",
        "@mmap is called with other arguments, or more often",
    ),
    "code that may be written": (
        "%p1 = call i32 @mprotect(ptr %a, i64 4096, i32 7)",
        "@mprotect is called with other arguments",
    ),
    "a made-up stream": (
        "%s1 = call i64 @fwrite(ptr %a, i64 8, i64 %n, ptr %a)",
        "@fwrite is given a stream that the original does not use",
    ),
    "a stream in a sum": (
        "%s2 = getelementptr i8, ptr %f, i64 8",
        "%s3 = call i32 (ptr, ptr, ...) @fprintf(ptr %s2, ptr @.str)",
        "@fprintf is given a stream",
    ),
    "what sorts by anything": (
        "%q1 = load ptr, ptr %a, align 8",
        "call void @qsort(ptr %a, i64 %n, i64 8, ptr %q1)",
        "@qsort calls what it is given",
    ),
    "what calls anything": (
        "%e1 = getelementptr i8, ptr %f, i64 4",
        "call void @each(ptr %e1, i64 1)",
        "@each calls what it is given",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ADDED)
def test_what_reaches_further_is_refused(name: str) -> None:
    *lines, words = ADDED[name]
    assert words in said(more(*lines))


GONE = {
    "a volatile load": ("  %x = load volatile double", "  %x = load double"),
    "a volatile store": ("  store volatile double", "  store double"),
    "a volatile copy": ("i64 8, i1 true)", "i64 8, i1 false)"),
    "a fence": ("  fence seq_cst\n", ""),
    "a atomicrmw": ("  %o = atomicrmw add ptr @own, i64 1 seq_cst, align 8\n", ""),
}


@pytest.mark.parametrize("name", GONE)
def test_what_must_be_made_is_made(name: str) -> None:
    assert f"{name} of the original is gone" in said(WORK.replace(*GONE[name]))


HONEST = {
    "other names": WORK.replace("%f", "%file").replace("%stream", "%out").replace("%x", "%y"),
    "another line to stdout": more(
        "%out = load ptr, ptr @stdout, align 8",
        "%p = call i32 (ptr, ptr, ...) @fprintf(ptr %out, ptr @.str, double 2.0)",
    ),
    "fewer calls": WORK.replace("  call void @each(ptr %f, i64 1)\n", ""),
    "more that is volatile": more("%v = load volatile double, ptr @sink, align 8"),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_the_original_does_may_stay(name: str) -> None:
    assert said(HONEST[name]) == ""


@pytest.mark.parametrize("line", [
    "call void @qsort(ptr %a, i64 %n, i64 8, ptr %q1)", "call void @each(ptr (((((", "fence ]]]",
    "%x = load volatile", "call void @llvm.memset.p0.i64(", "call void @each(ptr [ptr <{",
])  # fmt: skip
def test_twice_the_calls_take_twice_the_steps(line: str) -> None:
    def judged(n: int) -> None:
        gate.ir(MODULE, more(*[line] * n), "work")

    judged(1)
    numbers = [lines_run(lambda n=n: judged(n)) for n in (80, 160, 320)]
    assert is_linear(*numbers, least=160), numbers
