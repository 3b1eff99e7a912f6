"""Attacks through the compiler. Each works when it is built, and is refused before that."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from corr.optimize import gate

SECRET = "a-secret-of-the-host"

PROGRAM = """\
#include <stdio.h>
static double kernel(int n)
{
    double s = 0.0;
    for (int i = 0; i < n; i++)
        s += i;
    return s;
}
int main(void)
{
    printf("%g\\n", kernel(10));
    printf("%g\\n", kernel(20));
    return 0;
}
"""
LOOP = "    for (int i = 0; i < n; i++)\n        s += i;\n"


def build(clang: str, text: str, out: Path, *flags: str) -> Path:
    source = out.with_suffix(".c")
    source.write_text(text)
    subprocess.run([clang, "-O1", "-w", *flags, source, "-o", out], check=True)
    return out


def said(binary: Path) -> str:
    return subprocess.run([binary], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text(f'"{SECRET}"\n')
    return path


READERS = {
    "include": "    puts(\n#include \"{path}\"\n    );\n",
    "include by digraph": "    puts(\n%:include \"{path}\"\n    );\n",
    "include, spliced": "    puts(\n#inc\\\nlude \"{path}\"\n    );\n",
    "embed": "    static const char b[] = {{\n#embed \"{path}\"\n    , 0}};\n    puts(b);\n",
    "incbin": "    extern const char b[];\n    __asm__(\".data\\nb: .incbin \\\"{path}\\\"\\n.byte 0\\n.text\");\n    puts(b);\n",
    "incbin by macro": "#define PASTE(x, y) x##y\n    extern const char b[];\n    PASTE(as, m)(\".data\\nb: .incbin \\\"{path}\\\"\\n.byte 0\\n.text\");\n    puts(b);\n",
}  # fmt: skip


@pytest.mark.parametrize("text", READERS.values(), ids=READERS.keys())
def test_reading_a_file_when_compiling(text: str, clang: str, tmp_path: Path, secret: Path) -> None:
    after = PROGRAM.replace(LOOP, text.format(path=secret) + LOOP)
    assert SECRET in said(build(clang, after, tmp_path / "attack", "-std=gnu2y", "-fno-inline"))
    assert gate.source(PROGRAM, after, "kernel.c")


EARLY = {
    "constructor": "__attribute__((constructor)) static void f(void) { puts(\"early\"); }\n",
    "constructor in C23": "[[gnu::constructor]] static void f(void) { puts(\"early\"); }\n",
    "destructor": "__attribute__((destructor)) static void f(void) { puts(\"early\"); }\n",
    "init array": "static void f(void) { puts(\"early\"); }\n__attribute__((section(\".init_array\"), used)) static void (*const p)(void) = f;\n",
}  # fmt: skip


@pytest.mark.parametrize("top", EARLY.values(), ids=EARLY.keys())
def test_running_outside_of_main(top: str, clang: str, tmp_path: Path) -> None:
    after = PROGRAM.replace("static double kernel", top + "static double kernel")
    bad = build(clang, after, tmp_path / "attack", "-std=gnu2y")
    assert "early" in said(bad)
    assert gate.source(PROGRAM, after, "kernel.c")
    assert gate.objects(build(clang, PROGRAM, tmp_path / "honest"), bad)


ELSEWHERE = {
    "inline asm": "    __asm__ volatile(\"syscall\" : \"=a\"(n) : \"0\"(39));\n    return n;\n",
    "an undeclared function": "    int getppid(void);\n    return getppid();\n",
    "a cache": "    static double cache;\n    if (cache) return cache;\n    cache = 45;\n",
    "a cache behind const": "    static const double *cache;\n    static const double once = 45;\n    if (cache) return *cache;\n    cache = &once;\n",
    "a redefined name": "#define printf(...) puts(\"0\")\n",
    "another line": "#line 1 \"other.c\"\n",
}  # fmt: skip


@pytest.mark.parametrize("text", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_computing_something_else(text: str, clang: str, tmp_path: Path) -> None:
    after = PROGRAM.replace(LOOP, text + LOOP)
    build(clang, after, tmp_path / "attack")
    assert gate.source(PROGRAM, after, "kernel.c")


def test_a_cache_is_seen_in_the_object_too(clang: str, tmp_path: Path) -> None:
    after = PROGRAM.replace(LOOP, ELSEWHERE["a cache"] + LOOP)
    flags = ("-c", "-fno-inline")
    bad = build(clang, after, tmp_path / "attack.o", *flags)
    found = gate.objects(build(clang, PROGRAM, tmp_path / "honest.o", *flags), bad)
    assert {refusal.rule for refusal in found} == {"variable"}


@pytest.fixture
def module(clang: str, tmp_path: Path) -> str:
    out = tmp_path / "module.ll"
    build(clang, PROGRAM, out, "-S", "-emit-llvm", "-fno-inline")
    return out.read_text()


def in_ir(module: str) -> tuple[str, str]:
    """The function @kernel of the module, and its first instruction's line."""
    start = next(m.start() for m in re.finditer("^define .*@kernel", module, re.MULTILINE))
    text = module[start : module.index("\n}\n", start) + 3]
    return text, text.splitlines()[1]


def test_ir_inline_asm(module: str, clang: str, tmp_path: Path) -> None:
    text, first = in_ir(module)
    evil = text.replace(first, '  call void asm sideeffect "nop", ""()\n' + first, 1)
    assert assembles(module.replace(text, evil), clang, tmp_path)
    assert gate.ir(module, text, "kernel") == []
    assert gate.ir(module, evil, "kernel")


def test_ir_module_asm(module: str, clang: str, tmp_path: Path, secret: Path) -> None:
    text, _ = in_ir(module)
    evil = text + f'module asm ".incbin \\22{secret}\\22"\n'
    assert assembles(module.replace(text, evil), clang, tmp_path)
    assert SECRET.encode() in (tmp_path / "evil.o").read_bytes()
    assert gate.ir(module, evil, "kernel")


def test_ir_new_symbol(module: str, clang: str, tmp_path: Path) -> None:
    text, first = in_ir(module)
    evil = text.replace(first, '  %evil = call i32 @"\\73ystem"(ptr null)\n' + first, 1)
    assert assembles(module.replace(text, evil) + "declare i32 @system(ptr)\n", clang, tmp_path)
    assert gate.ir(module, evil, "kernel")
    assert gate.ir(module, evil + "declare i32 @system(ptr)\n", "kernel")


def test_ir_constructor(module: str, clang: str, tmp_path: Path) -> None:
    text, _ = in_ir(module)
    evil = text + (
        "@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }]"
        " [{ i32, ptr, ptr } { i32 1, ptr @main, ptr null }]\n"
    )
    assert assembles(module.replace(text, evil), clang, tmp_path)
    assert gate.ir(module, evil, "kernel")


def assembles(text: str, clang: str, tmp_path: Path) -> bool:
    """The attack is valid IR: it is the gate that stops it, not the parser."""
    path = tmp_path / "evil.ll"
    path.write_text(text)
    argv = [clang, "-w", "-c", path, "-o", tmp_path / "evil.o"]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return True
