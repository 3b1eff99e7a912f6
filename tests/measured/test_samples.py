"""Samples by address, against perf's own source lines, the symbol table, and recorded events."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from elftools.elf.elffile import ELFFile

from collectors.base import process, toolchain
from collectors.base.invocation import Invocation
from collectors.measured import mappings, samples

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "perf"

LIBRARY = """
double from_library(int n) {
  double s = 1;
  for (int i = 0; i < n; i++)
    s = s * 1.0000001 + 0.5;
  return s;
}
"""
PROGRAM = """
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
double from_library(int n);
static volatile double sink;
__attribute__((noinline)) static void first(int n) {
  for (int i = 0; i < n; i++)
    sink += i * 0.5;
}
__attribute__((noinline)) static void second(int n) {
  for (int i = 0; i < n; i++)
    sink *= 1.0000001;
}
int main(void) {
  prctl(PR_SET_NAME, "a: [b]\\n\\xff 1/1");
  first(20000000);
  second(10000000);
  if (LIBRARY) sink += from_library(LIBRARY);
  if (fork() == 0) { second(10000000); _exit(0); }
  wait(0);
  return 0;
}
"""


def perf() -> Path:
    found = toolchain.other("perf")
    assert found, "perf is not installed"
    return found


def build(folder: Path, *flags: str, library: bool = False) -> Path:
    clang = toolchain.find().path("clang")
    # perf's lines come from binutils' addr2line, which reads DWARF 4 in any version.
    common = [clang, "-O1", "-gdwarf-4"]
    (folder / "program.c").write_text(PROGRAM.replace("LIBRARY", "20000000" if library else "0"))
    (folder / "part.c").write_text(LIBRARY)
    binary = folder / "program"
    command = [*common, *flags, folder / "program.c", "-o", binary]
    if library:
        shared = folder / "libpart.so"
        done = process.run([*common, "-fPIC", "-shared", folder / "part.c", "-o", shared])
        assert done.ok, done.last_lines()
        command += [shared, f"-Wl,-rpath,{folder}"]
    else:
        command += [folder / "part.c"]
    done = process.run(command)
    assert done.ok, done.last_lines()
    return binary


def lines_by_perf(data: Path) -> Counter[str]:
    """What perf itself says of each sample: `program.c:9`, by its own maps and addr2line."""
    command = [perf(), "script", "-f", "-i", data, "-F", "ip,srcline"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Counter(
        line.strip() for line in text.splitlines() if line.strip().startswith(("program.c", "part"))
    )


def lines_by_address(table: pa.Table, folder: Path) -> Counter[str]:
    """Our addresses through llvm-symbolizer: an address that is off by a byte changes its line."""
    symbolizer = toolchain.find().path("llvm-symbolizer")
    found: Counter[str] = Counter()
    for row in table.to_pylist():
        if row["address"] is None or not row["object"].startswith(str(folder)):
            continue
        done = process.run(
            [symbolizer, "--no-inlines", "-e", row["object"], "--basenames", hex(row["address"])]
        )
        place = done.stdout.decode().split("\n")[1]
        if place.startswith(("program.c", "part")):  # not a sample in the C library's start-up
            found[place.rpartition(":")[0]] += row["count"]
    return found


def assert_symbols_hold_addresses(table: pa.Table, folder: Path) -> int:
    """perf's symbol of each sample must cover our address in the ELF symbol table."""
    checked = 0
    tables: dict[str, list] = {}
    stubs: dict[str, list[range]] = {}
    for row in table.to_pylist():
        if row["symbol"] is None or not row["object"].startswith(str(folder)):
            continue
        if row["object"] not in tables:
            with open(row["object"], "rb") as stream:
                elf = ELFFile(stream)
                stubs[row["object"]] = [
                    range(s["sh_addr"], s["sh_addr"] + s["sh_size"])
                    for s in elf.iter_sections()
                    if s.name.startswith((".plt", ".init", ".fini"))
                ]
                section = elf.get_section_by_name(".symtab")
                tables[row["object"]] = [(s.name, s["st_value"], s["st_size"]) for s in
                                         section.iter_symbols() if s["st_size"]]  # fmt: skip
        if any(row["address"] in stub for stub in stubs[row["object"]]):
            continue  # perf names a stub after what stands before it, start-up code has no size
        spans = [(v, v + z) for name, v, z in tables[row["object"]] if name == row["symbol"]]
        assert any(a <= row["address"] < b for a, b in spans), row
        checked += row["count"]
    return checked


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "library"), [(("-pie", "-fPIE"), False), (("-no-pie",), False), ((), True)],
    ids=["pie", "no-pie", "shared-library"],
)  # fmt: skip
def test_addresses_against_perf_and_the_symbol_table(
    tmp_path: Path, flags: tuple[str, ...], library: bool
) -> None:
    binary = build(tmp_path, *flags, library=library)
    table, problems = samples.record(Invocation(binary), tmp_path / "kept")
    assert [p for p in problems if "got a processor back" not in p.what] == []
    assert table.schema == samples.SAMPLES.schema
    by_perf = lines_by_perf(tmp_path / "kept" / "perf.data")
    by_address = lines_by_address(table, tmp_path)
    assert sum(by_perf.values()) > 300
    assert by_address == by_perf
    assert assert_symbols_hold_addresses(table, tmp_path) >= sum(by_perf.values())
    rows = table.to_pylist()
    symbols = {r["symbol"] for r in rows}
    assert {"first", "second"} <= symbols
    assert set(table["event"].to_pylist()) <= {"cycles", "cpu-clock"}
    if library:
        (path,) = {r["object"] for r in rows if r["symbol"] == "from_library"}
        assert path == str(tmp_path / "libpart.so")
    total = sum(r["count"] for r in rows)
    # without those of a machine that was busy
    script = [perf(), "script", "-f", "-i", tmp_path / "kept/perf.data", "-F", "period,ip,sym"]
    lines = process.run(script).stdout.decode().splitlines()
    seen = [line.split() for line in lines if not re.search(RESUMED, line)]
    periods = [int(words[0]) for words in seen if words]
    assert total == len(periods)
    assert sum(r["period"] for r in rows) == sum(periods)
    ids = {r["build_id"] for r in rows if r["symbol"] == "first"}
    notes = subprocess.run(["readelf", "-n", binary], capture_output=True, text=True).stdout
    assert all(build_id in notes for build_id in ids)


