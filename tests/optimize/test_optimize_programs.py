"""`corr optimize` on programs of every kind, and on those that it cannot take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from corr.lake.sql import ask
from corr.lake.store import Lake
from tests.support.command import Corr
from tests.support.model_server import ModelServer, flags
from tests.support.places import ROOT

pytestmark = pytest.mark.slow

#: Slow at -O0 only: -O3 is a large gain and a plain one.
SLOW = """
#include <stdio.h>
#include <stdlib.h>
static double a[4000];
int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 3;
  for (int r = 0; r < 12000; r++)
    for (int i = 0; i < 4000; i++) a[i] = a[i] * 0.5 + n * i;
  printf("%.17g\\n", a[3999] + a[7]);
  return 0;
}
"""
#: Prints other letters wherever the stack is: no number that may differ from run to run.
LETTER = "putchar('a' + ((unsigned long)&n >> k) % 8)"
CXX = """
#include <cstdio>
#include <vector>
int main() {
  std::vector<double> a(4000);
  for (int r = 0; r < 1000; r++)
    for (std::size_t i = 0; i < a.size(); i++) a[i] = a[i] * 0.5 + i;
  std::printf("%.17g\\n", a[7]);
}
"""


def proposals(folder: Path) -> list[dict[str, object]]:
    query = "SELECT * FROM iterations WHERE role = 'proposal' ORDER BY run_id, candidate"
    return ask(Lake.open(folder / "data"), query).to_pylist()


@pytest.mark.timed
def test_a_program_without_input(tmp_path: Path, corr: Corr) -> None:
    """Also what is said of it, the same code, and a second session on the program last seen."""
    (tmp_path / "slow.c").write_text(SLOW.replace("argc > 1 ? atoi(argv[1]) : 3", "argc + 2"))
    moves = [flags("-O0"), flags("-O3")]
    done = corr_o0(corr, tmp_path, "slow.c", moves)
    assert done.returncode == 0, done.stderr
    assert "takes no input that is known" in done.stderr and "replayed" in done.stderr
    same, faster = proposals(tmp_path)
    assert (same["outcome"], same["detail"]) == ("same", "the machine code is the same")
    assert same["speedup"] == 1 and same["speedup_original"] == 1
    assert faster["outcome"] == "accepted" and faster["guarantee"] == "replayed"
    assert "one input only" in str(faster["guarantee_detail"])
    assert json.loads((tmp_path / "slow.optimized" / "result.json").read_text())["flags"] == ["-O3"]
    # without a file: the program last optimised, not what the last run made of it
    again = corr_o0(corr, tmp_path, None, [flags("-O0")])
    assert again.returncode == 4 and "the original is kept" in again.stderr


def corr_o0(corr: Corr, folder: Path, file: str | None, moves: list[object], *more: str):  # type: ignore[no-untyped-def]
    """Optimise a program that is built with -O0."""
    entries = [{"reason": "scripted", "move": m} for m in moves]
    with ModelServer([{"candidates": entries}, "No more."]) as server:
        return corr(
            *("optimize", *([file] if file else []), "--proposer", "llm", "--iterations", "1"),
            *("--candidates", str(len(moves)), *more, *(["--", "-O0"] if file else [])),
            cwd=folder,
            **server.environment,
        )


@pytest.mark.timed
def test_inputs_and_own_check(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "slow.c").write_text(SLOW)
    tmp_path.chmod(0o755)  # in the sandbox nobody is root
    (tmp_path / "expected").write_text("0\n")
    check = 'test -r expected && test "$($CORR_BINARY 0)" = "$(cat expected)"'
    given = ("--input", "5", "--held-out", "7", "--check", check)
    done = corr_o0(corr, tmp_path, "slow.c", [flags("-O3")], *given)
    assert done.returncode == 0, done.stderr
    (row,) = proposals(tmp_path)
    assert row["guarantee"] == "tested"
    assert "3 inputs, 1 of them held out" in str(row["guarantee_detail"])
    assert "command passed" in str(row["guarantee_detail"])
    done = corr_o0(corr, tmp_path, None, [flags("-O2")], "--resume", "last", "--check", "false")
    assert done.returncode == 4 and "is not taken up: command" in done.stderr, done.stderr
    assert proposals(tmp_path)[-1]["outcome"] == "wrong output"
    assert "command" in str(proposals(tmp_path)[-1]["detail"])


@pytest.mark.timed
def test_output_that_differs_from_run_to_run(tmp_path: Path, corr: Corr) -> None:
    text = SLOW.replace("return 0", f"for (int k = 4; k < 34; k += 3) {LETTER}; return 0")
    (tmp_path / "slow.c").write_text(text)
    done = corr_o0(corr, tmp_path, "slow.c", [flags("-O3")])
    assert done.returncode == 1 and "two runs of the original differ" in done.stderr
    assert "--check CMD" in done.stderr and "Traceback" not in done.stderr
    # a command that is content with any output is no check
    done = corr_o0(corr, tmp_path, "slow.c", [flags("-O3")], "--check", "$CORR_BINARY | grep -q .")
    assert done.returncode == 4 and "own command: 0 of 6 mutants caught" in done.stderr, done.stderr
    assert proposals(tmp_path)[-1]["outcome"] == "unchecked"
    knows = ("--check", "$CORR_BINARY | grep -qx 24036")
    done = corr_o0(corr, tmp_path, "slow.c", [flags("-O3")], *knows)
    assert done.returncode == 0, done.stderr
    basis = str(proposals(tmp_path)[-1]["guarantee_detail"])
    assert "own command passed" in basis and "own command: " in basis


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("int main(void) { *(volatile int *)0 = 1; }", 1, "killed by SIGSEGV"),
        ("int main(void) { return 3; }", 1, "exit status 3"),
        ("int main(void) { for (;;) ; }", 1, "time limit"),
        ("int main(void) { return x; }", 1, "does not compile"),
    ],
)
def test_an_original_that_does_not_run(
    tmp_path: Path, corr: Corr, body: str, code: int, said: str
) -> None:
    (tmp_path / "bad.c").write_text(body)
    done = corr("optimize", "bad.c", "--proposer", "rules", "--time-limit", "1", cwd=tmp_path)
    assert done.returncode == code and said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and not list(tmp_path.glob("data/runs/*"))


@pytest.mark.timed
def test_several_files_of_which_one_fails(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "bad.c").write_text("int main(void) { return 3; }")
    (tmp_path / "slow.c").write_text(SLOW)
    entries = [{"reason": "scripted", "move": flags("-O3")}]
    with ModelServer([{"candidates": entries}]) as server:
        done = corr(
            *("optimize", "bad.c", "slow.c", "-o", "results", "--proposer", "llm"),
            *("--iterations", "1", "--candidates", "1", "--", "-O0"),
            cwd=tmp_path,
            **server.environment,
        )
    assert done.returncode == 1 and "exit status 3" in done.stderr
    assert "geometric mean of 1" in done.stdout and "too short to time well" not in done.stdout
    assert (tmp_path / "results" / "slow" / "build.sh").exists()


PARTS = {
    "shape.h": "#define COUNT 4000\nextern double a[COUNT];\nvoid work(int n);\n",
    "data.c": '#include "shape.h"\ndouble a[COUNT];\n',
    "work.c": """#include "shape.h"
