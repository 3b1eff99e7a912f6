"""A run's regions as a Hatchet GraphFrame or a Thicket, for those who analyse them there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from collectors.base.errors import CorrError, ToolMissing, UsageError
from collectors.base.foreign_text import visible
from corr.lake.store import Lake, RunInfo
from corr.system.config import data_folder, load

if TYPE_CHECKING:
    import hatchet
    import pandas as pd
    import thicket

Run = RunInfo | str
CallPath = tuple[str, ...]
#: What Hatchet's reader of Caliper calls a few metrics, whatever their alias.
_HATCHET_NAMES = {
    "sum#time.duration": "time",
    "sum#avg#sum#time.duration": "time",
    "inclusive#sum#time.duration": "time (inc)",
    "sum#avg#inclusive#sum#time.duration": "time (inc)",
}
#: Metrics that are the order of the nodes and not a measurement.
_ORDER = frozenset({"aggregate.slot", "min#min#aggregate.slot", "Node order"})
_TYPES = {"int": "int64", "uint": "uint64"}
_METADATA = ("run_id", "label", "program", "kind", "compiler", "cpu", "started")


def to_hatchet(
    run: Run = "last",
    profile: str | None = None,
    *,
    data: Path | str | None = None,
    native: bool = False,
) -> hatchet.GraphFrame:
    """The regions of a run as a Hatchet GraphFrame: a node a call path, a column a metric.

    `run` is a RunInfo, or what `corr` commands take (id, label, `last`); `profile` names one of
    its profiles where it has several; `native` gives metrics by the tool's name instead of the
    readable one. Rows are indexed by node, and by rank and thread where there are several.
    Visits of a path are summed; minima, maxima and averages stay what they are. Regions that
    only contain others have no values (NaN). `inc_metrics` are the metrics known as inclusive.
    Raises UsageError if there is nothing to show, ToolMissing without Hatchet.
    """
    info = _run(run, data)
    profiles = _profiles(info)
    if profile is None and len(profiles) > 1:
        names = ", ".join(visible(p) for p in list(profiles)[:5])
        raise UsageError(
            f"run {info.run_id} has {len(profiles)} profiles: {names}",
            "name one with profile=, or take all with to_thicket",
        )
    name = profile if profile is not None else next(iter(profiles))
    if name not in profiles:
        raise UsageError(f"run {info.run_id} has no profile {name!r}", f"it has {list(profiles)}")
    return _graph_frame(info, name, profiles[name], native)


def to_thicket(
    runs: Sequence[Run] | Run = "last",
    *,
    data: Path | str | None = None,
    native: bool = False,
) -> thicket.Thicket:
    """Every profile of these runs as one Thicket, with the runs' facts in its metadata.

    A profile is named `<run id>/<profile>`. Arguments and errors as in `to_hatchet`.
    """
    module = _module("thicket")
    listed = [runs] if isinstance(runs, RunInfo | str) else list(runs)
    if not listed:
        raise UsageError("no run was given")
    parts = []
    for run in listed:
        info = _run(run, data)
        for name, rows in _profiles(info).items():
            frame = _graph_frame(info, name, rows, native)
            parts.append(module.Thicket.thicketize_graphframe(frame, f"{info.run_id}/{name}"))
    if len(parts) == 1:
        return parts[0]
    return module.Thicket.concat_thickets(parts, disable_tqdm=True)


def _module(name: str) -> ModuleType:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ToolMissing(
            f"{name} cannot be imported: {error}", "pip install 'corr-llvm[hatchet]'"
        ) from error


def _run(run: Run, data: Path | str | None) -> RunInfo:
    if isinstance(run, RunInfo):
        return run
    folder = data_folder(Path(data) if data is not None else None, load(Path.cwd()))
    return Lake.open(folder).find(run)


def _profiles(run: RunInfo) -> dict[str, list[dict[str, Any]]]:
    """The region rows of a run by profile, as they were read."""
    table = run.table("regions")
    rows = table.to_pylist() if table is not None else []
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["path"] and not _other_channel(row):
            found.setdefault(row["profile"], []).append(row)
    if not found:
        raise UsageError(
            f"run {run.run_id} has no regions",
            "import some (`corr import caliper FILE`), or collect a program that marks them",
        )
    return found


def _other_channel(row: dict[str, Any]) -> bool:
    """The record repeats others in another form: Caliper's spot adds a time series of a loop."""
    channels = [e["value"] for e in row["context"] or [] if e["name"] == "spot.channel"]
    return bool(channels) and channels[0] != "regionprofile"


def _metadata(run: RunInfo, profile: str) -> dict[str, Any]:
    """What the profile says of its run, and corr's own facts under `corr.`."""
    table = run.table("region_metadata")
    rows = table.to_pylist() if table is not None else []
    found = {r["key"]: _parsed(r["value"]) for r in rows if r["profile"] == profile}
    facts = run.facts.to_json() | {"run_id": run.run_id}
    return found | {f"corr.{k}": facts[k] for k in _METADATA if facts.get(k) is not None}


