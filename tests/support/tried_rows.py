"""Rows of optimisations that never ran, as sessions leave them in a lake."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from corr.lake.run_facts import RunFacts
from corr.lake.store import Lake, RunInfo
from corr.lake.tables import TABLES

NATIVE = "-O3 -march=native"


def tried(
    rule: str | None, outcome: str, speedup: float | None = None, **more: Any
) -> dict[str, Any]:
    """A proposal of the rules at a loop that walks down columns."""
    known = {"role": "proposal", "program": "p", "proposer": "rules", "kind": "flags", "move": rule}
    found = {"evidence": ["stride", "bound by dependencies"], "iteration": 1, "candidate": 1}
    return known | found | {"rule": rule, "outcome": outcome, "speedup": speedup, **more}


def commit(lake: Lake, session: str, *rows: dict[str, Any]) -> RunInfo:
    """A run with these rows of a session; columns that are not named are NULL."""
    schema = TABLES["iterations"].schema
    full = [{name: {"session": session, **row}.get(name) for name in schema.names} for row in rows]
    with lake.stage() as staging:
        staging.write(TABLES["iterations"], pa.Table.from_pylist(full, schema))
        return staging.commit(RunFacts("p", "iteration"))
