"""`corr optimize --proposer llm` against servers that are of no use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Corr
from tests.support.gemm_proposals import kernel, rows
from tests.support.model_server import (
    Busy,
    ModelServer,
    error,
    hanging,
    ir,
    proposals,
    wrong_key,
)
from tests.support.thirds import a_third

REFUSALS: dict[str, tuple[Callable[[], Any], int, str]] = {
    "prose": (lambda: "I would rather talk about the weather.", 4, "did not parse"),
    "invalid IR": (lambda: proposals(ir("gemm.c", "run", "define")), 4, "did not parse|refused"),
    "too many requests": (lambda: Busy(0), 5, "429"),
    "broken": (lambda: error(500, "out of order", retry_after="0"), 5, "500"),
    "hanging": (hanging, 5, "127.0.0.1"),
    "no such model": (lambda: error(404, "The model does not exist", "model_not_found"), 5, "no model"),
}  # fmt: skip


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Iterator[Path]:
    """A folder with a session that others go on with, its original being the best."""
    folder = kernel(tmp_path_factory.mktemp("begun"))
    with ModelServer(["Prose."], repeat=True) as server:
        done = corr(
            *("optimize", "gemm.c", "--run-args", "--size 300", "--proposer", "llm"),
            *("--iterations", "1", "--candidates", "1"),
            cwd=folder,
            **server.environment,
        )
    assert done.returncode == 4, done.stderr
    yield folder


@pytest.mark.parametrize("name", a_third(REFUSALS))
def test_a_server_that_is_of_no_use(begun: Path, corr: Corr, name: str) -> None:
    make, code, words = REFUSALS[name]
    with ModelServer([make()], repeat=True) as server:
        done = corr(
            *("optimize", "--resume", "last", "--model-timeout", "1", "--iterations", "1"),
            cwd=begun,
            **server.environment,
        )
    assert done.returncode == code, done.stderr
    said = done.stderr + done.stdout
    assert any(word in said for word in words.split("|")), said
    assert "Traceback" not in said


@pytest.mark.long
def test_both_go_on_without_a_server(begun: Path, corr: Corr) -> None:
    with ModelServer([wrong_key()], repeat=True) as server:
        done = corr(
            *("optimize", "--resume", "last", "--proposer", "both", "--candidates", "2"),
            *("--iterations", "1"),
            cwd=begun,
            **server.environment,
        )
    assert done.returncode == 5 and "the rules go on alone" in done.stderr
    assert rows(begun)[-1]["proposer"] == "rules"
