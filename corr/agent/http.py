"""The server over HTTP: on this machine only, and only for those who have the token."""

from __future__ import annotations

import secrets
import socket
from typing import Any

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp, Receive, Scope, Send

ADDRESS = "127.0.0.1"
PATH = "/mcp"


class WithToken:
    """Lets a request pass that brings the token, and no other."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._wanted = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not secrets.compare_digest(given, self._wanted):
                await _refuse(send)
                return
        await self._app(scope, receive, send)


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"www-authenticate", b"Bearer")]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": b"corr mcp printed the token\n"})


def listening(port: int) -> socket.socket:
    """A socket of this machine only; 0 takes a free port. Raises OSError."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((ADDRESS, port))
    return made


def serve(server: MCPServer[Any], own: socket.socket, token: str) -> None:
    """Answer until it is interrupted."""
    hosts = [f"{name}:*" for name in (ADDRESS, "localhost")]
    security = TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=[])
    app = server.streamable_http_app(
        streamable_http_path=PATH, host=ADDRESS, transport_security=security
    )
    config = uvicorn.Config(WithToken(app, token), log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[own])
