"""The project keeps its own promises: light start, documented commands, a wheel that works."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from corr.commands import COMMANDS

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
)


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys, corr.cli\n"
        "code = corr.cli._run(['--help'])\n"
        f"print(code, [m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.stderr == "0 []\n" and "collect" in done.stdout


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
    """Built here, installed into an empty environment, run from another folder."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-cache-dir", str(ROOT)],
        check=True, env=env, capture_output=True, cwd=tmp_path,
    )  # fmt: skip
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        [tmp_path / "venv" / "bin" / "corr", "collect", "gemm.c", "--run-args", "--size 200"],
        cwd=work, env=env, capture_output=True, text=True,
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
