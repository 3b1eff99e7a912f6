"""What a report is about: one run, or an optimisation with every run that it committed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from collectors.base.errors import UsageError
from corr.lake.sql import ask, literal
from corr.lake.store import Lake, RunInfo


@dataclass(frozen=True)
class Subject:
    """A run whose layers are shown, and the optimisation that it belongs to, if any.

    `runs` are all runs of the optimisation in order, `variants` those of them with layers: the
    original and each new best. For a plain run both hold just that run.
    """

    name: str
    run: RunInfo
    session: str | None
    runs: tuple[RunInfo, ...]
    variants: tuple[RunInfo, ...]

    @property
    def program(self) -> str:
        return self.run.facts.name

    @property
    def original(self) -> RunInfo:
        return self.variants[0]

    def of_session(self) -> str:
        """The condition of a WHERE clause for the optimisation's rows of `iterations`.

        The first run is committed before the optimisation has its name.
        """
        name = literal(self.session or self.run.run_id)
        return f"(session = {name} OR run_id = {name})"


def subjects(lake: Lake, references: Iterable[str]) -> list[Subject]:
    """What each reference (a run, or a program's name) means, every subject once.

    Raises UsageError for a reference that nothing answers to, or a run without any layer.
    """
    found: dict[tuple[str | None, str], Subject] = {}
    names: set[str] = set()
    for reference in references:
        subject = _subject(lake, lake.find(reference))
        key = (subject.session, subject.run.run_id)
        if key in found:
            continue
        name = subject.name
        number = 2
        while name in names:
            name, number = f"{subject.name} ({number})", number + 1
        names.add(name)
        found[key] = Subject(name, subject.run, subject.session, subject.runs, subject.variants)
    return list(found.values())


def _subject(lake: Lake, run: RunInfo) -> Subject:
    session = run.facts.session
    if session is None and run.facts.kind == "optimize":
        session = run.run_id
    runs = [run]
    if session is not None:
        ids = ask(
            lake,
            "SELECT DISTINCT run_id FROM iterations WHERE session = ? OR run_id = ? ORDER BY 1",
            [str(session), str(session)],
        )
        runs = [lake.find(name) for name in ids["run_id"].to_pylist()] or [run]
    layout = lake.layout()
    variants = [one for one in runs if "loops" in layout.tables(one.run_id)]
    if not variants:
        raise UsageError(
            f"{run.run_id} has no layers to show, and neither has a run of its optimisation",
            "collect the program: corr collect FILE",
        )
    shown = run if run.run_id in {one.run_id for one in variants} else variants[-1]
    name = run.facts.program or run.run_id
    return Subject(name, shown, session, tuple(runs), tuple(variants))


def newest_of_each(lake: Lake) -> list[str]:
    """The newest run of each program, by id: oldest first."""
    newest: dict[str, str] = {}
    for run_id, entry in lake.listing().items():
        if entry is not None:
            name = str(entry.facts.get("program"))
            newest.pop(name, None)
            newest[name] = run_id
    return list(newest.values())