void work(int n) {
  for (int r = 0; r < 12000; r++)
    for (int i = 0; i < COUNT; i++) a[i] = a[i] * 0.5 + n * i;
}
""",
    "start.c": """#include <stdio.h>
#include "shape.h"
#define ENTRY int main(void)
ENTRY {
  work(3);
  printf("%.17g\\n", a[COUNT - 1] + a[7]);
}
""",
}


@pytest.mark.timed
def test_the_files_of_one_program(tmp_path: Path, corr: Corr) -> None:
    """They are one, since only one of them has a main(); what is built of the result runs."""
    for name, text in PARTS.items():
        (tmp_path / name).write_text(text)
    entries = [{"reason": "scripted", "move": flags("-O3")}]
    with ModelServer([{"candidates": entries}]) as server:
        done = corr(
            *("optimize", "work.c", "start.c", "data.c", "--proposer", "llm"),
            *("--iterations", "1", "--candidates", "1", "--", "-O0"),
            cwd=tmp_path,
            **server.environment,
        )
    assert done.returncode == 0, done.stderr
    assert "start.c has the only main(): 3 files, one program" in done.stderr
    subprocess.run(["sh", tmp_path / "work.optimized" / "build.sh"], check=True)
    built = tmp_path / "work.optimized" / "work"
    assert subprocess.check_output([built]) == b"24036\n"


def test_files_of_unknown_programs(tmp_path: Path, corr: Corr) -> None:
    """Of two with a main(), which one does the third belong to? Without any, nothing links."""
    for name, text in PARTS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "slow.c").write_text(SLOW)
    done = corr("optimize", "slow.c", "work.c", "data.c", "start.c", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "work.c, data.c: which program that belongs to is not known" in done.stderr
    done = corr("optimize", "work.c", "data.c", "--proposer", "rules", cwd=tmp_path)
    assert done.returncode == 1 and "main" in done.stderr, done.stderr
    for option in ("--resume", "--replay"):
        done = corr("optimize", "slow.c", "start.c", option, "last", cwd=tmp_path)
        assert done.returncode != 0 and "Traceback" not in done.stderr


def test_too_short_to_time(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "short.c").write_text('#include <stdio.h>\nint main(void) { puts("1"); }')
    done = corr("optimize", "short.c", "--proposer", "rules", "--candidates", "1", cwd=tmp_path)
    assert done.returncode == 4 and "give the program more to do" in done.stderr, done.stderr


def test_without_a_sandbox(tmp_path: Path) -> None:
    (tmp_path / "slow.c").write_text(SLOW)
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "prlimit", "setpriv", "unshare", "mount"):
        (tools / tool).symlink_to(f"/usr/bin/{tool}")
    code = (
        f"from collectors.sandbox import confined; confined.ENVIRONMENT = {{'PATH': {str(tools)!r}}}\n"
        "from corr.cli import main; main(['optimize', 'slow.c'])"
    )
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 3 and "bubblewrap" in done.stderr, done.stderr
    assert "--unsafe-no-sandbox" in done.stderr and not (tmp_path / "data").exists()


def test_a_full_disk(tmp_path: Path, corr: Corr) -> None:
    """A real full disk: a tmpfs of 1 MB (needs the right to mount, as in CI's container)."""
    (tmp_path / "slow.c").write_text(SLOW)
    mount = tmp_path / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "corr-test", str(mount)]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        for more, words in (
            ({"TMPDIR": str(mount)}, "set TMPDIR"),
            ({"CORR_DATA": str(mount / "data")}, "--data"),
        ):
            done = corr("optimize", "slow.c", "--proposer", "rules", cwd=tmp_path, **more)
            assert done.returncode == 1 and words in done.stderr, done.stderr
            assert "Traceback" not in done.stderr
    finally:
        subprocess.run(["umount", mount], check=True)