def _parsed(text: str) -> int | float | str | list[str]:
    """Metadata as Hatchet gives it: numbers as numbers, [a,b] as a list."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    for left, right in ("[]", "()"):
        if text.startswith(left) and text.endswith(right):
            return [part.strip() for part in text.strip(left + right).split(",")]
    return text


# --- the frame -----------------------------------------------------------------------------------


def _graph_frame(
    run: RunInfo, profile: str, rows: list[dict[str, Any]], native: bool
) -> hatchet.GraphFrame:
    module = _module("hatchet")
    names = _names(rows, native)
    try:
        graph, nodes = _graph(rows)
        frame, levels = _frame(rows, names, nodes)
        inclusive = {names[r["attribute"]] for r in rows if r["inclusive"]}
        columns = list(dict.fromkeys(n for n in names.values() if n not in _ORDER))
        inner = [c for c in columns if c in inclusive]
        own = [c for c in columns if c not in inclusive]
        default = "time" if "time" in columns else (inner or own or ["name"])[0]
        return module.GraphFrame(
            graph,
            frame.set_index(levels).sort_index(),
            own,
            inner,
            default,
            metadata=_metadata(run, profile),
        )
    except RecursionError as error:
        raise CorrError(
            f"the regions of {visible(profile)} are nested too deeply for Hatchet",
            "query them in SQL instead: corr sql 'FROM regions'",
        ) from error


def _names(rows: list[dict[str, Any]], native: bool) -> dict[str, str]:
    """The column of each metric by its own name; two of one readable name keep their own."""
    wanted = {
        r["attribute"]: r["attribute"] if native else r["metric"]
        for r in rows
        if r["attribute"] is not None
    }
    taken = list(wanted.values())
    return {
        attribute: _HATCHET_NAMES.get(name, name) if taken.count(name) == 1 else attribute
        for attribute, name in wanted.items()
    }


def _graph(rows: list[dict[str, Any]]) -> tuple[Any, dict[CallPath, Any]]:
    """Hatchet's graph of the paths and all they lie in, in the order that the profile gives."""
    from hatchet.frame import Frame
    from hatchet.graph import Graph
    from hatchet.node import Node

    order: dict[CallPath, int] = {}
    for row in rows:
        if row["attribute"] in _ORDER and row["value"] is not None:
            order.setdefault(tuple(row["path"]), int(row["value"]))
    nodes: dict[CallPath, Any] = {}
    roots = []
    for path in _paths(rows):
        parent = nodes.get(path[:-1])
        hnid = order.get(path, len(nodes))
        node = Node(Frame({"type": "function", "name": path[-1]}), parent, hnid=hnid)
        nodes[path] = node
        if parent is None:
            roots.append(node)
        else:
            parent.add_child(node)
    graph = Graph(roots, node_ordering=True)
    graph.enumerate_traverse()
    return graph, nodes


def _paths(rows: list[dict[str, Any]]) -> Iterator[CallPath]:
    """Each path once, after the paths that it lies in."""
    seen: set[CallPath] = set()
    for row in rows:
        path = tuple(row["path"])
        if path in seen:
            continue
        for end in range(1, len(path) + 1):
            if path[:end] not in seen:
                seen.add(path[:end])
                yield path[:end]


def _frame(
    rows: list[dict[str, Any]], names: dict[str, str], nodes: dict[CallPath, Any]
) -> tuple[pd.DataFrame, list[str]]:
    import pandas as pd

    levels = _levels(rows)
    cells: dict[tuple[Any, ...], dict[str, list[float]]] = {}
    numbers: dict[tuple[Any, ...], dict[str, float]] = {}
    for row in rows:
        key = (tuple(row["path"]), *(row[level] for level in levels))
        values = cells.setdefault(key, {})
        numbers.setdefault(key, {}).update(_context(row))
        if row["attribute"] is not None and names[row["attribute"]] not in _ORDER:
            values.setdefault(row["attribute"], []).append(_number(row))
    present = {key[0] for key in cells}
    others = list(dict.fromkeys(key[1:] for key in cells))
    for path in nodes:
        if path not in present:
            cells |= {(path, *other): {} for other in others}
    records = [
        {"node": nodes[key[0]], **dict(zip(levels, key[1:], strict=True)), "name": key[0][-1]}
        | numbers.get(key, {})
        | {names[a]: _together(a, found) for a, found in values.items()}
        for key, values in cells.items()
    ]
    frame = pd.DataFrame.from_records(records)
    kinds = {names[r["attribute"]]: r["type"] for r in rows if r["attribute"] is not None}
    for column, kind in kinds.items():
        if column in frame and kind in _TYPES and frame[column].notna().all():
            frame[column] = frame[column].astype(_TYPES[kind])
        elif column in frame:
            frame[column] = frame[column].astype("float64")
    return frame, ["node", *levels]


def _levels(rows: list[dict[str, Any]]) -> list[str]:
    """Rank and thread, where they tell rows apart; Caliper's rank always, as in Hatchet."""
    ranks = {row["rank"] for row in rows}
    threads = {row["thread"] for row in rows}
    always = rows[0]["format"] == "caliper" and ranks != {None}
    return [
        name
        for name, shown in (("rank", always or len(ranks) > 1), ("thread", len(threads) > 1))
        if shown
    ]


def _context(row: dict[str, Any]) -> dict[str, float]:
    """Numbers of a record that are no metric, such as an iteration."""
    found = {}
    for entry in row["context"] or []:
        if entry["type"] in (*_TYPES, "double"):
            found[entry["name"]] = _number({"type": entry["type"], "text": entry["value"]})
    return found


def _number(row: dict[str, Any]) -> float:
    """The value as it was written: a large counter keeps its last digits."""
    if row["type"] in _TYPES:
        try:
            return int(row["text"])
        except ValueError:
            pass
    try:
        return float(row["text"])
    except (TypeError, ValueError):
        return float("nan")


def _together(attribute: str, numbers: list[float]) -> float:
    """Several records of one path: the kind of metric says what they make together."""
    if len(numbers) == 1:
        return numbers[0]
    if attribute.startswith("min#"):
        return min(numbers)
    if attribute.startswith(("max#", "any#")):
        return max(numbers)
    total = sum(numbers)
    return total / len(numbers) if attribute.startswith("avg#") else total
