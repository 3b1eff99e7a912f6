"""`corr export`: each format is read by the program that it is for."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import sync_playwright

from collectors.base.errors import CorrError, UsageError
from collectors.base.toolchain import Toolchain
from corr.export import remarks, table
from corr.export.collapsed import collapsed
from corr.export.firefox import firefox
from corr.export.opt_diff import opt_diff
from corr.export.sarif import sarif
from corr.export.speedscope import speedscope
from corr.export.stacks import Frame, Kind, Profile, Stack, profile
from corr.lake.sql import ask, views
from corr.lake.store import Lake, RunInfo
from corr.lake.tables import TABLES
from tests.support.npm_packages import PROFILER_CLI, SPEEDSCOPE, unpacked
from tests.support.report_lakes import EVIL, changed, restage

SARIF = Path(__file__).resolve().parents[1] / "fixtures" / "sarif-schema-2.1.0.json"
HOT = "kernel_gemm/1.1.1"
GCC = re.compile(r"^(.+?):(\d+):(\d+): (warning|note): (.*) \[([^\]]+)\]$")


@pytest.fixture(scope="module")
def lake(gemm_lake: Path) -> Lake:
    return Lake.open(gemm_lake / "data")


@pytest.fixture(scope="module")
def run(lake: Lake) -> RunInfo:
    return lake.find("a")


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory, lake: Lake) -> tuple[Lake, RunInfo]:
    """The run with hostile names in place of gemm's."""
    other = Lake.open(tmp_path_factory.mktemp("evil") / "data", create=True)

    def change(value: Any) -> Any:
        return (
            value.replace("gemm", EVIL + ';\n"\x1b[2J\u2028') if isinstance(value, str) else value
        )

    return other, restage(other, lake.find("a"), {"program": changed("gemm", change)}, change)


@pytest.fixture
def npm(request: pytest.FixtureRequest) -> Path:
    return Path(request.config.cache.mkdir("npm"))


def sampled(lake: Lake, run: RunInfo, condition: str = "true") -> int:
    answer = ask(lake, f"SELECT sum(count)::BIGINT AS n FROM samples WHERE {condition}", runs=[run])
    return int(answer["n"][0].as_py())


# --- stacks --------------------------------------------------------------------------------------


def test_stacks_hold_every_sample_and_the_nest_of_its_loop(lake: Lake, run: RunInfo) -> None:
    found = profile(lake, run)
    assert sum(stack.samples for stack in found.stacks) == sampled(lake, run)
    hottest = found.stacks[0]
    names = [frame.name for frame in hottest.frames]
    kernel = names.index("kernel_gemm")
    assert names[0] == "gemm" and kernel > 0
    nest = [f"loop {HOT[:n]}" for n in (13, 15, 17)]
    assert names[kernel + 1 : kernel + 4] == nest
    assert hottest.frames[-1].kind == Kind.line and hottest.frames[-1].name.startswith("gemm.c:")
    in_loop = [s for s in found.stacks if any(f.name == f"loop {HOT}" for f in s.frames)]
    assert sum(s.samples for s in in_loop) == sampled(lake, run, f"loop = '{HOT}'")


def test_a_run_without_samples_says_so(tmp_path: Path, corr) -> None:
    assert corr("collect", "gemm.c", "--no-run", cwd=tmp_path).returncode == 0
    done = corr("export", "speedscope", cwd=tmp_path)
    assert done.returncode == 1 and "has no samples" in done.stderr and done.stdout == ""
    # then every loop counts for the remarks
    done = corr("export", "gcc", cwd=tmp_path)
    assert "CantReorderFPOps" in done.stdout and "of the time" not in done.stdout


def test_collapsed_stacks(lake: Lake, run: RunInfo) -> None:
    counted: Counter[str] = Counter()
    for line in collapsed(profile(lake, run)).splitlines():
        stack, _, count = line.rpartition(" ")
        assert stack not in counted
        counted[stack] = int(count)
    assert counted.total() == sampled(lake, run)
    assert counted.most_common(1)[0][0].startswith("gemm;run;kernel_gemm;loop kernel_gemm/1;")


def test_hostile_names_end_no_line_and_no_frame() -> None:
    frames = (Frame(Kind.object, "a;b"), Frame(Kind.function, "c\nd 7\r\x1b[2J"))
    assert collapsed(Profile("x", "cycles", [Stack(frames, 3, 0)])) == "a:b;c?d 7??[2J 3\n"


# --- speedscope ----------------------------------------------------------------------------------


def test_speedscope_opens_it(lake: Lake, run: RunInfo, npm: Path, tmp_path: Path) -> None:
    release = unpacked(SPEEDSCOPE, npm) / "dist" / "release"
    made = speedscope(profile(lake, run))
    jsonschema.validate(made, json.loads((release / "file-format-schema.json").read_text()))
    assert made["profiles"][0]["unit"] in ("nanoseconds", "none")
    shown, errors = in_speedscope(release, made, tmp_path)
    assert errors == []
    assert "gemm" in shown and f"loop {HOT}" in shown and "kernel_gemm" in shown


def test_speedscope_takes_hostile_names(
    evil: tuple[Lake, RunInfo], npm: Path, tmp_path: Path
) -> None:
    release = unpacked(SPEEDSCOPE, npm) / "dist" / "release"
    shown, errors = in_speedscope(release, speedscope(profile(*evil)), tmp_path)
    assert errors == [] and "onerror=window.hacked" in shown


