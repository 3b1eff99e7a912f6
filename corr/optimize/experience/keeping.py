"""What a model proposed and the judge accepted, as a recipe."""

from __future__ import annotations

from pathlib import Path

from corr.optimize.experience import generalise
from corr.optimize.experience.generalise import Edit, NoRecipe
from corr.optimize.experience.recipe import LARGEST, Recipe, named
from corr.optimize.experience.seen import HotPlace, Seen
from corr.optimize.gate.refusal import Refused
from corr.optimize.judging.ruling import Ruling
from corr.optimize.moves.flags import Flags
from corr.optimize.moves.pragma import Pragma

#: Kinds of move that a recipe can be made of; schedules and IR are of one nest only.
_KINDS = {"flags", "pragma", "source"}


def recipe_of(ruling: Ruling, seen: Seen, session: str) -> Recipe:
    """The recipe of an accepted proposal, for places like the one it was for. Raises NoRecipe."""
    proposal, variant = ruling.proposal, ruling.variant
    if variant is None or ruling.ratio is None:
        raise NoRecipe("it was not timed")
    kinds = {move.kind for move in proposal.moves}
    if not kinds <= _KINDS:
        raise NoRecipe(f"{', '.join(sorted(kinds - _KINDS))}: it is of this program only")
    place = seen.place(proposal.loop)
    flags = [move for move in proposal.moves if isinstance(move, Flags)]
    pragmas = [move for move in proposal.moves if isinstance(move, Pragma)]
    if any(move.remove for move in flags):
        raise NoRecipe("it takes flags away")
    made: dict[str, object] = {"flags": tuple(flag for move in flags for flag in move.add)}
    if "source" in kinds or len(pragmas) > 1:
        path, edit = _edit(ruling)
        place = _hottest(seen, variant.program.root, path, edit, variant.text(path)) or place
        made |= {"old": edit.old, "new": edit.new, "before": edit.before}
        made["types"] = tuple(sorted(edit.types.items()))
    elif pragmas:
        made["directives"] = pragmas[0].directives
    if place is None or not place.kinds:
        raise NoRecipe("nothing was seen at the place that it is for")
    recipe = named(
        variant.program.name,
        session=session,
        gain=round(1 / ruling.ratio.value, 4),
        reason=proposal.reason,
        model=proposal.usage.model or "",
        evidence=place.evidence,
        **made,
    )
    if len(recipe.text().encode("utf-8", "replace")) > LARGEST:
        raise NoRecipe("it is too long")
    return recipe


def _edit(ruling: Ruling) -> tuple[Path, Edit]:
    """The one file that was changed, and how."""
    variant = ruling.variant
    assert variant is not None
    try:
        texts = {path: ruling.start.text(path) for path in variant.texts}
    except Refused as error:
        raise NoRecipe(str(error)) from error
    changed = [path for path, text in variant.texts.items() if texts[path] != text]
    if len(changed) != 1:
        raise NoRecipe(f"it changes {len(changed)} files")
    return changed[0], generalise.edit(texts[changed[0]], variant.texts[changed[0]])


def _hottest(seen: Seen, root: Path, path: Path, edit: Edit, text: str) -> HotPlace | None:
    """The hottest place within the loops that were changed."""
    first, last = (text.count("\n", 0, at) + 1 for at in (edit.start, edit.end))
    for place in seen.places:
        line = place.line
        if line is not None and root / line[0] == path and first <= line[1] <= last:
            return place
    return None
