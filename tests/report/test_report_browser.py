"""The pages of `corr report` in a real browser: nothing asked for, nothing wrong, all of it usable."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.report import comparison
from corr.report.subject import subjects
from tests.support.command import Corr
from tests.support.report_lakes import OTHER, hostile, restage

HOT = "kernel_gemm/1.1.1"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "apt-get install chromium"
    with sync_playwright() as tool:
        found = tool.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


@dataclass
class Seen:
    """A page, and all that it asked for or complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)


def opened(browser: Browser, address: str, **options: Any) -> Seen:
    page = browser.new_page(**({"viewport": {"width": 1400, "height": 900}} | options))
    seen = Seen(page)
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda line: seen.complaints.append(line.text))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.goto(address)
    page.wait_for_selector("body[data-ready]", state="attached")
    return seen


@pytest.fixture(scope="module")
def address(page: Path) -> str:
    return page.as_uri()


@pytest.fixture
def seen(browser: Browser, address: str) -> Iterator[Seen]:
    found = opened(browser, address)
    yield found
    assert found.complaints == []
    assert {r.split("#")[0] for r in found.requests} == {address}, "it asked for something"
    found.page.close()


def test_a_click_on_a_hot_line_shows_what_every_layer_says(seen: Seen, optimised: Lake) -> None:
    run = subjects(optimised, ["gemm"])[0].run
    (loop,) = ask(optimised, "SELECT file, line FROM loops WHERE key = ?", [HOT], [run]).to_pylist()
    seen.page.click(f'[data-file="{loop["file"]}"] tr[data-l="{loop["line"]}"] td.code')
    panel = seen.text("#panel")
    assert f"{loop['file']}:{loop['line']}" in panel
    said = ask(
        optimised,
        "SELECT DISTINCT words FROM remark_words WHERE line = ? AND tag = 'Missed'"
        " AND pass = 'loop-vectorize'",
        [loop["line"]],
        [run],
    ).to_pylist()
    assert said
    for row in said:
        assert row["words"] in panel
    seen.page.click(f"#panel .crumbs button:has-text('{HOT}')")
    panel = seen.text("#panel")
    for word in (
        "Remarks",
        "Passes that changed it",
        "Machine loop",
        "cycles a pass",
        "iterations",
    ):
        assert word in panel, word
    assert "mulsd" in panel


def test_the_panel_counts_as_sql_does(seen: Seen, optimised: Lake) -> None:
    run = subjects(optimised, ["gemm"])[0].run
    (hot,) = ask(optimised, "FROM hotspots WHERE loop = ?", [HOT], [run]).to_pylist()
    seen.page.evaluate(f"location.hash = '#loop={quote(HOT, safe='')}'")
    seen.page.wait_for_selector(f"#panel h3 code:has-text('{HOT}')")
    pairs = seen.page.evaluate(
        "[...document.querySelectorAll('#panel dl')].slice(0, 1).flatMap(d =>"
        " [...d.querySelectorAll('dt')].map(t => [t.textContent, t.nextSibling.textContent]))"
    )
    facts = dict(pairs)
    assert facts["samples"] == str(hot["samples"])
    assert facts["share of the time"] == f"{100 * hot['share']:.1f}%"
    assert facts["unrolled by"] == str(hot["unroll"])


def test_a_link_opens_at_its_loop(browser: Browser, address: str) -> None:
    found = opened(browser, f"{address}#loop={quote(HOT, safe='')}")
    assert found.text("#panel h3") == f"Loop {HOT}"
    row = found.page.locator(".source tr[aria-selected=true]")
    assert row.is_visible()
    box = row.bounding_box()
    assert box and 0 <= box["y"] <= 900
    assert found.complaints == []
    found.page.close()


def test_a_link_may_have_a_short_name(
    browser: Browser, corr: Corr, nasty_lake: Path, tmp_path: Path
) -> None:
    done = corr("report", "-o", str(tmp_path / "page.html"), cwd=nasty_lake)
    assert done.returncode == 0, done.stderr
    found = opened(browser, (tmp_path / "page.html").as_uri())
    found.page.evaluate("location.hash = '#loop=Money::operator bool/1'")
    found.page.wait_for_selector("#panel h3 code[title='Money::operator bool() const/1']")
    found.page.evaluate("location.hash = '#loop=std::accumulate/1'")
    found.page.wait_for_selector("#panel h3:text-is('std::accumulate/1 may be any of')")
    assert found.page.locator("#panel li a").count() == 2
    found.page.close()


