"""`corr policy clang`: a compiler that asks a policy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corr.policy.policies import COST, Policy
from corr.policy.wrapper import driven_sources
from tests.support.call_programs import ten_calls
from tests.support.command import Corr
from tests.support.places import ROOT

NEVER = Policy("margin", 22, (COST,), -1e9, (), (0.0,))
ALWAYS = Policy("margin", 22, (COST,), 1e9, (), (0.0,))


def symbols(path: Path) -> str:
    return subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout


def test_the_policy_decides(tmp_path: Path, corr: Corr, clang: str) -> None:
    ten_calls(tmp_path)
    kept = {}
    for name, policy in (("never", NEVER), ("always", ALWAYS)):
        policy.write(tmp_path / f"{name}.json")
        words = (clang, "-O2", "-c", "calls.c", "-o", f"{name}.o")
        done = corr("policy", "clang", f"{name}.json", *words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        kept[name] = {
            n for n in ("mix", "chew", "churn") if f" t {n}\n" in symbols(tmp_path / f"{name}.o")
        }
    assert kept == {"never": {"mix", "chew", "churn"}, "always": set()}


@pytest.mark.slow
def test_statuses_and_messages_are_the_compilers(tmp_path: Path, clang: str) -> None:
    ALWAYS.write(tmp_path / "p.json")
    (tmp_path / "bad.c").write_text("int f(\n")
    (tmp_path / "main.c").write_text(
        'int puts(const char *); int main(void) { return puts("hi") < 0; }\n'
    )

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "corr", "policy", "clang", "p.json", clang, *words]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        return subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True)

    failed = run("-O2", "-c", "bad.c", "-o", "bad.o")
    assert failed.returncode == 1 and "bad.c:" in failed.stderr
    assert run("-O2", "-c", "main.c", "-o", "main.o").returncode == 0
    assert run("main.o", "-o", "main").returncode == 0, "a link asks nobody"
    assert subprocess.run([tmp_path / "main"], capture_output=True, text=True).stdout == "hi\n"
    assert "clang version" in run("--version").stdout


def test_what_is_no_clang_is_told(tmp_path: Path, corr: Corr, clang: str) -> None:
    ALWAYS.write(tmp_path / "p.json")
    (tmp_path / "a.c").write_text("int f(void) { return 1; }\n")
    for name, told in (("cc", "some compiler 12.2"), ("other", "clang version 22.1.8")):
        script = tmp_path / name
        script.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "{told}"\nexit 0\n')
        script.chmod(0o755)
    done = corr("policy", "clang", "p.json", "./cc", "-c", "a.c", cwd=tmp_path)
    assert done.returncode == 0 and "./cc is no clang: no policy is asked" in done.stderr
    done = corr("policy", "clang", "p.json", "./cc", "-O2", "-c", "a.c", cwd=tmp_path)
    assert done.returncode == 2 and "./cc is no clang" in done.stderr, "it has no such flags"
    done = corr("policy", "clang", "p.json", "./other", "-c", "a.c", cwd=tmp_path)
    assert done.returncode == 0 and not done.stderr, "clang under another name"
    done = corr("policy", "clang", "p.json", clang, "-c", "a.c", "-o", "a.o", cwd=tmp_path)
    assert done.returncode == 0 and not done.stderr


@pytest.mark.parametrize(
    ("words", "driven"),
    [
        ("clang -O2 -c a.c -o a.o", ["a.c"]),
        ("clang -O2 -DX -I inc -MF a.d -c a.cpp", ["a.cpp"]),
        ("clang -O2 -include pre.c -c a.c", ["a.c"]),
        ("clang -O0 -c a.c", []),
        ("clang -O2 -O0 -c a.c", []),
        ("clang -c a.c", []),
        ("clang -O2 a.c -o a", []),
        ("clang -O2 -c a.c b.c", ["a.c", "b.c"]),
        ("clang -O2 -c a.s", []),
    ],
)
def test_what_is_driven(words: str, driven: list[str]) -> None:
    assert driven_sources(words.split()) == driven
