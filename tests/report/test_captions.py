"""Captions say what is to be seen in a chart, in numbers of the rows that it is drawn from."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import pytest

from corr.lake.sql import ask
from corr.lake.store import Lake
from corr.report import captions, icicle, kernel, ladder, waterfall
from corr.report.charts import Chart
from corr.report.charts_run import _apart
from corr.report.icicle import Block
from corr.report.ink import LIGHT
from corr.report.ladder import Rung
from corr.report.listing import Asker
from corr.report.page import breakable, environment
from corr.report.subject import subjects
from corr.report.waterfall import Step
from tests.support.report_lakes import BEST


@pytest.mark.slow
def test_every_chart_says_what_is_to_be_seen(optimised: Lake) -> None:
    (subject,) = subjects(optimised, ["gemm"])
    made = kernel.gather(optimised, subject)
    charts: dict[str, Chart] = {c.name: c for c in kernel.charts(made, LIGHT) if c is not None}
    assert len(charts) >= 7
    for chart in charts.values():
        assert re.search(r"[0-9]|^No ", chart.finding), chart.name
        assert chart.finding != chart.title
    share = f"{100 / BEST[0]['speedup_original']:.1f}%"
    assert charts["times"].finding.startswith(f"The best takes {share} of the original's time")
    ratio = f"{100 * made.trials.before_after.rows[0]['ratio']:.1f}%" if made.trials else ""
    assert f"{ratio} of the time" in charts["before_after"].finding
    sql = "SELECT pass, sum(count)::BIGINT AS n FROM remarks WHERE tag IN ('Missed', 'Failure')"
    most, *_ = ask(
        optimised, f"{sql} GROUP BY pass ORDER BY n DESC, pass", runs=[subject.run]
    ).to_pylist()
    assert charts["remarks"].finding.startswith(f"{most['pass']} missed the most: {most['n']} of")


@pytest.mark.slow
def test_the_blocks_say_where_the_time_goes(gemm: Lake) -> None:
    run = gemm.find("a")
    with Asker(gemm, [run]) as asker:
        shown = icicle.gather(asker, "gemm")
        hidden = icicle.gather(asker, "gemm", with_source=False)
    assert shown is not None and hidden is not None
    (line,) = ask(
        gemm, "SELECT line FROM loops WHERE key = 'kernel_gemm/1.1.1'", runs=[run]
    ).to_pylist()
    names = {b.link: b.name for b in shown.blocks}
    assert names["kernel_gemm/1.1.1"] == f"loop at {line['line']}"
    source = ask(gemm, "FROM source WHERE file = 'gemm.c'", runs=[run]).to_pylist()
    texts = {row["line"]: row["text"] for row in source}
    lines = [b for b in shown.blocks if b.link.startswith("gemm.c:")]
    assert lines
    for block in lines:
        number = int(block.link.split(":")[1])
        assert block.name == f"{number}: {' '.join(texts[number].split())}"
    assert all(b.name.startswith("line ") for b in hidden.blocks if b.kind == "line")
    (function,) = [b for b in shown.blocks if b.name == "kernel_gemm"]
    assert function.leads.startswith(("line=gemm.c", "loop=kernel_gemm")), "to its hottest place"


def block(share: float, name: str, *parts: Block, kind: str = "function", link: str = "") -> Block:
    return Block(name, kind, link, share, {part.name: part for part in parts})


def test_a_caption_names_one_place_or_as_many_as_take_most() -> None:
    line = block(0.8, "7: x += y", kind="line", link="a.c:7")
    one = block(1.0, "p", block(0.8, "f", line), block(0.2, "g"))
    assert icicle._says(one) == "f takes 80.0% of the time, all of it in a.c:7"
    part = block(1.0, "p", block(0.8, "f", block(0.5, "7", kind="line", link="a.c:7")))
    assert icicle._says(part) == "f takes 80.0% of the time, a.c:7 alone 50.0%"
    spread = block(1.0, "p", *(block(s, n) for n, s in (("f", 0.4), ("g", 0.3), ("h", 0.2))))
    assert icicle._says(spread) == "f and g take 70.0% of the time: 40.0% and 30.0%"


def step(name: str, seconds: float, loop: str | None = None) -> Step:
    return Step(name, "more", seconds, 0, 0, loop)


def test_a_comparison_says_what_costs_and_saves() -> None:
    loops = [step("a.c:7", -0.25, "f/1"), step("a.c:9", 0.125, "g/1"), step("a.c:2", 0.01, "h/1")]
    found = [step("a", 0.5), *loops, step("everything else", 0.115), step("b", 0.5)]
    told = "a.c:7 saves 0.25 s and a.c:9 costs 0.125 s"
    assert waterfall.says(found) == f"b takes as long as a: {told}"
    found[-1] = step("b", 0.75)
    assert waterfall.says(found) == f"b takes 0.25 s more than a: {told}"


def rung(name: str, kind: str, speedup: float, low: float | None, high: float | None) -> Rung:
    return Rung(name, "", kind, speedup, low, high, 0, None, None)


def test_a_ladder_says_how_fast_its_last_step_is() -> None:
    original = rung("original", "original", 1, None, None)
    baseline = rung("-O3", "baseline", 9, None, None)
    assert ladder.says([original, baseline]) == "No step is faster than the original"
    tried = rung("1.1", "proposal", 2, None, None)
    assert ladder.says([original, tried]) == "1.1 is 2 times as fast as the original"
    best = rung("best, measured again", "best", 2.5, 2.25, 2.75)
    said = ladder.says([original, tried, best])
    assert said == "The best is 2.5 times as fast as the original, from 2.25 to 2.75 at 99 %"


def test_rows_that_say_nothing_are_told_so() -> None:
    counts = [{"opcode": "add", "variant": v, "count": 3} for v in ("original", "iteration 1")]
    said = captions.opcodes(counts, ["original", "iteration 1"])
    assert said == "No opcode has another count in iteration 1 than in the original"
    assert captions.remarks([{"pass": "gvn", "missed": 0}]).startswith("No pass")
    assert captions.passes([], ["f/1"]) == ""
    rows: list[dict[str, Any]] = [{"loops": ["f/1"], "before": 3, "after": 9, "pass": "unroll"}]
    assert captions.passes(rows, ["g/1", "f/1"]) == (
        "Passes changed f/1 1 time; its function grew most by unroll, from 3 to 9 instructions"
    )


def test_names_of_lines_that_are_near_share_a_place() -> None:
    near = [{"y": 100.0, "text": "L1"}, {"y": 95.0, "text": "L2"}, {"y": 20.0, "text": "memory"}]
    assert [row["text"] for row in _apart(near, 1.1)] == ["L1, L2", "memory"]
    assert len(_apart(near, 1.01)) == 3


def test_names_break_where_they_are_joined_and_stay_text() -> None:
    assert breakable("std::sort/1.2") == "std::<wbr>sort/1.2"
    assert breakable("/a/b.h:12") == "/<wbr>a/<wbr>b.h<wbr>:12"
    assert breakable("<img src=x>") == "&lt;<wbr>img src=x&gt;"


@pytest.mark.parametrize(("ceiling", "shown"), [(1.004, False), (1.3, True), (None, False)])
def test_a_ceiling_that_allows_nothing_is_no_promise(ceiling: float | None, shown: bool) -> None:
    text = '{% from "macros.html.j2" import answers with context %}{{ answers([f], "") }}'
    facts: dict[str, Any] = {"share": 0.5, "ceiling": ceiling, "loop": None, "evidence": []}
    found = environment().from_string(text).render(f=defaultdict(str, facts))
    assert ("at most" in found) is shown