def test_search_and_filters_of_the_remarks(seen: Seen) -> None:
    def rows() -> list[str]:
        return [r.inner_text() for r in seen.page.locator("#remark-table tbody tr").all()]

    seen.page.click("#remarks summary")
    every = int(seen.text("#remark-count").split(" of ")[1])
    seen.page.press("body", "/")
    assert seen.page.evaluate("document.activeElement.id") == "remark-search"
    seen.page.keyboard.type("FLOATING-POINT OPERATIONS")
    found = rows()
    assert found and all("floating-point operations" in row for row in found)
    assert int(seen.text("#remark-count").split(" of ")[0]) < every
    seen.page.fill("#remark-search", "")
    seen.page.select_option("#remark-pass", "licm")
    seen.page.select_option("#remark-kind", "Passed")
    found = rows()
    assert found and all("licm" in row and "done" in row for row in found)


def test_keys_move_fold_and_help(seen: Seen) -> None:
    page = seen.page
    chosen = "document.querySelector('.source tr[aria-selected=true]')?.dataset.l"
    page.keyboard.press("j")
    first = int(page.evaluate(chosen))
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    assert int(page.evaluate(chosen)) == first + 2
    page.keyboard.press("k")
    assert int(page.evaluate(chosen)) == first + 1
    page.keyboard.press("n")
    assert seen.text("#panel h3").startswith("Loop ")
    assert "loop=" in page.evaluate("location.hash")
    page.evaluate(f"location.hash = '#loop={quote('kernel_gemm/1', safe='')}'")
    page.wait_for_selector("#panel h3 code:text-is('kernel_gemm/1')")
    visible = page.locator(".source tr[data-l]:visible").count()
    page.keyboard.press("Enter")
    assert page.locator(".source tr[data-l]:visible").count() < visible
    assert page.locator(".fold[aria-expanded=false]").count() == 1
    page.evaluate(f"location.hash = '#loop={quote(HOT, safe='')}'")
    page.wait_for_selector(f"#panel h3 code:text-is('{HOT}')")
    assert page.locator(".source tr[data-l]:visible").count() == visible, "a link unfolds"
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#keys").is_visible()


def test_the_diff_of_a_pass_on_click_and_by_link(seen: Seen) -> None:
    page = seen.page
    page.click("#passes summary")
    page.click("#pass-table tbody tr:first-child button")
    page.wait_for_selector(".diff-row pre")
    assert "@@" in seen.text(".diff-row pre")
    page.click("#pass-table tbody tr:first-child button")
    assert page.locator(".diff-row").count() == 0
    link = page.locator("#chart-passes svg a").last.get_attribute("href")
    assert link and link.startswith("#pass=")
    page.locator("#chart-passes svg a").last.dispatch_event("click")
    page.wait_for_selector(".diff-row pre")
    assert page.evaluate("location.hash") == link


def test_a_trial_says_why_on_pointing_and_shows_its_patch(seen: Seen) -> None:
    page = seen.page
    mark = page.locator("#chart-times svg [aria-label*='refused']").first
    mark.scroll_into_view_if_needed()
    mark.hover()
    assert "inline assembly is not allowed" in seen.text("#tip")
    accepted = page.locator("#chart-times svg a:has([aria-label*='accepted'])").first
    accepted.focus()
    assert "guarantee: tested (5 inputs)" in seen.text("#tip")
    page.keyboard.press("Enter")
    page.wait_for_selector("#patch pre")
    assert "+new line" in seen.text("#patch")
    kinds = page.locator("#chart-times svg [aria-roledescription='point']")
    shapes = {kinds.nth(n).get_attribute("d") for n in range(kinds.count())}
    assert len(shapes) >= 6, "told apart by shape as well as colour"


def test_themes_and_a_narrow_window(browser: Browser, address: str) -> None:
    colours = set()
    for scheme in ("light", "dark"):
        found = opened(
            browser, address, color_scheme=scheme, viewport={"width": 400, "height": 800}
        )
        page = found.page
        back = "getComputedStyle(document.documentElement).backgroundColor"
        colours.add(page.evaluate(back))
        page.keyboard.press("t")
        page.keyboard.press("t")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert page.evaluate(back) == "rgb(21, 25, 29)"
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        assert found.complaints == []
        page.close()
    assert len(colours) == 2


def test_print_shows_everything_without_its_tools(browser: Browser, address: str) -> None:
    found = opened(browser, address)
    found.page.emulate_media(media="print")
    assert not found.page.locator(".tools").is_visible()
    assert (
        found.page.evaluate("getComputedStyle(document.querySelector('.file > .scroll')).maxHeight")
        == "none"
    )
    assert found.page.pdf().startswith(b"%PDF")
    found.page.close()


