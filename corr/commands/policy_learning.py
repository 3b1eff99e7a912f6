"""`corr policy train` and `improve`: policies learned from a trace, and searched for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corr.commands.options import DataOption, FormatOption, LlvmOption
from corr.commands.policy_options import (
    CorpusArgument,
    JobsOption,
    MemoryOption,
    SecondsOption,
    WorkersOption,
    limits,
)
from corr.commands.policy_time import improve_time
from corr.console.output import Format, emit_records, message

if TYPE_CHECKING:
    from corr.policy.examples import Traced

TraceOption = Annotated[
    str | None,
    typer.Option("--trace", help="The run of its trace [default: the newest of this corpus]."),
]
FolderOption = Annotated[
    Path | None, typer.Option("-o", help="Where results go [default: CORPUS/policy].")
]


class Objective(StrEnum):
    """What is searched for."""

    size = "size"
    time = "time"


class Which(StrEnum):
    """Modules that are searched."""

    train = "train"
    validation = "validation"
    held_out = "held-out"
    all = "all"


def register_in(policies: typer.Typer) -> None:
    policies.command("train")(train)
    policies.command("improve")(improve)


def train(
    corpus: CorpusArgument,
    trace: TraceOption = None,
    output: FolderOption = None,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Learn a policy that decides as LLVM does: CORPUS/policy/warmstart.json.

    It says how often it agrees with LLVM on modules that it has not seen, also if it is kept from
    the estimated cost and its threshold, which are nearly all of LLVM's rule. Needs scikit-learn.
    """
    from corr.policy import train as cloning

    traced = traced_corpus(corpus, trace, data)
    folder = output or corpus / "policy"
    rows = []
    for name, without in (("all", ()), ("without cost and threshold", cloning.RULE)):
        cloned = cloning.clone(traced, without)
        if not without:
            cloned.policy.write(folder / "warmstart.json")
        rows += [
            {
                "features": name,
                "split": split,
                "decisions": cloned.decisions[split],
                "agreement": agreement,
                "one answer": cloned.always[split],
                "by": ", ".join(f"{n} {share:.0%}" for n, share in cloned.importances[:3]),
            }
            for split, agreement in cloned.agreement.items()
        ]
    print_rows(rows, format, percent=("agreement", "one answer"), digits=3)
    message(f"{folder / 'warmstart.json'}: what `corr policy clang` takes")


