"""The first screen of a page: the answer, one picture whose numbers are SQL's, nothing too wide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from corr.compare.diff import diff
from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.report import build, comparison, icicle, waterfall
from corr.report.ladder import rungs
from corr.report.listing import Asker
from corr.report.subject import subjects
from corr.report.trials import gather as trials_of
from tests.report.test_report_browser import browser as browser
from tests.report.test_report_browser import opened
from tests.support.command import Corr
from tests.support.report_lakes import FIRST, SECOND, SESSION, restage

#: Elements wider than what holds them. Code scrolls within its own pane.
TOO_WIDE = """() => [...document.querySelectorAll('.scroll')]
    .filter(e => !e.querySelector('.source') && e.scrollWidth > e.clientWidth + 1)
    .map(e => e.getAttribute('aria-label'))"""


@pytest.fixture(scope="module")
def compared(gemm: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("diff") / "diff.html"
    path.write_text(comparison.report(gemm, gemm.find("a"), gemm.find("b")).html)
    return path


@pytest.fixture
def pages(page: Path, compared: Path) -> Iterator[list[str]]:
    yield [page.as_uri(), compared.as_uri()]


@pytest.mark.slow
def test_the_answer_and_its_picture_are_seen_first(browser: Browser, page: Path) -> None:
    seen = opened(browser, page.as_uri(), viewport={"width": 1280, "height": 900})
    for selector in (".headline", ".answer:first-child .do", ".ladder", ".icicle"):
        box = seen.page.locator(selector).first.bounding_box()
        assert box and box["y"] + min(box["height"], 60) < 900, selector
    seen.page.close()


@pytest.mark.slow
def test_what_was_accepted_is_said_before_the_end(gemm: Lake, tmp_path: Path) -> None:
    """An optimisation that is not over, or whose time was, has no last measurement."""
    lake = Lake.open(tmp_path / "data", create=True)
    original = {"kind": "optimize", "role": "original", "session": SESSION}
    restage(lake, gemm.find("a"), original, iterations=FIRST)
    facts = {"kind": "iteration", "session": SESSION, "iteration": 1}
    restage(lake, gemm.find("b"), facts, iterations=SECOND)
    html = build.report(lake, subjects(lake, ["last"])).html
    headline = re.search(r'<p class="headline">(.*?)</p>', html, re.DOTALL)
    assert headline and "by its trial" in headline[1] and ">2<" in headline[1]
    assert "Nothing faster" not in html


@pytest.mark.slow
def test_no_table_is_wider_than_the_window(browser: Browser, pages: list[str]) -> None:
    for address in pages:
        seen = opened(browser, address, viewport={"width": 1280, "height": 900})
        seen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert seen.page.evaluate(TOO_WIDE) == [], address
        seen.page.close()
        for width in (380, 3840):
            seen = opened(browser, address, viewport={"width": width, "height": 900})
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
            seen.page.close()


def test_tables_of_long_names_fit(
    browser: Browser, corr: Corr, nasty_lake: Path, tmp_path: Path
) -> None:
    done = corr("report", "-o", str(tmp_path / "page.html"), cwd=nasty_lake)
    assert done.returncode == 0, done.stderr
    address = (tmp_path / "page.html").as_uri()
    seen = opened(browser, address, viewport={"width": 1280, "height": 900})
    seen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert seen.page.evaluate(TOO_WIDE) == []
    said = seen.page.locator("#remark-table tbody td.text").all_inner_texts()
    assert said and not [words for words in said if re.search(r"\b_Z\w", words)], "as people say it"
    seen.page.close()


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(browser: Browser, pages: list[str], theme: str) -> None:
    for address in pages:
        seen = opened(browser, address, color_scheme=theme)
        found = Axe().run(seen.page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []
        seen.page.close()


@pytest.mark.slow
def test_blocks_add_up_and_are_those_of_sql(gemm: Lake) -> None:
    run = gemm.find("a")
    with Asker(gemm, [run]) as asker:
        picture = icicle.gather(asker, "gemm")
    assert picture is not None
    blocks = picture.blocks
    for row in range(max(b.row for b in blocks) + 1):
        assert sum(b.width for b in blocks if b.row == row) <= 100.001
    (whole,) = [b for b in blocks if b.row == 0]
    assert whole.share == pytest.approx(1)
    shares = ask(gemm, "SELECT loop, share FROM hotspots WHERE share > 0.01", runs=[run])
    drawn = {b.link: b for b in blocks if b.kind == "loop"}
    for row in shares.to_pylist():
        if row["loop"]:
            inner = sum(
                b.share
                for key, b in drawn.items()
                if key.startswith(f"{row['loop']}.")
                and key.count(".") == row["loop"].count(".") + 1
            )
            assert drawn[row["loop"]].share - inner == pytest.approx(row["share"], abs=0.02)


@pytest.mark.slow
def test_rungs_are_the_rows_of_iterations(optimised: Lake) -> None:
    (subject,) = subjects(optimised, ["gemm"])
    trials = trials_of(optimised, subject)
    assert trials is not None
    ladder = rungs(trials)
    assert ladder[0].kind == "original" and ladder[-1].kind == "best"
    tried = [rung for rung in ladder if rung.kind == "proposal"]
    moves = {row["name"]: row["move"] for row in trials.trials.rows}
    assert tried and all(rung.what and moves[rung.name].endswith(rung.what) for rung in tried)
    (row,) = ask(
        optimised, "SELECT speedup_original AS s FROM iterations WHERE role = 'best'"
    ).to_pylist()
    assert ladder[-1].speedup == pytest.approx(row["s"])
    assert max(r.to or r.width for r in ladder) == pytest.approx(100)


@pytest.mark.slow
def test_steps_of_a_comparison_add_up(gemm: Lake, compared: Path) -> None:
    difference = diff(gemm, gemm.find("a"), gemm.find("b"))
    assert difference.total is not None
    first, *parts, last = waterfall.steps(difference)
    assert first.seconds + sum(p.seconds for p in parts) == pytest.approx(last.seconds)
    assert last.seconds == difference.total.seconds_b
    shown = re.search(r'class="waterfall".*?</figure>', compared.read_text(), re.DOTALL)
    assert shown and f'data-v="{first.seconds}"' in shown[0]


#: Labels of blocks that can be seen, how wide they are, and whether what is too long ends in dots.
LABELS = """() => [...document.querySelectorAll('.icicle .label')].map(e => {
    const seen = [...e.children].filter(c => getComputedStyle(c).display !== 'none');
    return [seen.map(c => c.textContent).join(' '), e.clientWidth,
            e.scrollWidth <= e.clientWidth + 1 || getComputedStyle(e).textOverflow === 'ellipsis'];
})"""


@pytest.mark.slow
def test_labels_of_blocks_fit_in_a_narrow_window(browser: Browser, page: Path) -> None:
    narrow = opened(browser, page.as_uri(), viewport={"width": 380, "height": 900})
    labels = narrow.page.evaluate(LABELS)
    assert len(labels) > 5
    for text, width, fits in labels:
        assert fits, text
        assert not text or width > 30, "nothing can be read in so little room"
    assert any("kernel_gemm" in text for text, _, _ in labels)
    assert any(not text for text, _, _ in labels), "the smallest blocks have no room for any"
    narrow.page.locator(".icicle a.mark").last.focus()
    assert "of the samples" in narrow.text("#tip"), "and say it without a label"
    narrow.page.close()


@pytest.mark.slow
def test_a_narrow_window_shows_rows_as_cards(browser: Browser, page: Path) -> None:
    seen = opened(browser, page.as_uri(), viewport={"width": 380, "height": 900})
    table = seen.page.locator("[data-listing=hotspots]")
    box = table.bounding_box()
    assert box and box["width"] <= 380
    said = table.locator("td").first.evaluate("e => getComputedStyle(e, '::before').content")
    assert said == '"share of time"'
    seen.page.close()


@pytest.mark.slow
def test_layers_are_opened_by_need(browser: Browser, page: Path) -> None:
    seen = opened(browser, page.as_uri())
    layers = seen.page.locator(".layer")
    assert layers.count() == 6 and seen.page.locator(".layer[open]").count() == 0
    for number in range(layers.count()):
        said = layers.nth(number).locator("summary > .quiet").first.inner_text()
        assert said.strip(), "it says what is in it"
    seen.page.click("nav a[href='#roofline']")
    seen.page.wait_for_selector("#roofline > .layer[open]")
    seen.page.keyboard.press("/")
    assert seen.page.locator("#remarks > .layer[open]").count() == 1
    seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert seen.page.locator(".layer:not([open])").count() == 0, "paper cannot be opened"
    seen.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert seen.page.locator(".layer[open]").count() == 2
    seen.page.close()


#: What of the page is wider than the paper.
OFF_PAPER = """() => [...document.querySelectorAll('.scroll')]
    .filter(e => e.scrollWidth > document.documentElement.clientWidth + 1)
    .map(e => e.getAttribute('aria-label') || e.textContent.slice(0, 60))"""


@pytest.mark.slow
def test_nothing_is_cut_off_on_paper(browser: Browser, pages: list[str]) -> None:
    for address in pages:
        seen = opened(browser, address, viewport={"width": 760, "height": 1000})
        seen.page.emulate_media(media="print")
        seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert seen.page.evaluate(OFF_PAPER) == [], address
        seen.page.close()
