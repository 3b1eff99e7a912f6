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
#: What a search leaves of each module.
COLUMNS = ("constant", "threshold", "flipped", "searched")
STOPPED, UNTRIED = "stopped by its budget; not compared", "not tried; not compared"


@dataclass(frozen=True)
class Searched:
    """Bytes of a module's code by what was tried, and the best found.

    `constant` is with the one threshold for all, `threshold` with the module's own best (`value`,
    None the default), `flipped` with single calls decided otherwise, `searched` with the least of
    these and both together. `flags` and `decisions` make that one. None is what nothing was tried
    for; `stopped` names the columns that the budget did not last for, so far as they are.
    """

    module: str
    project: str
    split: str
    default: int
    constant: int | None
    threshold: int | None
    value: int | None
    flipped: int | None
    searched: int | None
    flags: tuple[str, ...]
    decisions: tuple[SiteDecision, ...]
    tried: int
    helped: int
    stopped: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        return replay.text(self.decisions)


@dataclass(frozen=True)
class Improvement:
    """A search: the constant that the training modules chose, and each module's result.

    `chosen` says by what: a threshold, or why there is none.
    """

    constant: int | None
    modules: tuple[Searched, ...]
    compiled: int
    chosen: str = ""

    def write(self, folder: Path) -> None:
        """The result, and a table for each module whose calls are decided otherwise."""
        record = {
            "constant": self.constant,
            "chosen": self.chosen,
            "modules": [asdict(m) for m in self.modules],
        }
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
    stopped = {m.name for m in both if not thresholds.every_value_known(ledger, m)}
    known = Sweep(swept, frozenset(stopped))
    constant = Constant.of(known, learned)
    rows = traced.rows(wanted)
    found: dict[str, Searched] = {}

    def search(module: Module) -> None:
        listed, value = rows[module.name], known.best(module)
        flipped = flips.search(ledger, module, listed, most)
        both = flipped
        if value is not None:
            start = known.text[module.name][value]
            both = flips.search(ledger, module, listed, most, value, start)
        found[module.name] = _together(module, known, constant, most, flipped, both)

    each(wanted, search, jobs, amount("calls", len(wanted)))
    listed = tuple(found[module.name] for module in wanted)
    return Improvement(constant.value, listed, ledger.compiled, constant.words)


@dataclass(frozen=True)
class Constant:
    """The one threshold for all (None: the default), in words how it came about.

    `compared`: every value was tried on every training module, so that it was chosen at all.
    """

    value: int | None
    words: str
    compared: bool

    @classmethod
    def of(cls, known: Sweep, learned: Sequence[Module]) -> Constant:
        if not learned:
            return cls(None, "none: there is no training module to choose it", False)
        if known.stopped & {module.name for module in learned}:
            return cls(None, STOPPED, False)
        value = known.best_constant(learned)
        flag = "the default" if value is None else f"-inline-threshold={value}"
        return cls(value, f"{flag}, chosen on the training modules", True)


def _together(
    module: Module, known: Sweep, constant: Constant, most: int, flipped: flips.Flips,
    both: flips.Flips,
) -> Searched:  # fmt: skip
    sizes = known.text[module.name]
    value = known.best(module)
    swept = known.compared(module)
    turned = flipped.tried > 0 or (most > 0 and not flipped.stopped)
    common = sizes.get(constant.value) if constant.compared else None
    ways: list[tuple[int, tuple[str, ...], tuple[SiteDecision, ...]]] = [
        (module.text, (), ()),
        (sizes[value], thresholds.trial(value).flags, ()),
        (flipped.text, flipped.base, flipped.decisions),
        (both.text, both.base, both.decisions),
    ]
    best = min(ways, key=lambda way: way[0])
    cut = {
        "constant": common is None and (module.name in known.stopped or constant.words == STOPPED),
        "threshold": module.name in known.stopped,
        "flipped": flipped.stopped,
        "searched": module.name in known.stopped or flipped.stopped or both.stopped,
    }
    return Searched(
        module.name,
        module.project,
        module.split.value,
        module.text,
        common,
        sizes[value] if swept else None,
        value,
        flipped.text if turned else None,
        best[0] if swept or turned else None,
        best[1],
        best[2],
        flipped.tried + (both.tried if both is not flipped else 0),
        flipped.helped + (both.helped if both is not flipped else 0),
        tuple(name for name, stopped in cut.items() if stopped),
    )


def shown(improvement: Improvement) -> Sequence[dict[str, object]]:
    """A row for all modules together, and one a project: code over the default's, less one.

    Each is of the modules that were compared; None where none was.
    """
    projects = sorted({module.project for module in improvement.modules})
    rows = []
    for project in (*projects, None):
        modules = [m for m in improvement.modules if project in (m.project, None)]
        row: dict[str, object] = {"project": project or "all", "modules": len(modules)}
        row["default"] = sum(m.default for m in modules)
        for column in COLUMNS:
            pairs = [(m.default, getattr(m, column)) for m in modules]
            known = [(default, text) for default, text in pairs if text is not None]
            before = sum(default for default, _ in known)
            row[column] = sum(text for _, text in known) / before - 1 if before else None
        row["smaller"] = sum(m.searched is not None and m.searched < m.default for m in modules)
        rows.append(row)
    return rows


def cut_short(improvement: Improvement) -> list[str]:
    """What the budget did not last for, in words, a column each."""
    told = []
    for column in COLUMNS:
        compared = sum(getattr(m, column) is not None for m in improvement.modules)
        stopped = sum(column in m.stopped for m in improvement.modules)
        if stopped and not compared:
            told.append(f"{column}: {STOPPED}")
        elif stopped:
            told.append(
                f"{column}: stopped by its budget in {stopped} of {len(improvement.modules)}"
                f" modules, compared in {compared} so far"
            )
    return told
