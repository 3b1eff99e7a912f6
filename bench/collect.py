"""`corr collect`: start-up, corr's own CPU time, SQLite's static layers, effect on the program."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import hnswlib, sqlite

MEASURE = """
import resource, sys
from corr.__main__ import run
try:
    run()
finally:
    own = resource.getrusage(resource.RUSAGE_SELF)
    print(own.ru_utime + own.ru_stime, own.ru_maxrss // 1024, file=sys.stderr)
"""

#: Runs of the program in a collection: a trial, five timed, three counted, two sampled, and one
#: that counts and takes longer.
RUNS = 12


def main() -> None:
    """Print every figure of this module."""
    startup()
    own_time("gemm.c")
    with tempfile.TemporaryDirectory() as folder:
        effect(Path(folder))
    twice_a_build("SQLite", sqlite.fetch(), ("driver.c", "sqlite3.c"))
    twice_a_build("hnswlib, C++ templates", hnswlib.fetch(), ("driver.cpp",))
    static_layers()


def wall(*command: str | Path, cwd: Path | None = None, out: Path | None = None) -> float:
    """Seconds that a command takes; its stdout goes to `out`."""
    with (out or Path(os.devnull)).open("wb") as sink:
        start = time.perf_counter()
        subprocess.run(
            [str(c) for c in command], cwd=cwd, stdout=sink, stderr=subprocess.DEVNULL, check=True
        )
        return time.perf_counter() - start


def startup() -> None:
    """`corr --help` against a Python that does nothing."""
    corr = Path(sys.executable).parent / "corr"
    ours, bare = [], []
    for _ in range(20):
        ours.append(wall(corr, "--help"))
        bare.append(wall(sys.executable, "-c", "pass"))
    print(
        f"corr --help: {min(ours):.3f} s (target < 0.2 s), "
        f"{min(ours) / min(bare):.1f}× `python -c pass`"
    )


def own_time(kernel: str) -> None:
    """CPU time and peak memory of corr's own process, imports included, children excluded."""
    best, memory = float("inf"), 0
    # compiled modules are kept, as on a user's machine
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(4):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-c", MEASURE, "collect", kernel],
                cwd=folder, env=env, capture_output=True, text=True, check=True,
            )  # fmt: skip
        cpu, rss = done.stderr.splitlines()[-1].split()
        best, memory = min(best, float(cpu)), max(memory, int(rss))
    print(f"corr collect {kernel}: {best:.2f} s own CPU (target ≤ 1 s), peak {memory} MB")


def effect(folder: Path) -> None:
    """The program's own kernel time when corr times it, against plain runs, interleaved."""
    from collectors.base import toolchain
    from collectors.base.invocation import Invocation
    from collectors.measured import timings
    from corr.program.model import find_source

    binary = folder / "gemm"
    clang = toolchain.find().path("clang")
    wall(clang, "-O3", "-g", find_source("gemm.c", folder), "-o", binary)
    invocation = Invocation(binary, ("--size", "400"))
    plain, timed = [], []
    times = folder / "times"
    for _ in range(25):
        times.write_text("")
        env = os.environ | {"CORR_TIMES": str(times)}
        subprocess.run([binary, "--size", "400"], env=env, check=True)
        plain.append(float(times.read_text().split()[1]))
        rows, _ = timings.measure(invocation, 1)
        timed.append(rows["kernel_seconds"].to_pylist()[0])
    ratio = statistics.median(timed) / statistics.median(plain)
    low, high = interval(timed, plain)
    print(f"what timing by corr adds to gemm: ×{ratio:.3f} (95 %: {low:.3f} … {high:.3f})")


def interval(a: list[float], b: list[float]) -> tuple[float, float]:
    """Bootstrap interval (95 %) of the ratio of medians."""
    import numpy as np

    random = np.random.default_rng(1)
    picks = [np.median(random.choice(x, (4000, len(x))), axis=1) for x in (a, b)]
    low, high = np.quantile(picks[0] / picks[1], [0.025, 0.975])
    return float(low), float(high)


def twice_a_build(name: str, folder: Path, sources: tuple[str, ...]) -> None:
    """CPU time and peak memory of `corr collect` against a plain build with the same flags.

    What the program itself takes, in the dozen runs that are measured, is taken off.
    """
    from collectors.base import toolchain

    tools = toolchain.find()
    clang = tools.path("clang++" if sources[0].endswith("pp") else "clang")
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        binary = work / "program"
        objects = [work / f"{source}.o" for source in sources]
        plain = 0.0
        for source, made in zip(sources, objects, strict=True):
            plain += cpu(clang, "-O2", "-c", source, "-o", made, cwd=folder)[0]
        plain += cpu(clang, *objects, "-lm", "-lpthread", "-ldl", "-o", binary, cwd=folder)[0]
        run = min(cpu(binary, cwd=folder)[0] for _ in range(3))
        command = [sys.executable, "-m", "corr", "collect", *sources]
        # as the first time on a user's machine: nothing was compiled before, corr itself was
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        env["CORR_CACHE"] = str(work / "compiled")
        cpu(sys.executable, "-m", "corr", "collect", "--help", cwd=folder, env=env)
        ours, peak = cpu(*command, "--data", work / "data", "--", "-O2", cwd=folder, env=env)
        again = RUNS * run
    print(
        f"corr collect of {name}: {ours:.1f} s CPU, of which about {again:.1f} s are the program's"
        f" runs; a plain build {plain:.1f} s: ×{(ours - again) / plain:.2f} (target ≤ 2.0); peak"
        f" {peak >> 20} MB (target ≤ 600)"
    )


