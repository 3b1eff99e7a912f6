"""Remarks of hot loops as SARIF: a rule for each pass and kind of remark."""

from __future__ import annotations

from collections.abc import Sequence

from corr.check.findings import Finding
from corr.check.formats import dumped
from corr.check.sarif import Rule, Tool
from corr.check.sarif import sarif as log
from corr.lake.store import RunInfo


def sarif(findings: Sequence[Finding], run: RunInfo) -> str:
    """One SARIF run with a result for each remark."""
    tool = Tool(
        "corr export sarif",
        [_rule(rule_id) for rule_id in dict.fromkeys(finding.rule_id for finding in findings)],
        "remark/v1",
        {"run": run.run_id, "program": run.facts.program},
    )
    return dumped(log(findings, tool))


def _rule(rule_id: str) -> Rule:
    pass_name, _, remark = rule_id.partition("/")
    return Rule(rule_id, remark or pass_name, f"remark {remark} of LLVM's pass {pass_name}")
