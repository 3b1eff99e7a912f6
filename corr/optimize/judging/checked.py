"""What was checked of a variant, and what that amounts to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from corr.optimize.guarantee import Guarantee
from corr.optimize.judging.outputs import TOLERANCE
from corr.optimize.moves.ir_function import IrFunction
from corr.optimize.proposal import Outcome
from corr.optimize.variant import Variant

#: The kinds of move that are legal by construction or proved so by Polly.
LEGAL = frozenset({"flags", "schedule", "profile", "lto", "layout", "environment"})
#: What is said of a variant besides its outputs.
DIGITS = "all digits"
MORE = ("sanitizer", DIGITS, "command")


@dataclass(frozen=True)
class Check:
    """One row of `checks`."""

    kind: str
    input: str
    held_out: bool
    ok: bool
    tolerance: str
    max_error: float | None
    detail: str = ""

    def row(self) -> dict[str, Any]:
        return dict(self.__dict__)


@dataclass(frozen=True)
class Checked:
    """All checks of a variant and what they amount to; `outcome` is set when one failed."""

    checks: tuple[Check, ...]
    outcome: Outcome | None
    detail: str
    guarantee: Guarantee
    basis: str

    @property
    def exact(self) -> bool | None:
        """The outputs are those of the plain original bit for bit; None if none was compared."""
        errors = [check.max_error for check in self.checks if check.kind == "output"]
        return all(error == 0 for error in errors) if errors else None


def amounts_to(
    variant: Variant, checks: list[Check], proof: str, tolerance: float | None, doubt: str
) -> tuple[Guarantee, str]:
    """The guarantee that checks which all passed give, and what it rests on."""
    outputs = [c for c in checks if c.kind == "output"]
    labels = dict.fromkeys(c.input for c in outputs)
    held = dict.fromkeys(c.input for c in outputs if c.held_out)
    extra = list(dict.fromkeys(c.kind for c in checks if c.kind in MORE))
    passed = f"{', '.join(extra)} passed" if extra else ""
    if doubt:
        return Guarantee.tested, f"own command passed; {doubt}"
    exact = all(c.tolerance == "exact" or not c.max_error for c in outputs)
    how = "equal bits" if exact else f"within {TOLERANCE:g}"
    if tolerance is None and not exact:
        how = "equal bits to the original with the same -march; "
        how += f"within {TOLERANCE:g} of it without"
    some = f"{len(labels)} inputs, {len(held)} of them held out, {how}"
    if len(labels) < 2:
        some = f"one input only, {how}"
    parts = [proof, _proved_ir(checks), some, passed]
    basis = "; ".join(part for part in parts if part)
    kinds = {move.kind for move in variant.moves}
    if kinds <= LEGAL | {"ir"} and (proof or "ir" in kinds):
        proofs = [c for c in checks if c.kind == "proof"]
        ir = {(m.unit, m.function) for m in variant.moves if isinstance(m, IrFunction)}
        shown = [c for c in proofs if c.detail.startswith(Guarantee.proved)]
        if len(shown) == len(ir) and ("schedule" not in kinds or proof):
            return Guarantee.proved, basis
    return (Guarantee.replayed if len(labels) < 2 else Guarantee.tested), basis


def _proved_ir(checks: list[Check]) -> str:
    return "; ".join(f"{c.input} {c.detail}" for c in checks if c.kind == "proof")
