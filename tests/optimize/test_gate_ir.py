"""The gate for IR: rewritten functions pass, what reaches beyond the function does not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from corr.optimize import gate
from corr.optimize.gate import Refusal
from tests.support.gate_program import rules
from tests.support.places import ROOT

KERNELS = ROOT / "kernels"

MODULE = """\
@table = private constant [2 x double] [double 1.0, double 2.0]
@.str = private constant [3 x i8] c"%g\\00"
define internal double @work(ptr noundef readonly %a, i32 noundef %n) #0 !dbg !5 {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %s = phi double [ 0.0, %entry ], [ %t, %loop ]
  %p = getelementptr inbounds double, ptr %a, i32 %i
  %v = load double, ptr %p, align 8
  %t = fadd double %s, %v
  %next = add nsw i32 %i, 1
  %c = icmp slt i32 %next, %n
  br i1 %c, label %loop, label %out, !llvm.loop !6
out:
  ret double %t
}
define i32 @main() #0 {
  %r = call double @work(ptr @table, i32 2)
  %x = call i32 (ptr, ...) @printf(ptr @.str, double %r)
  ret i32 0
}
declare i32 @printf(ptr, ...)
attributes #0 = { nounwind "target-cpu"="x86-64" }
!llvm.module.flags = !{!0}
!0 = !{i32 2, !"Debug Info Version", i32 3}
!5 = distinct !DISubprogram(name: "work", scope: !7, spFlags: DISPFlagDefinition, unit: !8)
!6 = distinct !{!6}
!7 = !DIFile(filename: "work.c", directory: "/")
!8 = distinct !DICompileUnit(language: DW_LANG_C11, file: !7, emissionKind: FullDebug)
"""


WORK = MODULE[MODULE.index("define internal") : MODULE.index("define i32 @main")]


def ir(text: str, **options: bool) -> list[Refusal]:
    return gate.ir(MODULE, text, "work", **options)


def test_honest_ir_passes() -> None:
    assert ir(WORK) == []
    renamed = WORK.replace("%a,", "%0,").replace("ptr %a", "ptr %0").replace(" readonly", "")
    assert ir("; a comment\n" + renamed) == []
    longer = WORK.replace(
        "  %t = fadd double %s, %v\n",
        "  %m = call double @llvm.fma.f64(double %v, double 1.0, double %s)\n"
        '  call void @llvm.assume(i1 true) [ "align"(ptr %a, i64 8) ]\n'
        "  %vec = call <4 x double> @llvm.vector.splice.v4f64(<4 x double> zeroinitializer, <4 x double> zeroinitializer, i32 1)\n"
        "  %t = fadd double %s, %v\n",
    )
    assert ir(longer) == []


def body(line: str) -> str:
    return WORK.replace("  %t = fadd", f"  {line}\n  %t = fadd")


IR_ATTACKS = {
    "asm": (body('call void asm sideeffect "nop", ""()'), "word"),
    "module asm after": (WORK + 'module asm "nop"\n', "function"),
    "module asm on the last line": (WORK.rstrip() + ' module asm "nop"\n', "function"),
    "module asm before": ('module asm "nop"\n' + WORK, "function"),
    "second function": (WORK + "define void @evil() { ret void }\n", "function"),
    "another function": (WORK.replace("@work", "@main"), "function"),
    "declare": ("declare i32 @system(ptr)\n" + WORK, "function"),
    "global": ("@cache = internal global double 0.0\n" + WORK, "function"),
    "attribute group": (WORK + "attributes #1 = { nounwind }\n", "function"),
    "system": (body("%q = call i32 @system(ptr null)"), "symbol"),
    "system, quoted": (body('%q = call i32 @"system"(ptr null)'), "symbol"),
    "system, escaped": (body('%q = call i32 @"\\73ystem"(ptr null)'), "symbol"),
    "system, as a value": (body("store ptr @system, ptr null"), "symbol"),
    "system, behind a comment": (body("%q = call i32 ; x\n @system(ptr null)"), "symbol"),
    "register": (body("%q = call i64 @llvm.read_register.i64(metadata !0)"), "symbol"),
    "write register": (body("call void @llvm.write_register.i64(metadata !0, i64 0)"), "symbol"),
    "trap": (body("call void @llvm.trap()"), "symbol"),
    "frame": (body("%q = call ptr @llvm.frameaddress.p0(i32 0)"), "symbol"),
    "clock": (body("%q = call i64 @llvm.readcyclecounter()"), "symbol"),
    "exceptions": (body("%q = call i32 @llvm.eh.typeid.for.p0(ptr null)"), "symbol"),
    "rounding": (body("call void @llvm.set.rounding(i32 0)"), "symbol"),
    "inttoptr": (body("%q = inttoptr i64 4096 to ptr"), "word"),
    "inttoptr in a constant": (body("store i8 0, ptr inttoptr (i64 4096 to ptr)"), "word"),
    "blockaddress": (body("store ptr blockaddress(@work, %loop), ptr null"), "word"),
    "indirectbr": (body("indirectbr ptr %p, [label %loop]"), "word"),
    "call of a value": (body("call void %p()"), "call"),
    "unreachable": (WORK.replace("ret double %t", "unreachable"), "word"),
    "reassoc": (WORK.replace("fadd double %s", "fadd reassoc double %s"), "word"),
    "fast": (WORK.replace("fadd double %s", "fadd fast double %s"), "word"),
    "linkage": (WORK.replace("define internal", "define weak"), "head"),
    "section": (WORK.replace("#0 !dbg", 'section ".init_array" #0 !dbg'), "head"),
    "gc": (WORK.replace("#0 !dbg", 'gc "statepoint-example" #0 !dbg'), "head"),
    "personality": (WORK.replace("!dbg !5 {", "!dbg !5 personality ptr @printf {"), "head"),
    "prefix": (WORK.replace("!dbg !5 {", "!dbg !5 prefix i32 1 {"), "head"),
    "type": (WORK.replace("define internal double", "define internal float"), "head"),
    "arguments": (WORK.replace("i32 noundef %n)", "i32 noundef %n, i32 %m)"), "head"),
    "noalias": (WORK.replace("ptr noundef", "ptr noalias noundef"), "head"),
    "group": (WORK.replace("#0 !dbg", "#7 !dbg"), "reference"),
    "metadata": (WORK.replace("!llvm.loop !6", "!llvm.loop !66"), "reference"),
    "string attribute": (WORK.replace("#0 !dbg", '#0 "probe-stack"="printf" !dbg'), "reference"),
    "torn": (WORK.replace("ret double %t\n}", "ret double %t\n"), "function"),
    "NUL": (WORK + "\0", "spelling"),
    "empty": ("", "function"),
}


@pytest.mark.parametrize(("text", "rule"), IR_ATTACKS.values(), ids=IR_ATTACKS.keys())
def test_an_attack_in_ir_is_refused(text: str, rule: str) -> None:
    assert rule in rules(ir(text))


def test_fast_mathematics_in_ir_needs_permission() -> None:
    text = WORK.replace("fadd double %s", "fadd reassoc double %s")
    assert ir(text, allow_reassociation=True) == []


def test_ir_of_the_compiler_may_stay_as_it_is(clang: str, tmp_path: Path) -> None:
    for name in ("gemm.c", "particles.cpp"):
        out = tmp_path / "module.ll"
        argv = [clang, "-O3", "-g", "-S", "-emit-llvm", KERNELS / name, "-o", out]
        subprocess.run(argv, check=True)
        module = out.read_text()
        heads = [line for line in module.splitlines() if line.startswith("define")]
        assert heads
        for head in heads[:12]:
            symbol = head.split("@", 1)[1].split("(", 1)[0].strip('"')
            start = module.index(head)
            text = module[start : module.index("\n}\n", start) + 3]
            assert gate.ir(module, text, symbol) == []
