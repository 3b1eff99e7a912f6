"""Less code than the default makes of each module: a constant, a threshold a module, single calls.

The constant is chosen on the training modules. What is searched module by module is that module's
own and need not transfer; it can only be smaller than the default's code, or the default is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from collectors.decisions import replay
from collectors.decisions.replay import SiteDecision
from corr.policy import flips, thresholds
from corr.policy.corpus import Module, Split
from corr.policy.examples import Traced
from corr.policy.ledger import Ledger, each
from corr.policy.thresholds import Sweep
from corr.system.disk import disk_errors, write_whole

RESULT = "result.json"


@dataclass(frozen=True)
class Searched:
    """Bytes of a module's code by what was tried, and the best found.

    `constant` is with the one threshold for all, `threshold` with the module's own best (`value`,
    None the default), `flipped` with single calls decided otherwise, `searched` with the least of
    these and both together. `flags` and `decisions` make that one.
    """

    module: str
    project: str
    split: str
    default: int
    constant: int
    threshold: int
    value: int | None
    flipped: int
    searched: int
    flags: tuple[str, ...]
    decisions: tuple[SiteDecision, ...]
    tried: int
    helped: int

    @property
    def table(self) -> str:
        return replay.text(self.decisions)


@dataclass(frozen=True)
class Improvement:
    """A search: the constant that the training modules chose, and each module's result."""

    constant: int | None
    modules: tuple[Searched, ...]
    compiled: int

    def total(self, column: str) -> int:
        return sum(int(getattr(module, column)) for module in self.modules)

    def write(self, folder: Path) -> None:
        """The result, and a table for each module whose calls are decided otherwise."""
        record = {"constant": self.constant, "modules": [asdict(m) for m in self.modules]}
        with disk_errors(folder):
            write_whole(folder / RESULT, json.dumps(record, indent=1) + "\n")
            for module in self.modules:
                path = folder / "tables" / f"{module.module}.replay"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.unlink(missing_ok=True)
                if module.decisions:
                    write_whole(path, module.table)


def improve(
    traced: Traced, ledger: Ledger, split: Split | None, most: int, jobs: int | None,
    amount: Callable[[str, int], Callable[[float], None]],
) -> Improvement:  # fmt: skip
    """Search the modules of a split, or all; up to `most` calls a module."""
    learned = traced.modules(Split.train)
    wanted = traced.modules(*(tuple(Split) if split is None else (split,)))
    swept: dict[str, dict[int | None, int]] = {}

    def sweep(module: Module) -> None:
        swept[module.name] = thresholds.sweep_module(ledger, module)

    both = list({module.name: module for module in (*learned, *wanted)}.values())
    each(both, sweep, jobs, amount("thresholds", len(both)))
    known = Sweep(swept)
    constant = known.best_constant(learned) if learned else None
    rows = traced.rows(wanted)
    found: dict[str, Searched] = {}

    def search(module: Module) -> None:
        listed, value = rows[module.name], known.best(module)
        flipped = flips.search(ledger, module, listed, most)
        both = flipped
        if value is not None:
            start = known.text[module.name][value]
            both = flips.search(ledger, module, listed, most, value, start)
        found[module.name] = _together(module, known, constant, flipped, both)

    each(wanted, search, jobs, amount("calls", len(wanted)))
    listed = tuple(found[module.name] for module in wanted)
    return Improvement(constant, listed, ledger.compiled)


def _together(
    module: Module, known: Sweep, constant: int | None, flipped: flips.Flips, both: flips.Flips
) -> Searched:
    sizes = known.text[module.name]
    value = known.best(module)
    ways: list[tuple[int, tuple[str, ...], tuple[SiteDecision, ...]]] = [
        (module.text, (), ()),
        (sizes[value], thresholds.trial(value).flags, ()),
        (flipped.text, flipped.base, flipped.decisions),
        (both.text, both.base, both.decisions),
    ]
    best = min(ways, key=lambda way: way[0])
    return Searched(
        module.name,
        module.project,
        module.split.value,
        module.text,
        sizes.get(constant, module.text),
        sizes[value],
        value,
        flipped.text,
        best[0],
        best[1],
        best[2],
        flipped.tried + (both.tried if both is not flipped else 0),
        flipped.helped + (both.helped if both is not flipped else 0),
    )


def shown(improvement: Improvement) -> Sequence[dict[str, object]]:
    """A row for all modules together, and one a project."""
    projects = sorted({module.project for module in improvement.modules})
    rows = []
    for project in (*projects, None):
        modules = [m for m in improvement.modules if project in (m.project, None)]
        row: dict[str, object] = {"project": project or "all", "modules": len(modules)}
        default = sum(m.default for m in modules)
        row["default"] = default
        for column in ("constant", "threshold", "flipped", "searched"):
            total = sum(int(getattr(m, column)) for m in modules)
            row[column] = total / default - 1 if default else None
        row["smaller"] = sum(m.searched < m.default for m in modules)
        rows.append(row)
    return rows
