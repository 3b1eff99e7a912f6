"""The outputs of an optimisation as one folder of files: tables, logs, profiles, IR, charts.

For scripts and papers that want the same file names each time, whatever was optimised; people
are served better by `corr report`, other queries by `corr history` and `corr export table`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from pathlib import Path

from corr.export import logs, modules, report_csv
from corr.export.stages import Course, course
from corr.lake.store import Lake
from corr.report.subject import Subject
from corr.summary.summarise import summarise
from corr.system.disk import disk_errors


class Part(StrEnum):
    """What may be written."""

    csv = "csv"
    metrics = "metrics"
    opcodes = "opcodes"
    profile = "profile"
    ir = "ir"
    plot = "plot"
    heatmap = "heatmap"
    bars = "bars"


#: Charts of `corr report` by what they are here.
CHARTS = {
    Part.plot: ("times", "counters"),
    Part.heatmap: ("opcodes",),
    Part.bars: ("before_after",),
}
REPORT, METRICS, OPCODES = "optimization_report.csv", "metrics_log.json", "ir_instr_log.json"


def write(
    lake: Lake,
    subjects: Sequence[Subject],
    folder: Path,
    parts: Collection[Part] = tuple(Part),
    tell: Callable[[str], None] = lambda _line: None,
) -> list[Path]:
    """Write the parts of these subjects; files of the same name are replaced.

    `tell` is given a line for what there is nothing of. Raises CorrError.
    """
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    written = []
    if {Part.csv, Part.metrics, Part.opcodes}.intersection(parts):
        written += _tables([course(lake, subject) for subject in subjects], folder, parts)
    for stem, subject in zip(_stems(subjects), subjects, strict=True):
        if Part.profile in parts:
            written += _profiles(lake, subject, folder, stem)
        if Part.ir in parts:
            last = subject.variants[-1]
            modules_written = modules.write(last, folder, stem)
            written += modules_written
            if not modules_written:
                tell(f"{subject.name}: {last.run_id} kept no optimised IR")
        written += _charts(lake, subject, folder, parts, stem, tell)
    return written


def _put(path: Path, text: str) -> Path:
    with disk_errors(path):
        path.write_text(text, encoding="utf-8", newline="")
    return path


def _tables(courses: list[Course], folder: Path, parts: Collection[Part]) -> list[Path]:
    written = []
    if Part.csv in parts:
        text = io.StringIO()
        report_csv.write(courses, text)
        written.append(_put(folder / REPORT, text.getvalue()))
    if Part.metrics in parts:
        written.append(_put(folder / METRICS, logs.metrics(courses)))
    if Part.opcodes in parts:
        written.append(_put(folder / OPCODES, logs.instructions(courses)))
    return written


def _profiles(lake: Lake, subject: Subject, folder: Path, stem: str) -> list[Path]:
    """What a proposer reads: of the original, and of the best compared with it."""
    first, last = subject.variants[0], subject.variants[-1]
    written = [_put(folder / f"{stem}.prof.md", summarise(lake, first).text)]
    if last.run_id != first.run_id:
        text = summarise(lake, last, best=first).text
        written.append(_put(folder / f"{stem}.opt.prof.md", text))
    return written


def _charts(
    lake: Lake,
    subject: Subject,
    folder: Path,
    parts: Collection[Part],
    stem: str,
    tell: Callable[[str], None],
) -> list[Path]:
    wanted = [name for part, names in CHARTS.items() if part in parts for name in names]
    if not wanted:
        return []
    from corr.report import charts, draw, trials
    from corr.report.ink import LIGHT

    found = trials.gather(lake, subject)
    if found is None:
        tell(f"{subject.name}: charts show an optimisation, and {subject.run.run_id} is none")
        return []
    drawn = [getattr(charts, name)(found, LIGHT) for name in wanted]
    for name, chart in zip(wanted, drawn, strict=True):
        if chart is None:
            tell(f"{subject.name}: there is nothing to draw for {name}")
    return draw.write(drawn, folder, "png", stem)


def _stems(subjects: Sequence[Subject]) -> list[str]:
    """A file name for each subject: a program's name may be any text, and two may look alike."""
    stems: list[str] = []
    for subject in subjects:
        plain = "".join(c if c.isalnum() or c in "._-" else "_" for c in subject.name)
        stem = plain.strip(".")[:100] or "run"
        number = 2
        while stem in stems:
            stem, number = f"{plain.strip('.')[:100] or 'run'}-{number}", number + 1
        stems.append(stem)
    return stems
