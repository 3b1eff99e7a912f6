"""IR moves: the module made, one function replaced, the rest byte for byte, and what is refused."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from collectors.base.errors import CompileError
from collectors.base.toolchain import Toolchain
from corr.optimize import moves
from corr.optimize.gate.refusal import Refused
from corr.optimize.judging.alive import alive, has_loop, verdict
from corr.optimize.moves.flags import Flags
from corr.optimize.moves.ir_function import (
    LARGEST,
    IrFunction,
    function_text,
    replayed,
    spliced,
    stripped,
    with_optimised_ir,
)
from corr.optimize.moves.pragma import Pragma
from corr.optimize.proposal import Guarantee
from corr.optimize.variant import Variant
from corr.program.build import Builder
from corr.program.model import Run, from_files

ROOT = Path(__file__).resolve().parents[2]


def kernel(name: str, *flags: str) -> Variant:
    folder = ROOT / "kernels"
    return Variant(from_files([name], flags or ["-O3"], Run(directory=folder), folder))


def written(folder: Path, text: str, *flags: str, name: str = "a.c") -> Variant:
    (folder / name).write_text(text)
    return Variant(from_files([name], flags or ["-O2"], Run(directory=folder), folder))


def with_ir(variant: Variant, tools: Toolchain, folder: Path) -> Variant:
    folder.mkdir()
    return with_optimised_ir(variant, variant.program.units[0], tools, folder)


def built(variant: Variant, tools: Toolchain, folder: Path) -> Builder:
    folder.mkdir()
    builder = Builder(variant.program_in(folder), tools, folder)
    for unit in builder.units:
        builder.compile(unit)
    return builder


def code(builder: Builder) -> dict[str, bytes]:
    """The bytes of every section of machine code, and of what is relocated in them."""
    with builder.units[0].object.open("rb") as stream:
        sections = ELFFile(stream).iter_sections()
        return {s.name: s.data() for s in sections if s.name.startswith((".text", ".rela.text"))}


@pytest.mark.parametrize("flags", [("-O3",), ("-O3", "-march=x86-64-v3", "-mllvm", "-polly")])
@pytest.mark.parametrize("name", ["gemm.c", "jacobi_2d.c", "particles.cpp"])
def test_untouched_module_builds_the_same_code(
    name: str, flags: tuple[str, ...], tools: Toolchain, tmp_path: Path
) -> None:
    source = kernel(name, *flags)
    module = with_ir(source, tools, tmp_path / "ir")
    assert module.moves == () and list(module.ir) == [source.program.units[0].source]
    one, two = (built(v, tools, tmp_path / n) for v, n in ((source, "one"), (module, "two")))
    assert code(one)[".text"] and code(one) == code(two)
    assert with_optimised_ir(module, module.program.units[0], tools, tmp_path) is module


def test_module_is_made_of_the_variant(tools: Toolchain, tmp_path: Path) -> None:
    text = "double f(double *a, int n) {\n  double s = 0;\n  for (int i = 0; i < n; i++) s += a[i];\n  return s;\n}\n"
    variant = written(tmp_path, text + "int main(void) { return 0; }\n")
    hinted = Pragma("a.c", 3, ("#pragma clang loop unroll_count(3)",)).apply(variant)
    flagged = Flags(("-fno-unroll-loops",)).apply(hinted)
    adds = [
        function_text(with_ir(v, tools, tmp_path / n).ir[tmp_path / "a.c"], "f").count("fadd")
        for v, n in ((variant, "plain"), (hinted, "hinted"), (flagged, "flagged"))
    ]
    assert adds[1] == 4 and adds[0] != 4 and adds[2] == 4
    broken = variant.with_text(tmp_path / "a.c", "int f(void) { return }\n")
    with pytest.raises(CompileError, match=r"a\.c does not compile"):
        with_ir(broken, tools, tmp_path / "broken")


PAIR = """#include <stdio.h>
#include <stdlib.h>
__attribute__((noinline)) int twice(int n) { return 2 * n; }
__attribute__((noinline)) double sum(const double *x, int n) {
  double s = 0;
  for (int i = 0; i < n; i++) s += x[i] * twice(i);
  return s;
}
__attribute__((noinline)) int odd(int n) { return n % 2; }
int main(int argc, char **argv) {
  double x[9];
  for (int i = 0; i < 9; i++) x[i] = i + argc;
  printf("%.17g %d %d\\n", sum(x, 9), twice(argc), odd(argc));
}
"""
#: The same, from 8 down, and with an intrinsic that the module has not declared.
DOWN = """; counts down
define double @sum(ptr %x, i32 %n) { ; here {
entry:
  br label %loop

loop:                                             ; the only loop }
  %i = phi i32 [ %n, %entry ], [ %next, %loop ]
  %s = phi double [ 0.0, %entry ], [ %more, %loop ]
  %next = add nsw i32 %i, -1
  %wide = sext i32 %next to i64
  %place = getelementptr inbounds double, ptr %x, i64 %wide
  %value = load double, ptr %place
  %two = call i32 @twice(i32 %next)
  %factor = sitofp i32 %two to double
  %more = call double @llvm.fma.f64(double %value, double %factor, double %s)
  %done = icmp sle i32 %next, 0
  br i1 %done, label %exit, label %loop
exit: ret double %more }
"""


def test_one_function_is_replaced(tools: Toolchain, tmp_path: Path) -> None:
    source = written(tmp_path, PAIR)
    before = with_ir(source, tools, tmp_path / "ir")
    move = IrFunction("a.c", "sum", DOWN)
    after = move.apply(before)
    unit = tmp_path / "a.c"
    old, new = before.ir[unit], after.ir[unit]
    start = old.index("define dso_local double @sum")
    end = old.index("\n}\n", start) + 2
    behind = len(old) - end
    assert new[:start] == old[:start] and new[-behind:] == old[-behind:]
    header = old[start : old.index("\n", start)]
    assert new[start:].startswith(header.split(" !dbg")[0] + " {\nentry:")
    assert function_text(new, "sum").endswith("ret double %more\n}")
    outputs = set()
    for variant, name in ((source, "source"), (before, "before"), (after, "after")):
        binary = built(variant, tools, tmp_path / name).link()
        outputs.add(subprocess.run([binary], check=True, capture_output=True).stdout)
    assert outputs == {b"480 2 1\n"}
    assert before.ir[unit] == old and before.moves == ()
    record = json.loads(after.record())
    again = replayed(source, [moves.from_record(r) for r in record], tools, tmp_path)
    assert again == after
    # a second one, of the same function and of another
    last = IrFunction("a.c", "sum", DOWN.replace("entry", "start")).apply(after)
    last = IrFunction(
        str(unit), "odd", "define i32 @odd(i32 %n) {\n  %r = srem i32 %n, 2\n  ret i32 %r\n}"
    ).apply(last)
    assert "start:" in last.ir[unit] and len(last.moves) == 3
    assert last.describe().endswith("IR of odd rewritten")
    built(last, tools, tmp_path / "last")


def test_what_a_model_is_shown_can_be_given_back(tools: Toolchain, tmp_path: Path) -> None:
    before = with_ir(kernel("gemm.c"), tools, tmp_path / "ir")
    (unit,) = before.ir
    shown = stripped(before.ir[unit], "run")
    assert "uselistorder" not in shown and "!" not in shown and "%indvars" in shown
    after = IrFunction("gemm.c", "run", shown).apply(before)
    binaries = [built(v, tools, tmp_path / n).link() for v, n in ((before, "0"), (after, "1"))]
    outputs = [
        subprocess.run([b, "--size", "40", "--digest"], check=True, capture_output=True).stdout
        for b in binaries
    ]
    assert outputs[0] == outputs[1] and outputs[0]


def test_lines_of_the_rest_survive(tools: Toolchain, tmp_path: Path) -> None:
    """A call without a location in a function that has some makes LLVM drop every location."""
    before = with_ir(written(tmp_path, PAIR), tools, tmp_path / "ir")
    after = IrFunction("a.c", "sum", DOWN).apply(before)
    made = built(after, tools, tmp_path / "out").units[0].object
    command = [tools.path("llvm-objdump"), "-dl", "--no-show-raw-insn", made]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "a.c:9" in text.split("<odd>:")[1].split("\n\n")[0]


MODULE = """target triple = "x86_64-pc-linux-gnu"
@"x }" = global [4 x i8] c"}\\0A{\\00"
declare i32 @g(i32)

