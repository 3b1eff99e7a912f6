"""The project keeps its own promises: light start, documented commands, a wheel that works."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from collectors.base.errors import ExitCode
from corr.commands import COMMANDS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "pyarrow",
    "duckdb",
    "numpy",
    "elftools",
    "yaml",
    "pandas",
    "altair",
    "openai",
    "scipy",
    "caliperreader",
    "hatchet",
    "sklearn",
    "cma",
    "gymnasium",
)


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys, corr.cli\n"
        "code = corr.cli._run(['--help'])\n"
        f"print(code, [m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.stderr == "0 []\n" and "collect" in done.stdout


#: What a process would find changed if somebody else's main() left its mark.
LOOKS = """
import signal, sys
def look():
    handlers = {s: signal.getsignal(s) for s in signal.valid_signals()}
    return list(sys.meta_path), list(sys.path_hooks), handlers, sys.excepthook, sys.argv[:], sys.stdout
from corr.cli import main
before = look()
for words in (["hotspots"], ["--help"], ["no such command"], ["sql", "SELECT 1"]):
    try:
        main(words)
    except SystemExit as done:
        print(words, int(done.code), file=sys.stderr)
assert look() == before
import pandas
print(pandas.DataFrame({"a": [1]})["a"].sum(), file=sys.stderr)
"""


def test_main_leaves_a_process_as_it_was(tmp_path: Path) -> None:
    """Tests and notebooks call it, and go on."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-c", LOOKS]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    codes = re.findall(r"^\[.*\] (\d)$", done.stderr, re.MULTILINE)
    assert codes == ["2", "0", "2", "2"] and done.stderr.endswith("\n1\n")


@pytest.mark.parametrize(
    ("words", "with_arrow"),
    [
        (["--help"], False),
        (["hotspots", "a"], False),
        (["hotspots", "a", "--format", "json"], True),
        (["runs", "--format", "json"], True),
    ],
)
def test_no_command_imports_pandas(words: list[str], with_arrow: bool, gemm_lake: Path) -> None:
    """It is for `df()` and Hatchet; pyarrow would import it by itself, for 0.3 s."""
    argv = [sys.executable, "-X", "importtime", "-m", "corr", *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(argv, capture_output=True, text=True, cwd=gemm_lake, env=environment)
    assert done.returncode == 0, done.stderr
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "corr.cli" in imported and ("pyarrow" in imported) == with_arrow
    # a try that finds nothing is listed too
    assert not {name for name in imported if name.startswith("pandas.")}


@pytest.mark.parametrize("rows", [1, 1_000_000])
def test_a_reader_that_has_seen_enough_is_no_failure(rows: int, gemm_lake: Path) -> None:
    """`corr sql … | head -1`, whether or not the rest fits into the buffers."""
    words = ("sql", f"SELECT range FROM range({rows})", "--format", "csv")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "corr", *words],
        cwd=gemm_lake, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=writing, stderr=subprocess.PIPE,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_exit_codes_are_those_of_the_documents() -> None:
    text = " ".join((ROOT / "docs/using.md").read_text().split())
    listed = re.search(r"Exit codes: (.*?)\.", text)
    assert listed is not None
    said = dict(re.findall(r"(\d+) ([^·]*?)(?: ·|$)", listed[1]))
    assert {int(number): words.split()[0] for number, words in said.items()} == {
        ExitCode.ok: "ok",
        ExitCode.failed: "failed,",
        ExitCode.usage: "usage",
        ExitCode.tool_missing: "a",
        ExitCode.no_candidate: "no",
        ExitCode.model_server: "the",
        ExitCode.interrupted: "interrupted",
    }
    assert said["3"] == "a tool or the sandbox is missing" and len(ExitCode) == len(said)


def test_no_exit_code_is_a_bare_number() -> None:
    """Each way out names what it means."""
    bare = re.compile(r"(?:Exit|exit)\(\d|exit_code = \d|INTERRUPTED|raise SystemExit\(\d")
    files = [p for room in ("corr", "collectors") for p in (ROOT / room).rglob("*.py")]
    assert not [p.name for p in files if bare.search(p.read_text())]


def test_command_reference_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("ref", ROOT / "tools" / "command_reference.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.TARGET.read_text() == module.reference(), "run python tools/command_reference.py"


def test_every_command_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    for module in COMMANDS:
        name = module.rstrip("_")
        assert f"corr {name}" in text, name


def test_one_version_number() -> None:
    import corr

    assert f"## {corr.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_a_wheel_works_outside_the_checkout(tmp_path: Path) -> None:
    """Built here, installed into an empty environment, run from another folder.

    What it depends on is not installed anew, which takes minutes: it is found where this process
    has it. That all of it is declared, test_dependencies.py sees.
    """
    venv.create(tmp_path / "venv")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    ours = tmp_path / "venv" / "bin" / "python"

    def pip(*arguments: str | Path) -> None:
        command = [sys.executable, "-m", "pip", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    pip("wheel", "-q", "--no-deps", "--no-cache-dir", "-w", tmp_path, ROOT)
    (wheel,) = tmp_path.glob("*.whl")
    pip("--python", ours, "install", "-q", "--no-deps", wheel)
    (installed,) = (tmp_path / "venv").glob("lib/*/site-packages")
    # the folder, but not what its own .pth files name: this checkout
    (installed / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    where = [ours, "-c", "import corr, collectors; print(corr.__file__, collectors.__file__)"]
    found = subprocess.check_output(where, cwd=tmp_path, env=environment, text=True).split()
    assert all(Path(file).is_relative_to(installed) for file in found)
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        [tmp_path / "venv" / "bin" / "corr", "collect", "gemm.c", "--run-args", "--size 200"],
        cwd=work, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "kernel_gemm/1.1.1" in done.stdout


@pytest.mark.parametrize("command", [("--help",), ("--version",), ("collect", "-h")])
def test_help_and_version(corr, tmp_path: Path, command: tuple[str, ...]) -> None:
    done = corr(*command, cwd=tmp_path)
    assert done.returncode == 0 and done.stdout and done.stderr == ""


def test_doctor(corr, tmp_path: Path) -> None:
    done = corr("doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("clang", "llvm-mca", "perf", "valgrind", "bwrap", "PMU", "sandbox"):
        assert name in done.stdout
    empty = corr("doctor", "--format", "json", cwd=tmp_path, PATH=str(tmp_path))
    assert empty.returncode == 3 and "apt-get install clang-22" in empty.stdout
