"""Under which flags source moves are tried: the fastest of those that were found right."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from corr.optimize.proposal import Trial

#: Keeps multiplications and additions apart, which a processor could do in one step, rounded once.
APART = "-ffp-contract=off"
#: So many proposals in turn that are refuted under the same flags, for the same reason, or slower
#: under them than under their twin, speak against the flags.
PATIENCE = 2
#: Time over the original's from which flags hurt, and moves are tried under the program's own: less
#: is noise, or what wider vectors give back once there is a loop for them.
HURTS = 1.1
_NUMBER = re.compile(r"[-+]?\d[\w.+-]*")

Flags = tuple[str, ...]


@dataclass(frozen=True)
class _Known:
    """Flags that were right: their time over the original's, and whether they round otherwise."""

    time: float
    exact: bool | None


@dataclass
class FlagBases:
    """Flags that were tried by themselves, and how source moves did under them.

    Flags that were refuted or do not build are none of them. Without any, moves are tried under
    the program's own flags.
    """

    known: dict[Flags, _Known] = field(default_factory=dict)
    left: set[Flags] = field(default_factory=set)
    preferred: Flags | None = None
    #: flags that alone make the program clearly slower: a move is tried under them once
    hurting: set[Flags] = field(default_factory=set)
    _worse: dict[Flags, int] = field(default_factory=dict)
    _refusals: dict[Flags, list[str]] = field(default_factory=dict)

    def alone(self, flags: Flags, trial: Trial, time: float | None) -> None:
        """Note what came of flags by themselves; `time` is over that of the original."""
        if time is not None and trial.outcome.measured:
            self.known[flags] = _Known(time, trial.exact)

    @property
    def current(self) -> Flags:
        """The flags to try moves under: what did best with moves, else what is fastest alone."""
        if self.preferred is not None and self.preferred not in self.left:
            return self.preferred
        best = min(self._open, key=lambda flags: self.known[flags].time, default=())
        return () if best and self.known[best].time > HURTS else best

    @property
    def _open(self) -> list[Flags]:
        return [flags for flags in self.known if flags not in self.left]

    def twin(self, flags: Flags, *, won: bool = True) -> Flags | None:
        """The same flags with multiplications and additions apart, or fused; None if that is none.

        There is none where fusing changes no result: then it is left to the compiler. One that
        hurts by itself is for a move that `won` only.
        """
        other = tuple(f for f in flags if f != APART) if APART in flags else (*flags, APART)
        if other in self.hurting:
            return other if won else None
        if self._worse.get(other, 0) >= PATIENCE:
            return None
        fused = flags if APART not in flags else other
        if (
            other not in self._open
            or fused not in self.known
            or self.known[fused].exact is not False
        ):
            return None
        return other

    def again(self, flags: Flags, *, won: bool, worse: bool) -> None:
        """Note what came of a move under its twin: one that is `worse` each time is none any more.

        Flags that hurt by themselves are left with the first move that they do not win with.
        """
        self._worse[flags] = self._worse.get(flags, 0) + 1 if worse else 0
        if not won:
            self.hurting.discard(flags)

    def tried(self, flags: Flags, trial: Trial) -> None:
        """Note what came of a move under flags: flags under which all are refuted are left."""
        if not trial.outcome.refuted:
            if trial.outcome.measured:
                self._refusals.pop(flags, None)
            return
        reasons = self._refusals.setdefault(flags, [])
        reasons.append(_reason(trial))
        if len(reasons) >= PATIENCE and len(set(reasons[-PATIENCE:])) == 1:
            self.left.add(flags)


def _reason(trial: Trial) -> str:
    """Why it was refuted, without the numbers, which differ each time."""
    return f"{trial.outcome}: {_NUMBER.sub('#', trial.detail)}"
