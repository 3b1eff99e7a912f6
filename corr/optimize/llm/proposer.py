"""The `llm` proposer: asks a language model for candidates, once or twice an iteration."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from collectors.base.errors import UsageError
from corr.console.output import message
from corr.optimize.gate.refusal import Refused
from corr.optimize.llm import nests as llm_nests
from corr.optimize.llm import prompt, replies
from corr.optimize.llm.cache import ReplyCache, digest
from corr.optimize.llm.client import Client, Reply, Settings, configured, model_name
from corr.optimize.llm.dialect import MAX_TOKENS, Request
from corr.optimize.llm.errors import URL_VARIABLE, ModelError
from corr.optimize.llm.nests import Nests
from corr.optimize.llm.reply_moves import LEVELS, Offer, kinds_of, schema
from corr.optimize.llm.spending import Spending
from corr.optimize.proposal import Proposal, Situation, Trial, Usage
from corr.optimize.time_budget import TimeBudget
from corr.optimize.variant import Variant

#: How freely the first request may vary, and the second one, which asks for something else.
TEMPERATURES = (0.7, 1.0)
#: A reply shorter than this (tokens) holds no candidate; it is not asked for.
SHORTEST_REPLY = 256
#: A server that counts less than this share of a prompt has probably dropped some of it.
LEAST_SHARE = 0.4
#: What times a program and prints its results: nothing for a model to change.
HARNESS = frozenset({"corr_harness.h", "polybench.c", "polybench.h"})
_NO_NEST = "Polly models no loop nest of the hot functions, so there is nothing to schedule"


class LanguageModel:
    """Proposals of a model. Without a `client` it replays what is in the cache.

    What a reply cost stands in the usage of its first proposal; the others cost nothing.
    `exhausted` says why nothing is asked any more, once the budget is spent. Trials told are kept
    in `trials`.
    """

    name = replies.PROPOSER

    def __init__(
        self,
        model: str,
        client: Client | None,
        cache: ReplyCache,
        level: str = "auto",
        spending: Spending | None = None,
        max_tokens: int = MAX_TOKENS,
    ) -> None:
        if level not in LEVELS:
            raise UsageError(f"no such level: {level!r}", f"one of {', '.join(LEVELS)}")
        self.spending = spending or Spending()
        _priced(self.spending)
        self._model, self._client, self._cache = model, client, cache
        self._level, self._max_tokens = level, max_tokens
        self._asked: Counter[str] = Counter()
        self._notes: set[str] = set()
        self.exhausted: str | None = None
        self.trials: list[Trial] = []

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str],
        lake_root: Path,
        model: str | None = None,
        *,
        level: str = "auto",
        spending: Spending | None = None,
        offline: bool = False,
        **settings: Any,
    ) -> LanguageModel:
        """The proposer that the options and the environment name; `settings` as of Settings.

        `offline`, or a model without a server: replies come from the lake's cache only.
        Raises UsageError where no model is named, or a setting cannot be taken.
        """
        cache = ReplyCache.of(lake_root)
        name = model_name(environment, model)
        if name is not None and (offline or not configured(environment, model)):
            max_tokens = settings.get("max_tokens", MAX_TOKENS)
            return cls(name, None, cache, level, spending, max_tokens)
        found = Settings.from_environment(environment, model, **settings)
        return cls(found.model, Client(found), cache, level, spending, found.max_tokens)

    def close(self) -> None:
        """Close the connection to the server."""
        if self._client is not None:
            self._client.close()

    def propose(self, situation: Situation) -> Iterator[Proposal]:
        """Up to `situation.candidates` usable proposals, and one for each that cannot be read.

        Where fewer came than were wanted, a second request asks for the rest. Raises ModelError.
        """
        if self.exhausted:
            return
        nests = self._nests(situation)
        if not nests and self._level == "schedule":
            message(_NO_NEST)
            return
        offer = _offer(situation, kinds_of(self._level), nests)
        request = self._request(situation, offer, nests)
        first = _at_most(self._ask(request, offer, situation.budget), situation.candidates)
        yield from _for(situation.best, first)
        usable = [p for p in first if p.unreadable is None]
        wanted = situation.candidates - len(usable)
        if not first or wanted < 1:
            return
        unusable = [p.unreadable for p in first if p.unreadable is not None]
        again = replace(
            request,
            messages=(*request.messages, prompt.more(usable, unusable, wanted)),
            temperature=TEMPERATURES[1],
        )
        try:
            yield from _for(
                situation.best, _at_most(self._ask(again, offer, situation.budget), wanted)
            )
        except ModelError as error:
            if not usable:
                raise
            message(f"going on with {len(usable)} of {situation.candidates}: {error.message}")

    def tell(self, trial: Trial) -> None:
        """Keep what came of a proposal; the model learns of it from the next summary."""
        self.trials.append(trial)

    def _nests(self, situation: Situation) -> Nests:
        if "schedule" not in kinds_of(self._level):
            return Nests()
        nests = llm_nests.find(situation)
        if not nests and self._level == "schedule" and situation.iteration <= 1:
            raise UsageError(_NO_NEST, "use --level auto")
        return nests

    def _request(self, situation: Situation, offer: Offer, nests: Nests) -> Request:
        said = prompt.messages(
            situation.summary,
            self._level,
            situation.candidates,
            list(offer.files),
            list(offer.units),
            nests.text(),
            situation.allow_reassociation,
            offer.kinds,
        )
        return Request(self._model, said, schema(offer.kinds), self._max_tokens, TEMPERATURES[0])

    def _ask(self, request: Request, offer: Offer, budget: TimeBudget) -> list[Proposal]:
        """The proposals in the reply to a request; none when the budget is spent."""
        key = digest(request)
        self._asked[key] += 1
        occurrence = self._asked[key]
        reply = self._cache.get(request, occurrence)
        cached = reply is not None
        if reply is None:
            reply = self._from_server(request, budget)
            if reply is None:
                return []
            self.spending.add(reply)
            self._cache.put(request, reply, occurrence)
        self._note(request, reply)
        proposals = replies.read(reply.text, offer, reply.cut)
        return [_with_usage(p, reply, self.spending, n, cached) for n, p in enumerate(proposals)]

    def _from_server(self, request: Request, budget: TimeBudget) -> Reply | None:
        if self._client is None:
            raise ModelError(
                "this reply is not in the cache, and no server may be asked",
                f"set {URL_VARIABLE} and --model, or replay the run as it was",
            )
        room = self.spending.room(request.prompt_tokens, request.max_tokens)
        if room < min(SHORTEST_REPLY, request.max_tokens):
            self.exhausted = f"the model's budget is spent: {self.spending.describe()}"
            message(self.exhausted)
            return None
        budget.check()
        return self._client.ask(request, room, lambda: budget.at_most(math.inf))

    def _note(self, request: Request, reply: Reply) -> None:
        """Say what is worth saying of a reply."""
        if reply.cut:
            message(f"the model's reply {replies.was(reply.cut)}; what is whole in it is used")
        if reply.estimated:
            text = "the model's server counts no tokens; they are estimated from the text"
            self._once("estimated", text)
        elif reply.prompt_tokens < LEAST_SHARE * request.prompt_tokens:
            self._once(
                "short",
                f"the model's server counts {reply.prompt_tokens:,} tokens in a prompt of about "
                f"{request.prompt_tokens:,}: is its context long enough? (docs/models.md)",
            )

    def _once(self, key: str, text: str) -> None:
        if key not in self._notes:
            self._notes.add(key)
            message(text)


def _priced(spending: Spending) -> None:
    prices = spending.prices
    unknown = prices.tokens_in is None or prices.tokens_out is None
    if spending.budget.cost is not None and unknown:
        raise UsageError(
            "a cap on the cost needs the prices of tokens", "add --price-in and --price-out"
        )


def _offer(situation: Situation, kinds: tuple[str, ...], nests: Nests) -> Offer:
    """What the model may speak of: the program's own files, by names the summary gives away."""
    best = situation.best
    units = _shown([best.program.label(u) for u in best.program.units], situation.summary)
    sources = _source_names(situation)
    files = units | {name: name for name in sources if name in situation.summary}
    files = {k: v for k, v in files.items() if PurePath(v).name not in HARNESS}
    if not nests:
        kinds = tuple(k for k in kinds if k != "schedule") or kinds
    return Offer(kinds, files, units, nests.reschedule if nests else None)


