"""`corr search`: the best value of a constant over many cases, code that chooses it, the proof."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corr.commands.options import DataOption, FormatOption, with_options
from corr.commands.search_files import ForceOption, create_subset, knobs, split
from corr.console.output import Format, message, print_line

if TYPE_CHECKING:
    from collectors.base.errors import CorrError
    from corr.lake.store import Lake
    from corr.search.analysis import Analysis, Row
    from corr.search.modes import Done
    from corr.search.study import Study

StudyArgument = Annotated[
    list[str], typer.Argument(help="STUDY.toml; or C and C++ sources with --knob.")
]
KnobOption = Annotated[
    list[str] | None,
    typer.Option("--knob", help="An option of LLVM, NAME or NAME=VALUE,VALUE; repeatable."),
]
OutputOption = Annotated[
    Path | None, typer.Option("-o", "--output", help="Folder of results [default: NAME_results].")
]


@dataclass(frozen=True)
class Asked:
    """What every mode can be told."""

    knob: KnobOption = None
    sizes: Annotated[
        str | None, typer.Option("--sizes", help="With --knob: sizes of each kernel, with commas.")
    ] = None
    held_out: Annotated[
        float | None,
        typer.Option("--held-out", min=0, max=0.9, help="Share of the cases kept from the fit."),
    ] = None
    output: OutputOption = None


@dataclass(frozen=True)
class Measured:
    """What a mode that measures can be told."""

    retry: Annotated[bool, typer.Option("--retry", help="Try again what failed.")] = False
    workers: Annotated[
        str | None,
        typer.Option("--workers", help="Dask's scheduler, tcp://… or its file: they measure."),
    ] = None


WhyOption = Annotated[
    bool | None,
    typer.Option("--why/--no-why", help="Compare the builds of the largest gains, loop by loop."),
]

VALUES = {
    "setting": ("setting", None),
    "geometric_mean": ("geomean", None),
    "median": ("median", None),
    "p95": ("P95", None),
    "total": ("total, s", None),
    "speedup": ("speed-up", None),
    "interval": ("95 %", None),
    "win_rate": ("wins", "percent"),
    "improved": ("improved", None),
    "neutral": ("neutral", None),
    "regressed": ("regressed", None),
    "undecided": ("undecided", None),
    "failed": ("failed", None),
}
#: Reasons that are printed; the report has all.
MOST_REASONS = 12
COLUMNS = (
    *("study", "part", "role", "setting", "cases", "failed", "geometric_mean", "arithmetic_mean"),
    *("median", "p95", "total", "speedup", "speedup_low", "speedup_high", "overall_speedup"),
    *("win_rate", "average_improvement", "max_improvement", "improved", "neutral", "regressed"),
    *("undecided", "maybe_slower", "disagreeing"),
)


def register(app: typer.Typer) -> None:
    search = typer.Typer(
        help="Find the best value of a constant over many cases, and prove it on others.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    search.command("init")(init)
    for name, mode in (
        ("quick", quick),
        ("full", full),
        ("run", run),
        ("analyze", analyze),
        ("test-optimized", test_optimized),
    ):
        search.command(name)(with_options(mode))
    for name, other in (
        ("import", import_times),
        ("create-subset", create_subset),
        ("split", split),
        ("knobs", knobs),
    ):
        search.command(name)(other)
    app.add_typer(search, name="search")


def init(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = Path("study.toml"),
    knob: KnobOption = None,
    force: ForceOption = False,
) -> None:
    """Write a study to begin with, each key with a comment."""
    from corr.search.begin import write_study

    write_study(file, knob or [], force=force)
    print_line(str(file))


def quick(
    study: StudyArgument,
    *,
    asked: Asked,
    measured: Measured,
    why: WhyOption = None,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Measure a few values of each knob, recommend, and prove it; the first thing to do."""
    _go("quick", study, asked, data, format, measured=measured, why=why)


