"""A call that the inliner decided on, as a sentence: what it costs, or what could be had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Why a call is kept, where the name of LLVM's remark does not say it.
_REASONS = {
    "NeverInline": "an attribute or the target forbids it",
    "NoDefinition": "its body is in another unit: link-time optimisation would see it",
    "IncreaseCostInOtherContexts": "inlining it would keep its caller from being inlined",
    "AlwaysInline": "an attribute demands it",
}


def sentence(row: Mapping[str, Any]) -> str:
    """What is known of a row of the view `call_sites`."""
    parts = []
    if row["inlined"]:
        parts.append(f"inlined into {_functions(row['inlined'])}")
        parts += [
            text
            for value, text in (
                (row["inlined_share"], f"{_percent(row['inlined_share'])} of the samples"),
                (row["bytes"], _code(row)),
            )
            if value is not None
        ]
    if row["kept"]:
        into = f" into {_functions(row['kept'])}" if row["inlined"] else ""
        parts.append(f"not inlined{into}")
        if row["callee_share"] is not None:
            parts.append(f"{_percent(row['callee_share'])} of the time lies in the callee")
        elif row["most_share"] is not None:
            parts.append(f"at most {_percent(row['most_share'])} of the time{_unknown(row)}")
        if row["callee_bytes"] is not None:
            parts.append(f"which has {size(row['callee_bytes'])}")
    if row["cost"] is not None:
        limit = f" of {row['threshold']}" if row["threshold"] is not None else ""
        parts.append(f"cost {row['cost']}{limit}")
    if row["reason"] == "NeverInline" and row["said"]:
        parts.append(f"the compiler never inlines it: {row['said']}")
    elif row["reason"] in _REASONS:
        parts.append(_REASONS[row["reason"]])
    return ", ".join(parts)


def size(count: int | None) -> str:
    """Bytes as one says them: 640 B, 4.1 kB."""
    if count is None:
        return ""
    return f"{count} B" if count < 1000 else f"{count / 1000:.1f} kB"


def _code(row: Mapping[str, Any]) -> str:
    """The code that came of a call, of all copies of it together."""
    if (row["copies"] or 0) > 1:
        return f"{row['copies']} copies, {size(row['bytes'])} in all"
    return f"{size(row['bytes'])} of code"


def _unknown(row: Mapping[str, Any]) -> str:
    """Why the time of a callee cannot be divided."""
    if row["calls_why"] is not None:
        return f" lies in the callee (how often it is called here is not known: {row['calls_why']})"
    return " lies in the callee (its other calls are not all counted)"


def _functions(count: int) -> str:
    return "1 function" if count == 1 else f"{count} functions"


def _percent(share: float | None) -> str:
    if share is None:
        return ""
    return f"{100 * share:.1f} %" if share >= 0.001 or not share else "under 0.1 %"
