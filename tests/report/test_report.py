"""`corr report`: the file is whole, safe and small, and its numbers are those of SQL."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from collectors.base.errors import UsageError
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.report import build, facts, kernel, trials
from corr.report.charts import Chart
from corr.report.draw import specification
from corr.report.facts import Window, merged
from corr.report.ink import COLOURS, KINDS, LIGHT
from corr.report.page import json_text
from corr.report.subject import subjects
from tests.support.report_lakes import BEST, EVIL, FIRST, OTHER, SECOND, THIRD, restage

VOID = {"meta", "link", "input", "br", "hr", "img"}


@pytest.fixture(scope="module")
def html(page: Path) -> str:
    return page.read_text()


class Page(HTMLParser):
    """What a page is made of: elements with attributes, and the tables with their cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[dict[str, Any]] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.elements.append((tag, found))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append({"about": found, "keys": [], "rows": []})
        elif tag == "th" and self.tables and "data-k" in found:
            self.tables[-1]["keys"].append(found["data-k"])
        elif tag == "tr" and self.tables:
            self.tables[-1]["rows"].append([])
        elif tag == "td" and self.tables:
            self.tables[-1]["rows"][-1].append(found.get("data-v"))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


def unpacked(html: str, name: str) -> str:
    found = re.search(rf'<script type="application/gzip" id="{re.escape(name)}">([^<]*)<', html)
    assert found, name
    return gzip.decompress(base64.b64decode(found[1])).decode()


def test_every_section_and_chart_is_there(html: str) -> None:
    parsed = Page(html)
    ids = {about.get("id") for _, about in parsed.elements}
    assert ids >= {"hot", "source", "tried", "passes", "remarks", "roofline", "counters"}
    charts = {str(i)[6:] for i in ids if str(i).startswith("chart-")}
    assert charts == {
        *("times", "counters", "before_after", "opcodes", "gains", "passes", "remarks"),
    } | ({"roofline"} if "roofline" in charts else set())
    assert len(html.encode()) < 10_000_000


