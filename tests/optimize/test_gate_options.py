"""The gate for compiler options: a list of those that may pass, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from corr.optimize import gate

ALLOWED = [
    *("-O2", "-O3", "-Os", "-march=native", "-mtune=znver4", "-mcpu=neoverse-n1", "-mavx512f"),
    *("-mno-avx512f", "-mfma", "-mprefer-vector-width=512", "-funroll-loops", "-fno-vectorize"),
    *("-fno-slp-vectorize", "-fno-math-errno", "-ffp-contract=off", "-fopenmp", "-fno-plt"),
    *("-fopenmp-version=60", "-mllvm -polly", "-mllvm -polly-tiling=0", "-mllvm=-polly"),
    *(
        "-mllvm -polly-vectorizer=stripmine",
        "-mllvm -unroll-count=4",
        "-mllvm --inline-threshold=500",
    ),
    *("-mllvm -enable-loopinterchange", "-mllvm -force-vector-width=8", "-mllvm -slp-threshold=-2"),
    *(
        "-mllvm -polly-invariant-load-hoisting",
        "-mllvm -prefer-predicate-over-epilogue=predicate-dont-vectorize",
    ),
]


REFUSED = [
    *(
        "-include /etc/passwd",
        "-include/etc/passwd",
        "-I/etc",
        "-I",
        "-isystem",
        "-L/tmp",
        "-lm",
        "@file",
    ),
    *(
        "-o x",
        "-o/etc/x",
        "-save-temps",
        "-save-temps=obj",
        "-MF",
        "-fplugin=/x.so",
        "-fpass-plugin=/x.so",
    ),
    *(
        "-Xclang -load",
        "-Xlinker x",
        "-Wl,-rpath,/tmp",
        "-Wa,x",
        "-Wp,-include",
        "-specs=/x",
        "-B/tmp",
    ),
    *(
        "-fuse-ld=/x",
        "--ld-path=/x",
        "-DX=1",
        "-Uunix",
        "-std=c99",
        "-x",
        "/etc/passwd",
        "x.c",
        "-",
        "",
    ),
    *(
        "-ffast-math",
        "-Ofast",
        "-fassociative-math",
        "-ffp-contract=fast",
        "-mrecip",
        "-ffp-model=fast",
    ),
    *(
        "-fstrict-aliasing",
        "-fopenmp-simd",
        "-fprofile-use=/x",
        "-fsanitize=address",
        "-fveclib=libmvec",
    ),
    *("-mllvm", "-mllvm -load=/x.so", "-mllvm -polly-export", "-mllvm -polly-import-jscop-dir=/x"),
    *("-mllvm -polly-parallel", "-mllvm -polly-dot", "-mllvm -polly-print-scops", "-mllvm -stats"),
    *("-mllvm -debug-only=x", "-mllvm -enable-unsafe-fp-math", "-mllvm -enable-no-nans-fp-math"),
    *("-mllvm -inliner-interactive-channel-base=/x", "-mllvm -enable-ml-inliner=development"),
    *(
        "-mllvm -polly-ignore-aliasing",
        "-mllvm -unroll-count=/etc",
        "-mllvm -fp-contract=fast",
        "-mllvm x",
    ),
    *(
        "-mllvm -polly-import",
        "-mllvm -inline-remark-file=x",
        "-march=native/../x",
        "-O3\n",
        "-fno-strict-aliasing=x",
    ),
    *(
        "-###",
        "-v",
        "-c",
        "-S",
        "-E",
        "--config=x",
        "-resource-dir=/x",
        "-ccc-install-dir",
        "-mcmodel=large",
    ),
    *(
        "-mllvm -polly-process-unprofitable -mllvm -load-pass-plugin=/x.so",
        "-Wno-error",
        "-fdebug-prefix-map=a=b",
    ),
]


@pytest.mark.parametrize("option", ALLOWED)
def test_an_optimisation_option_passes(option: str) -> None:
    assert gate.flags(option.split(" "), False) == []


@pytest.mark.parametrize("option", REFUSED)
def test_any_other_option_is_refused(option: str) -> None:
    (refusal,) = gate.flags(
        option.split(" ") if " -mllvm" in option or option.startswith("-mllvm") else [option], False
    )
    assert refusal.rule == "flag"
    assert ": " in refusal.what


@pytest.mark.parametrize("option", ["-ffast-math", "-Ofast", "-ffp-contract=fast", "-mrecip=all"])
def test_inexact_options_need_permission(option: str) -> None:
    assert gate.flags([option], False)
    assert gate.flags([option], True) == []


@pytest.mark.parametrize("option", [o for o in ALLOWED if "-mcpu=" not in o])
def test_clang_knows_the_options_that_pass(option: str, clang: str, tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int main(void) { return 0; }\n")
    argv = [clang, *option.split(" "), "-c", "a.c", "-o", "a.o"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
