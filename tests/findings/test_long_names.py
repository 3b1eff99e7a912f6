"""Pages of programs whose names fill the window: templates of the standard library."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from corr.compare.diff import diff
from corr.findings.of_run import Evidence, Finding
from corr.findings.sentences import detailed
from corr.lake.store import Lake
from corr.report import build, comparison
from corr.report.page import _placed
from corr.report.subject import subjects
from tests.report.test_first_screen import TOO_WIDE
from tests.report.test_report_browser import browser as browser
from tests.report.test_report_browser import opened

LONGEST = 60


def test_evidence_asks_for_a_loop_by_a_short_name() -> None:
    loop = "std::_Tree<std::less<int>, it's>::find(int const&)/1"
    told = {f.name: "" for f in fields(Finding)} | {"loop": loop}
    quoted = loop.replace("'", "''")
    told["evidence"] = (Evidence(f"FROM trips WHERE loop_key = '{quoted}'", "3 turns"),)
    finding = Finding(**told)
    whole, *_ = detailed(finding)
    short, *_ = detailed(finding, short={loop: "std::_Tree::find/1"})
    assert whole.endswith(f"loop_key = '{quoted}'")
    assert short.endswith("loop_key = resolve('std::_Tree::find/1')")


@pytest.mark.slow
def test_names_are_shortened_where_they_are_shown(
    planted_lake: Lake, browser: Browser, tmp_path: Path
) -> None:
    tree, table = (planted_lake.find(name) for name in ("tree", "hash"))
    assert any(len(loop.key) > LONGEST for loop in diff(planted_lake, tree, table).loops)
    page, compared = tmp_path / "tree.html", tmp_path / "diff.html"
    page.write_text(build.report(planted_lake, subjects(planted_lake, ["tree"])).html)
    compared.write_text(comparison.report(planted_lake, tree, table).html)
    for path in (page, compared):
        seen = opened(browser, path.as_uri(), viewport={"width": 1280, "height": 900})
        seen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert seen.page.evaluate(TOO_WIDE) == [], path.name
        told = seen.page.locator("a code, h3 code, .crumbs button").all_inner_texts()
        assert told and max(map(len, told)) <= LONGEST, max(told, key=len)
        seen.page.close()


@pytest.mark.parametrize(
    ("whole", "said"),
    [
        ("a/stl_map.h:509 std::map<int, a<b>>::operator[](int const&)", "a/stl_map.h:509 std::map::operator[]"),
        ("libc.so.6 __memcmp", "libc.so.6 __memcmp"),
        ("[kernel] page faults", "[kernel] page faults"),
        ("int f<std::vector<int>>(int)", "f"),
        ("two parts.c:7 std::vector<int>::push_back(int&&)", "two parts.c:7 std::vector::push_back"),
    ],
)  # fmt: skip
def test_a_function_after_its_place(whole: str, said: str) -> None:
    assert _placed(whole) == said
