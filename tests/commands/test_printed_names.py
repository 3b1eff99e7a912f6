"""Every name that corr prints can be pasted: each is taken out of real output and asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from collectors.base.errors import UsageError
from corr.lake.sql import ask, connect
from corr.lake.store import Lake
from corr.summary.summarise import summarise
from corr.why import resolve, why
from tests.support import nasty_names
from tests.support.command import Corr


@pytest.fixture(scope="module")
def lake(nasty_lake: Path) -> Lake:
    return Lake(nasty_lake / "data")


@pytest.fixture(scope="module")
def connection(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    with contextlib.closing(connect(lake, [lake.find("last")])) as opened:
        yield opened


def listed(error: UsageError) -> list[str]:
    """The names that a message offers in place of one that several places have."""
    first, *names = error.message.splitlines()
    assert first.endswith(" may be any of") or " or " in first, error.message
    if not names:
        return first.partition(" may be ")[2].split(" or ")
    return [name.strip() for name in names if not name.endswith(" more")]


def pasted(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """`name` is taken; or two are listed at least, of which each is."""
    try:
        place = resolve(connection, name)
    except UsageError as error:
        offered = listed(error)
        assert len(offered) > 1, name
        for other in offered:
            # behind a name stands its place, for people
            shorter = other.rpartition(" (")[0]
            try:
                resolve(connection, other)
            except UsageError:
                resolve(connection, shorter)
        return
    assert place.loops or place.functions or place.object or place.called or place.line, name


def test_every_printed_name(
    corr: Corr, nasty_lake: Path, lake: Lake, connection: duckdb.DuckDBPyConnection
) -> None:
    hot = corr("hotspots", "--all", "--limit", "80", cwd=nasty_lake).stdout
    names = nasty_names.in_hotspots(hot)
    names |= nasty_names.in_sentences((nasty_lake / "printed").read_text())
    names |= nasty_names.in_decisions(corr("decisions", "--limit", "60", cwd=nasty_lake).stdout)
    profile = summarise(lake, lake.find("last"), budget=60_000, loops=30).text
    names |= nasty_names.in_summary(profile)
    assert corr("report", "-o", "page.html", cwd=nasty_lake).returncode == 0
    linked = nasty_names.in_report((nasty_lake / "page.html").read_text())
    assert linked
    names |= linked
    keys = ask(lake, "SELECT key AS n FROM loops UNION (SELECT name FROM functions LIMIT 40)")
    names |= set(keys["n"].to_pylist())
    for asked in ("operator bool/1", "operator<<", "step@two.c", "[kernel]"):
        done = corr("why", asked, cwd=nasty_lake)
        assert done.returncode == 0, done.stderr
        names |= nasty_names.in_why(done.stdout)
    wanted = {
        *("Money::operator bool/1", "operator<</1", "std::accumulate/1 in weighted", "hidden/1"),
        *("by_text::$_0::operator()/1", "[kernel]", "libc.so.6", "mix@two.c/1", "step@one.c"),
    }
    assert wanted <= names
    assert any(" › stl_numeric.h:" in name for name in names)
    assert any(name.startswith("lexer.re:4") for name in names)
    for name in sorted(names):
        pasted(connection, name)


def test_two_of_a_name_are_both_listed(corr: Corr, nasty_lake: Path) -> None:
    for asked in ("Shelf::sum/1", "Shelf::sum", "std::accumulate/1", "step", "mix/1"):
        done = corr("why", asked, cwd=nasty_lake)
        assert done.returncode == 2
        assert done.stderr.count("\n  ") >= 2, done.stderr
        assert "ask for one of them" in done.stderr


def test_a_static_function_is_that_of_its_file(connection: duckdb.DuckDBPyConnection) -> None:
    one, two = (why(connection, f"step@{file}.c") for file in ("one", "two"))
    assert {row["place"].split(":")[0] for row in one["outside"]} == {"one.c"}
    assert {row["place"].split(":")[0] for row in one["callers"]} == {"one.c"}
    assert {row["file"] for row in one["remarks"]} == {"one.c"}
    assert {row["file"] for row in two["remarks"]} == {"two.c"}
    assert min(one["samples"]["samples"], two["samples"]["samples"]) > 0


def test_a_summary_of_a_loop_by_any_name(corr: Corr, nasty_lake: Path) -> None:
    for asked in ("operator>/1", "lexer.re:47", "std::accumulate/1 in weighted"):
        done = corr("summary", "--loop", asked, cwd=nasty_lake)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("\n### ") == 1
    assert corr("summary", "--loop", "step@one.c", cwd=nasty_lake).returncode == 2


def test_names_in_sql(lake: Lake) -> None:
    def rows(statement: str) -> list[dict[str, object]]:
        return ask(lake, statement).to_pylist()

    both = rows("SELECT kind, line FROM resolve('Shelf::sum/1') ORDER BY line")
    assert [row["kind"] for row in both] == ["loop", "loop"]
    assert both[0]["line"] != both[1]["line"]
    (of_one,) = rows("SELECT count(*) AS n FROM instructions WHERE loop = resolve('operator<</1')")
    assert of_one["n"] != 0
    kinds = "SELECT kind FROM resolve('{}')"
    for name, kind in (
        *(("libc.so.6", "library"), ("page faults", "kernel"), ("hidden", "function")),
        *(("lexer.re:47", "line"), ("qsort_r", "library call"), ("nasty", "program")),
    ):
        assert rows(kinds.format(name)) == [{"kind": kind}]
    with pytest.raises(UsageError, match="may be any of"):
        rows("SELECT resolve('Shelf::sum/1')")
    for wrong in ("FROM resolve('nothing of the kind')", "SELECT resolve(key) FROM loops"):
        with pytest.raises(UsageError):
            rows(wrong)
    assert rows("SELECT 'resolve(' AS text") == [{"text": "resolve("}]
