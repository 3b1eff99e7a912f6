"""`corr policy evaluate`, `export` and `clang`: what a policy is worth, and how it is used."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corr.commands.options import DataOption, FormatOption, LlvmOption
from corr.commands.policy_learning import (
    FolderOption,
    TraceOption,
    Which,
    print_rows,
    steps,
    traced_corpus,
)
from corr.commands.policy_options import (
    CorpusArgument,
    JobsOption,
    MemoryOption,
    SecondsOption,
    limits,
)
from corr.console.output import Format, message

if TYPE_CHECKING:
    from collections.abc import Callable

    from corr.policy.corpus import Module
    from corr.policy.examples import Traced
    from corr.policy.ledger import Ledger
    from corr.policy.policies import Policy

PolicyOption = Annotated[
    list[Path] | None, typer.Option("--policy", help="A policy's file; repeatable.")
]


def register_in(policies: typer.Typer) -> None:
    policies.command("evaluate")(evaluate)
    policies.command("export")(export)
    policies.command(
        "clang",
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(clang)


def evaluate(
    corpus: CorpusArgument,
    policy: PolicyOption = None,
    which: Annotated[
        Which, typer.Option("--modules", help="Modules that are looked at.")
    ] = Which.held_out,
    trace: TraceOption = None,
    output: FolderOption = None,
    llvm: LlvmOption = None,
    jobs: JobsOption = None,
    seconds: SecondsOption = 600.0,
    memory: MemoryOption = 6144,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write a page: each module, decisions, features."),
    ] = None,
    data: DataOption = None,
    format: FormatOption = Format.table,
) -> None:
    """Compare policies with the default, and with what `corr policy improve` found without any.

    Bytes of code over the default's, on modules that nothing was learned from, with an interval
    of 95 %; geometric mean: of the modules' ratios, every module counts the same, however large.
    Each module's numbers are in evaluation.json. --report drives each policy once more, for the
    calls that it decides otherwise.
    """
    from collectors.base import toolchain
    from corr.policy import policies
    from corr.policy.corpus import Split
    from corr.policy.evaluate import evaluate as compare
    from corr.policy.ledger import Ledger
    from corr.policy.modules import Builds
    from corr.system.disk import disk_errors, write_whole

    traced = traced_corpus(corpus, trace, data)
    folder = output or corpus / "policy"
    given = list(policy or [p for p in (folder / "evolved.json",) if p.exists()])
    loaded = {path.stem: policies.load(path) for path in given}
    tools = toolchain.find(llvm or str(traced.corpus.llvm))
    ledger = Ledger(folder, Builds(traced.corpus, tools, limits(seconds, memory)))
    modules = traced.modules(*(tuple(Split) if which == Which.all else (Split(which.value),)))
    with steps() as amount:
        count = len(modules) * len(loaded)
        ways, text = compare(modules, loaded, ledger, folder, jobs, amount("policies", count))
        record = {"ways": [asdict(way) for way in ways], "modules": text}
        if report is not None:
            record |= _explained(traced, ledger, modules, loaded, folder, jobs, amount)
            _page(report, corpus, record)
    with disk_errors(folder):
        write_whole(folder / "evaluation.json", json.dumps(record, indent=1) + "\n")
    rows: list[dict[str, object]] = [
        {
            "way": way.name,
            "code": way.change,
            "95 % from": way.low,
            "to": way.high,
            "geometric mean": way.mean,
            "modules": way.modules,
            "smaller": way.smaller,
            "larger": way.larger,
            "failed": way.failed,
            "what": way.what,
        }
        for way in ways
    ]
    print_rows(rows, format, percent=("code", "95 % from", "to", "geometric mean"), digits=2)


def _explained(
    traced: Traced, ledger: Ledger, modules: list[Module], policies: dict[str, Policy],
    folder: Path, jobs: int | None, amount: Callable[[str, int], Callable[[float], None]],
) -> dict[str, Any]:  # fmt: skip
    """The calls that are decided otherwise, and what the policies go by."""
    from corr.policy import explained
    from corr.policy.evaluate import decided_by_search

    count = len(modules) * len(policies)
    found, failed = explained.differing(
        ledger.builds, modules, policies, decided_by_search(folder), jobs,
        amount("decisions", count),
    )  # fmt: skip
    examples = traced.examples_of(modules)
    weights = {name: explained.importances(one, examples) for name, one in policies.items()}
    differing = [asdict(one) for one in found]
    return {"differing": differing, "failed": failed, "importances": weights}


def _page(path: Path, corpus: Path, record: dict[str, Any]) -> None:
    from corr.report import policies
    from corr.system.disk import disk_errors, write_whole

    with disk_errors(path.parent):
        write_whole(path, policies.html({"corpus": corpus.absolute().name, **record}))
    message(f"{path}")


def export(
    corpus: CorpusArgument,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", help="A policy's file [default: what improve found]."),
    ] = None,
    into: Annotated[Path, typer.Option("--into", help="Folder to write to.")] = Path("inlining"),
    output: FolderOption = None,
    llvm: LlvmOption = None,
    jobs: JobsOption = None,
    seconds: SecondsOption = 600.0,
    memory: MemoryOption = 6144,
    format: FormatOption = Format.table,
) -> None:
    """Write down what plain clang needs: tables of calls that it replays, thresholds, flags.

    Of a policy each module is compiled once with it; the table that is written gives the same
    object without it, byte for byte, or the module is said not to be exportable, and why.
    """
    from collectors.base import toolchain
    from corr.policy import policies, use
    from corr.policy.corpus import Corpus
    from corr.policy.handed_back import Exported
    from corr.policy.handed_back import export as hand_back
    from corr.policy.modules import Builds, pool

    opened = Corpus.open(corpus)
    if policy is None:
        uses = use.of_search(opened, output or corpus / "policy")
        use.write(into, uses)
        message(f"{into / use.JSON}: {len(uses)} modules of {len(opened.modules)} with flags")
        return
    loaded = policies.load(policy)
    builds = Builds(opened, toolchain.find(llvm or str(opened.llvm)), limits(seconds, memory))
    exported: list[Exported] = []
    with steps() as amount, pool(jobs) as workers:
        done = amount("exporting", len(opened.modules))
        for found in workers.map(lambda m: hand_back(builds, m, loaded), opened.modules):
            exported.append(found)
            done(len(exported))
    use.write(into, use.of_exports(opened, exported))
    refused = [found for found in exported if found.refused]
    rows: list[dict[str, object]] = [
        {"module": f.module, "decisions": f.decisions, "other": f.other, "why not": f.refused}
        for f in (exported if format != Format.table else refused)
    ]
    print_rows(rows, format, percent=(), digits=0)
    message(
        f"{into}: {len(exported) - len(refused)} of {len(exported)} modules give the same object"
        " without the policy"
    )


def clang(
    context: typer.Context,
    policy: Annotated[Path, typer.Argument(help="A policy's file.")],
) -> None:
    """Compile as a policy decides: corr policy clang POLICY clang -O2 -c a.c -o a.o.

    For CMake: -DCMAKE_C_COMPILER_LAUNCHER="corr;policy;clang;POLICY". What compiles no single
    source with optimisation is passed on as it is.
    """
    from corr.policy import policies
    from corr.policy.wrapper import compile

    words = list(context.args)
    if context.obj.flags:
        words += ["--", *context.obj.flags]
    ended = compile(policies.load(policy), words)
    if ended.note:
        message(ended.note)
    sys.stdout.buffer.write(ended.stdout)
    sys.stderr.buffer.write(ended.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    raise typer.Exit(ended.status)
