"""`corr optimize`: propose changes, check and measure each, keep the best, record everything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corr.commands.options import ClangFlags, DataOption, FormatOption, words
from corr.output import Format, message

if TYPE_CHECKING:
    from collectors.toolchain import Toolchain
    from corr.config import Settings
    from corr.lake import Lake
    from corr.optimize.llm_spending import Spending
    from corr.optimize.proposal import Proposer
    from corr.optimize.session import Order, Session
    from corr.program import Program, Run

NO_CANDIDATE = 4
INTERRUPTED = 130


def register(app: typer.Typer) -> None:
    app.command("optimize")(optimize)


def optimize(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Sources, each a program; none: the program last collected."),
    ] = None,
    iterations: Annotated[int, typer.Option("--iterations", min=1, help="Rounds at most.")] = 3,
    proposer: Annotated[
        str | None,
        typer.Option("--proposer", help="rules, llm or both [default: both with a model]."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Model of the OpenAI-compatible server.")
    ] = None,
    level: Annotated[
        str,
        typer.Option(
            "--level", help="Moves the model may make: auto|ir|source|schedule|pragma|flags."
        ),
    ] = "auto",
    candidates: Annotated[
        int | None, typer.Option("--candidates", min=1, help="Proposals of an iteration at most.")
    ] = None,
    allow_reassociation: Annotated[
        bool,
        typer.Option("--allow-reassociation", help="Results may differ in rounding (to 1e-6)."),
    ] = False,
    budget_time: Annotated[
        float | None, typer.Option("--budget-time", help="Seconds, for each program.")
    ] = None,
    budget_tokens: Annotated[
        int | None, typer.Option("--budget-tokens", help="Tokens of the model, in all.")
    ] = None,
    budget_cost: Annotated[
        float | None, typer.Option("--budget-cost", help="Cost of the model; needs the prices.")
    ] = None,
    price_in: Annotated[
        float | None, typer.Option("--price-in", help="Price of a million tokens sent.")
    ] = None,
    price_out: Annotated[
        float | None, typer.Option("--price-out", help="Price of a million tokens received.")
    ] = None,
    model_timeout: Annotated[
        float | None, typer.Option("--model-timeout", help="Seconds for a reply [default: 600].")
    ] = None,
    requests_per_minute: Annotated[
        float | None, typer.Option("--requests-per-minute", help="At most so many requests.")
    ] = None,
    replay: Annotated[
        str | None,
        typer.Option("--replay", help="A session whose replies are taken from the cache."),
    ] = None,
    resume: Annotated[
        str | None, typer.Option("--resume", help="Go on with a session (its id, or `last`).")
    ] = None,
    check: Annotated[
        str | None,
        typer.Option("--check", help="Own check, a shell command; $CORR_BINARY is the program."),
    ] = None,
    inputs: Annotated[
        list[str] | None, typer.Option("--input", help="Other arguments to check the output with.")
    ] = None,
    held_out: Annotated[
        list[str] | None,
        typer.Option("--held-out", help="The same, never shown to a proposer."),
    ] = None,
    run_args: Annotated[
        str | None, typer.Option("--run-args", help="Arguments of the program, as in a shell.")
    ] = None,
    stdin: Annotated[
        Path | None, typer.Option("--stdin", help="File that the program reads as its input.")
    ] = None,
    env: Annotated[
        list[str] | None, typer.Option("--env", help="NAME=VALUE for the program; repeatable.")
    ] = None,
    build_dir: Annotated[
        Path | None, typer.Option("-p", help="Build folder with a compile_commands.json.")
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", help="With -p: the command that runs the program.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", help="Seconds one run may take [default: 60].")
    ] = None,
    label: Annotated[str | None, typer.Option("--label", help="A name for the runs.")] = None,
    llvm: Annotated[
        str | None, typer.Option("--llvm", help="LLVM to use: 22, a clang, or its folder.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Folder for the result [default: NAME.optimized]."),
    ] = None,
    unsafe_no_sandbox: Annotated[
        bool,
        typer.Option("--unsafe-no-sandbox", help="Run candidates unconfined; noted on each row."),
    ] = False,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Make a program faster, without a change of what it computes.

    Every proposal is gated, built, checked on several inputs (some held out), measured in turn
    with the best so far, and recorded. At the end the best program is written out with a diff and
    the commands that build it; `corr history` shows the way there. Flags for clang go after `--`.
    """
    from collectors import sandbox, toolchain
    from collectors.errors import UsageError
    from corr.commands.history import print_history, print_table
    from corr.commands.program import how_run
    from corr.config import data_folder, load
    from corr.lake import Lake
    from corr.optimize.inputs import Input
    from corr.optimize.proposers import proposer as make_proposer
    from corr.optimize.resume import session_of
    from corr.optimize.session import Order

    if not unsafe_no_sandbox:
        sandbox.available()
    settings = load(Path.cwd())
    flags: ClangFlags = context.obj
    how = how_run(settings, run_args, stdin, env, time_limit)
    lake = Lake.open(data_folder(data, settings), create=True)
    if resume and files and len(files) > 1:
        raise UsageError("--resume goes with one program")
    extra = [Input(f"arguments {a!r}", tuple(words(a, "--input"))) for a in inputs or ()]
    extra += [
        Input(f"arguments {a!r}", tuple(words(a, "--held-out")), held_out=True)
        for a in held_out or ()
    ]
    spending = _spending(budget_tokens, budget_cost, price_in, price_out)
    done: list[Session] = []
    try:
        programs = _programs(files, build_dir, run, flags, how, settings, lake, resume)
        for program in programs:
            more = {"total": model_timeout, "requests_per_minute": requests_per_minute}
            name, chosen = make_proposer(
                proposer,
                lake.root,
                model=model,
                level=level,
                spending=spending,
                offline=replay is not None,
                **{k: v for k, v in more.items() if v is not None},
            )
            order = Order(
                iterations,
                candidates,
                name,
                level,
                model,
                allow_reassociation,
                budget_time,
                check,
                unsafe_no_sandbox,
                label,
                output,
                extra=tuple(extra),
                replay=replay,
                many=len(programs) > 1,
            )
            tools = toolchain.find(llvm or settings.llvm)
            state = session_of(lake, resume, program, order) if resume else None
            done.append(_one(program, tools, lake, order, chosen, state))
    except KeyboardInterrupt:
        message("interrupted; what was done is kept: corr history, corr optimize --resume last")
        raise
    for session in done:
        if len(done) == 1 or format == Format.table:
            print_history(lake, session.name, format)
    if len(done) > 1:
        print_table(lake, [s.name for s in done], format)
    if all(s.best is s.original for s in done):
        message("no candidate was faster: the original is kept")
        raise typer.Exit(NO_CANDIDATE)


