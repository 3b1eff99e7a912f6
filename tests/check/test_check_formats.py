"""Each format of `corr check` read back by another reader, and hostile names in all of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml
from markdown_it import MarkdownIt

from corr.check.facts import Facts, Place
from corr.check.findings import RULES, Finding, Report
from corr.check.formats import CheckFormat
from corr.system.config import Waiver, load
from tests.support.check_runs import (
    HOSTILE,
    RUN,
    SCHEMA,
    SIDE,
    hot_loop,
    invoke,
    judged,
    rendered,
    reports,
)
from tests.support.places import ROOT


def github_command(line: str) -> tuple[str, dict[str, str], str] | None:
    """As the runner of GitHub Actions reads a line: command, properties, message."""
    if not line.lstrip().startswith("::"):
        assert "##[" not in line, "the older form counts anywhere in a line"
        return None
    head, _, data = line.lstrip()[2:].partition("::")
    command, _, rest = head.partition(" ")
    values = dict(pair.split("=", 1) for pair in rest.split(",") if pair)

    def unescape(text: str, *more: tuple[str, str]) -> str:
        for code, char in (("%0D", "\r"), ("%0A", "\n"), *more, ("%25", "%")):
            text = text.replace(code, char)
        return text

    fields = {k: unescape(v, ("%3A", ":"), ("%2C", ",")) for k, v in values.items()}
    return command, fields, unescape(data)


def test_github_annotations(many: Path) -> None:
    done = invoke("base", "alias", "--format", "github", cwd=many)
    assert done.returncode == 1
    *lines, last = done.stdout.splitlines()
    commands = [c for line in lines if (c := github_command(line))]
    assert len(lines) == len(commands) == 10 and {c[0] for c in commands} == {"error"}
    assert {c[1]["file"] for c in commands} == {HOSTILE}
    assert all(int(c[1]["line"]) and "array bounds" in c[2] for c in commands)
    assert len({c[1]["title"] for c in commands}) == 10
    assert github_command(last) is None
    assert last.startswith("corr check failed: 12 findings") and "2 more" in last


def test_sarif_is_valid(many: Path) -> None:
    done = invoke("base", "alias", "--format", "sarif", cwd=many)
    log = json.loads(done.stdout)
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text())).validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [r["id"] for r in rules] == list(RULES)
    from urllib.parse import unquote

    results = [r for r in run["results"] if r["baselineState"] == "new"]
    assert len(results) == 12 == len({str(r["partialFingerprints"]) for r in run["results"]})
    for result in results:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "lost-vectorization"
        place = result["locations"][0]["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9%._~-]+", uri) and unquote(uri) == HOSTILE
        assert place["region"]["startLine"] > 1


def test_sarif_states(lake: Path) -> None:
    waiver = Waiver("lost-inlining", "sum/*", "wanted")
    for a, b, waivers, expected in (
        ("base", "noinline", [waiver], {"new", "unchanged"}),
        ("alias", "base", [], {"absent"}),
    ):
        report = reports(lake, a, b, waivers=waivers)
        log = json.loads(rendered(report, CheckFormat.sarif))
        jsonschema.Draft4Validator(json.loads(SCHEMA.read_text())).validate(log)
        results = log["runs"][0]["results"]
        assert {r["baselineState"] for r in results} == expected
        waived = [r for r in results if r["suppressions"]]
        assert len(waived) == len(waivers)
        assert all(r["suppressions"][0]["justification"] == "wanted" for r in waived)


GCC = re.compile(
    r"^(?P<file>[^:\n]*):(?P<line>\d+):\d+: (warning|note): (?P<text>.*) \[([a-z-]+)\]$"
)


def test_gcc(many: Path, lake: Path) -> None:
    done = invoke("base", "noinline", "--format", "gcc", cwd=lake)
    rows = [GCC.match(line) for line in done.stdout.splitlines()]
    assert all(rows) and {r["file"] for r in rows} == {"p.c"} and {r[5] for r in rows} <= set(RULES)
    done = invoke("base", "alias", "--format", "gcc", cwd=many)
    lines = done.stdout.splitlines()
    assert len(lines) == 12 and all(github_command(line) is None for line in lines)
    assert all(
        re.search(r":\d+:\d+: warning: not vectorised any more .* \[lost-v", x) for x in lines
    )


def test_markdown(many: Path) -> None:
    done = invoke("base", "alias", "--format", "markdown", cwd=many)
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(done.stdout)
    inline = [t for t in tokens if t.type == "inline"]
    children = [c for t in inline for c in t.children or []]
    assert sum(t.type == "tr_open" for t in tokens) == 13
    assert sum(t.type in ("td_open", "th_open") for t in tokens) == 13 * 4
    assert {c.type for c in children} == {"text", "html_inline"}
    assert {c.content for c in children if c.type == "html_inline"} == {"<code>", "</code>"}
    shown = ["".join(c.content for c in t.children if c.type == "text") for t in inline]
    assert any(HOSTILE in s.replace("\u200b", "") for s in shown)
    assert "@me" not in done.stdout and "&#64;me" not in done.stdout


@pytest.mark.parametrize("format", list(CheckFormat))
@pytest.mark.parametrize(
    "name",
    [
        "::error::x.c",
        "a\n::error::b.c",
        "a\r::warning file=x::b.c",
        " ::add-mask::a.c",
        "##[add-mask]a.c",
        "x:9:9: error: a.c",
        "\x1b[31m.c",
        "https://example.com/a.c",
        "<img src=x onerror=alert(1)>.c",
    ],
)
def test_hostile_names_are_inert(format: CheckFormat, name: str) -> None:
    facts = Facts(places={"b": {"f/1": Place(name, 3, 1)}})
    report = judged(hot_loop("same", b=replace(SIDE, vector_width=None)), facts=facts)
    (finding,) = report.findings
    evil = replace(finding, loop=f"{name}/1", message=f"not vectorised any more: {name}")
    waived = replace(evil, waived=True, waiver=name)
    text = rendered(replace(report, findings=[evil, waived], notes=[name]), format)
    assert "\x1b" not in text and "\r" not in text
    commands = [c for line in text.split("\n") if (c := github_command(line))]
    if format == CheckFormat.github:
        ((command, fields, message),) = commands
        shown = name.replace("\x1b", "\\x1b")
        assert (command, fields["file"]) == ("error", shown) and shown in message
        assert set(fields) == {"file", "line", "col", "title"}
    elif format in (CheckFormat.json, CheckFormat.sarif):
        json.loads(text)
    else:
        assert commands == []
    if format == CheckFormat.gcc:
        (line,) = text.splitlines()
        first = re.match(r"^(.*?):(\d+):(\d+): (\w+): ", line)
        assert first and first[2] == "3" and first[4] == "warning"
    if format == CheckFormat.markdown:
        tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
        kinds = {c.type for t in tokens for c in t.children or []}
        assert kinds <= {"text", "html_inline"} and "<img" not in text and "https:" not in text
        assert sum(t.type == "tr_open" for t in tokens) == 4


def test_findings_without_a_place_can_be_printed() -> None:
    whole = Finding("slower", "warning", "", None, None, "the whole program is slower")
    report = Report(RUN, RUN, False, [whole], [])
    for format in CheckFormat:
        assert "the whole program is slower" in rendered(report, format)
    log = json.loads(rendered(report, CheckFormat.sarif))
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text())).validate(log)


def test_the_page_on_ci_can_be_followed(tmp_path: Path) -> None:
    """Its YAML is YAML, its settings are taken, and it names every rule."""
    text = (ROOT / "docs" / "ci.md").read_text()
    workflows = [yaml.safe_load(t) for t in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    assert [set(w) & {"jobs", "corr-check"} for w in workflows] == [{"jobs"}, {"corr-check"}]
    (settings,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (tmp_path / "corr.toml").write_text(settings)
    assert load(tmp_path).check.waivers[0].rule in RULES
    assert all(f"`{rule}`" in text for rule in RULES)
