"""`corr lsp` with pygls' own client: hints, diagnostics, hover and actions are what SQL says."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from corr.editor.overlay import moved
from corr.lake.sql import ask
from corr.lake.store import Lake
from tests.support.command import Corr
from tests.support.places import ROOT

PROGRAM = """\
enum { N = 4096 };
static double x[N];

__attribute__((noinline)) static double kernel(void)
{
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += x[i];
    return sum;
}

int main(void)
{
    double total = 0;
    for (int r = 0; r < 30000; r++) {
        x[r % N] += 1;
        total += kernel();
    }
    return total == 3;
}
"""


def test_lines_are_matched_by_content() -> None:
    then = ["a", "b", "c", "d"]
    assert moved(then, ["new", "a", "  b", "changed", "d"]) == {1: 2, 2: 3, 4: 5}
    assert moved(then, []) == {} and moved([], then) == {}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, corr: Corr) -> Path:
    folder = tmp_path_factory.mktemp("lsp")
    (folder / "sum.c").write_text(PROGRAM)
    done = corr("collect", "sum.c", "--repeat", "1", "--no-cachegrind", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


class Editor:
    """An editor with a document open."""

    def __init__(self, client: LanguageClient, uri: str) -> None:
        self.client, self.uri = client, uri
        self.document = types.TextDocumentIdentifier(uri)
        self.told: list[types.Diagnostic] = []

    async def hints(self) -> list[types.InlayHint]:
        whole = types.Range(types.Position(0, 0), types.Position(99, 0))
        params = types.InlayHintParams(self.document, whole)
        return list(await self.client.text_document_inlay_hint_async(params) or ())

    async def hover(self, line: int) -> str:
        params = types.HoverParams(self.document, types.Position(line - 1, 4))
        found = await self.client.text_document_hover_async(params)
        return found.contents.value if found else ""

    async def actions(self, line: int) -> list[Any]:
        at = types.Range(types.Position(line - 1, 0), types.Position(line - 1, 0))
        params = types.CodeActionParams(self.document, at, types.CodeActionContext([]))
        return list(await self.client.text_document_code_action_async(params) or ())

    async def diagnostics(self) -> list[types.Diagnostic]:
        for _ in range(300):
            if self.told:
                return self.told
            await asyncio.sleep(0.1)
        return []


def edited(project: Path, text: str, work: Any) -> Any:
    """The result of the work with an editor that has the text of sum.c open."""

    async def run() -> Any:
        client = LanguageClient("test", "1")
        uri = (project / "sum.c").as_uri()
        editor = Editor(client, uri)

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def _told(params: types.PublishDiagnosticsParams) -> None:
            editor.told = list(params.diagnostics)

        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        await client.start_io(sys.executable, "-m", "corr", "lsp", cwd=project, env=environment)
        capabilities = types.ClientCapabilities()
        await client.initialize_async(types.InitializeParams(capabilities))
        client.initialized(types.InitializedParams())
        item = types.TextDocumentItem(uri, "c", 1, text)
        client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        try:
            return await work(editor)
        finally:
            await client.shutdown_async(None)
            client.exit(None)
            await client.stop()

    return asyncio.run(asyncio.wait_for(run(), 120))


@pytest.mark.slow
def test_heat_findings_hover_and_actions(project: Path) -> None:
    async def work(editor: Editor) -> None:
        lake = Lake.open(project / "data")
        (finding,) = ask(lake, "FROM findings WHERE id = 1 AND rank = 1").to_pylist()
        (told,) = await editor.diagnostics()
        assert told.message == finding["sentence"] and told.range.start.line == 6
        heat = ask(
            lake,
            "SELECT line, sum(count) / (SELECT sum(count) FROM samples) AS share FROM samples"
            " WHERE file = 'sum.c' GROUP BY line HAVING share >= 0.01 ORDER BY line",
        ).to_pylist()
        hints = await editor.hints()
        assert [(h.position.line + 1, h.label) for h in hints] == [
            (row["line"], f"{100 * row['share']:.1f} %") for row in heat
        ]
        hover = await editor.hover(7)
        assert finding["says"][:20] in hover and "kernel/1" in hover and "iterations" in hover
        titles = [action.title for action in await editor.actions(7)]
        assert any("float\\_order" in t or "float_order" in t for t in titles)
        assert any("report" in t for t in titles)

    edited(project, PROGRAM, work)


@pytest.mark.slow
def test_moved_lines_keep_their_numbers_and_edited_ones_have_none(project: Path) -> None:
    above = f"// a comment\n\n{PROGRAM}"

    async def moved_down(editor: Editor) -> None:
        (told,) = await editor.diagnostics()
        assert told.range.start.line == 8

    async def rewritten(editor: Editor) -> None:
        assert not [h for h in await editor.hints() if h.position.line == 7]
        assert not await editor.hover(8)

    edited(project, above, moved_down)
    edited(project, PROGRAM.replace("sum += x[i];", "sum += 2 * x[i];"), rewritten)