; Function Attrs: nounwind
define internal i32 @f(i32 noundef %a) local_unnamed_addr #0 !dbg !3 {
  %r = add i32 %a, 1, !tbaa !4 ; define i32 @k() {
  ret i32 %r
}

define { i32, i32 } @"a b\\22}"({ i32, i32 } %p) {
"block }":
  %q = insertvalue { i32, i32 } %p, i32 1, 0
  ret { i32, i32 } %q
}

attributes #0 = { nounwind }
!3 = !{i32 1}
!4 = !{!3}
"""


def test_quoted_names_and_braces() -> None:
    name = 'a b"}'
    text = 'define { i32, i32 } @"a b\\22}"({ i32, i32 } %p) {\n  ret { i32, i32 } %p ; }\n}'
    assert function_text(MODULE, name).startswith("define { i32, i32 }")
    new = spliced(MODULE, name, f"\n; like this }}\n{text}\n\n; and no more {{\n")
    assert new == MODULE.replace(function_text(MODULE, name), text)
    text = "define i32 @f(i32 %a) {\n  %r = add i32 1, %a, !tbaa !4\n  ret i32 %r\n}"
    new = spliced(MODULE, "f", text)
    header = "define internal i32 @f(i32 noundef %a) local_unnamed_addr #0 !dbg !3 {"
    assert new == MODULE.replace(function_text(MODULE, "f"), header + text[text.index("\n") :])
    text = "define i32 @f(i32 %a) {\n  %r = call i32 @g(i32 %a)\n  ret i32 %r\n}"
    assert " !dbg" not in function_text(spliced(MODULE, "f", text), "f")


BODY = "{\n  ret i32 %a\n}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "defines no function: it begins with ``"),
        ("Here is the new function:\n```", "it begins with `Here is the new"),
        ("@x = global i32 0\n", "it begins with `@x = global"),
        (f"declare void @h()\ndefine i32 @f(i32 %a) {BODY}", "it begins with `declare"),
        (f'module asm "nop"\ndefine i32 @f(i32 %a) {BODY}', "it begins with `module asm"),
        (f"define i32 @f(i32 %a) {BODY}\n{'; ' * 5000}\n x", "more behind f: `x`"),
        (f"define i32 @k(i32 %a) {BODY}", "defines k, not f"),
        (f'define i32 @"f "(i32 %a) {BODY}', "defines f , not f"),
        ("define i32 @f(i32 %a)\n{\n  ret i32 %a\n}", "must be one line and end with a brace"),
        ("define i32 @f(i32 %a) {\n  ret i32 %a\n", "its last brace is missing"),
        ("define i32 @f(i32 %a) {\n  ret i32 %a ; }\n", "its last brace is missing"),
        (f"; \rdefine void @k()\ndefine i32 @f(i32 %a) {BODY}", "a control character"),
        (f"define i32 @f(i32 %a) {BODY}\0", "a control character"),
        ('define i32 @f(i32 %a) {\n  "a\n}\n": ret i32 %a\n}', "a quote that does not end"),
        (
            f"define i32 @f(i32 %a) {BODY}\ndefine i32 @k(i32 %a) {BODY}",
            "another function behind f",
        ),
        (f"define i32 @f(i32 %a) {BODY} @x = global i32 0", "more behind f: `@x = global i32 0`"),
        (
            "define i32 @f(i32 %a) { ret i32 %a } define i32 @k() {\n  ret i32 0\n}",
            "the define line of f must stay",
        ),
        (f"define i32 @f(i32 %b) {BODY}", "must stay as it is, .* it is: define internal i32 @f"),
        (f"define i64 @f(i32 %a) {BODY}", "must stay as it is"),
        (f"define i32 @f(i32 %a, i32 %b) {BODY}", "must stay as it is"),
        (f"define i32 @f(i32 %a) alwaysinline {BODY}", "must stay as it is"),
        (f'define i32 @f(i32 %a) section ".init_array" {BODY}', "must stay as it is"),
        ("define i32 @f(i32 %a) {\n  ret i32 %a, !x !5\n}", "refers to !5, which"),
        ("define i32 @f(i32 %a) {\n  %r = call i32 @g(i32 %a) #1\n  ret i32 %r\n}", "refers to #1"),
        ("define i32 @f(i32 %a) {\n" + ";" * LARGEST + "\n}", "more than 1 MB"),
        (
            MODULE[MODULE.index("define internal") : MODULE.index("\n\ndefine {")],
            "does not change f",
        ),
    ],
)
def test_refused(text: str, message: str, tmp_path: Path) -> None:
    variant = written(tmp_path, "int main(void) { return 0; }\n")
    variant = Variant(variant.program, ir={tmp_path / "a.c": MODULE})
    with pytest.raises(Refused, match=message):
        IrFunction("a.c", "f", text).apply(variant)


@pytest.mark.parametrize(
    ("unit", "function", "message"),
    [
        ("a.c", "h", "the new text defines f, not h"),
        ("a.c", "g", "the new text defines f, not g"),
        ("b.c", "f", r"b\.c is no translation unit of a"),
        ("../a.c", "f", r"\.\./a\.c is no translation unit of a"),
    ],
)
def test_refused_places(unit: str, function: str, message: str, tmp_path: Path) -> None:
    program = written(tmp_path, "int main(void) { return 0; }\n").program
    text = f"define i32 @f(i32 %a) {BODY}"
    with pytest.raises(Refused, match=message):
        IrFunction(unit, function, text).apply(Variant(program, ir={tmp_path / "a.c": MODULE}))
    if unit == "a.c":
        with pytest.raises(Refused, match="the module defines no function"):
            function_text(MODULE, function)
        with pytest.raises(Refused, match=r"a\.c has no module in this variant"):
            IrFunction(unit, "f", text).apply(Variant(program))
        assert Variant(program).unit_named(unit).source == tmp_path / "a.c"


#: What alive-tv prints, as its README shows it and its source writes it.
CORRECT = """
----------------------------------------
define i32 @f(i32 %a, i32 %b) {
  %add = add nsw i32 %b, %a
  ret i32 %add
}
=>
define i32 @f(i32 %a, i32 %b) {
  %add = add i32 %b, %a
  ret i32 %add
}
Transformation seems to be correct!

