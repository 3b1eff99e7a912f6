"""How long a program is broken: until a wrong result was seen, and crashes are none."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from corr.optimize.mutants import trials
from corr.optimize.mutants.ledger import Fate, Ledger, Mutant
from corr.optimize.mutants.nests import Nest
from corr.optimize.mutants.trials import Prepared, Trials

NEST = Nest("run/1", "run", "vm.c", "1", "vm.c:8", 0.9)


class Scripted(Trials):
    """Mutants that end as was written down, a kind each; each takes a second of the clock."""

    def __init__(self, fates: Sequence[Fate]) -> None:
        self.fates = iter(fates)
        self.verifier: Any = SimpleNamespace(compared=True)

    def _prepared(self, nest: Nest) -> Prepared:
        module: Any = SimpleNamespace(large=False, unit=SimpleNamespace(source=Path("vm.c")))
        plain: Any = None
        return Prepared(nest, module, [], plain)

    def _of_kind(self, item: Prepared, name: str) -> None:
        item.mutants.append(Mutant(name, None, "", next(self.fates)))

    def _bury(self, item: Prepared, late: object) -> None:
        """There is nothing to bury."""


def ledger(monkeypatch: pytest.MonkeyPatch, *fates: Fate, seconds: float) -> Ledger:
    ticks = count(0.0, 1.0)
    monkeypatch.setattr(trials.time, "monotonic", lambda: next(ticks))
    return Scripted([*fates, *[Fate.survived] * 9]).run([NEST], seconds)


def test_crashes_are_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that is broken crashes most of the time."""
    fates = (Fate.crashed, Fate.survived, Fate.hung, Fate.crashed, Fate.caught)
    found = ledger(monkeypatch, *fates, seconds=3.0)
    assert found.broken[0].seen and found.tried == len(fates)


def test_once_a_wrong_result_was_seen_the_time_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ledger(monkeypatch, Fate.caught, Fate.crashed, seconds=3.0)
    assert 2 <= found.tried <= 5 and found.cut


def test_it_ends_where_nothing_is_ever_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ledger(monkeypatch, *[Fate.crashed] * 9, seconds=0.4)
    assert not found.broken[0].seen and found.tried <= 4
