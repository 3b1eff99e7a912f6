"""Recipes of the lake at places where the same is seen: what a model found for another program.

A recipe is foreign text, so what is made of it is not trusted, whoever it says that it is of.
"""

from __future__ import annotations

from collections.abc import Iterator

from collectors.base.foreign_text import one_line
from corr.optimize.experience.c_tokens import Token, functions, tokens
from corr.optimize.experience.pattern import Binding, declared, matched, same_types, written
from corr.optimize.experience.recipe import Recipe
from corr.optimize.experience.seen import HotPlace
from corr.optimize.gate.refusal import Refused
from corr.optimize.moves.flags import Flags
from corr.optimize.moves.pragma import Pragma
from corr.optimize.moves.source import Source
from corr.optimize.moves.source_text import changeable_source
from corr.optimize.proposal import Proposal, Situation
from corr.optimize.variant import Move, Variant

#: Hot places that a recipe is tried to fit to, and tokens of a file and of loops that are compared.
MOST_PLACES, MOST_TOKENS, MOST_PATTERN = 8, 60_000, 1_500


def proposals(situation: Situation) -> Iterator[Proposal]:
    """Each recipe at the hottest place that it fits, on the original."""
    if not situation.experience.recipes:
        return
    original = Variant(situation.best.program)
    known: dict[str, tuple[str, list[Token]]] = {}
    for recipe in situation.experience.recipes:
        pattern = tokens(recipe.old)
        for place in situation.seen_original.places[:MOST_PLACES]:
            moves = _fitting(recipe, pattern, place, original, known)
            if moves:
                yield Proposal(
                    moves,
                    f"a model found it for {one_line(recipe.program, 40)}:"
                    f" {one_line(recipe.reason, 300)}",
                    "recipes",
                    min(max(recipe.gain, 1.0), 100.0),
                    place.loop,
                    from_original=True,
                    rule=recipe.rule,
                )
                break


def _fitting(
    recipe: Recipe,
    pattern: list[Token],
    place: HotPlace,
    original: Variant,
    known: dict[str, tuple[str, list[Token]]],
) -> tuple[Move, ...]:
    """The moves that make a recipe at a place; none where it does not fit."""
    if not set(place.kinds) & set(recipe.kinds):
        return ()
    flags: tuple[Move, ...] = (Flags(recipe.flags),) if recipe.flags else ()
    if not recipe.old and not recipe.directives:
        return flags
    if place.line is None:
        return ()
    file, line = place.line
    if recipe.directives:
        return (*flags, Pragma(file, line, recipe.directives))
    if file not in known:
        try:
            text = original.text(changeable_source(original, file))
        except Refused:
            text = ""
        known[file] = text, tokens(text)
    text, found = known[file]
    edits = _edits(recipe, pattern, text, found, line)
    summary = f"{recipe.rule}, lines near {line}"
    return (*flags, Source(file, edits, summary=summary)) if edits else ()


def _edits(
    recipe: Recipe, pattern: list[Token], text: str, found: list[Token], line: int
) -> tuple[tuple[str, str], ...]:
    """The edits of a text where the loops round a line are the recipe's; else none."""
    if not 0 < len(pattern) <= MOST_PATTERN or len(found) > MOST_TOKENS:
        return ()
    begin = _offset(text, line)
    here = next((n for n, token in enumerate(found) if token.start >= begin), len(found))
    for at in range(max(0, here - len(pattern) + 1), here + 1):
        binding = matched(pattern, found, at)
        if binding is None:
            continue
        around = next((f for f in functions(found) if f[1] < at < f[2]), None)
        bound = same_types(binding, dict(recipe.types), declared(found[:at]))
        if around is None or bound is None:
            return ()
        last = found[at + len(pattern) - 1]
        return _made(recipe, text, found, (found[at].start, last.end), bound, around)
    return ()


def _offset(text: str, line: int) -> int:
    """Where a line (from 1) begins."""
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
        if at == 0:
            return len(text)
    return at


def _made(
    recipe: Recipe,
    text: str,
    found: list[Token],
    place: tuple[int, int],
    binding: Binding,
    function: tuple[int, int, int],
) -> tuple[tuple[str, str], ...]:
    taken = {token.text for token in found}
    start, end = place
    old, new = text[start:end], written(recipe.new, binding, taken)
    before = text[:start]
    while text.count(old) > 1 and before:
        cut = before.rstrip("\n").rfind("\n") + 1
        old, new, before = before[cut:] + old, before[cut:] + new, before[:cut]
    if not recipe.before:
        return ((old, new),)
    head = text[found[function[0]].start : found[function[1]].end]
    put = written(recipe.before, binding, taken)
    return (old, new), (head, f"{put}\n{head}")
