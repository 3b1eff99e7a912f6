"""Machine code with places: the static kernel inlined into another function is still itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from collectors.machine_code import instructions, lines, loop_bodies, mca
from collectors.machine_code.x86 import X86_64

SOURCE = """
static inline double square(double x) { return x * x; }
static double norm(int n, const double *a) {
  double s = 0;
  for (int i = 0; i < n; i++)
    s += square(a[i]);
  return s;
}
double twice(int n, const double *a) { return norm(n, a) + 1; }
int main(int argc, char **argv) { double a[3] = {1, 2, argc}; return twice(argc, a) > 5; }
"""


@pytest.fixture(scope="module")
def built(
    tools: Toolchain, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, instructions.Disassembly]:
    folder = tmp_path_factory.mktemp("code")
    source = folder / "norm.c"
    source.write_text(SOURCE)
    binary = folder / "norm"
    command = [str(tools.path("clang")), "-O2", "-g", "-fno-unroll-loops", "-o", str(binary)]
    subprocess.run([*command, str(source)], check=True)
    table, _ = lines.read(binary)
    return binary, instructions.collect(binary, table, tools)


def test_inline_frames(built: tuple[Path, instructions.Disassembly]) -> None:
    rows = built[1].instructions.to_pylist()
    (multiply,) = [r for r in rows if r["symbol"] == "twice" and r["mnemonic"].startswith("mul")]
    assert [f["function"] for f in multiply["frames"]] == ["square", "norm", "twice"]
    assert multiply["function"] == "square" and multiply["line"] == 2
    assert multiply["file"].endswith("/norm.c")
    assert multiply["machine_loop"] is not None


def test_instructions_equal_objdump(built: tuple[Path, instructions.Disassembly]) -> None:
    """Another disassembler's addresses and mnemonics: GNU objdump's."""
    binary, found = built
    text = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", "-j", ".text", str(binary)],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    theirs = {
        int(line.split(":")[0], 16)
        for line in text.splitlines()
        if line.startswith(" ") and ":" in line
    }
    rows = found.instructions.to_pylist()
    ours = {r["address"] for r in rows if min(theirs) <= r["address"] <= max(theirs)}
    assert ours == theirs


def test_places_equal_the_line_table(
    built: tuple[Path, instructions.Disassembly],
) -> None:
    """An instruction where the line table starts a row has that row's line."""
    binary, found = built
    table, _ = lines.read(binary)
    last = {r["address"]: r for r in table.to_pylist() if not r["end_sequence"]}
    checked = 0
    for row in found.instructions.to_pylist():
        entry = last.get(row["address"])
        if entry and row["frames"]:
            assert (row["line"] or 0, row["file"]) == (entry["line"], entry["file"])
            checked += 1
    assert checked > 10


def test_machine_loops_and_mca(
    built: tuple[Path, instructions.Disassembly], tools: Toolchain, tmp_path: Path
) -> None:
    found = built[1]
    (loop,) = [r for r in found.machine_loops.to_pylist() if r["symbol"] == "twice"]
    assert loop["innermost"] and loop["depth"] == 1
    code = loop_bodies.by_machine_loop(found.instructions)[loop["machine_loop"]]
    assert len(code) == loop["instructions"]
    summary, details, problems = mca.collect(
        {loop["machine_loop"]: code},
        {loop["machine_loop"]: "twice"},
        tools,
        tmp_path,
        X86_64,
        "skylake",
    )
    assert problems == []
    (row,) = summary.to_pylist()
    # a chain of dependent scalar additions: the adder's latency, 4 cycles on skylake, bounds it
    assert row["cpu"] == "skylake" and row["bound"] == "dependencies"
    assert row["cycles_per_iteration"] == pytest.approx(4.0, rel=0.05)
    assert [r["address"] for r in details.to_pylist()] == [address for address, _, _ in code]
    adds = [r for r, c in zip(details.to_pylist(), code) if c[1].startswith("addsd")]
    assert [r["latency"] for r in adds] == [4]


def test_mca_equals_its_own_text_output(
    built: tuple[Path, instructions.Disassembly], tools: Toolchain, tmp_path: Path
) -> None:
    found = built[1]
    (loop,) = [r for r in found.machine_loops.to_pylist() if r["symbol"] == "twice"]
    code = loop_bodies.by_machine_loop(found.instructions)
    picked = {loop["machine_loop"]: code[loop["machine_loop"]]}
    summary, _, _ = mca.collect(picked, {}, tools, tmp_path, X86_64, "skylake")
    text = subprocess.run(
        [str(tools.path("llvm-mca")), "-mcpu=skylake", str(tmp_path / "mca.s")],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    said = dict(line.split(":", 1) for line in text.splitlines() if line.count(":") == 1)
    row = summary.to_pylist()[0]
    assert row["ipc"] == pytest.approx(float(said["IPC"]), abs=0.006)
    assert row["block_rthroughput"] == pytest.approx(float(said["Block RThroughput"]), abs=0.06)
    assert row["cycles_per_iteration"] == int(said["Total Cycles"]) / int(said["Iterations"])


def test_mca_with_nothing_and_with_garbage(tools: Toolchain, tmp_path: Path) -> None:
    summary, details, problems = mca.collect({}, {}, tools, tmp_path, X86_64)
    assert (len(summary), len(details), problems) == (0, 0, [])
    garbage = {16: [(16, "addq", "$1, %rax"), (20, "nonsense", "%q"), (24, "jne", "0x10")]}
    summary, details, problems = mca.collect(garbage, {}, tools, tmp_path, X86_64)
    assert problems, "an instruction that the model does not know is reported"


def test_no_debug_information(tools: Toolchain, tmp_path: Path) -> None:
    source = tmp_path / "norm.c"
    source.write_text(SOURCE)
    binary = tmp_path / "norm"
    subprocess.run([str(tools.path("clang")), "-O2", "-o", str(binary), str(source)], check=True)
    table, problems = lines.read(binary)
    found = instructions.collect(binary, table, tools)
    assert problems and len(found.instructions) > 10
    assert set(found.instructions["line"].to_pylist()) == {None}


@pytest.mark.parametrize(
    ("total", "bound"), [(114, "dispatch width"), (125, "dispatch width"), (140, "dependencies")]
)
def test_what_fills_the_pipeline_once_is_no_waiting(total: int, bound: str) -> None:
    """llvm-mca's total includes the way of the first pass through the pipeline."""
    view = mca._Summary(
        BlockRThroughput=1.0, DispatchWidth=6, IPC=4.0, Instructions=600, Iterations=100,
        TotalCycles=total, TotaluOps=600,
    )  # fmt: skip
    assert mca._summary(view, [{"resource": "P0", "cycles": 0.5}])["bound"] == bound