def _shown(names: Sequence[str], summary: str) -> dict[str, str]:
    """Names as the model is told them, to what they are in tables.

    Those in the summary, if any is: it knows them already. An absolute path that it does not know
    says more of this machine than it needs; it is told the last part only.
    """
    known = [name for name in names if name in summary]
    if known:
        return {name: name for name in known}
    return {(PurePath(name).name if name.startswith("/") else name): name for name in names}


def _source_names(situation: Situation) -> list[str]:
    """The sources and headers of the run that a move may change, units too."""
    from corr.optimize.moves.source_text import changeable_source

    source = situation.run.table("source")
    if source is None:
        return []
    names = []
    for name in source["file"].unique().to_pylist():
        try:
            changeable_source(situation.best, name)
        except Refused:
            continue
        names.append(name)
    return names


def _at_most(proposals: Sequence[Proposal], wanted: int) -> list[Proposal]:
    """The first `wanted` usable proposals and the unreadable ones before them; no two the same."""
    kept: list[Proposal] = []
    seen: set[str] = set()
    usable = 0
    for proposal in proposals:
        if proposal.unreadable is None:
            what = repr([move.record() for move in proposal.moves])
            if what in seen or usable >= wanted:
                continue
            seen.add(what)
            usable += 1
        kept.append(proposal)
    return kept


def _for(shown: Variant, proposals: Sequence[Proposal]) -> Iterator[Proposal]:
    """All are for the program of the prompt, whatever becomes of those before them."""
    return (replace(proposal, shown=shown) for proposal in proposals)


def _with_usage(
    proposal: Proposal, reply: Reply, spending: Spending, number: int, cached: bool
) -> Proposal:
    """The proposal with what it cost: the first of a reply bears all. A cached one cost nothing."""
    if number:
        return replace(proposal, usage=Usage(reply.model, cached=cached))
    prompt_tokens, completion_tokens = reply.prompt_tokens, reply.completion_tokens
    cost = spending.prices.cost(prompt_tokens, completion_tokens)
    if cached and cost is not None:
        cost = 0.0
    usage = Usage(reply.model, prompt_tokens, completion_tokens, cost, cached)
    return replace(proposal, usage=usage)
