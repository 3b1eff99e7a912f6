"""A study opened for work: its cases and parts, what is known of it, and an engine to learn more.

measure → advise → prove → snapshot: the modes of `corr search` are these steps, or some of them.
"""

from __future__ import annotations

import contextlib
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from collectors.base.errors import UsageError
from collectors.base.foreign_text import one_line
from collectors.base.scratch import scratch
from corr.lake.search_tables import SEARCH_ADVICE, SEARCH_REASONS
from corr.lake.store import Lake, RunInfo
from corr.program.machine import this_machine
from corr.search import code
from corr.search.advice import RECOMMENDED, Advice, advise
from corr.search.building import Builds
from corr.search.cases import Case, cases
from corr.search.checks import check
from corr.search.clocks import of_study, timed
from corr.search.compiler_source import CompilerBuilds
from corr.search.earlier import Earlier, earlier
from corr.search.engine import Engine, Task
from corr.search.journal import Journal
from corr.search.lab import CommandLab, Lab
from corr.search.on_workers import RemoteEngine
from corr.search.outcome import Result, Role
from corr.search.settings import Setting, baseline, parsed
from corr.search.snapshot import Snapshot, of_tasks
from corr.search.split import TUNING, class_of, parts
from corr.search.study import KnobKind, Study
from corr.timing.clocks import Pairs
from corr.workers.hosts import Hosts, connected, hosts

#: What the whole of a study is called where it has one class.
ALL = ""
Tell = Callable[[str], None]
Steps = Callable[[int], None]


@dataclass
class Session:
    """A study that is worked on. `tasks` are those that have been asked for so far; `same` has the
    first case that is the same command as a case, itself as a rule, by their names.
    """

    study: Study
    lake: Lake
    cases: Sequence[Case]
    parts: dict[str, str]
    engine: Engine
    journal: Journal
    same: dict[str, str] = field(default_factory=dict)
    compiler: str = ""
    builds: Builds | None = None
    tasks: list[Task] = field(default_factory=list)
    earlier: Earlier | None = None

    @property
    def depends(self) -> Mapping[str, str]:
        """Hashes of the files that the results depend on: of what is shown, if it is earlier."""
        return self.earlier.depends if self.earlier else self.engine.lab.depends

    def show_earlier(self) -> str:
        """Have what was measured before something changed stand for what was asked for.

        Says what changed; empty where nothing was measured before. It is no result of the study as
        it is now, and no later run takes it for one.
        """
        found = earlier(self.lake, self.study.name)
        if found is None:
            return ""
        said = found.changes(self.study, self.engine.lab.depends, self.compiler)
        self.earlier = found
        for task in self.tasks:
            known = found.results.get((task.case.name, task.name, task.role))
            if known is not None:
                self.journal.known.by_request[task.request] = known
        return said

    @property
    def tuning(self) -> list[Case]:
        return [case for case in self.cases if self.parts[case.name] == TUNING]

    @property
    def groups(self) -> dict[str, list[Case]]:
        """The cases by their class."""
        found: dict[str, list[Case]] = {}
        for case in self.cases:
            found.setdefault(class_of(case, self.study.recommend.classes), []).append(case)
        return found

    def ask(self, settings: Sequence[Setting], cases: Sequence[Case] | None = None) -> list[Task]:
        """Ask for these settings, for each case that recommendations may be fitted to, or some."""
        asked = self.engine.plan(self.tuning if cases is None else cases, settings)
        self._add(asked)
        return asked

    def known_settings(self) -> list[Setting]:
        """The settings that some result is known of."""
        names = {r.setting for r in self.journal.known.by_request.values() if r.role == Role.value}
        found = []
        for name in sorted(names):
            with contextlib.suppress(UsageError):  # of the study as it was before
                found.append(parsed(self.study, name))
        return found

    def measure(self, tasks: Sequence[Task], done: Steps = lambda _n: None) -> None:
        """Measure what is missing."""
        self.engine.run(tasks, done)
        artifacts = self.builds.artifacts if self.builds else None
        if artifacts is not None and artifacts.alike:
            (knob,) = (k for k in self.study.knobs if k.kind == KnobKind.source)
            self.engine.tell(
                f"{knob.name}: all {artifacts.alike} constants gave one {knob.artifact}, though"
                f" {knob.file} was changed: is that what is built from it?"
            )

    def settle(self) -> None:
        """Have one clock tell all results, whatever each was told by when it was measured."""
        found = [result for result in self.results if result.pairs]
        clock = of_study(self.study.time.clock, (result.clock for result in found))
        others = [result for result in found if result.clock != clock]
        if clock is None or not others:
            return
        self.journal.fetch(result.key for result in others if result.key)
        for result in others:
            readings = self.journal.readings(result.key or "")
            if readings:
                pairs = Pairs.of(*zip(*readings, strict=True))
                self.journal.result(self.engine.judged(result, timed(clock, pairs), pairs))

    def advise(self, settings: Sequence[Setting], *, single: bool = False) -> list[Advice]:
        """The advice for each class from what is known; `single`: of single values only."""
        results = self.results
        base = baseline(self.study)
        wanted = self.study.recommend
        if single:
            wanted = replace(wanted, most_steps=1)
        found = []
        for group, members in sorted(self.groups.items()):
            tuned = self.each_once(case for case in members if self.parts[case.name] == TUNING)
            found.append(advise(group, tuned, results, settings, base, wanted))
        return found

    def each_once(self, cases: Iterable[Case]) -> list[Case]:
        """The cases without those that are the same command as one before them."""
        first: dict[str, Case] = {}
        for case in cases:
            first.setdefault(self.same.get(case.name, case.name), case)
        return list(first.values())

    def advised(self, advice: Sequence[Advice], *, single: bool = False) -> list[Task]:
        """Ask for what was advised, for every case, held-out ones too."""
        tasks = []
        by_group = {one.group: one for one in advice}
        for case in self.cases:
            one = by_group[class_of(case, self.study.recommend.classes)]
            if single and one.single is not None:
                tasks.append(self._advised(case, one.single, None))
            elif one.verdict == RECOMMENDED:
                tasks.append(self._advised(case, one.setting(case), self._code(one)))
        self._add(tasks)
        return tasks

    def _advised(self, case: Case, name: str, text: str | None) -> Task:
        setting = parsed(self.study, name)
        applied = setting if text is None else replace(baseline(self.study), code=text)
        return self.engine.advised(case, applied, name)

    def _code(self, advice: Advice) -> str | None:
        """The code that replaces the constant in the compiler's source; None: flags do."""
        if not any(knob.kind == KnobKind.source for knob in self.study.knobs):
            return None
        return code.code(advice, self.study, "c++")

    def commit(
        self, mode: str, advice: Sequence[Advice] = (), reasons: Sequence[dict[str, Any]] = ()
    ) -> RunInfo:
        """Commit a run with all that is known."""
        more: dict[str, pa.Table] = {
            "search_advice": SEARCH_ADVICE.rows(self._advice_row(one) for one in advice),
            "search_reasons": SEARCH_REASONS.rows(reasons),
        }
        snapshot = Snapshot(
            self.study,
            mode,
            self.cases,
            self.parts,
            baseline(self.study),
            self.tasks,
            self.same,
            self.compiler,
            self.depends,
            more,
        )
        return snapshot.commit(self.lake, self.journal)

    @property
    def results(self) -> list[Result]:
        """What is known of what was asked for."""
        return of_tasks(self.tasks, self.journal)

    def why(self) -> list[dict[str, Any]]:
        """Rows that say why values of clang's knobs are faster; builds and runs their cases."""
        from corr.search.why import gains, reasons

        if self.builds is None or not self.study.build.sources:
            return []
        won = gains(self.study, self.cases, self.results)
        return reasons(self.study, self.builds, self.lake, won)

    def _advice_row(self, one: Advice) -> dict[str, object]:
        language = self.study.recommend.languages[0]
        return {
            "study": self.study.name,
            "class": one.group,
            "verdict": one.verdict,
            "why": one.why,
            "ladder": str(one.ladder) if one.ladder else None,
            "features": one.ladder.features if one.ladder else [],
            "steps": one.ladder.leaves if one.ladder else 0,
            "speedup": one.speedup,
            "single": one.single,
            "single_speedup": one.single_speedup,
            "best_speedup": one.best_speedup,
            "sure_speedup": one.sure_speedup,
            "p_value": one.p_value,
            "code": code.code(one, self.study, language, self.groups.get(one.group, ())),
            "language": language,
        }

    def _add(self, tasks: Sequence[Task]) -> None:
        known = {(task.request, task.case.name) for task in self.tasks}
        self.tasks += [task for task in tasks if (task.request, task.case.name) not in known]


