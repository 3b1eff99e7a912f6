"""`corr optimize`: propose changes, check and measure each, keep the best, record everything."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corr.commands.optimize_options import Checks, Earlier, Limits, Search
from corr.commands.options import (
    Built,
    ClangFlags,
    DataOption,
    Ending,
    FormatOption,
    Given,
    LlvmOption,
    with_options,
    words,
)
from corr.console.output import Format, message

if TYPE_CHECKING:
    from collectors.base.toolchain import Toolchain
    from corr.lake.store import Lake
    from corr.optimize.llm.spending import Spending
    from corr.optimize.on_workers import Crew
    from corr.optimize.proposal import Proposer
    from corr.optimize.request import Asked, Order
    from corr.optimize.session import Session
    from corr.program.model import Program, Run
    from corr.system.config import Settings


def register(app: typer.Typer) -> None:
    app.command("optimize")(with_options(optimize))


def optimize(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Sources: each that has a main() is a program, one that is alone takes the others "
            "with it; none: the program last collected."
        ),
    ] = None,
    *,
    search: Search,
    limits: Limits,
    earlier: Earlier,
    checks: Checks,
    given: Given,
    built: Built,
    ending: Ending,
    label: Annotated[str | None, typer.Option("--label", help="A name for the runs.")] = None,
    llvm: LlvmOption = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Folder for the result [default: NAME.optimized]."),
    ] = None,
    unsafe_no_sandbox: Annotated[
        bool,
        typer.Option("--unsafe-no-sandbox", help="Run candidates unconfined; noted on each row."),
    ] = False,
    workers: Annotated[
        str | None,
        typer.Option("--workers", help="Dask's scheduler, tcp://… or its file: they time."),
    ] = None,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Make a program faster, without a change of what it computes.

    Every proposal is gated, built, checked on several inputs (some held out), measured in turn
    with the best so far, and recorded. At the end the best program is written out with a diff and
    the commands that build it; `corr history` shows the way there. Flags for clang go after `--`.
    """
    from collectors.base import toolchain
    from collectors.base.errors import UsageError
    from collectors.sandbox import confined
    from corr.commands.program import how_run
    from corr.lake.store import Lake
    from corr.optimize.request import Order
    from corr.system.config import data_folder, load

    if not unsafe_no_sandbox:
        confined.available()
    if earlier.resume and earlier.replay:
        raise UsageError("--resume and --replay exclude each other")
    settings = load(Path.cwd())
    how = how_run(settings, given, ending)
    lake = Lake.open(data_folder(data, settings), create=not earlier.session)
    asked = _asked(lake, search, checks, earlier)
    tools = toolchain.find(llvm or settings.llvm)
    programs = _programs(files, built, context.obj, how, settings, lake, tools, earlier.session)
    if earlier.session and len(programs) > 1:
        raise UsageError("--resume and --replay go with one program")
    targets = [_target(p, output, many=len(programs) > 1) for p in programs]
    spending = _spending(limits)

    def job(program: Program, target: Path) -> Session:
        name, chosen = _proposer(asked, lake, limits, spending, offline=earlier.replay is not None)
        order = Order(
            **vars(_by(asked, name)),
            budget_time=limits.budget_time,
            bare=unsafe_no_sandbox,
            label=label,
            replay=earlier.replay,
        )
        return _one(program, tools, lake, order, chosen, earlier.resume, target, crew)

    with _crew(workers) as crew:
        _all(programs, targets, job, lake, format)


@contextlib.contextmanager
def _crew(address: str | None) -> Iterator[Crew | None]:
    """The hosts that time candidates, where they are asked for."""
    if address is None:
        yield None
        return
    from corr.optimize.on_workers import Crew
    from corr.workers.hosts import connected, hosts

    client = connected(address)
    try:
        found = hosts(client)
        crew = Crew(found)
        message(f"{len(found.chosen)} workers on {found.machine} time the candidates")
        if found.left_out:
            message(f"left out, of another kind: {', '.join(sorted(set(found.left_out)))}")
        yield crew
    finally:
        client.close()


def _asked(lake: Lake, search: Search, checks: Checks, earlier: Earlier) -> Asked:
    """What is asked for: on the command line, else by the session that is gone on with."""
    from corr.optimize.request import Asked
    from corr.optimize.resume import asked_of

    known = asked_of(lake, earlier.session) if earlier.session else Asked()
    if earlier.resume:  # so many rounds more
        known = replace(known, iterations=Asked.iterations)
    here = vars(search) | {
        "check": checks.check,
        "allow_unchecked": checks.allow_unchecked,
        "inputs": _lines(checks.inputs, "--input"),
        "held_out": _lines(checks.held_out, "--held-out"),
        "results": tuple(checks.results or ()),
        "stderr": checks.stderr,
        "time_regex": checks.time_regex,
        "time_unit": checks.time_unit,
    }
    return replace(known, **{name: value for name, value in here.items() if value})


def _lines(texts: list[str] | None, option: str) -> tuple[tuple[str, ...], ...]:
    from collectors.base.errors import UsageError
    from corr.optimize.request import READS

    found = tuple(tuple(words(text, option, READS)) for text in texts or ())
    for line in found:
        if READS in line and (line[-2:-1] != (READS,) or not Path(line[-1]).is_file()):
            fix = f"{option} 'ARGS < FILE': the file that it reads as its input, at the end"
            raise UsageError(f"{option} {shlex.join(line)}: no file is named behind <", fix)
    return found


