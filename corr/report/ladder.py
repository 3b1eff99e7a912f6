"""An optimisation at a glance: how much faster than the original each step is, and how sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corr.report.listing import Row
from corr.report.trials import Trials

#: Rungs that are drawn.
MOST_RUNGS = 9


@dataclass(frozen=True)
class Rung:
    """A step: speed-up over the original with its 99 % interval; edges in per cent of the whole.

    `what` is the last thing that a proposal changed.
    """

    name: str
    says: str
    kind: str
    speedup: float
    low: float | None
    high: float | None
    width: float
    from_: float | None
    to: float | None
    what: str = ""


def rungs(trials: Trials) -> list[Rung]:
    """The original, the baselines, each accepted proposal, and the best, measured again."""
    rows: list[Row] = [{"name": "original", "kind": "original", "speedup": 1.0, "says": ""}]
    for row in trials.trials.rows:
        time = row.get("relative_time")
        if not time or row["role"] not in ("baseline", "proposal", "best"):
            continue
        if row["role"] == "proposal" and row["outcome"] != "accepted":
            continue
        name = row["move"] if row["role"] == "baseline" else row["name"]
        if row["role"] == "best":
            name = "best, measured again"
        low, high = row.get("relative_low"), row.get("relative_high")
        rows.append(
            {
                "name": name,
                "kind": row["role"],
                "speedup": 1 / time,
                "low": 1 / high if high else None,
                "high": 1 / low if low else None,
                "says": row.get("guarantee") or "",
                "what": _last(row["move"] or "") if row["role"] == "proposal" else "",
            }
        )
    best = [row for row in rows if row["kind"] == "best"]
    kept = [row for row in rows if row["kind"] != "best"][: MOST_RUNGS - len(best)] + best
    most = max(max(row.get("high") or 0, row["speedup"]) for row in kept)
    return [_rung(row, most) for row in kept]


def _rung(row: Row, most: float) -> Rung:
    low, high = row.get("low"), row.get("high")
    return Rung(
        row["name"],
        row["says"],
        row["kind"],
        row["speedup"],
        low,
        high,
        100 * row["speedup"] / most,
        100 * low / most if low else None,
        100 * high / most if high else None,
        row.get("what", ""),
    )


def _last(moves: str) -> str:
    """The last of a variant's moves, without the file that it is in."""
    last = moves.rpartition("; ")[2]
    file, colon, what = last.partition(": ")
    return what if colon and " " not in file else last


def says(found: Sequence[Rung]) -> str:
    """How much faster the best step is, and how sure that is."""
    steps = [rung for rung in found if rung.kind in ("proposal", "best")]
    if not steps:
        return "No step is faster than the original"
    last = steps[-1]
    name = "The best" if last.kind == "best" else last.name
    told = f"{name} is {last.speedup:.3g} times as fast as the original"
    if last.low is None or last.high is None:
        return told
    return f"{told}, from {last.low:.3g} to {last.high:.3g} at 99 %"
