"""What came of breaking a program: how much its check sees, and of which nests it sees nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from corr.console.short_names import short_name
from corr.optimize.mutants.nests import Nest
from corr.optimize.mutants.unreached import Exits

#: What helps where a check does not see what a nest computes.
REMEDY = (
    "let the program put its result out, name the file that holds it (--result FILE) or an input "
    "that reaches the loop (--input), or say what is right with --check CMD; --allow-unchecked "
    "goes on without"
)


class Fate(StrEnum):
    """How a mutant ended."""

    caught = "caught"
    crashed = "crashed"
    hung = "hung"
    survived = "survived"
    equivalent = "equivalent"
    dead = "dead"
    not_built = "not built"

    @property
    def counts(self) -> bool:
        """It was another program, was run, and changed something that matters to it."""
        return self not in (Fate.equivalent, Fate.dead, Fate.not_built)

    @property
    def refuted(self) -> bool:
        return self in (Fate.caught, Fate.crashed, Fate.hung)


@dataclass(frozen=True)
class Mutant:
    """One broken program. `by` is what refuted it: an input, or `command`."""

    kind: str
    place: tuple[str, int] | None
    says: str
    fate: Fate
    by: str = ""
    detail: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Extent:
    """A function by its linkage name, and its first and last line in a source file."""

    function: str
    file: str
    first: int
    last: int


@dataclass(frozen=True)
class Broken:
    """A nest and its mutants, in a unit by its source.

    `code` is the function that holds it, and those that it calls, as far as they were broken too.
    """

    nest: Nest
    unit: Path
    code: tuple[Extent, ...]
    mutants: tuple[Mutant, ...] = ()

    @property
    def tried(self) -> int:
        return sum(m.fate.counts for m in self.mutants)

    @property
    def caught(self) -> int:
        """How many were refuted. Where no output was ever wrong, crashes are no evidence."""
        return sum(m.fate.refuted for m in self.mutants) if self.seen else 0

    @property
    def seen(self) -> bool:
        """A wrong result of the nest was seen by the check."""
        return any(m.fate == Fate.caught for m in self.mutants)

    @property
    def unseen(self) -> bool:
        """It was broken, and the check took every wrong result for right.

        Also where all that was changed is dead in what is run: who knows what else would be.
        """
        wrong = any(m.fate.counts or m.fate == Fate.dead for m in self.mutants)
        return wrong and not self.seen

    @property
    def crashed(self) -> int:
        return sum(m.fate in (Fate.crashed, Fate.hung) for m in self.mutants)


@dataclass(frozen=True)
class Ledger:
    """All that was broken; `seconds` it took, perhaps `cut` short; why other nests were not.

    `what` is judged by: the outputs, or the user's own command. `exits` are where no run came,
    `never` functions that none came to.
    """

    broken: tuple[Broken, ...] = ()
    seconds: float = 0.0
    cut: bool = False
    reasons: Mapping[str, str] = field(default_factory=dict)
    what: str = "outputs"
    exits: Exits = field(default_factory=dict)
    never: Exits = field(default_factory=dict)

    @property
    def tried(self) -> int:
        return sum(b.tried for b in self.broken)

    @property
    def caught(self) -> int:
        return sum(b.caught for b in self.broken)

    def words(self) -> str:
        """The ledger in a line."""
        if not self.tried:
            return f"{self.what}: no mutant could be made"
        return f"{self.what}: {self.caught} of {self.tried} mutants caught"

    def lines(self) -> list[str]:
        """The ledger for a reader: the whole, then each nest whose mutants were not all caught."""
        cut = ", as far as the time allowed" if self.cut else ""
        found = [f"{self.words()} in {self.seconds:.1f} s{cut}"]
        found += [f"  {told(b)}" for b in self.broken if b.caught < b.tried]
        found += [f"  {short_name(key)} was not broken: {why}" for key, why in self.reasons.items()]
        return found

    def per_nest(self) -> list[str]:
        """A line for each nest that was broken, whoever wants to change it."""
        return [told(broken) for broken in self.broken if broken.tried]


def told(broken: Broken) -> str:
    """One nest in words, with the mutants that were not caught."""
    nest = broken.nest
    if not broken.tried:
        return f"{named(nest)}: no mutant could be made"
    missed = [m for m in broken.mutants if m.fate == Fate.survived]
    crashed = f" ({broken.crashed} crashed, which says nothing)" if not broken.seen else ""
    missing = "; not caught: " + ", ".join(_at(m) for m in missed) if missed else ""
    return (
        f"{named(nest)} ({nest.place}): {broken.caught} of {broken.tried} mutants caught"
        f"{crashed if broken.crashed else ''}{missing}"
    )


def named(nest: Nest) -> str:
    """The name of a nest as one says it: `each/1`."""
    if nest.root is None:
        return short_name(nest.key)
    stem, _, position = nest.key.rpartition("/")
    return f"{short_name(stem)}/{position}"


def _at(mutant: Mutant) -> str:
    return f"{mutant.kind} (line {mutant.place[1]})" if mutant.place else mutant.kind
