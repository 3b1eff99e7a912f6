"""The facts of one run while they are gathered: build, measure alone, explain side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pyarrow as pa

from collectors.base import demangle as names
from collectors.base.errors import CorrError
from collectors.base.invocation import Invocation
from collectors.base.table import Problem
from collectors.base.threads import run_together
from collectors.base.toolchain import Toolchain
from collectors.machine_code import instructions, lines, mca
from collectors.measured import cachegrind, counters, execution, samples, timings, trips
from collectors.passes import opcodes
from collectors.regions import marks, while_running
from collectors.remarks import reader as remarks
from collectors.source_loops import debug_info, forest, loops, source_text
from corr.collect import hottest as hot
from corr.collect import pass_traces
from corr.console.progress import Progress, duration
from corr.lake.tables import TABLES
from corr.program import machine
from corr.program.build import Builder, BuiltUnit, uses_threads
from corr.program.model import Program
from corr.program.spelling import spell_files

#: Without a PMU cachegrind counts instead, where a run (in seconds) is short enough for it.
CACHEGRIND_UP_TO = 0.1
CACHEGRIND_SLOWDOWN = 60


@dataclass(frozen=True)
class Options:
    """How much to collect. `repeat` None: five, fewer for a program that runs for long."""

    repeat: int | None = None
    run: bool = True
    deep: bool = False
    #: With `deep`: how long the passes may be traced on each core.
    deep_minutes: float = 12.0
    artifacts: bool = True
    cachegrind: bool | None = None
    label: str | None = None


class Collection:
    """The facts of one run while they are gathered: a table a name, and the problems met."""

    def __init__(
        self,
        program: Program,
        toolchain: Toolchain,
        folder: Path,
        options: Options,
        progress: Progress,
    ) -> None:
        self.program = program
        self.toolchain = toolchain
        self.options = options
        self.progress = progress
        self.folder = folder
        self.builder = Builder(program, toolchain, self.folder)
        self.binary = self.folder / program.name
        self.facts: dict[str, pa.Table] = {name: t.empty() for name, t in TABLES.items()}
        self.places: pa.Table | None = None
        self.problems: list[Problem] = []
        self.functions: dict[Path, list[forest.Function]] = {}
        self.wall: float | None = None

    # --- build -----------------------------------------------------------------------------

    def build(self) -> None:
        """Compile every unit, read its loops, link. Nothing is timed yet: all at once."""
        jobs: list[Callable[[], None]] = []
        for unit in self.builder.units:
            jobs.append(partial(self._compile, unit))
            jobs.append(partial(self._frontend, unit))
        run_together(jobs)
        self._name_loops()
        with self.progress.step("linking"):
            if self.options.run:
                self.builder.link(self.program.name)
            else:
                self.builder.link(self.program.name, ("-Wl,--unresolved-symbols=ignore-all",))

    def _compile(self, unit: BuiltUnit) -> None:
        with self.progress.step(f"compiling {unit.stem.name}"):
            self.builder.compile(unit)

    def _frontend(self, unit: BuiltUnit) -> None:
        with self.progress.step(f"loops of {unit.stem.name}"):
            self.builder.emit_frontend(unit)
            functions = forest.read(unit.frontend, unit.unit.directory)
            forest.tag_blocks(unit.frontend, functions, unit.tagged)
            if unit.unit.adopt is not None:
                source = ("-x", "ir", unit.tagged, "-Wno-override-module")
                unit.unit.adopt(self.builder.argv(unit.unit), source, unit.unit.directory)
            self.functions[unit.stem] = functions

    def _name_loops(self) -> None:
        """Keys need all units: readable names, and which internal functions share a name."""
        every = [f for functions in self.functions.values() for f in functions]
        readable = names.demangle({f.name for f in every}, self.toolchain)
        internal = Counter(f.name for f in every if f.internal)
        ambiguous = frozenset(name for name, count in internal.items() if count > 1)
        tables, places = [], []
        for unit in self.builder.units:
            described = (
                self.program.label(unit.unit),
                self.functions[unit.stem],
                readable,
                ambiguous,
            )
            tables.append(self._spelled(loops.table(*described)))
            places.append(self._spelled(loops.places(*described)))
        self.facts["loops"] = _distinct(pa.concat_tables(tables))
        self.places = pa.concat_tables(places)
        files = {self.program.label(u): u.source for u in self.program.units}
        files |= {
            f: self.program.root / f for f in self.facts["loops"]["file"].unique().to_pylist()
        }
        files = {name: self.program.content(path) for name, path in files.items()}
        self._keep("source", source_text.read(files))

    # --- measure ---------------------------------------------------------------------------

    def measure(self) -> None:
        """Run the program: once to see that it works, then timed, counted and sampled, alone."""
        invocation = self.program.run.invocation(self.binary)
        with self.progress.step("trial run"):
            done = timings.trial(invocation)
        self.wall = done.wall
        repeat = self.options.repeat or _repetitions(done.wall)
        with self.progress.step(f"timing {repeat}×"):
            self._keep("timings", timings.measure(invocation, repeat))
        with self.progress.step("counters"):
            self._layer("counters", lambda: counters.measure(invocation, min(repeat, 3)))
        with self.progress.step("sampling"):
            self._layer("samples", lambda: samples.record(invocation, self.folder))
        self.facts["samples"] = self._own_samples(self.facts["samples"])
        self._regions(invocation)

    def _regions(self, invocation: Invocation) -> None:
        """Regions that the program marks in itself; nothing unless linked with PAPI or Caliper."""
        if not while_running.annotated(invocation.binary):
            return
        program = self.program
        texts = marks.read_sources(
            {program.label(u): program.content(u.source) for u in program.units}
        )
        with self.progress.step("marked regions"):
            found, metadata, problems = while_running.gather(invocation, self.folder, texts)
        self.facts["regions"], self.facts["region_metadata"] = self._spelled(found), metadata
        self.problems += problems

    def _own_samples(self, rows: pa.Table) -> pa.Table:
        """Mark samples in the program itself, under a name that no staging folder is part of."""
        own = [name == str(self.binary) for name in rows["object"].to_pylist()]
        names = [
            self.program.name if mine else name
            for mine, name in zip(own, rows["object"].to_pylist(), strict=True)
        ]
        schema = samples.SAMPLES.schema
        at = schema.get_field_index("object")
        rows = rows.select(schema.names).cast(schema)
        rows = rows.set_column(at, schema.field(at), pa.array(names, schema.field(at).type))
        return rows.append_column("own", pa.array(own, pa.bool_()))

    # --- explain ---------------------------------------------------------------------------

    def explain(self) -> None:
        """Every layer that is not timed, side by side."""
        jobs: list[Callable[[], None]] = [self._machine_code, self._remarks]
        if self.options.run:
            jobs += [self._execution, self._cachegrind]
        jobs += [partial(self._opcodes, unit) for unit in self.builder.units]
        run_together(jobs)
        for unit in self.builder.units:
            unit.tagged.unlink(missing_ok=True)
            unit.object.unlink(missing_ok=True)

    def _remarks(self) -> None:
        with self.progress.step("remarks"):
            for unit in self.builder.units:
                self._layer("remarks", partial(self._unit_remarks, unit))
            for record in self.builder.link_remarks():
                self._layer("remarks", partial(self._link_remarks, record))
            if self.builder.link_time_optimised and not self.builder.link_remarks():
                what = "the linker wrote no remarks of its optimisation"
                fix = "link with lld (-fuse-ld=lld) or without -flto"
                self.problems.append(Problem("remarks", self.program.name, what, fix))

    def _unit_remarks(self, unit: BuiltUnit) -> tuple[pa.Table, list[Problem]]:
        if not unit.remarks.exists():
            what = "the compiler wrote no remarks"
            return remarks.REMARKS.empty(), [Problem("remarks", unit.remarks.name, what)]
        reader = remarks.read(unit.remarks, self.program.label(unit.unit))
        rows = pa.Table.from_batches(list(reader), remarks.REMARKS.schema).unify_dictionaries()
        base = unit.unit.directory
        known = debug_info.source_files(unit.frontend, base)
        return spell_files(rows, base, self.program.root, known), reader.problems

    def _link_remarks(self, record: Path) -> tuple[pa.Table, list[Problem]]:
        """Remarks of link-time optimisation, whose files may be of any unit."""
        reader = remarks.read(record, "(link)")
        rows = pa.Table.from_batches(list(reader), remarks.REMARKS.schema).unify_dictionaries()
        known: dict[str, str] = {}
        for unit in self.builder.units:
            known |= debug_info.source_files(unit.frontend, unit.unit.directory)
        return spell_files(rows, self.program.directory, self.program.root, known), reader.problems

    def _machine_code(self) -> None:
        """Machine code with its places; then, knowing what is hot, the layers that cost more."""
        with self.progress.step("machine code"):
            self._layer("lines", lambda: lines.read(self.binary))
            found = instructions.collect(self.binary, self.facts["lines"], self.toolchain)
        self.facts["lines"] = self._spelled(self.facts["lines"])
        self.facts["machine_loops"] = found.machine_loops
        known = {
            n for c in ("symbol", "function") for n in found.instructions[c].unique().to_pylist()
        }
        self.facts["functions"] = names.table(known - {None}, self.toolchain)
        self.problems += found.problems
        hottest = hot.find(self.facts["samples"], found.instructions, found.machine_loops)
        self.facts["instructions"] = self._spelled(found.instructions)
        with self.progress.step("llvm-mca"):
            self._mca(found, hottest)
        self._passes(hottest)

    def _passes(self, hottest: hot.Hot) -> None:
        """Trace the passes over hot functions, or all, while the time for it lasts."""
        deep, cores = self.options.deep, machine.cores()
        left = 60 * self.options.deep_minutes * cores if deep else pass_traces.TRACE_SECONDS
        for unit in self.builder.units:
            functions = self.functions[unit.stem]
            planned = pass_traces.plan(functions, hottest.functions, deep, left, cores)
            left -= planned.cpu
            label = self.program.label(unit.unit)
            if planned.skipped:
                what = f"passes not traced: about {duration(planned.missing)} more"
                where = f"{len(planned.skipped)} {'' if deep else 'hot '}functions of {label}"
                fix = "--deep-minutes gives more time" if deep else "ask with --deep"
                self.problems.append(Problem("ir_changes", where, what, fix))
            if planned.groups:
                self._ir_changes(unit, planned, deep and not planned.skipped)

    def _mca(self, found: instructions.Disassembly, hottest: hot.Hot) -> None:
        every = found.machine_loops.filter(found.machine_loops["innermost"])
        wanted = set(every["machine_loop"].to_pylist())
        if not self.options.deep:
            wanted &= hottest.machine_loops
        code = instructions.by_machine_loop(found.instructions)
        symbols = dict(
            zip(every["machine_loop"].to_pylist(), every["symbol"].to_pylist(), strict=True)
        )
        picked = {header: code[header] for header in sorted(wanted)}
        summary, details, problems = mca.collect(picked, symbols, self.toolchain, self.folder)
        self.facts["mca"], self.facts["mca_instructions"] = summary, details
        self.problems += problems

    def _ir_changes(self, unit: BuiltUnit, planned: pass_traces.Plan, every: bool) -> None:
        label = self.program.label(unit.unit)
        keys = {
            row["number"]: row["key"]
            for row in self.facts["loops"].select(["unit", "number", "key"]).to_pylist()
            if row["unit"] == label
        }
        kept = unit.stem.with_suffix(".passes.txt.zst") if self.options.artifacts else None
        argv = self.builder.argv(unit.unit)
        name = f"passes over {planned.chosen} functions of {unit.stem.name}"
        rows = planned.chosen * pass_traces.TRACE_ROWS
        try:
            with self.progress.amount(name, rows, planned.wall) as done:
                trace = pass_traces.trace(
                    argv, unit.tagged, keys, planned, every, label, kept, done
                )
        except CorrError as error:
            self.problems.append(Problem("ir_changes", label, error.message, error.fix))
            return
        self._add("passes", trace.passes)
        self._add("ir_changes", trace.changes)
        self.problems += trace.problems

    def _opcodes(self, unit: BuiltUnit) -> None:
        label = self.program.label(unit.unit)

        def both() -> tuple[pa.Table, list[Problem]]:
            self.builder.emit_optimised(unit)
            return opcodes.collect(unit.frontend, unit.optimised, label)

        with self.progress.step(f"opcodes of {unit.stem.name}"):
            self._layer("opcodes", both)

    def _execution(self) -> None:
        missing = execution.missing_runtime(self.toolchain)
        if missing is not None:
            self.problems.append(missing)
            return
        with self.progress.step("execution counts"):
            try:
                atomic = ("-fprofile-update=atomic",) if uses_threads(self.binary) else ()
                binary = self.builder.variant("instrumented", (*execution.FLAGS, *atomic))
                counted, problems = execution.run(
                    self.program.run.invocation(binary), self.toolchain, self.folder
                )
            except CorrError as error:
                self.problems.append(Problem("execution", "", error.message, error.fix))
                return
            binary.unlink(missing_ok=True)
        self.problems += problems
        for name, rows in counted.items():
            self.facts[name] = self._spelled(rows)
        self.facts["trips"] = trips.trips(self.facts["loops"], self.facts["execution_regions"])

    def _cachegrind(self) -> None:
        wanted = self.options.cachegrind
        if wanted is False or (wanted is None and counters.has_pmu(self.facts["counters"])):
            return
        if wanted is None and (self.wall or 0) > CACHEGRIND_UP_TO:
            what = f"not run: about {(self.wall or 0) * CACHEGRIND_SLOWDOWN:.0f} s for this program"
            self.problems.append(Problem("cachegrind", "valgrind", what, "ask with --cachegrind"))
            return
        with self.progress.step("cachegrind"):
            self._layer("cachegrind", self._simulate)

    def _simulate(self) -> tuple[pa.Table, list[Problem]]:
        # valgrind 3.19 cannot read the DWARF 5 of newer clangs
        binary = self.builder.variant("dwarf4", ("-gdwarf-4",))
        invocation = self.program.run.invocation(binary)
        slow = replace(invocation, timeout=invocation.timeout * CACHEGRIND_SLOWDOWN)
        rows, problems = cachegrind.measure(slow, self.folder)
        binary.unlink(missing_ok=True)
        return self._spelled(rows), problems

    # --- bookkeeping -----------------------------------------------------------------------

    def _layer(self, name: str, job: Callable[[], tuple[pa.Table, list[Problem]]]) -> None:
        """Keep what a layer gives; if it cannot be had, keep the reason instead."""
        try:
            self._keep(name, job())
        except CorrError as error:
            self.problems.append(Problem(name, "", error.message, error.fix))

    def _keep(self, name: str, result: tuple[pa.Table, list[Problem]]) -> None:
        rows, problems = result
        self._add(name, rows)
        self.problems += problems

    def _add(self, name: str, rows: pa.Table) -> None:
        before = self.facts[name]
        self.facts[name] = pa.concat_tables([before, rows]) if len(before) else rows

    def _spelled(self, rows: pa.Table) -> pa.Table:
        return spell_files(rows, self.program.root, self.program.root)


def _repetitions(wall: float) -> int:
    return 5 if wall < 5 else 3 if wall < 20 else 1


def _distinct(rows: pa.Table) -> pa.Table:
    """One row a key: an inline function of a header is in every unit that includes it."""
    seen: set[str] = set()
    keep = [not (key in seen or seen.add(key)) for key in rows["key"].to_pylist()]  # type: ignore[func-returns-value]
    return rows.filter(pa.array(keep, pa.bool_()))
