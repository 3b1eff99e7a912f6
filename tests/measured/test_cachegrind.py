"""Cachegrind's counts against its own totals and against cg_annotate."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from collectors.base import process, toolchain
from collectors.base.errors import CorrError
from collectors.base.invocation import Invocation
from collectors.measured import cachegrind

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "cachegrind"
EVENTS = ["Ir", "I1mr", "ILmr", "Dr", "D1mr", "DLmr", "Dw", "D1mw", "DLmw"]

PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
#define N 1048576 /* 8 MB: more than any first-level cache */
static double table[N];
__attribute__((noinline)) static double sum(int n) {
  double s = 0;
  for (int i = 0; i < n; i++)
    s += table[(i * 8) & (N - 1)];
  return s;
}
int main(int argc, char **argv) {
  for (int i = 0; i < N; i++)
    table[i] = i;
  printf("%g\\n", sum(100000));
  return getenv("CORR_TIMES") ? 9 : 0;
}
"""


def build(tmp_path: Path, source: str, *flags: str) -> Path:
    (tmp_path / "program.c").write_text(source)
    binary = tmp_path / "program"
    clang = toolchain.find().path("clang")
    done = process.run([clang, "-O1", *flags, tmp_path / "program.c", "-o", binary])
    assert done.ok, done.last_lines()
    return binary


def test_recorded_file() -> None:
    counts = cachegrind.parse(FIXTURES / "tiny.out")
    assert counts.totals() == counts.summary == [5010, 1, 1, 1000, 4, 4, 0, 0, 0]
    rows = {row["line"]: row for row in cachegrind.table(counts).to_pylist()}
    assert rows[6] == {
        "file": "/src/tiny.c", "line": 6, "function": "(below main)", "Ir": 1500, "I1mr": 0,
        "ILmr": 0, "Dr": 500, "D1mr": 1, "DLmr": 1, "Dw": 0, "D1mw": 0, "DLmw": 0,
        "Bc": None, "Bcm": None, "Bi": None, "Bim": None,
    }  # fmt: skip
    assert rows[None]["Ir"] == 1  # line 0: in the file, but valgrind does not know where


def test_inlined_files_branches_dots_and_repeated_places(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text(
        "desc: x\ncmd: a=b fl=c\nevents: Ir Bc Bcm\n"
        "fl=a.c\nfn=f(int, char = 1)\n10 5 2 1\nfi=b.h\n3 4\nfe=a.c\n10 1 . 1\n"
        "fl=???\nfn=???\n0 7\nsummary: 17 2 2\n"
    )
    counts = cachegrind.parse(path)
    assert counts.places == {
        ("a.c", 10, "f(int, char = 1)"): [6, 2, 2],
        ("b.h", 3, "f(int, char = 1)"): [4, 0, 0],
        (None, None, None): [7, 0, 0],
    }
    row = cachegrind.table(counts).to_pylist()[0]
    assert (row["Bc"], row["Bcm"], row["Bi"], row["Dr"]) == (2, 2, None, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("events: Ir\nfl=a\nfn=f\n1 5\nsummary: 6\n", "add up"),
        ("events: Ir\nfl=a\nfn=f\n1 x\nsummary: 6\n", "out:4"),
        ("events: Ir\nfl=a\nfn=f\n1 5\n", "not a whole"),
        ("", "not a whole"),
    ],
)
def test_damaged_files(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "out").write_text(text)
    with pytest.raises(CorrError, match=message):
        cachegrind.parse(tmp_path / "out")


def annotated(out: Path) -> Counter[tuple[str, str]]:
    """cg_annotate's table of functions: counts of every event by (file:function, event)."""
    command = ["cg_annotate", "--auto=no", "--threshold=0", f"--show={','.join(EVENTS)}", str(out)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    listing = text.split("file:function", 1)[1].split("\n", 2)[2]
    found: Counter[tuple[str, str]] = Counter()
    for line in listing.splitlines():
        numbers = re.findall(r"([\d,]+)(?: \(\s*[\d.]+%\))?\s+", line)
        match = re.fullmatch(r"\s*((?:[\d,]+(?: \(\s*[\d.]+%\))?\s+){9})(\S.*)", line)
        if match:
            numbers = re.findall(r"([\d,]+)(?: \(|\s)", match[1])
            for event, number in zip(EVENTS, numbers, strict=True):
                found[match[2], event] = int(number.replace(",", ""))
    return found


@pytest.mark.slow
def test_real_program_against_cg_annotate(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("CORR_TIMES", "x")  # must not reach the program, which would fail
    binary = build(tmp_path, PROGRAM, "-gdwarf-4")
    table, problems = cachegrind.measure(Invocation(binary), tmp_path / "100% out")
    assert not [p for p in problems if p.where != "LL cache"]
    ours: Counter[tuple[str, str]] = Counter()
    for row in table.to_pylist():
        name = f"{row['file'] or '???'}:{row['function'] or '???'}"
        for event in EVENTS:
            ours[name, event] += row[event]
    theirs = annotated(tmp_path / "100% out" / "cachegrind.out")
    assert len(theirs) > 9 * 20
    assert ours == theirs
    lines = {r["line"]: r for r in table.to_pylist() if r["file"] == f"{tmp_path}/program.c"}
    assert lines[9]["Dr"] == 100000
    assert lines[9]["function"] == "sum"
    assert lines[9]["D1mr"] > 0
    assert lines[14]["Dw"] == 1 << 20


@pytest.mark.slow
def test_unreadable_debug_information_is_reported(tmp_path: Path) -> None:
    binary = build(tmp_path, PROGRAM, "-gdwarf-5")
    table, problems = cachegrind.measure(Invocation(binary), tmp_path)
    assert table.num_rows
    said = (tmp_path / "cachegrind.log").read_text()
    complained = "dwarf" in said.lower() or "debuginfo" in said
    assert complained == any("-gdwarf-4" in p.fix for p in problems)


@pytest.mark.slow
def test_unknown_instructions_are_reported(tmp_path: Path) -> None:
    # vpaddd %zmm0,%zmm0,%zmm0: AVX-512, spelled out so that any assembler takes it.
    source = 'int main(void) { __asm__ volatile(".byte 0x62,0xf1,0x7d,0x48,0xfe,0xc0"); return 0; }'
    table, problems = cachegrind.measure(Invocation(build(tmp_path, source)), tmp_path)
    assert any("AVX-512" in p.what and "-mno-avx512f" in p.fix for p in problems)
    assert table.schema == cachegrind.CACHEGRIND.schema


@pytest.mark.slow
def test_time_limit(tmp_path: Path) -> None:
    binary = build(tmp_path, 'int main(void) { for (;;) __asm__ volatile(""); }')
    table, problems = cachegrind.measure(Invocation(binary, timeout=1.5), tmp_path)
    assert table.num_rows == 0
    assert any("still running" in p.what for p in problems)


def test_without_valgrind(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(toolchain, "other", lambda _tool: None)
    table, problems = cachegrind.measure(Invocation(Path("/bin/true")), tmp_path)
    assert table.num_rows == 0
    assert "apt-get install valgrind" in problems[0].fix
