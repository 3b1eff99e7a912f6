"""Traced decisions as numbers to learn from: a row a decision, a column a feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from collectors.base.errors import UsageError
from collectors.decisions import inliner
from corr.lake.store import Lake, RunInfo
from corr.policy.corpus import Corpus, Module, Split

#: What a run of the lake is that holds a trace.
KIND = "policy trace"


@dataclass(frozen=True)
class Examples:
    """Decisions of some modules. `modules` has the number of each row's module."""

    names: tuple[str, ...]
    values: npt.NDArray[np.int64]
    inlined: npt.NDArray[np.bool_]
    modules: npt.NDArray[np.int64]

    def without(self, names: Sequence[str]) -> Examples:
        """The same, but for some features."""
        kept = [n for n, name in enumerate(self.names) if name not in names]
        listed = tuple(self.names[n] for n in kept)
        return Examples(listed, self.values[:, kept], self.inlined, self.modules)


@dataclass(frozen=True)
class Traced:
    """A trace of a corpus, read from the lake; modules without a faithful trace left out."""

    corpus: Corpus
    run: RunInfo
    faithful: frozenset[str]

    @classmethod
    def of(cls, corpus: Corpus, run: RunInfo) -> Traced:
        """Raises UsageError where the run is no trace of this corpus as it is."""
        told = run.table("traced_modules")
        if told is None or not len(told):
            raise UsageError(f"{run.run_id} is no trace of a corpus", "corr policy trace CORPUS")
        known = {module.name: module.sha256 for module in corpus.modules}
        rows = told.select(["module", "sha256", "identical"]).to_pylist()
        if not any(known.get(row["module"]) == row["sha256"] for row in rows):
            raise UsageError(
                f"{run.run_id} traces another corpus than {corpus.folder}", "trace it again"
            )
        faithful = {
            row["module"]
            for row in rows
            if row["identical"] and known.get(row["module"]) == row["sha256"]
        }
        return cls(corpus, run, frozenset(faithful))

    @classmethod
    def newest(cls, corpus: Corpus, lake: Lake) -> Traced:
        """The newest trace of this corpus with a module to learn from. Raises UsageError."""
        name, refused = corpus.folder.absolute().name, None
        for run in lake.newest_first():
            if run.facts.kind != KIND or run.facts.program != name:
                continue
            try:
                found = cls.of(corpus, run)
            except UsageError as error:
                refused = refused or error
                continue
            if found.faithful:
                return found
        raise refused or UsageError(
            f"the lake has no trace of {corpus.folder} with a module to learn from",
            f"corr policy trace {corpus.folder}",
        )

    def modules(self, *splits: Split) -> list[Module]:
        return [m for m in self.corpus.of(*splits) if m.name in self.faithful]

    def rows(self, modules: Sequence[Module]) -> dict[str, list[dict[str, Any]]]:
        """The decisions of each of these modules, in order."""
        found: dict[str, list[dict[str, Any]]] = {module.name: [] for module in modules}
        table = self._table(modules)
        for row in table.to_pylist():
            found[row["module"]].append(row)
        return found

    def examples(self, *splits: Split) -> Examples:
        """Decisions of these splits, without what the default itself says. Raises UsageError."""
        modules = self.modules(*splits)
        if not len(self._table(modules)):
            raise UsageError(f"{self.run.run_id} has no decision of {' or '.join(splits)}")
        return self.examples_of(modules)

    def examples_of(self, modules: Sequence[Module]) -> Examples:
        """Decisions of these modules, as `examples` has them. Raises UsageError."""
        table = self._table(modules)
        if not len(table):
            raise UsageError(f"{self.run.run_id} has no decision of these modules")
        features = table["features"].combine_chunks()
        names = tuple(features[0].as_py()[n][0] for n in range(len(features[0])))
        values = features.items.to_numpy(zero_copy_only=False).reshape(len(table), len(names))
        number = {module.name: n for n, module in enumerate(modules)}
        every = Examples(
            names,
            values,
            table["inlined"].to_numpy(zero_copy_only=False),
            np.array([number[name] for name in table["module"].to_pylist()]),
        )
        return every.without([inliner.DEFAULT])

    def _table(self, modules: Sequence[Module]) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        table = self.run.table("decisions")
        if table is None:
            raise UsageError(f"{self.run.run_id} has no decisions")
        wanted = pa.array([module.name for module in modules], pa.string())
        return table.filter(pc.is_in(table["module"].cast(pa.string()), value_set=wanted))
