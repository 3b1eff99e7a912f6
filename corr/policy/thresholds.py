"""The honest alternative: LLVM's own heuristic with another constant, `-inline-threshold`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corr.policy.corpus import Module
from corr.policy.ledger import Ledger, Trial

#: None is the default. What pays for size lies below 50, what pays for time above.
VALUES = (-50, 0, 10, 20, 40, 75, 150, 225)


def trial(value: int | None) -> Trial:
    flags = () if value is None else ("-mllvm", f"-inline-threshold={value}")
    return Trial(flags=flags)


@dataclass(frozen=True)
class Sweep:
    """Bytes of code of each module at each threshold; None among the values is the default.

    A value at which a module did not compile, or for which the budget did not last, is not there;
    modules for which it did not last are `stopped`.
    """

    text: Mapping[str, Mapping[int | None, int]]
    stopped: frozenset[str] = frozenset()

    def compared(self, module: Module) -> bool:
        """Another threshold than the default was tried."""
        return len(self.text.get(module.name, {})) > 1

    def best(self, module: Module) -> int | None:
        """The threshold with the least code for one module; the default where it is as good."""
        found = self.text[module.name]
        return min(found, key=lambda value: (found[value], value is not None, value or 0))

    def best_constant(self, modules: Sequence[Module]) -> int | None:
        """The one threshold with the least code over these modules."""
        totals = {}
        for value in (None, *VALUES):
            sizes = [self.text.get(module.name, {}).get(value) for module in modules]
            if sizes and None not in sizes:
                totals[value] = sum(size for size in sizes if size is not None)
        return min(totals, key=lambda v: (totals[v], v is not None), default=None)


def every_value_known(ledger: Ledger, module: Module) -> bool:
    """No threshold is left that the budget did not last for."""
    return all(ledger.known(module, trial(value)) for value in VALUES)


def sweep_module(ledger: Ledger, module: Module) -> dict[int | None, int]:
    """Try every threshold on a module."""
    found: dict[int | None, int] = {None: module.text}
    for value in VALUES:
        text = ledger.text(module, trial(value))
        if text is not None:
            found[value] = text
    return found