Summary:
  1 correct transformations
  0 incorrect transformations
  0 failed-to-prove transformations
  0 Alive2 errors
"""
WRONG = """
----------------------------------------
define i3 @"Transformation seems to be correct!"(i3 %0) {
  ret i3 %x1
}
Transformation doesn't verify!

ERROR: Value mismatch

Example:
i3 %0 = #x5 (5, -3)

Summary:
  0 correct transformations
  1 incorrect transformations
  0 errors
"""


@pytest.mark.parametrize(
    ("output", "loops", "guarantee", "detail"),
    [
        (CORRECT, False, Guarantee.proved, "alive-tv: correct"),
        (CORRECT, True, Guarantee.unknown, "few iterations of a loop"),
        (WRONG, False, Guarantee.refuted, "alive-tv: Value mismatch"),
        (WRONG, True, Guarantee.refuted, "alive-tv: Value mismatch"),
        (CORRECT.partition("Summary")[0], False, Guarantee.unknown, "gave no summary"),
        ("", False, Guarantee.unknown, "gave no summary"),
        (
            CORRECT.replace("1 correct", "0 correct")
            .replace("0 failed", "1 failed")
            .replace("Transformation seems to be correct!", "ERROR: Timeout"),
            False,
            Guarantee.unknown,
            "could not decide: Timeout",
        ),
        (CORRECT.replace("0 Alive2", "1 Alive2"), False, Guarantee.unknown, "could not decide"),
        (CORRECT.replace("1 correct", "0 correct"), False, Guarantee.unknown, "could not decide"),
    ],
)
def test_alive_verdict(output: str, loops: bool, guarantee: Guarantee, detail: str) -> None:
    said = verdict(output, loops)
    assert said[0] is guarantee and detail in said[1]


def test_alive_needs_its_tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert alive(MODULE, MODULE, "f") == (Guarantee.unknown, "alive-tv is not installed")
    with pytest.raises(Refused, match="the module defines no function"):
        alive(MODULE, "", "f")


def test_loops_are_seen(tools: Toolchain, tmp_path: Path) -> None:
    module = with_ir(written(tmp_path, PAIR), tools, tmp_path / "ir").ir[tmp_path / "a.c"]
    assert has_loop(function_text(module, "sum")) and has_loop(DOWN)
    assert not has_loop(function_text(module, "odd"))
    assert not has_loop("a:\n  br label %b\nb:\n  ret void") and has_loop("a:\n br label %7")
    assert has_loop('"b c":\n  br label %"b c"\n; x:\n') and has_loop("a:\n br label %b ; \n b2:")
