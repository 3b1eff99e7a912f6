"""Calls whose inlining may matter, for a summary: what the inliner decided, and the time there."""

from __future__ import annotations

import duckdb

from corr.console.call_words import sentence
from corr.lake.sql import rows
from corr.summary.budget import Part, Variant, part
from corr.summary.markdown import render

#: Calls that are kept though so much of the time lies in what they call.
LEAST_SHARE = 0.02
MOST = 5
#: After the source of the first nest, before that of others.
_RANK = 4.2


def calls(connection: duckdb.DuckDBPyConnection) -> list[Part]:
    """The hot calls that were not inlined; the hottest alone where there is little room."""
    found = rows(
        connection,
        "SELECT * FROM call_sites WHERE kept > 0 AND most_share >= ? AND reason <> 'NeverInline'"
        " ORDER BY most_share DESC, place, callee LIMIT ?",
        LEAST_SHARE,
        MOST,
    )
    if not found:
        return []
    listed = [(row["place"], row["callee_name"], sentence(row)) for row in found]
    few, every = (render("calls", calls=listed[:count]) for count in (1, MOST))
    if len(listed) == 1:
        return [part("calls", Variant(few, _RANK))]
    return [part("calls", Variant(few, _RANK, "further calls"), Variant(every, _RANK + 1))]
