"""Which of the broken nests a variant changes, and whether the check sees what they compute."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

from corr.optimize.moves.ir_function import IrFunction
from corr.optimize.moves.schedule import Schedule
from corr.optimize.mutants import unreached
from corr.optimize.mutants.ledger import REMEDY, Broken, Extent, Ledger, told
from corr.optimize.polly.clang import function_of
from corr.optimize.variant import Variant

#: Lines of a change that are compared one by one; a larger one changes all between its ends.
_COMPARED = 4000


def refusal(ledger: Ledger, original: Variant, variant: Variant) -> str:
    """Why a variant is not accepted, whatever its outputs are; empty if there is no reason.

    Each nest that it changes must be one where the check found something wrong at least once. A
    change of the whole program, by flags, touches every nest, and is legal by construction: there
    it is enough that the check can fail at all.
    """
    if not ledger.tried:
        return f"no mutant could be made to show that the check can fail: {REMEDY}"
    blind = [broken for broken in touched(ledger, original, variant) if broken.unseen]
    if blind:
        return f"{told(blind[0])}: {REMEDY}"
    if not any(broken.seen for broken in ledger.broken):
        return f"{ledger.words()}: {REMEDY}"
    return unreached.left_out(ledger.exits, variant)


def words(ledger: Ledger, original: Variant, variant: Variant) -> str:
    """What the mutants of the nests that a variant changes say of its check."""
    some = [broken for broken in touched(ledger, original, variant) if broken.tried]
    if not some:
        return ledger.words()
    caught, tried = sum(b.caught for b in some), sum(b.tried for b in some)
    return f"{ledger.what}: {caught} of {tried} mutants caught"


def touched(ledger: Ledger, original: Variant, variant: Variant) -> list[Broken]:
    """The broken nests in functions that a variant changes; flags change none in particular."""
    return [broken for broken in ledger.broken if _changes(original, variant, broken)]


def _changes(original: Variant, variant: Variant, broken: Broken) -> bool:
    return any(
        _written(original, variant, extent)
        or any(_named(variant, broken, extent, function) for function in _functions(variant))
        for extent in broken.code
    )


def _written(original: Variant, variant: Variant, extent: Extent) -> bool:
    """A changed line lies in the function, or a macro has changed."""
    path = Path(extent.file)
    if path not in variant.texts:
        return False
    before = original.text(path).splitlines()
    after = variant.texts[path].splitlines()
    for start, end, lines in _hunks(before, after):
        if start <= extent.last and extent.first <= end:
            return True
        if any(line.lstrip().startswith("#define") for line in lines):
            return True
    return False


def _hunks(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, Sequence[str]]]:
    """The changed lines of a text: first and last, from 1, and what stands there now and before.

    Where lines are put in between two, these two count.
    """
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    a, b = before[start : len(before) - end], after[start : len(after) - end]
    if max(len(a), len(b)) > _COMPARED:
        yield start, start + len(a) + 1, [*a, *b]
        return
    for tag, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag != "equal":
            more = 0 if j > i else 1
            yield start + i + 1 - more, start + j + more, [*a[i:j], *b[k:m]]


def _functions(variant: Variant) -> Iterator[tuple[str, str]]:
    """Unit and linkage name of each function whose IR or schedule the variant's moves change."""
    for move in variant.moves:
        if isinstance(move, IrFunction):
            yield move.unit, move.function
        elif isinstance(move, Schedule):
            yield move.unit, function_of(move.scop)


def _named(variant: Variant, broken: Broken, extent: Extent, changed: tuple[str, str]) -> bool:
    """It is this function, or one that has taken it in: it has no code of its own there."""
    name, function = changed
    if function == extent.function:
        return True
    unit = variant.unit_named(name)
    module = variant.ir.get(unit.source)
    return broken.unit == unit.source and (module is None or not _defines(module, extent.function))


def _defines(module: str, function: str) -> bool:
    names = (f"@{function}(", f'@"{function}"(')
    return any(
        name in line for line in module.splitlines() if line.startswith("define ") for name in names
    )