def cpu(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> tuple[float, int]:
    """CPU seconds of a command and all it starts, and the peak memory of the largest of them."""
    with open(os.devnull, "wb") as nothing:
        argv = [str(c) for c in command]
        child = subprocess.Popen(argv, cwd=cwd, env=env, stdout=nothing, stderr=nothing)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, command
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10


def static_layers() -> None:
    """`corr collect --no-run` on SQLite against the same tools typed one after another."""
    folder = sqlite.fetch()
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        start = time.perf_counter()
        command = [
            sys.executable,
            "-c",
            MEASURE,
            "collect",
            "driver.c",
            "sqlite3.c",
            "--no-run",
            "--more",
            "passes",
            "--more",
            "opcodes",
        ]
        done = subprocess.run(
            [*command, "--data", str(work / "data"), "--format", "json"],
            cwd=folder, capture_output=True, text=True, check=True,
        )  # fmt: skip
        ours = time.perf_counter() - start
        cpu, memory = done.stderr.splitlines()[-1].split()
        bare = bare_tools(folder, work)
    total = sum(seconds for _, seconds in bare)
    for name, seconds in bare:
        print(f"  {seconds:7.2f} s  {name}")
    print(
        f"static layers of SQLite: corr {ours:.1f} s, the bare tools one after another "
        f"{total:.1f} s: ×{ours / total:.2f} (target ≤ 1.0); own CPU {float(cpu):.1f} s, "
        f"peak {memory} MB"
    )


def bare_tools(folder: Path, work: Path) -> list[tuple[str, float]]:
    """The commands whose output corr reads, each to a file, in turn."""
    from collectors.base import toolchain

    tools = toolchain.find()
    clang = tools.path("clang")
    binaries = tools.path("llvm-objdump").parent
    run = next((work / "data" / "runs").iterdir())
    functions = hot_functions(run)
    lines = []

    def one(*command: str | Path, out: str = "out") -> None:
        seconds = wall(*command, cwd=folder, out=work / out)
        lines.append((" ".join(Path(str(c)).name for c in command)[:110], seconds))

    for unit in ("driver", "sqlite3"):
        common = (clang, "-O3", "-g")
        record = f"-foptimization-record-file={work / unit}.yaml"
        one(*common, "-fsave-optimization-record", record, "-c", f"{unit}.c", "-o", work / unit)
        frontend = work / f"{unit}.ll"
        options = ("-Xclang", "-disable-llvm-passes", "-fno-discard-value-names")
        one(*common, *options, "-S", "-emit-llvm", f"{unit}.c", "-o", frontend)
        one(clang, "-O3", "-S", "-emit-llvm", "-x", "ir", frontend, "-o", work / f"{unit}.opt.ll")
        one(binaries / "llvm-remarkutil", "count", "--parser=yaml", f"{work / unit}.yaml")
        named = functions.get(f"{unit}.c")
        if named:
            listing = work / "filter"
            listing.write_text(f"-mllvm -filter-print-funcs={','.join(named)}")
            dump = work / "dump.sh"
            dump.write_text(
                f"exec {clang} -O3 -x ir {frontend} -c -o /dev/null -mllvm -print-changed "
                f"@{listing} 2> {work}/dump\n"
            )
            one("sh", dump)
    program = work / "program"
    one(clang, work / "driver", work / "sqlite3", "-lm", "-o", program)
    one(binaries / "llvm-objdump", "-d", program)
    one(binaries / "llvm-dwarfdump", "--debug-line", program)
    addresses = work / "addresses"
    addresses.write_text("\n".join(f"0x{a:x}" for a in line_addresses(run)) + "\n")
    symbolise = work / "symbolise.sh"
    symbolise.write_text(f"exec {binaries}/llvm-symbolizer --obj={program} < {addresses}\n")
    one("sh", symbolise)
    listing = run / "artifacts" / "mca.s"
    if listing.exists():
        one(binaries / "llvm-mca", "-json", listing)
    return lines


def hot_functions(run: Path) -> dict[str, list[str]]:
    """Unit to the functions whose passes corr traced."""
    import duckdb

    sql = f"SELECT unit, list(DISTINCT function) FROM '{run}/passes.parquet' GROUP BY unit"
    return dict(duckdb.sql(sql).fetchall())


def line_addresses(run: Path) -> list[int]:
    """The addresses that corr looks up: where the line table starts a row."""
    import duckdb

    sql = f"SELECT DISTINCT address FROM '{run}/lines.parquet' WHERE NOT end_sequence"
    return [row[0] for row in duckdb.sql(sql).fetchall()]
