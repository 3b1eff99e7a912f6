"""The hottest lines of a place: in words, and with what stands around them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from corr.console.short_names import short_name

#: So many lines are named, each with at least this part of the place.
MOST, LEAST_PART = 3, 0.05
#: Columns of a tab. Editors show eight or four; tables are narrow.
TAB = 4
#: Longer sources are cut to the hottest lines, from this share on, with some around each.
LONGEST, LEAST_SHARE, MOST_HOT, AROUND = 80, 0.001, 20, 2


def of_it(rows: Iterable[Mapping[str, Any]], file: str | None) -> str | None:
    """`of it line 307: 21 %, 310: 9 %`, of rows of `hot_lines` in their order.

    Lines of another file than the place's, and of functions inlined into it (`inlined` has their
    names), are told with them. None where no line has a part worth naming.
    """
    told = []
    for row in list(rows)[:MOST]:
        if row["part"] < LEAST_PART:
            break
        told.append(f"{_place(row, file)}: {100 * row['part']:.0f} %")
    if not told:
        return None
    return f"of it {'' if told[0].startswith('code ') else 'line '}{', '.join(told)}"


def _place(row: Mapping[str, Any], file: str | None) -> str:
    if row["line"] is None:
        return "code without a line"
    name = "" if row["file"] == file else f"{row['file'].rsplit('/', 1)[-1]}:"
    within = f" in {short_name(row['inlined'])}" if row.get("inlined") else ""
    return f"{name}{row['line']}{within}"


def source_text(text: str | None) -> str:
    """A line of source as a terminal shows it: tabs as the spaces that they stand for."""
    return (text or "").expandtabs(TAB)


def hot_stretches(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows of source with a `share` each; of many, those that take time and what is around them.

    What was left out is a row whose text says so.
    """
    if len(rows) <= LONGEST:
        return list(rows)
    hot = sorted(range(len(rows)), key=lambda at: -(rows[at]["share"] or 0))[:MOST_HOT]
    kept = {0, len(rows) - 1}
    for at in hot:
        if (rows[at]["share"] or 0) >= LEAST_SHARE:
            kept |= set(range(max(at - AROUND, 0), min(at + AROUND + 1, len(rows))))
    found: list[Mapping[str, Any]] = []
    before = -1
    for at in sorted(kept):
        if at - before > 1:
            left = at - before - 1
            found.append({**dict.fromkeys(rows[at]), "text": f"… {left} lines"})
        found.append(rows[at])
        before = at
    return found
