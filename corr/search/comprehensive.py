"""comprehensive_analysis.txt: six parts with the names that users of the toolkit know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from collectors.base.foreign_text import one_line
from corr.console.output import HUGE
from corr.search.analysis import ALL, Analysis, Row
from corr.search.split import HELD_OUT, TUNING
from corr.search.verdict import failures, state

WIDTH = 75
TOP = 20
#: Units of times, and the least that is told of a time without digits behind the point.
UNITS = {"ms": 1e-3, "us": 1e-6, "ns": 1e-9}
SMALLEST, LEAST = "ns", 10


def text(analysis: Analysis, early: str = "") -> str:
    """The whole file; `early` is the code of the early returns."""
    parts = (
        ("Part 1: Performance Summary by Limit", summary(analysis)),
        ("Part 2: Baseline Comparison", comparison(analysis)),
        ("Part 3: Cluster Analysis", clusters(analysis)),
        ("Part 4: Code Recommendations", recommendations(analysis, early)),
        (f"Part 5: Top {TOP} Highest Speedups", top(analysis)),
        ("Part 6: Optimized Configuration - Validated Performance", validation(analysis)),
    )
    found = analysis.search
    head = [
        f"COMPREHENSIVE ANALYSIS of {analysis.study}",
        f"{found['cases']} cases, {found['held_out']} of them held out; run {analysis.run.run_id}"
        + (
            f"; {analysis.twins} are the same command as another and count once"
            * bool(analysis.twins)
        ),
        f"{found['machine']}" + (f"; {one_line(found['compiler'])}" if found["compiler"] else ""),
    ]
    lines = [*head, ""]
    for title, body in parts:
        lines += ["=" * WIDTH, title, "=" * WIDTH, "", *body, ""]
    return "\n".join(one_line_each(lines)) + "\n"


def one_line_each(lines: Iterable[str]) -> list[str]:
    from collectors.base.foreign_text import visible

    return [visible(line) for line in lines]


def knob(analysis: Analysis) -> str:
    """What is varied."""
    return ", ".join(analysis.search["knobs"])


def summary(analysis: Analysis) -> list[str]:
    lines = []
    for row in analysis.settings():
        lines.append(f"{named(analysis, row)}:")
        if not row["cases"]:
            lines += [f"  {failures(analysis, row)}", ""]
            continue
        lines += [
            f"  Geometric Mean:   {time(row['geometric_mean'], 2)}",
            f"  Arithmetic Mean:  {time(row['arithmetic_mean'], 2)}",
            f"  Median:           {time(row['median'], 2)}",
            f"  P95:              {time(row['p95'], 2)}",
            f"  Total Runtime:    {time(row['total'], 0)}",
        ]
        if row["failed"]:
            before = f"{time(row['total_baseline'], 0)} of the baseline"
            lines += [
                f"  Failed:           {row['failed']} tests: it {failures(analysis, row)}",
                f"  All times are of the other {row['cases']} tests: {before} there",
            ]
        lines.append("")
    return lines


def comparison(analysis: Analysis) -> list[str]:
    lines = []
    for row in analysis.settings():
        if row["role"] == "baseline" or not row["cases"]:
            continue
        tests = f"({row['faster']}/{row['cases']} tests faster"
        win = f"95 %: {percent(row['win_low'])} to {percent(row['win_high'])})"
        changes = f"{row['improved']} improved, {row['regressed']} regressed"
        changes += f", {row['undecided']} undecided" * bool(row["undecided"])
        how = (
            "of a false discovery rate of 5 %" if row["tested"] else "by more than 5 %: not tested"
        )
        lines += [
            f"{setting(analysis, row)} vs baseline:",
            f"  Win Rate:         {percent(row['win_rate'])} {tests}; {win}",
            f"  Avg Improvement:  {percent(row['average_improvement'])}"
            f"{interval(row['improvement_low'], row['improvement_high'], percent)}",
            f"  Max Improvement:  {percent(row['max_improvement'])}",
            f"  Geometric Mean:   {times(row['speedup'])}"
            f"{interval(row['speedup_low'], row['speedup_high'], times)}",
            f"  Significant:      {changes}, {how}",
            "",
        ]
    return lines or ["nothing but the baseline was measured", ""]


def clusters(analysis: Analysis) -> list[str]:
    lines: list[str] = []
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in analysis.clusters:
        groups.setdefault((row["class"] or "", row["setting"]), []).append(row)
    for (group, name), rows in groups.items():
        title = f"Cluster for {knob(analysis)} = {name}"
        lines += [f"{title}{f' ({group})' if group else ''}:", f"  Count: {rows[0]['cases']} tests"]
        for row in rows:
            if row["feature"]:
                lines.append(f"  {row['feature']} range: {row['least']:,g} - {row['most']:,g}")
        lines += [f"  Avg speedup: {rows[0]['average_speedup']:.2f}x", ""]
    return lines


def recommendations(analysis: Analysis, early: str) -> list[str]:
    lines = []
    if early:
        lines += ["Part A: Early Return Thresholds", "", *early.rstrip().split("\n"), ""]
        lines += [f"Part B: {knob(analysis)} Logic", ""]
    for one in analysis.advice:
        if one["class"]:
            lines.append(f"FOR {one['class'].upper()}:")
        lines += [f"{one['verdict']}: {one['why']}", ""]
        if one["verdict"] == "recommended":
            lines += [*one["code"].rstrip().split("\n"), ""]
            lines.append(f"Expected on the tuning cases: {one['speedup']:.2f}x geometric mean")
        single = one["single"] or "none that works for all cases"
        lines += [
            f"Best single value: {single} ({one['single_speedup']:.2f}x);"
            f" the best of each case: {one['best_speedup']:.2f}x"
            + ("" if one["sure_speedup"] is None else f" ({one['sure_speedup']:.2f}x of it sure)"),
            "",
        ]
    return lines or ["not analysed yet", ""]


def top(analysis: Analysis) -> list[str]:
    lines = []
    for number, row in enumerate(analysis.best[:TOP], start=1):
        lines += [
            f"#{number}: {one_line(row['case_name'], 160)}",
            f"    Best limit: {row['setting']}, Runtime: {time(row['seconds'], 2, '')},"
            f" Speedup: {row['speedup']:.2f}x",
        ]
    return [*lines, ""]


def validation(analysis: Analysis) -> list[str]:
    lines: list[str] = []
    for part, title in ((HELD_OUT, "HELD-OUT CASES"), (TUNING, "TUNING CASES"), (ALL, "ALL CASES")):
        row = analysis.proof(part)
        if row is not None and row["cases"]:
            lines += [title, *box(row), ""]
    if not lines:
        return [state(analysis), ""]
    slower = [
        f"  regressed: {one_line(r['case_name'], 100)} (x{r['ratio']:.2f} of the time)"
        for r in analysis.changes
        if r["role"] == "recommended" and r["change"] == "regressed"
    ]
    slower += [
        f"  undecided, may be slower: {one_line(r['case_name'], 100)} (x{r['ratio']:.2f} of the"
        f" time, 99 %: {r['low']:.2f} to {r['high']:.2f})"
        for r in analysis.changes
        if r["role"] == "recommended" and r["change"] == "undecided" and r["ratio"] > 1
    ]
    return [*lines, *slower, state(analysis), ""]


def box(row: Row) -> list[str]:
    """The frame with the figures of a part."""
    before, after = row["total_baseline"], row["total"]
    count = row["cases"]

    def share(name: str) -> str:
        return f"{row[name]:>12} ({100 * row[name] / count:5.1f}%)"

    pairs: Sequence[tuple[str, str] | None] = (
        ("Total Tests:", f"{count:>12}"),
        ("Baseline Runtime:", f"{time(before, 0):>15}  (~{fixed(before / 60, 1)} min)"),
        ("Optimized Runtime:", f"{time(after, 0):>15}  (~{fixed(after / 60, 1)} min)"),
        ("Overall Speedup:", f"{row['overall_speedup']:>12.2f}x"),
        ("Overall Improvement:", f"{100 * (1 - after / before):>12.2f}%"),
        ("Geometric Mean:", f"{row['speedup']:>12.2f}x"),
        ("95 % interval:", _ends(row)),
        None,
        ("Tests Improved:", share("improved")),
        ("Tests Neutral (±5%):", share("neutral")),
        ("Tests Regressed:", share("regressed")),
        *([("Tests Undecided:", share("undecided"))] if row["undecided"] else []),
        ("Tests Failed:", f"{row['failed']:>12}"),
    )
    rule = "─" * WIDTH
    lines = [f"┌{rule}┐", f"│{'BASELINE vs OPTIMIZED':^{WIDTH}}│", f"├{rule}┤"]
    for pair in pairs:
        if pair is None:
            lines.append(f"├{rule}┤")
        else:
            lines.append(f"│{f' {pair[0]:<22}{pair[1]}':<{WIDTH}}│")
    return [*lines, f"└{rule}┘"]


def _ends(row: Row) -> str:
    if row["speedup_low"] is None:
        return f"{'too few cases':>25}"
    return f"{row['speedup_low']:>12.2f}x to {row['speedup_high']:.2f}x"


def interval(low: float | None, high: float | None, said: Callable[[float], str]) -> str:
    """The 95 % interval in brackets; nothing where too few cases have none."""
    return "" if low is None or high is None else f" (95 %: {said(low)} to {said(high)})"


def named(analysis: Analysis, row: Row) -> str:
    what = setting(analysis, row)
    return f"{what} (baseline)" if row["role"] == "baseline" else what


def setting(analysis: Analysis, row: Row) -> str:
    return f"{knob(analysis)} = {row['setting']}"


def times(ratio: float) -> str:
    return f"{ratio:.2f}x"


def time(seconds: float, places: int, blank: str = " ") -> str:
    """A time in ms, or in a smaller unit where that would leave no two digits of it."""
    for unit, size in UNITS.items():
        if seconds / size >= LEAST / 10**places or unit == SMALLEST:
            return f"{fixed(seconds / size, places)}{blank}{unit}"
    raise AssertionError("the smallest unit takes every time")


def fixed(value: float, places: int) -> str:
    """A number with so many places; in powers of ten where it has more digits than say anything."""
    return f"{value:.{places}f}" if abs(value) < HUGE else f"{value:.4g}"


def percent(share: float) -> str:
    return f"{100 * share:.1f}%"
