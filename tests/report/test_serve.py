"""`corr serve`: this machine only, nothing but the lake, and what is running as it goes on."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from corr.commands import serve as serve_command
from corr.lake import live
from corr.lake.live import Beacon
from corr.lake.store import Lake
from corr.report.server import Server, Site
from corr.search.cases import Case
from corr.search.settings import Setting
from corr.search.study import Cases
from tests.support.report_lakes import SESSION, optimisation
from tests.support.search_lab import FakeLab, done, study

HOSTILE = "<script>alert(1)</script>"

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def lake(gemm_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    gemm = Lake.open(gemm_lake / "data")
    folder = tmp_path_factory.mktemp("served") / "data"
    return optimisation(folder, gemm.find("a"), gemm.find("b"))


@pytest.fixture(scope="module")
def server(lake: Lake) -> Iterator[Server]:
    with Server(Site(lake)) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def answer(
    server: Server, path: str, method: str = "GET", **headers: str
) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=300)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read().decode(), dict(response.getheaders())
    finally:
        connection.close()


def test_the_lake_and_its_runs(server: Server, lake: Lake) -> None:
    status, text, headers = answer(server, "/")
    assert status == 200 and SESSION in text
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    for run in lake.all_runs():
        assert f"/run/{run.run_id}" in text
    status, text, _ = answer(server, f"/run/{lake.find('last').run_id}")
    assert status == 200 and 'id="tried"' in text and "connect-src &#39;self&#39;" in text


def test_two_runs_side_by_side(server: Server, lake: Lake) -> None:
    first, second = (run.run_id for run in lake.all_runs()[:2])
    status, text, _ = answer(server, f"/diff/{first}/{second}")
    assert status == 200 and "Loops that changed" in text


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/run/../../../../etc/passwd",
            "/run/%2e%2e%2f%2e%2e%2fcorr-lake.json",
            "/corr-lake.json",
        ),
        *("/run/", "/run/last", "/run/20200101T000000.000000-0000", "/diff/a/b", "/run/x/y"),
        *("//etc/passwd", "/run/..%00", "/runs/../corr-lake.json", "/" + "a" * 9000),
    ],
)
def test_there_is_nothing_but_the_pages(server: Server, path: str) -> None:
    status, text, _ = answer(server, path)
    assert status in (404, 414) and len(text) < 400
    assert "root:" not in text and "format" not in text


def test_other_names_of_this_machine_are_refused(server: Server) -> None:
    """A page elsewhere whose name was pointed at 127.0.0.1 sends its own name as the host."""
    for host in ("evil.example", f"evil.example:{server.server_port}", "127.0.0.1", ""):
        status, text, _ = answer(server, "/", Host=host)
        assert status == 421 and "gemm" not in text
    assert answer(server, "/", Host=f"localhost:{server.server_port}")[0] == 200
    name = f"127.0.0.1:{server.server_port}"
    assert answer(server, "/live.json", **{"Host": name, "Sec-Fetch-Site": "cross-site"})[0] == 403


def test_nothing_can_be_changed(server: Server) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert answer(server, "/", method)[0] == 501
    status, text, headers = answer(server, "/", "HEAD")
    assert status == 200 and text == "" and int(headers["Content-Length"]) > 1000


def test_it_listens_on_this_machine_only(server: Server) -> None:
    assert server.server_address[0] == "127.0.0.1"
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", server.server_port), 2):
        pass


def test_what_runs_is_told_and_what_died_is_not(server: Server, lake: Lake) -> None:
    assert json.loads(answer(server, "/live.json")[1])["running"] == []
    said: list[str] = []
    with Beacon(lake, "gemm") as beacon:
        tell = beacon.telling(said.append)
        tell("  1.1  accepted ×2.00")
        beacon.note("  1.2  refused", session="here")
        (one,) = json.loads(answer(server, "/live.json")[1])["running"]
        assert one["lines"] == ["  1.1  accepted ×2.00", "  1.2  refused"]
        assert one["session"] == "here" and one["program"] == "gemm"
    assert said == ["  1.1  accepted ×2.00"]
    assert live.running(lake) == []
    dead = lake.root / live.FOLDER / "1-killed.json"
    dead.write_text(json.dumps({"program": "killed", "lines": []}))
    assert live.running(lake) == []
    with Beacon(lake, "next"):
        assert not dead.exists()


def test_sessions_are_as_sql_has_them(server: Server) -> None:
    (session,) = json.loads(answer(server, "/live.json")[1])["sessions"]
    assert session["proposals"] == 5 and session["accepted"] == 1 and session["iterations"] == 2
    assert session["speedup"] == 2.0 and session["measured_again"] == 1.9


def test_the_page_follows_what_is_running(server: Server, lake: Lake) -> None:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "apt-get install chromium"
    complaints: list[str] = []
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("console", lambda line: complaints.append(line.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(server.address)
        assert not page.locator("#live").is_visible()
        with Beacon(lake, "gemm") as beacon:
            beacon.note("  1.1  accepted <b>×2.00</b>")
            page.wait_for_selector("#live pre:has-text('accepted <b>×2.00</b>')", timeout=20000)
        page.wait_for_selector("#live", state="hidden", timeout=20000)
        page.fill("#run-search", "nothing like it")
        assert page.locator("#runs tbody tr:visible").count() == 0
        page.fill("#run-search", "")
        page.locator("#sessions a").first.click()
        page.wait_for_selector("body[data-ready] .kernel #panel", state="attached")
        assert "over the original" in page.inner_text(".headline")
        browser.close()
    assert complaints == []


@pytest.mark.slow
def test_any_two_runs_are_compared_by_choosing_them(server: Server) -> None:
    """The address is that of the page that `corr report --diff` writes; a third takes a place."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "apt-get install chromium"
    complaints: list[str] = []
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(server.address)
        boxes = page.locator("#runs .choose")
        ids = [boxes.nth(n).get_attribute("value") for n in range(boxes.count())]
        newest, other, third = ids[:3]
        assert newest and other and third
        boxes.nth(0).focus()
        page.keyboard.press("Space")
        assert not page.locator("#compare").is_visible() and newest in page.inner_text("#chosen")
        boxes.nth(1).check()
        boxes.nth(2).check()
        assert not boxes.nth(0).is_checked()
        assert page.get_attribute("#compare", "href") == f"/diff/{third}/{other}"
        boxes.nth(1).uncheck()
        assert not page.locator("#compare").is_visible()
        boxes.nth(1).check()
        page.click("#compare")
        page.wait_for_selector("body[data-ready] h2")
        assert page.url.endswith(f"/diff/{third}/{other}")
        browser.close()
    assert complaints == []