def improve(
    corpus: Annotated[
        str,
        typer.Argument(
            metavar="CORPUS|RUN", help="A traced corpus; for time a run collected --decisions."
        ),
    ],
    objective: Annotated[
        Objective, typer.Option("--objective", help="What is to become less.")
    ] = Objective.size,
    which: Annotated[
        Which, typer.Option("--modules", help="Modules that are searched.")
    ] = Which.held_out,
    flips: Annotated[
        int,
        typer.Option(
            "--flips", min=0, help="Calls to try, of a module or of a program, best first."
        ),
    ] = 24,
    held_out_args: Annotated[
        str | None,
        typer.Option("--held-out-args", help="For time: arguments for the last word on the gain."),
    ] = None,
    generations: Annotated[
        int,
        typer.Option(
            "--evolve", min=0, help="Generations of a policy that may transfer [0: none]."
        ),
    ] = 0,
    minutes: Annotated[
        float | None, typer.Option("--budget-minutes", min=0, help="Begin nothing new after this.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option("--budget-trials", min=0, help="Compilations at most.")
    ] = None,
    trace: TraceOption = None,
    output: FolderOption = None,
    llvm: LlvmOption = None,
    jobs: JobsOption = None,
    seconds: SecondsOption = 600.0,
    memory: MemoryOption = 6144,
    workers: WorkersOption = None,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Search for smaller code: one constant, a threshold a module, calls decided otherwise.

    Every trial is kept in trials.jsonl: a search that was stopped, or ran out of its budget, goes
    on where it was. The constant is chosen on the training modules only. What is found for a
    module is replayed by a plain clang: `tables/NAME.replay`.

    For time the hot calls of one program are turned round, a bandit saying which is tried next; the
    whole program is timed in turn with the best so far, and at the end on other arguments.
    """
    from collectors.base import toolchain
    from corr.policy.corpus import Split
    from corr.policy.evolve import evolve
    from corr.policy.improve import COLUMNS, RESULT, cut_short, shown
    from corr.policy.improve import improve as search
    from corr.policy.ledger import Budget, Ledger
    from corr.policy.modules import Builds
    from corr.policy.on_workers import Compilers

    if objective == Objective.time:
        with at_workers(workers) as client:
            improve_time(corpus, held_out_args, flips, minutes, output, llvm, data, format, client)
        return
    traced = traced_corpus(Path(corpus), trace, data)
    folder = output or Path(corpus) / "policy"
    tools = toolchain.find(llvm or str(traced.corpus.llvm))
    builds = Builds(traced.corpus, tools, limits(seconds, memory))
    budget = Budget(None if minutes is None else 60 * minutes, trials)
    split = None if which == Which.all else Split(which.value)
    with at_workers(workers) as client, steps() as amount:
        others = Compilers.of(client, tools.version) if client else None
        ledger = Ledger(folder, builds, budget, others)
        jobs = jobs or (others.threads if others else None)
        done = search(traced, ledger, split, flips, jobs, amount)
        done.write(folder)
        evolved = None
        if generations:
            learned, judged = traced.modules(Split.train), traced.modules(Split.validation)
            shown_as = amount("generations", generations)
            evolved = evolve(ledger, learned, judged, done.constant, generations, jobs, shown_as)
            evolved.policy.write(folder / "evolved.json")
    print_rows(
        list(shown(done)),
        format,
        percent=COLUMNS,
        digits=2,
    )
    for told in cut_short(done):
        message(told)
    message(f"constant: {done.chosen}; {done.compiled} compilations; {folder / RESULT}")
    if evolved:
        told = ", ".join(f"{n} {100 * (v - 1):+.2f} %" for n, v in evolved.validation.items())
        message(
            f"policy after {evolved.generations} generations: {100 * (evolved.train - 1):+.2f} % on"
            f" the training modules; on validation: {told}; take the {evolved.chosen}"
        )


def traced_corpus(folder: Path, reference: str | None, data: Path | None) -> Traced:
    """A corpus with its trace: the one named, or the newest of it in the lake."""
    from corr.commands.options import open_lake
    from corr.policy.corpus import Corpus
    from corr.policy.examples import Traced

    corpus = Corpus.open(folder)
    lake = open_lake(data)
    return Traced.of(corpus, lake.find(reference)) if reference else Traced.newest(corpus, lake)


@contextlib.contextmanager
def at_workers(address: str | None) -> Iterator[Any]:
    """A client of Dask's scheduler, where one is named."""
    if address is None:
        yield None
        return
    from corr.workers.hosts import connected

    client = connected(address)
    try:
        yield client
    finally:
        client.close()


@contextlib.contextmanager
def steps() -> Iterator[Callable[[str, int], Callable[[float], None]]]:
    """What shows how far each step of a search is."""
    from corr.console.progress import Progress

    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(Progress())

        def amount(name: str, total: int) -> Callable[[float], None]:
            return stack.enter_context(progress.amount(name, total))

        yield amount


def print_rows(
    rows: list[dict[str, object]], format: Format, percent: tuple[str, ...], digits: int
) -> None:
    """Rows as a table with some columns in per cent, or in another format as they are."""
    if format != Format.table:
        import pyarrow as pa

        from corr.console.output import emit

        emit(pa.Table.from_pylist(rows), format)
        return
    for row in rows:
        for name in percent:
            value = row.get(name)
            if isinstance(value, float):
                row[name] = f"{100 * value:.{digits}f}%"
            elif value is None and name in row:
                row[name] = "-"
    emit_records(rows, {name: (name, None) for name in rows[0]} if rows else {})
