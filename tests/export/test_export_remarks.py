"""Remarks in gcc's form and SARIF, read by Vim and a validator; opt-diff, read by LLVM's own viewer."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema

from collectors.base.toolchain import Toolchain
from corr.export import remarks
from corr.export.opt_diff import opt_diff
from corr.export.sarif import sarif
from corr.lake.store import Lake, RunInfo
from tests.support.export_lakes import HOT
from tests.support.places import FIXTURES
from tests.support.report_lakes import restage

SARIF = FIXTURES / "sarif-schema-2.1.0.json"
GCC = re.compile(r"^(.+?):(\d+):(\d+): (warning|note): (.*) \[([^\]]+)\]$")


def test_gcc_form(corr, gemm_lake: Path) -> None:
    done = corr("export", "gcc", "a", cwd=gemm_lake)
    assert done.returncode == 0 and done.stderr == ""
    lines = [GCC.match(line) for line in done.stdout.splitlines()]
    assert all(lines)
    first = lines[0]
    assert first and Path(first[1]).name == "gemm.c" and Path(first[1]).exists()
    assert first[4] == "warning" and first[6] == "loop-vectorize/CantReorderFPOps"
    assert f"({HOT})" in first[5] and "of the time" in first[5]
    everything = corr("export", "gcc", "a", "--all", cwd=gemm_lake).stdout.splitlines()
    assert set(done.stdout.splitlines()) < set(everything)
    assert any(": note: " in line for line in everything)
    assert corr("export", "gcc", "a", "--share", "1", cwd=gemm_lake).stdout == ""


def test_files_below_the_folder_are_named_from_it(corr, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    source = "int f(int *a, int n) {\n  int s = 0;\n  for (int i = 0; a[i] != n; i++) s += a[i];\n  return s;\n}\nint main(void) { return 0; }\n"
    (tmp_path / "src" / "one.c").write_text(source)
    assert corr("collect", "src/one.c", "--no-run", cwd=tmp_path).returncode == 0
    assert corr("export", "gcc", cwd=tmp_path).stdout.startswith("src/one.c:3:")


def test_vim_reads_them(corr, gemm_lake: Path, tmp_path: Path) -> None:
    """With the errorformat of docs/editor.md."""
    assert shutil.which("vim"), "apt-get install vim"
    listed = corr("export", "gcc", "a", "--all", cwd=gemm_lake).stdout
    (tmp_path / "errors").write_text(listed)
    page = (Path(__file__).resolve().parents[2] / "docs" / "editor.md").read_text()
    setting = re.search(r"setlocal (errorformat=.*)", page)
    assert setting
    say = "call writefile([json_encode(getqflist())], 'list.json')"
    subprocess.run(
        ["vim", "-u", "NONE", "-es", "-c", f"set {setting[1]}", "-c", "cgetfile errors",
         "-c", say, "-c", "qa!"],
        cwd=tmp_path, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "dumb"},
        stdin=subprocess.DEVNULL, capture_output=True, timeout=300,
    )  # fmt: skip
    found = json.loads((tmp_path / "list.json").read_text())
    expected = [GCC.match(line) for line in listed.splitlines()]
    assert [(e["lnum"], e["col"], e["type"]) for e in found] == [
        (int(m[2]), int(m[3]), m[4][0]) for m in expected if m
    ]


def test_sarif_is_valid(lake: Lake, run: RunInfo, evil: tuple[Lake, RunInfo]) -> None:
    validator = jsonschema.Draft4Validator(json.loads(SARIF.read_text()))
    for each in ((lake, run), evil):
        found = remarks.findings(*each, share=0.01, everything=True)
        log = json.loads(sarif(found, each[1]))
        validator.validate(log)
        (part,) = log["runs"]
        rules = [rule["id"] for rule in part["tool"]["driver"]["rules"]]
        assert all(rules[r["ruleIndex"]] == r["ruleId"] for r in part["results"])
        assert len(part["results"]) == len(found) > 5
        prints = [r["partialFingerprints"]["remark/v1"] for r in part["results"]]
        assert len(set(prints)) == len(prints)


def test_hostile_remarks_end_no_line(evil: tuple[Lake, RunInfo]) -> None:
    out = io.StringIO()
    found = remarks.findings(*evil, share=0.01, everything=True)
    remarks.gcc(found, evil[1], "/", out)
    assert out.getvalue().count("\n") == len(found)
    assert not set("\x1b\u2028") & set(out.getvalue())


VIEWER = """
import sys, json
sys.path.insert(0, sys.argv[1])
import optrecord
remarks, _, _ = optrecord.gather_results(sys.argv[3:], 1, False)

