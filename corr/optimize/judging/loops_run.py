"""Do the loops that a change brings run at all?

New loops may stand behind what is asked at run time, as that two arrays are apart. Where it never
holds, the loops as they were run in every check: their output shows nothing of the new ones, and a
gain is not theirs. So each new text is built once more with a trap in all of its loops.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from collectors.sandbox.confined import Limits
from corr.optimize.build_and_run import Builds
from corr.optimize.inputs import Inputs
from corr.optimize.moves.source import Source
from corr.optimize.moves.source_text import closing, code_only, source_file
from corr.optimize.observed import Observed
from corr.optimize.variant import Move, Variant

_LOOP = re.compile(r"\b(?:for|while)\s*\(|\bdo\b\s*(?=\{)")
_BRACE = re.compile(r"\s*\{")
_TRAP = " __builtin_trap();"


def never_run(
    builds: Builds, variant: Variant, moves: Iterable[Move], inputs: Inputs, expected: Observed
) -> str:
    """The first change of these whose loops do not run on the timed input; empty if all do.

    Raises CompileError where a text with traps does not compile.
    """
    given = inputs.timed
    for move, trapped in _trapped(variant, moves):
        binary = builds.build(trapped, given.flags)
        limits = Limits(wall=builds.program.run.time_limit)
        run = builds.run(
            binary, given, inputs.evidence.output, limits=limits, look=inputs.evidence.files
        )
        if not given.flags:
            builds.forget(trapped)
        if run.ok and run.observed(inputs.evidence) == expected:
            return move.describe()
    return ""


def _trapped(variant: Variant, moves: Iterable[Move]) -> Iterator[tuple[Move, Variant]]:
    """Each change with new loops, and the variant with traps in them."""
    for move in moves:
        for old, new in move.edits if isinstance(move, Source) else ():
            path = source_file(variant, move.file) if isinstance(move, Source) else None
            text = variant.texts.get(path, "") if path is not None else ""
            with_traps = trapped(old, new)
            if path is not None and with_traps != new and text.count(new) == 1:
                texts = {**variant.texts, path: text.replace(new, with_traps)}
                plain = replace(variant, trained=False, laid_out=False, texts=texts)
                yield move, plain


def trapped(old: str, new: str) -> str:
    """The new text with a trap in each of its loops that the old one has not."""
    code, known = code_only(new), _bare(old)
    places = []
    for found in _LOOP.finditer(code):
        head = found.end()
        if code[head - 1] == "(":
            head = closing(code, head - 1) + 1
        brace = _BRACE.match(code, head) if head else None
        if brace is None:
            continue
        end = closing(code, brace.end() - 1)
        if end >= 0 and _bare(new[found.start() : end + 1]) not in known:
            places.append(brace.end())
    for place in reversed(places):
        new = new[:place] + _TRAP + new[place:]
    return new


def _bare(text: str) -> str:
    return "".join(text.split())