def _one(
    program: Program,
    tools: Toolchain,
    lake: Lake,
    order: Order,
    chosen: Proposer,
    state: Session | None,
) -> Session:
    import tempfile

    from corr.optimize.loop import Optimisation
    from corr.optimize.outcome import write

    message(f"{program.name}: {' '.join(program.units[0].flags)}, proposals by {order.proposer}")
    with tempfile.TemporaryDirectory(prefix="corr-optimize-") as folder:
        optimisation = Optimisation(program, tools, lake, order, chosen, Path(folder), message)
        session = optimisation.run(state)
        if session.best is not session.original:
            target = order.output or Path(f"{program.name}.optimized")
            if order.output and order.many:
                target = order.output / program.name
            files = write(session, target.absolute(), tools.path("clang"))
            message(f"  the best is in {target}: {', '.join(p.name for p in files)}")
    return session


def _spending(
    tokens: int | None, cost: float | None, price_in: float | None, price_out: float | None
) -> Spending | None:
    if not any(x is not None for x in (tokens, cost, price_in, price_out)):
        return None
    from corr.optimize.llm_spending import Budget, Prices, Spending

    return Spending(Budget(tokens, cost), Prices(price_in, price_out))


def _programs(
    files: list[str] | None,
    build_dir: Path | None,
    run: str | None,
    flags: ClangFlags,
    how: Run,
    settings: Settings,
    lake: Lake,
    resume: str | None,
) -> list[Program]:
    """Each file is a program of its own; without any, the one last collected."""
    from corr.commands.program import collected, program_of
    from corr.optimize.resume import original_run

    if files:
        return [program_of([file], build_dir, run, flags, how, settings) for file in files]
    if resume:
        return [collected(lake, original_run(lake, resume))]
    if build_dir or settings.build_dir or settings.sources:
        return [program_of(None, build_dir, run, flags, how, settings)]
    return [collected(lake, "last")]
