"""The default's decisions in every module of a corpus, as one run of the lake."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from collectors.base.errors import CorrError, UsageError
from collectors.base.scratch import scratch
from collectors.base.table import Problem, problem_rows
from collectors.base.toolchain import Toolchain
from collectors.decisions import call_sites, inliner
from collectors.decisions.host import Limits
from collectors.decisions.trace import Traced, trace
from corr import __version__
from corr.console.progress import Progress
from corr.lake.policy_tables import TRACED_MODULES
from corr.lake.run_facts import RunFacts
from corr.lake.store import Lake, RunInfo, uncommitted
from corr.policy.corpus import Corpus, Module
from corr.policy.examples import KIND
from corr.policy.modules import Builds, pool
from corr.program import machine


@dataclass(frozen=True)
class Trace:
    """A trace that was committed, and what became of each module."""

    run: RunInfo
    modules: tuple[tuple[Module, Traced], ...]

    @property
    def decisions(self) -> int:
        return sum(traced.decisions for _, traced in self.modules)

    @property
    def faithful(self) -> int:
        """Modules that the replayed default compiles to the same object."""
        return sum(traced.identical for _, traced in self.modules)

    @property
    def overhead(self) -> float | None:
        """Seconds of CPU time a decision, over all modules that asked."""
        asked = [t for _, t in self.modules if t.decisions]
        spent = sum(t.driven_cpu - t.plain_cpu for t in asked)
        return spent / self.decisions if self.decisions else None


def trace_corpus(
    corpus: Corpus, tools: Toolchain, lake: Lake, progress: Progress,
    jobs: int | None = None, limits: Limits | None = None, label: str | None = None,
) -> Trace:  # fmt: skip
    """Trace every module, several side by side; what fails costs its own rows.

    Raises CorrError where no module was replayed byte for byte: there is nothing to learn from, and
    nothing is committed.
    """
    inliner.check(tools)
    if not corpus.modules:
        raise UsageError(f"{corpus.folder} has no module", "corr policy corpus SOURCE... adds some")
    started, clock = datetime.now(UTC), time.monotonic()
    builds = Builds(corpus, tools, limits or Limits())
    with (
        lake.stage() as staging,
        uncommitted(lake.root),
        pool(jobs) as workers,
        progress.amount("tracing", len(corpus.modules)) as done,
    ):
        traced = []
        results = workers.map(lambda module: _one(builds, module), corpus.modules)
        for number, result in enumerate(results, 1):
            traced.append(result)
            done(number)
        pairs = tuple(zip(corpus.modules, traced, strict=True))
        problems = [problem for t in traced for problem in t.problems]
        if not any(t.identical for t in traced):
            raise _no_trace(corpus, problems)
        tables = {
            "decisions": pa.concat_tables([t.rows for t in traced]),
            "traced_modules": TRACED_MODULES.rows(_row(m, t) for m, t in pairs),
            "problems": problem_rows(problems),
        }
        facts = RunFacts(
            program=corpus.folder.name,
            kind=KIND,
            label=label,
            root=str(corpus.folder),
            compiler=f"clang {tools.version}",
            cpu=machine.cpu_model(),
            cores=machine.cores(),
            kernel=machine.kernel(),
            started=started,
            seconds=round(time.monotonic() - clock, 3),
            corr=__version__,
            aside=True,
        )
        return Trace(staging.commit_run(facts, tables), pairs)


def _no_trace(corpus: Corpus, problems: Sequence[Problem]) -> CorrError:
    """Why there is no trace, by the first of the modules' problems."""
    what = f"none of the {len(corpus.modules)} modules of {corpus.folder} could be traced"
    if not problems:
        return CorrError(what)
    first = problems[0]
    return CorrError(f"{what}: {first.where}: {first.what}", first.fix)


def _one(builds: Builds, module: Module) -> Traced:
    with scratch("policy") as folder:
        try:
            calls = call_sites.read(builds.corpus.bitcode(module), builds.toolchain)
            compilation = builds.compilation(module)
            return trace(compilation, calls, folder, module.name, builds.limits)
        except CorrError as error:
            return Traced(module.name).trouble(error.message, error.fix)


def _row(module: Module, traced: Traced) -> dict[str, object]:
    return {
        "module": module.name,
        "project": module.project,
        "source": module.source,
        "split": module.split.value,
        "sha256": module.sha256,
        "text": module.text,
        "decisions": traced.decisions,
        "inlined": traced.inlined,
        "identical": traced.identical,
        "chains": traced.known,
        "named": traced.told,
        "confirmed": traced.confirmed,
        "plain_cpu": traced.plain_cpu,
        "driven_cpu": traced.driven_cpu,
    }


def unfaithful(modules: Sequence[tuple[Module, Traced]]) -> list[str]:
    """Names of the modules whose trace is not what the compiler does."""
    return [module.name for module, traced in modules if not traced.identical]
