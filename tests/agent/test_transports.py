"""`corr mcp` over stdio and over HTTP, with the SDK's own client; HTTP only with the token."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests.support.places import ROOT

pytestmark = pytest.mark.slow
TOKEN = "a token of a test"


async def explained(client: Client) -> dict[str, Any]:
    answer = await client.call_tool("explain", {"run": "a"})
    assert not answer.is_error, answer.content
    return answer.structured_content


def test_over_stdio(gemm_lake: Path) -> None:
    how = StdioServerParameters(
        command=sys.executable,
        args=["-m", "corr", "mcp"],
        env={"PYTHONPATH": str(ROOT)},
        cwd=gemm_lake,
    )

    async def work() -> dict[str, Any]:
        async with Client(how) as client:
            return await explained(client)

    assert anyio.run(work)["answers"][0]["share"] > 0.5


@pytest.fixture
def address(gemm_lake: Path) -> Iterator[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CORR_MCP_TOKEN": TOKEN}
    argv = [sys.executable, "-m", "corr", "mcp", "--http", "--port", "0"]
    with subprocess.Popen(
        argv, cwd=gemm_lake, env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)


def test_over_http_with_the_token_only(address: str) -> None:
    async def work() -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(address, http_client=http)) as client,
        ):
            return await explained(client)

    assert anyio.run(work)["answers"][0]["share"] > 0.5
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}):
        for method in ("GET", "POST", "DELETE"):
            assert httpx2.request(method, address, headers=headers).status_code == 401
    right = {"Authorization": f"Bearer {TOKEN}", "Host": "evil.example"}
    assert httpx2.post(address, headers=right, json={}).status_code == 421
