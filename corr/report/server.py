"""`corr serve`: the lake in a browser, on this machine only, with what is running now.

Only GET and HEAD, only on 127.0.0.1, and only for requests that name this server as their host, so
that a page of another site cannot reach it by pointing its own name here. A run's id is looked up,
never joined to a path; no file is ever served.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from collectors.base.errors import CorrError, UsageError
from corr.lake import live
from corr.lake.run_ids import RUN_ID
from corr.lake.sql import ask
from corr.lake.store import Lake, RunInfo
from corr.report import build, comparison
from corr.report.listing import Row
from corr.report.page import document, json_text, render
from corr.report.subject import subjects

ADDRESS = "127.0.0.1"
#: Names under which this machine asks itself.
HOSTS = ("127.0.0.1", "localhost", "[::1]")
#: Runs and optimisations that are listed, newest first; pages that are kept.
MOST_RUNS, MOST_SESSIONS, KEPT = 300, 50, 8
#: Kinds of runs that have no loops to be compared.
APART = ("search", "policy")
#: Characters of an address that are looked at.
LONGEST = 2000

SESSIONS_SQL = f"""\
SELECT coalesce(nullif(session, ''), run_id) AS session, any_value(program) AS program,
       max(iteration) AS iterations, count(*) FILTER (role = 'proposal') AS proposals,
       count(*) FILTER (outcome = 'accepted') AS accepted,
       max(speedup_original) FILTER (outcome = 'accepted') AS speedup,
       any_value(speedup_original) FILTER (role = 'best') AS measured_again, max(run_id) AS newest
FROM iterations GROUP BY 1 ORDER BY newest DESC LIMIT {MOST_SESSIONS}"""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


#: Makes the page of a run.
Page = Callable[[Lake, RunInfo], str]


class Site:
    """The pages of a lake. One page is made at a time, and the last few are kept."""

    def __init__(
        self, lake: Lake, *, with_source: bool = True, pages: Mapping[str, Page] | None = None
    ) -> None:
        """`pages` makes those of runs of other kinds than programs, by the kind."""
        self.lake = lake
        self.pages = pages or {}
        self.with_source = with_source
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, ...], str] = OrderedDict()

    def home(self) -> str:
        """Runs and optimisations, newest first, and what is running."""
        runs = [
            {"run_id": run_id, **(entry.facts if entry else {"program": None})}
            for run_id, entry in list(self.lake.listing().items())[-MOST_RUNS:]
        ]
        body = render(
            "lake.html.j2",
            root=self.lake.root.name,
            runs=runs[::-1],
            sessions=self.sessions(),
            running=live.running(self.lake),
            apart=APART,
            paged=set(self.pages),
        )
        return document(f"{self.lake.root.name} · corr", body, served=True)

    def sessions(self) -> list[Row]:
        """The optimisations of the lake as they are now, newest first."""
        found: list[Row] = ask(self.lake, SESSIONS_SQL).to_pylist()
        return found

    def live(self) -> str:
        """What is running and how far the optimisations are, as JSON."""
        return json_text({"running": live.running(self.lake), "sessions": self.sessions()})

    def run(self, run_id: str) -> str:
        """The page of a run, or of the optimisation that it belongs to."""
        run = self._find(run_id)
        if (special := self.pages.get(run.facts.kind)) is not None:
            return self._page((run.facts.kind, run.run_id), lambda: special(self.lake, run))
        (subject,) = subjects(self.lake, [run.run_id])

        def made() -> str:
            source = self.with_source
            return build.report(self.lake, [subject], with_source=source, served=True).html

        return self._page(("run", subject.run.run_id, *(r.run_id for r in subject.runs)), made)

    def diff(self, a: str, b: str) -> str:
        """Two runs side by side."""
        one, other = self._find(a), self._find(b)

        def made() -> str:
            return comparison.report(self.lake, one, other, served=True).html

        return self._page(("diff", one.run_id, other.run_id), made)

    def _find(self, run_id: str) -> RunInfo:
        if not RUN_ID.match(run_id):
            raise UsageError(f"{run_id[:100]!r} is no run's id")
        return self.lake.find(run_id)

    def _page(self, key: tuple[str, ...], made: Callable[[], str]) -> str:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made()
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]


class Handler(BaseHTTPRequestHandler):
    """Answers requests from a Site."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "corr"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        """Answer a request for a page."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """Answer a request for a page's headers."""
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        status, kind, text = self._found()
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def _found(self) -> tuple[HTTPStatus, str, str]:
        plain, html = "text/plain", "text/html"
        if self.headers.get("Host", "") not in self.server.names:
            return HTTPStatus.MISDIRECTED_REQUEST, plain, "this server answers only for itself\n"
        if self.headers.get("Sec-Fetch-Site") == "cross-site":
            return HTTPStatus.FORBIDDEN, plain, "not for other sites\n"
        parts = [unquote(part) for part in urlsplit(self.path[:LONGEST]).path.split("/")[1:]]
        site = self.server.site
        try:
            if parts == [""]:
                return HTTPStatus.OK, html, site.home()
            if parts == ["live.json"]:
                return HTTPStatus.OK, "application/json", site.live()
            if len(parts) == 2 and parts[0] == "run":
                return HTTPStatus.OK, html, site.run(parts[1])
            if len(parts) == 3 and parts[0] == "diff":
                return HTTPStatus.OK, html, site.diff(parts[1], parts[2])
        except UsageError as error:
            return HTTPStatus.NOT_FOUND, plain, f"{error.message}\n"
        except CorrError as error:
            return HTTPStatus.INTERNAL_SERVER_ERROR, plain, f"{error.message}\n"
        return HTTPStatus.NOT_FOUND, plain, "there is no such page\n"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each request."""


class Server(ThreadingHTTPServer):
    """Serves a site on 127.0.0.1; port 0 takes a free one."""

    daemon_threads = True

    def __init__(self, site: Site, port: int = 0) -> None:
        self.site = site
        super().__init__((ADDRESS, port), Handler)
        self.names = {f"{host}:{self.server_port}" for host in HOSTS}

    @property
    def address(self) -> str:
        """Where it is, for a browser."""
        return f"http://{ADDRESS}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no error; anything else is a bug and is shown."""
        import sys

        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)