def test_budgets(tmp_path: Path, corr: Corr) -> None:
    (tmp_path / "slow.c").write_text(SLOW)
    script = [{"candidates": [{"reason": "scripted", "move": flags("-O0")}]}]
    with ModelServer(script, repeat=True) as server:
        arguments = ("optimize", "slow.c", "--proposer", "llm", "--candidates", "1")
        done = corr(*arguments, "--budget-time", "0", cwd=tmp_path, **server.environment)
        assert done.returncode == 4 and "the time budget is spent" in done.stderr, done.stderr
        assert not server.requests
        again = ("optimize", "--resume", "last", "--budget-tokens", "4500")
        done = corr(*again, cwd=tmp_path, **server.environment)
        assert done.returncode == 4 and "budget is spent" in done.stderr, done.stderr
        assert len(server.requests) == 1
        assert (
            max(r.get("max_tokens") or r["max_completion_tokens"] for r in server.requests) < 4500
        )
        done = corr(*again[:3], "--budget-cost", "1", cwd=tmp_path, **server.environment)
        assert done.returncode == 2 and "--price-in" in done.stderr, done.stderr


@pytest.mark.timed
def test_a_cpp_program_of_a_build_folder(tmp_path: Path, corr: Corr, clang: str) -> None:
    (tmp_path / "main.cpp").write_text(CXX)
    command = "clang++ -O0 -c main.cpp -o main.o"
    entry = {"directory": str(tmp_path), "file": "main.cpp", "command": command}
    folder = tmp_path / "CMakeFiles" / "main.dir"
    folder.mkdir(parents=True)
    (folder / "link.txt").write_text("clang++ -O0 main.o -o main\n")
    compiler = clang.replace("clang", "clang++")
    subprocess.run([compiler, "main.cpp", "-o", "main"], cwd=tmp_path, check=True)
    (tmp_path / "compile_commands.json").write_text(json.dumps([entry]))
    entries = [{"reason": "scripted", "move": flags("-O2")}]
    with ModelServer([{"candidates": entries}]) as server:
        done = corr(
            *("optimize", "-p", ".", "--run", "./main", "--proposer", "llm"),
            *("--iterations", "1", "--candidates", "1", "--unsafe-no-sandbox"),
            cwd=tmp_path,
            **server.environment,
        )
    assert done.returncode == 0, done.stderr
    query = "SELECT DISTINCT sandboxed FROM iterations"
    assert ask(Lake.open(tmp_path / "data"), query).to_pylist() == [{"sandboxed": False}]
    result = next(tmp_path.glob("*.optimized"))
    subprocess.run(["sh", result / "build.sh"], check=True, cwd="/")
    name = json.loads((result / "result.json").read_text())["program"]
    assert float(subprocess.check_output([result / name])) == pytest.approx(14.0, rel=0.01)