#: Where the kernel gives a task its processor back.
RESUMED = "finish_task_switch|irqentry_exit_to_user_mode"


def test_samples_of_a_busy_machine_are_left_out_and_told() -> None:
    kernel = " 5/5     7 cpu-clock:  ffffffff815dd7a4 "
    reader = take(
        *[f"{kernel}finish_task_switch.isra.0"] * 9,
        f"{kernel}clear_page",
        " 5/5  7 cycles:  ffffffff815dd7a4 finish_task_switch",
    )
    assert reader.resumed == 9 and sum(c for c, _ in reader.found.values()) == 2
    (told,) = (p for p in reader.problems() if "got a processor back" in p.what)
    assert told.what.startswith("9 samples left out") and "leave the machine alone" in told.fix


def test_recorded_events_with_a_fork_and_a_hostile_name() -> None:
    reader = samples.Reader(mappings.Images())
    text = (FIXTURES / "script-fork.txt").read_bytes()
    for line in text.splitlines(keepends=True):
        reader.take(line)
    events = [line for line in text.splitlines() if b" cpu-clock:" in line]
    resumed = [line for line in events if re.search(RESUMED.encode(), line)]
    assert resumed and reader.resumed == len(resumed)
    assert sum(c for c, _ in reader.found.values()) == len(events) - len(resumed)
    table = reader.table()
    rows = table.to_pylist()
    # The child of the fork has no mappings of its own in the recording.
    assert {r["object"] for r in rows if r["symbol"] in ("hot", "hot2")} == {"/src/a"}
    assert sum(r["count"] for r in rows if r["symbol"] == "hot2") == 12
    assert {r["object"] for r in rows if r["symbol"] == "perf_output_copy"} == {"[kernel]"}
    assert any(p.where == "/src/a" and "No such file" in p.what for p in reader.problems())
    assert any("let the program run longer" in p.fix for p in reader.problems())


class Flat(mappings.Images):
    """Files whose addresses are their offsets."""

    def address(self, _path: str, offset: int) -> int | None:
        return offset


def take(*lines: str) -> samples.Reader:
    reader = samples.Reader(Flat())
    for line in lines:
        reader.take(line.encode("latin1") + b"\n")
    return reader


def places(reader: samples.Reader) -> list[tuple]:
    return [(binary, address, symbol) for binary, address, symbol, _ in reader.found]