def in_speedscope(release: Path, made: dict[str, Any], folder: Path) -> tuple[str, list[str]]:
    """What speedscope's list of functions shows of a file, loaded as its command line does."""
    content = base64.b64encode(json.dumps(made).encode()).decode()
    script = folder / "load.js"
    script.write_text(f'speedscope.loadFileFromBase64("profile.json", "{content}")')
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    assert browser, "apt-get install chromium"
    errors: list[str] = []
    with sync_playwright() as tool:
        # without a graphics card it draws by software
        options = ["--no-sandbox", "--allow-file-access-from-files", "--enable-unsafe-swiftshader"]
        opened = tool.chromium.launch(executable_path=browser, args=options)
        page = opened.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        place = (release / "index.html").as_uri()
        page.goto(f"{place}#localProfilePath={script}&view=sandwich")
        page.wait_for_selector("text=Symbol Name", timeout=60_000)
        shown = page.inner_text("body")
        assert page.evaluate("window.hacked") is None
        opened.close()
    return shown, errors


# --- Firefox Profiler ----------------------------------------------------------------------------


def test_the_firefox_profiler_loads_it(lake: Lake, run: RunInfo, npm: Path, tmp_path: Path) -> None:
    functions = in_firefox_profiler(firefox(profile(lake, run), run), npm, tmp_path)
    by_name = {f["name"]: f for f in functions}
    assert by_name[f"loop {HOT}"]["selfSamples"] == sampled(lake, run, f"loop = '{HOT}'")
    assert by_name[f"loop {HOT}"]["library"] == "gemm"
    assert sum(f["selfSamples"] for f in functions) == sampled(lake, run)


def test_the_firefox_profiler_takes_hostile_names(
    evil: tuple[Lake, RunInfo], npm: Path, tmp_path: Path
) -> None:
    functions = in_firefox_profiler(firefox(profile(*evil), evil[1]), npm, tmp_path)
    assert any("onerror=window.hacked" in f["name"] for f in functions)


def in_firefox_profiler(made: dict[str, Any], npm: Path, folder: Path) -> list[dict[str, Any]]:
    """The functions that the Firefox Profiler's own command line finds in a file."""
    assert shutil.which("node"), "apt-get install nodejs"
    program = unpacked(PROFILER_CLI, npm) / "dist" / "profiler-cli.js"
    file = folder / "profile.json"
    file.write_text(json.dumps(made))

    def ask_it(*words: str) -> str:
        done = subprocess.run(
            ["node", program, *words],
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    ask_it("load", str(file), "--session", "corr")
    try:
        answer = json.loads(ask_it("thread", "functions", "--session", "corr", "--json"))
    finally:
        ask_it("stop", "corr")
    assert len(answer["functions"]) == answer["totalFunctionCount"]
    found: list[dict[str, Any]] = answer["functions"]
    return found


# --- remarks -------------------------------------------------------------------------------------


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
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
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


# --- opt-diff ------------------------------------------------------------------------------------

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


def test_opt_viewer_reads_the_difference(
    corr, tools: Toolchain, gemm_lake: Path, tmp_path: Path
) -> None:
    """LLVM's own opt-diff.py finds the same in the compiler's files."""
    for label, flag in (("o2", "-O2"), ("o3", "-Os")):
        done = corr("collect", "gemm.c", "--no-run", "--label", label, "--", flag, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert (
        corr("export", "opt-diff", "o2", "o3", "-o", "ours.opt.yaml", cwd=tmp_path).returncode == 0
    )
    lake = Lake.open(tmp_path / "data")
    viewer = opt_viewer(tools)
    root = lake.find("o2").facts["root"]
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
    subprocess.run(command, check=True, capture_output=True, timeout=60)
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
        subprocess.run([clang, *flags, "one.c"], cwd=tmp_path, check=True, timeout=60)
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


# --- tables --------------------------------------------------------------------------------------


def test_every_table_and_view_is_written_as_parquet(lake: Lake, tmp_path: Path) -> None:
    for name in [*TABLES, *(view.name for view in views())]:
        rows = table.rows(lake, name, None)
        table.write(rows, tmp_path / f"{name}.parquet")
        table.write(rows, tmp_path / f"{name}.csv")
        read = pq.read_table(tmp_path / f"{name}.parquet")
        assert read.num_rows == rows.num_rows and read.column_names == rows.column_names, name
        head = (tmp_path / f"{name}.csv").read_text().splitlines()[0]
        assert head.split(",") == rows.column_names


def test_pandas_reads_both(lake: Lake, run: RunInfo, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    rows = table.rows(lake, "hotspots", run)
    for name in ("h.csv", "h.parquet"):
        table.write(rows, tmp_path / name)
    frame = pandas.read_csv(tmp_path / "h.csv")
    assert frame["loop"][0] == HOT == pandas.read_parquet(tmp_path / "h.parquet")["loop"][0]


def test_a_table_of_one_run_on_stdout(corr, gemm_lake: Path) -> None:
    both = corr("export", "table", "timings", cwd=gemm_lake).stdout.splitlines()
    one = corr("export", "table", "timings", "--run", "a", cwd=gemm_lake).stdout.splitlines()
    assert both[0] == one[0] and 1 < len(one) < len(both)


def test_what_cannot_be_written(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no table or view 'hotspot'") as error:
        table.rows(lake, "hotspot", None)
    assert error.value.fix == "did you mean hotspots?"
    with pytest.raises(UsageError, match="ending"):
        table.kind_of(tmp_path / "x.xlsx")
    with pytest.raises(CorrError, match="cannot write"):
        table.write(table.rows(lake, "runs", None), tmp_path / "none" / "x.csv")
    with pytest.raises(UsageError):
        table.rows(lake, 'runs"; DROP TABLE runs; --', None)
