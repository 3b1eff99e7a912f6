"""Hot code that is no loop: its hottest lines, its source with heat, and loops of gotos."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from corr.console.line_words import LONGEST, hot_stretches, of_it
from corr.lake.sql import ask
from corr.lake.store import Lake
from tests.support.command import Corr


def test_words() -> None:
    def line(number: int | None, part: float, file: str = "a.c", **more: str) -> dict[str, object]:
        return {"file": file, "line": number, "part": part, **more}

    rows = [line(7, 0.41), line(9, 0.3), line(8, 0.1), line(2, 0.09)]
    assert of_it(rows, "a.c") == "of it line 7: 41 %, 9: 30 %, 8: 10 %"
    rows = [line(7, 0.4, "in/b.h", inlined="N::term(int) const"), line(3, 0.04)]
    assert of_it(rows, "a.c") == "of it line b.h:7 in N::term: 40 %"
    assert (
        of_it([line(None, 0.6), line(3, 0.2)], "a.c") == "of it code without a line: 60 %, 3: 20 %"
    )
    assert of_it([line(7, 0.01)], "a.c") is None


def test_long_sources_are_cut_to_what_takes_time() -> None:
    rows = [{"line": n, "share": 0.2 if n == 50 else None, "text": str(n)} for n in range(1, 200)]
    shown = [row["text"] for row in hot_stretches(rows)]
    assert shown == ["1", "… 46 lines", *map(str, range(48, 53)), "… 146 lines", "199"]
    assert len(hot_stretches(rows[:LONGEST])) == LONGEST


def test_hotspots_names_the_lines(corr: Corr, nasty_lake: Path) -> None:
    printed = corr("hotspots", cwd=nasty_lake).stdout
    (said,) = re.findall(r"step@one\.c\n +of it (line .*)\n", printed)
    lines = [int(n) for n in re.findall(r"(\d+): \d+ %", said)]
    assert set(lines) <= {7, 8, 9, 10}
    (said,) = re.findall(r"std::accumulate/1(?: in weighted)? .*\n +of it (line .*)\n", printed)
    assert re.match(r"line nasty\.cpp:\d+ in weighted::\$_0::operator\(\): \d+ %", said)


def test_parts_and_shares_are_those_of_the_samples(nasty_lake: Path) -> None:
    sums = ask(
        Lake(nasty_lake / "data"),
        "SELECT sum(h.part) AS part, sum(h.samples) AS samples, any_value(s.samples) AS whole,"
        " sum(h.share) - any_value(s.share) AS left_over FROM hot_lines h JOIN sample_shares s"
        " ON h.loop IS NOT DISTINCT FROM s.loop AND h.function IS NOT DISTINCT FROM s.function"
        " AND h.object IS NOT DISTINCT FROM s.object GROUP BY h.loop, h.function, h.object",
    ).to_pylist()
    assert len(sums) > 10
    for row in sums:
        assert row["samples"] == row["whole"]
        assert row["part"] == pytest.approx(1)
        assert row["left_over"] == pytest.approx(0, abs=1e-9)


def test_why_shows_a_functions_source_with_heat(corr: Corr, nasty_lake: Path) -> None:
    printed = corr("why", "step@one.c", cwd=nasty_lake).stdout
    source = printed.partition("── source")[2].partition("──")[0]
    heat = re.findall(r"^ *([\d.]+)% +[\d.]+[kM]? +(\d+) +int c|return", source, re.MULTILINE)
    assert heat, printed
    assert "return c + a / (c | 3);" in source and "int mix" not in source
    of_a_loop = corr("why", "std::accumulate/1 in weighted", cwd=nasty_lake).stdout
    elsewhere = of_a_loop.partition("── and lines of what is inlined there")[2]
    assert re.search(
        r"nasty\.cpp:\d+ +weighted::\$_0::operator\(\) +return std::accumulate", elsewhere
    )


def test_a_loop_of_gotos_is_one(corr: Corr, nasty_lake: Path) -> None:
    found = ask(
        Lake(nasty_lake / "data"),
        "SELECT l.key, l.made_of, t.iterations, t.entries, s.samples FROM loops l"
        " JOIN trips t ON t.loop_key = l.key LEFT JOIN sample_shares s ON s.loop = l.key"
        " WHERE l.function = 'spin' ORDER BY l.key",
    ).to_pylist()
    assert [(r["key"], r["made_of"]) for r in found] == [
        ("spin@one.c/1", "goto"),
        ("spin@two.c/1", "goto"),
    ]
    assert all(r["iterations"] > 1000 and r["entries"] is None for r in found)
    printed = corr("why", "spin@one.c", cwd=nasty_lake).stdout
    assert "loop: spin@one.c/1 at one.c:" in printed
    assert re.search(r"executions: spin@one.c/1: body ran [\d.]+[kM]?× \(how often gotos", printed)