def test_without_javascript_the_tables_and_the_source_are_there(
    browser: Browser, address: str
) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(address)
    assert HOT in page.inner_text("#hot")
    assert "C[i][j] *= beta" in page.inner_text("#source")
    assert page.locator("#chart-times svg").is_visible()
    page.close()


def test_every_control_has_a_name_and_every_table_its_heads(seen: Seen) -> None:
    nameless = seen.page.evaluate(
        "[...document.querySelectorAll('button, input, select, svg[role], table')]"
        ".filter(e => !(e.textContent.trim() || e.ariaLabel || e.closest('label')"
        " || e.getAttribute('aria-labelledby'))).map(e => e.outerHTML.slice(0, 80))"
    )
    assert nameless == []
    headless = seen.page.evaluate(
        "[...document.querySelectorAll('main > article table')]"
        ".filter(t => !t.querySelector('th[scope]')).length"
    )
    assert headless == 0
    described = seen.page.evaluate(
        "[...document.querySelectorAll('.chart svg')]"
        ".every(s => s.querySelector('title').textContent && s.querySelector('desc').textContent)"
    )
    assert described


def test_hostile_texts_are_inert(browser: Browser, hostile_page: Path) -> None:
    loop = hostile(HOT)
    found = opened(browser, f"{hostile_page.as_uri()}#loop={quote(loop, safe='')}")
    page = found.page
    assert page.locator("#panel h3 code").first.get_attribute("title") == loop
    page.locator(".source tr[aria-selected=true] td.code").click()
    for link in page.locator("#chart-times svg a").all():
        link.dispatch_event("click")
    page.click("#passes summary")
    page.locator("#pass-table button").first.click()
    page.wait_for_selector(".diff-row pre")
    page.click("#remarks summary")
    page.fill("#remark-search", "<img")
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    assert page.locator("[onload], [onerror]").count() == 0
    assert found.complaints == []
    assert {r.split("#")[0] for r in found.requests} == {hostile_page.as_uri()}
    page.close()


def test_the_policy_stops_what_would_get_through(browser: Browser, address: str) -> None:
    found = opened(browser, address)
    found.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend',"
        ' \'<img src="https://example.invalid/x.png" onerror="window.hacked=1">\')'
    )
    found.page.wait_for_function("performance.now() > 0")
    assert found.page.evaluate("fetch('https://example.invalid/').then(() => 1, () => 0)") == 0
    assert found.page.evaluate("window.hacked") is None
    assert any("Content Security Policy" in line for line in found.complaints)
    found.page.close()


def test_several_kernels_on_one_page(browser: Browser, page_of_all: Path) -> None:
    found = opened(browser, page_of_all.as_uri())
    page = found.page
    page.click(f"#summary a:text-is('{OTHER}')")
    page.wait_for_selector(".kernel #panel")
    assert "kernel_gemm" in found.text("#hot")
    page.locator(f"#hot a:has-text('{HOT}')").first.click()
    page.wait_for_selector(f"#panel h3 code:text-is('{HOT}')")
    shared = page.evaluate("location.hash")
    assert shared.startswith(f"#kernel={quote(OTHER, safe='')}&loop=")
    page.click("#back")
    page.wait_for_selector("#summary")
    page.close()
    again = opened(browser, f"{page_of_all.as_uri()}{shared}")
    assert again.text("#panel h3") == f"Loop {HOT}"
    assert again.complaints == found.complaints == []
    again.page.close()


def test_a_comparison_has_hypotheses(
    browser: Browser, gemm: Lake, tmp_path: Path, corr: Any
) -> None:
    done = corr(
        *("collect", "gemm.c", "--run-args", "--size 300", "--label", "fast", "--data", "data"),
        *("--", "-O3", "-ffast-math"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    lake = Lake.open(tmp_path / "data")
    restage(lake, gemm.find("a"), {"label": "plain"})
    a, b = lake.find("plain"), lake.find("fast")
    path = tmp_path / "diff.html"
    path.write_text(comparison.report(lake, a, b).html)
    found = opened(browser, path.as_uri())
    loops = found.page.locator(".change")
    assert loops.count() >= 1
    change = found.page.locator(f".change[data-loop='{HOT}']")
    assert "-ffast-math" in change.inner_text() and "vectorised now" in change.inner_text()
    done = corr("diff", "plain", "fast", "--data", "data", "--format", "json", cwd=tmp_path)
    wanted = json.loads(done.stdout)
    numbers = [
        float(found.page.locator("header [data-v]").nth(n).get_attribute("data-v") or 0)
        for n in range(3)
    ]
    total = wanted["total"]
    assert numbers == [total["seconds_a"], total["seconds_b"], total["time_ratio"]]
    assert re.search(r"vector width\s+–?\s*\d", change.inner_text())
    assert found.complaints == []
    found.page.close()
