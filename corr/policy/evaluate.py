"""How good a policy is on modules that nothing was learned from, beside its honest alternatives."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from collectors.base.errors import UsageError
from collectors.decisions.replay import SiteDecision
from corr.policy.corpus import Module
from corr.policy.evolve import policy_trial
from corr.policy.improve import RESULT, STOPPED, UNTRIED
from corr.policy.ledger import Ledger
from corr.policy.modules import pool
from corr.policy.policies import Policy

_T = TypeVar("_T")
_DRAWS = 2000
#: What a search leaves of each module, as the columns are called.
COLUMNS = {
    "constant": "one threshold for all, chosen on training modules",
    "threshold": "each module's best threshold",
    "flipped": "single calls decided otherwise",
    "searched": "the least of all these",
}


@dataclass(frozen=True)
class Way:
    """A way to build the modules: their code over the default's less one, with an interval.

    The interval holds 95 % of what other modules like these would have given (bootstrap over
    modules). `mean` is the geometric mean of the modules' ratios, less one: every module counts the
    same, however large. `larger` counts the modules that it makes larger. Where no module was
    compared there are no numbers, and `what` says why.
    """

    name: str
    what: str
    modules: int
    change: float | None
    low: float | None
    high: float | None
    mean: float | None
    smaller: int
    larger: int
    failed: int = 0


def compared(name: str, what: str, pairs: Sequence[tuple[int, int | None]]) -> Way:
    """A way from (default's bytes, its bytes or None) of each module; failures are left out."""
    good = [(before, after) for before, after in pairs if after is not None]
    if not good:
        raise UsageError(f"{name}: no module compiled")
    before, after = (np.array(side, np.float64) for side in zip(*good, strict=True))
    draws = np.random.default_rng(0).integers(0, len(good), (_DRAWS, len(good)))
    ratios = after[draws].sum(1) / before[draws].sum(1) - 1
    low, high = np.quantile(ratios, [0.025, 0.975])
    return Way(
        name,
        what,
        len(good),
        float(after.sum() / before.sum() - 1),
        float(low),
        float(high),
        float(np.exp(np.log(after / before).mean()) - 1),
        int((after < before).sum()),
        int((after > before).sum()),
        len(pairs) - len(good),
    )


def decided_by_search(folder: Path) -> dict[str, list[SiteDecision]]:
    """The calls of each module that a search decided otherwise; empty where there was none."""
    return _of_search(folder, lambda m: [SiteDecision(**site) for site in m["decisions"]])


def searched(folder: Path) -> dict[str, Mapping[str, int | None]]:
    """Bytes of each module by column, as a search left them; empty where there was none.

    None is what nothing was compared for.
    """
    return _of_search(folder, lambda m: {column: _bytes(m[column]) for column in COLUMNS})


def _bytes(value: Any) -> int | None:
    return None if value is None else int(value)


def _stopped(folder: Path) -> dict[str, Sequence[str]]:
    """The columns of each module that a search's budget did not last for."""
    return _of_search(folder, lambda m: [str(column) for column in m.get("stopped", ())])


def _of_search(folder: Path, read: Callable[[Any], _T]) -> dict[str, _T]:
    """What is read of each module that a search left, by its name."""
    path = folder / RESULT
    if not path.exists():
        return {}
    try:
        record = json.loads(path.read_bytes())
        return {str(m["module"]): read(m) for m in record["modules"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "run corr policy improve") from error


def evaluate(
    modules: Sequence[Module], policies: Mapping[str, Policy], ledger: Ledger, folder: Path,
    jobs: int | None, done: Callable[[float], None],
) -> tuple[list[Way], dict[str, dict[str, int | None]]]:  # fmt: skip
    """The ways side by side, and each module's bytes by way."""
    found, stopped = searched(folder), _stopped(folder)
    text: dict[str, dict[str, int | None]] = {
        module.name: {"default": module.text, **found.get(module.name, {})} for module in modules
    }
    with pool(jobs) as workers:
        number = 0
        for name, policy in policies.items():
            trial = policy_trial(policy)
            results = workers.map(lambda module, t=trial: ledger.text(module, t), modules)
            for module, size in zip(modules, results, strict=True):
                text[module.name][name] = size
                number += 1
                done(number)
    ways = [compared("default", "LLVM's own heuristic", [(m.text, m.text) for m in modules])]
    for name, what in COLUMNS.items():
        known = [(m.text, text[m.name].get(name)) for m in modules]
        pairs = [pair for pair in known if pair[1] is not None]
        cut = any(name in stopped.get(m.name, ()) for m in modules)
        if pairs:
            few = f"; {len(pairs)} of {len(modules)} modules" * (len(pairs) < len(modules))
            why = ", stopped by its budget" * cut
            ways.append(compared(name, f"{what}{few}{why}", pairs))
        elif any(m.name in found for m in modules):
            ways.append(_not_compared(name, STOPPED if cut else UNTRIED))
    ways += [compared(n, "policy", [(m.text, text[m.name][n]) for m in modules]) for n in policies]
    return ways, text


def _not_compared(name: str, why: str) -> Way:
    return Way(name, why, 0, None, None, None, None, 0, 0)
