"""The module that honest and hostile changes of IR are made to."""

from __future__ import annotations

import subprocess
from pathlib import Path

MODULE = """\
%pair = type { double, i32 }
@table = private constant [2 x double] [double 1.0, double 2.0]
@slot = internal global ptr null
@state = internal global i32 0
define internal double @weight(i32 noundef %i) #1 {
  %w = sitofp i32 %i to double
  ret double %w
}
define internal double @work(ptr noundef readonly %a, i32 noundef %n) #0 !dbg !5 {
entry:
  %first = load i32, ptr @state, align 4, !range !10, !tbaa !11
  %object = load ptr, ptr @slot, align 8, !nonnull !12, !tbaa !13
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %next, %loop ]
  %s = phi double [ 0.0, %entry ], [ %t, %loop ]
  %p = getelementptr inbounds double, ptr %a, i32 %i
  %v = load double, ptr %p, align 8, !tbaa !14
  %w = call double @weight(i32 noundef %i) #2
  %m = fmul contract double %v, %w
  %t = fadd contract double %s, %m
  %next = add nsw i32 %i, 1
  %c = icmp slt i32 %next, %n
  br i1 %c, label %loop, label %out, !llvm.loop !6
out:
  call void @llvm.memcpy.p0.p0.i64(ptr nonnull align 8 %object, ptr align 8 %a, i64 8, i1 false)
  ret double %t
}
define internal double @twice(ptr noundef %f, ptr %where) #0 {
entry:
  %slot = alloca ptr, align 8
  store ptr %f, ptr %slot, align 8
  %g = load ptr, ptr %slot, align 8
  %x = call double %g(i32 1)
  %y = call double %f(i32 2)
  %t = fadd double %x, %y
  ret double %t
}
define i32 @main() #0 {
  %r = call double @work(ptr @table, i32 2)
  %q = call double @twice(ptr @weight, ptr @state)
  %x = call i32 (ptr, ...) @printf(ptr @table, double %r)
  call void @exit(i32 0) #3
  unreachable
}
declare i32 @printf(ptr nocapture noundef readonly, ...) #4
declare void @exit(i32) #4
declare void @llvm.trap()
declare void @llvm.memcpy.p0.p0.i64(ptr noalias writeonly, ptr noalias readonly, i64, i1 immarg)
declare { i32, i1 } @llvm.sadd.with.overflow.i32(i32, i32)
attributes #0 = { nounwind "target-cpu"="x86-64" }
attributes #1 = { nounwind }
attributes #2 = { nounwind }
attributes #3 = { noreturn nounwind }
attributes #4 = { nounwind "no-builtins" }
!llvm.module.flags = !{!0}
!0 = !{i32 2, !"Debug Info Version", i32 3}
!5 = distinct !DISubprogram(name: "work", scope: !7, spFlags: DISPFlagDefinition, unit: !8)
!6 = distinct !{!6}
!7 = !DIFile(filename: "work.c", directory: "/")
!8 = distinct !DICompileUnit(language: DW_LANG_C11, file: !7, emissionKind: FullDebug)
!9 = distinct !{!9, !16}
!10 = !{i32 0, i32 10}
!11 = !{!17, !17, i64 0}
!12 = !{}
!13 = !{!18, !18, i64 0}
!14 = !{!19, !19, i64 0}
!16 = !{!"llvm.loop.parallel_accesses", !20}
!17 = !{!"int", !21}
!18 = !{!"any pointer", !21}
!19 = !{!"double", !21}
!20 = distinct !{}
!21 = !{!"omnipotent char"}
"""


def function(name: str) -> str:
    start = MODULE.index(f"define internal double @{name}(")
    return MODULE[start : MODULE.index("\n}\n", start) + 3]


WORK, TWICE = function("work"), function("twice")


def added(line: str) -> str:
    """The function @work with more lines in its loop."""
    return WORK.replace("  %m = fmul", f"  {line}\n  %m = fmul", 1)


def assembles(clang: str, text: str, folder: Path) -> bool:
    """The change of @work is valid IR: it is the gate that stops it, not the parser."""
    source = folder / "tried.ll"
    source.write_text(MODULE.replace(WORK, text))
    argv = [clang, "-w", "-c", source, "-o", folder / "tried.o"]
    done = subprocess.run(argv, capture_output=True, text=True)
    print(done.stderr[:1000])
    return done.returncode == 0
