"""The folder with a study's results: analysis, report, recommended code, and every time as CSV."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from corr.search import comprehensive, page
from corr.search.advice import RECOMMENDED, Advice
from corr.search.code import ENDINGS, code, early_code
from corr.search.modes import Done
from corr.search.study import Study
from corr.system.disk import disk_errors

ANALYSIS, REPORT, TIMES = "comprehensive_analysis.txt", "report.html", "results.csv"
_COLUMNS = (
    *("case_name", "part", "class", "setting", "used", "outcome", "change", "seconds"),
    *("seconds_baseline", "ratio", "low", "high", "q_value", "pairs", "clock", "disagreement"),
    *("same_code_as", "same_case_as", "detail"),
)


def write(done: Done, folder: Path) -> list[Path]:
    """Write the files. Raises CorrError where that cannot be done."""
    wanted = done.study.recommend
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        early = "".join(early_code(one.early, wanted) for one in done.advice)
        text = folder / ANALYSIS
        text.write_text(comprehensive.text(done.analysis, early), encoding="utf-8")
        times = folder / TIMES
        with times.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(dict(row) for row in done.analysis.changes)
        report = folder / REPORT
        report.write_text(page.html(done.analysis), encoding="utf-8")
        written = [text, report, times]
        for one in done.advice:
            if one.verdict == RECOMMENDED:
                written += _code(done, one, folder)
    return written


def _code(done: Done, advice: Advice, folder: Path) -> list[Path]:
    name = f"recommended-{advice.group}" if advice.group else "recommended"
    plain = re.sub(r"[^\w.-]", "_", name)
    written = []
    for language in done.study.recommend.languages:
        path = folder / f"{plain}.{ENDINGS[language]}"
        cases = done.groups.get(advice.group, ())
        path.write_text(code(advice, done.study, language, cases), encoding="utf-8")
        written.append(path)
    return written


def default_folder(study: Study) -> Path:
    """`NAME_results`, where the command is run."""
    return Path(re.sub(r"[^\w.-]", "_", study.name).lstrip(".") + "_results")
