"""Programs that are built for a profile, or by one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from collectors.base.toolchain import Toolchain
from corr.collect.options import Options
from corr.collect.run import collect
from corr.console.progress import Progress
from corr.lake.store import Lake
from corr.program.model import Run, from_files


@pytest.mark.slow
@pytest.mark.parametrize("how", ["use", "generate"])
def test_a_build_for_a_profile_or_by_one_is_counted(
    tmp_path: Path, clang: str, tools: Toolchain, how: str
) -> None:
    """Clang takes no two kinds of profile at once; counting is what is asked for last."""
    source = tmp_path / "p.c"
    source.write_text(
        "int main(void) { int s = 0; for (int i = 0; i < 7; i++) s += i; return s > 99; }\n"
    )
    generate = [clang, "-O2", "-fprofile-generate", str(source), "-o", str(tmp_path / "g")]
    subprocess.run(generate, check=True)
    subprocess.run(
        [tmp_path / "g"], check=True, env=os.environ | {"LLVM_PROFILE_FILE": f"{tmp_path}/p.raw"}
    )
    merge = [
        tools.path("llvm-profdata"),
        "merge",
        tmp_path / "p.raw",
        "-o",
        tmp_path / "p.profdata",
    ]
    subprocess.run(merge, check=True)
    flag = f"-fprofile-use={tmp_path}/p.profdata" if how == "use" else "-fprofile-generate"
    program = from_files(["p.c"], ["-O2", flag], Run(directory=tmp_path), tmp_path)
    lake = Lake.open(tmp_path / "data", create=True)
    run = collect(program, tools, lake, Options(repeat=1, cachegrind=False), Progress())
    trips = run.table("trips")
    assert trips is not None and trips["iterations"].to_pylist() == [7]
