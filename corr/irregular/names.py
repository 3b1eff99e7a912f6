"""Names that nothing in a text has."""

from __future__ import annotations

from corr.irregular.effects import Unsuitable
from corr.polyhedral.clang_ast import WORD, Functions


class Names:
    """Gives names that are new to a unit and all of its macros."""

    def __init__(self, functions: Functions) -> None:
        words = {*WORD.findall(functions.text), *functions.macros}
        self.taken = {word.decode() for word in words}

    def fresh(self, *wanted: str) -> str:
        """The first of the names that is free, or the last with a number."""
        for name in (*wanted, *(f"{wanted[-1]}{n}" for n in range(2, 1000))):
            if name not in self.taken:
                self.taken.add(name)
                return name
        raise Unsuitable("no name is left")
