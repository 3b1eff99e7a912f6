"""The tools of `corr mcp` over the lake of gemm: what they answer is what SQL says."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from corr.agent.server import make
from corr.lake.sql import ask
from corr.lake.store import Lake

READING = {
    *("runs", "explain", "hotspots", "why", "source", "summary", "diff", "check", "sql", "tables")
}


def with_client(
    folder: Path, work: Callable[[Client], Coroutine[Any, Any, Any]], **how: Any
) -> Any:
    """The result of the work with a client of a server over the folder's lake."""

    async def run() -> Any:
        server = make(Lake.open(folder / "data"), folder, **how)
        async with Client(server) as client:
            return await work(client)

    return anyio.run(run)


def call(folder: Path, tool: str, **arguments: Any) -> Any:
    """The structured answer of a tool. Fails where it is an error."""

    async def work(client: Client) -> Any:
        answer = await client.call_tool(tool, arguments)
        assert not answer.is_error, answer.content
        return answer.structured_content

    return with_client(folder, work)


def refused(folder: Path, tool: str, **arguments: Any) -> str:
    """What the tool says where it does not answer."""

    async def work(client: Client) -> str:
        answer = await client.call_tool(tool, arguments)
        assert answer.is_error
        return answer.content[0].text

    return with_client(folder, work)


def test_only_reading_unless_it_is_allowed_to_run(gemm_lake: Path) -> None:
    async def names(client: Client) -> set[str]:
        tools = (await client.list_tools()).tools
        assert all(t.output_schema and t.description for t in tools)
        return {t.name for t in tools}

    assert with_client(gemm_lake, names) == READING
    assert with_client(gemm_lake, names, allow_run=True) == READING | {"collect", "try_candidate"}


def test_numbers_are_those_of_sql(gemm_lake: Path) -> None:
    lake = Lake.open(gemm_lake / "data")
    run = lake.find("a")
    (first, *_) = call(gemm_lake, "explain", run="a")["answers"]
    (row,) = ask(lake, "FROM findings WHERE rank = 1 AND id = 1", runs=[run]).to_pylist()
    assert {k: first[k] for k in ("share", "ceiling", "sentence", "test")} == {
        k: row[k] for k in ("share", "ceiling", "sentence", "test")
    }
    listed = call(gemm_lake, "hotspots", run="a", limit=3)
    expected = ask(lake, "FROM hotspots LIMIT 3", runs=[run]).to_pylist()
    assert [(r["loop"], r["share"], r["iterations"]) for r in listed["rows"]] == [
        (r["loop"], r["share"], r["iterations"]) for r in expected
    ]
    assert listed["run"] == run.run_id and listed["next_offset"] == 3


def test_pages_join_to_the_whole(gemm_lake: Path) -> None:
    asked = "SELECT loop, share FROM hotspots ORDER BY loop, place, function"
    whole = call(gemm_lake, "sql", statement=asked, run="a", limit=500, max_tokens=50_000)["rows"]
    pages: list[Any] = []
    offset: int | None = 0
    while offset is not None:
        found = call(gemm_lake, "sql", statement=asked, run="a", limit=4, offset=offset)
        assert 1 <= len(found["rows"]) <= 4
        pages += found["rows"]
        offset = found["next_offset"]
    assert pages == whole and len(whole) > 4


def test_answers_keep_to_their_tokens(gemm_lake: Path) -> None:
    wide = "SELECT diff FROM ir_changes ORDER BY length(diff) DESC"
    found = call(gemm_lake, "sql", statement=wide, run="a", limit=100, max_tokens=1500)
    assert found["next_offset"] == len(found["rows"]) and found["note"]
    assert len(json.dumps(found)) < 12_000


def test_places_source_summary_diff_and_check(gemm_lake: Path) -> None:
    assert call(gemm_lake, "why", place="gemm.c:20", run="a")["facts"]["loops"]
    source = call(gemm_lake, "source", place="kernel_gemm/1.1.1", run="a")["text"]
    assert "|" in source and "gemm.c" in source and "%" in source
    assert "# Profile of" in call(gemm_lake, "summary", run="a", budget=800)["text"]
    assert call(gemm_lake, "diff", a="a", b="b")["a"] != call(gemm_lake, "diff", a="a", b="b")["b"]
    assert isinstance(call(gemm_lake, "check", baseline="a", new="b")["passes"], bool)


HOSTILE = [
    ("sql", {"statement": "DROP TABLE runs"}, "read-only"),
    ("sql", {"statement": "SELECT 1) ; DELETE FROM runs; --"}, "one statement|SQL"),
    ("sql", {"statement": "SELECT * FROM read_text('/etc/passwd')"}, "SQL"),
    ("sql", {"statement": "COPY (SELECT 1) TO '/tmp/x'"}, "SQL|read-only"),
    ("sql", {"statement": "SELECT 1", "limit": -1}, "limit"),
    ("sql", {"statement": "SELECT 1", "limit": 10**9}, "limit"),
    ("sql", {"statement": "x" * 30_000}, "statement"),
    ("hotspots", {"run": "../../etc"}, "no run|→"),
    ("hotspots", {"run": "\x1b[31m' OR 1=1 --"}, "→|no run"),
    ("why", {"place": "/etc/passwd:1"}, "no file"),
    ("source", {"place": "../../../etc/passwd:1"}, "no file"),
    ("summary", {"level": "shell"}, "no level"),
    ("explain", {"run": 7}, "^explain: `run`: input should be .*string \\('7' was given\\)$"),
    ("explain", {"runn": "last"}, "no argument 'runn': did you mean 'run'"),
    ("explian", {}, "no tool 'explian': did you mean 'explain'"),
    ("diff", {}, "^diff: `a`: field required"),
]


@pytest.mark.parametrize(("tool", "arguments", "says"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_arguments_are_refused_in_words(
    gemm_lake: Path, tool: str, arguments: dict[str, Any], says: str
) -> None:
    import re

    said = refused(gemm_lake, tool, **arguments)
    assert re.search(says, said) and "Traceback" not in said and "\x1b" not in said


def test_files_outside_the_project_are_not_collected(gemm_lake: Path) -> None:
    for name in ("/etc/passwd", "../x.c", "data/runs", "a\0b", "nothing.c"):

        async def work(client: Client, name: str = name) -> str:
            answer = await client.call_tool("collect", {"files": [name]})
            assert answer.is_error
            return answer.content[0].text

        assert "no file" in with_client(gemm_lake, work, allow_run=True)


def test_resources_and_prompts(gemm_lake: Path) -> None:
    async def work(client: Client) -> None:
        listed = json.loads((await client.read_resource("corr://runs")).contents[0].text)
        name = listed[0]["run"]
        run = json.loads((await client.read_resource(f"corr://runs/{name}")).contents[0].text)
        assert run["program"] == "gemm" and run["findings"]
        page = (await client.read_resource(f"corr://reports/{name}")).contents[0].text
        assert page.startswith("<!DOCTYPE html>")
        assert (await client.read_resource(f"corr://summaries/{name}")).contents[0].text
        prompts = {p.name for p in (await client.list_prompts()).prompts}
        assert prompts == {"explain_slowness", "explain_difference"}
        told = await client.get_prompt("explain_slowness", {"run": "a"})
        assert "explain" in told.messages[0].content.text

    with_client(gemm_lake, work)
