"""`corr policy`: inlining decisions recorded, learned, searched and handed back to clang."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corr.commands import policy_learning, policy_using
from corr.commands.options import ClangFlags, DataOption, FormatOption, LlvmOption
from corr.commands.policy_options import (
    CorpusArgument,
    JobsOption,
    MemoryOption,
    SecondsOption,
    limits,
)
from corr.console.output import Format, emit_records, message, print_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from collectors.base.table import Problem

#: Problems that are said; the rest are counted.
SHOWN = 8


def register(app: typer.Typer) -> None:
    policies = typer.Typer(
        help="Record, learn, search and use inlining decisions.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    policies.command("corpus")(corpus)
    policies.command("trace")(trace)
    policy_learning.register_in(policies)
    policy_using.register_in(policies)
    app.add_typer(policies, name="policy")


def corpus(
    context: typer.Context,
    sources: Annotated[
        list[Path] | None,
        typer.Argument(help="C or C++ sources, or a folder with a corpus_description.json."),
    ] = None,
    build_dir: Annotated[
        Path | None, typer.Option("-p", help="Build folder with a compile_commands.json.")
    ] = None,
    output: Annotated[
        Path, typer.Option("-o", help="Folder of the corpus; one that is there is added to.")
    ] = Path("corpus"),
    project: Annotated[
        str | None, typer.Option("--project", help="What they are from [default: their folder].")
    ] = None,
    held_out: Annotated[
        float,
        typer.Option("--held-out", min=0.0, max=0.9, help="Share of the modules held out."),
    ] = 0.3,
    apart: Annotated[
        bool, typer.Option("--hold-out-all", help="Hold out all modules of this project.")
    ] = False,
    llvm: LlvmOption = None,
    jobs: JobsOption = None,
) -> None:
    """Make a corpus of modules, or add to one: unoptimised bitcode and its command lines.

    The layout is what ml-compiler-opt reads. Modules with the same code are kept once. Flags for
    clang go after `--`: in place of the sources' own default -O2, after those of a build.
    """
    from collectors.base import toolchain
    from collectors.base.errors import ExitCode, UsageError
    from corr.console.progress import Progress
    from corr.policy import extract
    from corr.policy.corpus import THEIRS
    from corr.program.compile_commands import read_database
    from corr.program.model import Unit, find_source

    if bool(sources) == bool(build_dir):
        raise UsageError("name sources, or a build folder with -p", "corr policy corpus a.c b.c")
    tools = toolchain.find(llvm)
    flags: ClangFlags = context.obj
    here = Path.cwd()
    described = [s for s in sources or () if (s / THEIRS).is_file()]
    root = (build_dir or (described or [here])[0]).absolute()
    if build_dir and root.name in ("build", "builds", "out", "_build"):
        root = root.parent
    origin = extract.Origin(project or root.name, root)
    into = extract.Into(
        extract.open_or_new(output, tools.major, held_out), origin, tools, Progress(),
        (origin.project,) if apart else (), jobs,
    )  # fmt: skip
    if described and len(described) != len(sources or ()):
        raise UsageError("sources and a folder of modules exclude each other", "run it twice")
    if described:
        added = extract.add_folder(into, described[0])
    elif build_dir:
        units = [entry.unit for entry in read_database(build_dir.absolute())]
        added = extract.add_units(
            into, [Unit(u.source, u.directory, (*u.flags, *flags.flags)) for u in units]
        )
    else:
        named = [find_source(str(source), here) for source in sources or ()]
        given = flags.flags or ("-O2",)
        added = extract.add_units(into, [Unit(path, here, given) for path in named])
    _say(added.problems)
    counts = dict.fromkeys(("train", "validation", "held-out"), 0)
    for module in added.corpus.modules:
        counts[module.split.value] += 1
    left = (
        f"; left out: {len(added.problems)} with an error, {added.twice} with code that was there,"
        f" {added.empty} without code"
    )
    message(f"{output}: {len(added.modules)} modules added{left}")
    print_line(
        f"{len(added.corpus.modules)} modules: "
        + ", ".join(f"{count} {split}" for split, count in counts.items())
    )
    if not added.modules and (added.problems or not added.corpus.modules):
        raise typer.Exit(ExitCode.failed)


def trace(
    corpus: CorpusArgument,
    label: Annotated[str | None, typer.Option("--label", help="A name for the run.")] = None,
    llvm: LlvmOption = None,
    jobs: JobsOption = None,
    seconds: SecondsOption = 600.0,
    memory: MemoryOption = 6144,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Record the default's decisions of every module as rows: `corr sql "FROM decisions"`.

    Each module is compiled twice, as it is and with the default's decisions given through the
    channel; where the objects differ its decisions are not the compiler's, and it is said so.
    """
    from collectors.base import toolchain
    from corr.console.progress import Progress
    from corr.lake.store import Lake
    from corr.policy.corpus import Corpus
    from corr.policy.trace import trace_corpus
    from corr.system.config import data_folder, load

    settings = load(Path.cwd())
    lake = Lake.open(data_folder(data, settings), create=True)
    opened = Corpus.open(corpus)
    tools = toolchain.find(llvm or settings.llvm or str(opened.llvm))
    with Progress() as progress:
        done = trace_corpus(opened, tools, lake, progress, jobs, limits(seconds, memory), label)
    _say(problem for _, traced in done.modules for problem in traced.problems)
    rows: dict[str, dict[str, object]] = {}
    for module, traced in done.modules:
        row = rows.setdefault(
            module.project, dict.fromkeys(_COUNTED, 0) | {"project": module.project}
        )
        for name, value in (
            ("modules", 1), ("identical", traced.identical), ("decisions", traced.decisions),
            ("inlined", traced.inlined), ("chains", traced.known), ("named", traced.told),
            ("confirmed", traced.confirmed),
        ):  # fmt: skip
            row[name] += int(value)  # type: ignore[operator]
    if format == Format.table:
        emit_records(list(rows.values()), {n: (n, None) for n in ("project", *_COUNTED)})
    else:
        from corr.console.output import emit
        from corr.lake.sql import ask

        emit(ask(lake, "FROM traced_modules", runs=[done.run]), format)
    overhead = (
        f", {1e6 * (done.overhead or 0):.0f} µs of CPU a decision"
        if (done.overhead or 0) > 0
        else ""
    )
    message(
        f"run {done.run.run_id}: {done.decisions} decisions, {done.faithful} of"
        f" {len(done.modules)} modules replayed byte for byte{overhead}"
    )


_COUNTED = ("modules", "identical", "decisions", "inlined", "chains", "named", "confirmed")


def _say(problems: Iterable[Problem]) -> None:
    """The first few problems, on stderr."""
    listed = list(problems)
    for problem in listed[:SHOWN]:
        message(
            f"  {problem.where}: {problem.what}" + (f"\n      → {problem.fix}" * bool(problem.fix))
        )
    if len(listed) > SHOWN:
        message(f"  and {len(listed) - SHOWN} more")