def full(
    study: StudyArgument,
    *,
    asked: Asked,
    measured: Measured,
    why: WhyOption = None,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Measure every value for every case, recommend, apply that, and prove it.

    Interrupted or killed, the same command goes on where it was.
    """
    _go("full", study, asked, data, format, measured=measured, why=why)


def run(
    study: StudyArgument,
    *,
    asked: Asked,
    measured: Measured,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Measure what is missing of `full`, and nothing else."""
    _go("run", study, asked, data, format, measured=measured)


def analyze(
    study: StudyArgument,
    *,
    asked: Asked,
    why: WhyOption = None,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Analyse what was measured, and run nothing."""
    _go("analyze", study, asked, data, format, why=why)


def test_optimized(
    study: StudyArgument,
    *,
    asked: Asked,
    measured: Measured,
    single: Annotated[
        bool, typer.Option("--single", help="Prove the best single value, not the code.")
    ] = False,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Apply what is recommended and measure it, on the held-out cases too."""
    _go("test-optimized", study, asked, data, format, measured=measured, single=single)


def import_times(
    study: Annotated[Path, typer.Argument(help="STUDY.toml, which names cases and values.")],
    file: Annotated[Path, typer.Argument(help="CSV with the columns case, setting and time.")],
    unit: Annotated[str, typer.Option("--unit", help="Of the times: s, ms, us, ns.")] = "s",
    output: OutputOption = None,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Analyse times that another tool measured. A row of the setting `recommended` is the proof."""
    from corr.search.imported import enter, read
    from corr.search.study import load

    done = enter(load(study), _lake(data), read(file, unit), message)
    _hand_over(done, output, format)


def _go(
    name: str,
    words: list[str],
    asked: Asked,
    data: Path | None,
    format: Format,
    *,
    measured: Measured | None = None,
    single: bool = False,
    why: bool | None = None,
) -> None:
    from corr.search.modes import MODES, go

    study = _study(words, asked.knob, asked.sizes)
    if asked.held_out is not None:
        study = replace(study, prove=replace(study.prove, held_out=asked.held_out))
    measured = measured or Measured()
    mode = replace(MODES[name], single=single, retry=measured.retry, why=why)
    for knob in study.knobs if mode.quick else ():
        kept = knob.quickly()
        if left := [str(value) for value in knob.every() if value not in kept]:
            message(f"{knob.name}: {', '.join(left)} left to `corr search full`")
    try:
        done = go(study, _lake(data), mode, message, workers=measured.workers)
    except KeyboardInterrupt:
        message("what was measured is kept: the same command goes on")
        raise
    _hand_over(done, asked.output, format)


def _hand_over(done: Done, output: Path | None, format: Format) -> None:
    """Write the results, say where they are, and what they amount to."""
    from corr.search.results import default_folder, write

    files = write(done, output or default_folder(done.study))
    _print(done, format)
    for path in files:
        message(f"  {path}")
    if all(row["change"] == "failed" for row in done.analysis.changes):
        raise _nothing_worked(done)
    if done.analysis.fails:
        raise _recommendation_fails(done)


def _recommendation_fails(done: Done) -> CorrError:
    """What is recommended fails wherever it was tried."""
    from collectors.base.errors import CorrError
    from corr.search.study import KnobKind
    from corr.search.verdict import IMPORT

    what = "what is recommended fails in every case"
    if done.analysis.search["mode"] == IMPORT:
        return CorrError(what, "its rows of the imported file have no times")
    if any(knob.kind == KnobKind.source for knob in done.study.knobs):
        return CorrError(
            f"{what}: the code in the place of `find` does not do",
            "`find` must name a statement within a function that knows the features: see"
            " recommended.cpp, and `type`, `variable`, `names` and `shape` of [recommend]",
        )
    return CorrError(what, "mend the study; --retry tries again")


def _nothing_worked(done: Done) -> CorrError:
    """Nothing was measured at all, for the reason of the first case."""
    from collectors.base.errors import CorrError

    first = next(iter(done.analysis.changes), None)
    if first is None:
        return CorrError("nothing was measured yet", "`corr search quick` or `full` measures")
    why = f"{first['case_name']}: {first['outcome']}: {first['detail']}"
    return CorrError(f"every case failed; {why}", "mend the study; --retry tries again")


def _study(words: list[str], knobs: list[str] | None, sizes: str | None) -> Study:
    from collectors.base.errors import UsageError
    from corr.search.begin import of_sources
    from corr.search.study import load

    if len(words) == 1 and words[0].endswith(".toml"):
        if knobs or sizes:
            raise UsageError("--knob and --sizes are for sources; a study says its own")
        return load(Path(words[0]))
    if not knobs:
        raise UsageError(
            "a study is one file that ends with .toml; sources need a --knob",
            "`corr search init` writes a study; `corr search knobs clang` lists knobs",
        )
    return of_sources(words, knobs, sizes, Path.cwd())


def _lake(data: Path | None) -> Lake:
    from corr.lake.store import Lake
    from corr.system.config import data_folder, load

    return Lake.open(data_folder(data, load(Path.cwd())), create=True)


def _print(done: Done, format: Format) -> None:
    """The settings on stdout, the verdict on stderr."""
    import pyarrow as pa

    from corr.console.output import emit, emit_records

    found = done.analysis
    if format != Format.table:
        listed = [{name: row[name] for name in COLUMNS} for row in found.values]
        emit(pa.Table.from_pylist(listed), format)
        return
    message(f"run {done.run.run_id}; {done.missing} results are missing" * bool(done.missing))
    emit_records([_shown(row) for row in found.settings()], VALUES)
    _say_verdict(found)


def _shown(row: object) -> dict[str, object]:
    from collections.abc import Mapping

    assert isinstance(row, Mapping)
    shown = dict(row)
    if row["speedup_low"] is not None and row["role"] != "baseline":
        shown["interval"] = f"{row['speedup_low']:.3g}-{row['speedup_high']:.3g}"
    if row["role"] == "baseline":
        shown |= {"setting": f"{row['setting']} (baseline)", "win_rate": None}
        shown |= dict.fromkeys(("speedup", "improved", "neutral", "regressed", "undecided"))
    return shown


def _sure(advice: Row) -> str:
    """What of the best of each case is no luck."""
    sure = advice["sure_speedup"]
    return "" if sure is None else f", ×{sure:.3g} of it sure"


def _say_verdict(found: Analysis) -> None:
    from corr.search.verdict import disagreeing, failing, state

    if not found.tested and found.changes:
        print_line(
            "  not tested: nothing was measured three times, so only sizes tell a difference"
        )
    for line in (*failing(found), *disagreeing(found)):
        print_line(f"  {line}")
    for one in found.advice:
        of = f"{one['class']}: " if one["class"] else ""
        print_line(f"\n{of}{one['verdict']}: {one['why']}")
        if one["ladder"]:
            print_line(f"  {', '.join(found.search['knobs'])}: {one['ladder']}")
        single = one["single"] or "none that works for every case"
        print_line(
            f"  best single value: {single}, ×{one['single_speedup']:.3g};"
            f" the best of each case: ×{one['best_speedup']:.3g}{_sure(one)}"
        )
    for row in found.reasons[:MOST_REASONS]:
        sides = " → ".join(row[side] or "–" for side in ("before", "after"))
        what = sides.removeprefix("– → ") if row["what"] == "cause" else f"{row['what']}: {sides}"
        print_line(f"  {row['case_name']}, {row['setting']}, {row['place'] or ''}: {what}")
    print_line(state(found))