@pytest.mark.slow
def test_a_page_of_another_kind_and_a_hostile_name_are_inert(tmp_path: Path) -> None:
    """A study's, which `corr serve` makes as `corr search` does."""
    (tmp_path / "cases").write_text("\n".join(f"{HOSTILE} --size {2**n}" for n in range(4, 14)))
    made = study([8, 512], {"size": [1]}, cases=Cases(file="cases"), folder=tmp_path)
    searched = done(replace(made, name=HOSTILE), FakeLab(_size), tmp_path)
    lake = Lake.open(searched.analysis.run.folder.parent.parent)
    with Server(Site(lake, pages={"search": serve_command._search})) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            (run,) = lake.all_runs()
            _, home, _ = answer(found, "/")
            status, page, _ = answer(found, f"/run/{run.run_id}")
        finally:
            found.shutdown()
            thread.join()
    assert status == 200 and 'id="search"' in page
    assert 'class="choose"' not in home
    for text in (home, page):
        assert "<script>alert" not in text and "&lt;script&gt;alert" in text


def _size(case: Case, setting: Setting) -> float:
    return float(case.features["size"] * (1 if setting.number is None else 0.5))


def test_the_command_ends_with_ctrl_c(lake: Lake, tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "corr", "serve", "--port", "0"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "CORR_DATA": str(lake.root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    address = child.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:")
    port = int(address.rstrip("/").rsplit(":", 1)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    connection.close()
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=120)
    assert child.returncode == 0 and "Traceback" not in errors


def test_a_port_that_is_taken_says_so(server: Server, lake: Lake, corr: object) -> None:
    done = corr(  # type: ignore[operator]
        "serve", "--port", str(server.server_port), "--data", lake.root, cwd=lake.root
    )
    assert done.returncode == 1 and "cannot be had" in done.stderr
