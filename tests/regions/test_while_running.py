"""Regions of a program that corr runs: PAPI's kernel, and a program that writes as Caliper does."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from collectors.base.invocation import Invocation
from collectors.regions import while_running
from collectors.regions.marks import REGIONS
from tests.support.kernel_inputs import fill_f64
from tests.support.region_files import CALI, KERNEL


def build(clang: str, folder: Path, *flags: str) -> Path:
    binary = folder / "program"
    subprocess.run(
        [clang, "-O2", "-g", "-Wall", "-Wextra", "-Werror", KERNEL, "-lm", *flags, "-o", binary],
        check=True,
    )
    return binary


def digest(binary: Path) -> str:
    run = [binary, "--size", "mini", "--digest"]
    return subprocess.run(run, check=True, capture_output=True, text=True).stdout


def papi_counts() -> bool:
    """PAPI is installed, and knows how to count on this processor: of a newer one it does not."""
    tool = shutil.which("papi_component_avail")
    if tool is None or not Path("/usr/include/papi.h").exists():
        return False
    listed = subprocess.run([tool], capture_output=True, text=True, check=False).stdout
    return (
        re.search(r"^Name: +perf_event\b", listed.partition("Active components")[2], re.M)
        is not None
    )


needs_papi = pytest.mark.skipif(
    not papi_counts(), reason="PAPI is not there, or counts nothing here"
)


def test_the_kernel_computes_the_same_without_papi(clang: str, tmp_path: Path) -> None:
    expected = digest(build(clang, tmp_path, "-DCORR_NO_PAPI"))
    assert digest(build(clang, tmp_path)) == expected
    a, b = fill_f64(1, 0, (500,)), fill_f64(1, 1, (500,))
    for _ in range(20):
        b = np.concatenate([a[:1], (a[:-2] + a[1:-1] + a[2:]) / 3, a[-1:]])
        x = 0.0
        for i in range(500):
            x = 0.5 * x + b[i]
            a[i] = 0.5 * x
    sums = [float(line.split()[2]) for line in expected.splitlines()]
    assert sums == pytest.approx([a.sum(), b.sum()], rel=1e-12)
    assert while_running.annotated(build(clang, tmp_path)) == frozenset()


@needs_papi
def test_gather_runs_the_kernel_under_papi(clang: str, tmp_path: Path) -> None:
    binary = build(clang, tmp_path, "-lpapi")
    assert while_running.annotated(binary) == {"papi"}
    invocation = Invocation(binary, ("--size", "small"))
    sources = {"regions_papi.c": KERNEL.read_text()}
    found, metadata, problems = while_running.gather(invocation, tmp_path / "out", sources)
    assert problems == []
    entries = [r for r in found.to_pylist() if r["metric"] == "real_time_nsec"]
    visits = {path: sum(r["count"] for r in entries if r["path"][-1] == path) for path in
              ("kernel_regions_papi", "smooth", "accumulate")}  # fmt: skip
    assert visits == {"kernel_regions_papi": 1, "smooth": 20, "accumulate": 20}
    outer = sum(r["value"] for r in entries if len(r["path"]) == 1)
    assert 0 < sum(r["value"] for r in entries if len(r["path"]) == 2) <= outer
    lines = KERNEL.read_text().splitlines()
    smooth = next(r for r in entries if r["region"] == "smooth")
    assert 'begin("smooth")' in lines[smooth["line"] - 1]
    assert 'end("smooth")' in lines[smooth["end_line"] - 1]
    assert "papi_version" in metadata["key"].to_pylist()


@needs_papi
def test_gather_says_why_there_are_no_regions(clang: str, tmp_path: Path) -> None:
    binary = build(clang, tmp_path, "-lpapi")
    refused = Invocation(binary, ("--size", "mini"), env={"PAPI_EVENTS": "no::such"})
    found, _, problems = while_running.gather(refused, tmp_path / "a")
    assert len(found) == 0 and "no region was written" in problems[0].what
    assert "no::such" in problems[0].what and problems[0].fix
    failing = Invocation(binary, ("--size", "wrong"))
    found, _, problems = while_running.gather(failing, tmp_path / "b")
    assert len(found) == 0 and "exit status 2" in problems[0].what


def test_gather_leaves_other_programs_alone(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\ntouch ran\n")
    found, metadata, problems = while_running.gather(
        Invocation(script, cwd=tmp_path), tmp_path / "o"
    )
    assert (len(found), len(metadata), problems) == (0, 0, []) and not (tmp_path / "ran").exists()
    assert found.schema == REGIONS.schema


FAKE_CALIPER = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* Stands for Caliper: copies the profile that FAKE names to the output that CALI_CONFIG asks for. */
void cali_begin_region(const char *name)
{
    const char *from = strstr(getenv("CALI_CONFIG"), "output=\\"");
    char path[4096];
    FILE *in = fopen(getenv("FAKE"), "rb"), *out;
    int c;
    (void)name;
    sscanf(from, "output=\\"%4095[^\\"]", path);
    out = fopen(path, "wb");
    while ((c = getc(in)) != EOF)
        putc(c, out);
    fclose(out);
    fclose(in);
}
"""


def test_gather_reads_what_caliper_writes(clang: str, tmp_path: Path) -> None:
    """The library is a stand-in: this shows how it is asked, not that Caliper answers."""
    (tmp_path / "c.c").write_text(FAKE_CALIPER)
    (tmp_path / "m.c").write_text(
        'void cali_begin_region(const char *); int main(void) { cali_begin_region("a"); return 0; }'
    )
    library = tmp_path / "libcaliper.so.2"
    link = ["-Wl,-soname,libcaliper.so.2", "-shared", "-fPIC"]
    subprocess.run([clang, *link, tmp_path / "c.c", "-o", library], check=True)
    binary = tmp_path / "program"
    subprocess.run(
        [clang, tmp_path / "m.c", library, f"-Wl,-rpath,{tmp_path}", "-o", binary], check=True
    )
    assert while_running.annotated(binary) == {"caliper"}
    invocation = Invocation(binary, env={"FAKE": str(CALI / "small.cali")})
    found, _, problems = while_running.gather(invocation, tmp_path / "with space, and comma")
    assert problems == [] and set(found["rank"].to_pylist()) == {0, 1}
