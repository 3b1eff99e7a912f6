"""What a study comes to, in sentences: what the recommendation is worth, and why settings fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from collectors.base.foreign_text import one_line
from corr.search.advice import RECOMMENDED
from corr.search.analysis import ALL, FEWEST_PROOFS, Analysis, Row
from corr.search.split import HELD_OUT

IMPORT = "import"
#: Characters of a failure, and of the name of its case, that are told.
LONGEST, LONGEST_NAME = 200, 60


def counted(number: int, what: str) -> str:
    """`1 case`, `2 cases`."""
    return f"{number} {what}" + ("" if number == 1 else "s")


def state(analysis: Analysis) -> str:
    """What the recommendation is worth, in a sentence."""
    found = analysis.headline
    if found is None:
        return _unmeasured(analysis)
    part, row = found
    name = subject(analysis)
    if not row["cases"]:
        told = failures(analysis, row, part)
        return f"{f'{name} is ' if name else ''}not ready: {told}"
    said = _said(analysis, row, part)
    if part != HELD_OUT:
        start = f"{name}: " if name else ""
        return f"{start}{said}; no case was held out, so nothing is proved for others"
    ready = ("ready" if analysis.ready else "not ready") + covered(analysis)
    return f"{f'{name} is ' if name else ''}{ready}: {said}{_unproved(analysis, row)}"


def covered(analysis: Analysis) -> str:
    """Which classes the recommendation is for, where others are left as they are."""
    proved = {row["class"] or "" for row in analysis.changes if row["role"] == "recommended"}
    others = sorted({one["class"] or "" for one in analysis.advice} - proved)
    if not others:
        return ""
    return f" for {', '.join(sorted(proved))} (as they are: {', '.join(others)})"


def subject(analysis: Analysis) -> str:
    """What was proved; empty for the recommendation itself."""
    proved = [row for row in analysis.changes if row["role"] == "recommended"]
    if analysis.search["mode"] == IMPORT and any(row["used"] is None for row in proved):
        return "the imported recommendation"
    used: dict[str, set[str]] = {}
    for row in proved:
        used.setdefault(row["class"] or "", set()).add(row["used"])
    if not used or any(len(names) != 1 for names in used.values()):
        return ""  # a ladder with two values at least
    if any(one["verdict"] == RECOMMENDED for one in analysis.advice):
        names = sorted(set().union(*used.values()))
        return f"the constant {', '.join(names)}"
    singles = {one["class"] or "": one["single"] for one in analysis.advice}
    if any(used[group] != {singles.get(group)} for group in used):
        return ""
    return f"the best single value, {', '.join(sorted(set().union(*used.values())))},"


def failures(analysis: Analysis, row: Row, part: str = ALL) -> str:
    """Why a setting fails: `fails in 2 of 9 held-out cases: 2 timed out (c1: still running …)`.

    Empty where it fails nowhere.
    """
    which = (row["setting"], row["role"])
    failed = [
        one
        for one in analysis.changes
        if one["change"] == "failed" and (one["setting"], one["role"]) == which
        if one["same_case_as"] is None  # counts once
        if part in (ALL, one["part"])
    ]
    if not failed:
        return ""
    cases = "cases" if part == ALL else f"{part} cases"
    count = f"fails in {len(failed)} of {row['cases'] + row['failed']} {cases}"
    return f"{count}: {', '.join(_kinds(failed))}"


def _kinds(failed: Sequence[Row]) -> Iterator[str]:
    """Each outcome, how often, and what was said the first time."""
    counts = Counter(row["outcome"] for row in failed)
    for outcome, number in counts.most_common():
        first = next(row for row in failed if row["outcome"] == outcome)
        many = f"{number} " if len(counts) > 1 else ""
        said = [
            one_line(first["case_name"], LONGEST_NAME),
            one_line(first["detail"] or "", LONGEST),
        ]
        yield f"{many}{outcome} ({': '.join(filter(None, said))})"


def failing(analysis: Analysis) -> Iterator[str]:
    """A line for each setting that fails somewhere, with the totals that can be compared."""
    for row in analysis.settings():
        told = failures(analysis, row)
        if told and row["cases"] and row["role"] != "baseline":
            both = f"{row['total']:.4g} s, the baseline {row['total_baseline']:.4g} s"
            told = f"{told}; the others take {both}"
        if told:
            yield f"{row['setting']} {told}"


def disagreeing(analysis: Analysis) -> Iterator[str]:
    """A line for each setting of which wall and CPU time say opposite things."""
    found: dict[str, list[Row]] = {}
    for row in analysis.changes:
        if row["disagreement"] and row["same_case_as"] is None:
            found.setdefault(row["setting"], []).append(row)
    for name, rows in found.items():
        first = rows[0]
        yield (
            f"{name}: CPU and wall time say opposite things in {counted(len(rows), 'case')}, as"
            f" {one_line(first['case_name'], LONGEST_NAME)} ({first['disagreement']}):"
            " it is not recommended there"
        )


def _unmeasured(analysis: Analysis) -> str:
    if any(one["verdict"] == RECOMMENDED for one in analysis.advice):
        if analysis.search["mode"] == IMPORT:
            return (
                "recommended, but not yet measured: give its times as rows of the setting"
                " `recommended`"
            )
        return "recommended, but not yet measured: `corr search test-optimized`"
    base = analysis.search["baseline"]
    better = [one for one in analysis.advice if one["single"] not in (None, base)]
    if not better:
        return "nothing is recommended: leave it as it is"
    values = ", ".join(
        f"{one['single']}{' for ' + one['class'] if one['class'] else ''}"
        f" (×{one['single_speedup']:.3g})"
        for one in better
    )
    prove = "" if analysis.search["mode"] == IMPORT else (
        ": `corr search test-optimized --single` measures it"
    )  # fmt: skip
    return f"nothing is recommended: take the best single value, {values}{prove}"


def _said(analysis: Analysis, row: Row, part: str) -> str:
    counts = [f"{row[change]} {change}" for change in ("improved", "neutral", "regressed")]
    counts += [f"{row['undecided']} undecided"] * bool(row["undecided"])
    told = f"; {failures(analysis, row, part)}" if row["failed"] else ""
    once = "; not tested, since none was measured three times" if not row["tested"] else ""
    interval = (
        f" (95 %: {row['speedup_low']:.3g}-{row['speedup_high']:.3g})"
        if row["speedup_low"] is not None
        else ""
    )
    cases = counted(row["cases"], f"{part} case")
    mean = f"×{row['speedup']:.3g} geometric mean{interval}"
    return f"{mean} on {cases}, {', '.join(counts)}{told}{once}"


def _unproved(analysis: Analysis, row: Row) -> str:
    """Why it is not ready, where no case says so by itself."""
    if row["disagreeing"]:
        return f"; wall and CPU time say opposite things in {counted(row['disagreeing'], 'case')}"
    if row["maybe_slower"]:
        return (
            f"; {counted(row['maybe_slower'], 'case')} undecided, may be slower:"
            " raise `most` of [measure], or measure on a quieter machine"
        )
    if analysis.ready or row["regressed"] or row["failed"]:
        return ""
    if row["cases"] < FEWEST_PROOFS:
        return f"; so few cases prove nothing: hold out {FEWEST_PROOFS} at least"
    return "; no gain beyond doubt"
