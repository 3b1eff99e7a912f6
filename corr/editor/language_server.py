"""`corr lsp`: heat and findings in any editor that speaks the Language Server Protocol."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from collectors.base.errors import CorrError, ToolMissing
from collectors.base.foreign_text import visible
from corr import __version__
from corr.console.output import shown
from corr.editor.overlay import LEAST_SHARE, Overlay, moved, of_file
from corr.findings.of_run import Finding, answers
from corr.lake.store import Lake

try:
    from lsprotocol import types
    from pygls import uris
    from pygls.lsp.server import LanguageServer
except ImportError as missing:  # pragma: no cover
    raise ToolMissing(
        f"the language server's library is not installed ({missing.name})",
        "pip install 'corr-llvm[lsp]'",
    ) from missing

SOURCE = "corr"
TEST, REPORT = "corr.howToTest", "corr.report"


class Server(LanguageServer):
    """A language server over a lake; what it knows of a file is read once a run."""

    def __init__(self, folder: Path) -> None:
        super().__init__("corr", __version__)
        self.folder = folder
        self._kept: dict[tuple[Path, str], Overlay | None] = {}

    def overlay(self, uri: str) -> tuple[Overlay, dict[int, int]] | None:
        """The evidence on a document, and where its lines stand now; None where there is none."""
        name = uris.to_fs_path(uri)
        if name is None:
            return None
        path = Path(name)
        try:
            lake = Lake.open(self.folder)
            newest = next(reversed(lake.listing()), "")
            if (path, newest) not in self._kept:
                self._kept = {(path, newest): of_file(lake, path)}
            found = self._kept[path, newest]
        except CorrError:  # no lake yet, or one that is being written
            return None
        if found is None:
            return None
        now = self.workspace.get_text_document(uri).source.splitlines()
        return found, moved(found.text, now)


def make(folder: Path) -> Server:
    """The server over the lake in a folder."""
    server = Server(folder)
    _register(server)
    return server


def _register(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        _publish(server, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        _publish(server, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        _publish(server, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    def hints(params: types.InlayHintParams) -> list[types.InlayHint]:
        known = server.overlay(params.text_document.uri)
        lines = server.workspace.get_text_document(params.text_document.uri).lines
        return list(_hints(*known, lines)) if known else []

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params: types.HoverParams) -> types.Hover | None:
        known = server.overlay(params.text_document.uri)
        text = _hover(*known, params.position.line + 1) if known else ""
        if not text:
            return None
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text))

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION)
    def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        known = server.overlay(params.text_document.uri)
        return list(_actions(*known, params.range.start.line + 1)) if known else []

    @server.command(TEST)
    def how_to_test(text: str) -> None:
        server.window_show_message(types.ShowMessageParams(types.MessageType.Info, text))

    @server.command(REPORT)
    def report(run_id: str) -> None:
        path = _report(server, run_id)
        server.window_show_document(types.ShowDocumentParams(path.as_uri(), external=True))


def _publish(server: Server, uri: str) -> None:
    known = server.overlay(uri)
    found = list(_diagnostics(*known)) if known else []
    server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found))


def _diagnostics(overlay: Overlay, now: dict[int, int]) -> Iterator[types.Diagnostic]:
    """A hint for the likeliest finding of each hot place whose line is as it was."""
    for finding in answers(overlay.findings):
        line = _line(overlay, finding)
        if line is None or line not in now:
            continue
        at = now[line] - 1
        yield types.Diagnostic(
            types.Range(types.Position(at, 0), types.Position(at, 1000)),
            visible(finding.sentence),
            severity=types.DiagnosticSeverity.Information,
            code=finding.kind,
            source=SOURCE,
        )


def _line(overlay: Overlay, finding: Finding) -> int | None:
    file, _, line = finding.place.rpartition(":")
    return int(line) if file == overlay.file and line.isdigit() else None


def _hints(
    overlay: Overlay, now: dict[int, int], lines: Sequence[str]
) -> Iterator[types.InlayHint]:
    """The share of the time at the end of each hot line."""
    for line, share in sorted(overlay.heat.items()):
        if share < LEAST_SHARE or line not in now:
            continue
        at = now[line] - 1
        end = len(lines[at].rstrip("\r\n"))
        yield types.InlayHint(
            types.Position(at, end),
            f"{100 * share:.1f} %",
            padding_left=True,
            tooltip=f"of the samples of {overlay.run.run_id}",
        )


def _hover(overlay: Overlay, now: dict[int, int], line: int) -> str:
    """What is known of the line, as Markdown; nothing of a line that was changed."""
    then = next((old for old, new in now.items() if new == line), None)
    if then is None:
        return ""
    parts = [
        f"**{_plain(f.says)}.** {_plain(f.helps)}. {_ceiling(f)}" for f in overlay.of_line(then)[:3]
    ]
    if share := overlay.heat.get(then):
        parts.insert(0, f"{100 * share:.1f} % of the time on this line")
    for loop in overlay.loops_at(then)[:1]:
        facts = [
            f"{name} {shown(loop[key], style)}"
            for key, name, style in _FACTS
            if loop.get(key) is not None
        ]
        parts.append(f"loop `{_plain(loop['loop'])}`: {', '.join(facts)}")
        parts += [f"- {_plain(words)}" for words in (loop["missed"] or [])[:4]]
    if parts:
        parts.append(f"run `{overlay.run.run_id}`")
    return "\n\n".join(parts)


_FACTS = (
    ("share", "share", "percent"),
    ("iterations", "iterations", "count"),
    ("trip_count", "trips", "count"),
    ("ns_per_iteration", "ns an iteration", None),
    ("vector", "vector", None),
    ("unroll", "unrolled by", None),
    ("mca_cycles", "model cycles a pass", None),
    ("bound", "bound by", None),
)


def _plain(text: str) -> str:
    """Foreign text in Markdown: seen, and marking nothing."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|!" else c for c in visible(text))


def _ceiling(finding: Finding) -> str:
    if finding.ceiling is None:
        return f"({finding.confidence})"
    return f"At most ×{finding.ceiling:.1f} ({finding.confidence})."


def _actions(overlay: Overlay, now: dict[int, int], line: int) -> Iterator[types.CodeAction]:
    """What may be done about a place: how to test it, and the report."""
    then = next((old for old, new in now.items() if new == line), None)
    if then is None:
        return
    for finding in overlay.of_line(then)[:2]:
        title = f"corr: how to test “{finding.kind}”"
        text = visible(f"{finding.test}  (refuted if {finding.refuted_by})")
        yield _action(title, TEST, text)
    if overlay.loops_at(then) or then in overlay.heat:
        yield _action("corr: open the report of the last run", REPORT, overlay.run.run_id)


def _action(title: str, command: str, argument: Any) -> types.CodeAction:
    return types.CodeAction(
        title,
        kind=types.CodeActionKind.QuickFix,
        command=types.Command(title, command, arguments=[argument]),
    )


def _report(server: Server, run_id: str) -> Path:
    """The report of a run as a file that a browser can open."""
    from corr.report.build import report
    from corr.report.subject import subjects

    lake = Lake.open(server.folder)
    folder = Path(tempfile.mkdtemp(prefix="corr-report-"))
    path = folder / f"{lake.find(run_id).run_id}.html"
    path.write_text(report(lake, subjects(lake, [run_id])).html, encoding="utf-8")
    return path
