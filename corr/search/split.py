"""Which cases no recommendation is fitted to: a share of each stratum, the same ones each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256

from collectors.base.errors import UsageError
from corr.search.cases import Case
from corr.search.study import Prove

TUNING, HELD_OUT = "tuning", "held-out"


def parts(
    cases: Sequence[Case], prove: Prove, classes: str = "", same: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The part of each case, by its name.

    Cases are ordered by the feature `prove.by`, or the first that all have, within each class, and
    of each stretch of them the share is drawn by a hash of the name: whoever adds cases changes
    little. With `whole` all cases of one value are drawn together, so that whole sizes are unseen.
    Cases that are the same command, as `same` has it by their names, are drawn together, too.
    Raises UsageError.
    """
    together: dict[str, list[Case]] = {}
    for case in cases:
        together.setdefault(same[case.name] if same else case.name, []).append(case)
    strata: dict[str, list[list[Case]]] = {}
    for twins in together.values():
        twins.sort(key=lambda case: case.name)
        strata.setdefault(class_of(twins[0], classes), []).append(twins)
    found: dict[str, str] = {}
    for stratum in strata.values():
        by = prove.by or _first_feature([twins[0] for twins in stratum])
        for unit, held in _drawn(_units(stratum, by, whole=prove.whole), prove.held_out):
            found |= {case.name: HELD_OUT if held else TUNING for case in unit}
    return found


def class_of(case: Case, classes: str) -> str:
    """The class of a case: what a label, or a feature, of it says. Raises UsageError."""
    if not classes:
        return ""
    if classes in case.labels:
        return case.labels[classes]
    if classes in case.features:
        return f"{case.features[classes]:g}"
    raise UsageError(f"{case.name} has no {classes!r} to make classes by")


def _first_feature(cases: Sequence[Case]) -> str:
    found = (n for n in cases[0].features if all(n in case.features for case in cases))
    return next(found, "")


def _units(stratum: Sequence[list[Case]], by: str, *, whole: bool) -> list[list[Case]]:
    """Cases in the order of the feature, those that are drawn together in one list."""
    order = _order(by)
    listed = sorted(stratum, key=lambda twins: (order(twins[0]), twins[0].name))
    if not (whole and by):
        return listed
    units: dict[int, list[Case]] = {}
    at: dict[float, int] = {}  # the unit with each value
    for number, twins in enumerate(listed):
        values = {case.features[by] for case in twins if by in case.features}
        first, *others = sorted({at[value] for value in values if value in at}) or [number]
        unit = units.setdefault(first, [])
        for joined in [twins, *(units.pop(other) for other in others)]:
            unit += joined
            at |= {case.features[by]: first for case in joined if by in case.features}
    return list(units.values())


def _order(feature: str) -> Callable[[Case], float]:
    def value(case: Case) -> float:
        if not feature:
            return 0.0
        if feature not in case.features:
            raise UsageError(f"{case.name} has no feature {feature!r} to split by")
        return case.features[feature]

    return value


def _drawn(units: Sequence[list[Case]], share: float) -> list[tuple[list[Case], bool]]:
    """Of each stretch of units that holds one to be drawn, the one whose hash is smallest."""
    found: list[tuple[list[Case], bool]] = []
    stretch: list[list[Case]] = []
    owed = 0.0
    for unit in units:
        stretch.append(unit)
        owed += share
        if owed >= 1 - 1e-9:
            owed -= 1
            found += _with_one(stretch)
            stretch = []
    # the rest is drawn from by its chance
    if stretch and _hash(stretch[0][0].name) < owed:
        found += _with_one(stretch)
    else:
        found += [(unit, False) for unit in stretch]
    return found


def _with_one(stretch: Sequence[list[Case]]) -> list[tuple[list[Case], bool]]:
    drawn = min(stretch, key=lambda unit: _hash(unit[0].name))
    return [(unit, unit is drawn) for unit in stretch]


def _hash(name: str) -> float:
    """A number in [0, 1) that hangs on the name alone."""
    return int.from_bytes(sha256(name.encode("utf-8", "replace")).digest()[:6], "big") / (1 << 48)
