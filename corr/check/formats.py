"""How a report of `corr check` is printed, one renderer a format.

File, function and callee names come from the program under study: none of them may end a line,
a field or a cell, or be taken for a command of the service that reads the output.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, TextIO

from collectors.base.foreign_text import one_line, visible
from corr.check.findings import ABSENT, FAILS, NEW, NOTE, RULES, UNCHANGED, Finding, Report
from corr.check.sarif import Rule, Tool, sarif

#: GitHub shows ten annotations of a step and drops the rest.
ANNOTATIONS = 10


class CheckFormat(StrEnum):
    """How the findings are printed."""

    table = "table"
    json = "json"
    markdown = "markdown"
    github = "github"
    gcc = "gcc"
    sarif = "sarif"


def render(report: Report, format: CheckFormat, out: TextIO) -> None:
    """Print a report in a format."""
    _RENDERERS[format](report, out)


def verdict(report: Report) -> str:
    """The outcome in one line."""
    failing = len(report.failing)
    notes = sum(f.level == NOTE and f.state == NEW for f in report.findings)
    counts = {
        "waived": sum(f.waived for f in report.findings),
        "note" if notes == 1 else "notes": notes,
        "as before": sum(f.state == UNCHANGED and not f.waived for f in report.findings),
        "resolved": sum(f.state == ABSENT for f in report.findings),
    }
    rest = [f"{n} {what}" for what, n in counts.items() if n]
    findings = f"{failing} {'finding' if failing == 1 else 'findings'}"
    outcome = f"failed: {findings}" if failing else "passed"
    how = " (remarks and code only, no times)" if report.remarks_only else ""
    return f"corr check {outcome}{''.join(f', {r}' for r in rest)}{how}"


def plain(text: str) -> str:
    """Text on one line that no terminal and no runner of a CI service takes for a command."""
    shown = visible(text).replace("##[", "## [")
    return re.sub(r"^(\s*):", r"\1\\:", shown)


def _listed(report: Report) -> list[Finding]:
    """Failing, waived, and new notes: what has to be read."""
    return [f for f in report.findings if f.state == NEW or f.waived]


def _where(finding: Finding) -> str | None:
    return f"{finding.file}:{finding.line}" if finding.file else None


def _word(finding: Finding) -> str:
    return "waived" if finding.waived else "fails" if finding.fails else finding.level


def _table(report: Report, out: TextIO) -> None:
    from corr.console.output import emit_records
    from corr.console.short_names import short_name

    rows = [
        {
            "what": _word(f),
            "rule": f.rule_id,
            "where": plain(_where(f) or ""),
            "loop": plain(short_name(f.loop)),
            "note": plain(f.message + (f" [waived: {f.waiver}]" if f.waived else "")),
        }
        for f in _listed(report)
    ]
    columns = {"what": ("", None), **{k: (k, None) for k in ("rule", "where", "loop")}}
    if rows:
        emit_records(rows, columns, lambda row: [row["note"]], out)


def _json(report: Report, out: TextIO) -> None:
    answer = {
        "baseline": report.baseline.to_json(),
        "new": report.new.to_json(),
        "remarks_only": report.remarks_only,
        "failed": bool(report.failing),
        "findings": [
            {
                "rule_id": f.rule_id,
                "level": f.level,
                "state": f.state,
                "fails": f.fails,
                "waived": f.waived,
                "waiver": f.waiver,
                "loop": f.loop,
                "file": f.file,
                "line": f.line,
                "column": f.column,
                "message": f.message,
                "evidence": dict(f.evidence),
            }
            for f in report.findings
        ],
        "notes": report.notes,
    }
    out.write(dumped(answer))


def dumped(answer: Any) -> str:
    """JSON that no runner takes for its older form of a command, wherever in a line that stands."""
    return json.dumps(answer, indent=1, default=str).replace("##[", "##\\u005b") + "\n"


def _gcc(report: Report, out: TextIO) -> None:
    gcc((f for f in _listed(report) if not f.waived), out)


def gcc(findings: Iterable[Finding], out: TextIO) -> None:
    """`file:line:column: warning: message [rule]`, as editors and problem matchers read it."""
    for f in findings:
        # a colon before a digit would be taken for the line's
        file = re.sub(r":(?=\d)", "%3A", plain(f.file or "corr"))
        place = f"{file}:{f.line}:{f.column or 1}" if f.file else file
        out.write(f"{place}: {f.level}: {plain(f'{f.message} ({f.loop})')} [{f.rule_id}]\n")


def _github(report: Report, out: TextIO) -> None:
    """Workflow commands, ten at most, and a line with the outcome."""
    findings = [f for f in _listed(report) if not f.waived]
    for f in findings[:ANNOTATIONS]:
        fields = {"title": f"{f.rule_id}: {f.loop}" if f.loop else f.rule_id}
        if f.file:
            fields = {"file": f.file, "line": str(f.line)} | fields
            if f.column:
                fields["col"] = str(f.column)
        written = ",".join(f"{k}={_property(v)}" for k, v in fields.items())
        command = "error" if f.fails else "notice"
        out.write(f"::{command} {written}::{_data(f.message)}\n")
    left = len(findings) - ANNOTATIONS
    out.write(verdict(report) + (f"; {left} more are not annotated\n" if left > 0 else "\n"))


def _data(text: str) -> str:
    """The message of a workflow command."""
    text = visible(text, keep="\r\n")
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """The value of a workflow command's property."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _markdown(report: Report, out: TextIO) -> None:
    """A comment for a pull request; its first line is a mark to find it again."""
    out.write(f"<!-- corr check -->\n### {verdict(report)}\n")
    groups = (
        ("", report.failing),
        ("Waived", [f for f in report.findings if f.waived]),
        ("Notes", [f for f in report.findings if f.level == NOTE and f.state == NEW]),
        ("Resolved", [f for f in report.findings if f.state == ABSENT]),
    )
    for heading, findings in groups:
        if not findings:
            continue
        if heading:
            out.write(f"\n<details><summary>{heading}: {len(findings)}</summary>\n")
        out.write("\n| rule | where | loop | what |\n| --- | --- | --- | --- |\n")
        for f in findings:
            message = f.message + (f" (waived: {f.waiver})" if f.waived else "")
            cells = (f.rule_id, _code(_where(f)), _code(f.loop), _prose(message))
            out.write(f"| {' | '.join(cells)} |\n")
        if heading:
            out.write("\n</details>\n")
    for note in report.notes:
        out.write(f"\n- {_prose(note)}\n")
    runs = [_code(run.label or run.run_id) for run in (report.baseline, report.new)]
    out.write(f"\nBaseline {runs[0]}, new {runs[1]}.\n")


