"""A real S3 server on 127.0.0.1, moto's, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

#: Whom the server believes: anybody.
NOBODY = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
LONGEST = 60.0


@contextlib.contextmanager
def serving(log: Path) -> Iterator[dict[str, str]]:
    """The environment that leads to the server."""
    port = _free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as server:
        try:
            _wait(port, server, log)
            yield {**NOBODY, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
        finally:
            server.terminate()
            server.wait()


def requests(log: Path) -> list[str]:
    """Every request so far, as METHOD and path."""
    lines = log.read_text("utf-8", "replace").splitlines()
    return [line.split('"')[1] for line in lines if "HTTP/1.1" in line and '"' in line]


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + LONGEST
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the server does not answer: {log.read_text()[-500:]}")


def make_bucket(environment: dict[str, str], name: str) -> None:
    """An empty bucket."""
    import s3fs

    with _set(environment):
        s3fs.S3FileSystem(skip_instance_cache=True).mkdir(name)


@contextlib.contextmanager
def _set(environment: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
