"""Findings as SARIF 2.1.0, for code scanning and the editors that show it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from corr import __version__
from corr.check.findings import Finding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True)
class Rule:
    """What a finding may be of; `level` is what it is unless it says otherwise."""

    rule_id: str
    name: str
    says: str
    level: str | None = None


@dataclass(frozen=True)
class Tool:
    """The part of corr that reports.

    `command` tells its analyses apart from those of another. `fingerprint` names the way findings
    are recognised again. One that `compares` two runs says of each finding whether it is new, and
    whether it is waived; `invocation` is then how it ended.
    """

    command: str
    rules: Sequence[Rule]
    fingerprint: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    compares: bool = False
    invocation: Mapping[str, Any] | None = None


def sarif(findings: Sequence[Finding], tool: Tool) -> dict[str, Any]:
    """A log of one SARIF run with a result for each finding."""
    numbers = {rule.rule_id: number for number, rule in enumerate(tool.rules)}
    driver = {"name": "corr", "version": __version__, "rules": [_rule(r) for r in tool.rules]}
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{tool.command}/"},
        **({"invocations": [dict(tool.invocation)]} if tool.invocation is not None else {}),
        "results": [_result(finding, tool, numbers[finding.rule_id]) for finding in findings],
        "properties": dict(tool.properties),
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    described: dict[str, Any] = {
        "id": rule.rule_id,
        "name": rule.name,
        "shortDescription": {"text": rule.says},
    }
    if rule.level is not None:
        described["defaultConfiguration"] = {"level": rule.level}
    return described


def _result(finding: Finding, tool: Tool, number: int) -> dict[str, Any]:
    identity = "\0".join((finding.rule_id, finding.loop, finding.detail))
    result: dict[str, Any] = {
        "ruleId": finding.rule_id,
        "ruleIndex": number,
        "level": finding.level,
        # brackets with parentheses would be read as a link
        "message": {"text": finding.message.replace("](", "] (")},
        "partialFingerprints": {tool.fingerprint: hashlib.sha256(identity.encode()).hexdigest()},
        "properties": dict(finding.evidence),
    }
    if tool.compares:
        waiver = {"kind": "external", "justification": finding.waiver}
        result["baselineState"] = finding.state
        result["suppressions"] = [waiver] if finding.waived else []
    if location := _location(finding):
        result["locations"] = [location]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    """Where a finding is; empty where it has neither place nor loop."""
    location: dict[str, Any] = {}
    if finding.file:
        region = {"startLine": finding.line}
        if finding.column:
            region["startColumn"] = finding.column
        location["physicalLocation"] = {"artifactLocation": _uri(finding.file), "region": region}
    if finding.loop:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.loop, "kind": "loop"}]
    return location


def _uri(file: str) -> dict[str, str]:
    if file.startswith("/"):
        return {"uri": f"file://{quote(file)}"}
    return {"uri": quote(file), "uriBaseId": "%SRCROOT%"}