def _prose(text: str) -> str:
    """Text with everything that Markdown or HTML would act on written as a character reference.

    A space without width after @ and # keeps names and numbers from becoming mentions.
    """
    shown = re.sub(r"(?i)www\.", "www\u200b.", one_line(text))
    safe = re.sub(r"[^\w\s.,'/%×→–=;+-]|_", lambda m: f"&#{ord(m[0])};", shown)
    return safe.replace("&#64;", "&#64;\u200b").replace("&#35;", "&#35;\u200b")


def _code(text: str | None) -> str:
    return f"<code>{_prose(text)}</code>" if text else ""


def _sarif(report: Report, out: TextIO) -> None:
    rules = [
        Rule(
            rule,
            "".join(word.capitalize() for word in rule.split("-")),
            says,
            NOTE if rule in ("lost-unrolling", "not-vectorized") else FAILS,
        )
        for rule, says in RULES.items()
    ]
    tool = Tool(
        "corr check",
        rules,
        "loopAndRule/v1",
        {
            "baseline": report.baseline.run_id,
            "new": report.new.run_id,
            "remarksOnly": report.remarks_only,
        },
        compares=True,
        invocation={
            "executionSuccessful": True,
            "exitCode": int(bool(report.failing)),
            "toolExecutionNotifications": [
                {"level": "note", "message": {"text": note}} for note in report.notes
            ],
        },
    )
    out.write(dumped(sarif(report.findings, tool)))


_RENDERERS: dict[CheckFormat, Callable[[Report, TextIO], None]] = {
    CheckFormat.table: _table,
    CheckFormat.json: _json,
    CheckFormat.markdown: _markdown,
    CheckFormat.github: _github,
    CheckFormat.gcc: _gcc,
    CheckFormat.sarif: _sarif,
}
