"""An agent that knows nothing but the tools makes a kernel faster, and wrong changes are told so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from tests.agent.test_tools import with_client

pytestmark = pytest.mark.slow

PROGRAM = """\
#include <stdio.h>
enum { N = 1100 };
static double a[N][N], b[N][N];

__attribute__((noinline)) static void kernel(double f)
{
    for (int j = 0; j < N; j++)
        for (int i = 0; i < N; i++)
            b[i][j] = a[i][j] * f + b[i][j];
}

int main(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            a[i][j] = i * 0.5 + j;
    for (int r = 0; r < 12; r++)
        kernel(r * 0.25);
    double sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            sum += b[i][j] * (i + 1) * (j % 7 + 1);
    printf("%.17g\\n", sum);
    return 0;
}
"""


def test_a_scripted_agent_optimises_a_kernel_by_the_tools_alone(tmp_path: Path) -> None:
    (tmp_path / "walk.c").write_text(PROGRAM)
    from corr.lake.store import Lake

    Lake.open(tmp_path / "data", create=True)
    heard: list[str] = []

    async def progress(_done: float, _total: float | None, message: str | None) -> None:
        heard.append(message or "")

    async def ask(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = await client.call_tool(tool, arguments, progress_callback=progress)
        assert not answer.is_error, answer.content
        return answer.structured_content

    async def work(client: Client) -> None:
        collected = await ask(client, "collect", files=["walk.c"])
        # on a busy machine the kernel may take longer to give memory than the loop to walk it
        first = next(a for a in collected["answers"] if a["kind"] == "stride")
        assert "xchange the loops" in first["sentence"]
        source = (await ask(client, "source", place=first["loop"], run=collected["run"]))["text"]
        outer, inner = re.findall(r"for \(int [ij] = 0; [ij] < N; [ij]\+\+\)", source)[:2]
        before = f"    {outer}\n        {inner}\n            b"
        after = f"    {inner}\n        {outer}\n            b"
        edit = {"file": "walk.c", "search": before, "replace": after}
        judged = await ask(client, "try_candidate", edits=[edit], reason=first["sentence"])
        assert judged["outcome"] == "accepted", judged
        assert judged["speedup"] > 1.1 and judged["patch"] and judged["checks"]
        wrong = {"file": "walk.c", "search": "a[i][j] * f + b[i][j]", "replace": "a[i][j] * f"}
        # the last run is of the candidate that was accepted, and the file is as it was
        refuted = await ask(client, "try_candidate", edits=[wrong])
        assert refuted["outcome"] == "wrong output" and refuted["speedup"] is None

    with_client(tmp_path, work, allow_run=True)
    assert len(heard) > 5
    assert (tmp_path / "walk.c").read_text() == PROGRAM