def plain(value):
    if isinstance(value, tuple):
        return tuple(sorted(map(plain, value), key=repr)) if value and all(
            isinstance(v, tuple) and len(v) == 2 and isinstance(v[0], str) for v in value
        ) else tuple(map(plain, value))
    return value.removeprefix(sys.argv[2]) if isinstance(value, str) else value

keys = []
for remark in remarks.values():
    kind, *rest = remark.key
    remark.message
    keys.append(repr((kind.__name__, *map(plain, rest))))
print(json.dumps(sorted(keys)))
"""


def opt_viewer(tools: Toolchain) -> Path:
    folder = Path(tools.path("clang")).resolve().parent.parent / "share" / "opt-viewer"
    assert folder.is_dir(), "LLVM's opt-viewer is not installed (Debian: llvm-22-tools)"
    return folder


def test_opt_viewer_reads_the_difference(corr, tools: Toolchain, tmp_path: Path) -> None:
    """LLVM's own opt-diff.py finds the same in the compiler's files."""
    for label, flag in (("o2", "-O2"), ("o3", "-Os")):
        done = corr("collect", "gemm.c", "--no-run", "--label", label, "--", flag, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert (
        corr("export", "opt-diff", "o2", "o3", "-o", "ours.opt.yaml", cwd=tmp_path).returncode == 0
    )
    lake = Lake.open(tmp_path / "data")
    viewer = opt_viewer(tools)
    root = lake.find("o2").facts.root
    files = [_recorded(lake.find(label), tools, tmp_path) for label in ("o2", "o3")]
    subprocess.run(
        [sys.executable, viewer / "opt-diff.py", "-n", "-j", "1", *files, "-o", "theirs{}.yaml"],
        cwd=tmp_path, check=True, capture_output=True, timeout=120,
    )  # fmt: skip

    def read(file: str, prefix: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", VIEWER, viewer, f"{prefix}/", file],
            cwd=tmp_path, check=True, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        found: list[str] = json.loads(done.stdout)
        return found

    # opt-diff.py leaves out what the folders of sources and records have in common
    common = os.path.commonpath([root, tmp_path])
    theirs = root if common == "/" else os.path.relpath(root, common)
    ours = read("ours.opt.yaml", root)
    assert len(ours) > 20 and ours == read("theirs0.0.yaml", theirs)
    assert any("'-loop-vectorize'" in key or "'-loop-unroll'" in key for key in ours)


def _recorded(run: RunInfo, tools: Toolchain, folder: Path) -> Path:
    """The remarks as the compiler recorded them, as YAML."""
    artifacts = run.folder / "artifacts"
    if (artifacts / "gemm.opt.yaml").exists():
        return artifacts / "gemm.opt.yaml"
    target = folder / f"{run.run_id}.opt.yaml"
    tool = Path(tools.path("clang")).resolve().with_name("llvm-remarkutil")
    command = [tool, "bitstream2yaml", artifacts / "gemm.opt.bitstream", "-o", target]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return target


def test_equal_runs_have_no_difference(lake: Lake, run: RunInfo) -> None:
    assert list(opt_diff(lake, run, run)) == []


def test_imported_remarks(corr, clang: str, tmp_path: Path) -> None:
    """Runs of `corr import remarks` have remarks and little else."""
    (tmp_path / "one.c").write_text(
        "int f(int *a, int n) { int s = 0; while (n--) s += a[n]; return s; }\n"
    )
    for level in ("-O1", "-O3"):
        flags = ["-c", "-g", level, "-fsave-optimization-record"]
        subprocess.run([clang, *flags, "one.c"], cwd=tmp_path, check=True, timeout=300)
        done = corr("import", "remarks", "one.opt.yaml", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    done = corr("export", "opt-diff", "last~1", "last", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 'Pass: "loop-vectorize"' in done.stdout and "Added: true" in done.stdout
    assert corr("export", "gcc", cwd=tmp_path).returncode == 0


def test_hostile_remarks_stay_in_their_documents(
    evil: tuple[Lake, RunInfo], tools: Toolchain, tmp_path: Path
) -> None:
    other, run = evil
    empty = restage(other, None, {})
    text = "".join(opt_diff(other, empty, run))
    file = tmp_path / "evil.opt.yaml"
    file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", VIEWER, opt_viewer(tools), "/", file], capture_output=True, text=True, timeout=120
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) == text.count("\n--- !") + 1
    assert "onerror=window.hacked" in done.stdout
