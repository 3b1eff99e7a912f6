"""Decide single calls otherwise than LLVM does, and keep what makes the code smaller.

Each candidate is a table of differences that a plain clang replays: a call, or all calls of one
function in the module, decided the other way. They are tried one by one; those that help are
then put together, the best first, each kept only if the whole becomes smaller by it. So what is
kept never is larger than what the search began with, and is already in the form that is used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collectors.decisions import replay
from collectors.decisions.replay import SiteDecision
from corr.policy import thresholds
from corr.policy.corpus import Module
from corr.policy.ledger import Ledger, Trial

#: A call whose inlining is thought to cost this much is hardly worth a try for size.
_FAR = 400


@dataclass(frozen=True)
class Flips:
    """What was kept of a module: its decisions, and bytes of code with them.

    `tried` counts candidates, `helped` those that helped by themselves; `stopped`: the budget did
    not last for all.
    """

    base: tuple[str, ...]
    decisions: tuple[SiteDecision, ...]
    text: int
    tried: int
    helped: int
    stopped: bool = False

    @property
    def table(self) -> str:
        return replay.text(self.decisions)


Candidate = tuple[SiteDecision, ...]


def candidates(rows: Sequence[Mapping[str, Any]], threshold: int | None = None) -> list[Candidate]:
    """What may be decided otherwise, by the rows of `decisions` of one module, likely gains first.

    With a `threshold` it is what that one decides that is turned round, as far as costs tell.
    Calls without a chain, or with a name that cannot be written down, are not among them.
    """
    sites: dict[tuple[str, str], SiteDecision] = {}
    cost: dict[tuple[str, str], int] = {}
    for row in rows:
        if row["chain"] is None:
            continue
        otherwise = not _decided(row, threshold)
        site = SiteDecision(row["caller"], row["callee"], row["chain"], otherwise)
        if site.sound:
            key = (site.callee, site.chain)
            sites[key] = site  # the last decision counts: it is what became of the call
            cost[key] = _estimated(row)
    single = [((site,), _promise(site.inlined, cost[key])) for key, site in sites.items()]
    together = []
    by_callee: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key in sites:
        by_callee[key[0]].append(key)
    for keys in by_callee.values():
        for inlined in (True, False):
            group = tuple(sites[key] for key in keys if sites[key].inlined == inlined)
            if len(group) > 1:
                # the last copy inlined takes the function itself away
                whole = max(_promise(inlined, cost[key]) for key in keys)
                together.append((group, whole + (20 if inlined else 10)))
    ranked = sorted(single + together, key=lambda pair: -pair[1])
    return [candidate for candidate, promise in ranked if promise > -_FAR]


def _decided(row: Mapping[str, Any], threshold: int | None) -> bool:
    if threshold is None or row["cost"] is None:
        return bool(row["inlined"])
    return bool(row["cost"] <= threshold)


def _estimated(row: Mapping[str, Any]) -> int:
    if row["cost"] is not None:
        return int(row["cost"])
    return int(dict(row["features"]).get("cost_estimate", 0))


def _promise(inlined: bool, cost: int) -> int:
    """How likely it is that the other decision makes less code: by the cost that LLVM expects.

    A bonus for the last call of a function makes a cost hugely negative: inlining that always pays.
    """
    if inlined:
        return -cost
    return cost if cost > -1000 else -2 * _FAR


def search(
    ledger: Ledger, module: Module, rows: Sequence[Mapping[str, Any]], most: int,
    threshold: int | None = None, start: int | None = None,
) -> Flips:  # fmt: skip
    """Try up to `most` candidates on top of a threshold, with which the code has `start` bytes."""
    before = module.text if start is None else start
    base = thresholds.trial(threshold).flags
    listed = candidates(rows, threshold)[:most]
    tried = list(_tried(ledger, module, listed, base))
    stopped = not all(ledger.known(module, _trial(candidate, base)) for candidate in listed)
    helped = sorted((pair for pair in tried if pair[1] < before), key=lambda pair: pair[1])
    kept: dict[tuple[str, str], SiteDecision] = {}
    text = before
    for candidate, _ in helped:
        joined = kept | {(site.callee, site.chain): site for site in candidate}
        if joined == kept:
            continue
        together = _trial(tuple(joined.values()), base)
        size = ledger.text(module, together)
        stopped |= not ledger.known(module, together)
        if size is not None and size < text:
            kept, text = joined, size
    return Flips(base, tuple(kept.values()), text, len(tried), len(helped), stopped)


def _tried(
    ledger: Ledger, module: Module, listed: Sequence[Candidate], base: tuple[str, ...]
) -> Iterator[tuple[Candidate, int]]:
    for candidate in listed:
        text = ledger.text(module, _trial(candidate, base))
        if text is not None:
            yield candidate, text


def _trial(decisions: Sequence[SiteDecision], base: tuple[str, ...]) -> Trial:
    return Trial(base, replay.text(decisions))
