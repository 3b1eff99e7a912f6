"""The words of the source, none of which what is written anew may be taken for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from corr.polyhedral.clang_ast import WORD, Functions
from corr.polyhedral.expressions import NotAffine
from corr.polyhedral.scop import PARAMETER, Array


def words_of(
    functions: Functions,
    parameters: Collection[str],
    arrays: Mapping[str, Array],
    scalars: Collection[str],
) -> frozenset[str]:
    """All words that mean something in the source.

    Raises NotAffine where one is a name that the new code will use, or one of its names a macro.
    """
    macros = functions.macros
    words = frozenset(w.decode() for w in {*WORD.findall(functions.text), *macros})
    for name in {*parameters, *(a.variable for a in arrays.values() if a.start)}:
        if PARAMETER + name in words:
            raise NotAffine(f"{PARAMETER + name} is a name of the program's")
    for name in {*parameters, *(a.variable for a in arrays.values()), *scalars}:
        macro = macros.get(name.encode())
        if macro is not None and macro.bare:
            raise NotAffine(f"{name} is a macro as well")
    return words