def test_nothing_but_the_page_is_ever_run_or_asked_for(html: str) -> None:
    parsed = Page(html)
    policy = next(
        str(about["content"])
        for tag, about in parsed.elements
        if tag == "meta" and about.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy and "unsafe" not in policy
    ours = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert len(ours) == len(styles) == 1
    for text in (*ours, *styles):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    for tag, about in parsed.elements:
        assert not [name for name in about if name.startswith("on") or name == "style"], (
            tag,
            about,
        )
        for name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            assert str(about.get(name) or "#").startswith(("#", "data:,")), (tag, about)


def assert_equal(shown: str, value: Any) -> None:
    number = json.loads(shown)
    assert number == value or math.isclose(number, value, rel_tol=1e-12), (shown, value)


def test_every_number_of_a_table_is_that_of_its_sql(html: str, optimised: Lake) -> None:
    compared = 0
    names = set()
    for table in Page(html).tables:
        sql = table["about"].get("data-sql")
        if not sql:
            continue
        run = table["about"]["data-run"]
        runs = [optimised.find(run)] if run else None
        wanted = ask(optimised, sql, runs=runs).to_pylist()
        rows = [row for row in table["rows"] if row]
        for row, fact in zip(rows, wanted):
            for key, shown in zip(table["keys"], row):
                if shown is not None:
                    assert_equal(shown, fact[key])
                    compared += 1
                    names.add(table["about"]["data-listing"])
    assert names >= {"hotspots", "trials", "variant_counters", "gains", "timings", "functions"}
    assert compared > 300


def test_the_sql_that_is_shown_is_what_corr_sql_takes(
    html: str, optimised: Lake, corr: Callable[..., Any], tmp_path: Path
) -> None:
    table = next(t for t in Page(html).tables if t["about"].get("data-listing") == "remark_kinds")
    arguments = ("sql", table["about"]["data-sql"], "--run", table["about"]["data-run"])
    done = corr(*arguments, "--data", optimised.root, "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    wanted = json.loads(done.stdout)
    shown = [dict(zip(table["keys"], row)) for row in table["rows"] if row]
    assert len(shown) == len(wanted) > 3
    assert [json.loads(row["remarks"]) for row in shown] == [row["remarks"] for row in wanted]


def test_the_source_has_its_heat_and_counts(html: str, optimised: Lake) -> None:
    run = subjects(optimised, ["gemm"])[0].run
    heat = ask(optimised, facts.HEAT_SQL, runs=[run]).to_pylist()
    counts = {
        (row["file"], row["line"]): row["count"]
        for row in ask(optimised, facts.EXECUTION_SQL, runs=[run]).to_pylist()
    }
    listed = [about for tag, about in Page(html).elements if tag == "tr" and "data-l" in about]
    files = [about["data-file"] for tag, about in Page(html).elements if "data-file" in about]
    assert any(str(name).endswith("gemm.c") for name in files)
    hottest = heat[0]
    (row,) = [
        about
        for about in listed
        if about["data-l"] == str(hottest["line"])
        and about.get("data-n") == str(hottest["samples"])
    ]
    assert_equal(str(row["data-v"]), hottest["share"])
    assert row["data-x"] == str(counts[hottest["file"], hottest["line"]])
    assert sum(int(about.get("data-n") or 0) for about in listed) == sum(
        r["samples"] for r in heat if r["file"] in files
    )


def test_the_layers_of_each_loop_are_those_of_sql(html: str, optimised: Lake) -> None:
    run = subjects(optimised, ["gemm"])[0].run
    data = json.loads(unpacked(html, "k0-layers"))
    words = data["words"]
    at = {name: number for number, name in enumerate(data["remark"])}
    loop = next(one for one in data["loops"] if one["key"] == "kernel_gemm/1.1.1")
    (hot,) = ask(
        optimised, "SELECT * FROM hotspots WHERE loop = 'kernel_gemm/1.1.1'", runs=[run]
    ).to_pylist()
    for name in ("share", "samples", "iterations", "entries", "mca_cycles", "passes"):
        assert loop[name] == hot[name]
    counted = sum(
        row[at["count"]]
        for row in data["remarks"]
        if row[at["loop"]] is not None and words[row[at["loop"]]] == loop["key"]
    )
    (wanted,) = ask(
        optimised,
        "SELECT sum(count)::BIGINT AS n FROM remarks WHERE loop = ?",
        [loop["key"]],
        [run],
    ).to_pylist()
    assert counted == wanted["n"]
    changes = [
        row
        for row in data["changes"]
        if loop["key"] in [words[n] for n in row[data["change"].index("loops")]]
    ]
    (passes,) = ask(
        optimised, "SELECT count(*) AS n FROM pass_effects WHERE loop = ?", [loop["key"]], [run]
    ).to_pylist()
    assert len(changes) == passes["n"] > 0
    number = next(row[-1] for row in changes if row[-1] is not None)
    pieces = json.loads(unpacked(html, f"k0-diffs-{number // data['pieces']}"))
    assert "@@" in pieces[number % data["pieces"]]


def test_how_trials_are_told_apart(optimised: Lake) -> None:
    found = trials.gather(optimised, subjects(optimised, ["gemm"])[0])
    assert found is not None
    assert [str(row["class"]) for row in found.trials.rows] == [
        *("baseline", "accepted", "refused", "slower", "failed", "not faster"),
        "best, measured again",
    ]
    row = next(r for r in found.trials.rows if r["name"] == "1.3")
    assert row["relative_time"] == 1.0
    # 99 % interval against the best before it, moved to the original
    assert row["relative_low"] == pytest.approx(0.5 / (1.0 * 0.55))
    assert row["relative_high"] == pytest.approx(0.5 / (1.0 * 0.475))
    looks = list(KINDS.values())
    assert len({shape for _, shape in looks}) == len(looks), "a shape for each kind"


def test_what_the_check_was_found_to_see(optimised: Lake, html: str) -> None:
    """Of a nest, what was not caught comes first."""
    found = trials.gather(optimised, subjects(optimised, ["gemm"])[0])
    assert found is not None
    shown = [(r["kind"], r["place"], r["fate"]) for r in found.mutants.rows]
    assert shown == [
        ("ends early", "gemm.c:21", "survived"),
        ("store changed", "gemm.c:21", "caught"),
    ]
    assert "The program broken on purpose" in html and "ends early" in html


def test_before_and_after_are_the_best_row_and_the_ir(optimised: Lake) -> None:
    subject = subjects(optimised, ["gemm"])[0]
    found = trials.gather(optimised, subject)
    assert found is not None
    rows = {row["metric"]: row for row in found.before_after.rows}
    assert rows["time"]["after"] == BEST[0]["seconds"]
    sql = "SELECT sum(count)::BIGINT AS n FROM opcodes WHERE stage = 'after'"
    for side, run in (("before", subject.variants[0]), ("after", subject.variants[-1])):
        (wanted,) = ask(optimised, sql, runs=[run]).to_pylist()
        assert rows["IR lines"][side] == wanted["n"]


def test_a_run_of_an_optimisation_brings_all_of_it(optimised: Lake) -> None:
    (subject,) = subjects(optimised, ["gemm", "last"])
    assert len(subject.runs) == 4 and len(subject.variants) == 2
    assert subject.run == subject.variants[-1], "the best has no layers of its own"
    (other,) = subjects(optimised, [subject.variants[0].run_id])
    assert other.run == other.variants[0], "a run that is asked for is shown"
    found = trials.gather(optimised, subject)
    assert found is not None
    assert len(found.trials.rows) == len(FIRST) + len(SECOND) + len(THIRD) + len(BEST)


def test_a_run_without_layers_says_what_to_do(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path / "data", create=True)
    restage(lake, None, {"kind": "iteration", "session": "gone"}, iterations=THIRD)
    with pytest.raises(UsageError, match="no layers"):
        subjects(lake, ["last"])


def test_the_charts_are_valid_vega_lite(optimised: Lake) -> None:
    (subject,) = subjects(optimised, ["gemm"])
    made = kernel.gather(optimised, subject)
    charts: list[Chart] = [c for c in kernel.charts(made, LIGHT) if c is not None]
    assert len(charts) >= 7
    for chart in charts:
        chart.drawing.to_dict(validate=True)
        text = json.dumps(specification(chart, LIGHT))
        assert "var(--" not in text, "a file has no style sheet"


def test_files_of_the_charts(optimised: Lake, corr: Callable[..., Any], tmp_path: Path) -> None:
    done = corr(
        *("report", "gemm", "--data", optimised.root, "--png", "p", "--svg", "s"), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert sorted(p.stem for p in (tmp_path / "p").iterdir()) == sorted(
        p.stem for p in (tmp_path / "s").iterdir()
    )
    assert (tmp_path / "p" / "gemm-times.png").read_bytes().startswith(b"\x89PNG")
    svg = (tmp_path / "s" / "gemm-times.svg").read_text()
    assert svg.startswith("<svg") and "var(--" not in svg and "accepted" in svg
    assert not (tmp_path / "gemm.html").exists()


def test_no_source_leaves_source_and_patches_out(optimised: Lake, html: str) -> None:
    found = subjects(optimised, ["gemm"])
    made = build.report(optimised, found, with_source=False).html
    assert "C[i][j] *= beta" not in made and "new line" not in made
    assert json.loads(unpacked(made, "k0-patches")) == []
    assert "C[i][j] *= beta" in html
    assert "new line" in json.loads(unpacked(html, "k0-patches"))[1]


def test_hostile_texts_are_never_markup(hostile_page: Path, html: str) -> None:
    made = hostile_page.read_text()
    assert EVIL.split("<")[0] in made
    kinds = {tag for tag, _ in Page(made).elements}
    assert "img" not in kinds and kinds <= {tag for tag, _ in Page(html).elements}
    assert made.count("<script") == 3 + sum(1 for _ in re.finditer('id="k0-diffs', made))
    for tag, about in Page(made).elements:
        assert not [name for name in about if name.startswith("on")], (tag, about)


def test_several_kernels_have_a_summary(page_of_all: Path) -> None:
    made = page_of_all.read_text()
    summary = next(t for t in Page(made).tables if t["about"].get("data-listing") == "summary")
    assert len([row for row in summary["rows"] if row]) == 2
    links = [about.get("href") for tag, about in Page(made).elements if tag == "a"]
    assert {"#kernel=gemm", f"#kernel={quote(OTHER, safe='')}"} <= set(links)
    inner = unpacked(made, f"kernel-{quote(OTHER, safe='')}")
    assert f'data-kernel="{OTHER}"' in inner and "<script" not in inner
    assert "×1.9 over the original, geometric mean of 1 kernel" in made


def test_geometric_mean() -> None:
    assert build.geometric_mean([2.0, 8.0]) == pytest.approx(4.0)


def test_numbers_that_json_does_not_know_are_null() -> None:
    assert json_text({"a": [1.5, math.nan], "b": math.inf}) == '{"a":[1.5,null],"b":null}'


def test_windows_of_a_large_file_do_not_overlap() -> None:
    windows = [Window("x", 40, 60), Window("y", 1, 3), Window("x", 10, 20), Window("x", 50, 90)]
    assert [(w.file, w.line, w.end_line) for w in merged(windows)] == [
        ("x", 10, 20), ("x", 40, 90), ("y", 1, 3),
    ]  # fmt: skip


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, as WCAG 2.2 defines it."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
def test_text_has_enough_contrast_in_both_themes(theme: int) -> None:
    colour = {name: pair[theme] for name, pair in COLOURS.items()}
    for name in ("text", "muted", "blue", "green", "orange", "red", "purple"):
        assert contrast(colour[name], colour["surface"]) >= 4.5, name
        assert contrast(colour[name], colour["h0"]) >= 4.5, name
    for step in range(7):
        on = "on-high" if step >= 5 else "on-low"
        assert contrast(colour[f"h{step}"], colour[on]) >= 4.5, step