def _by(asked: Asked, proposer: str) -> Asked:
    """What is asked for, with the proposer, and the model, that it comes to."""
    from corr.optimize.llm.client import model_name

    model = None if proposer == "rules" else model_name(os.environ, asked.model)
    return replace(asked, proposer=proposer, model=model)


def _proposer(
    asked: Asked, lake: Lake, limits: Limits, spending: Spending | None, *, offline: bool
) -> tuple[str, Proposer]:
    """The proposer and its name. Raises UsageError."""
    from corr.optimize.proposers import proposer

    more = {"total": limits.model_timeout, "requests_per_minute": limits.requests_per_minute}
    return proposer(
        asked.proposer,
        lake.root,
        model=asked.model,
        level=asked.level,
        spending=spending,
        offline=offline,
        **{name: value for name, value in more.items() if value is not None},
    )


def _all(
    programs: list[Program],
    targets: list[Path],
    job: Callable[[Program, Path], Session],
    lake: Lake,
    format: Format,
) -> None:
    """Optimise each program, print what came of it, and leave with the exit code of it all."""
    from collectors.base.errors import CorrError, ExitCode, ToolMissing, UsageError
    from corr.commands.history import print_history, print_roof, print_table

    done: list[Session] = []
    failed: CorrError | None = None
    try:
        for program, target in zip(programs, targets, strict=True):
            try:
                done.append(job(program, target))
            except (UsageError, ToolMissing):
                raise
            except CorrError as error:
                if len(programs) == 1:
                    raise
                failed = error
                message(f"corr: {error.message}")
                if error.fix:
                    message(f"  → {error.fix}")
            if done and done[-1].failed is not None:
                break
    except KeyboardInterrupt:
        message("interrupted; what was done is kept: corr history, corr optimize --resume last")
        raise
    for session in done:
        if len(programs) == 1 or format == Format.table:
            print_history(lake, session.name, format)
        print_roof(lake, session.name)
    if len(programs) > 1:
        print_table(lake, [s.name for s in done], format)
    if faults := [s.failed for s in done if s.failed is not None]:
        raise faults[0]
    if failed is not None:
        raise typer.Exit(failed.exit_code)
    if all(s.best is s.original for s in done):
        for words in dict.fromkeys(s.came_to for s in done):
            message(f"{words}: the original is kept")
        raise typer.Exit(ExitCode.no_candidate)


def _one(
    program: Program,
    tools: Toolchain,
    lake: Lake,
    order: Order,
    chosen: Proposer,
    resume: str | None,
    target: Path,
    crew: Crew | None,
) -> Session:
    from collectors.base.scratch import scratch
    from corr.lake.live import Beacon
    from corr.optimize.loop import Optimisation
    from corr.optimize.resume import session_of

    state = session_of(lake, resume, program, order, tools) if resume else None
    message(f"{program.name}: {' '.join(program.units[0].flags)}, proposals by {order.proposer}")
    with (
        scratch("optimize") as folder,
        Beacon(lake, program.name) as beacon,
    ):
        tell = beacon.telling(message)
        optimisation = Optimisation(program, tools, lake, order, chosen, folder, tell)
        optimisation.builds.crew = crew
        try:
            session = optimisation.run(state)
        except BaseException:  # an interrupt, a full disk, a defect: what was gained is not lost
            if optimisation.session is not None:
                _write(optimisation.session, target, tools, final=False)
            raise
    _write(session, target, tools, final=session.measured_again)
    return session


def _write(session: Session, target: Path, tools: Toolchain, *, final: bool) -> None:
    """Write the best program, if there is one, and say where."""
    from corr.optimize.result_folder import FACTS, write

    if session.ahead:
        message(f"  {session.ahead}")
    if session.best is session.original:
        if (target / FACTS).exists():
            message(f"  {shown(target)} is of an earlier session")
        return
    files = write(session, target, tools.path("clang"), final=final)
    names = ", ".join(str(path.relative_to(target)) for path in files)
    told = "" if final else ", not measured again"
    message(f"  the best is in {shown(target)}: {names}{told}")


def shown(path: Path) -> Path:
    """A path as one would type it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _target(program: Program, output: Path | None, *, many: bool) -> Path:
    """The folder for a program's result. Raises UsageError for one of the user's own."""
    from corr.optimize.result_folder import check_target

    target = output or Path(f"{program.name}.optimized")
    if output is not None and many:
        target = output / program.name
    check_target(target.absolute())
    return target.absolute()


def _spending(limits: Limits) -> Spending | None:
    budget = (limits.budget_tokens, limits.budget_cost)
    prices = (limits.price_in, limits.price_out)
    if all(x is None for x in (*budget, *prices)):
        return None
    from corr.optimize.llm.spending import Budget, Prices, Spending

    return Spending(Budget(*budget), Prices(*prices))


def _programs(
    files: list[str] | None,
    built: Built,
    flags: ClangFlags,
    how: Run,
    settings: Settings,
    lake: Lake,
    tools: Toolchain,
    earlier: str | None,
) -> list[Program]:
    """Each file with a main() is a program; without any file, that of a session or the last one."""
    from corr.commands.program import collected, last_collected, program_of, programs_of
    from corr.optimize.resume import original_run

    if files:
        return programs_of(files, built, flags, how, settings, tools)
    if earlier:
        return [collected(lake, original_run(lake, earlier))]
    if built.build_dir or settings.build_dir or settings.sources:
        return [program_of(None, built, flags, how, settings)]
    return [last_collected(lake)]
