"""Remarks of hot loops as SARIF 2.1.0, for code scanning and the editors that show it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from corr import __version__
from corr.check.findings import Finding
from corr.check.formats import SARIF_SCHEMA, dumped, sarif_location
from corr.lake.store import RunInfo


def sarif(found: Sequence[Finding], run: RunInfo) -> str:
    """One SARIF run: a rule for each pass and kind of remark, a result for each remark."""
    rules = list(dict.fromkeys(finding.rule_id for finding in found))
    log = {
        "tool": {
            "driver": {
                "name": "corr",
                "version": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "automationDetails": {"id": "corr export sarif/"},
        "results": [_result(finding, rules.index(finding.rule_id)) for finding in found],
        "properties": {"run": run.run_id, "program": run.facts.get("program")},
    }
    return dumped({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [log]})


def _rule(rule: str) -> dict[str, Any]:
    name, _, remark = rule.partition("/")
    return {
        "id": rule,
        "name": remark or name,
        "shortDescription": {"text": f"remark {remark} of LLVM's pass {name}"},
    }


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    identity = "\0".join((finding.rule_id, finding.loop, finding.detail))
    result: dict[str, Any] = {
        "ruleId": finding.rule_id,
        "ruleIndex": rule,
        "level": finding.level,
        "message": {"text": finding.message.replace("](", "] (")},
        "partialFingerprints": {"remark/v1": hashlib.sha256(identity.encode()).hexdigest()},
        "properties": dict(finding.evidence),
    }
    if location := sarif_location(finding):
        result["locations"] = [location]
    return result
