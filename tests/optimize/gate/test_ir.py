"""The gate for IR is as strict as the one for sources: calls, addresses, intrinsics, claims."""

from __future__ import annotations

from pathlib import Path

import pytest

from corr.optimize import gate
from corr.optimize.gate import Refusal
from tests.optimize.gate.counting import is_linear, lines_run
from tests.optimize.gate.ir_module import MODULE, TWICE, WORK, added, assembles


def judged(text: str, name: str = "work", **options: bool) -> list[Refusal]:
    return gate.ir(MODULE, text, name, **options)


HONEST = {
    "as it is": WORK,
    "without what is claimed": WORK.replace(" #2", "").replace(", !range !10, !tbaa !11", ""),
    "other names": WORK.replace("%v", "%value").replace("%s", "%sum").replace("out", "exit"),
    "unrolled": added(
        "%p2 = getelementptr inbounds double, ptr %p, i32 0\n"
        "  %v2 = load double, ptr %p2, align 8, !tbaa !14\n"
        "  %w2 = call double @weight(i32 noundef %i) #2\n"
        "  %m2 = fmul contract double %v2, %w2\n"
        "  %u2 = fadd contract double %m2, %v2"
    ),
    "vectors": added(
        "%vv = load <2 x double>, ptr %p, align 8, !tbaa !14\n"
        "  %vm = fmul contract <2 x double> %vv, splat (double 2.0)\n"
        "  %vs = call double @llvm.vector.reduce.fadd.v2f64(double 0.0, <2 x double> %vm)"
    ),
    "intrinsics": added(
        "%ma = call double @llvm.fma.f64(double %v, double %w, double %s)\n"
        "  %mb = call { i32, i1 } @llvm.sadd.with.overflow.i32(i32 %i, i32 1)\n"
        '  call void @llvm.assume(i1 true) [ "align"(ptr %a, i64 8), "nonnull"(ptr %a) ]\n'
        "  call void @llvm.prefetch.p0(ptr %p, i32 0, i32 3, i32 1)\n"
        "  call void @llvm.memcpy.p0.p0.i64(ptr nonnull %a, ptr %p, i64 8, i1 false)"
    ),
    "types and constants": added(
        "%st = alloca %pair, align 8\n"
        "  %sp = getelementptr inbounds %pair, ptr %st, i32 0, i32 1\n"
        "  store i32 1, ptr %sp, align 4\n"
        "  %k = load double, ptr getelementptr inbounds ([2 x double], ptr @table, i32 0, i32 1)\n"
        "  %h = add nuw nsw i32 %i, 4\n"
        "  %z = select i1 true, double %k, double %v"
    ),
    "another function's call": added("%e = call i32 (ptr, ...) @printf(ptr @table, double %v)"),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_ir_passes(name: str, clang: str, tmp_path: Path) -> None:
    text = HONEST[name]
    assert assembles(clang, text, tmp_path)
    assert judged(text) == []


def test_calls_through_values_of_the_original_stay() -> None:
    renamed = TWICE.replace("%g", "%callee").replace("%slot", "%place").replace("%x", "%u")
    assert judged(renamed, "twice") == []
    longer = TWICE.replace("  %t = fadd", "  %z = fadd double %x, 1.0\n  %t = fadd")
    assert judged(longer, "twice") == []


NAMED, TAKEN, BELIEVED, COMPUTES = (
    "no named function",
    "is taken",
    "would believe it",
    "only computes",
)
ATTACKS = {
    "call a number": ("%q = call double inttoptr (i64 4096 to ptr)(i32 1)", "call", NAMED),
    "call a sum": ("%q = call double getelementptr (i8, ptr @weight, i64 3)(i32 1)", "call", NAMED),
    "call null": ("call void null()", "call", NAMED),
    "call poison": ("call void poison()", "call", NAMED),
    "call data": ("call void @table()", "call", "is no function"),
    "call a local": (
        "%f = getelementptr i8, ptr @weight, i64 3\n  %q = call double %f(i32 1)",
        "call",
        NAMED,
    ),
    "call behind a type": ("%z = alloca ptr\n  call void %object()", "call", NAMED),
    "call on one line": ("%z = alloca ptr call void %object() fence seq_cst", "call", NAMED),
    "tail call": ("tail call void %object()", "call", NAMED),
    "function stored": ("store ptr @weight, ptr @slot", "address", TAKEN),
    "function as a number": ("%q = ptrtoint ptr @weight to i64", "address", TAKEN),
    "function in a sum": ("%q = sub i64 ptrtoint (ptr @printf to i64), 5", "address", TAKEN),
    "function in a choice": ("%q = select i1 true, ptr @weight, ptr @twice", "address", TAKEN),
    "function handed over": ("%q = call double @twice(ptr @weight, ptr null)", "address", TAKEN),
    "function compared": ("%q = icmp eq ptr @main, null", "address", TAKEN),
    "inttoptr": ("%q = inttoptr i64 4096 to ptr", "word", "reaches anything"),
    "segment": ("%q = load i64, ptr addrspace(257) null", "word", "registers of the system"),
    "blockaddress": ("store ptr blockaddress(@work, %loop), ptr @slot", "word", "hide where"),
    "asm": ('call void asm sideeffect "nop", ""()', "word", "cannot be checked"),
    "convention": ("call ghccc void @exit(i32 0)", "word", "another way to call"),
    "numbered convention": ("call cc 10 void @exit(i32 0)", "word", "another way to call"),
    "trap, which the module has": ("call void @llvm.trap()", "symbol", COMPUTES),
    "stack": ("call void @llvm.stackrestore.p0(ptr %a)", "symbol", COMPUTES),
    "control register": ("call void @llvm.x86.sse.ldmxcsr(ptr %a)", "symbol", COMPUTES),
    "cache line": ("call void @llvm.x86.sse2.clflush(ptr %a)", "symbol", COMPUTES),
    "return address": ("%q = call ptr @llvm.returnaddress(i32 0)", "symbol", COMPUTES),
    "place of it": ("%q = call ptr @llvm.addressofreturnaddress.p0()", "symbol", COMPUTES),
    "never changes": ("%q = call ptr @llvm.invariant.start.p0(i64 8, ptr %a)", "symbol", COMPUTES),
    "jump": ("call void @llvm.eh.sjlj.longjmp(ptr %a)", "symbol", COMPUTES),
    "constructors": ("store ptr null, ptr @llvm.global_ctors", "symbol", COMPUTES),
    "range": ("%q = load i32, ptr %a, align 4, !range !0", "claim", BELIEVED),
    "range at a type": ("%q = load i64, ptr %a, align 8, !range !10", "claim", BELIEVED),
    "range at a call": ("%q = call i32 @printf(ptr %a), !range !10", "claim", BELIEVED),
    "range in place": ("%q = load i32, ptr %a, !range !{i32 0, i32 1}", "claim", BELIEVED),
    "nonnull": ("%q = load double, ptr %a, !nonnull !12", "claim", BELIEVED),
    "invariant": ("%q = load ptr, ptr %a, !invariant.load !12", "claim", BELIEVED),
    "types of another": ("store double 0.0, ptr %a, align 8, !tbaa !11", "claim", BELIEVED),
    "no aliases": ("%q = load double, ptr %a, align 8, !noalias !12", "claim", BELIEVED),
    "less exact": ("%q = fdiv double %v, %w, !fpmath !12", "claim", BELIEVED),
    "no dependences": ("%q = load double, ptr %a, !llvm.access.group !20", "claim", BELIEVED),
    "noreturn by a group": ("%q = call double @weight(i32 1) #3", "claim", "#3 is claimed"),
    "no-builtins": ('%q = call double @weight(i32 1) "no-builtins"', "claim", "no-builtins"),
    "memory(none)": ("%q = call double @weight(i32 1) memory(none)", "claim", "memory"),
    "a result": ("%q = call nonnull ptr @weight(i32 1)", "claim", "nonnull"),
    "printf reads only": ("%q = call i32 @printf(ptr @table) readnone", "claim", "readnone"),
    "fast": ("%q = fmul fast double %v, %w", "word", "must be allowed"),
    "comparison": ("%q = fcmp nnan oeq double %v, %w", "word", "must be allowed"),
    "choice": ("%q = select nnan i1 true, double %v, double %w", "word", "must be allowed"),
    "root": ("%q = call fast double @llvm.sqrt.f64(double %v)", "word", "must be allowed"),
}
#: What LLVM refuses to read, or to build.
INVALID = {
    "call on one line",
    "range",
    "range at a type",
    "nonnull",
    "no aliases",
    "less exact",
    "constructors",
    "jump",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused(name: str, clang: str, tmp_path: Path) -> None:
    line, rule, words = ATTACKS[name]
    assert name in INVALID or assembles(clang, added(line), tmp_path)
    found = judged(added(line))
    assert rule in {refusal.rule for refusal in found}, found
    assert words in " ".join(refusal.what for refusal in found)
    assert all(refusal.what.startswith(f"@work:{refusal.line}: ") for refusal in found)
    assert all("; allowed: " in refusal.what for refusal in found)


WHOLE = {
    "another loop": (WORK.replace("!llvm.loop !6", "!llvm.loop !9"), "claim"),
    "fast where there is contract": (
        WORK.replace("fadd contract", "fadd reassoc contract"),
        "word",
    ),
    "an alias": (WORK + "@evil = alias double, ptr @work\n", "function"),
    "an ifunc": (WORK + "@evil = ifunc double (), ptr @work\n", "function"),
    "constructors": (WORK + "@llvm.global_ctors = appending global [0 x ptr] []\n", "function"),
    "a global": (WORK + "@cache = global double 0.0\n", "function"),
    "module asm": (WORK + 'module asm "nop"\n', "function"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_an_attack_on_the_whole_is_refused(name: str) -> None:
    text, rule = WHOLE[name]
    assert text != WORK
    assert rule in {refusal.rule for refusal in judged(text)}


TURNED = {
    "another value": TWICE.replace("call double %f(i32 2)", "call double %where(i32 2)"),
    "another place": TWICE.replace("load ptr, ptr %slot", "load ptr, ptr %where"),
    "once more": TWICE.replace("  %t =", "  %z = call double %f(i32 3)\n  %t ="),
    "stored anew": TWICE.replace("  %g = load", "  store ptr %where, ptr %slot\n  %g = load"),
    "a sum": TWICE.replace(
        "  %y = call double %f", "  %h = getelementptr i8, ptr %f, i64 4\n  %y = call double %h"
    ),
}


@pytest.mark.parametrize("text", TURNED.values(), ids=TURNED.keys())
def test_what_the_original_calls_through_is_not_turned(text: str) -> None:
    assert text != TWICE
    assert "call" in {refusal.rule for refusal in judged(text, "twice")}


def test_mathematics_may_be_done_otherwise_where_it_is_allowed() -> None:
    text = WORK.replace("fadd contract", "fadd reassoc contract")
    assert judged(text, allow_reassociation=True) == []


@pytest.mark.parametrize("line", [
    "%q = call double @weight(i32 1)", "call void %object()", "%q = load double, ptr %a, !range !0",
    "%q = fmul fast double %v, %w", "call %pair (i32) ", "store ptr @weight, ptr @slot", '"', "(((",
    "-" * 40, "call call", "%x = phi ptr [ %x, %loop ] call void %x()", "call void @work() #0",
    "!range !{", "declare void @f()", "store ptr %object, ptr %a", "define",
])  # fmt: skip
def test_twice_the_ir_takes_twice_the_steps(line: str) -> None:
    def text(n: int) -> str:
        return added("\n  ".join([line] * n))

    judged(WORK)
    numbers = [lines_run(lambda n=n: judged(text(n))) for n in (80, 160, 320)]
    assert is_linear(*numbers, least=160), numbers