@contextlib.contextmanager
def opened(
    study: Study, lake: Lake, tell: Tell, lab: Lab | None = None, workers: str | None = None
) -> Iterator[Session]:
    """A session of a study. `lab` measures in place of the study's commands; `workers`: Dask's
    scheduler, whose workers measure. Raises UsageError, CorrError.
    """
    found = cases(study, tell)
    check(study, found)
    parts(found, study.prove, study.recommend.classes)  # raises before anything is opened
    sources = any(knob.kind == KnobKind.source for knob in study.knobs)
    with (
        scratch("search") as folder,
        Journal(lake, study.name) as journal,
        _measuring(study, workers, sources, tell) as found_hosts,
    ):
        compiler, builds = "", None
        if lab is None:
            kept = journal.folder / "compilers"
            builds = Builds(study, folder, CompilerBuilds(study, kept) if sources else None)
            compiler = builds.version
            machine = found_hosts.machine if found_hosts else this_machine()
            lab = CommandLab(study, builds, machine, folder)
        same = _same(lab, found, baseline(study), tell)
        shares = parts(found, study.prove, study.recommend.classes, same)
        engine = Engine(
            lab,
            journal,
            baseline(study),
            study.measure,
            study.time.clock,
            host=platform.node(),
            together=not sources,
            tests=max(Counter(shares.values()).values()),
            tell=tell,
        )
        if found_hosts is not None:
            engine = RemoteEngine(**vars(engine), study=study, hosts=found_hosts)
        yield Session(study, lake, found, shares, engine, journal, same, compiler, builds)


def _same(lab: Lab, cases: Sequence[Case], base: Setting, tell: Tell) -> dict[str, str]:
    """The first case that is the same command as each, by their names."""
    first: dict[str, str] = {}
    found = {case.name: first.setdefault(lab.request(case, base), case.name) for case in cases}
    twins = [name for name, other in found.items() if name != other]
    if twins:
        tell(
            f"{len(twins)} of {len(cases)} cases are the same command as another, as"
            f" {one_line(twins[0], 60)!r} as {one_line(found[twins[0]], 60)!r}:"
            " measured and counted once"
        )
    return found


@contextlib.contextmanager
def _measuring(
    study: Study, address: str | None, sources: bool, tell: Tell
) -> Iterator[Hosts | None]:
    """The hosts that measure; None: this one."""
    if address is None:
        yield None
        return
    if sources:
        raise UsageError(
            f"{study.name}: a compiler that is built here is measured here",
            "leave out --workers",
        )
    with contextlib.closing(connected(address)) as client:
        found = hosts(client)
        tell(f"{len(found.chosen)} workers on {found.machine}")
        if found.left_out:
            tell(f"  left out, of another kind: {', '.join(found.left_out)}")
        yield found