def test_later_mappings_exec_and_threads() -> None:
    reader = take(
        " 5/5  PERF_RECORD_MMAP2 5/5: [0x1000(0x3000) @ 0 fe:00 1 2]: r-xp /one two",
        " 5/5  PERF_RECORD_MMAP2 5/5: [0x2000(0x1000) @ 0x9000 <0123abcd>]: r-xp /three",
        " 5/5  PERF_RECORD_FORK(5:6):(5:5)",
        " 5/6     7 cpu-clock:u:      1010 a",
        " 5/6     7 cpu-clock:u:      2010 b",
        " 5/6     7 cpu-clock:u:      3010 c",
        " 5/6     7 cpu-clock:u:      4010 [unknown]",
        " 5/5  PERF_RECORD_COMM exec: x: y:5/5",
        " 5/5     7 cpu-clock:u:      1010 d",
        " 5/5  PERF_RECORD_LOST lost 12",
        " 5/5  PERF_RECORD_LOST lost 3",
        "PERF_RECORD_MMAP2 garbage",
        "\xff\xfe: 12 cpu-clock: nonsense",
    )
    assert places(reader) == [
        ("/one two", 0x10, "a"),
        ("/three", 0x9010, "b"),
        ("/one two", 0x2010, "c"),
        ("[unknown]", None, None),
        ("[unknown]", None, "d"),
    ]
    assert [p.count for p in reader.problems() if "lost" in p.what] == [15]


def test_memory_without_a_file_and_events() -> None:
    reader = take(
        " 5/5  PERF_RECORD_MMAP2 5/5: [0x1000(0x1000) @ 0 00:00 0 0]: r-xp //anon",
        " 5/5  PERF_RECORD_MMAP2 5/5: [0x2000(0x1000) @ 0 00:00 0 0]: r-xp [vdso]",
        " 5/5  PERF_RECORD_MMAP2 5/5: [0x3000(0x1000) @ 0 00:00 0 0]: rwxp [heap]",
        " 5/5  9 cycles:      1010 jitted(int, char*) [clone .isra.0]",
        " 5/5  9 cpu_core/cycles/u:      2010 __vdso_time",
        " 5/5  9 cycles:uppp:      3010 [unknown]",
        " 5/5  9 cycles:  ffffffff81000010 do_it",
    )
    assert places(reader) == [
        ("[unknown]", None, "jitted(int, char*) [clone .isra.0]"),
        ("[vdso]", None, "__vdso_time"),
        ("[unknown]", None, None),
        ("[kernel]", None, "do_it"),
    ]
    assert {event for *_, event in reader.found} == {"cycles"}


@pytest.mark.slow
def test_changed_binary_gets_no_addresses(tmp_path: Path) -> None:
    binary = build(tmp_path)
    segments = mappings.load_image(binary).segments
    offset = next(o for o, size, address in segments if size)
    assert mappings.Images().address(str(binary), offset) is not None
    images = mappings.Images({str(binary): "0" * 40})
    assert images.address(str(binary), offset) is None
    assert "changed after" in images.unreadable[str(binary)]


@pytest.mark.slow
def test_too_few_samples(tmp_path: Path) -> None:
    table, problems = samples.record(Invocation(Path("/bin/true")), tmp_path)
    assert table.num_rows < 100
    assert any("let the program run longer" in p.fix for p in problems)
    assert (tmp_path / "perf.data").is_file()


def test_without_perf(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(toolchain, "other", lambda _tool: None)
    table, problems = samples.record(Invocation(Path("/bin/true")), tmp_path)
    assert table.num_rows == 0
    assert problems[0].what == "perf is not installed"


@pytest.mark.slow
def test_failing_and_endless_programs(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    _, problems = samples.record(Invocation(program), tmp_path)
    assert any("exit status 3" in p.what for p in problems)
    program.write_text("#!/bin/sh\nsleep 60\n")
    table, problems = samples.record(Invocation(program, timeout=1), tmp_path)
    assert table.num_rows == 0
    assert any("still running" in p.what for p in problems)


@pytest.mark.slow
def test_nothing_is_left_in_the_home_folder(tmp_path: Path, monkeypatch) -> None:
    """perf copies what it samples to ~/.debug unless it is told not to."""
    monkeypatch.setenv("HOME", str(tmp_path))
    samples.record(Invocation(Path("/bin/true")), tmp_path / "kept")
    assert os.listdir(tmp_path) == ["kept"]
