"""Call chains: lines of `perf script` as several versions print them, and a real recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.base import process, toolchain
from collectors.base.invocation import Invocation
from collectors.measured import chains, mappings
from collectors.measured.kernel_work import kernel_work

MAPPED = (
    " 5/5  PERF_RECORD_MMAP2 5/5: [0x400000(0x9000) @ 0 fe:00 1 2]: r-xp /bin/a (b)",
    " 5/5  PERF_RECORD_MMAP2 5/5: [0x7f0000(0x9000) @ 0x1000 fe:00 1 2]: r-xp /lib/c.so",
)
OFFSETS = (
    " 5/5     7 cpu-clock:u: ",
    "\tffffffff81000010 clear_page_erms ([kernel.kallsyms])",
    "\tffffffff81000c82 asm_exc_page_fault ([kernel.kallsyms])",
    "\t            1010 malloc (/lib/c.so)",
    "\t             123 f(int, char*) [clone .isra.0] (/bin/a (b))",
    "\t             456 _start (/bin/a (b))",
    "",
)
PLACED = [
    ("[kernel]", None, "clear_page_erms"),
    ("[kernel]", None, "asm_exc_page_fault"),
    ("/lib/c.so", 0x1010, "malloc"),
    ("/bin/a (b)", 0x123, "f(int, char*) [clone .isra.0]"),
    ("/bin/a (b)", 0x456, "_start"),
]


class Flat(mappings.Images):
    """Files whose addresses are their offsets."""

    def address(self, _path: str, offset: int) -> int | None:
        return offset


def take(*lines: str, unwound: bool = True) -> chains.Reader:
    reader = chains.Reader(Flat(), unwound)
    for line in (*MAPPED, *lines):
        reader.take(line.encode("latin1") + b"\n")
    return reader


def frames(reader: chains.Reader) -> list[tuple]:
    rows = reader.tables()["stack_frames"].to_pylist()
    return [(r["object"], r["address"], r["symbol"]) for r in rows]


def test_offsets_in_files_and_a_page_fault() -> None:
    reader = take(*OFFSETS, *OFFSETS)
    assert frames(reader) == PLACED
    (stack,) = reader.tables()["stacks"].to_pylist()
    assert (stack["count"], stack["period"]) == (2, 14)
    assert stack["kernel"] == "page faults" and stack["whole"]
    assert reader.problems() == []


def test_addresses_in_the_process_as_older_versions_print_them() -> None:
    absolute = {"1010 malloc": "7f0010 malloc", " 123 f": "400123 f", " 456 _": "400456 _"}
    lines = list(OFFSETS)
    for old, new in absolute.items():
        lines = [line.replace(old, new) for line in lines]
    assert frames(take(*lines)) == PLACED


def test_frame_pointers_lead_behind_the_call() -> None:
    found = frames(take(*OFFSETS, unwound=False))
    # the sample itself was taken at the first frame below the kernel
    assert [address for _, address, _ in found[2:]] == [0x1010, 0x122, 0x455]


def test_chains_that_were_cut_and_lines_in_between() -> None:
    cut = [line for line in OFFSETS if "_start" not in line]
    reader = take(*cut, " 5/5  PERF_RECORD_COMM: x\n\t 999 evil (/bin/evil):5/5", "\t 12 x (/y)")
    assert len(frames(reader)) == 4
    assert any("100 % of the call chains end before" in p.what for p in reader.problems())


@pytest.mark.parametrize(
    ("kernel", "user", "kind"),
    [
        (["copy_page", "handle_mm_fault", "asm_exc_page_fault"], "memset", "page faults"),
        (["exc_page_fault", "copy_to_user", "__x64_sys_read"], "read", "input and output"),
        (["clear_page", "do_page_fault", "el0_da"], None, "page faults"),
        (["unmap", "__x64_sys_munmap", "do_syscall_64"], "__munmap", "memory mapping"),
        (["do_syscall_64"], "__GI___libc_write", "input and output"),
        (["schedule", "futex_wait", "__x64_sys_futex"], "x", "scheduling and waiting"),
        (["__arm64_sys_clone3", "el0_svc"], "x", "starting and ending processes"),
        (["tick", "asm_sysvec_apic_timer_interrupt"], "hot", "interrupts"),
        (["__x64_sys_getpid"], "getpid", "other system calls"),
        ([None, None], "__GI___libc_write", "input and output"),
        ([None, None], "hot", None),
    ],
)
def test_what_the_kernel_did(kernel: list[str | None], user: str | None, kind: str | None) -> None:
    assert kernel_work(kernel, user) == kind


PROGRAM = """
#include <stdlib.h>
__attribute__((noinline)) static int order(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}
__attribute__((noinline)) static double work(int n) {
  double s = 1;
  for (int i = 0; i < n; i++) s = s / 1.0000001 + 0.5;
  return s;
}
__attribute__((noinline)) static double often(void) { return 1 + work(60000000); }
__attribute__((noinline)) static double seldom(void) { return 2 + work(20000000); }
__attribute__((noinline)) static int sorted(int n) {
  int *a = malloc(n * sizeof *a), first;
  for (int i = 0; i < n; i++) a[i] = i * 2654435761u;
  qsort(a, n, sizeof *a, order);
  first = a[0];
  free(a);
  return first;
}
int main(void) { volatile double s = often() + seldom() + sorted(1000000); return s > 1e300; }
"""


@pytest.mark.slow
def test_callers_of_a_program_without_frame_pointers(tmp_path: Path) -> None:
    """A loop that is called three times as long from one place as from another; a callback."""
    (tmp_path / "a.c").write_text(PROGRAM)
    binary = tmp_path / "a"
    clang = toolchain.find().path("clang")
    done = process.run([clang, "-O2", "-g", "-fomit-frame-pointer", tmp_path / "a.c", "-o", binary])
    assert done.ok, done.last_lines()
    tables, problems = chains.record(Invocation(binary), tmp_path, 0.5)
    assert [p.what for p in problems if "lost" not in p.what] == []
    assert not list(tmp_path.glob("*.data")), "pieces of the program's memory stayed behind"
    counts = {r["stack"]: r["count"] for r in tables["stacks"].to_pylist()}
    named: dict[int, list[str]] = {}
    for row in tables["stack_frames"].to_pylist():
        named.setdefault(row["stack"], []).append(row["symbol"])
    under = {
        caller: sum(n for s, n in counts.items() if named[s][:2] == ["work", caller])
        for caller in ("often", "seldom")
    }
    assert under["seldom"] > 20
    assert 2.4 < under["often"] / under["seldom"] < 3.8
    assert any(n[0] == "order" and "sorted" in n and "main" in n for n in named.values())
    assert all(r["whole"] for r in tables["stacks"].to_pylist() if r["count"] > 2)
