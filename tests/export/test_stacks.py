"""Sampled stacks: what they hold, and collapsed, speedscope's and Firefox's forms of them, read by their programs."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
from playwright.sync_api import sync_playwright

from corr.export.collapsed import collapsed
from corr.export.firefox import firefox
from corr.export.speedscope import speedscope
from corr.export.stacks import Frame, Kind, Profile, Stack, profile
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from tests.support.export_lakes import HOT
from tests.support.npm_packages import PROFILER_CLI, SPEEDSCOPE, unpacked


def sampled(lake: Lake, run: RunInfo, condition: str = "true") -> int:
    answer = ask(
        lake,
        "SELECT sum(count)::BIGINT AS n FROM stacks JOIN stack_frames USING (run_id, stack)"
        f" WHERE position = 0 AND {condition}",
        runs=[run],
    )
    return int(answer["n"][0].as_py())


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
    # an interrupt has frames of the kernel's below the loop
    in_loop = [
        s
        for s in found.stacks
        if [f.name for f in s.frames if f.kind == Kind.loop][-1:] == [f"loop {HOT}"]
        and s.frames[-1].origin is None
    ]
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
    assert counted.most_common(1)[0][0].startswith("gemm;_start;")
    assert ";run;kernel_gemm;loop kernel_gemm/1;" in counted.most_common(1)[0][0]


def test_hostile_names_end_no_line_and_no_frame() -> None:
    frames = (Frame(Kind.object, "a;b"), Frame(Kind.function, "c\nd 7\r\x1b[2J"))
    assert (
        collapsed(Profile("x", "cycles", [Stack(frames, 3, 0)])) == "a:b;c\\x0ad 7\\x0d\\x1b[2J 3\n"
    )


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
        # the list holds as many rows as are seen
        page = opened.new_page(viewport={"width": 1280, "height": 8000})
        page.on("pageerror", lambda error: errors.append(str(error)))
        place = (release / "index.html").as_uri()
        page.goto(f"{place}#localProfilePath={script}&view=sandwich")
        page.wait_for_selector("text=Symbol Name", timeout=60_000)
        shown = page.inner_text("body")
        assert page.evaluate("window.hacked") is None
        opened.close()
    return shown, errors


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
