"""Counts of a build in which only some functions count: what the others say is no count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

import pyarrow as pa


def of_functions(
    counted: Mapping[str, pa.Table], functions: Collection[str]
) -> dict[str, pa.Table]:
    """The tables `execution` and `execution_regions` with rows of these functions only.

    Clang describes a function that a unit has no use for, as of a header, with counts of 0, also
    where another unit has it and was told not to count: that 0 is not what ran. `functions` are
    linkage names; parts of them (`main.omp_outlined`) belong to them. Lines stay that lie within
    a region which stays.
    """
    regions, lines = counted["execution_regions"], counted["execution"]
    names = {name.split(".")[0] for name in functions}
    listed = regions["function"].to_pylist()
    regions = regions.filter(pa.array([name.split(".")[0] in names for name in listed], pa.bool_()))
    within: dict[str, set[int]] = defaultdict(set)
    for row in regions.select(["file", "line", "end_line"]).to_pylist():
        within[row["file"]].update(range(row["line"], row["end_line"] + 1))
    nothing: set[int] = set()
    places = zip(lines["file"].to_pylist(), lines["line"].to_pylist(), strict=True)
    kept = [line in within.get(file, nothing) for file, line in places]
    lines = lines.filter(pa.array(kept, pa.bool_()))
    return {**counted, "execution": lines, "execution_regions": regions}
