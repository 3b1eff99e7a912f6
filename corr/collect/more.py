"""`corr collect --more`: what the default leaves out of a large program, for a run that is there.

The program is not built again: the binary is the one that the run kept, and what the layers need
of others is read from the lake.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from collectors.base.errors import CorrError
from collectors.base.table import Problem, problem_rows
from collectors.base.toolchain import Toolchain
from collectors.passes.changes import IrTrace
from corr.collect import join, pass_traces
from corr.collect.again import rebuilt
from corr.collect.artifacts import compress
from corr.collect.built import BuiltProgram, read_again
from corr.collect.gather import gather, nothing_known
from corr.collect.layer import Layer
from corr.collect.layers import LAYERS
from corr.collect.options import More, Options
from corr.console.progress import Progress
from corr.lake.store import Lake, RunInfo
from corr.lake.tables import JOINED, TABLES
from corr.system.disk import check_room

#: Tables that are joined with the loops by queries, of those that can be had later.
_JOINED_LATER = frozenset({"execution", "cachegrind"})
_TRACES = ("passes", "ir_changes")


def add(
    run: RunInfo,
    wanted: Collection[More],
    toolchain: Toolchain,
    lake: Lake,
    progress: Progress,
    traced: Sequence[str] = (),
) -> RunInfo:
    """Gather these layers of a run's program and put them with the run.

    With `traced`, the passes of these functions come to those that were traced before. Raises
    CorrError when a source changed since, when the run kept no binary or was imported, or when its
    rows were compacted.
    """
    layers = [layer for layer in LAYERS if layer.more in wanted]
    executes = any(layer.executes for layer in layers)
    options = Options(run=executes, more=frozenset(wanted), traced=tuple(traced))
    program = rebuilt(run, ())
    binary = run.artifacts / run.facts.name
    if executes and not binary.is_file():
        raise CorrError(f"{run.run_id} kept no binary to run", "collect it again")
    check_room(lake.root, otherwise="make room: what is added lies with the run")
    with lake.stage(run) as staging, progress:
        if binary.is_file():
            os.link(binary, staging.artifacts / run.facts.name)
        built = read_again(program, toolchain, staging.artifacts, options, progress)
        found = gather(layers, built, partial(_table, run))
        _forget_what_is_kept(built)
        with progress.step("joining by loop"):
            tables = _joined(run, found.tables)
        if traced:
            tables = _with_those_before(run, tables, traced)
        kept = _others(run, () if traced else layers)
        tables["problems"] = problem_rows([*kept, *found.problems])
        compress(staging.artifacts)
        with progress.step("writing"):
            return staging.amend(run, tables)


def _table(run: RunInfo, name: str) -> pa.Table:
    """A table of the run as the layers know it: without the run's id."""
    rows = run.table(name)
    return nothing_known(name) if rows is None else rows.drop_columns(["run_id"])


def _forget_what_is_kept(built: BuiltProgram) -> None:
    """The run has them: its binary, and the IR of the front end."""
    built.binary.unlink(missing_ok=True)
    for unit in built.units:
        unit.frontend.unlink(missing_ok=True)
    built.remove_intermediate_files()


def _joined(run: RunInfo, found: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The new tables with their loops."""
    new = {name: rows for name, rows in found.items() if name in TABLES}
    later = _JOINED_LATER & new.keys()
    if later:
        every = {name: _table(run, name) for name in (*join.READ, *JOINED)} | new
        tables, _ = join.attribute(every)
        new |= {name: tables[name] for name in later}
    return new


def _with_those_before(
    run: RunInfo, new: Mapping[str, pa.Table], traced: Sequence[str]
) -> dict[str, pa.Table]:
    """The passes of all functions that were traced: earlier ones, and then these, unit by unit."""
    tables = dict(new)
    if not all(name in new for name in _TRACES):
        return tables
    old = {name: _without(_table(run, name), traced) for name in _TRACES}
    units = pa.concat_tables([old["passes"], new["passes"]])["unit"].unique().to_pylist()
    whole = [pass_traces.joined([_of(old, unit), _of(new, unit)]) for unit in units]
    if whole:
        tables["passes"] = pa.concat_tables([trace.passes for trace in whole])
        tables["ir_changes"] = pa.concat_tables([trace.changes for trace in whole])
    return tables


def _without(rows: pa.Table, functions: Sequence[str]) -> pa.Table:
    named = pc.is_in(rows["function"], pa.array(functions, pa.string()))
    return rows.filter(pc.invert(named))


def _of(tables: Mapping[str, pa.Table], unit: str) -> IrTrace:
    rows = [tables[name].filter(pc.equal(tables[name]["unit"], unit)) for name in _TRACES]
    return IrTrace(rows[0], rows[1], [], {})


def _others(run: RunInfo, layers: Sequence[Layer]) -> list[Problem]:
    """What was a problem of the run, but of these layers."""
    gathered = {layer.name for layer in layers}
    rows = _table(run, "problems").to_pylist()
    return [Problem(**row) for row in rows if row["layer"] not in gathered]
