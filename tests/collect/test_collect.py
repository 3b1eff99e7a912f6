"""`corr collect` end to end, run as a user runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from corr.lake.sql import ask
from corr.lake.store import Lake

pytestmark = pytest.mark.slow


def rows(folder: Path, sql: str, label: str | None = None) -> list[dict[str, Any]]:
    """What `corr sql` would print in that folder, of the run with that label or of all."""
    lake = Lake.open(folder / "data")
    return ask(lake, sql, runs=[lake.find(label)] if label else None).to_pylist()


def test_hot_loop_of_gemm(gemm_lake: Path, corr) -> None:
    done = corr("hotspots", "a", "--format", "json", cwd=gemm_lake)
    top = json.loads(done.stdout)[0]
    assert (top["loop"], top["function"], top["depth"]) == ("kernel_gemm/1.1.1", "kernel_gemm", 3)
    assert top["share"] > 0.5 and top["iterations"] == 300**3 and top["trip_count"] == 300
    assert top["mca_cycles"] > 1 and top["bound"] and top["passes"] > 5
    assert "reorder floating-point operations" in top["missed"][0]


def test_inlined_kernel_keeps_its_name(gemm_lake: Path) -> None:
    found = rows(
        gemm_lake,
        "SELECT DISTINCT symbol, function, loop FROM instructions WHERE loop LIKE 'kernel_gemm/%'",
        "a",
    )
    assert {r["function"] for r in found} == {"kernel_gemm"}
    assert "kernel_gemm" not in {r["symbol"] for r in found}, "it was inlined, so this shows it"


def test_two_collects_agree(gemm_lake: Path) -> None:
    """Everything deterministic is equal between two collects of one build.

    Which functions are hot enough for a trace of their passes is up to the samples: those that
    both runs traced are compared, without their place in the whole trace.
    """
    both = (
        " AND function IN (SELECT function FROM passes GROUP BY function"
        " HAVING count(DISTINCT run_id) = 2)"
    )
    for table, less, more in (
        *((t, "run_id", "") for t in ("loops", "remarks", "opcodes", "instructions", "lines")),
        *((t, "run_id", "") for t in ("execution", "execution_regions", "trips")),
        # a deleted function is missed only when a module pass next prints one of the others
        ("passes", "run_id, sequence", both + " AND scope <> 'module'"),
        ("ir_changes", "run_id, sequence", both + " AND instructions_after > 0"),
    ):
        columns = f"SELECT t.* EXCLUDE ({less}) FROM {table} t JOIN runs r USING (run_id)"
        a, b = (f"({columns} WHERE r.label = '{label}'{more})" for label in "ab")
        (row,) = rows(
            gemm_lake,
            f"SELECT (SELECT count(*) FROM {a}) AS n, "
            f"(SELECT count(*) FROM ({a} EXCEPT ALL {b})) AS gone, "
            f"(SELECT count(*) FROM ({b} EXCEPT ALL {a})) AS new",
        )
        assert row["n"] > 0 and (row["gone"], row["new"]) == (0, 0), table


def test_every_fact_of_the_hot_loop_is_joined(gemm_lake: Path) -> None:
    for table in ("remarks", "instructions", "samples", "execution", "machine_loops"):
        (row,) = rows(
            gemm_lake,
            f"SELECT count(*) AS n FROM {table} WHERE loop = 'kernel_gemm/1.1.1'",
            "a",
        )
        assert row["n"] > 0, table
    (row,) = rows(
        gemm_lake,
        "SELECT count(*) AS n FROM ir_changes WHERE list_contains(loops, 'kernel_gemm/1.1.1')",
        "a",
    )
    assert row["n"] > 5


def test_artifacts_are_kept_and_dropped(gemm_lake: Path, corr, tmp_path: Path) -> None:
    run = Lake.open(gemm_lake / "data").find("a")
    kept = {p.name for p in (run.folder / "artifacts").iterdir()}
    assert {"gemm", "gemm.opt.bitstream", "perf.data", "mca.s", "mca.json"} <= kept
    args = ("collect", "gemm.c", "--no-artifacts", "--no-cachegrind", "--run-args", "--size mini")
    done = corr(*args, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not (Lake.open(tmp_path / "data").find("last").folder / "artifacts").exists()


def test_stdout_is_data_and_stderr_is_messages(corr, tmp_path: Path) -> None:
    done = corr(
        *("collect", "atax.c", "--run-args", "--size mini", "--format", "json"), cwd=tmp_path
    )
    assert done.returncode == 0
    assert {r["function"] for r in json.loads(done.stdout)} >= {"kernel_atax"}
    assert "run 2" in done.stderr and "\x1b" not in done.stdout + done.stderr


def test_a_source_that_shares_a_parent_with_the_working_folder(corr, tmp_path: Path) -> None:
    """Clang then writes names relative to what the two folders have in common."""
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "work" / "here").mkdir(parents=True)
    (tmp_path / "src" / "deep" / "p.c").write_text(
        "int main(int c, char **v) { int s = 0; for (int i = 0; i < 1000 * c; i++) s ^= v[0][i & 1];"
        " return s & 0; }\n"
    )
    done = corr("collect", "../../src/deep/p.c", cwd=tmp_path / "work" / "here")
    assert done.returncode == 0, done.stderr
    found = rows(
        tmp_path / "work" / "here", "SELECT DISTINCT file FROM remarks WHERE loop = 'main/1'"
    )
    assert found == [{"file": "p.c"}]


def test_no_run(corr, tmp_path: Path) -> None:
    source = tmp_path / "library.c"
    source.write_text(
        "void other(void);\n"
        "void scale(int n, float *a) { for (int i = 0; i < n; i++) a[i] *= 2; other(); }\n"
    )
    done = corr("collect", "library.c", "--no-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = rows(tmp_path, "SELECT loop FROM instructions WHERE loop = 'scale/1'")
    assert found
    (row,) = rows(tmp_path, "SELECT vector_width FROM transformed WHERE loop = 'scale/1'")
    assert row["vector_width"] == 4


@pytest.mark.parametrize(
    ("source", "options", "code", "says"),
    [
        ("int main(void) { return x; }", (), 1, "undeclared identifier 'x'"),
        ("int main(void) { *(volatile int *)0 = 1; }", (), 1, "SIGSEGV"),
        ("int main(void) { return 3; }", (), 1, "exit status 3"),
        ("int main(void) { for (volatile int i = 0;;) i++; }", ("--time-limit", "1"), 1, "limit"),
        ("int f(void); int main(void) { return f(); }", (), 1, "undefined"),
        ("int main(void) { return 0; }", ("--llvm", "3"), 3, "clang-3"),
        ("int main(void) { return 0; }", ("--stdin", "no"), 2, "no such file"),
        ("int main(void) { return 0; }", ("--env", "A"), 2, "NAME=VALUE"),
        ("int main(void) { return 0; }", ("--run-args", "'"), 2, "--run-args"),
        ("int main(void) { return 0; }", ("--nonsense",), 2, "No such option"),
        ("int main(void) { return 0; }", ("-p", "build"), 2, "exclude each other"),
        ("int main(void) { return 0; }", ("--", "-O9", "-fnonsense"), 1, "-fnonsense"),
    ],
)
def test_programs_that_do_not_work(
    corr, tmp_path: Path, source: str, options: tuple[str, ...], code: int, says: str
) -> None:
    (tmp_path / "p.c").write_text(source + "\n")
    done = corr("collect", "p.c", *options, cwd=tmp_path)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""
    if (tmp_path / "data").exists():
        assert Lake.open(tmp_path / "data").all_runs() == []
        assert not list((tmp_path / "data").glob(".staging/*"))


def test_a_program_of_arguments_input_environment_and_binary_output(corr, tmp_path: Path) -> None:
    (tmp_path / "p.c").write_text(
        "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
        "int main(int argc, char **argv) {\n"
        '  if (argc != 3 || strcmp(argv[2], "a b") || !getenv("MODE")) return 9;\n'
        "  int c, n = 0;\n  while ((c = getchar()) != EOF) { n++; putchar(c ^ 0x80); }\n"
        "  return n != 1000;\n}\n"
    )
    (tmp_path / "in").write_bytes(b"\x00" * 1000)
    done = corr(
        *("collect", "p.c", "--run-args", "x 'a b'", "--stdin", "in", "--env", "MODE=1"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    (row,) = rows(tmp_path, "SELECT iterations FROM trips WHERE loop_key = 'main/1'")
    assert row["iterations"] == 1000


def test_without_perf_and_valgrind(corr, tmp_path: Path, tools) -> None:
    """A PATH with nothing but LLVM and the linker's helpers: the layers are missing, with reasons."""
    tools_folder = tmp_path / "bin"
    tools_folder.mkdir()
    for name in (f"clang-{tools.major}", f"clang++-{tools.major}", "ld", "as", "prlimit"):
        found = subprocess.run(["which", name], capture_output=True, text=True).stdout.strip()
        if found:
            (tools_folder / name).symlink_to(Path(found).resolve())
    done = corr(
        *("collect", "gemm.c", "--run-args", "--size 200", "--cachegrind"),
        cwd=tmp_path,
        PATH=str(tools_folder),
    )
    assert done.returncode == 0, done.stderr
    found = rows(tmp_path, "SELECT DISTINCT reason FROM counters")
    assert found == [{"reason": "perf is not installed"}]
    layers = {r["layer"] for r in rows(tmp_path, "SELECT layer FROM problems")}
    assert {"samples", "counters", "cachegrind"} <= layers
    (row,) = rows(tmp_path, "SELECT iterations FROM trips WHERE loop_key='kernel_gemm/1.1.1'")
    assert row["iterations"] == 200**3


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_leaves_nothing(tmp_path: Path, sent: signal.Signals) -> None:
    (tmp_path / "p.c").write_text("int main(void) { for (volatile int i = 0;;) i++; }\n")
    command = [sys.executable, "-m", "corr", "collect", "p.c", "--time-limit", "50"]
    child = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 300
    while not list(tmp_path.glob("data/.staging/*/artifacts/p")):
        assert time.monotonic() < deadline and child.poll() is None
        time.sleep(0.05)
    time.sleep(0.3)
    child.send_signal(sent)
    _, said = child.communicate(timeout=120)
    assert child.returncode == 130 and "interrupted" in said and "Traceback" not in said
    assert not list(tmp_path.glob("data/.staging/*")) and not list(tmp_path.glob("data/runs/*"))
    left = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True)
    assert left.stdout == "", "no process of the program's is left"
